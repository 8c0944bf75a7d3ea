"""Verdicts: which one, its sentence, and the figures behind it."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluiceway.domain.analysis.counts import Interval
from sluiceway.domain.analysis.evidence import Settings, start, update
from sluiceway.domain.analysis.noise import CAUTIOUS
from sluiceway.domain.analysis.ranges import Range
from sluiceway.domain.analysis.verdict import (
    INSTANCE_TIME,
    NoRegressionWithinMargin,
    Regression,
    SharedIncident,
    Subject,
    Undecided,
    amount_words,
    describe,
    judge,
    rate_words,
    times_words,
)
from tests.unit.domain.analysis.rows import NOISY, QUIET, bursts, fed, poisson, steady

SUBJECT = Subject("errors", "2.1", "2.0")


def test_a_regression_says_how_many_times_and_what_the_limit_is() -> None:
    verdict = judge(fed(QUIET, *steady(22, times=6)), QUIET, SUBJECT)

    assert isinstance(verdict, Regression)
    assert verdict.sentence == "errors on 2.1 are 2.9 to 6.6 times as frequent as on 2.0; limit 1.25 times"
    assert verdict.figures.evidence >= verdict.figures.needed == 100


def test_a_regression_that_began_late_is_told_by_its_last_minutes() -> None:
    verdict = judge(fed(QUIET, *steady(5, times=2_160), *steady(25, times=60)), QUIET, SUBJECT)

    assert isinstance(verdict, Regression)
    assert verdict.figures.recent.low > verdict.figures.overall.low
    assert verdict.figures.shown == verdict.figures.recent


def test_a_late_regression_is_told_by_its_last_minutes_also_while_their_range_is_wide() -> None:
    state = fed(NOISY, *steady(5, times=360), *steady(25, times=14))
    verdict = judge(state, NOISY, SUBJECT)

    assert isinstance(verdict, Regression)
    assert verdict.figures.recent.low < verdict.figures.overall.low
    assert verdict.figures.shown == verdict.figures.recent
    assert "about 1.8 times as frequent" in verdict.sentence


def test_with_assumed_noise_a_regression_asks_for_a_person() -> None:
    assumed = Settings(noise=CAUTIOUS)
    verdict = judge(fed(assumed, *steady(100, times=30)), assumed, SUBJECT)

    assert isinstance(verdict, Regression)
    assert not verdict.figures.is_trusted
    assert verdict.sentence.endswith(
        "how much two equally good versions differ here is not known yet, so a person should decide"
    )


def test_a_sound_version_is_said_to_be_no_worse_than_the_margin() -> None:
    verdict = judge(fed(QUIET, *steady(5, times=60)), QUIET, SUBJECT)

    assert isinstance(verdict, NoRegressionWithinMargin)
    assert (
        verdict.sentence
        == "errors on 2.1 are 0.8 to 1.3 times as frequent as on 2.0; 1.5 times or more is ruled out"
    )


def test_soundness_shown_before_the_range_is_narrow_says_how_rare_that_is() -> None:
    verdict = judge(fed(QUIET, *steady(5, times=16)), QUIET, SUBJECT)

    assert isinstance(verdict, NoRegressionWithinMargin)
    assert verdict.figures.overall.high > 1.5
    assert verdict.sentence == (
        "errors on 2.1 are about 1.0 times as frequent as on 2.0;"
        " at most 1 in 20 releases at 1.5 times or more ever looks this good"
    )


def test_a_version_below_its_absolute_limit_is_said_to_be_so() -> None:
    limited = replace(QUIET, limit_rate=0.02)
    verdict = judge(fed(limited, *steady(0, bad_stable=0, times=30)), limited, SUBJECT)

    assert isinstance(verdict, NoRegressionWithinMargin)
    assert verdict.sentence == "errors on 2.1 stay below the limit of 2 % of requests"


def test_too_little_data_is_undecided_and_says_what_it_needs() -> None:
    verdict = judge(fed(QUIET, Interval(950, 9, 30, 0, 10)), QUIET, SUBJECT)

    assert isinstance(verdict, Undecided)
    assert verdict.sentence.endswith(
        "0 in 30 requests on 2.1, 9 in 950 on 2.0; it takes at least 50 requests on each"
    )


def test_too_few_requests_on_stable_are_said_to_be_too_few_as_well() -> None:
    verdict = judge(fed(QUIET, Interval(20, 1, 1_980, 9, 10)), QUIET, SUBJECT)

    assert isinstance(verdict, Undecided)
    assert verdict.sentence.endswith("it takes at least 50 requests on each")


def test_undecided_gives_counts_while_the_range_says_nothing() -> None:
    verdict = judge(fed(QUIET, Interval(9_500, 1, 1_250, 0, 10)), QUIET, SUBJECT)

    assert isinstance(verdict, Undecided)
    assert ": 0 in 1,250 requests on 2.1, 1 in 9,500 on 2.0; " in verdict.sentence


def test_undecided_says_how_many_times_so_far() -> None:
    verdict = judge(fed(NOISY, *steady(5, times=6)), NOISY, SUBJECT)

    assert " times as frequent; about " in verdict.sentence


def test_a_regression_whose_range_is_wide_says_how_rare_that_is() -> None:
    verdict = judge(fed(QUIET, *steady(10, times=8)), QUIET, SUBJECT)

    assert isinstance(verdict, Regression)
    assert verdict.figures.shown.low <= 1.25
    assert verdict.sentence.endswith("; at most 1 in 100 releases within that limit ever looks like this")


def test_silence_is_told_in_minutes_when_it_lasts() -> None:
    silent = [Interval(9_500, 95, 0, 0, 10.0)] * 30
    verdict = judge(fed(QUIET, *steady(5, times=2), *silent), QUIET, SUBJECT)

    assert verdict.sentence == (
        "no usable figures of errors on 2.1 for 5 min: the new version had no requests"
    )


def test_undecided_says_how_much_longer_it_takes() -> None:
    verdict = judge(fed(NOISY, *steady(5, times=6)), NOISY, SUBJECT)

    assert isinstance(verdict, Undecided)
    assert verdict.needs.seconds is not None
    assert 300 < verdict.needs.seconds < 3_600
    assert "more at this pace" in verdict.sentence


def test_both_bad_at_once_is_a_shared_incident_and_nobodys_fault() -> None:
    state = fed(QUIET, *steady(5, times=60), *steady(50, bad_stable=950, times=3))
    verdict = judge(state, QUIET, SUBJECT)

    assert isinstance(verdict, SharedIncident)
    assert verdict.sentence.startswith("errors rose to ")
    assert verdict.sentence.endswith("a shared incident, not held against 2.1")


def test_after_a_shared_incident_it_goes_on() -> None:
    state = fed(QUIET, *steady(5, times=60), *steady(50, bad_stable=950, times=6), *steady(5, times=30))

    assert isinstance(judge(state, QUIET, SUBJECT), NoRegressionWithinMargin)


def test_a_few_failures_at_once_on_a_service_that_hardly_fails_are_no_incident() -> None:
    quiet = fed(QUIET, *[Interval(9_500, 0.5, 500, 0, 10.0)] * 60)

    state = fed(QUIET, Interval(9_500, 7, 500, 1, 10.0), state=quiet)

    assert not state.calm.is_incident


def test_an_incident_is_one_until_it_is_over_however_it_goes_up_and_down() -> None:
    state = fed(QUIET, *steady(5, times=60))
    was: list[bool] = []
    for bad in (600, 250, 600, 220, 300, 600, 95, 95, 95, 95, 95, 95):
        state = fed(QUIET, Interval(9_500, bad, 500, bad / 19, 10.0), state=state)
        was.append(state.calm.is_incident)

    begun = was.index(True)
    over = was.index(False, begun)
    assert all(was[begun:over])
    assert over >= 7
    assert not any(was[over:])


def test_a_bad_new_version_alone_is_no_shared_incident() -> None:
    state = fed(QUIET, *steady(5, times=60), *steady(50, times=3))

    assert isinstance(judge(state, QUIET, SUBJECT), Regression)


def test_a_regression_outranks_silence() -> None:
    state = fed(QUIET, *steady(50, times=3), *[Interval(9_500, 95, 0, 0, 1.0)] * 20)

    assert isinstance(judge(state, QUIET, SUBJECT), Regression)


def test_ranges_are_worded_for_people() -> None:
    assert times_words(Range(4.3, 3.21, 5.94)) == "3.2 to 5.9 times"
    assert times_words(Range(0.2, 0.0, 0.94)) == "at most 0.9 times"
    assert times_words(Range(30, 12.4, 5_000)) == "at least 12 times"
    assert times_words(Range(1, 0.0, 1e9)) == "an unknown number of times"


def test_the_range_holds_the_true_ratio_at_every_look() -> None:
    rng = random.Random(5)
    misses = 0
    for _ in range(30):
        state, missed = start(NOISY), False
        for _ in range(120):
            rows = bursts(rng, 95, 3.0), bursts(rng, 10, 3.0)
            state = update(state, Interval(9_500, rows[0], 500, rows[1], 10), NOISY)
            found = describe(state, NOISY)
            missed |= not all(each.low <= 2.0 <= each.high for each in (found.overall, found.recent))
        misses += missed

    assert misses <= 1


def test_more_data_narrows_the_range() -> None:
    rng = random.Random(6)
    rows = [Interval(9_500, poisson(rng, 95), 500, poisson(rng, 5), 10) for _ in range(60)]
    early, late = (describe(fed(QUIET, *rows[:count]), QUIET).overall for count in (6, 60))

    assert late.high / late.low < early.high / early.low


PAYMENTS = Subject("failed payments", "2.1", "2.0", of="payments")
CRASHES = Subject("crashes", "2.1", "2.0", of=INSTANCE_TIME)


def test_sentences_count_what_the_metric_counts() -> None:
    few = judge(fed(QUIET, Interval(950, 9, 30, 0, 10)), QUIET, PAYMENTS)
    limited = replace(QUIET, limit_rate=0.02)
    low = judge(fed(limited, *steady(0, bad_stable=0, times=30)), limited, PAYMENTS)
    none = judge(fed(QUIET, *[Interval(95, 1, 0, 0, 10)] * 7), QUIET, PAYMENTS)

    assert few.sentence == (
        "too early to say whether failed payments on 2.1 are more frequent than on 2.0:"
        " 0 in 30 payments on 2.1, 9 in 950 on 2.0; it takes at least 50 payments on each"
    )
    assert low.sentence == "failed payments on 2.1 stay below the limit of 2 % of payments"
    assert none.sentence == "nothing is known of failed payments on 2.1 yet: the new version had no payments"


def test_crashes_are_counted_in_the_time_of_instances() -> None:
    settings = replace(QUIET, min_requests=120)
    few = judge(fed(settings, Interval(100, 1, 100, 0, 10)), settings, CRASHES)
    limited = replace(QUIET, limit_rate=1 / 3_600)
    low = judge(fed(limited, *[Interval(600, 0, 600, 0, 10)] * 200), limited, CRASHES)
    none = judge(fed(QUIET, *[Interval(95, 1, 0, 0, 10)] * 7), QUIET, CRASHES)

    assert few.sentence == (
        "too early to say whether crashes on 2.1 are more frequent than on 2.0:"
        " 0 in 2 min of instance time on 2.1, 1 in 2 min of instance time on 2.0;"
        " it takes at least 2 min of instance time on each"
    )
    assert low.sentence == "crashes on 2.1 stay below the limit of 1 per hour and instance"
    assert none.sentence == "nothing is known of crashes on 2.1 yet: the new version had no instance"


@pytest.mark.parametrize(
    ("rate", "words"),
    [
        (2.0, "2 per second and instance"),
        (1 / 60, "1 per minute and instance"),
        (2 / 86_400, "2 per day and instance"),
        (0.5 / 86_400, "0.5 per day and instance"),
    ],
)
def test_a_rate_of_crashes_is_told_in_the_span_that_holds_one(rate: float, words: str) -> None:
    assert rate_words(rate, INSTANCE_TIME) == words


@given(count=st.integers(1, 999), span=st.sampled_from([1, 60, 3_600, 86_400]))
def test_a_rate_that_was_given_as_a_number_in_a_span_is_at_least_one_in_what_is_told(
    count: int, span: int
) -> None:
    told = float(rate_words(count / span, INSTANCE_TIME).split(" per ")[0])

    assert told >= 1 or span == 86_400


def test_no_time_of_instances_is_none_not_a_second() -> None:
    assert amount_words(0.0, INSTANCE_TIME) == "no instance time"
    assert amount_words(5_400.0, INSTANCE_TIME) == "2 h of instance time"
    assert amount_words(1_203.0, "orders") == "1,203 orders"


def test_several_metrics_share_one_promise() -> None:
    shared = replace(QUIET, alpha=0.0099)
    verdict = judge(fed(shared, *steady(10, times=8)), shared, replace(SUBJECT, one_in=50))

    assert isinstance(verdict, Regression)
    assert verdict.sentence.endswith("; at most 1 in 50 releases within that limit ever looks like this")


def test_why_the_noise_is_unknown_is_said_with_what_follows_from_it() -> None:
    assumed = Settings(noise=CAUTIOUS)
    asked = replace(SUBJECT, why_unknown="stable has one instance")
    verdict = judge(fed(assumed, *steady(100, times=30)), assumed, asked)

    assert verdict.sentence.endswith(
        "; how much two equally good versions differ here is not known yet (stable has one instance),"
        " so a person should decide"
    )
