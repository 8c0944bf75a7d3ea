"""What a rollout does next, driven through a world in memory."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from sluiceway.domain.process.plan import (
    Action,
    Audience,
    Criterion,
    CriterionKind,
    SmokeCheck,
    Strategy,
    WhenInconclusive,
)
from sluiceway.domain.rollouts.decision import decide
from sluiceway.domain.rollouts.model import CommandKind, Phase, SetTraffic, SplitSeen, StopVersion
from tests.unit.domain.rollouts.world import NEW, STABLE, World, a_plan, a_trigger, expression


def test_a_good_version_goes_through_every_stage_and_replaces_the_old_one() -> None:
    world = World(a_plan(500, 2_500, 10_000, criteria=(expression("error_rate < 0.01"),)))

    world.run()

    assert world.state.phase is Phase.PROMOTED
    assert world.split == SplitSeen(NEW, None, 0)
    assert world.wanted == {STABLE: 0, NEW: 1}
    weights = [e.new_weight_bp for e in world.delivered if isinstance(e, SetTraffic) and e.new == NEW]
    assert weights == [500, 2_500, 10_000]


def test_no_user_meets_the_new_version_before_it_is_healthy() -> None:
    world = World(a_plan(), healthy={STABLE: True, NEW: False})

    for _ in range(20):
        world.tick()

    assert world.state.phase is Phase.PREPARING
    assert world.split == SplitSeen(STABLE, None, 0)
    assert world.state.waits_for == ("2.0 to be healthy (0 of 1 instances are)",)


def test_a_version_that_never_becomes_healthy_is_taken_back_with_the_reason() -> None:
    world = World(a_plan(), healthy={STABLE: True, NEW: False})
    world.tick()
    world.failed[NEW] = "exited with status 3 four times"

    world.run()

    assert world.state.phase is Phase.ROLLED_BACK
    assert world.state.outcome == "2.0 was taken back: 2.0 can't run: exited with status 3 four times"
    assert world.split == SplitSeen(STABLE, None, 0)


def test_a_failed_smoke_check_ends_it_before_any_user_is_moved() -> None:
    world = World(a_plan(smoke=(SmokeCheck("/ready"),)), smoke_passes=False)

    world.run()

    assert world.state.phase is Phase.ROLLED_BACK
    assert "smoke check /ready failed on 2.0: 500" in world.state.outcome
    assert all(e.new is None for e in world.delivered if isinstance(e, SetTraffic))


def test_a_stage_does_not_pass_before_its_minimum_duration() -> None:
    world = World(a_plan(500, 10_000, duration_s=600))
    world.run(until=Phase.PROGRESSING)
    world.tick()
    entered = world.state.stage_entered_at
    assert entered is not None

    while world.state.stage_index == 0:
        world.tick()

    assert world.now - timedelta(seconds=10) >= entered + timedelta(seconds=600)


def test_a_stage_is_timed_from_when_its_split_is_in_force() -> None:
    world = World(a_plan(500, 10_000))
    world.run(until=Phase.PROGRESSING)
    world.split = SplitSeen(STABLE, None, 0)
    for _ in range(100):
        world.tick(deliver=False)

    assert world.state.stage_entered_at is None
    assert world.state.stage_index == 0


def test_a_criterion_that_is_not_met_holds_the_stage_and_says_so() -> None:
    world = World(a_plan(500, 10_000, criteria=(expression("error_rate < 0.01"),)))
    world.figures(error_rate=0.03, side="new")

    for _ in range(200):
        world.tick()

    assert world.state.phase is Phase.PROGRESSING
    assert world.state.stage_index == 0
    assert world.kinds.count("holding") == 1
    assert world.state.waits_for[0].startswith("error_rate < 0.01: ")


def test_no_data_is_never_a_pass() -> None:
    world = World(a_plan(500, 10_000, criteria=(expression("error_rate < 0.01"),)))
    world.figures(error_rate=None, requests=0, side="new")

    for _ in range(200):
        world.tick()

    assert world.state.stage_index == 0


def test_too_few_requests_are_no_data() -> None:
    world = World(a_plan(500, 10_000, criteria=(expression("error_rate < 0.01"),)))
    world.figures(error_rate=0.0, requests=19, side="new")

    for _ in range(200):
        world.tick()

    assert world.state.stage_index == 0
    assert "only 19 of the 20 requests" in world.state.waits_for[0]


@pytest.mark.parametrize(
    ("policy", "phase"),
    [(WhenInconclusive.PAUSE, Phase.PAUSED), (WhenInconclusive.ROLLBACK, Phase.ROLLED_BACK)],
)
def test_a_stage_without_data_does_what_the_process_says(policy: WhenInconclusive, phase: Phase) -> None:
    plan = a_plan(500, 10_000, criteria=(expression("error_rate < 0.01"),))
    plan = replace(plan, stages=tuple(replace(stage, inconclusive=policy) for stage in plan.stages))
    world = World(plan)
    world.figures(error_rate=None, requests=0)

    world.run(until=phase)

    assert world.state.phase is phase
    assert any("has no answer to error_rate < 0.01" in decision.why for decision in world.decisions)


def test_a_manual_criterion_waits_for_a_person() -> None:
    manual = Criterion("Users are content", CriterionKind.MANUAL)
    world = World(a_plan(500, 10_000, criteria=(manual,)))
    world.run(until=Phase.PROGRESSING)
    for _ in range(100):
        world.tick()
    assert world.state.stage_index == 0

    world.ask(CommandKind.APPROVE, subject="Users are content")

    assert world.state.stage_index == 1


def test_a_trigger_fires_only_after_its_window_without_a_gap() -> None:
    world = World(a_plan(500, 10_000, triggers=(a_trigger(window_s=300),)))
    world.run(until=Phase.PROGRESSING)
    for _ in range(20):
        world.figures(error_rate=0.2, side="new")
        world.tick()
    world.figures(error_rate=0.0, side="new")
    world.tick()
    assert world.state.phase is Phase.PROGRESSING
    world.figures(error_rate=0.2, side="new")
    bad_since = world.now

    world.run(until=Phase.ROLLING_BACK, seconds=10)

    assert world.state.rollback is not None
    assert world.state.rollback.decided_at - bad_since == timedelta(seconds=300)


def test_one_sample_never_fires_a_trigger_however_fast_the_clock_runs() -> None:
    world = World(a_plan(500, 10_000, duration_s=1e6, triggers=(a_trigger(window_s=300),)))
    world.run(until=Phase.PROGRESSING, seconds=3_600)
    world.figures(error_rate=0.2, side="new")

    world.tick(seconds=3_600)
    assert world.state.rollback is None
    world.tick(seconds=3_600)

    assert world.state.phase is Phase.ROLLING_BACK


def test_the_same_sample_seen_twice_counts_once() -> None:
    world = World(a_plan(500, 10_000, duration_s=1e6, triggers=(a_trigger(),)))
    world.run(until=Phase.PROGRESSING)
    world.figures(error_rate=0.2, side="new")
    seen = world.observe()

    state = decide(world.state, seen, world.now).state
    state = decide(state, seen, world.now + timedelta(seconds=60)).state

    assert state.phase is Phase.PROGRESSING
    assert [breach.samples for breach in state.breaches] == [1]


def test_immediate_takes_all_traffic_back_in_one_urgent_step_and_then_stops_the_new_version() -> None:
    world = World(a_plan(2_500, 10_000, triggers=(a_trigger(),)))
    world.run(until=Phase.PROGRESSING)
    world.tick()
    world.figures(error_rate=0.2, side="new")
    world.tick()

    outcome = world.tick()

    assert outcome.effects == (SetTraffic(STABLE, None, 0, urgent=True),)
    world.run()
    assert world.state.phase is Phase.ROLLED_BACK
    assert StopVersion(NEW) in world.delivered
    assert world.kinds[-3:] == ["rollback-decided", "traffic-safe", "rolled-back"]


def test_emergency_stops_the_new_version_without_draining() -> None:
    world = World(a_plan(2_500, 10_000, triggers=(a_trigger(action=Action.EMERGENCY),)))
    world.run(until=Phase.PROGRESSING)
    world.figures(error_rate=0.2, side="new")

    world.run()

    assert StopVersion(NEW, force=True) in world.delivered


def test_users_are_told_to_be_safe_even_when_the_new_version_was_gone_before_the_proxy_answered() -> None:
    world = World(a_plan(2_500, 10_000, triggers=(a_trigger(action=Action.EMERGENCY),)))
    world.run(until=Phase.PROGRESSING)
    world.figures(error_rate=0.2, side="new")
    world.run(until=Phase.ROLLING_BACK)
    world.proxy_answers = False
    world.tick()
    assert world.wanted[NEW] == 0

    world.proxy_answers = True
    world.split = SplitSeen(STABLE, None, 0)
    world.run()

    assert world.kinds[-3:] == ["rollback-decided", "traffic-safe", "rolled-back"]


def test_gradual_steps_down_through_the_stage_weights() -> None:
    plan = a_plan(500, 2_500, 5_000, 10_000, triggers=(a_trigger(action=Action.GRADUAL),))
    world = World(plan)
    while world.state.stage_index < 2:
        world.tick()
    world.figures(error_rate=0.2, side="new")
    before = len(world.delivered)

    world.run()

    weights = [e.new_weight_bp for e in world.delivered[before:] if isinstance(e, SetTraffic)]
    assert weights in ([2_500, 500, 0], [5_000, 2_500, 500, 0])
    assert world.state.phase is Phase.ROLLED_BACK


def test_the_most_severe_trigger_wins() -> None:
    triggers = (
        a_trigger(action=Action.PAUSE),
        a_trigger(action=Action.EMERGENCY),
        a_trigger(action=Action.GRADUAL),
    )
    world = World(a_plan(2_500, 10_000, triggers=triggers))
    world.run(until=Phase.PROGRESSING)
    world.figures(error_rate=0.2, side="new")

    world.run()

    assert world.state.rollback is not None
    assert world.state.rollback.action is Action.EMERGENCY


def test_without_automatic_rollback_a_trigger_asks_a_person() -> None:
    plan = replace(a_plan(500, 10_000, triggers=(a_trigger(),)), automatic_rollback=False)
    world = World(plan)
    world.run(until=Phase.PROGRESSING)
    world.figures(error_rate=0.2, side="new")

    world.run(until=Phase.PAUSED)

    assert world.state.pause is not None
    assert world.state.pause.asks


def test_a_trigger_that_asked_stays_silent_after_the_person_went_on_until_it_recovers() -> None:
    world = World(a_plan(500, 10_000, duration_s=1e6, triggers=(a_trigger(action=Action.ASK),)))
    world.run(until=Phase.PROGRESSING)
    world.figures(error_rate=0.2, side="new")
    world.run(until=Phase.PAUSED)

    world.ask(CommandKind.RESUME)
    for _ in range(10):
        world.tick()
    assert world.state.pause is None
    world.figures(error_rate=0.0, side="new")
    world.tick()
    world.figures(error_rate=0.2, side="new")
    world.run(until=Phase.PAUSED, ticks=5)

    assert world.state.phase is Phase.PAUSED


def test_a_rollback_trigger_acts_while_paused() -> None:
    world = World(a_plan(500, 10_000, triggers=(a_trigger(),)))
    world.run(until=Phase.PROGRESSING)
    world.ask(CommandKind.PAUSE)
    world.figures(error_rate=0.2, side="new")

    world.run()

    assert world.state.phase is Phase.ROLLED_BACK


def test_blue_green_starts_at_zero_and_keeps_the_old_side_for_an_instant_way_back() -> None:
    plan = a_plan(0, 5_000, 10_000, strategy=Strategy.BLUE_GREEN, keep_old_s=86_400, triggers=(a_trigger(),))
    world = World(plan)
    world.run(until=Phase.KEEPING)
    assert world.wanted == {STABLE: 1, NEW: 1}
    world.figures(error_rate=0.2, side="new")

    world.tick()
    outcome = world.tick()

    assert outcome.effects == (SetTraffic(STABLE, None, 0, urgent=True),)
    world.run()
    assert world.state.phase is Phase.ROLLED_BACK


def test_the_old_side_is_retired_when_its_time_is_over() -> None:
    world = World(a_plan(10_000, keep_old_s=3_600))
    world.run(until=Phase.KEEPING)
    began = world.now

    world.run()

    assert world.state.phase is Phase.PROMOTED
    assert world.now - began >= timedelta(seconds=3_600)


def test_a_criterion_against_the_baseline_can_pass_at_full_weight() -> None:
    world = World(a_plan(5_000, 10_000, criteria=(expression("p95_ms <= 1.1 * baseline.p95_ms"),)))
    while world.state.weight_bp < 10_000:
        world.tick()
    world.figures(p95_ms=None, error_rate=None, requests=0, side="stable")

    world.run()

    assert world.state.phase is Phase.PROMOTED


def test_traffic_is_not_sent_to_a_stable_version_that_is_not_running() -> None:
    world = World(a_plan(5_000, 10_000))
    world.run(until=Phase.PROGRESSING)
    world.tick()
    world.wanted[STABLE] = 0

    outcome = world.ask(CommandKind.ROLLBACK)

    assert not [e for e in outcome.effects if isinstance(e, SetTraffic)]
    world.run()
    assert world.split == SplitSeen(STABLE, None, 0)
    assert world.state.phase is Phase.ROLLED_BACK


def test_an_audience_is_routed_to_the_new_version_at_weight_zero() -> None:
    beta = Audience("header", "x-beta", ("yes",))
    plan = a_plan(0, 10_000)
    plan = replace(plan, stages=(replace(plan.stages[0], audience=(beta,)), plan.stages[1]))
    world = World(plan)

    world.run(until=Phase.PROGRESSING)
    world.tick()

    assert world.split == SplitSeen(STABLE, NEW, 0, (beta,))


def test_a_proxy_that_does_not_answer_holds_the_stage() -> None:
    world = World(a_plan(500, 10_000))
    world.run(until=Phase.PROGRESSING)
    world.tick()
    world.proxy_answers = False
    for _ in range(200):
        world.tick()

    assert world.state.stage_index == 0
    assert world.state.waits_for == ("the proxy to answer",)


def test_nothing_is_wanted_again_that_is_in_place() -> None:
    world = World(a_plan(500, 10_000, duration_s=1e6))
    world.run(until=Phase.PROGRESSING)
    world.tick()
    world.tick()

    assert world.tick().effects == ()


def test_a_split_that_somebody_else_changed_is_set_again() -> None:
    world = World(a_plan(500, 10_000, duration_s=1e6))
    world.run(until=Phase.PROGRESSING)
    world.tick()
    world.split = SplitSeen(STABLE, NEW, 9_900)

    assert world.tick().effects == (SetTraffic(STABLE, NEW, 500),)
