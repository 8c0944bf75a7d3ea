"""What a rollout does with a regression that the statistical comparison has shown: acts, or asks."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sluiceway.domain.analysis.counts import Interval
from sluiceway.domain.analysis.noise import Noise
from sluiceway.domain.process.plan import (
    Action,
    UsualNoise,
)
from sluiceway.domain.rollouts.decision import decide
from sluiceway.domain.rollouts.model import CommandKind, Phase
from tests.unit.domain.rollouts.compared import (
    ALIKE,
    ERRORS,
    SLOW,
    WORSE,
    a_world,
    an_analysis,
    in_first_stage,
)


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
