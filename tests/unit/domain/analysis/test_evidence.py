"""The sequential comparison: what moves the evidence, and that its bound holds."""

from __future__ import annotations

import math
import random
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from sluiceway.domain.analysis.counts import Interval
from sluiceway.domain.analysis.evidence import (
    Evidence,
    Settings,
    evidence_of_low_rate,
    evidence_of_regression,
    evidence_of_soundness,
    start,
    update,
)
from sluiceway.domain.analysis.noise import INDEPENDENT, Noise
from sluiceway.domain.analysis.verdict import is_regression, is_sound
from tests.unit.domain.analysis.rows import NOISY, QUIET, bursts, fed, poisson, steady

CODEC: TypeAdapter[Evidence] = TypeAdapter(Evidence)


@st.composite
def intervals(draw: st.DrawFn) -> Interval:
    n0, n1 = draw(st.integers(1, 20_000)), draw(st.integers(1, 20_000))
    bad0, bad1 = draw(st.integers(0, n0)), draw(st.integers(0, n1))
    return Interval(n0, min(bad0, 500), n1, min(bad1, 500), draw(st.sampled_from([1.0, 5.0, 10.0])))


noises = st.builds(Noise, st.floats(1, 20), st.floats(0, 0.6), st.floats(30, 5_000))
series = st.lists(intervals(), min_size=1, max_size=12)


def test_before_anything_is_counted_the_evidence_is_one() -> None:
    assert evidence_of_regression(start(QUIET)) == pytest.approx(1.0)
    assert evidence_of_soundness(start(QUIET)) == pytest.approx(1.0)


@given(
    noise=noises, before=series, n0=st.integers(100, 9_000), n1=st.integers(100, 9_000), x=st.integers(1, 99)
)
@settings(max_examples=40, deadline=None)
def test_a_bad_request_more_on_new_instead_of_stable_never_weakens_a_regression(
    noise: Noise, before: list[Interval], n0: int, n1: int, x: int
) -> None:
    # Of the same bad requests, one more fell on the new version.
    chosen = Settings(noise=replace(noise, slow_sd=0.0))
    state = fed(chosen, *before)
    found = [
        evidence_of_regression(update(state, Interval(n0, x - x1, n1, x1, 10), chosen)) for x1 in range(x + 1)
    ]

    assert all(later >= earlier * (1 - 1e-9) for earlier, later in pairwise(found))


@given(
    noise=noises, before=series, n0=st.integers(100, 9_000), n1=st.integers(100, 9_000), x=st.integers(1, 99)
)
@settings(max_examples=40, deadline=None)
def test_a_bad_request_more_on_new_never_makes_it_look_sounder(
    noise: Noise, before: list[Interval], n0: int, n1: int, x: int
) -> None:
    chosen = Settings(noise=replace(noise, slow_sd=0.0))
    state = fed(chosen, *before)
    found = [
        evidence_of_soundness(update(state, Interval(n0, x - x1, n1, x1, 10), chosen)) for x1 in range(x + 1)
    ]

    assert all(later <= earlier * (1 + 1e-9) for earlier, later in pairwise(found))


@given(noise=noises, rows=series)
@settings(max_examples=40, deadline=None)
def test_swapped_roles_turn_the_ratio_over(noise: Noise, rows: list[Interval]) -> None:
    chosen = Settings(noise=noise)
    swapped = [Interval(each.n1, each.x1, each.n0, each.x0, each.seconds) for each in rows]
    one, other = fed(chosen, *rows).ratios.overall, fed(chosen, *swapped).ratios.overall

    assert one.ratio.mean == pytest.approx(-other.ratio.mean, abs=1e-4)
    assert one.ratio.var == pytest.approx(other.ratio.var, rel=1e-4)


@given(noise=noises, rows=series)
@settings(max_examples=40, deadline=None)
def test_without_a_bad_request_on_new_there_is_never_a_regression(noise: Noise, rows: list[Interval]) -> None:
    chosen = Settings(noise=noise, alpha=0.5)
    assert not any(is_regression(state, chosen) for state in _states(chosen, _spotless(rows)))


@given(noise=noises, rows=series)
@settings(max_examples=40, deadline=None)
def test_a_new_version_without_bad_requests_never_raises_the_evidence(
    noise: Noise, rows: list[Interval]
) -> None:
    chosen = Settings(noise=replace(noise, slow_sd=0.0))
    found = [evidence_of_regression(state) for state in _states(chosen, _spotless(rows))]

    assert all(evidence <= 1.0 + 1e-9 for evidence in found)


@given(noise=noises, rows=series)
@settings(max_examples=40, deadline=None)
def test_the_same_counts_give_the_same_state(noise: Noise, rows: list[Interval]) -> None:
    chosen = Settings(noise=noise)

    assert fed(chosen, *rows) == fed(chosen, *rows)


@given(noise=noises, rows=series)
@settings(max_examples=40, deadline=None)
def test_a_state_is_the_same_after_a_trip_through_json(noise: Noise, rows: list[Interval]) -> None:
    state = fed(Settings(noise=noise), *rows)

    assert CODEC.validate_json(CODEC.dump_json(state)) == state


def test_the_state_does_not_grow() -> None:
    rng = random.Random(1)
    state = start(NOISY)
    for _ in range(500):
        state = update(state, Interval(950, poisson(rng, 9), 50, poisson(rng, 0.5), 10), NOISY)

    assert len(CODEC.dump_json(state)) < 4_096


@given(noise=noises, rows=series)
@settings(max_examples=40, deadline=None)
def test_every_figure_stays_finite(noise: Noise, rows: list[Interval]) -> None:
    state = fed(Settings(noise=noise), *rows)

    assert math.isfinite(evidence_of_regression(state))
    assert math.isfinite(evidence_of_soundness(state))
    assert all(math.isfinite(claim.log_evidence) and claim.claimed.var >= 0 for claim in state.worse)


@pytest.mark.parametrize("chosen", [QUIET, NOISY])
def test_what_hits_both_versions_alike_is_no_regression(chosen: Settings) -> None:
    calm, incident = steady(5, times=30), steady(75, bad_stable=1_425, times=30)
    state = fed(chosen, *calm, *incident, *calm)

    assert evidence_of_regression(state) < 1.0


def test_five_times_the_errors_are_seen_in_the_first_ten_seconds_of_quiet_traffic() -> None:
    assert is_regression(fed(QUIET, *steady(25)), QUIET)


def test_a_regression_that_begins_after_six_hours_is_seen_in_half_a_minute() -> None:
    quiet = fed(QUIET, *steady(5, times=2_160))

    assert not is_regression(quiet, QUIET)
    assert is_regression(fed(QUIET, *steady(25, times=3), state=quiet), QUIET)


def test_two_bad_requests_are_too_few_whatever_the_evidence() -> None:
    state = fed(QUIET, Interval(100_000, 0, 10, 2, 10))

    assert evidence_of_regression(state) > 1 / QUIET.alpha
    assert not is_regression(state, QUIET)


def test_more_noise_asks_for_more_evidence() -> None:
    rows = steady(25, times=2)

    assert evidence_of_regression(fed(NOISY, *rows)) < evidence_of_regression(fed(QUIET, *rows))


def test_noise_may_be_learned_anew_while_it_runs() -> None:
    state = fed(QUIET, *steady(5, times=10))
    more_careful = fed(NOISY, *steady(25, times=2), state=state)
    as_before = fed(QUIET, *steady(25, times=2), state=state)

    assert evidence_of_regression(more_careful) < evidence_of_regression(as_before)


def test_a_version_as_good_as_stable_is_sound_within_five_minutes() -> None:
    assert is_sound(fed(QUIET, *steady(5, times=30)), QUIET)


def test_nothing_is_sound_before_the_shortest_bake() -> None:
    patient = replace(QUIET, min_bake_s=600.0)

    assert not is_sound(fed(patient, *steady(5, times=59)), patient)
    assert is_sound(fed(patient, *steady(5, times=60)), patient)


def test_a_version_at_the_margin_is_not_sound() -> None:
    assert not is_sound(fed(QUIET, *steady(7.5, times=60)), QUIET)


def test_nothing_bad_on_either_side_is_sound_only_against_an_absolute_limit() -> None:
    perfect = steady(0, bad_stable=0, times=30)
    limited = replace(QUIET, limit_rate=0.01)

    assert not is_sound(fed(QUIET, *perfect), QUIET)
    assert is_sound(fed(limited, *perfect), limited)


def test_a_rate_at_the_absolute_limit_is_not_shown_to_be_below_it() -> None:
    limited = replace(QUIET, limit_rate=0.01)

    assert evidence_of_low_rate(fed(limited, *steady(5, times=300)), limited) < 1.0


@pytest.mark.parametrize(
    ("chosen", "size"), [(QUIET, 1.0), (Settings(noise=replace(INDEPENDENT, burst=5.0)), 3.0)]
)
def test_at_the_tolerated_ratio_few_are_rolled_back_however_often_one_looks(
    chosen: Settings, size: float
) -> None:
    rng = random.Random(20_260_301)
    runs, looks = 100, 150
    patient = replace(chosen, bake_s=looks * 10.0, alpha=0.05)
    false = sum(_ends_rolled_back(rng, patient, looks, size) for _ in range(runs))

    # Expected at most 5 of 100; more than 11 would have a chance below 1 percent if the bound were just met.
    assert false <= 11


def _ends_rolled_back(rng: random.Random, chosen: Settings, looks: int, size: float) -> bool:
    state = start(chosen)
    for _ in range(looks):
        interval = Interval(
            950, min(950, bursts(rng, 9.5, size)), 50, min(50, bursts(rng, 0.5 * chosen.margin, size)), 10
        )
        state = update(state, interval, chosen)
        if is_regression(state, chosen):
            return True
    return False


def _spotless(rows: list[Interval]) -> list[Interval]:
    return [replace(row, x1=0) for row in rows]


def _states(chosen: Settings, rows: list[Interval]) -> list[Evidence]:
    states = [start(chosen)]
    for row in rows:
        states.append(update(states[-1], row, chosen))
    return states


def test_what_was_lately_is_forgotten_within_minutes() -> None:
    state = fed(QUIET, *steady(5, times=60), *steady(50, times=60))

    lately, whole = state.lately.x1 / state.lately.n1, state.x1 / state.n1

    assert lately == pytest.approx(0.1, rel=0.001)
    assert whole == pytest.approx(0.055)


def test_a_regression_that_began_late_is_not_too_small_because_most_of_the_bake_was_fine() -> None:
    patient = replace(QUIET, min_effect=0.05)
    calm = fed(patient, *steady(5, times=600))

    state = fed(patient, *steady(50, times=12), state=calm)

    assert state.x1 / state.n1 - state.x0 / state.n0 < 0.01
    assert is_regression(state, patient)
