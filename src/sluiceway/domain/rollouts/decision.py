"""The heart: what a rollout does next, given all that is known now.

`decide` is pure and level-triggered: it may be asked at any moment, with any observation, as often as one
likes. It returns the next state, the decisions made on the way, and the effects that would bring the world
to the state's wanted level; effects that were already carried out are not wanted again.

Order within one tick, most urgent first: people's acts, a version that failed for good, triggers, progress.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from sluiceway.domain.process.plan import FULL_WEIGHT_BP, Action
from sluiceway.domain.rollouts import moves
from sluiceway.domain.rollouts.analysing import (
    Alarm,
    begin_stage,
    blocking,
    find,
    find_alarm,
    follow_analysis,
    unmuted,
)
from sluiceway.domain.rollouts.commands import Refused, apply
from sluiceway.domain.rollouts.effects import is_in_force, wanted_effects
from sluiceway.domain.rollouts.judging import remembered_baseline
from sluiceway.domain.rollouts.model import (
    Command,
    Decision,
    Observation,
    Outcome,
    Phase,
    RolloutState,
)
from sluiceway.domain.rollouts.progress import advance
from sluiceway.domain.rollouts.triggers import Fired, track

_WATCHED = frozenset({Phase.PROGRESSING, Phase.AWAITING_APPROVAL, Phase.PAUSED, Phase.KEEPING})
_CAN_FAIL = _WATCHED | {Phase.PREPARING}


def decide(state: RolloutState, seen: Observation, now: datetime) -> Outcome:
    """Return what follows from `state` and what was `seen`, at process time `now`.

    A finished rollout stays exactly as it is. Never raises for anything observed; an act that is not
    possible comes back in `refused`.
    """
    if state.phase.is_terminal:
        return Outcome(state, refused=_refuse_all(state, seen.commands, now))
    state, decisions, refused = _take_commands(state, seen.commands, now)
    state, failed = _fail_if_hopeless(state, seen, now)
    state, fired = _watch(state, seen, now)
    state, compared = _compare(follow_analysis(state, seen, now), now)
    state, progressed = advance(_count_sample(state, seen, now), seen, now)
    return Outcome(
        state=state,
        effects=wanted_effects(state, seen),
        decisions=(*decisions, *failed, *fired, *compared, *progressed),
        refused=refused,
        wake_at=wake_at(state),
    )


def wake_at(state: RolloutState) -> datetime | None:
    """Return when time alone moves this rollout on, None when it waits for something else."""
    if state.phase is Phase.KEEPING:
        return state.keep_until
    if state.phase is Phase.ROLLING_BACK and state.rollback:
        return state.rollback.next_step_at
    stage = moves.current_stage(state)
    if state.phase is Phase.PROGRESSING and stage and state.stage_entered_at:
        return state.stage_entered_at + timedelta(seconds=stage.duration_s + state.paused_s)
    return None


def _refuse_all(
    state: RolloutState, commands: tuple[Command, ...], now: datetime
) -> tuple[tuple[Command, str], ...]:
    return _take_commands(state, commands, now)[2]


def _take_commands(
    state: RolloutState, commands: tuple[Command, ...], now: datetime
) -> tuple[RolloutState, list[Decision], tuple[tuple[Command, str], ...]]:
    decisions: list[Decision] = []
    refused: list[tuple[Command, str]] = []
    for command in commands:
        try:
            state, decision = apply(state, command, now)
        except Refused as refusal:
            refused.append((command, str(refusal)))
        else:
            decisions.append(decision)
    return state, decisions, tuple(refused)


def _fail_if_hopeless(
    state: RolloutState, seen: Observation, now: datetime
) -> tuple[RolloutState, list[Decision]]:
    """Turn back when a version can't run: the deploy provider gave up, or a smoke check failed."""
    if state.phase not in _CAN_FAIL:
        return state, []
    why = ""
    if seen.new_health.failed:
        why = f"{state.new} can't run: {seen.new_health.failed}"
    elif state.phase is Phase.PREPARING:
        if seen.stable_health.failed:
            why = f"{state.stable} can't run: {seen.stable_health.failed}"
        for result in seen.smoke:
            if not result.passed:
                why = f"smoke check {result.path} failed on {state.new}: {result.found}"
                break
    if not why:
        return state, []
    state, decision = moves.roll_back(state, action=Action.IMMEDIATE, by="deploy", why=why, now=now)
    return state, [decision]


def _watch(state: RolloutState, seen: Observation, now: datetime) -> tuple[RolloutState, list[Decision]]:
    """Bring the triggers up to date and carry out the most severe one that fires."""
    if state.phase not in _WATCHED:
        return state, []
    state, fired = track(state, seen, now)
    if not fired:
        return state, []
    worst = max(fired, key=lambda hit: _SEVERITY[hit.trigger.action])
    state, decision = _carry_out(state, worst, now)
    return state, [decision] if decision else []


_SEVERITY = {Action.ASK: 0, Action.PAUSE: 1, Action.GRADUAL: 2, Action.IMMEDIATE: 3, Action.EMERGENCY: 4}


def _carry_out(state: RolloutState, hit: Fired, now: datetime) -> tuple[RolloutState, Decision | None]:
    lasted = moves.duration_words((now - hit.since).total_seconds())
    why = f"trigger {hit.trigger.id} ({hit.trigger.text}) held for {lasted}: {hit.found}"
    by = f"trigger:{hit.trigger.id}"
    action = hit.trigger.action
    if action in {Action.PAUSE, Action.ASK} or not state.plan.automatic_rollback:
        if state.phase is Phase.PAUSED:
            return state, None
        asks = action is not Action.PAUSE
        return moves.pause(state, by=by, why=why, now=now, asks=asks, figures=hit.figures)
    return moves.roll_back(state, action=action, by=by, why=why, now=now, figures=hit.figures)


def _compare(state: RolloutState, now: datetime) -> tuple[RolloutState, list[Decision]]:
    """Act on what the statistical comparison has shown, and note shared incidents as they come and go."""
    if state.phase not in _WATCHED or state.analysis is None:
        return state, []
    found = find(state)
    state = unmuted(state, found)
    state, decisions = _note_incident(state, blocking(found))
    alarm = find_alarm(state, found)
    if alarm is None:
        return state, decisions
    state, acted = _act_on(state, alarm, now)
    return state, [*decisions, *acted]


def _act_on(state: RolloutState, alarm: Alarm, now: datetime) -> tuple[RolloutState, list[Decision]]:
    analysis = state.plan.analysis
    assert analysis is not None
    action = analysis.on_regression
    why = f"analysis: {alarm.why}"
    is_mild = action in {Action.PAUSE, Action.ASK}
    if is_mild or not alarm.is_trusted or not state.plan.automatic_rollback:
        if state.phase is Phase.PAUSED:
            return state, []
        asks = action is not Action.PAUSE
        state, decision = moves.pause(state, by=alarm.by, why=why, now=now, asks=asks, figures=alarm.figures)
    else:
        state, decision = moves.roll_back(
            state, action=action, by=alarm.by, why=why, now=now, figures=alarm.figures
        )
    return state, [decision]


def _note_incident(state: RolloutState, incidents: tuple[str, ...]) -> tuple[RolloutState, list[Decision]]:
    assert state.analysis is not None
    before, words = state.analysis.incident, "; ".join(incidents)
    if bool(before) == bool(words):
        return state, []
    state = replace(state, analysis=replace(state.analysis, incident=words))
    if words:
        return state, [Decision("incident-began", words, "analysis")]
    return state, [Decision("incident-over", "the shared incident is over; the rollout goes on", "analysis")]


def _count_sample(state: RolloutState, seen: Observation, now: datetime) -> RolloutState:
    """Note that this sample was seen, and the stage's start once its split is in force."""
    stage_runs = state.phase is Phase.PROGRESSING
    if stage_runs and state.stage_entered_at is None and is_in_force(state, seen):
        entered = replace(state, stage_entered_at=now, stage_samples=0, last_sample=seen.sample)
        return begin_stage(entered)
    if seen.sample == state.last_sample:
        return state
    counted = replace(
        state,
        last_sample=seen.sample,
        stage_samples=state.stage_samples + (1 if stage_runs and state.stage_entered_at else 0),
    )
    if stage_runs and state.weight_bp < FULL_WEIGHT_BP and (fresh := remembered_baseline(seen)):
        return replace(counted, baseline=fresh)
    return counted
