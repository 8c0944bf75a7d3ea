"""What a plan says that the comparison will see, stage by stage."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluiceway.domain.analysis.growth import Traffic
from sluiceway.domain.analysis.noise import CAUTIOUS, INDEPENDENT, Noise
from sluiceway.domain.analysis.planning import LIKELY, Spell, seconds_to_see, smallest_seen
from sluiceway.domain.process.plan import (
    AnalysedMetric,
    Analysis,
    Audience,
    Comparison,
    MetricSource,
    RolloutPlan,
    Stage,
    Strategy,
    UsualNoise,
)
from sluiceway.domain.rollouts.comparing import settings_of
from sluiceway.domain.rollouts.foreseeing import Expected, Foresight, Usual, foresee

ERRORS = AnalysedMetric("errors", MetricSource.ENVOY)
SLOW = AnalysedMetric("slow_requests", MetricSource.ENVOY)
PAYMENTS = AnalysedMetric("declined_payments", MetricSource.PROMETHEUS)
CRASHES = AnalysedMetric("crashes", MetricSource.DEPLOY)
BASKET = AnalysedMetric("basket", MetricSource.PUSH, Comparison.MEANS)
ANALYSIS = Analysis((ERRORS,), noise=UsualNoise.INDEPENDENT)
STAGES = (Stage("few", 500, 1_800), Stage("half", 5_000, 3_600), Stage("all", 10_000, 600))


def a_plan(*stages: Stage) -> RolloutPlan:
    return RolloutPlan(Strategy.CANARY, stages or STAGES)


def expected(rps: float = 40, rate: float = 0.01) -> Expected:
    return Expected(rps, {"errors": Usual(rate)})


def foreseen(analysis: Analysis = ANALYSIS, *stages: Stage, rps: float = 40) -> Foresight:
    return foresee(a_plan(*stages), analysis, expected(rps))


def test_a_stage_has_the_figures_of_the_planning_it_stands_on() -> None:
    found = foreseen()
    settings = settings_of(ANALYSIS, ERRORS, INDEPENDENT, 6_000)
    few, half = Traffic(40, 0.05, 0.01), Traffic(40, 0.5, 0.01)

    first, second = found.stages[0].metrics[0], found.stages[1].metrics[0]
    assert first.requests == 3_600
    assert first.here.half is not None
    assert first.here.half.ratio == smallest_seen([Spell(few, 1_800)], settings)
    assert first.here.half.rate == pytest.approx(first.here.half.ratio * 0.01)
    assert first.delays[1].half_s == seconds_to_see(5.0, few, settings)
    assert first.delays[1].most_s == seconds_to_see(5.0, few, settings, chance=LIKELY)
    assert second.so_far.half is not None
    assert second.so_far.half.ratio == smallest_seen([Spell(few, 1_800), Spell(half, 3_600)], settings)
    assert second.here.half is not None
    assert second.here.half.ratio == smallest_seen([Spell(half, 3_600)], settings, is_late=True)


def test_the_last_stage_has_nothing_to_compare_with() -> None:
    last = foreseen().stages[-1]

    assert (last.is_compared, last.metrics, last.requests) == (False, (), 24_000)


def test_evidence_carries_over_to_the_end() -> None:
    found = foreseen()

    assert found.metrics[0].whole == found.stages[1].metrics[0].so_far


def test_a_stage_shorter_than_an_interval_counts_nothing() -> None:
    found = foreseen(ANALYSIS, Stage("blink", 500, 4.9), Stage("all", 10_000, 600), rps=5_000)

    assert found.stages[0].metrics[0].here.half is None
    assert found.stages[0].metrics[0].requests == pytest.approx(1_225)


def test_metrics_share_the_error_budget() -> None:
    found = foreseen(replace(ANALYSIS, metrics=(ERRORS, replace(SLOW, weight=3.0))))

    assert [metric.alpha for metric in found.metrics] == [0.0025, 0.0075]


def test_rates_nobody_told_are_assumed_but_a_95th_percentile_is_5_percent() -> None:
    analysis = replace(ANALYSIS, metrics=(ERRORS, SLOW, replace(SLOW, slower_than_ms=200), PAYMENTS))

    found = foresee(a_plan(), analysis, Expected(40))

    assert [(metric.rate, metric.is_rate_assumed) for metric in found.metrics] == [
        (0.005, True),
        (0.05, False),
        (0.05, True),
        (0.01, True),
    ]


def test_a_metric_may_count_something_rarer_than_requests() -> None:
    analysis = replace(ANALYSIS, metrics=(ERRORS, PAYMENTS))
    told = Expected(40, {"declined_payments": Usual(0.02, rps=0.5)})

    found = foresee(a_plan(), analysis, told)

    assert [each.requests for each in found.stages[0].metrics] == [3_600, 45]
    assert found.stages[0].requests == 3_600
    assert found.metrics[1].rps == 0.5


def test_crashes_are_counted_of_the_seconds_of_instances() -> None:
    analysis = replace(ANALYSIS, metrics=(CRASHES,))

    found = foresee(a_plan(), analysis, Expected(40, instances=3))

    metric = found.metrics[0]
    assert (metric.is_of_time, metric.rps, metric.is_rate_assumed) == (True, 6.0, True)
    assert [stage.metrics[0].requests for stage in found.stages[:2]] == [5_400, 10_800]
    assert metric.rate_words(metric.rate) == "1 a day"
    assert found.stages[0].metrics[0].here.half is not None


@pytest.mark.parametrize(
    ("rate", "words"),
    [(1 / 86_400, "1 a day"), (1 / 3_600, "1 an hour"), (0.05, "3 a minute"), (2.0, "2 a second")],
)
def test_a_rate_of_time_is_told_in_the_unit_that_fits(rate: float, words: str) -> None:
    crashes = foresee(a_plan(), replace(ANALYSIS, metrics=(CRASHES,)), Expected(40)).metrics[0]

    assert crashes.rate_words(rate) == words


def test_means_are_not_foreseen() -> None:
    found = foreseen(replace(ANALYSIS, metrics=(ERRORS, BASKET), promote_early=True))

    assert found.not_foreseen == ("basket",)
    assert [metric.name for metric in found.metrics] == ["errors"]
    assert found.earliest_s == found.duration_s, "nobody knows when the mean is shown to be no worse"


@pytest.mark.parametrize(
    ("declared", "told", "planned"),
    [
        (UsualNoise.LEARNED, None, CAUTIOUS),
        (UsualNoise.INDEPENDENT, None, INDEPENDENT),
        (UsualNoise.INDEPENDENT, Noise(2.0, 0.1, 600.0), Noise(2.0, 0.1, 600.0)),
    ],
)
def test_noise_is_told_or_declared_or_cautious(
    declared: UsualNoise, told: Noise | None, planned: Noise
) -> None:
    found = foresee(a_plan(), replace(ANALYSIS, noise=declared), replace(expected(), noise=told))

    assert found.noise == planned


def test_stages_last_their_time_unless_they_may_pass_early() -> None:
    busy = foreseen(rps=1_000)
    early = foreseen(replace(ANALYSIS, promote_early=True), rps=1_000)

    assert (busy.duration_s, busy.earliest_s) == (6_000, 6_000)
    assert [stage.passes_after_s for stage in early.stages] == [70, 60, 600]
    assert early.earliest_s == 730


def test_a_version_is_shown_sound_by_all_stages_but_passes_early_by_one_alone() -> None:
    alone = foreseen(ANALYSIS, Stage("half", 5_000, 3_600)).stages[0].metrics[0]
    after = foreseen().stages[1].metrics[0]

    assert alone.no_worse_s is not None
    assert after.no_worse_s is not None
    assert after.no_worse_s < alone.no_worse_s
    assert after.no_worse_here_s == alone.no_worse_s

    early = foreseen(replace(ANALYSIS, promote_early=True)).stages[1]
    assert early.metrics[0].no_worse_here_s is not None
    assert early.passes_after_s == min(early.duration_s, early.metrics[0].no_worse_here_s)


def test_an_audience_alone_adds_nothing_that_is_known() -> None:
    audience = (Audience("header", "x-team", ("internal",)),)
    found = foreseen(ANALYSIS, Stage("colleagues", 0, 86_400, audience=audience), *STAGES)

    assert not found.stages[0].is_compared
    assert found.stages[1].metrics[0].here == found.stages[1].metrics[0].so_far


def test_a_ratio_beyond_every_request_has_no_rate_and_no_time() -> None:
    found = foresee(a_plan(), ANALYSIS, expected(rate=0.3))

    assert [(delay.ratio, delay.rate) for delay in found.stages[0].metrics[0].delays] == [
        (2.0, 0.6),
        (5.0, None),
        (10.0, None),
    ]
    assert found.stages[0].metrics[0].delays[1].half_s is None


def test_a_plan_without_a_comparison_sees_nothing() -> None:
    found = foreseen(ANALYSIS, Stage("all", 10_000, 600))

    assert found.metrics[0].whole.half is None
    assert found.earliest_s == 600


@given(
    rps=st.floats(0.05, 5_000),
    rate=st.floats(0.0001, 0.5),
    weight_bp=st.integers(1, 9_999),
    duration_s=st.floats(1, 1e6),
)
def test_nine_in_ten_ask_for_more_than_half_and_more_stages_never_see_less(
    rps: float, rate: float, weight_bp: int, duration_s: float
) -> None:
    plan = a_plan(Stage("a", weight_bp, duration_s), Stage("b", weight_bp, duration_s))

    first, second = (each.metrics[0] for each in foresee(plan, ANALYSIS, expected(rps, rate)).stages)

    for sight in (first.here, second.here, second.so_far):
        assert sight.most is None or (sight.half is not None and sight.half.ratio <= sight.most.ratio)
    if first.so_far.half is not None:
        assert second.so_far.half is not None
        assert second.so_far.half.ratio <= first.so_far.half.ratio * 1.001
    for delay in first.delays:
        assert delay.most_s is None or (delay.half_s is not None and delay.half_s <= delay.most_s)
