"""What minutes of history say of noise and of what is usual, and why they say nothing."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sluiceway.domain.analysis.counts import Interval, find_problem
from sluiceway.domain.analysis.history import (
    DAY_MINUTES,
    MAX_GROUPS,
    MIN_BAD,
    RECENT_MINUTES,
    STALE_MINUTES,
    Learned,
    MinuteCount,
    Unknown,
    is_too_soon,
    is_whole_minute,
    learn_from_instances,
    learn_from_rollouts,
    more_careful,
    usual,
    without_lasting_ratio,
)
from sluiceway.domain.analysis.noise import CAUTIOUS, MIN_MINUTES, Noise
from tests.unit.domain.analysis.rows import bursts

NOW = 29_000_000
REQUESTS = 3_000.0


def minutes(
    count: int,
    parts: Sequence[str] = ("a", "b"),
    *,
    until: int = NOW,
    bad: float = 30.0,
    size: float = 1.0,
    slow_sd: float = 0.0,
    seed: int = 5,
) -> list[MinuteCount]:
    """The last `count` minutes of these parts: bad requests in bursts, each part wandering for minutes."""
    rng = random.Random(seed)
    keep = math.exp(-60.0 / 300.0)
    levels = dict.fromkeys(parts, 0.0)
    found: list[MinuteCount] = []
    for minute in range(until - count + 1, until + 1):
        for part in parts:
            levels[part] = keep * levels[part] + slow_sd * math.sqrt(1 - keep**2) * rng.gauss(0, 1)
            many = min(REQUESTS, bursts(rng, bad * math.exp(levels[part]), size))
            found.append(MinuteCount(minute, part, REQUESTS, many))
    return found


def learned(counts: Sequence[MinuteCount]) -> Noise:
    found = learn_from_instances(counts, NOW)
    assert isinstance(found, Learned), found
    return found.noise


def why(found: Learned | Unknown) -> str:
    assert isinstance(found, Unknown)
    return found.why


def test_two_instances_that_fail_one_by_one_are_quiet() -> None:
    noise = learned(minutes(300))

    assert noise.is_learned
    assert noise.burst == pytest.approx(1.1, abs=0.15)
    assert noise.slow_sd < 0.1


def test_bursts_and_wandering_of_instances_are_learned() -> None:
    noise = learned(minutes(DAY_MINUTES, ("a", "b", "c"), size=3.0, slow_sd=0.3))

    # Geometric bursts of mean 3 are 5; 0.3 of one instance against two is 0.3 * sqrt(1 + 1/2). Either may be
    # more, by what the last two hours leave open.
    assert 4.5 < noise.burst < 8.0
    assert 0.3 < noise.slow_sd < 0.6


def test_noise_that_grew_lately_holds_though_the_day_was_quiet() -> None:
    quiet = minutes(DAY_MINUTES - RECENT_MINUTES, until=NOW - RECENT_MINUTES)
    before = learned([*quiet, *minutes(RECENT_MINUTES, seed=6)])
    after = learned([*quiet, *minutes(RECENT_MINUTES, size=3.0, slow_sd=0.5, seed=6)])

    assert before.burst < 1.5
    assert after.burst > 3.5
    assert after.slow_sd > 5 * before.slow_sd


def test_noise_that_was_there_earlier_today_is_not_forgotten() -> None:
    noisy = minutes(DAY_MINUTES - RECENT_MINUTES, until=NOW - RECENT_MINUTES, size=3.0)

    assert learned([*noisy, *minutes(RECENT_MINUTES, seed=6)]).burst > 3.5


def test_what_is_older_than_a_day_says_nothing() -> None:
    old = minutes(200, until=NOW - DAY_MINUTES, size=6.0)

    assert learned([*old, *minutes(300)]) == learned(minutes(300))


def test_minutes_from_when_the_clock_was_wrong_say_nothing() -> None:
    later = minutes(60, until=NOW + 50 * 365 * DAY_MINUTES, size=6.0)

    assert learned([*minutes(300), *later]) == learned(minutes(300))


@pytest.mark.parametrize(
    ("counts", "words"),
    [
        ([], "no history of its instances has been recorded in the last 24 hours"),
        (minutes(300, until=NOW - STALE_MINUTES - 1), "its history ends 31 minutes ago"),
        (minutes(300, ("a",)), "stable has one instance, so nothing tells how much instances differ"),
        (
            [*minutes(200, until=NOW - 40), *minutes(40, ("a",))],
            "stable has one instance, so nothing tells how much instances differ",
        ),
        (minutes(20), "history holds 20 of the 60 minutes it takes"),
        (minutes(90, bad=0.0), "history holds 0 of the 30 bad requests that show how they come"),
    ],
    ids=["nothing", "stale", "one instance", "one instance lately", "short", "nothing bad"],
)
def test_why_noise_is_unknown_is_said(counts: list[MinuteCount], words: str) -> None:
    assert why(learn_from_instances(counts, NOW)) == words


def test_half_an_hour_without_news_is_not_stale_yet() -> None:
    assert isinstance(learn_from_instances(minutes(300, until=NOW - STALE_MINUTES), NOW), Learned)


def test_a_night_without_requests_is_no_news_and_no_gap() -> None:
    idle = [MinuteCount(NOW - back, part, 0.0, 0.0) for back in range(50) for part in "ab"]

    assert isinstance(learn_from_instances([*minutes(200, until=NOW - 50), *idle], NOW), Learned)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda each: replace(each, count=math.nan),
        lambda each: replace(each, bad=-5.0),
        lambda each: replace(each, bad=each.count + 1),
        lambda each: replace(each, count=0.0, bad=0.0),
    ],
    ids=["not a number", "negative", "more bad than requests", "no requests"],
)
def test_unusable_minutes_are_left_out(spoil: Callable[[MinuteCount], MinuteCount]) -> None:
    counts = minutes(200)
    spoilt = [spoil(each) if each.minute % 3 == 0 and each.part == "a" else each for each in counts]

    assert learned(spoilt).burst == pytest.approx(learned(counts).burst, abs=0.3)
    short = [spoil(each) if each.minute % 3 else each for each in minutes(170)]
    assert "of the 60 minutes" in why(learn_from_instances(short, NOW))


def test_instances_that_come_and_go_are_each_compared_while_they_were_there() -> None:
    counts = [
        *minutes(200, ("a", "b"), until=NOW - 200, size=3.0),
        *minutes(200, ("b", "c", "d"), size=3.0, seed=9),
    ]

    assert learned(counts).burst == pytest.approx(5.0, rel=0.35)


def test_many_instances_are_learned_from_a_few() -> None:
    names = [f"i{number:02}" for number in range(3 * MAX_GROUPS)]

    assert learned(minutes(120, names, size=3.0)).burst == pytest.approx(5.0, rel=0.35)


@given(burst=st.floats(1, 20), other=st.floats(1, 20), sd=st.floats(0, 2), slow_s=st.floats(120, 7_200))
def test_the_more_careful_of_two_is_at_least_as_noisy_as_either(
    burst: float, other: float, sd: float, slow_s: float
) -> None:
    one, two = Noise(burst, sd, slow_s), Noise(other, 0.3, 600.0)

    both = more_careful(one, two)

    assert both == more_careful(two, one)
    assert both.burst == max(burst, other)
    assert both.slow_sd == max(sd, 0.3)
    assert both.slow_s == max(slow_s, 600.0)


def rollout(
    count: int = 120, *, ratio: float = 1.0, size: float = 1.0, slow_sd: float = 0.0
) -> list[MinuteCount]:
    counts = minutes(count, ("stable", "new"), size=size, slow_sd=slow_sd)
    return [replace(each, bad=round(each.bad * ratio)) if each.part == "new" else each for each in counts]


def of_rollouts(*rollouts: list[MinuteCount]) -> Learned | Unknown:
    return learn_from_rollouts(rollouts, "new", "stable")


def test_quiet_rollouts_confirm_the_cautious_noise_and_no_less() -> None:
    assert of_rollouts(rollout(), rollout()) == Learned(replace(CAUTIOUS, is_learned=True))


@pytest.mark.parametrize("ratio", [0.5, 1.0, 2.0])
def test_a_lasting_difference_between_versions_is_no_noise(ratio: float) -> None:
    assert of_rollouts(rollout(400, ratio=ratio)) == Learned(replace(CAUTIOUS, is_learned=True))


def test_rollouts_noisier_than_the_cautious_noise_raise_it() -> None:
    found = of_rollouts(rollout(600, size=6.0, slow_sd=0.6))

    assert isinstance(found, Learned)
    assert found.noise.burst > 2 * CAUTIOUS.burst
    assert found.noise.slow_sd > CAUTIOUS.slow_sd
    assert found.noise.slow_s >= CAUTIOUS.slow_s


@pytest.mark.parametrize(
    ("rollouts", "minutes_held"), [([], 0), ([rollout(20), rollout(45)], 45)], ids=["none", "short ones"]
)
def test_rollouts_that_did_not_last_teach_nothing(
    rollouts: list[list[MinuteCount]], minutes_held: int
) -> None:
    assert why(of_rollouts(*rollouts)) == (
        "its source does not tell instances apart, and the history of promoted rollouts holds "
        f"{minutes_held} of the 60 minutes it takes"
    )


def test_a_rollout_with_a_hole_in_it_is_used_without_the_hole() -> None:
    counts = [each for each in rollout(200) if each.minute % 10 or each.part == "new"]

    assert isinstance(of_rollouts(counts), Learned)


def test_a_rollout_in_which_one_side_was_never_bad_teaches_nothing() -> None:
    assert isinstance(of_rollouts(rollout(200, ratio=0.0)), Unknown)


counts_of_a_side = st.tuples(st.integers(1, 10_000), st.integers(0, 10_000)).filter(lambda c: c[1] <= c[0])


@given(st.lists(st.tuples(counts_of_a_side, counts_of_a_side), min_size=1, max_size=20))
@settings(deadline=None)
def test_without_its_lasting_ratio_a_series_has_the_same_rate_on_both_sides(
    rows: list[tuple[tuple[int, int], tuple[int, int]]],
) -> None:
    pairs = [Interval(n0, x0, n1, x1, 60.0) for (n0, x0), (n1, x1) in rows]

    levelled = without_lasting_ratio(pairs)

    assert len(levelled) == len(pairs)
    if sum(pair.x0 for pair in pairs) == 0 or sum(pair.x1 for pair in pairs) == 0:
        assert all(each.is_missing for each in levelled)
        return
    rate_0 = sum(each.x0 for each in levelled) / sum(each.n0 for each in levelled)
    rate_1 = sum(each.x1 for each in levelled) / sum(each.n1 for each in levelled)
    assert rate_0 == pytest.approx(rate_1)
    assert all(find_problem(each) is None for each in levelled)
    assert [(each.x0, each.x1) for each in levelled] == [(pair.x0, pair.x1) for pair in pairs]


@given(st.lists(st.floats(0, 1e6), max_size=200))
def test_what_is_usual_is_a_figure_that_was_seen_half_the_time(readings: list[float]) -> None:
    found = usual(readings)

    if len(readings) < MIN_MINUTES:
        assert found is None
    else:
        assert found is not None
        assert sum(each <= found for each in readings) >= len(readings) / 2
        assert sum(each >= found for each in readings) >= len(readings) / 2


def test_an_hour_of_a_bad_evening_does_not_change_what_is_usual() -> None:
    assert usual([200.0] * 100 + [9_000.0] * 60) == 200.0


@pytest.mark.parametrize(
    ("seconds", "is_minute", "is_soon"),
    [
        (-5.0, False, False),
        (0.0, False, True),
        (29.0, False, True),
        (60.3, True, False),
        (91.0, False, False),
    ],
)
def test_looks_about_a_minute_apart_make_a_minute(seconds: float, is_minute: bool, is_soon: bool) -> None:
    assert (is_whole_minute(seconds), is_too_soon(seconds)) == (is_minute, is_soon)


def test_the_threshold_of_bad_requests_is_the_sum_over_instances() -> None:
    few = [replace(each, bad=1.0 if each.minute > NOW - MIN_BAD // 2 else 0.0) for each in minutes(90)]

    assert isinstance(learn_from_instances(few, NOW), Learned)
