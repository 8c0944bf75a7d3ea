"""People's acts: what each does, and how each is refused by name."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sluiceway.domain.process.plan import Action, Criterion, CriterionKind, Strategy
from sluiceway.domain.rollouts.commands import possible_commands
from sluiceway.domain.rollouts.model import Command, CommandKind, Phase, SetTraffic, SplitSeen
from tests.unit.domain.rollouts.world import STABLE, World, a_plan


def running(world: World) -> World:
    world.run(until=Phase.PROGRESSING)
    world.tick()
    return world


def test_pause_keeps_the_weight_and_the_time_paused_does_not_count() -> None:
    world = running(World(a_plan(500, 10_000, duration_s=600)))
    world.ask(CommandKind.PAUSE, reason="lunch")
    for _ in range(200):
        world.tick()
    assert world.state.weight_bp == 500
    assert world.state.waits_for == ("a person to resume (ada: lunch)",)

    world.ask(CommandKind.RESUME)
    world.tick()

    assert world.state.stage_index == 0
    world.run()
    assert world.state.phase is Phase.PROMOTED


def test_abort_returns_all_traffic_to_stable() -> None:
    world = running(World(a_plan(5_000, 10_000)))

    world.ask(CommandKind.ABORT, reason="wrong build")
    world.run()

    assert world.state.phase is Phase.ABORTED
    assert world.split == SplitSeen(STABLE, None, 0)
    assert world.state.outcome == "2.0 was taken back: ada: wrong build"


def test_skip_goes_to_the_next_stage_at_once() -> None:
    world = running(World(a_plan(500, 2_500, 10_000)))

    world.ask(CommandKind.SKIP)

    assert world.state.weight_bp == 2_500


def test_skip_does_not_skip_an_approval() -> None:
    world = running(World(a_plan(500, 2_500, 10_000, approvals=(1,))))

    world.ask(CommandKind.SKIP)

    assert world.state.phase is Phase.AWAITING_APPROVAL
    assert world.state.weight_bp == 500


def test_promote_goes_to_full_weight() -> None:
    world = running(World(a_plan(500, 2_500, 10_000)))

    world.ask(CommandKind.PROMOTE)

    assert world.state.weight_bp == 10_000


def test_an_approval_lets_the_stage_begin_and_may_come_ahead_of_time() -> None:
    world = running(World(a_plan(500, 2_500, 10_000, approvals=(2,))))
    world.ask(CommandKind.APPROVE, subject="s2")

    world.run()

    assert world.state.phase is Phase.PROMOTED


def test_two_approvals_must_come_from_two_people() -> None:
    plan = a_plan(500, 10_000, approvals=(1,))
    approval = plan.stages[1].approval
    assert approval is not None
    second = replace(plan.stages[1], approval=replace(approval, count=2))
    world = running(World(replace(plan, stages=(plan.stages[0], second))))
    world.run(until=Phase.AWAITING_APPROVAL)

    world.ask(CommandKind.APPROVE)
    world.ask(CommandKind.APPROVE)
    assert world.refused == ["approve: ada already approved s1; another person is needed"]
    assert world.state.waits_for == ("2 approvals by lead for stage s1 (1 given)",)
    world.ask(CommandKind.APPROVE, by="bob")

    assert world.state.phase is Phase.PROGRESSING


def test_an_approval_of_nothing_names_what_can_be_approved() -> None:
    manual = Criterion("Users are content", CriterionKind.MANUAL)
    world = running(World(a_plan(500, 10_000, criteria=(manual,), approvals=(1,))))

    world.ask(CommandKind.APPROVE, subject="Users are happy")

    assert world.refused == ["approve: found Users are happy, expected one of: s1, Users are content"]


def test_a_gradual_rollback_can_be_hastened_but_not_slowed() -> None:
    world = running(World(a_plan(500, 5_000, 10_000)))
    world.ask(CommandKind.SKIP)
    world.ask(CommandKind.ROLLBACK, action=Action.GRADUAL)
    assert world.state.weight_bp == 500

    world.ask(CommandKind.ROLLBACK, action=Action.GRADUAL)
    assert world.refused[0].startswith("rollback: already on the way back (gradual since")
    world.ask(CommandKind.ROLLBACK, action=Action.IMMEDIATE)

    assert world.state.weight_bp == 0


def test_edit_replaces_the_stages_that_are_left() -> None:
    world = running(World(a_plan(500, 2_500, 10_000)))
    plan = world.plan
    shorter = replace(plan, stages=(plan.stages[0], plan.stages[2]))

    world.ask(CommandKind.EDIT, plan=shorter)
    world.ask(CommandKind.SKIP)

    assert world.state.weight_bp == 10_000
    assert "stages left were s1 25 %, s2 100 %; now s2 100 %" in world.decisions[-2].why


def test_edit_does_not_raise_the_weight_of_a_paused_rollout() -> None:
    world = running(World(a_plan(500, 10_000)))
    world.ask(CommandKind.PAUSE)
    stages = world.plan.stages
    bolder = replace(world.plan, stages=(replace(stages[0], weight_bp=5_000), stages[1]))

    world.ask(CommandKind.EDIT, plan=bolder)
    assert world.state.weight_bp == 500
    world.ask(CommandKind.RESUME)

    assert world.state.weight_bp == 5_000


def test_edit_that_drops_the_running_stage_is_refused() -> None:
    world = running(World(a_plan(500, 10_000)))

    world.ask(CommandKind.EDIT, plan=replace(world.plan, stages=world.plan.stages[1:]))

    assert world.refused == ["edit: stage s0 is running and must stay in the plan; found: s1"]


def test_edit_can_not_change_the_strategy() -> None:
    world = running(World(a_plan(500, 10_000)))

    world.ask(CommandKind.EDIT, plan=replace(world.plan, strategy=Strategy.BLUE_GREEN))

    assert world.refused == ["edit: found strategy blue-green, expected canary; start a new rollout"]


@pytest.mark.parametrize("kind", list(CommandKind))
def test_a_finished_rollout_refuses_every_act_by_name(kind: CommandKind) -> None:
    world = World(a_plan(10_000, duration_s=0))
    world.run()
    before = world.state

    outcome = world.ask(kind)

    assert world.state == before
    assert outcome.effects == ()
    assert world.refused == [f"{kind}: this rollout is finished (promoted); start a new one"]


def test_a_refusal_says_what_is_possible() -> None:
    world = running(World(a_plan(500, 10_000)))

    world.ask(CommandKind.RESUME)

    possible = "approve, pause, promote, skip, abort, rollback, retry, edit"
    assert world.refused == [f"resume: not possible while progressing; possible now: {possible}"]


def test_possible_commands_are_those_that_are_not_refused_for_their_phase() -> None:
    world = running(World(a_plan(500, 10_000)))

    assert CommandKind.RESUME not in possible_commands(world.state)
    assert CommandKind.PAUSE in possible_commands(world.state)


def test_two_acts_at_once_are_taken_in_order() -> None:
    world = running(World(a_plan(5_000, 10_000)))

    outcome = world.tick(
        Command(CommandKind.PAUSE, "ada", world.now), Command(CommandKind.ABORT, "bob", world.now)
    )

    assert world.kinds[-2:] == ["paused", "rollback-decided"]
    assert outcome.effects == (SetTraffic(STABLE, None, 0, urgent=True),)
