"""A ratio that moves: within what is tolerated it never becomes evidence, beyond it is still found.

The noise is known as it is; only the ratio is not constant. Seeded.
"""

from __future__ import annotations

import math
import random
import statistics
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sluiceway.domain.analysis.counts import Interval
from sluiceway.domain.analysis.evidence import (
    AT_START,
    Evidence,
    Settings,
    evidence_of_regression,
    evidence_of_soundness,
    start,
    update,
)
from sluiceway.domain.analysis.noise import Noise
from tests.unit.domain.analysis.rows import fed, poisson, steady

HOUR_S, STEP_S = 3_600.0, 10.0
SLOW_SD = 0.25
MEMORIES_S = (200.0, 900.0, 3_600.0)
SEEDS = range(4)
Ratio = Callable[[float], float]


def told(slow_s: float) -> Settings:
    return Settings(noise=Noise(burst=1.0, slow_sd=SLOW_SD, slow_s=slow_s))


def stepping(before: float, after: float, at_s: float = HOUR_S) -> Ratio:
    return lambda t: before if t < at_s else after


def in_turns(one: float, other: float, each_s: float) -> Ratio:
    return lambda t: one if t % (2 * each_s) < each_s else other


def intervals(rng: random.Random, chosen: Settings, ratio: Ratio, seconds: float) -> Iterator[Interval]:
    """Yield 1,000 requests/s at 5 percent share, 1 percent of stable's bad, wandering as the noise says."""
    noise = chosen.noise
    keep = math.exp(-STEP_S / noise.slow_s)
    level = rng.gauss(0.0, noise.slow_sd)
    for i in range(round(seconds / STEP_S)):
        mean = 5.0 * ratio(i * STEP_S) * math.exp(level - noise.slow_sd**2 / 2)
        yield Interval(9_500, poisson(rng, 95.0), 500, poisson(rng, mean), STEP_S)
        level = keep * level + noise.slow_sd * math.sqrt(1.0 - keep * keep) * rng.gauss(0.0, 1.0)


def most(of: Callable[[Evidence], float], chosen: Settings, rows: Iterator[Interval]) -> float:
    """Return the largest evidence at any look."""
    state, found = start(chosen), 0.0
    for row in rows:
        state = update(state, row, chosen)
        found = max(found, of(state))
    return found


@pytest.mark.parametrize("slow_s", MEMORIES_S)
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(
    "ratio",
    [
        stepping(0.3, 1.0),
        stepping(0.3, 1.25),
        stepping(0.9, 1.25),
        in_turns(0.5, 1.25, 1_800.0),
        in_turns(0.5, 1.25, 180.0),
    ],
    ids=["0.3 then equal", "0.3 then the limit", "0.9 then the limit", "in long turns", "in short turns"],
)
def test_a_version_that_is_never_worse_than_tolerated_is_not_rolled_back_for_having_been_better(
    slow_s: float, seed: int, ratio: Ratio
) -> None:
    chosen = told(slow_s)
    rows = intervals(random.Random(seed), chosen, ratio, 2 * HOUR_S)

    assert most(evidence_of_regression, chosen, rows) < 1 / chosen.alpha


@pytest.mark.parametrize("slow_s", MEMORIES_S)
def test_a_return_to_equal_is_evidence_of_nothing(slow_s: float) -> None:
    chosen = told(slow_s)
    better = fed(chosen, *steady(1.5, times=360))
    equal = [*steady(5, times=360)]

    assert most(evidence_of_regression, chosen, iter([*steady(1.5, times=360), *equal])) <= 1.0 + 1e-9
    assert evidence_of_regression(fed(chosen, *equal, state=better)) < 1.0


@pytest.mark.parametrize("slow_s", MEMORIES_S)
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(
    "ratio",
    [stepping(3.0, 1.5), stepping(1.8, 1.5), in_turns(3.0, 1.5, 1_800.0), in_turns(3.0, 1.5, 180.0)],
    ids=["3 then the margin", "1.8 then the margin", "in long turns", "in short turns"],
)
def test_a_version_that_was_worse_is_not_sound_for_having_come_down_to_the_margin(
    slow_s: float, seed: int, ratio: Ratio
) -> None:
    chosen = told(slow_s)
    rows = intervals(random.Random(seed), chosen, ratio, 2 * HOUR_S)

    assert most(evidence_of_soundness, chosen, rows) < 1 / chosen.beta


@pytest.mark.parametrize("slow_s", MEMORIES_S)
def test_a_regression_after_a_good_hour_takes_at_most_four_times_as_long_as_one_at_the_start(
    slow_s: float,
) -> None:
    chosen = told(slow_s)
    early = statistics.median(_delay(seed, chosen, stepping(5.0, 5.0), 0.0) for seed in range(15))
    late = statistics.median(_delay(seed, chosen, stepping(0.3, 5.0), HOUR_S) for seed in range(15))

    assert early <= late <= 4 * early


@given(
    slow_s=st.sampled_from(MEMORIES_S),
    counts=st.lists(st.tuples(st.integers(0, 200), st.integers(0, 40)), min_size=1, max_size=12),
)
@settings(max_examples=40, deadline=None)
def test_the_null_never_takes_the_noise_to_favour_the_new_version(
    slow_s: float, counts: list[tuple[int, int]]
) -> None:
    state = fed(told(slow_s), *(Interval(9_500, x0, 500, x1, STEP_S) for x0, x1 in counts))

    assert all(claim.null.mean >= 0.0 for claim in state.worse)
    assert all(claim.null.var > 0.0 for claim in state.worse)


def test_what_begins_now_knows_no_more_of_the_noise_than_at_the_start() -> None:
    # After a good hour the noise would be known well, if it were known that the ratio had not moved.
    chosen = told(3_600.0)
    state = fed(chosen, *steady(1.5, times=360), *steady(25))

    assert state.spent > AT_START
    assert all(claim.null.var > 0.9 * SLOW_SD**2 for claim in state.worse)


def test_weight_is_saved_until_the_new_version_has_clearly_more_than_its_share() -> None:
    chosen = told(900.0)
    calm = fed(chosen, *steady(6, times=360))
    high = fed(chosen, *steady(25), state=calm)
    earned = (1.0 - AT_START) * 3_610.0 / chosen.bake_s

    assert calm.spent == AT_START
    assert high.spent - calm.spent == pytest.approx(earned / 4)


@given(
    slow_s=st.sampled_from(MEMORIES_S),
    counts=st.lists(st.tuples(st.integers(0, 200), st.integers(0, 40)), min_size=1, max_size=40),
)
@settings(max_examples=40, deadline=None)
def test_no_more_weight_is_spent_than_was_earned(slow_s: float, counts: list[tuple[int, int]]) -> None:
    chosen = replace(told(slow_s), bake_s=200.0)
    state, before = start(chosen), AT_START
    for x0, x1 in counts:
        state = update(state, Interval(9_500, x0, 500, x1, STEP_S), chosen)
        earned = AT_START + (1.0 - AT_START) * min(state.elapsed_s / chosen.bake_s, 1.0)
        assert before <= state.spent <= earned + 1e-12
        before = state.spent


def _delay(seed: int, chosen: Settings, ratio: Ratio, onset_s: float) -> float:
    state = start(chosen)
    for row in intervals(random.Random(seed), chosen, ratio, onset_s + HOUR_S):
        state = update(state, row, chosen)
        if evidence_of_regression(state) >= 1 / chosen.alpha:
            return state.elapsed_s - onset_s
    return math.inf
