"""The sequential comparison of means: what moves the evidence, and what can't."""

from __future__ import annotations

import math
import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from sluiceway.domain.analysis.counts import Problem
from sluiceway.domain.analysis.mean_ranges import range_of
from sluiceway.domain.analysis.mean_verdict import describe_means, is_loss, is_no_loss
from sluiceway.domain.analysis.means import (
    LONGEST_WAIT_S,
    MeanEvidence,
    MeanInterval,
    MeanSettings,
    evidence_of_loss,
    evidence_of_no_loss,
    find_mean_problem,
    start_means,
    update_means,
)
from sluiceway.domain.analysis.noise import CAUTIOUS, Noise
from sluiceway.errors import InvalidInputError
from tests.unit.domain.analysis.mean_rows import (
    RATING,
    TIME,
    drawn,
    fed_means,
    interval,
    shifted,
    stars,
    swapped,
)

CODEC: TypeAdapter[MeanEvidence] = TypeAdapter(MeanEvidence)
LENGTHS = st.sampled_from([1.0, 10.0, 60.0])


@st.composite
def intervals(draw: st.DrawFn, most: int = 40) -> MeanInterval:
    """Any ratings, in fractions too; sides may be empty."""
    ratings = st.lists(st.floats(1, 5), max_size=most)
    return interval(draw(ratings), draw(ratings), draw(LENGTHS))


noises = st.builds(Noise, st.sampled_from([1.0, 3.0, math.inf]), st.floats(0, 0.5), st.floats(30, 5_000))
series = st.lists(intervals(), min_size=1, max_size=10)
few_examples = settings(max_examples=40, deadline=None)


def test_before_anything_is_seen_the_evidence_is_one() -> None:
    assert evidence_of_loss(start_means()) == pytest.approx(1.0)
    assert evidence_of_no_loss(start_means()) == pytest.approx(1.0)


@given(noise=noises, rows=series)
@few_examples
def test_evidence_is_never_negative_nor_unknown(noise: Noise, rows: list[MeanInterval]) -> None:
    chosen = replace(RATING, noise=noise)
    state = start_means()
    for row in rows:
        state = update_means(state, row, chosen)
        found = describe_means(state, chosen).overall

        assert 0.0 <= evidence_of_loss(state) < math.inf
        assert 0.0 <= evidence_of_no_loss(state) < math.inf
        assert -4.0 <= found.low <= found.high <= 4.0
        assert found.low <= found.ratio <= found.high


@given(rows=series, noise=noises)
@few_examples
def test_exchanged_versions_turn_the_range_over(rows: list[MeanInterval], noise: Noise) -> None:
    chosen = replace(RATING, noise=noise)
    one = range_of(fed_means(chosen, rows).windows.overall, 0.05)
    other = range_of(fed_means(chosen, map(swapped, rows)).windows.overall, 0.05)

    assert one == pytest.approx((-other[0], -other[2], -other[1]), abs=1e-9)


@given(rows=series)
@few_examples
def test_a_rise_that_is_worse_is_a_drop_of_the_mirrored_values(rows: list[MeanInterval]) -> None:
    mirrored = replace(RATING, higher_is_worse=True)
    one = fed_means(RATING, rows)
    other = fed_means(mirrored, [shifted(row, -1.0, 6.0) for row in rows])

    assert evidence_of_loss(other) == pytest.approx(evidence_of_loss(one), rel=1e-6)
    assert evidence_of_no_loss(other) == pytest.approx(evidence_of_no_loss(one), rel=1e-6)


@given(rows=series, factor=st.floats(0.01, 100), offset=st.floats(-50, 50))
@few_examples
def test_another_unit_changes_nothing(rows: list[MeanInterval], factor: float, offset: float) -> None:
    other_unit = replace(
        RATING,
        low=factor * RATING.low + offset,
        high=factor * RATING.high + offset,
        margin=factor * RATING.margin,
        sound_margin=factor * RATING.sound_margin,
    )
    one = fed_means(RATING, rows)
    other = fed_means(other_unit, [shifted(row, factor, offset) for row in rows])

    assert other.unusable == 0
    assert evidence_of_loss(other) == pytest.approx(evidence_of_loss(one), rel=1e-3)
    assert evidence_of_no_loss(other) == pytest.approx(evidence_of_no_loss(one), rel=1e-3)


@given(rows=series, noise=noises)
@few_examples
def test_a_state_is_the_same_after_a_trip_through_json(rows: list[MeanInterval], noise: Noise) -> None:
    state = fed_means(replace(RATING, noise=noise), rows)

    assert CODEC.validate_json(CODEC.dump_json(state)) == state


def test_the_state_does_not_grow() -> None:
    rng = random.Random(1)
    state = fed_means(RATING, (drawn(rng, stars(4.12), stars(3.9), 19, 1, length_s=10) for _ in range(500)))

    assert len(CODEC.dump_json(state)) < 4_096


@given(rows=series, length_s=LENGTHS)
@few_examples
def test_silence_changes_no_evidence(rows: list[MeanInterval], length_s: float) -> None:
    before = fed_means(RATING, [*rows, *[interval([4.0] * 9, [4.0] * 9)]])
    after = fed_means(RATING, [interval([], [], length_s)] * 5, before)

    assert evidence_of_loss(after) == pytest.approx(evidence_of_loss(before))
    assert evidence_of_no_loss(after) == evidence_of_no_loss(before)
    assert after.windows == before.windows
    assert after.silent_s == 5 * length_s
    assert after.problem is Problem.NO_REQUESTS_ON_NEW


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"is_missing": True}, Problem.MISSING),
        ({"total1": math.nan}, Problem.NOT_A_NUMBER),
        ({"squares0": math.inf}, Problem.NOT_A_NUMBER),
        ({"seconds": 0.0}, Problem.NO_TIME),
        ({"n1": -1.0}, Problem.NEGATIVE),
        ({"squares1": -1.0}, Problem.NEGATIVE),
        ({"total0": 51.0}, Problem.OUTSIDE_BOUNDS),
        ({"total0": 9.0}, Problem.OUTSIDE_BOUNDS),
        ({"squares0": 191.0}, Problem.OUTSIDE_BOUNDS),  # the mean is possible, this spread is not
        ({"squares0": 159.0}, Problem.OUTSIDE_BOUNDS),  # less than the mean's square
        ({"n1": 0.0}, Problem.OUTSIDE_BOUNDS),  # no values, yet a sum
        ({"n1": 0.0, "total1": 0.0, "squares1": 0.0}, Problem.NO_REQUESTS_ON_NEW),
        ({"n0": 0.0, "total0": 0.0, "squares0": 0.0}, Problem.NO_REQUESTS_ON_STABLE),
        ({"skew_s": -6.0}, Problem.SKEWED),
    ],
)
def test_sums_that_cannot_be_compared_are_named(changed: dict[str, float], problem: Problem) -> None:
    good = MeanInterval(10, 40, 165, 4, 16, 66, 10)

    assert find_mean_problem(good, RATING) is None
    assert find_mean_problem(replace(good, **changed), RATING) is problem  # type: ignore[arg-type]


def test_unusable_sums_move_nothing_and_are_counted() -> None:
    state = fed_means(RATING, [interval([4.0, 5.0] * 5, [4.0, 3.0] * 5)] * 5)
    broken = update_means(state, MeanInterval(10, 51, 265, 4, 16, 66, 10), RATING)

    assert evidence_of_loss(broken) == pytest.approx(evidence_of_loss(state))
    assert (broken.n0, broken.unusable, broken.problem) == (state.n0, 1, Problem.OUTSIDE_BOUNDS)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"low": 5.0}, "values from 5 to 5: give two bounds, low < high"),
        ({"high": math.inf}, "values from 1 to inf: give two bounds, low < high"),
        ({"margin": 0.4}, "a tolerated loss of 0.4 and a ruled out loss of 0.4"),
        ({"sound_margin": 4.1}, "use 0 <= margin < sound_margin <= 4, the width of the bounds"),
        ({"alpha": 0.0}, "use chances between 0 and 1 and a time above 0"),
    ],
)
def test_settings_that_do_not_fit_together_say_so(changed: dict[str, float], words: str) -> None:
    with pytest.raises(InvalidInputError) as error:
        replace(RATING, **changed)  # type: ignore[arg-type]

    assert words in str(error.value)


def test_the_first_batch_bets_nothing() -> None:
    state = fed_means(RATING, [interval([5.0] * 50, [1.0] * 50)])

    assert evidence_of_loss(state) == pytest.approx(1.0)
    assert (state.n0, state.n1) == (50, 50)


def test_a_clear_loss_is_seen_in_a_few_values() -> None:
    rows = [interval([5.0, 4.0, 5.0, 4.0, 5.0] * 8, [2.0, 1.0, 3.0, 1.0], 10.0)] * 8

    assert is_loss(fed_means(RATING, rows), RATING)


def test_what_moves_both_means_alike_is_no_loss() -> None:
    rng = random.Random(5)
    calm = [drawn(rng, stars(4.1), stars(4.1), 60, 15) for _ in range(60)]
    bad_hour = [drawn(rng, stars(2.6), stars(2.6), 60, 15) for _ in range(60)]

    assert evidence_of_loss(fed_means(RATING, [*calm, *bad_hour, *calm])) < 1.0


def test_a_version_that_was_better_and_is_equal_again_has_lost_nothing() -> None:
    rng = random.Random(6)
    wandering = replace(RATING, noise=Noise(burst=1.0, slow_sd=0.2, slow_s=3_600.0))
    better = [drawn(rng, stars(3.6), stars(4.1), 60, 30) for _ in range(60)]
    equal = [drawn(rng, stars(3.6), stars(3.6), 60, 30) for _ in range(60)]

    assert evidence_of_loss(fed_means(wandering, [*better, *equal])) < 1.0


def test_a_better_version_is_sound() -> None:
    rng = random.Random(7)
    rows = [drawn(rng, stars(3.8), stars(4.1), 40, 10) for _ in range(30)]

    assert is_no_loss(fed_means(RATING, rows), RATING)


def test_nothing_is_sound_before_the_shortest_bake_nor_on_few_values() -> None:
    rng = random.Random(8)
    state = fed_means(RATING, [drawn(rng, stars(3.8), stars(4.1), 40, 10) for _ in range(30)])

    assert not is_no_loss(state, replace(RATING, min_bake_s=1_801.0))
    assert not is_no_loss(state, replace(RATING, min_values=1_000))
    assert is_no_loss(state, replace(RATING, min_bake_s=1_800.0))


def test_a_loss_under_the_smallest_effect_is_not_acted_on() -> None:
    rng = random.Random(9)
    rows = [drawn(rng, stars(4.1), stars(3.6), 60, 30) for _ in range(60)]
    state = fed_means(RATING, rows)

    assert is_loss(state, replace(RATING, min_effect=0.3))
    assert not is_loss(state, replace(RATING, min_effect=1.0))


@pytest.mark.parametrize("noise", [Noise(5.0, 0.0, 600.0), Noise(1.0, 0.3, 900.0), CAUTIOUS])
def test_more_noise_asks_for_more_evidence(noise: Noise) -> None:
    rng = random.Random(10)
    rows = [drawn(rng, stars(4.1), stars(3.5), 60, 20) for _ in range(15)]
    noisy = replace(RATING, noise=noise)

    assert evidence_of_loss(fed_means(noisy, rows)) < evidence_of_loss(fed_means(RATING, rows))


def test_few_values_wait_for_each_other() -> None:
    row_of_new, row_of_stable = interval([], [3.0], 10.0), interval([4.0], [], 10.0)
    waiting = fed_means(RATING, [row_of_new, row_of_stable, row_of_stable])

    assert (waiting.waiting0.n, waiting.waiting1.n) == (2, 1)
    assert waiting.known0.n == 0

    compared = fed_means(RATING, [row_of_stable] * 3, waiting)

    assert (compared.waiting0.n, compared.waiting1.n) == (0, 0)
    assert (compared.known0.n, compared.known1.n) == (5, 1)
    assert compared.silent_s == 0


def test_values_without_a_counterpart_are_given_up_after_ten_minutes() -> None:
    alone = interval([4.0], [], 60.0)
    waiting = fed_means(RATING, [alone] * 10)
    given_up = update_means(waiting, alone, RATING)

    assert waiting.waiting_s == LONGEST_WAIT_S
    assert waiting.waiting0.n == 10
    assert given_up.waiting0.n == 1
    assert given_up.silent_s == 660


def test_sparse_ratings_are_enough_in_time() -> None:
    rng = random.Random(11)
    rows = [drawn(rng, stars(4.1), stars(2.1), 1.0, 0.15, length_s=10.0) for _ in range(1_440)]

    assert is_loss(fed_means(RATING, rows), RATING)


def test_values_on_one_point_are_no_trouble() -> None:
    state = fed_means(TIME, [interval([0.0] * 20, [0.0] * 20)] * 100)

    assert evidence_of_loss(state) < 1.0
    assert is_no_loss(state, TIME)


def test_settings_are_asked_for_no_more_than_needed() -> None:
    plain = MeanSettings(low=0, high=1, margin=0.1, sound_margin=0.2)

    assert plain.noise is CAUTIOUS
    assert plain.width == 1
