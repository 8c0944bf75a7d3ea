"""How a rollout moves on by itself: stages that have passed, steps of a way back, the end.

What makes it turn back is decided before (`decision`); this module only ever goes where the plan leads.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from sluiceway.domain.process.expressions import Verdict
from sluiceway.domain.process.plan import Action, CriterionKind, Stage, WhenInconclusive
from sluiceway.domain.rollouts import moves
from sluiceway.domain.rollouts.analysing import (
    Found,
    blocking,
    figures_of,
    find,
    is_compared,
    is_lull,
    not_shown_sound,
    unanswered,
    uncounted_s,
)
from sluiceway.domain.rollouts.effects import is_in_force, is_off_new
from sluiceway.domain.rollouts.judging import Judged, judge_stage
from sluiceway.domain.rollouts.model import NO_DATA, Decision, Observation, Phase, RolloutState

MIN_STAGE_SAMPLES = 2  # a stage is never judged on a single sample, however fast the clock runs

Step = tuple[RolloutState, list[Decision]]


def advance(state: RolloutState, seen: Observation, now: datetime) -> Step:
    """Return the state after whatever move is due now, with `waits_for` saying what the next one needs."""
    match state.phase:
        case Phase.PREPARING:
            return _prepare(state, seen, now)
        case Phase.PROGRESSING:
            return _run_stage(state, seen, now)
        case Phase.AWAITING_APPROVAL:
            return _begin_next(state, now)
        case Phase.PAUSED:
            reason = state.pause.reason if state.pause else "paused"
            choice = (
                "a person to resume or roll back"
                if state.pause and state.pause.asks
                else "a person to resume"
            )
            return replace(state, waits_for=(f"{choice} ({reason})",)), []
        case Phase.KEEPING:
            return _keep(state, now)
        case Phase.ROLLING_BACK:
            return _go_back(state, seen, now)
        case Phase.FINISHING:
            return _finish(state, seen, now)
        case Phase.PROMOTED | Phase.ROLLED_BACK | Phase.ABORTED:
            return state, []


def _prepare(state: RolloutState, seen: Observation, now: datetime) -> Step:
    waits: list[str] = []
    for version, health in ((state.stable, seen.stable_health), (state.new, seen.new_health)):
        if health.ready < state.instances:
            waits.append(f"{version} to be healthy ({health.ready} of {state.instances} instances are)")
    if not waits and not is_in_force(state, seen):
        waits.append(f"{moves.splitter(state)} to send everyone to {state.stable}")
    if not waits and len(seen.smoke) < len(state.plan.smoke):
        waits.append(f"the smoke checks of {state.new}")
    if waits:
        return replace(state, waits_for=tuple(waits)), []
    checks = f" and passed {len(seen.smoke)} smoke checks" if seen.smoke else ""
    is_up = "can begin" if state.plan.flag else "is healthy"
    ready = Decision("prepared", f"{state.new} {is_up}{checks}; no user has met it yet", "plan")
    state, decisions = _begin_next(state, now)
    return state, [ready, *decisions]


def _begin_next(state: RolloutState, now: datetime) -> Step:
    """Enter the next stage, or ask for its approval and wait; after the last stage keep the old version."""
    stage = moves.next_stage(state)
    if stage is None:
        state, decision = moves.keep_old(state, by="plan", why="every stage has passed", now=now)
        return state, [decision]
    missing = _approvals_missing(state, stage)
    if missing == 0:
        why = (
            "approved"
            if stage.approval
            else "the one before has passed"
            if state.stage_index >= 0
            else "first stage"
        )
        state, decision = moves.enter_stage(state, state.stage_index + 1, by="plan", why=why, now=now)
        return replace(state, waits_for=(f"{moves.splitter(state)} to confirm the new split",)), [decision]
    decisions: list[Decision] = []
    if state.phase is not Phase.AWAITING_APPROVAL:
        state, decision = moves.await_approval(state, stage, now)
        decisions.append(decision)
    words = f"{moves.approval_words(stage)} for stage {stage.id}"
    given = (
        f" ({stage.approval.count - missing} given)" if stage.approval and stage.approval.count > 1 else ""
    )
    return replace(state, waits_for=(words + given,)), decisions


def _approvals_missing(state: RolloutState, stage: Stage) -> int:
    if stage.approval is None:
        return 0
    people = {yes.by for yes in state.attestations if yes.stage_id == stage.id and yes.subject == stage.id}
    return max(0, stage.approval.count - len(people))


def _run_stage(state: RolloutState, seen: Observation, now: datetime) -> Step:
    stage = moves.current_stage(state)
    assert stage is not None
    if not is_in_force(state, seen):
        what = "answer" if seen.traffic is None else "confirm the split"
        silent = f"{moves.splitter(state)} to {what}"
        return replace(state, waits_for=(silent,)), []
    found = find(state) if is_compared(state) else ()
    left_s = stage_time_left_s(state, now)
    if left_s is None or left_s > 0:
        if left_s is not None and _may_pass_early(state, stage, found, seen, left_s):
            return _pass_early(state, found, now)
        return replace(
            state, waits_for=(f"stage {stage.id} to last {moves.duration_words(stage.duration_s)}",)
        ), []
    if seen.new_health.ready < state.instances:
        ready = f"{seen.new_health.ready} of {state.instances}"
        return replace(state, waits_for=(f"{state.new} to be healthy ({ready} instances are)",)), []
    if stage.criteria and state.stage_samples < MIN_STAGE_SAMPLES and not _only_manual(stage):
        return replace(state, waits_for=(f"{MIN_STAGE_SAMPLES} samples of metrics in stage {stage.id}",)), []
    uncounted = uncounted_s(state, seen, now) if found else 0.0
    if uncounted:
        old = moves.duration_words(uncounted)
        return replace(state, waits_for=(f"counts of both versions: the last are {old} old",)), []
    held = _hold_for_analysis(state, stage, found, now)
    return held or _judge(state, stage, judge_stage(stage, state, seen), now)


def _may_pass_early(
    state: RolloutState, stage: Stage, found: tuple[Found, ...], seen: Observation, left_s: float
) -> bool:
    """Return whether the process allows it, every metric is shown to be sound and all criteria are met.

    Shown over the whole rollout and anew at this stage's weight: load is what many regressions wait for.
    """
    analysis = state.plan.analysis
    if analysis is None or not analysis.promote_early or not found or not_shown_sound(state, found):
        return False
    if stage.duration_s - left_s < analysis.min_bake_s or state.stage_samples < MIN_STAGE_SAMPLES:
        return False
    is_healthy = seen.new_health.ready >= state.instances and not state.breaches
    return is_healthy and all(each.verdict is Verdict.MET for each in judge_stage(stage, state, seen))


def _pass_early(state: RolloutState, found: tuple[Found, ...], now: datetime) -> Step:
    words = "; ".join(each.verdict.sentence for each in found)
    early = Decision("promoted-early", f"analysis: {words}", "analysis", figures_of(found))
    state, decisions = _begin_next(state, now)
    return state, [early, *decisions]


def _hold_for_analysis(
    state: RolloutState, stage: Stage, found: tuple[Found, ...], now: datetime
) -> Step | None:
    """Return how the stage goes on in an incident or when nothing is known; None when it may pass."""
    analysis = state.plan.analysis
    if analysis is None or not found:
        return None
    incidents, unknown = blocking(found), unanswered(found)
    gives_up = not _holds(state, analysis.on_no_data) and not is_lull(state, found)
    if unknown and not incidents and gives_up:
        return _give_up_on_data(
            state,
            f"stage {stage.id} has no answer from the {unknown[0]}",
            analysis.on_no_data,
            by="analysis",
            now=now,
        )
    waits = (*incidents, *unknown)
    return _hold(state, stage, waits) if waits else None


def _only_manual(stage: Stage) -> bool:
    return all(criterion.kind is CriterionKind.MANUAL for criterion in stage.criteria)


def stage_time_left_s(state: RolloutState, now: datetime) -> float | None:
    """Return the seconds that the running stage must still last; None before its split is in force."""
    stage = moves.current_stage(state)
    if stage is None or state.stage_entered_at is None:
        return None
    end = state.stage_entered_at + timedelta(seconds=stage.duration_s + state.paused_s)
    until = state.pause.since if state.pause else now
    return max(0.0, (end - until).total_seconds())


def _judge(state: RolloutState, stage: Stage, judged: tuple[Judged, ...], now: datetime) -> Step:
    unmet = [answer for answer in judged if answer.verdict is Verdict.NOT_MET]
    unknown = [answer for answer in judged if answer.verdict is Verdict.NO_DATA]
    if not unmet and not unknown:
        figures = tuple(figure for answer in judged for figure in answer.figures)
        met = Decision("criteria-met", _met_words(stage, judged), "plan", figures)
        state, decisions = _begin_next(state, now)
        return state, [met, *decisions]
    if unknown and not unmet and not _holds(state, stage.inconclusive):
        why = f"stage {stage.id} has no answer to {unknown[0].criterion.text} ({unknown[0].found})"
        return _give_up_on_data(state, why, stage.inconclusive, by="plan", now=now)
    return _hold(
        state, stage, tuple(f"{answer.criterion.text}: {answer.found}" for answer in (*unmet, *unknown))
    )


def _holds(state: RolloutState, without_data: WhenInconclusive) -> bool:
    """Return whether a stage without an answer waits for one; a person who resumed it is not asked again."""
    is_known = without_data is WhenInconclusive.PAUSE and NO_DATA in state.muted
    return without_data is WhenInconclusive.HOLD or is_known


def _give_up_on_data(
    state: RolloutState, why: str, what: WhenInconclusive, *, by: str, now: datetime
) -> Step:
    if what is WhenInconclusive.PAUSE:
        state, decision = moves.pause(state, by=by, why=why, now=now, lacks_data=True)
    else:
        state, decision = moves.roll_back(state, action=Action.IMMEDIATE, by=by, why=why, now=now)
    return state, [decision]


def _hold(state: RolloutState, stage: Stage, waits: tuple[str, ...]) -> Step:
    decisions = [] if state.waits_for and _same_criteria(state.waits_for, waits) else [_holding(stage, waits)]
    return replace(state, waits_for=waits), decisions


def _met_words(stage: Stage, judged: tuple[Judged, ...]) -> str:
    if not judged:
        return f"stage {stage.id} lasted its {moves.duration_words(stage.duration_s)}"
    return f"stage {stage.id}: " + "; ".join(f"{answer.criterion.text} ({answer.found})" for answer in judged)


def _same_criteria(before: tuple[str, ...], after: tuple[str, ...]) -> bool:
    """Return whether the same criteria are waited for, whatever their figures are now."""
    return [wait.split(":")[0] for wait in before] == [wait.split(":")[0] for wait in after]


def _holding(stage: Stage, waits: tuple[str, ...]) -> Decision:
    return Decision(
        "holding", f"stage {stage.id} has lasted long enough but waits for {'; '.join(waits)}", "plan"
    )


def _keep(state: RolloutState, now: datetime) -> Step:
    if state.keep_until is None or now < state.keep_until:
        return replace(state, waits_for=(f"the time that {state.stable} is kept ready to pass",)), []
    why = f"{state.stable} was kept for {moves.duration_words(state.plan.keep_old_s)} and was not needed"
    state, decision = moves.finish_forward(state, by="plan", why=why, now=now)
    return state, [decision]


def _go_back(state: RolloutState, seen: Observation, now: datetime) -> Step:
    rollback = state.rollback
    assert rollback is not None
    if rollback.next_step_at is not None:
        if now < rollback.next_step_at:
            return replace(state, waits_for=("the next step of the gradual rollback",)), []
        state, decision = moves.step_down(state, now)
        return state, [decision]
    is_gone = seen.new_health.running == 0 and seen.new_health.wanted == 0
    never_met_users = state.stage_index < 0 and seen.traffic is None
    if not (is_off_new(seen, state.new) or never_met_users):
        return replace(state, waits_for=(f"{moves.splitter(state)} to send everyone to {state.stable}",)), []
    decisions: list[Decision] = []
    if rollback.safe_at is None:
        rollback = replace(rollback, safe_at=now)
        by = "flag" if state.plan.flag else "proxy"
        state = replace(state, rollback=rollback)
        decisions.append(Decision("traffic-safe", f"everyone is on {state.stable}", by))
    if not is_gone:
        return replace(state, waits_for=(f"{state.new} to drain and stop",)), decisions
    state, decision = moves.close(
        state,
        rollback.ends_as,
        outcome=f"{state.new} was taken back: {rollback.reason}",
        by=rollback.by,
        now=now,
    )
    return state, [*decisions, decision]


def _finish(state: RolloutState, seen: Observation, now: datetime) -> Step:
    if not is_in_force(state, seen):
        return replace(
            state, waits_for=(f"{moves.splitter(state)} to make the new version its only one",)
        ), []
    if seen.stable_health.running > 0 or seen.stable_health.wanted > 0:
        return replace(state, waits_for=(f"{state.stable} to drain and stop",)), []
    state, decision = moves.close(
        state,
        Phase.PROMOTED,
        outcome=f"{state.new} serves everyone; {state.stable} is retired",
        by="plan",
        now=now,
    )
    return state, [decision]
