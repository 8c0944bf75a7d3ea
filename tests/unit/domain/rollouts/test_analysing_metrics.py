"""What is compared, how, and beside what: thresholds, audiences, noise, means, promises."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sluiceway.domain.analysis.counts import Interval
from sluiceway.domain.analysis.means import MeanInterval
from sluiceway.domain.analysis.noise import INDEPENDENT, Noise
from sluiceway.domain.analysis.verdict import NoData, Regression
from sluiceway.domain.process.comparable import COMPARABLE
from sluiceway.domain.process.plan import (
    AnalysedMetric,
    Audience,
    Comparison,
    MetricSource,
    UsualNoise,
)
from sluiceway.domain.rollouts.analysing import figures_of, find, subject_of
from sluiceway.domain.rollouts.analysis_words import evidence_words
from sluiceway.domain.rollouts.comparing import unseen
from sluiceway.domain.rollouts.decision import decide
from sluiceway.domain.rollouts.model import Counted, Phase
from tests.unit.domain.rollouts.compared import (
    ERRORS,
    NO_REGRESSION,
    SLOW,
    WORSE,
    a_world,
    an_analysis,
    in_first_stage,
)
from tests.unit.domain.rollouts.world import NEW, STABLE, a_trigger


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
