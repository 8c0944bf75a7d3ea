"""The moves between phases: each takes a state and returns the next one, with the decision that it was.

Every change of `phase`, `stage_index` or `weight_bp` in a rollout is made here and nowhere else, which is
what keeps the invariants: after a rollback was decided the new version's weight only falls, a finished
rollout never changes, nothing but a rollback changes the weight of a paused one.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from sluiceway.domain.process.plan import FULL_WEIGHT_BP, Action, RolloutPlan, Stage, Version
from sluiceway.domain.rollouts.model import NO_DATA, Decision, Pause, Phase, Rollback, RolloutState

Figures = tuple[tuple[str, float | str | None], ...]
Move = tuple[RolloutState, Decision]


def begin(plan: RolloutPlan, *, stable: Version, new: Version, instances: int, now: datetime) -> RolloutState:
    """Return the first state of a rollout from `stable` to `new`."""
    return RolloutState(
        plan=plan,
        stable=stable,
        new=new,
        phase=Phase.PREPARING,
        started_at=now,
        instances=instances,
        since=now,
    )


def current_stage(state: RolloutState) -> Stage | None:
    """Return the stage that is running, None before the first."""
    return state.plan.stages[state.stage_index] if state.stage_index >= 0 else None


def next_stage(state: RolloutState) -> Stage | None:
    """Return the stage after this one, None after the last."""
    index = state.stage_index + 1
    return state.plan.stages[index] if index < len(state.plan.stages) else None


def splitter(state: RolloutState) -> str:
    """Return what spreads users over the two versions, as people call it."""
    return f"flag {state.plan.flag.id}" if state.plan.flag else "the proxy"


def percent(weight_bp: int) -> str:
    """Return a weight as people read it, e.g. `0.1 %`."""
    return f"{weight_bp / 100:g} %"


def enter_stage(
    state: RolloutState, index: int, *, by: str, why: str, now: datetime, figures: Figures = ()
) -> Move:
    """Begin the stage at `index`: its weight, audience and mirror become what is wanted."""
    stage = state.plan.stages[index]
    entered = replace(
        state,
        phase=Phase.PROGRESSING,
        since=now,
        stage_index=index,
        stage_entered_at=None,
        stage_samples=0,
        paused_s=0.0,
        weight_bp=stage.weight_bp,
        audience=stage.audience,
        mirror_bp=stage.mirror_bp,
        pause=None,
        muted=tuple(name for name in state.muted if name != NO_DATA),
    )
    return entered, Decision(
        "stage-entered", f"stage {stage.id} at {percent(stage.weight_bp)}: {why}", by, figures
    )


def await_approval(state: RolloutState, stage: Stage, now: datetime) -> Move:
    """Stand at the present weight until `stage` is approved."""
    waiting = replace(state, phase=Phase.AWAITING_APPROVAL, since=now)
    return waiting, Decision("approval-requested", f"stage {stage.id} needs {approval_words(stage)}", "plan")


def approval_words(stage: Stage) -> str:
    """Return who must approve the stage, in words; empty when nobody has to."""
    if stage.approval is None:
        return ""
    who = stage.approval.role or "anyone who may act on this rollout"
    return f"{stage.approval.count} approvals by {who}" if stage.approval.count > 1 else f"approval by {who}"


def pause(
    state: RolloutState,
    *,
    by: str,
    why: str,
    now: datetime,
    asks: bool = False,
    lacks_data: bool = False,
    figures: Figures = (),
) -> Move:
    """Stop where it is. `asks` marks a pause that wants a choice between going on and rolling back,
    `lacks_data` one of a stage that has no answer."""
    resumes_to = state.pause.resumes_to if state.pause else state.phase
    stopped = Pause(why, by, now, resumes_to, asks=asks, lacks_data=lacks_data)
    paused = replace(state, phase=Phase.PAUSED, since=now, pause=stopped, waits_for=())
    return paused, Decision("asked" if asks else "paused", why, by, figures)


def resume(state: RolloutState, *, by: str, why: str, now: datetime) -> Move:
    """Go on after a pause. What is in breach now, or asked, stays silent until it has recovered once."""
    assert state.pause is not None
    phase = state.pause.resumes_to
    stage = current_stage(state)
    paused_for = now - state.pause.since
    resumed = replace(
        state,
        phase=phase,
        since=now,
        pause=None,
        paused_s=state.paused_s + paused_for.total_seconds(),
        weight_bp=stage.weight_bp if stage and phase is Phase.PROGRESSING else state.weight_bp,
        keep_until=state.keep_until + paused_for if state.keep_until else None,
        muted=tuple(sorted({*state.muted, *_accepted(state)})),
    )
    return resumed, Decision("resumed", why, by)


def _accepted(state: RolloutState) -> tuple[str, ...]:
    """Return what a person goes on in spite of: triggers in breach, what the analysis asked of, no data."""
    asked: tuple[str, ...] = ()
    if state.pause and state.pause.lacks_data:
        asked = (NO_DATA,)
    elif state.pause and state.pause.by.startswith("analysis"):
        asked = (state.pause.by,)
    return (*asked, *(breach.trigger_id for breach in state.breaches))


def roll_back(
    state: RolloutState,
    *,
    action: Action,
    by: str,
    why: str,
    now: datetime,
    figures: Figures = (),
    ends_as: Phase = Phase.ROLLED_BACK,
) -> Move:
    """Decide the way back. Gradual falls to the next lower stage weight now, the others to zero at once."""
    gradual = action is Action.GRADUAL and state.weight_bp > 0
    back = replace(
        state,
        phase=Phase.ROLLING_BACK,
        since=now,
        pause=None,
        keep_until=None,
        weight_bp=lower_weight(state) if gradual else 0,
        audience=(),
        mirror_bp=0,
        rollback=Rollback(
            Action.GRADUAL if gradual else action,
            why,
            by,
            now,
            now + timedelta(seconds=state.plan.gradual_step_s) if gradual else None,
            ends_as=ends_as,
        ),
    )
    return back, Decision("rollback-decided", f"{action.value} rollback: {why}", by, figures)


def lower_weight(state: RolloutState) -> int:
    """Return the highest stage weight below the present one, 0 when there is none."""
    return max(
        (stage.weight_bp for stage in state.plan.stages if stage.weight_bp < state.weight_bp), default=0
    )


def step_down(state: RolloutState, now: datetime) -> Move:
    """Take the next step of a gradual rollback."""
    assert state.rollback is not None
    weight_bp = lower_weight(state)
    wait = timedelta(seconds=state.plan.gradual_step_s)
    stepped = replace(
        state,
        weight_bp=weight_bp,
        rollback=replace(state.rollback, next_step_at=now + wait if weight_bp else None),
    )
    return stepped, Decision("stepped-down", f"gradual rollback: now {percent(weight_bp)}", "plan")


def keep_old(state: RolloutState, *, by: str, why: str, now: datetime) -> Move:
    """Everyone is on the new version; keep the old one ready for an instant way back."""
    keep_s = state.plan.keep_old_s
    if keep_s <= 0:
        return finish_forward(state, by=by, why=why, now=now)
    kept = replace(
        state, phase=Phase.KEEPING, since=now, keep_until=now + timedelta(seconds=keep_s), waits_for=()
    )
    return kept, Decision(
        "keeping-old", f"{why}; {state.stable} stays ready for {duration_words(keep_s)}", by
    )


def finish_forward(state: RolloutState, *, by: str, why: str, now: datetime) -> Move:
    """Begin to retire the old version; there is no way back from here but another rollout."""
    done = replace(
        state,
        phase=Phase.FINISHING,
        since=now,
        keep_until=None,
        weight_bp=FULL_WEIGHT_BP,
        audience=(),
        mirror_bp=0,
    )
    return done, Decision("retiring-old", f"{why}; {state.stable} drains and stops", by)


def close(state: RolloutState, phase: Phase, *, outcome: str, by: str, now: datetime) -> Move:
    """End the rollout for good."""
    closed = replace(
        state,
        phase=phase,
        since=now,
        finished_at=now,
        outcome=outcome,
        waits_for=(),
        breaches=(),
        pause=None,
        weight_bp=FULL_WEIGHT_BP if phase is Phase.PROMOTED else 0,
        audience=(),
        mirror_bp=0,
    )
    return closed, Decision(phase.value, outcome, by)


def has_moved(before: RolloutState, after: RolloutState) -> bool:
    """Return whether more than measurements differ: what people see and act on is another than before."""
    return after != replace(
        before,
        last_sample=after.last_sample,
        stage_samples=after.stage_samples,
        breaches=after.breaches,
        baseline=after.baseline,
        analysis=after.analysis,
        waits_for=after.waits_for,
    )


def duration_words(seconds: float) -> str:
    """Return a duration in the two largest units that fit, e.g. `1 d 4 h`, `90 s` as `1 min 30 s`."""
    if seconds < 1:
        return f"{seconds:.1f} s" if seconds > 0 else "0 s"
    parts: list[str] = []
    rest = round(seconds)
    for name, size in (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)):
        count, rest = divmod(rest, size)
        if count:
            parts.append(f"{count} {name}")
    return " ".join(parts[:2])
