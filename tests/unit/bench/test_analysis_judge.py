"""The analysis as anyone's bench calls it: one call per interval, its memory in the history."""

from __future__ import annotations

import random
from typing import Any

from bench.analysis_judge import judge, learn_placebo
from sluiceway.domain.analysis.noise import CAUTIOUS
from tests.unit.domain.analysis.rows import bursts

STEADY = {"requests": 9_500, "bad": 95}


def a_history(placebo: Any = None) -> dict[str, Any]:
    return {
        "metric": "error", "t": 10.0, "interval_s": 10.0, "share": 0.05, "bake_s": 86_400.0,
        "intervals": [], "placebo": placebo, "state": {},
    }  # fmt: skip


def a_placebo(size: float) -> list[list[list[int]]]:
    """Twelve hours of four groups, as nested lists: [minutes, groups, 4]."""
    rng = random.Random(4)
    return [[[57_000, 570, 3_000, bursts(rng, 30, size)] for _ in range(4)] for _ in range(720)]


def intervals_until_answer(history: dict[str, Any], bad: int, limit: int = 400) -> tuple[int, str]:
    for count in range(1, limit):
        answer = judge(STEADY, {"requests": 500, "bad": bad}, history)
        if answer != "continue":
            return count, answer
    return limit, "continue"


def test_a_bad_version_is_rolled_back_in_the_first_interval_of_quiet_traffic() -> None:
    assert intervals_until_answer(a_history(a_placebo(1.0)), bad=25) == (1, "rollback")


def test_bursts_in_the_placebo_make_it_more_careful() -> None:
    count, answer = intervals_until_answer(a_history(a_placebo(4.0)), bad=25)

    assert answer == "rollback"
    assert 1 < count <= 12


def test_a_version_that_is_no_worse_is_promoted_within_five_minutes() -> None:
    count, answer = intervals_until_answer(a_history(a_placebo(1.0)), bad=5)

    assert answer == "promote"
    assert 6 <= count <= 30


def test_its_memory_is_in_the_history_it_was_given() -> None:
    one, other = a_history(), a_history()
    judge(STEADY, {"requests": 500, "bad": 5}, one)

    assert one["state"]
    assert other["state"] == {}


def test_no_requests_are_never_promoted() -> None:
    history = a_history(a_placebo(1.0))
    answers = {judge(STEADY, {"requests": 0, "bad": 0}, history) for _ in range(100)}

    assert answers == {"continue"}


def test_without_a_placebo_noise_is_assumed_with_caution() -> None:
    assert learn_placebo(None) == CAUTIOUS
    assert learn_placebo([]) == CAUTIOUS
