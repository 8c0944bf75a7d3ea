"""What `analysis` means: every key of the complete example, its defaults, and the notes worth giving."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluiceway.config import load_process, parse_process
from sluiceway.domain.process.plan import (
    Action,
    AnalysedMetric,
    Analysis,
    Comparison,
    MetricSource,
    Process,
    UsualNoise,
    WhenInconclusive,
)

COMPLETE = Path(__file__).with_name("good") / "complete.yaml"
STAGES = "rollout:\n  stages: [{weight: 5%, duration: 1h}, {weight: 100%}]\n"


def process_from(analysis: str, before: str = "") -> Process:
    return parse_process(f"{before}{STAGES}  analysis: {analysis}\n", "p.yaml")


def analysis_of(process: Process) -> Analysis:
    assert process.rollout is not None
    assert process.rollout.analysis is not None
    return process.rollout.analysis


def analysis_from(analysis: str, before: str = "") -> Analysis:
    return analysis_of(process_from(analysis, before))


def metric_from(metric: str, before: str = "") -> AnalysedMetric:
    return analysis_from(f"{{metrics: [{metric}]}}", before).metrics[0]


def complete(name: str) -> AnalysedMetric:
    metrics = {metric.name: metric for metric in analysis_of(load_process(COMPLETE)).metrics}
    return metrics[name]


def test_what_holds_for_the_whole_rollout_is_read_with_all_its_keys() -> None:
    analysis = analysis_of(load_process(COMPLETE))

    assert (analysis.alpha, analysis.beta) == (0.02, 0.1)
    assert (analysis.on_regression, analysis.on_no_data) == (Action.GRADUAL, WhenInconclusive.PAUSE)
    assert (analysis.promote_early, analysis.min_bake_s) == (True, 300.0)
    assert (analysis.stale_s, analysis.interval_s) == (120.0, 10.0)
    assert analysis.noise is UsualNoise.INDEPENDENT


def test_an_empty_analysis_takes_every_default() -> None:
    assert analysis_from("{}") == Analysis(
        metrics=(
            AnalysedMetric("errors", MetricSource.ENVOY, noun="errors", limit_rate=0.001),
            AnalysedMetric("slow_requests", MetricSource.ENVOY, noun="slow requests", limit_rate=0.001),
        ),
        alpha=0.01,
        beta=0.05,
        on_regression=Action.IMMEDIATE,
        on_no_data=WhenInconclusive.HOLD,
        promote_early=False,
        min_bake_s=60.0,
        stale_s=60.0,
        interval_s=5.0,
        noise=UsualNoise.LEARNED,
    )


def test_a_name_alone_takes_what_is_said_for_all() -> None:
    errors = complete("errors")

    assert (errors.margin, errors.sound_margin, errors.min_effect) == (1.3, 1.6, 0.001)
    assert (errors.min_requests, errors.min_bad, errors.weight) == (80, 3, 1.0)


def test_pushed_metrics_bear_more_silence_unless_the_process_says_how_much() -> None:
    named = "{metrics: [errors, payment_failure_rate, user_satisfaction: {stale: 10m}]"
    own = "metrics: {refunds: {source: push, unit: share}}\n"
    plain, told = analysis_from(f"{named}}}"), analysis_from(f"{named}, stale: 45s}}")
    refunds = analysis_from("{metrics: [refunds]}", own)

    assert [plain.stale_of(metric) for metric in plain.metrics] == [60.0, 180.0, 600.0]
    assert [told.stale_of(metric) for metric in told.metrics] == [45.0, 45.0, 600.0]
    assert [refunds.stale_of(metric) for metric in refunds.metrics] == [180.0]


def test_noise_may_be_declared_for_one_metric_alone() -> None:
    analysis = analysis_from("{metrics: [errors, user_satisfaction: {noise: independent}]}")

    assert [analysis.noise_of(metric) for metric in analysis.metrics] == [
        UsualNoise.LEARNED,
        UsualNoise.INDEPENDENT,
    ]


def test_a_metrics_own_settings_win_over_those_for_all() -> None:
    slow, refunds = complete("slow_requests"), complete("refunds")

    assert (slow.slower_than_ms, slow.margin, slow.sound_margin, slow.limit_rate) == (300.0, 1.5, 2.0, 0.05)
    assert (refunds.min_requests, refunds.min_bad) == (10, 5)
    assert complete("payment_failure_rate").weight == 2.0


def test_the_defaults_for_all_reach_the_default_metrics() -> None:
    analysis = analysis_from("{margin: 1.4, minimum_effect: 0.2%, minimum_data: {bad: 7}}")

    assert [(m.margin, m.min_effect, m.min_bad, m.min_requests) for m in analysis.metrics] == [
        (1.4, 0.002, 7, 50)
    ] * 2


def test_crashes_are_limited_per_instance_and_time_and_know_no_points_of_percent() -> None:
    crashes = complete("crashes")

    assert (crashes.source, crashes.noun) == (MetricSource.DEPLOY, "crashes")
    assert crashes.limit_rate == pytest.approx(3 / 3_600)
    assert crashes.min_effect == 0.0
    assert metric_from("crashes").limit_rate == pytest.approx(1 / 3_600)


def test_a_limit_of_what_should_be_high_is_the_least_of_it() -> None:
    completion = complete("order_completion")

    assert (completion.comparison, completion.higher_is_worse) == (Comparison.COUNTS, False)
    assert completion.limit_rate == pytest.approx(0.02)
    assert completion.min_effect == 0.005
    assert complete("payment_failure_rate").limit_rate == 0.02


def test_a_score_is_compared_by_its_mean_in_its_own_unit() -> None:
    satisfaction = complete("user_satisfaction")

    assert (satisfaction.comparison, satisfaction.source) == (Comparison.MEANS, MetricSource.PUSH)
    assert (satisfaction.low, satisfaction.high, satisfaction.higher_is_worse) == (0.0, 10.0, False)
    assert (satisfaction.margin, satisfaction.sound_margin, satisfaction.min_effect) == (0.2, 0.4, 0.1)


def test_a_score_tolerates_a_twentieth_of_its_range_unless_told_otherwise() -> None:
    score = complete("user_feedback_score")

    assert (score.low, score.high) == (1.0, 5.0)
    assert score.margin == pytest.approx(0.2)
    assert score.sound_margin == 1.5
    assert metric_from("user_satisfaction").sound_margin == pytest.approx(0.4)


def test_a_loss_is_never_to_be_ruled_out_beyond_the_range() -> None:
    duration = complete("session_duration")

    assert (duration.margin, duration.sound_margin) == (2_400.0, 3_600.0)


def test_a_metric_of_running_totals_brings_its_queries() -> None:
    refunds = complete("refunds")

    assert (refunds.source, refunds.comparison, refunds.words) == (
        MetricSource.PROMETHEUS,
        Comparison.COUNTS,
        "refunds",
    )
    assert refunds.spec is not None
    assert refunds.spec.bad_query == 'sum(orders_total{v="{{version}}",refunded="yes"})'
    assert refunds.limit_rate is None


def test_errors_may_be_counted_by_prometheus_instead() -> None:
    errors = metric_from(
        "errors",
        """metrics: {errors: {bad: 'b{v="{{version}}"}', all: 'a{v="{{version}}"}', address: "http://p"}}\n""",
    )

    assert (errors.source, errors.noun, errors.limit_rate) == (MetricSource.PROMETHEUS, "errors", 0.001)


def test_own_pushed_shares_and_scores_are_compared() -> None:
    own = (
        "metrics:\n  checkouts: {source: push, unit: share, higher_is_worse: false}\n"
        "  basket: {source: push, unit: EUR}\n"
    )
    share = metric_from("checkouts: {limit: 90%}", own)
    mean = metric_from("basket: {low: 0, high: 500}", own)

    assert (share.comparison, share.higher_is_worse, share.limit_rate) == (Comparison.COUNTS, False, 0.1)
    assert (mean.comparison, mean.higher_is_worse, mean.margin) == (Comparison.MEANS, True, 25.0)


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("true", (True, 60.0)),
        ("false", (False, 60.0)),
        ("{after: 0}", (True, 0.0)),
        ("{after: 1h}", (True, 3_600.0)),
    ],
)
def test_stages_may_pass_early_at_once_or_after_a_time(written: str, found: tuple[bool, float]) -> None:
    analysis = analysis_from(f"{{promote_early: {written}}}")

    assert (analysis.promote_early, analysis.min_bake_s) == found


def test_expressions_keep_working_beside_the_analysis() -> None:
    process = parse_process(
        "rollout:\n  analysis: {}\n  stages:\n"
        "    - {weight: 5%, duration: 1h, criteria: [error_rate < 1%, no_performance_regression: true]}\n"
        "  triggers: [error_rate > 5%]\n"
    )

    assert process.rollout is not None
    assert [criterion.kind for criterion in process.rollout.stages[0].criteria] == ["expression", "analysis"]
    assert [trigger.expression for trigger in process.rollout.triggers] == ["error_rate > 0.05"]


def test_a_canary_deployment_has_an_analysis_too() -> None:
    process = parse_process(
        "canary_deployment:\n  analysis: {alpha: 5%}\n"
        "  success_criteria: No performance regression\n  progression: [5% for 1h, 100% if all is well]\n"
    )

    assert analysis_of(process).alpha == 0.05


def notes_of(text: str) -> list[str]:
    return [str(note) for note in parse_process(text, "p.yaml").notes if "has no service" not in note.message]


def test_an_analysis_that_rolls_back_is_as_good_as_a_trigger() -> None:
    assert notes_of(f"{STAGES}  analysis: {{}}\n") == []
    assert notes_of(f"{STAGES}  analysis: {{on_regression: ask}}\n") == [
        "p.yaml:2:3: rollout: has no criteria and no triggers, so nothing rolls back by itself"
    ]


def served(instances: str, analysis: str) -> list[str]:
    """Return what is noted of a service with so many instances whose versions are compared."""
    service = f"service: {{name: shop, command: 'run {{port}}'{instances}}}\ningress: {{listen: 8080}}\n"
    return notes_of(f"{service}{STAGES}  analysis: {analysis}\n")


ONE_INSTANCE = (
    "has one instance, which tells nothing of how much equally good instances differ, so the analysis asks a "
    "person instead of rolling back; run 2 or more, or write noise: independent where traffic is generated"
)


@pytest.mark.parametrize(
    ("instances", "place"), [("", "1:10: service"), (", instances: 1", "1:57: service.instances")]
)
def test_one_instance_teaches_nothing_of_how_much_instances_differ(instances: str, place: str) -> None:
    assert served(instances, "{}") == [f"p.yaml:{place}: {ONE_INSTANCE}"]


def test_two_instances_or_declared_noise_need_no_note() -> None:
    assert served(", instances: 2", "{}") == []
    assert served("", "{noise: independent}") == []


def test_without_an_analysis_one_instance_is_enough() -> None:
    text = f"service: {{name: shop, command: 'run {{port}}'}}\ningress: {{listen: 8080}}\n{STAGES}"

    assert [note for note in notes_of(text) if "one instance" in note] == []


def test_an_audience_is_compared_with_a_grain_of_salt() -> None:
    text = (
        "rollout:\n  stages:\n"
        "    - {name: team, weight: 0, duration: 1h, audience: {header: x-team, equals: us}}\n"
        "    - {weight: 100%}\n  analysis: {}\n"
    )

    wanted = (
        'p.yaml:5:13: rollout.analysis: stage "team" has an audience: users who were chosen, not drawn, may '
        "differ by themselves, so read a difference there with a grain of salt"
    )
    assert notes_of(text) == [wanted]


def test_a_pushed_metric_says_what_it_waits_for() -> None:
    wanted = (
        "p.yaml:3:24: rollout.analysis.metrics[0]: payment_failure_rate has no data until figures of both "
        "versions are pushed, and no stage passes without"
    )
    assert notes_of(f"{STAGES}  analysis: {{metrics: [payment_failure_rate]}}\n") == [wanted]


@given(percent=st.decimals("0.0001", "50", places=4), suffix=st.sampled_from(["", "%", " %", " percent"]))
def test_a_chance_keeps_its_amount(percent: object, suffix: str) -> None:
    suffix = suffix or ("" if float(str(percent)) >= 1 else "%")  # a bare 0.05 could mean two things
    assert analysis_from(f"{{alpha: '{percent}{suffix}'}}").alpha == pytest.approx(float(str(percent)) / 100)


@given(margin=st.floats(1.001, 100).map(lambda value: round(value, 3)))
def test_a_margin_keeps_its_amount(margin: float) -> None:
    assert [metric.margin for metric in analysis_from(f"{{margin: {margin}}}").metrics] == [margin, margin]
