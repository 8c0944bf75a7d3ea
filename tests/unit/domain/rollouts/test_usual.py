"""Criteria and triggers that compare with what is usual for stable."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sluiceway.domain.process.expressions import Verdict
from sluiceway.domain.rollouts.judging import judge_stage
from sluiceway.domain.rollouts.model import Observation, Phase, Reading
from sluiceway.domain.rollouts.triggers import track
from tests.unit.domain.rollouts.world import World, a_plan, a_trigger, expression

CRITERION = expression("p95_ms <= 1.5 * history.p95_ms")


def a_world(new_ms: float, *, trigger: str = "p95_ms > 2 * history.p95_ms") -> World:
    """Both versions are equally slow now, as in a shared incident."""
    world = World(a_plan(criteria=(CRITERION,), triggers=(a_trigger(trigger),)))
    world.figures(p95_ms=new_ms)
    world.run(until=Phase.PROGRESSING)
    return world


def seen(world: World, usual_ms: float | None) -> Observation:
    return replace(world.observe(), history={"p95_ms": Reading(usual_ms)})


@pytest.mark.parametrize(
    ("usual_ms", "verdict", "words"),
    [
        (300.0, Verdict.MET, "p95_ms is 400 ms, must be <= 450 ms (1.5 * usual p95_ms)"),
        (200.0, Verdict.NOT_MET, "p95_ms is 400 ms, must be <= 300 ms (1.5 * usual p95_ms)"),
        (
            None,
            Verdict.NO_DATA,
            "no data for usual p95_ms (it takes an hour of history); must hold: " + CRITERION.text,
        ),
    ],
)
def test_a_criterion_is_held_to_what_is_usual(usual_ms: float | None, verdict: Verdict, words: str) -> None:
    world = a_world(400.0)

    (judged,) = judge_stage(world.plan.stages[0], world.state, seen(world, usual_ms))

    assert (judged.verdict, judged.found) == (verdict, words)


@pytest.mark.parametrize(("usual_ms", "fires"), [(100.0, True), (300.0, False), (None, False)])
def test_a_trigger_compares_with_what_is_usual_however_slow_stable_is_now(
    usual_ms: float | None, fires: bool
) -> None:
    world = a_world(400.0)
    state = world.state
    for _ in range(2):
        state, fired = track(state, seen(world, usual_ms), world.now)

    assert [one.found for one in fired] == (
        ["p95_ms is 400 ms, over the limit of 200 ms (2 * usual p95_ms)"] if fires else []
    )


def test_without_history_a_stage_never_passes_on_it() -> None:
    world = a_world(100.0)
    world.run(ticks=200)

    assert world.state.phase is Phase.PROGRESSING
    assert world.state.stage_index == 0
