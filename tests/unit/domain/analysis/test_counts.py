"""Counts that make no sense are named, one outcome each, and are never good news."""

from __future__ import annotations

import math

import pytest

from sluiceway.domain.analysis.counts import PROBLEM_WORDS, Interval, Problem, find_problem
from sluiceway.domain.analysis.evidence import evidence_of_regression, evidence_of_soundness
from sluiceway.domain.analysis.verdict import NoData, Subject, judge
from tests.unit.domain.analysis.rows import QUIET, fed, steady

SUBJECT = Subject("errors", "2.1", "2.0")
BAD_COUNTS = [
    (Interval(100, 1, 0, 0, 10), Problem.NO_REQUESTS_ON_NEW),
    (Interval(0, 0, 100, 1, 10), Problem.NO_REQUESTS_ON_STABLE),
    (Interval(math.nan, 1, 100, 1, 10), Problem.NOT_A_NUMBER),
    (Interval(100, 1, 100, math.inf, 10), Problem.NOT_A_NUMBER),
    (Interval(100, 1, 100, 1, math.nan), Problem.NOT_A_NUMBER),
    (Interval(100, -1, 100, 1, 10), Problem.NEGATIVE),
    (Interval(100, 1, -100, 0, 10), Problem.NEGATIVE),
    (Interval(100, 1, 100, 101, 10), Problem.MORE_BAD_THAN_REQUESTS),
    (Interval(100, 101, 100, 1, 10), Problem.MORE_BAD_THAN_REQUESTS),
    (Interval(100, 1, 100, 1, 0), Problem.NO_TIME),
    (Interval(100, 1, 100, 1, 10, skew_s=6), Problem.SKEWED),
]


@pytest.mark.parametrize(("interval", "problem"), BAD_COUNTS)
def test_counts_that_cannot_be_compared_are_named(interval: Interval, problem: Problem) -> None:
    assert find_problem(interval) is problem


def test_ordinary_counts_have_no_problem() -> None:
    assert find_problem(Interval(100, 1, 5, 0, 10, skew_s=0.5)) is None


def test_fractions_of_requests_are_counts_too() -> None:
    assert find_problem(Interval(99.7, 0.4, 5.2, 0.1, 10)) is None


@pytest.mark.parametrize(("interval", "problem"), BAD_COUNTS)
def test_they_change_no_evidence(interval: Interval, problem: Problem) -> None:
    before = fed(QUIET, *steady(5, times=3))
    after = fed(QUIET, interval, state=before)

    assert evidence_of_soundness(after) == evidence_of_soundness(before)
    assert evidence_of_regression(after) == pytest.approx(evidence_of_regression(before), abs=1e-3)
    assert (after.n0, after.x0, after.n1, after.x1) == (before.n0, before.x0, before.n1, before.x1)
    assert after.problem is problem


@pytest.mark.parametrize(("interval", "problem"), BAD_COUNTS)
def test_alone_they_are_no_data_and_say_why(interval: Interval, problem: Problem) -> None:
    verdict = judge(fed(QUIET, *[interval] * 100), QUIET, SUBJECT)

    assert isinstance(verdict, NoData)
    assert verdict.problem is problem
    assert PROBLEM_WORDS[problem] in verdict.sentence


def test_a_metric_that_stops_is_no_data_after_a_minute_though_it_had_passed() -> None:
    sound = fed(QUIET, *steady(5, times=60))
    silent = fed(QUIET, *[Interval(9_500, 95, 0, 0, 10)] * 6, state=sound)
    verdict = judge(silent, QUIET, SUBJECT)

    assert isinstance(verdict, NoData)
    assert verdict.sentence == "no usable figures of errors on 2.1 for 60 s: the new version had no requests"


def test_figures_that_come_back_end_the_silence() -> None:
    silent = fed(QUIET, *steady(5), *[Interval(9_500, 95, 0, 0, 10)] * 9)
    back = fed(QUIET, *steady(5), state=silent)

    assert (back.silent_s, back.problem) == (0.0, None)


def test_nothing_at_all_is_no_data() -> None:
    verdict = judge(fed(QUIET), QUIET, SUBJECT)

    assert isinstance(verdict, NoData)
    assert verdict.sentence == "nothing is known of errors on 2.1 yet"
    assert verdict.figures.overall.low == 0.0


def test_what_made_no_sense_is_counted_and_low_traffic_is_not() -> None:
    state = fed(QUIET, Interval(100, -1, 5, 0, 10), Interval(100, 1, 0, 0, 10))

    assert state.unusable == 1
