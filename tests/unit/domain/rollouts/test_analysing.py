"""What a rollout does with the statistical comparison: acts, asks, holds, passes early."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import timedelta

import pytest

from sluiceway.domain.analysis.counts import Interval, Problem
from sluiceway.domain.analysis.means import MeanInterval
from sluiceway.domain.analysis.noise import INDEPENDENT, Noise
from sluiceway.domain.analysis.verdict import NoData, NoRegressionWithinMargin, Regression
from sluiceway.domain.process.comparable import COMPARABLE
from sluiceway.domain.process.plan import (
    Action,
    AnalysedMetric,
    Analysis,
    Audience,
    Comparison,
    Criterion,
    CriterionKind,
    MetricSource,
    UsualNoise,
    WhenInconclusive,
)
from sluiceway.domain.rollouts.analysing import figures_of, find, subject_of
from sluiceway.domain.rollouts.analysis_words import early_waits, evidence_words
from sluiceway.domain.rollouts.comparing import unseen
from sluiceway.domain.rollouts.decision import decide
from sluiceway.domain.rollouts.model import CommandKind, Counted, Phase
from tests.unit.domain.rollouts.world import NEW, STABLE, World, a_plan, a_trigger, expression

ERRORS = AnalysedMetric("errors", MetricSource.ENVOY)
SLOW = AnalysedMetric("slow_requests", MetricSource.ENVOY)
ALIKE = Interval(9_500, 95, 500, 5, 10.0)
WORSE = Interval(9_500, 95, 500, 40, 10.0)
NO_REGRESSION = Criterion("no_performance_regression", CriterionKind.ANALYSIS)


def an_analysis(*metrics: AnalysedMetric, **more: object) -> Analysis:
    told: dict[str, object] = {"noise": UsualNoise.INDEPENDENT, **more}
    return replace(Analysis(metrics or (ERRORS,)), **told)  # type: ignore[arg-type]


def a_world(analysis: Analysis, *weights_bp: int, criteria: tuple[Criterion, ...] = ()) -> World:
    plan = a_plan(*(weights_bp or (500, 2_500, 10_000)), criteria=criteria)
    world = World(replace(plan, analysis=analysis))
    world.counts = {metric.name: ALIKE for metric in analysis.metrics}
    return world


def in_first_stage(world: World, ticks: int = 3) -> World:
    world.run(until=Phase.PROGRESSING)
    for _ in range(ticks):
        world.tick()
    assert world.state.stage_index == 0
    return world


def test_a_regression_is_rolled_back_and_names_itself_with_its_figures() -> None:
    world = in_first_stage(a_world(an_analysis()))
    world.counts["errors"] = WORSE

    world.run(until=Phase.ROLLING_BACK, ticks=10)

    assert world.state.phase is Phase.ROLLING_BACK
    decided = next(each for each in world.decisions if each.kind == "rollback-decided")
    assert decided.by == "analysis:errors"
    assert decided.why.startswith("immediate rollback: analysis: errors on 2.0 are ")
    assert "limit 1.25" in decided.why
    figures = dict(decided.figures)
    assert figures["errors.evidence"] >= figures["errors.needed"] == pytest.approx(100)  # type: ignore[operator]
    assert figures["errors.low"] > 1.25  # type: ignore[operator]


def test_a_version_that_is_no_worse_goes_through() -> None:
    world = a_world(an_analysis())

    world.run()

    assert world.state.phase is Phase.PROMOTED


def test_without_known_noise_a_person_is_asked_instead() -> None:
    world = in_first_stage(a_world(an_analysis(noise=UsualNoise.LEARNED)))
    world.counts["errors"] = replace(WORSE, x1=200)

    world.run(until=Phase.PAUSED, ticks=60)

    assert world.state.pause is not None
    assert world.state.pause.asks
    assert "how much two equally good versions differ here is not known yet" in world.state.pause.reason


def test_with_learned_noise_it_acts_by_itself() -> None:
    world = in_first_stage(a_world(an_analysis(noise=UsualNoise.LEARNED)))
    world.noise["errors"] = Noise(burst=1.5, slow_sd=0.05, slow_s=300.0)
    world.counts["errors"] = replace(WORSE, x1=100)

    world.run(until=Phase.ROLLING_BACK, ticks=60)

    assert world.state.phase is Phase.ROLLING_BACK


def test_each_interval_counts_once_however_often_it_is_seen() -> None:
    world = in_first_stage(a_world(an_analysis()))
    seen = world.observe()
    once = decide(world.state, seen, world.now).state

    again = decide(once, seen, world.now).state

    assert once.analysis is not None
    assert again.analysis == once.analysis


def test_what_was_counted_before_the_first_stage_is_not_held_against_anyone() -> None:
    world = a_world(an_analysis())
    world.counts["errors"] = WORSE
    world.run(until=Phase.PROGRESSING)
    world.tick()
    world.counts.clear()
    world.tick()

    assert world.state.analysis is not None
    assert all(each.evidence.n1 <= WORSE.n1 for each in world.state.analysis.metrics)


def test_a_person_may_go_on_in_spite_of_it_and_is_not_asked_again() -> None:
    world = in_first_stage(a_world(an_analysis(on_regression=Action.ASK)))
    world.counts["errors"] = WORSE
    world.run(until=Phase.PAUSED, ticks=10)

    world.ask(CommandKind.RESUME)
    for _ in range(10):
        world.tick()

    assert world.state.phase is Phase.PROGRESSING
    assert world.kinds.count("asked") == 1
    assert world.state.muted == ("analysis:errors",)


def test_what_comes_and_goes_at_the_limit_is_asked_once() -> None:
    world = in_first_stage(a_world(an_analysis(replace(ERRORS, min_effect=0.05), on_regression=Action.ASK)))
    world.counts["errors"] = WORSE
    world.run(until=Phase.PAUSED, ticks=10)
    world.ask(CommandKind.RESUME)

    for bad in (10, 10, 10, 40, 40, 40) * 3:  # the difference falls below what matters, and is back
        world.counts["errors"] = replace(WORSE, x1=bad)
        world.tick()

    assert world.kinds.count("asked") == 1
    assert world.state.muted == ("analysis:errors",)


def test_a_regression_that_was_gone_is_asked_about_again() -> None:
    world = in_first_stage(a_world(an_analysis(on_regression=Action.ASK), 500, 2_500, 10_000))
    world.counts["errors"] = replace(WORSE, x1=15)
    world.run(until=Phase.PAUSED, ticks=20)
    world.ask(CommandKind.RESUME)
    world.counts["errors"] = ALIKE
    while world.state.muted:
        world.tick()
    world.counts["errors"] = WORSE

    world.run(until=Phase.PAUSED, ticks=30)

    assert world.kinds.count("asked") == 2


def test_another_metric_still_acts_after_one_was_accepted() -> None:
    world = in_first_stage(a_world(an_analysis(ERRORS, SLOW, on_regression=Action.ASK)))
    world.counts["errors"] = WORSE
    world.run(until=Phase.PAUSED, ticks=10)
    world.ask(CommandKind.RESUME)
    world.counts["slow_requests"] = WORSE

    world.run(until=Phase.PAUSED, ticks=10)

    assert world.state.pause is not None
    assert world.state.pause.by == "analysis:slow_requests"


def test_several_metrics_that_are_each_a_little_worse_act_together() -> None:
    alone = in_first_stage(a_world(an_analysis(ERRORS, SLOW)))
    together = in_first_stage(a_world(an_analysis(ERRORS, SLOW)))
    slightly = Interval(950, 9.5, 50, 1.1, 1.0)
    alone.counts = {"errors": slightly, "slow_requests": Interval(950, 9.5, 50, 0.5, 1.0)}
    together.counts = {"errors": slightly, "slow_requests": slightly}

    while together.state.phase is Phase.PROGRESSING:
        alone.tick(seconds=1)
        together.tick(seconds=1)

    assert alone.state.phase is Phase.PROGRESSING
    assert together.state.phase is Phase.ROLLING_BACK
    assert together.state.rollback is not None
    assert together.state.rollback.by == "analysis"
    assert "errors and slow requests on 2.0 are together worse than on 1.0" in together.state.rollback.reason


def test_a_smaller_effect_than_the_process_cares_for_is_left_alone() -> None:
    analysis = an_analysis(replace(ERRORS, min_effect=0.1))
    world = in_first_stage(a_world(analysis))
    world.counts["errors"] = WORSE

    for _ in range(10):
        world.tick()

    assert world.state.phase is Phase.PROGRESSING


def test_a_shared_incident_holds_the_stage_and_is_not_blamed_on_the_new_version() -> None:
    world = in_first_stage(a_world(an_analysis()), ticks=20)
    world.counts["errors"] = Interval(9_500, 1_900, 500, 100, 10.0)

    for _ in range(60):
        world.tick()

    assert world.state.phase is Phase.PROGRESSING
    assert world.state.stage_index == 0
    assert "incident-began" in world.kinds
    assert "a shared incident, not held against 2.0" in world.state.waits_for[0]


def test_it_goes_on_when_the_incident_is_over() -> None:
    world = in_first_stage(a_world(an_analysis()), ticks=20)
    world.counts["errors"] = Interval(9_500, 1_900, 500, 100, 10.0)
    for _ in range(60):
        world.tick()
    world.counts["errors"] = ALIKE

    world.run()

    assert world.state.phase is Phase.PROMOTED
    assert world.kinds.count("incident-began") == world.kinds.count("incident-over") == 1


@pytest.mark.parametrize(
    ("interval", "problem", "words"),
    [
        (Interval(0, 0, 0, 0, 10.0, is_missing=True), Problem.MISSING, "the source gave no figures"),
        (Interval(9_500, 95, 0, 0, 10.0), Problem.NO_REQUESTS_ON_NEW, "the new version had no requests"),
        (Interval(0, 0, 500, 5, 10.0), Problem.NO_REQUESTS_ON_STABLE, "no requests to compare with"),
        (Interval(9_500, math.nan, 500, 5, 10.0), Problem.NOT_A_NUMBER, "not a number"),
        (Interval(9_500, 95, -500, 5, 10.0), Problem.NEGATIVE, "counter was probably reset"),
        (Interval(9_500, 95, 3, 5, 10.0), Problem.MORE_BAD_THAN_REQUESTS, "counter was probably reset"),
        (Interval(9_500, 95, 500, 5, 10.0, skew_s=30.0), Problem.SKEWED, "clocks of their sources differ"),
    ],
)
@pytest.mark.parametrize("when", ["from the start", "later"])
def test_unusable_figures_are_named_and_never_pass_a_stage(
    interval: Interval, problem: Problem, words: str, when: str
) -> None:
    world = a_world(an_analysis())
    if when == "later":
        in_first_stage(world, ticks=10)
    world.counts["errors"] = interval

    for _ in range(120):
        world.tick()

    assert world.state.phase is Phase.PROGRESSING
    assert world.state.stage_index == 0
    (found,) = find(world.state)
    assert isinstance(found.verdict, NoData)
    assert found.verdict.problem is problem
    assert words in world.state.waits_for[0]
    assert world.kinds.count("holding") == 1


def test_too_few_requests_never_pass_a_stage() -> None:
    world = a_world(an_analysis())
    world.counts["errors"] = Interval(40, 0, 0.2, 0, 10.0)

    for _ in range(120):
        world.tick()

    assert world.state.stage_index == 0
    assert "it takes at least 50 requests on each" in world.state.waits_for[0]


@pytest.mark.parametrize(
    ("what", "phase"),
    [
        (WhenInconclusive.PAUSE, Phase.PAUSED),
        (WhenInconclusive.ROLLBACK, Phase.ROLLING_BACK),
    ],
)
def test_a_stage_without_data_ends_as_the_process_says(what: WhenInconclusive, phase: Phase) -> None:
    world = in_first_stage(a_world(an_analysis(on_no_data=what)))
    world.counts["errors"] = Interval(0, 0, 0, 0, 10.0, is_missing=True)

    world.run(until=phase, ticks=120)

    assert world.state.phase is phase
    decided = world.decisions[-1]
    assert decided.by == "analysis"
    assert "stage s0 has no answer from the analysis of errors: no usable figures" in decided.why


def test_a_sound_version_passes_stages_early_where_the_process_allows_it() -> None:
    usual, early = (a_world(an_analysis(promote_early=allowed, min_bake_s=60)) for allowed in (False, True))

    usual.run()
    early.run()

    assert usual.state.phase is early.state.phase is Phase.PROMOTED
    assert early.now - early.state.started_at < 0.7 * (usual.now - usual.state.started_at)
    passed = [each for each in early.decisions if each.kind == "promoted-early"]
    assert passed
    assert "1.5 times or more" in passed[0].why
    assert "promoted-early" not in usual.kinds


def test_a_minute_without_a_request_in_low_traffic_turns_nothing_back() -> None:
    analysis = an_analysis(on_no_data=WhenInconclusive.ROLLBACK)
    world = in_first_stage(a_world(analysis), ticks=0)
    world.counts["errors"] = Interval(20, 0, 1, 0, 20.0)
    for _ in range(59):
        world.tick()
    none = Interval(20, 0, 0, 0, 10.0)
    world.counts["errors"] = replace(none, seconds=30.0)
    for _ in range(3):
        world.tick()

    assert "no usable figures of errors on 2.0 for 90 s" in world.state.waits_for[0]

    world.counts["errors"] = none
    world.run(until=Phase.ROLLING_BACK, ticks=20)

    assert world.state.phase is Phase.ROLLING_BACK  # by now requests should have come


def test_after_a_time_in_which_nobody_counted_a_stage_waits_for_counts() -> None:
    world = in_first_stage(a_world(an_analysis()), ticks=20)
    world.counts.clear()
    world.now += timedelta(hours=2)  # nobody was there to count
    for _ in range(5):
        world.tick(seconds=1)

    assert world.state.stage_index == 0
    assert world.state.waits_for == ("counts of both versions: the last are 2 h 14 s old",)

    world.counts["errors"] = replace(ALIKE, seconds=5.0)
    world.tick()
    world.tick()

    assert world.state.stage_index == 1


def test_a_time_in_which_nobody_counted_is_silence_until_there_is_data() -> None:
    world = in_first_stage(a_world(an_analysis(on_no_data=WhenInconclusive.PAUSE)), ticks=20)
    world.now += timedelta(hours=2)
    world.counts["errors"] = Interval(0, 0, 0, 0, 15.0, is_missing=True)
    world.tick()

    assert world.state.phase is Phase.PAUSED
    assert "no usable figures of errors on 2.0 for 120 min" in world.decisions[-1].why


def test_who_resumes_a_stage_without_data_is_not_asked_again_and_mutes_nothing_else() -> None:
    world = in_first_stage(a_world(an_analysis(ERRORS, SLOW, on_no_data=WhenInconclusive.PAUSE)))
    known = dict(world.counts)
    world.counts = {name: Interval(0, 0, 0, 0, 10.0, is_missing=True) for name in known}
    world.run(until=Phase.PAUSED, ticks=120)
    world.ask(CommandKind.RESUME)
    for _ in range(20):
        world.tick()

    held = world.state
    world.counts = known
    world.tick()
    world.tick()

    assert (held.phase, held.stage_index, held.muted) == (Phase.PROGRESSING, 0, ("stage:no-data",))
    assert (world.kinds.count("paused"), world.kinds.count("holding")) == (1, 1)
    assert (world.state.stage_index, world.state.muted) == (1, ())


def test_what_a_lower_weight_showed_lets_no_stage_pass_early() -> None:
    analysis = an_analysis(promote_early=True, min_bake_s=60)
    world = in_first_stage(a_world(analysis, criteria=(expression("error_rate < 0.02"),)), ticks=0)
    world.figures(error_rate=0.05)
    for _ in range(40):  # much is known by then, but the criterion holds the stage
        world.tick()
    world.figures(error_rate=0.0)
    while world.state.stage_index == 0:
        world.tick()
    world.counts["errors"] = Interval(750, 7, 250, 4, 10.0)  # worse, at the higher load
    while world.state.stage_entered_at is None:
        world.tick()

    for _ in range(12):
        world.tick()

    assert isinstance(
        find(world.state)[0].verdict, NoRegressionWithinMargin
    )  # by the evidence of both stages
    assert (world.state.stage_index, world.state.phase) == (1, Phase.PROGRESSING)
    assert world.kinds.count("promoted-early") == 1


def test_a_stage_passes_early_on_enough_requests_of_its_own() -> None:
    metric = replace(ERRORS, limit_rate=0.5, min_requests=50)
    world = in_first_stage(a_world(an_analysis(metric, promote_early=True, min_bake_s=60)), ticks=0)
    while world.state.stage_index == 0:
        world.tick()
    world.counts["errors"] = Interval(100, 1, 4, 0, 10.0)
    while world.state.stage_entered_at is None:
        world.tick()
    entered = world.state.stage_entered_at

    while world.state.stage_index == 1:
        world.tick()

    assert (world.now - entered).total_seconds() == pytest.approx(140, abs=10)  # 13 times 4 requests


def test_a_stage_says_that_it_must_be_shown_at_its_own_weight() -> None:
    world = in_first_stage(a_world(an_analysis(promote_early=True, min_bake_s=60)), ticks=0)
    while world.state.stage_index == 0:
        world.tick()
    while world.state.stage_entered_at is None:
        world.tick()

    assert early_waits(world.state, find(world.state), world.now).startswith(
        "may pass early; that needs errors to be shown below 1.5 times stable at 25 % as well and"
    )


def test_no_stage_passes_before_the_shortest_bake() -> None:
    world = in_first_stage(a_world(an_analysis(promote_early=True, min_bake_s=400)), ticks=0)
    entered = world.now

    while world.state.stage_index == 0:
        world.tick()

    assert (world.now - entered).total_seconds() >= 390


def test_the_named_criterion_is_met_only_by_a_version_that_is_shown_to_be_sound() -> None:
    slightly = replace(ALIKE, x1=7)
    sound = a_world(an_analysis(), criteria=(NO_REGRESSION,))
    doubtful = a_world(an_analysis(), criteria=(NO_REGRESSION,))
    doubtful.counts["errors"] = slightly

    sound.run(ticks=300)
    doubtful.run(ticks=300)

    assert sound.state.phase is Phase.PROMOTED
    assert doubtful.state.stage_index == 0
    assert "no_performance_regression: too early to say" in doubtful.state.waits_for[0]


def test_thresholds_keep_acting_beside_it_and_name_themselves() -> None:
    world = a_world(an_analysis())
    world.plan = replace(world.plan, triggers=(a_trigger("error_rate > 0.05"),))
    world.state = replace(world.state, plan=world.plan)
    in_first_stage(world)
    world.figures(error_rate=0.5, side="new")

    world.run(until=Phase.ROLLING_BACK, ticks=10)

    assert world.state.rollback is not None
    assert world.state.rollback.by == "trigger:immediate-trigger"


def test_figures_for_the_audit_trail_are_finite_or_none() -> None:
    world = a_world(an_analysis())
    world.counts["errors"] = Interval(9_500, 0, 500, 0, 10.0)
    in_first_stage(world)

    figures = dict(figures_of(find(world.state)))

    assert figures["errors.high"] is None
    assert figures["errors.new_all"] == 500


def test_nothing_is_compared_while_only_one_version_has_users() -> None:
    world = a_world(an_analysis(), 0, 10_000)
    world.plan = replace(
        world.plan,
        stages=(replace(world.plan.stages[0], mirror_bp=1_000), world.plan.stages[1]),
    )
    world.state = replace(world.state, plan=world.plan)
    world.counts["errors"] = WORSE

    world.run()

    assert world.state.phase is Phase.PROMOTED
    assert world.state.analysis is not None
    assert all(each.evidence.n1 == 0 for each in world.state.analysis.metrics)


def test_chosen_users_are_compared_too() -> None:
    world = a_world(an_analysis(), 0, 10_000)
    inside = Audience("header", "x-team", ("us",))
    world.plan = replace(
        world.plan, stages=(replace(world.plan.stages[0], audience=(inside,)), world.plan.stages[1])
    )
    world.state = replace(world.state, plan=world.plan)
    world.counts["errors"] = WORSE

    world.run(until=Phase.ROLLING_BACK, ticks=20)

    assert world.state.phase is Phase.ROLLING_BACK


def test_the_promise_is_made_in_real_time_when_the_clock_runs_fast() -> None:
    world = a_world(an_analysis())
    world.run(until=Phase.PROGRESSING)
    seen = replace(world.observe(), speed=60.0)
    world.state = replace(world.state, stage_entered_at=world.now)

    state = decide(world.state, seen, world.now).state

    assert state.analysis is not None
    assert state.analysis.bake_s == 1_800 / 60


def test_a_bound_for_slow_answers_is_remembered_and_said() -> None:
    world = in_first_stage(a_world(an_analysis(SLOW)))
    world.counts.clear()
    state = world.state
    for _ in range(8):
        counted = Counted("slow_requests", world.now, WORSE, slower_than_ms=240.0)
        state = decide(state, replace(world.observe(), counted=(counted,)), world.now).state
        world.tick()

    (found,) = find(replace(state, plan=world.plan))
    assert isinstance(found.verdict, Regression)
    assert found.verdict.sentence.startswith("slow requests (over 240 ms) on 2.0 are ")


def test_independent_noise_is_what_the_process_declares_not_what_was_learned() -> None:
    world = a_world(an_analysis())
    world.noise["errors"] = Noise(burst=9.0, slow_sd=0.5, slow_s=300.0)
    in_first_stage(world)

    assert world.state.analysis is not None
    assert world.state.analysis.metrics[0].noise == INDEPENDENT
    assert (world.state.stable, world.state.new) == (STABLE, NEW)


def test_a_metric_may_be_declared_independent_beside_others_that_learn() -> None:
    declared = replace(SLOW, noise=UsualNoise.INDEPENDENT)
    world = in_first_stage(a_world(an_analysis(ERRORS, declared, noise=UsualNoise.LEARNED)))

    assert world.state.analysis is not None
    errors, slow = world.state.analysis.metrics
    assert (errors.noise.is_learned, slow.noise) == (False, INDEPENDENT)


SATISFACTION = AnalysedMetric(
    "user_satisfaction",
    MetricSource.PUSH,
    Comparison.MEANS,
    margin=0.2,
    sound_margin=0.4,
    low=1.0,
    high=5.0,
    higher_is_worse=False,
)


def ratings(new: float, stable: float = 4.0, count: int = 200, spread: float = 1.0) -> MeanInterval:
    """An interval of `count` ratings on each side with these means and this standard deviation."""
    squares = [count * (mean**2 + spread**2) for mean in (stable, new)]
    return MeanInterval(count, count * stable, squares[0], count, count * new, squares[1], 10.0)


def test_satisfaction_that_drops_is_rolled_back_with_its_difference() -> None:
    world = a_world(an_analysis(SATISFACTION))
    world.counts["user_satisfaction"] = ratings(4.0)
    in_first_stage(world)
    world.counts["user_satisfaction"] = ratings(3.2)

    world.run(until=Phase.ROLLING_BACK, ticks=60)

    assert world.state.rollback is not None
    assert world.state.rollback.by == "analysis:user_satisfaction"
    assert "user satisfaction on 2.0 is" in world.state.rollback.reason
    assert "points below that on 1.0; limit 0.2 points" in world.state.rollback.reason
    decided = next(each for each in world.decisions if each.kind == "rollback-decided")
    assert dict(decided.figures)["user_satisfaction.margin"] == 0.2


def test_equal_satisfaction_passes_beside_counts() -> None:
    world = a_world(an_analysis(ERRORS, SATISFACTION), criteria=(NO_REGRESSION,))
    world.counts["user_satisfaction"] = ratings(4.0)

    world.run(ticks=400)

    assert world.state.phase is Phase.PROMOTED


def test_evidence_of_another_kind_of_comparison_is_begun_anew() -> None:
    world = in_first_stage(a_world(an_analysis(replace(SATISFACTION, comparison=Comparison.COUNTS))))
    plan = replace(world.plan, analysis=an_analysis(SATISFACTION))
    world.state = replace(world.state, plan=plan)
    world.counts["user_satisfaction"] = ratings(4.0)

    world.tick()
    world.tick()

    (found,) = find(world.state)
    assert found.verdict.figures.n1 == 400


def test_two_metrics_make_one_promise_of_which_each_brings_its_part() -> None:
    world = in_first_stage(a_world(an_analysis(ERRORS, SLOW)))
    world.counts["errors"] = replace(WORSE, x1=14)

    world.run(until=Phase.ROLLING_BACK, ticks=20)

    errors = next(each for each in find(world.state) if each.metric.name == "errors")
    assert isinstance(errors.verdict, Regression)
    assert errors.verdict.figures.needed == pytest.approx(100)
    assert errors.verdict.figures.evidence == pytest.approx(100 * errors.evidence_share)
    assert errors.evidence_share >= 1
    assert evidence_words(errors, world.state) == "at most 1 release in 100 that is fine ever looks this bad"


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("errors", ("errors", "requests", "")),
        ("payment_failure_rate", ("failed payments", "payments", "")),
        ("order_completion", ("orders not completed", "orders", "")),
        ("conversion_rate", ("visits without conversion", "visits", "")),
        ("crashes", ("crashes", "instance time", "")),
        ("user_satisfaction", ("user satisfaction", "requests", "points")),
        ("session_duration", ("session duration", "requests", "s")),
    ],
)
def test_each_metric_is_called_what_it_is(name: str, found: tuple[str, str, str]) -> None:
    metric = COMPARABLE[name]
    subject = subject_of(metric, unseen(metric), a_world(an_analysis(metric)).state)

    assert (subject.noun, subject.of, subject.unit) == found
    assert subject.one_in == 100


def test_a_metric_may_be_silent_for_longer_than_others() -> None:
    patient = replace(SLOW, stale_s=180.0)
    world = in_first_stage(a_world(an_analysis(ERRORS, patient)))
    nothing = Interval(0, 0, 0, 0, 10.0, is_missing=True)
    world.counts = {"errors": nothing, "slow_requests": nothing}
    silent: list[list[bool]] = []
    for ticks in (7, 12):
        for _ in range(ticks):
            world.tick()
        silent.append([isinstance(each.verdict, NoData) for each in find(world.state)])

    assert silent == [[True, False], [True, True]]
