"""Thresholds as a state machine: when one acts, when it clears, and what silence does."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluiceway.domain.flags.guarding import (
    NEW,
    Act,
    Guard,
    Seen,
    Standing,
    follow,
    look,
    problems_of,
    standing,
)
from sluiceway.domain.flags.model import NoData, Threshold, ThresholdAction
from sluiceway.domain.process.expressions import Verdict
from sluiceway.domain.rollouts.model import Reading

BEGIN = datetime(2026, 11, 21, 8, tzinfo=UTC)
OFF = Threshold("slow", "p95_ms > 200", NoData.KEEP, ThresholdAction.TURN_OFF, for_s=5)
PAUSE = Threshold("slow", "p95_ms > 200", NoData.KEEP, ThresholdAction.PAUSE, for_s=5, clear_s=10)
MET, FINE, SILENT = Verdict.MET, Verdict.NOT_MET, Verdict.NO_DATA


def after(
    threshold: Threshold, *verdicts: Verdict, guard: Guard = NEW
) -> tuple[Guard, list[tuple[int, Act]]]:
    """Return what is remembered after one look a second, and which act came at which look."""
    acts: list[tuple[int, Act]] = []
    for second, verdict in enumerate(verdicts):
        at = BEGIN + timedelta(seconds=second)
        guard, act = follow(threshold, guard, Seen(verdict, "words", second), now=at, wall=at)
        acts += [(second, act)] if act is not None else []
    return guard, acts


def test_it_acts_once_the_breach_has_lasted_its_time() -> None:
    _, acts = after(OFF, *[MET] * 6)

    assert [(second, act.action) for second, act in acts] == [(5, ThresholdAction.TURN_OFF)]


def test_a_fine_reading_ends_a_breach_and_silence_does_not() -> None:
    assert after(OFF, MET, MET, MET, FINE, MET, MET, MET)[1] == []
    assert [second for second, _ in after(OFF, MET, MET, SILENT, SILENT, SILENT, MET)[1]] == [5]


def test_one_reading_is_never_enough() -> None:
    at_once = replace(OFF, for_s=0)
    later = BEGIN + timedelta(seconds=100)
    guard, first = follow(at_once, NEW, Seen(MET, "", 1), now=BEGIN, wall=BEGIN)
    guard, same = follow(at_once, guard, Seen(MET, "", 1), now=later, wall=later)
    _, second = follow(at_once, guard, Seen(MET, "", 2), now=later, wall=later)

    assert (first, same) == (None, None)
    assert second is not None


def test_a_pause_clears_after_its_time_without_a_breach() -> None:
    guard, acts = after(PAUSE, *[MET] * 6, *[FINE] * 5, MET, *[FINE] * 10)
    assert [act.action for _, act in acts] == [ThresholdAction.PAUSE]
    assert standing(guard) is Standing.PAUSED

    _, acts = after(PAUSE, *[MET] * 6, *[FINE] * 11)
    assert [(second, act.action) for second, act in acts] == [(5, ThresholdAction.PAUSE), (16, None)]


def test_silence_never_clears_a_pause() -> None:
    guard, acts = after(PAUSE, *[MET] * 6, *[SILENT] * 300)

    assert len(acts) == 1
    assert standing(guard) is Standing.PAUSED


@pytest.mark.parametrize(
    ("choice", "action"),
    [
        (NoData.KEEP, None),
        (NoData.PAUSE, ThresholdAction.PAUSE),
        (NoData.TURN_OFF, ThresholdAction.TURN_OFF),
    ],
)
def test_silence_does_what_the_threshold_says_after_its_time(
    choice: NoData, action: ThresholdAction | None
) -> None:
    threshold = replace(OFF, on_no_data=choice, no_data_after_s=30)

    assert after(threshold, *[SILENT] * 30)[1] == []
    assert [act.action for _, act in after(threshold, *[SILENT] * 31)[1]] == ([action] if action else [])


def test_silence_counts_in_real_time_however_fast_the_process_clock_runs() -> None:
    threshold = replace(OFF, on_no_data=NoData.TURN_OFF, no_data_after_s=30)
    guard, _ = follow(threshold, NEW, Seen(SILENT, "", 0), now=BEGIN, wall=BEGIN)
    a_day_later = BEGIN + timedelta(days=1)
    _, act = follow(
        threshold, guard, Seen(SILENT, "", 0), now=a_day_later, wall=BEGIN + timedelta(seconds=29)
    )

    assert act is None


@pytest.mark.parametrize("value", [None, float("nan"), float("inf"), float("-inf")])
def test_what_is_no_number_is_no_data(value: float | None) -> None:
    assert look(OFF, {"p95_ms": Reading(value)}, 1).verdict is SILENT


def test_a_condition_that_cant_be_read_is_no_data_and_named() -> None:
    broken = replace(OFF, when="p95_ms >")

    assert look(broken, {"p95_ms": Reading(900)}, 1).verdict is SILENT
    assert problems_of(broken)[0].startswith('threshold "slow": "p95_ms >" at character')
    assert problems_of(replace(OFF, when="slowth > 5"), {"sloth"}) == (
        'threshold "slow": "slowth > 5" at character 1: unknown metric "slowth"; did you mean "sloth"?',
    )
    assert problems_of(replace(OFF, when="sloth > 5"), {"sloth"}) == ()


def test_how_it_stands() -> None:
    assert [standing(after(OFF, verdict)[0]) for verdict in (FINE, MET, SILENT)] == [
        Standing.CLEAR,
        Standing.BREACHED,
        Standing.NO_DATA,
    ]


@given(st.lists(st.sampled_from([MET, FINE, SILENT]), max_size=60))
def test_acts_of_a_pause_alternate_and_never_come_without_a_breach(verdicts: list[Verdict]) -> None:
    _, acts = after(PAUSE, *verdicts)
    kinds = [act.action for _, act in acts]

    assert kinds == ([ThresholdAction.PAUSE, None] * 30)[: len(kinds)]
    assert MET in verdicts or not kinds
