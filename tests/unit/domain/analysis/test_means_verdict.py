"""Verdicts on means: which one, its sentence, the figures behind it, and how much data it needs."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from sluiceway.domain.analysis.mean_planning import seconds_to_clear_of_loss, seconds_to_see_loss
from sluiceway.domain.analysis.mean_verdict import difference_words, is_loss, judge_means
from sluiceway.domain.analysis.means import MeanEvidence, MeanInterval, start_means, update_means
from sluiceway.domain.analysis.noise import CAUTIOUS, Noise
from sluiceway.domain.analysis.ranges import Range
from sluiceway.domain.analysis.verdict import (
    NoData,
    NoRegressionWithinMargin,
    RangeOf,
    Regression,
    SharedIncident,
    Subject,
    Undecided,
    is_large_enough,
)
from tests.unit.domain.analysis.mean_rows import RATING, TIME, drawn, fed_means, interval, seconds, stars

SATISFACTION = Subject("satisfaction", "2.1", "2.0", "points")
TIME_ON_TASK = Subject("time on task", "2.1", "2.0", "s")


def rated(new: float, *, stable: float = 4.12, minutes: int = 60, seed: int = 3) -> list[MeanInterval]:
    rng = random.Random(seed)
    return [drawn(rng, stars(stable), stars(new), 60, 30) for _ in range(minutes)]


def until_regression(rows: list[MeanInterval], state: MeanEvidence | None = None) -> MeanEvidence:
    """The state when it would be acted on."""
    now = start_means() if state is None else state
    for row in rows:
        now = update_means(now, row, RATING)
        if is_loss(now, RATING):
            return now
    raise AssertionError


def test_a_drop_of_ratings_says_by_how_much_and_what_the_limit_is() -> None:
    verdict = judge_means(fed_means(RATING, rated(3.4)), RATING, SATISFACTION)

    assert isinstance(verdict, Regression)
    assert verdict.sentence == (
        "satisfaction on 2.1 is 0.55 to 0.92 points below that on 2.0; limit 0.2 points"
    )
    assert verdict.figures.evidence >= verdict.figures.needed == 100


def test_a_rise_of_times_says_by_how_much_and_what_the_limit_is() -> None:
    rng = random.Random(4)
    rows = [drawn(rng, seconds(60), seconds(90), 60, 60) for _ in range(60)]
    verdict = judge_means(fed_means(TIME, rows), TIME, TIME_ON_TASK)

    assert isinstance(verdict, Regression)
    assert verdict.sentence == "time on task on 2.1 is 23 to 38 s above that on 2.0; limit 5 s"


def test_figures_of_means_are_differences_in_their_own_unit() -> None:
    figures = judge_means(fed_means(RATING, rated(3.4)), RATING, SATISFACTION).figures

    assert figures.range_of is RangeOf.DIFFERENCE
    assert not figures.higher_is_worse
    assert figures.shown.low < -0.72 < figures.shown.high < 0
    assert figures.x1 / figures.n1 == pytest.approx(3.4, abs=0.1)
    assert figures.x0 / figures.n0 == pytest.approx(4.12, abs=0.1)


def test_a_loss_that_just_was_shown_says_about_how_much() -> None:
    verdict = judge_means(until_regression(rated(3.4)), RATING, SATISFACTION)

    assert isinstance(verdict, Regression)
    assert verdict.sentence == (
        "satisfaction on 2.1 is about 0.67 points below that on 2.0 (0.16 to 1.2 points below);"
        " limit 0.2 points; at most 1 in 100 releases within that limit ever looks like this"
    )


def test_a_loss_that_began_late_is_told_by_its_last_minutes() -> None:
    calm = fed_means(RATING, rated(4.12, minutes=360))
    verdict = judge_means(until_regression(rated(3.4, seed=4), calm), RATING, SATISFACTION)

    assert isinstance(verdict, Regression)
    assert verdict.figures.shown == verdict.figures.recent
    assert verdict.figures.recent.ratio < -0.3
    assert verdict.figures.overall.ratio > -0.1


def test_with_assumed_noise_a_loss_asks_for_a_person() -> None:
    assumed = replace(RATING, noise=CAUTIOUS)
    verdict = judge_means(fed_means(assumed, rated(1.5, minutes=180)), assumed, SATISFACTION)

    assert isinstance(verdict, Regression)
    assert not verdict.figures.is_trusted
    assert verdict.sentence.endswith("is not known yet, so a person should decide")


def test_a_sound_version_is_said_to_lose_less_than_the_margin() -> None:
    verdict = judge_means(fed_means(RATING, rated(4.12)), RATING, SATISFACTION)

    assert isinstance(verdict, NoRegressionWithinMargin)
    assert verdict.sentence == (
        "satisfaction on 2.1 is between 0.16 points below and 0.12 points above that on 2.0;"
        " 0.4 points or more below is ruled out"
    )


def test_soundness_comes_before_the_range_has_left_the_margin() -> None:
    state = start_means()
    for row in rated(4.12):
        state = update_means(state, row, RATING)
        verdict = judge_means(state, RATING, SATISFACTION)
        if isinstance(verdict, NoRegressionWithinMargin):
            break

    assert verdict.sentence.endswith(
        "at most 1 in 20 releases at 0.4 points or more below ever looks this good"
    )


def test_too_few_values_are_undecided_and_say_how_many_are_needed() -> None:
    verdict = judge_means(fed_means(RATING, rated(4.12, minutes=1)), RATING, SATISFACTION)

    assert isinstance(verdict, Undecided)
    assert verdict.sentence == (
        "too early to say whether satisfaction on 2.1 is worse than on 2.0: 32 values on 2.1, 70 on 2.0;"
        " it takes at least 50 on each"
    )


def test_undecided_says_how_many_values_more_it_takes() -> None:
    verdict = judge_means(fed_means(RATING, rated(4.0, minutes=4)), RATING, SATISFACTION)

    assert isinstance(verdict, Undecided)
    assert verdict.needs.seconds is not None
    assert 60 < verdict.needs.seconds < 3_600
    assert verdict.sentence.endswith("more values of the new version are needed")


def test_both_worse_at_once_is_a_shared_incident_and_nobodys_fault() -> None:
    state = fed_means(RATING, [*rated(4.12), *rated(2.5, stable=2.5, minutes=2)])
    verdict = judge_means(state, RATING, SATISFACTION)

    assert isinstance(verdict, SharedIncident)
    assert verdict.rise == pytest.approx(1.6, abs=0.3)
    assert verdict.sentence.startswith("satisfaction fell by 1.")
    assert verdict.sentence.endswith("a shared incident, not held against 2.1")


def test_after_a_shared_incident_it_goes_on() -> None:
    rows = [*rated(4.12), *rated(2.5, stable=2.5, minutes=5), *rated(4.12, minutes=20)]

    assert isinstance(judge_means(fed_means(RATING, rows), RATING, SATISFACTION), NoRegressionWithinMargin)


def test_one_of_a_unit_is_told_in_the_singular() -> None:
    assert difference_words(Range(1.5, 1.0, 2.0), RATING, "points") == "1 to 2 points above"
    assert difference_words(Range(0.0, -1.0, 9.0), RATING, "points") == "at most 1 point below"
    assert difference_words(Range(0.0, -1.0, 900.0), TIME, "s") == "at most 1 s below"


def test_nothing_seen_is_no_data() -> None:
    verdict = judge_means(start_means(), RATING, SATISFACTION)

    assert isinstance(verdict, NoData)
    assert verdict.sentence == "nothing is known of satisfaction on 2.1 yet"


def test_silence_is_no_data_and_says_why() -> None:
    state = fed_means(RATING, [*rated(4.12), *[interval([4.0], [])] * 10])
    verdict = judge_means(state, RATING, SATISFACTION)

    assert isinstance(verdict, NoData)
    assert verdict.sentence == (
        "no usable figures of satisfaction on 2.1 for 10 min: the new version had no values"
    )


def test_a_shown_loss_outranks_silence() -> None:
    state = fed_means(RATING, [*rated(3.0), *[interval([4.0], [])] * 60])

    assert isinstance(judge_means(state, RATING, SATISFACTION), Regression)


def test_losses_are_large_enough_by_their_own_direction() -> None:
    figures = judge_means(fed_means(RATING, rated(3.4)), RATING, SATISFACTION).figures

    assert is_large_enough(replace(figures, min_effect=0.5))
    assert not is_large_enough(replace(figures, min_effect=1.5))
    assert not is_large_enough(replace(figures, higher_is_worse=True, min_effect=0.1))


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (Range(-0.45, -0.6, -0.3), "0.3 to 0.6 points below"),
        (Range(0.45, 0.3, 0.6), "0.3 to 0.6 points above"),
        (Range(0.0, -0.25, 0.125), "between 0.25 points below and 0.12 points above"),
        (Range(1.0, 0.3, 4.0), "at least 0.3 points above"),
        (Range(-1.0, -4.0, -0.3), "at least 0.3 points below"),
        (Range(0.0, -0.3, 4.0), "at most 0.3 points below"),
        (Range(0.0, -4.0, 0.3), "at most 0.3 points above"),
        (Range(0.0, -4.0, 4.0), "an unknown amount above or below"),
        (Range(0.0, -1e-9, 0.5), "between 0 points below and 0.5 points above"),
    ],
)
def test_differences_are_worded_for_people(found: Range, words: str) -> None:
    assert difference_words(found, RATING, "points") == words


def test_large_numbers_keep_their_digits() -> None:
    assert difference_words(Range(150, 123.4, 170.0), TIME, "s") == "123 to 170 s above"


def test_a_larger_loss_needs_less_time_and_one_within_the_margin_is_never_seen() -> None:
    def needed(loss: float) -> float | None:
        return seconds_to_see_loss(loss, values_per_s=2, share=0.5, mean=4.12, sd=1.1, settings=RATING)

    large, small = needed(1.0), needed(0.5)

    assert large is not None
    assert small is not None
    assert 60 < large < small / 3
    assert needed(0.2) is None


def test_the_expected_time_is_about_the_one_it_takes() -> None:
    expected_s = seconds_to_see_loss(0.72, values_per_s=1.5, share=1 / 3, mean=4.12, sd=1.3, settings=RATING)
    taken = [until_regression(rated(3.4, seed=seed)).elapsed_s for seed in range(11)]

    assert expected_s is not None
    assert expected_s / 2 < sorted(taken)[5] < expected_s * 2


def test_noise_that_wanders_makes_it_slower_and_a_small_loss_out_of_reach() -> None:
    wandering = replace(RATING, noise=Noise(burst=1.0, slow_sd=0.2, slow_s=900.0))

    def needed(noisy: bool) -> float | None:
        chosen = wandering if noisy else RATING
        return seconds_to_clear_of_loss(values_per_s=2, share=0.5, mean=4.12, sd=1.1, settings=chosen)

    quiet_s, noisy_s = needed(False), needed(True)

    assert quiet_s is not None
    assert noisy_s is not None
    assert noisy_s > 2 * quiet_s
    assert (
        seconds_to_see_loss(0.2001, values_per_s=2, share=0.5, mean=4.12, sd=1.1, settings=wandering) is None
    )


def test_without_traffic_nothing_is_foretold() -> None:
    assert seconds_to_clear_of_loss(values_per_s=0, share=0.5, mean=4, sd=1, settings=RATING) is None
    assert seconds_to_clear_of_loss(values_per_s=1, share=1.0, mean=4, sd=1, settings=RATING) is None
