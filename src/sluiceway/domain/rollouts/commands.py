"""People's acts on a running rollout: which are possible from where, and what each one does.

Every refusal says what was asked, why it can't be, and what can be done instead.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import assert_never

from sluiceway.domain.process.plan import Action, CriterionKind, RolloutPlan, Stage
from sluiceway.domain.rollouts.model import (
    Attestation,
    Command,
    CommandKind,
    Decision,
    Phase,
    Rollback,
    RolloutState,
)
from sluiceway.domain.rollouts.moves import (
    Move,
    current_stage,
    enter_stage,
    finish_forward,
    keep_old,
    next_stage,
    pause,
    percent,
    resume,
    roll_back,
)

_FORWARD = frozenset({Phase.PREPARING, Phase.PROGRESSING, Phase.AWAITING_APPROVAL, Phase.KEEPING})
_POSSIBLE: dict[CommandKind, frozenset[Phase]] = {
    CommandKind.APPROVE: _FORWARD | {Phase.PAUSED},
    CommandKind.PAUSE: _FORWARD,
    CommandKind.RESUME: frozenset({Phase.PAUSED}),
    CommandKind.PROMOTE: frozenset({Phase.PROGRESSING, Phase.AWAITING_APPROVAL, Phase.KEEPING}),
    CommandKind.SKIP: frozenset({Phase.PROGRESSING, Phase.KEEPING}),
    CommandKind.ABORT: _FORWARD | {Phase.PAUSED},
    CommandKind.ROLLBACK: _FORWARD | {Phase.PAUSED, Phase.ROLLING_BACK},
    CommandKind.RETRY: frozenset(Phase) - {Phase.PROMOTED, Phase.ROLLED_BACK, Phase.ABORTED},
    CommandKind.EDIT: _FORWARD - {Phase.KEEPING} | {Phase.PAUSED},
}
_STRENGTH = {Action.GRADUAL: 0, Action.IMMEDIATE: 1, Action.EMERGENCY: 2}


class Refused(Exception):  # noqa: N818  the word people see; caught in this package, never leaves it
    """This act is not possible from here; the message says why and what is."""


def possible_commands(state: RolloutState) -> tuple[CommandKind, ...]:
    """Return the acts that this phase admits, in a fixed order."""
    return tuple(kind for kind, phases in _POSSIBLE.items() if state.phase in phases)


def apply(state: RolloutState, command: Command, now: datetime) -> Move:
    """Return what the act leads to. Raises Refused when it can't be done from here."""
    if state.phase not in _POSSIBLE[command.kind]:
        raise Refused(_not_from_here(state, command.kind))
    why = f"{command.by}: {command.reason}" if command.reason else f"asked by {command.by}"
    match command.kind:
        case CommandKind.APPROVE:
            return _approve(state, command)
        case CommandKind.PAUSE:
            return pause(state, by=command.by, why=why, now=now)
        case CommandKind.RESUME:
            return resume(state, by=command.by, why=why, now=now)
        case CommandKind.PROMOTE:
            return _promote(state, command, why, now)
        case CommandKind.SKIP:
            return _skip(state, command, why, now)
        case CommandKind.ABORT:
            return roll_back(
                state, action=Action.IMMEDIATE, by=command.by, why=why, now=now, ends_as=Phase.ABORTED
            )
        case CommandKind.ROLLBACK:
            return _roll_back(state, command, why, now)
        case CommandKind.RETRY:
            return state, Decision("retried", why, command.by)
        case CommandKind.EDIT:
            return _edit(state, command, why)
        case _:
            assert_never(command.kind)


def _not_from_here(state: RolloutState, kind: CommandKind) -> str:
    if state.phase.is_terminal:
        return f"{kind}: this rollout is finished ({state.phase}); start a new one"
    if state.phase is Phase.FINISHING:
        back = f"start a rollout from {state.new} to {state.stable} instead"
        return f"{kind}: {state.stable} is being retired; {back}"
    can = ", ".join(possible_commands(state))
    return f"{kind}: not possible while {state.phase}; possible now: {can}"


def _approve(state: RolloutState, command: Command) -> Move:
    stage, subject = _approved_subject(state, command.subject)
    for earlier in state.attestations:
        if (earlier.subject, earlier.stage_id, earlier.by) == (subject, stage.id, command.by):
            raise Refused(f"approve: {command.by} already approved {subject}; another person is needed")
    yes = Attestation(subject, stage.id, command.by, command.at)
    said = f"{command.by} approved {subject}" + (f": {command.reason}" if command.reason else "")
    return replace(state, attestations=(*state.attestations, yes)), Decision("approved", said, command.by)


def _approved_subject(state: RolloutState, subject: str) -> tuple[Stage, str]:
    """Return the stage that a yes belongs to and what exactly it is a yes to."""
    following, running = next_stage(state), current_stage(state)
    coming = state.plan.stages[state.stage_index + 1 :]
    manual = [c.text for c in running.criteria if c.kind is CriterionKind.MANUAL] if running else []
    given = {(a.subject, a.stage_id) for a in state.attestations}
    if not subject:
        if state.phase is Phase.AWAITING_APPROVAL and following:
            return following, following.id
        missing = [text for text in manual if running and (text, running.id) not in given]
        if len(missing) == 1 and running:
            return running, missing[0]
        if following and following.approval and not missing:
            return following, following.id
    for stage in coming:
        if stage.id == subject and stage.approval:
            return stage, stage.id
    if running and subject in manual:
        return running, subject
    choices = [stage.id for stage in coming if stage.approval] + manual
    known = (
        f"one of: {', '.join(choices)}"
        if choices
        else "nothing: no stage left and no criterion needs a person"
    )
    raise Refused(f"approve: found {subject or 'no subject'}, expected {known}")


def _promote(state: RolloutState, command: Command, why: str, now: datetime) -> Move:
    if state.phase is Phase.KEEPING:
        return finish_forward(state, by=command.by, why=why, now=now)
    last = len(state.plan.stages) - 1
    if state.stage_index == last:
        return keep_old(state, by=command.by, why=why, now=now)
    if state.stage_index < 0:
        raise Refused("promote: no stage has run yet; approve the first stage instead")
    return enter_stage(state, last, by=command.by, why=f"promoted past the stages left, {why}", now=now)


def _skip(state: RolloutState, command: Command, why: str, now: datetime) -> Move:
    following = next_stage(state)
    if state.phase is Phase.KEEPING:
        return finish_forward(state, by=command.by, why=why, now=now)
    if following is None:
        return keep_old(state, by=command.by, why=why, now=now)
    if following.approval:
        waiting = replace(state, phase=Phase.AWAITING_APPROVAL, since=now)
        return waiting, Decision(
            "skipped", f"{why}; stage {following.id} still needs its approval", command.by
        )
    return enter_stage(
        state, state.stage_index + 1, by=command.by, why=f"stage before it skipped, {why}", now=now
    )


def _roll_back(state: RolloutState, command: Command, why: str, now: datetime) -> Move:
    if command.action not in _STRENGTH:
        ways = ", ".join(_STRENGTH)
        raise Refused(f"rollback: found {command.action}, expected one of: {ways}")
    if state.rollback is None:
        return roll_back(state, action=command.action, by=command.by, why=why, now=now)
    if _STRENGTH[command.action] <= _STRENGTH[state.rollback.action]:
        under_way = f"{state.rollback.action} since {state.rollback.decided_at:%H:%M:%S} UTC"
        raise Refused(f"rollback: already on the way back ({under_way})")
    return _hasten(state, state.rollback, command, why, now)


def _hasten(state: RolloutState, rollback: Rollback, command: Command, why: str, now: datetime) -> Move:
    """A rollback under way becomes a faster one; how the rollout will end stays as it was decided."""
    return roll_back(
        state, action=command.action, by=command.by, why=f"{why} (before: {rollback.reason})", now=now,
        ends_as=rollback.ends_as,
    )  # fmt: skip


def _edit(state: RolloutState, command: Command, why: str) -> Move:
    plan = command.plan
    if plan is None:
        raise Refused(
            "edit: no plan was given; send the whole process file with the stages as they should be"
        )
    if plan.strategy is not state.plan.strategy:
        raise Refused(
            f"edit: found strategy {plan.strategy}, expected {state.plan.strategy}; start a new rollout"
        )
    if plan.flag != state.plan.flag:
        raise Refused("edit: the rollout drives another flag than before; start a new rollout for that one")
    running = current_stage(state)
    if running is None:
        return replace(state, plan=plan), Decision("edited", why, command.by)
    ids = [stage.id for stage in plan.stages]
    if running.id not in ids:
        raise Refused(
            f"edit: stage {running.id} is running and must stay in the plan; found: {', '.join(ids)}"
        )
    index = ids.index(running.id)
    return _replan(state, plan, index), Decision(
        "edited", f"{why}; {_change(state, plan, index)}", command.by
    )


def _replan(state: RolloutState, plan: RolloutPlan, index: int) -> RolloutState:
    """Only a stage that is really running follows an edited weight upwards; any other waits for its move."""
    wanted = plan.stages[index].weight_bp
    weight_bp = wanted if state.phase is Phase.PROGRESSING else min(wanted, state.weight_bp)
    return replace(state, plan=plan, stage_index=index, weight_bp=weight_bp)


def _change(state: RolloutState, plan: RolloutPlan, index: int) -> str:
    def words(stages: tuple[Stage, ...]) -> str:
        return ", ".join(f"{stage.id} {percent(stage.weight_bp)}" for stage in stages) or "none"

    before, after = state.plan.stages[state.stage_index + 1 :], plan.stages[index + 1 :]
    return f"stages left were {words(before)}; now {words(after)}"
