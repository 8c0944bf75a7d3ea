"""Noise learned from placebo comparisons of a version with itself."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sluiceway.domain.analysis.counts import Interval
from sluiceway.domain.analysis.noise import CAUTIOUS, MIN_SLOW_S, Noise, learn_noise, worth, worth_here
from tests.unit.domain.analysis.rows import bursts

MINUTES, GROUPS = 720, 4


def a_placebo(
    *, size: float = 1.0, slow_sd: float = 0.0, slow_s: float = 300.0, seed: int = 3
) -> list[list[Interval]]:
    """Half a day of four groups with 5 percent of the traffic: 30 bad requests a minute each."""
    rng = random.Random(seed)
    keep = math.exp(-60.0 / slow_s)
    groups: list[list[Interval]] = []
    for _ in range(GROUPS):
        level = rng.gauss(0, slow_sd)
        minutes: list[Interval] = []
        for _ in range(MINUTES):
            bad = bursts(rng, 30.0 * math.exp(level), size)
            minutes.append(Interval(57_000, 570, 3_000, min(3_000, bad), 60.0))
            level = keep * level + slow_sd * math.sqrt(1 - keep * keep) * rng.gauss(0, 1)
        groups.append(minutes)
    return groups


def test_independent_requests_have_no_bursts_and_hardly_wander() -> None:
    noise = learn_noise(a_placebo())

    assert noise.is_learned
    assert noise.burst == pytest.approx(1.0, abs=0.15)
    assert noise.slow_sd < 0.08


def test_bursts_are_measured() -> None:
    # Geometric bursts of mean 3: E[B^2] / E[B] = 2 * 3 - 1.
    assert learn_noise(a_placebo(size=3.0)).burst == pytest.approx(5.0, rel=0.15)


def test_slow_wandering_and_its_memory_are_measured() -> None:
    noise = learn_noise(a_placebo(size=2.0, slow_sd=0.3, slow_s=600.0))

    assert noise.slow_sd == pytest.approx(0.3, rel=0.25)
    assert 300 < noise.slow_s < 1_200


def test_wandering_faster_than_minutes_counts_as_bursts() -> None:
    fast = learn_noise(a_placebo(slow_sd=0.4, slow_s=5.0))

    assert fast.burst > 3.0
    assert fast.slow_s >= MIN_SLOW_S


@pytest.mark.parametrize(
    "groups",
    [
        [],
        [[]],
        [[Interval(57_000, 570, 3_000, 30, 60.0)] * 59],
        [[Interval(57_000, 570, 0, 0, 60.0)] * 500],
        [[Interval(57_000, math.nan, 3_000, 30, 60.0)] * 500],
        [[Interval(57_000, 0, 3_000, 0, 60.0)] * 500],
    ],
    ids=["no groups", "empty", "under an hour", "no requests", "not numbers", "nothing bad"],
)
def test_a_history_that_tells_nothing_leaves_the_cautious_prior(groups: list[list[Interval]]) -> None:
    assert learn_noise(groups) == CAUTIOUS
    assert not CAUTIOUS.is_learned


def test_holes_in_the_history_are_left_out() -> None:
    groups = a_placebo(size=3.0)
    for group in groups:
        group[100:200] = [Interval(0, 0, 0, 0, 60.0)] * 100

    assert learn_noise(groups).burst == pytest.approx(5.0, rel=0.2)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize(("minutes", "bad"), [(120, 20), (1_440, 60), (1_440, 300)])
def test_few_bad_requests_leave_the_wandering_at_its_prior(minutes: int, bad: int, seed: int) -> None:
    # Hardly two minutes in a row hold any: what is not seen is neither certain nor enormous.
    rng = random.Random(seed)
    per_side = bad / 2 / minutes
    group = [
        Interval(3_000, bursts(rng, per_side, 3.0), 3_000, bursts(rng, per_side, 3.0), 60.0)
        for _ in range(minutes)
    ]

    noise = learn_noise([group])

    assert noise.is_learned
    assert 0.2 < noise.slow_sd < 0.3


def test_single_requests_are_worth_one() -> None:
    assert worth(1.0, 4.0) == 1.0


@given(burst=st.floats(1.1, 30), factor=st.sampled_from([0.5, 0.8, 1.25, 3.0, 10.0]))
@settings(max_examples=40, deadline=None)
def test_geometric_bursts_leave_the_evidence_a_mean_of_at_most_one(burst: float, factor: float) -> None:
    phi, mean = worth(burst, factor), (burst + 1) / 2
    power = math.exp(math.log(factor) / phi)
    of_a_burst = power / (mean - (mean - 1) * power)

    assert (of_a_burst - 1) / mean <= (factor - 1) / phi + 1e-9


@given(burst=st.floats(1, 30))
@settings(max_examples=40, deadline=None)
def test_bigger_claims_ask_for_more_bad_requests(burst: float) -> None:
    assert worth(burst, 1.25) <= worth(burst, 5.0) <= worth(burst, 40.0)


def test_few_bad_requests_of_an_interval_count_as_one_burst_at_worst() -> None:
    noise = Noise(burst=5.0, slow_sd=0.0, slow_s=600.0)

    assert worth_here(noise.burst, 4.0, bad=2, seconds=10.0) == 2.0
    assert worth_here(noise.burst, 4.0, bad=0.5, seconds=10.0) == 1.0


def test_short_intervals_may_cut_a_burst_in_two_so_it_keeps_its_size() -> None:
    assert worth_here(5.0, 4.0, bad=2, seconds=1.0) == worth(5.0, 4.0)
