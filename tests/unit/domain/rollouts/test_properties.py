"""What must hold for every rollout whatever happens: random plans, random events, random order."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from sluiceway.domain.analysis.counts import Interval
from sluiceway.domain.process.plan import (
    FULL_WEIGHT_BP,
    Action,
    AnalysedMetric,
    Analysis,
    MetricSource,
    RolloutPlan,
    Strategy,
    UsualNoise,
    WhenInconclusive,
)
from sluiceway.domain.rollouts.model import Command, CommandKind, Phase, RolloutState, SetTraffic
from tests.unit.domain.rollouts.world import NEW, STABLE, World, a_plan, a_trigger, expression

Event = tuple[str, Any]

analyses = st.builds(
    Analysis,
    metrics=st.just((AnalysedMetric("errors", MetricSource.ENVOY),)),
    on_regression=st.sampled_from(Action),
    on_no_data=st.sampled_from(WhenInconclusive),
    promote_early=st.booleans(),
    noise=st.sampled_from(UsualNoise),
)
plans = st.builds(
    lambda weights, actions, keep, approvals, strategy, analysis: replace(
        a_plan(
            *sorted(weights),
            FULL_WEIGHT_BP,
            triggers=tuple(a_trigger(action=action, window_s=20) for action in actions),
            criteria=(expression("error_rate < 0.01"),),
            duration_s=30,
            keep_old_s=keep,
            approvals=tuple(approvals),
            strategy=strategy,
        ),
        analysis=analysis,
    ),
    st.lists(st.integers(1, FULL_WEIGHT_BP - 1), max_size=4, unique=True),
    st.lists(st.sampled_from(Action), max_size=3, unique=True),
    st.sampled_from([0, 60]),
    st.lists(st.integers(0, 4), max_size=2),
    st.sampled_from(Strategy),
    st.one_of(st.none(), analyses),
)
figures = st.one_of(st.integers(-5, 5_000).map(float), st.just(math.nan), st.just(math.inf))
intervals = st.builds(
    Interval, n0=figures, x0=figures, n1=figures, x1=figures, seconds=st.sampled_from([0.0, 5.0, 60.0])
)
events = st.lists(
    st.one_of(
        st.tuples(st.just("tick"), st.integers(1, 60)),
        st.tuples(st.just("errors"), st.sampled_from([None, 0.0, 0.2])),
        st.tuples(st.just("counts"), intervals),
        st.tuples(st.just("proxy"), st.booleans()),
        st.tuples(st.just("healthy"), st.booleans()),
        st.tuples(st.just("lost"), st.none()),
        st.tuples(st.just("meddled"), st.integers(0, FULL_WEIGHT_BP)),
        st.tuples(st.just("command"), st.tuples(st.sampled_from(CommandKind), st.sampled_from(Action))),
    ),
    max_size=40,
)


def play(world: World, event: Event) -> None:
    match event:
        case ("errors", rate):
            world.figures(error_rate=rate, requests=0 if rate is None else 500, side="new")
        case ("counts", interval):
            world.counts["errors"] = interval
        case ("proxy", answers):
            world.proxy_answers = bool(answers)
        case ("healthy", healthy):
            world.healthy[NEW] = bool(healthy)
        case ("lost", _):
            world.tick(deliver=False)
        case ("meddled", weight) if world.split and world.split.new:
            world.split = type(world.split)(STABLE, NEW, int(weight))
        case ("command", (kind, action)):
            world.tick(Command(kind, "ada", world.now, action=action, plan=world.plan))
        case ("tick", seconds):
            world.tick(seconds=float(seconds))
        case _:
            pass


def replay(plan: RolloutPlan, happened: list[Event], check: Callable[[RolloutState, World], None]) -> World:
    """Play the events, calling `check(state_before, world_after)` after each."""
    world = World(plan)
    for event in [("tick", 5)] * 3 + happened:
        before = world.state
        play(world, event)
        check(before, world)
    return world


@given(plan=plans, happened=events)
def test_every_split_that_is_asked_for_sums_to_everyone(plan: RolloutPlan, happened: list[Event]) -> None:
    world = replay(plan, happened, lambda _before, _world: None)

    for effect in world.delivered:
        if isinstance(effect, SetTraffic):
            assert 0 <= effect.new_weight_bp <= FULL_WEIGHT_BP
            assert effect.new is not None or effect.new_weight_bp == 0
            assert effect.stable in {STABLE, NEW}


@given(plan=plans, happened=events)
def test_after_a_rollback_was_decided_the_new_versions_weight_never_rises(
    plan: RolloutPlan, happened: list[Event]
) -> None:
    def check(before: RolloutState, world: World) -> None:
        if before.rollback is not None:
            assert world.state.weight_bp <= before.weight_bp
            assert world.state.rollback is not None
            assert world.state.audience == ()

    replay(plan, happened, check)


@given(plan=plans, happened=events)
def test_nothing_moves_while_paused_except_towards_stable(plan: RolloutPlan, happened: list[Event]) -> None:
    def check(before: RolloutState, world: World) -> None:
        if before.phase is Phase.PAUSED and world.state.phase is Phase.PAUSED:
            assert world.state.weight_bp <= before.weight_bp
            assert world.state.stage_index == before.stage_index

    replay(plan, happened, check)


@given(plan=plans, happened=events)
def test_finished_is_final(plan: RolloutPlan, happened: list[Event]) -> None:
    def check(before: RolloutState, world: World) -> None:
        if before.phase.is_terminal:
            assert world.state == before

    replay(plan, happened, check)


@given(plan=plans, happened=events)
def test_the_wanted_weight_is_always_one_that_a_stage_asks_for(
    plan: RolloutPlan, happened: list[Event]
) -> None:
    asked = {stage.weight_bp for stage in plan.stages} | {0}

    def check(_before: RolloutState, world: World) -> None:
        assert world.state.weight_bp in asked

    replay(plan, happened, check)


@given(plan=plans, happened=events)
@settings(max_examples=50)
def test_once_everything_is_well_and_people_agree_every_rollout_ends(
    plan: RolloutPlan, happened: list[Event]
) -> None:
    world = replay(plan, happened, lambda _before, _world: None)
    world.proxy_answers = True
    world.healthy[NEW] = True
    world.figures(error_rate=0.0)
    world.counts["errors"] = Interval(9_500, 95, 500, 5, 10.0)

    for round_number in range(200):
        if world.state.phase is Phase.PAUSED:
            world.ask(CommandKind.RESUME)
        elif world.state.phase is Phase.AWAITING_APPROVAL:
            world.ask(CommandKind.APPROVE, by=f"person {round_number}")
        else:
            world.tick(seconds=30)

    assert world.state.phase.is_terminal
    expected = NEW if world.state.phase is Phase.PROMOTED else STABLE
    assert world.split is None or (world.split.stable, world.split.new) == (expected, None)
    assert world.wanted.get(NEW, 0) == (1 if expected == NEW else 0)
