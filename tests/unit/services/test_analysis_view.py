"""The statistical comparison as people and programs are shown it."""

from __future__ import annotations

import json
from dataclasses import replace

from pydantic import TypeAdapter

from sluiceway.domain.analysis.counts import Interval
from sluiceway.domain.analysis.means import MeanInterval
from sluiceway.domain.process.comparable import COMPARABLE
from sluiceway.domain.process.plan import (
    AnalysedMetric,
    Comparison,
    MetricSource,
    MetricSpec,
    RolloutPlan,
    UsualNoise,
)
from sluiceway.domain.rollouts.model import Phase, RolloutId
from sluiceway.domain.rollouts.plotting import point_of
from sluiceway.ports.store import SamplePoint
from sluiceway.services.analysis_view import NOT_KNOWN, render_analysis
from sluiceway.services.limits import compared_limits
from sluiceway.services.views import RolloutView, SeriesView
from tests.unit.domain.rollouts.compared import (
    ALIKE,
    ERRORS,
    SLOW,
    WORSE,
    a_world,
    an_analysis,
    in_first_stage,
)
from tests.unit.domain.rollouts.world import a_plan
from tests.unit.services.desk import ADA, Office

SATISFACTION = AnalysedMetric(
    "satisfaction",
    MetricSource.PUSH,
    Comparison.MEANS,
    low=1,
    high=5,
    margin=0.1,
    sound_margin=0.3,
    higher_is_worse=False,
    spec=MetricSpec("satisfaction", MetricSource.PUSH, unit="points"),
)


def compared_plan(*metrics: AnalysedMetric) -> RolloutPlan:
    return replace(a_plan(500, 2_500, 10_000), analysis=an_analysis(*metrics))


def in_stage(office: Office, *, ticks: int = 6) -> str:
    rollout_id = office.put_rollout(compared_plan())
    office.desk.run(rollout_id, until="progressing")
    for _ in range(ticks):
        tick(office, rollout_id)
    return rollout_id


def tick(office: Office, rollout_id: str) -> None:
    world = office.desk.worlds[RolloutId(rollout_id)]
    world.counts = world.counts or {"errors": ALIKE}
    office.clock.advance(10)
    with office.store.begin() as tx:
        tx.wake(RolloutId(rollout_id), office.clock.wall())
    office.desk.tick()
    with office.store.begin() as tx:
        point = point_of(world.state, office.desk.seen[RolloutId(rollout_id)])
        tx.add_samples(RolloutId(rollout_id), [SamplePoint(office.clock.wall(), point)])


def test_a_plan_without_a_comparison_has_no_view_of_one() -> None:
    assert render_analysis(a_world(an_analysis()).state) is not None
    assert render_analysis(replace(a_world(an_analysis()).state, plan=a_plan())) is None


def test_before_the_first_stage_nothing_is_known_and_nothing_invented() -> None:
    view = render_analysis(a_world(an_analysis(ERRORS, SLOW)).state)

    assert view is not None
    assert not view.is_comparing
    assert [(each.verdict, each.ratio, each.new_all) for each in view.metrics] == [("no-data", None, 0.0)] * 2
    assert view.metrics[1].sentence == "slow requests on 2.0 and 1.0 have not been compared yet"


def test_a_metric_is_shown_with_its_figures_and_words() -> None:
    world = in_first_stage(a_world(an_analysis()), ticks=4)
    view = render_analysis(world.state)

    assert view is not None
    metric = view.metrics[0]
    assert (metric.new_bad, metric.new_all, metric.stable_bad, metric.stable_all) == (10, 1_000, 190, 19_000)
    assert metric.verdict == "undecided"
    assert metric.ratio is not None
    assert metric.low is not None
    assert metric.high is not None
    assert metric.low < metric.ratio < metric.high
    assert metric.range_words == f"{metric.low:.1f} to {metric.high:.1f} times"
    assert (metric.margin, metric.sound_margin, metric.is_noise_known) == (1.25, 1.5, True)


def test_what_is_unknown_survives_json_and_is_worded() -> None:
    world = a_world(an_analysis(noise=UsualNoise.LEARNED))
    world.counts = {"errors": replace(ALIKE, x0=0, x1=0)}
    view = render_analysis(in_first_stage(world).state)
    assert view is not None

    sent = json.loads(TypeAdapter(type(view)).dump_json(view))["metrics"][0]

    assert (sent["ratio"], sent["low"], sent["high"]) == (None, None, None)
    assert sent["range_words"] == NOT_KNOWN
    assert not sent["is_noise_known"]
    assert sent["noise_words"].endswith("so a person should decide")


def test_why_the_usual_noise_is_unknown_is_shown_before_the_first_stage_and_while_it_runs() -> None:
    world = a_world(an_analysis(noise=UsualNoise.LEARNED))
    world.noise_unknown = {"errors": "stable has one instance"}
    before = render_analysis(world.state, world.observe())
    after = render_analysis(in_first_stage(world).state)
    assert before is not None
    assert after is not None

    assert [view.metrics[0].is_noise_known for view in (before, after)] == [False, False]
    why = "how much two equally good versions differ here is not known yet (stable has one instance)"
    said = f"{why}, so a person should decide"
    assert [view.metrics[0].noise_words for view in (before, after)] == [said, said]


def test_what_was_counted_is_told_in_its_own_words() -> None:
    crashes, payments = COMPARABLE["crashes"], COMPARABLE["payment_failure_rate"]
    world = a_world(an_analysis(crashes, payments, SATISFACTION))
    world.counts["crashes"] = Interval(36, 1, 36, 0, 10.0)
    world.counts["satisfaction"] = MeanInterval(100, 420.0, 1_784.0, 100, 360.0, 1_320.0, 10.0)
    view = render_analysis(in_first_stage(world).state)
    assert view is not None

    assert [(each.of, each.new_words, each.stable_words) for each in view.metrics] == [
        ("instance time", "none", "1.67 per minute and instance"),
        ("payments", "1 % of payments", "1 % of payments"),
        ("values", "3.6 points", "4.2 points"),
    ]


def test_means_are_shown_as_a_difference_in_their_unit() -> None:
    world = a_world(an_analysis(SATISFACTION))
    world.counts = {"satisfaction": MeanInterval(100, 420.0, 1_784.0, 100, 360.0, 1_320.0, 10.0)}
    view = render_analysis(in_first_stage(world, ticks=4).state)
    assert view is not None
    metric = view.metrics[0]

    assert (metric.range_of, metric.unit, metric.is_higher_worse) == ("difference", "points", False)
    assert metric.low is not None
    assert metric.high is not None
    assert metric.low < -0.6 < metric.high
    assert metric.range_words.endswith("points below")
    assert metric.margin_words == "a loss of 0.1 points"
    assert metric.counts_words == "satisfaction is 3.6 in 200 values on 2.0; 4.2 in 200 on 1.0"
    assert view.promise == "at most 1 release in 100 that is no worse than tolerated is taken back"


def test_before_they_are_compared_means_are_a_difference_already() -> None:
    view = render_analysis(a_world(an_analysis(SATISFACTION)).state)

    assert view is not None
    assert (view.metrics[0].range_of, view.metrics[0].range_words) == ("difference", NOT_KNOWN)


def test_metrics_share_the_evidence_that_a_rollback_needs() -> None:
    world = in_first_stage(a_world(an_analysis(ERRORS, SLOW)))
    view = render_analysis(world.state)
    assert view is not None
    world.counts["errors"] = WORSE
    world.run(until=Phase.ROLLING_BACK, ticks=10)
    shown = render_analysis(world.state)
    assert shown is not None

    assert view.evidence_share == sum(each.evidence_share for each in view.metrics)
    assert (shown.evidence_share, shown.metrics[0].evidence_share) == (1.0, 1.0)
    assert shown.metrics[0].verdict == "regression"


def test_the_bound_of_what_is_slow_is_the_one_that_was_counted_by() -> None:
    world = in_first_stage(a_world(an_analysis(replace(SLOW, slower_than_ms=250.0))))

    view = render_analysis(world.state)

    assert view is not None
    assert view.metrics[0].slower_than_ms == 250.0


def test_a_view_of_a_rollout_carries_the_comparison_through_json(office: Office) -> None:
    rollout_id = in_stage(office)
    view = office.service.get(rollout_id, ADA)
    adapter = TypeAdapter(RolloutView)

    assert view.analysis is not None
    assert view.analysis.is_comparing
    assert adapter.validate_json(adapter.dump_json(view)) == view


def test_plots_carry_the_range_over_time_and_its_margins(office: Office) -> None:
    rollout_id = in_stage(office)
    for _ in range(4):
        tick(office, rollout_id)

    series = office.service.series(rollout_id, ADA)

    lows, highs = series.figures["analysis.errors.low"], series.figures["analysis.errors.high"]
    widths = [high / low for low, high in zip(lows, highs, strict=True) if low and high]
    assert len(widths) >= 8
    assert widths == sorted(widths, reverse=True)
    assert series.limits["analysis.errors.margin"] == 1.25
    assert series.limits["analysis.errors.sound_margin"] == 1.5
    assert len(series.figures["analysis.errors.evidence"]) == len(series.at)


def test_points_without_a_comparison_leave_a_gap(office: Office) -> None:
    rollout_id = in_stage(office)
    with office.store.begin() as tx:
        at = office.clock.wall()
        office.clock.advance(1)
        tx.add_samples(RolloutId(rollout_id), [SamplePoint(office.clock.wall(), {"weight_asked": 5.0})])

    series = office.service.series(rollout_id, ADA, after=at)

    assert series == SeriesView(series.at, {"weight_asked": (5.0,)}, series.limits, {})


def test_limits_are_named_after_each_compared_metric() -> None:
    plan = compared_plan(ERRORS, AnalysedMetric("failed_payments", MetricSource.PROMETHEUS, margin=1.1))

    assert compared_limits(plan) == {
        "analysis.errors.margin": 1.25,
        "analysis.errors.sound_margin": 1.5,
        "analysis.failed_payments.margin": 1.1,
        "analysis.failed_payments.sound_margin": 1.5,
    }
    assert compared_limits(a_plan()) == {}


def test_an_explanation_says_what_the_comparison_says(office: Office) -> None:
    rollout_id = in_stage(office)

    said = office.service.explain(rollout_id, ADA).compared[0]
    assert said.startswith("too early to say whether errors on 2.0")
