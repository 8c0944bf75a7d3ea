"""The generated world: rates and times as asked for, the same for the same seed, nothing where nothing is."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluiceway.adapters.simulated.chance import Chance, Wandering
from sluiceway.adapters.simulated.generated import GeneratedWorld, Usual
from sluiceway.adapters.simulated.scenarios import CRASH_EVERY_S, SCENARIOS, incident_s
from sluiceway.adapters.simulated.served import Own, Served, minus, plus, slower_than
from sluiceway.adapters.simulated.world import Stretch

HOUR = 3_600.0


def world(
    scenario: str, *, seed: int = 1, usual: Usual | None = None, bake_s: float = HOUR
) -> GeneratedWorld:
    return GeneratedWorld(SCENARIOS[scenario], usual or Usual(), bake_s, seed)


def sums(made: GeneratedWorld, begin: int, end: int, *, share: float = 0.5, step: int = 10) -> Stretch:
    new, stable, crashes = Served(), Served(), 0
    for at in range(begin, end, step):
        stretch = made.between(at, at + step, share)
        new = plus(new, stretch.new or Served())
        stable = plus(stable, stretch.stable or Served())
        crashes += stretch.crashes
    return Stretch(new, stable, crashes)


def test_a_perfect_day_has_the_usual_figures_on_both_versions() -> None:
    seen = sums(world("perfect", usual=Usual(error_rate=0.01)), 0, 3_600)

    for served in (seen.new, seen.stable):
        assert served is not None
        assert served.requests == pytest.approx(360_000, rel=0.01)
        assert served.errors == pytest.approx(3_600, rel=0.07)
        slow = slower_than(served, world("perfect").bounds_ms, 60.0)
        assert slow is not None
        assert slow / served.requests == pytest.approx(0.5, abs=0.05)  # slower than the median


def test_ten_in_a_hundred_fail_at_once_and_only_on_the_new_version() -> None:
    seen = sums(world("errors-at-once"), 0, 600)

    assert seen.new is not None
    assert seen.stable is not None
    assert seen.new.errors / seen.new.requests == pytest.approx(0.1, rel=0.05)
    assert seen.stable.errors / seen.stable.requests < 0.002


def test_a_shared_incident_hits_both_alike_while_it_lasts() -> None:
    begin, end = (int(at) for at in incident_s(HOUR))
    made = world("shared-incident")
    sums(made, 0, begin)
    during, after = sums(made, begin, end), sums(made, end, 3_600)

    for served, rate in ((during.new, 0.1), (during.stable, 0.1), (after.new, 0.0), (after.stable, 0.0)):
        assert served is not None
        assert served.errors / served.requests == pytest.approx(rate, abs=0.01)


def test_a_silent_version_is_not_measured_though_it_serves() -> None:
    made = world("no-data")

    assert made.between(0, 10, 0.1).new is not None
    assert made.between(10, 20, 0.1).stable is not None
    assert made.between(1_000, 1_010, 0.1).new is None


def test_crashes_come_one_by_one_however_time_is_cut() -> None:
    fine, coarse = sums(world("crash-loop"), 0, 3_600, step=1), sums(world("crash-loop"), 0, 3_600, step=60)

    assert fine.crashes == coarse.crashes == math.floor((HOUR - 20) / CRASH_EVERY_S) + 1


def test_nothing_begins_before_users_meet_the_new_version() -> None:
    made = world("errors-at-once")

    before = made.between(0, 600, 0.0)

    assert before.new == Served(answers=(0.0,) * len(made.bounds_ms))
    assert made.next_moment_s(0) is None
    made.between(600, 610, 0.1)
    assert made.next_moment_s(599) == 600


def test_own_metrics_are_shares_or_values() -> None:
    seen = sums(world("perfect", usual=Usual(own={"payment_failure_rate": 0.02, "score": 4.5})), 0, 600)

    assert seen.new is not None
    payments, score = seen.new.own["payment_failure_rate"], seen.new.own["score"]
    assert payments.mean(higher_is_worse=True) == pytest.approx(0.02, rel=0.1)
    assert payments.bad_of(higher_is_worse=True) == payments.total
    assert payments.bad_of(higher_is_worse=False) == payments.count - payments.total
    assert score.total / score.count == pytest.approx(4.5, rel=0.01)


@given(st.integers(0, 1_000), st.sampled_from(sorted(SCENARIOS)), st.floats(0.0, 1.0), st.integers(1, 300))
def test_counts_always_make_sense_and_follow_from_the_seed(
    seed: int, scenario: str, share: float, seconds: int
) -> None:
    first, again = (world(scenario, seed=seed).between(0, seconds, share) for _ in range(2))

    assert first == again
    for served in (first.new, first.stable):
        if served is not None:
            assert 0 <= served.errors <= served.requests
            assert sum(served.answers) == served.requests


@given(st.lists(st.tuples(st.integers(0, 99), st.integers(0, 9)), min_size=1, max_size=9))
def test_what_was_added_can_be_taken_away(counts: list[tuple[int, int]]) -> None:
    parts = [Served(a + b, b, (a, b), {"own": Own(a, b, b * b, b)}) for a, b in counts]
    total = Served()
    for part in parts:
        total = plus(total, part)

    for part in parts[1:]:
        total = minus(total, part)
    assert total == parts[0]


@pytest.mark.parametrize("mean", [0.3, 20.0, 400.0])
def test_counts_have_their_mean_and_their_variance(mean: float) -> None:
    chance = Chance("means")
    drawn = [chance.poisson(mean) for _ in range(4_000)]

    average = sum(drawn) / len(drawn)
    variance = sum((each - average) ** 2 for each in drawn) / len(drawn)
    assert average == pytest.approx(mean, rel=0.05)
    assert variance == pytest.approx(mean, rel=0.1)


def test_bursts_keep_the_mean_and_raise_the_variance() -> None:
    chance = Chance("bursts")
    drawn = [chance.in_bursts(30.0, 3.0) for _ in range(4_000)]

    average = sum(drawn) / len(drawn)
    variance = sum((each - average) ** 2 for each in drawn) / len(drawn)
    assert average == pytest.approx(30, rel=0.03)
    assert variance / average == pytest.approx(5, rel=0.15)  # E[B^2] / E[B] of geometric bursts of mean 3


def test_wandering_stays_around_one() -> None:
    wander = Wandering(Chance("wander"), 0.3, 300.0)
    factors = [wander.after(600.0) for _ in range(4_000)]

    logs = [math.log(factor) for factor in factors]
    assert sum(factors) / len(factors) == pytest.approx(1.0, abs=0.03)
    assert math.sqrt(sum((each + 0.045) ** 2 for each in logs) / len(logs)) == pytest.approx(0.3, rel=0.05)


def test_every_scenario_says_in_one_sentence_what_it_is() -> None:
    assert len(SCENARIOS) == 10
    for name, scenario in SCENARIOS.items():
        assert scenario.name == name
        assert scenario.sentence.endswith(".")
        assert scenario.sentence.count(". ") == 0
