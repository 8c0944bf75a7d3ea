"""How far a run of a runbook is, in figures and words for people."""

from __future__ import annotations

from sluiceway.domain.checklists import running
from sluiceway.domain.checklists.model import Attempt, Progress, Run, RunPhase, StepStanding, StepState
from sluiceway.domain.process.lists import Step


def progress_of(run: Run) -> Progress:
    """Return how many steps are done or set aside, of how many, and one sentence."""
    steps = run.runbook.steps
    done = sum(running.is_done(run, step) or running.is_set_aside(run, step) for step in steps)
    return Progress(done, len(steps), f"{done} of {len(steps)} steps done; {_sentence(run)}")


def steps_of(run: Run) -> tuple[StepStanding, ...]:
    """Return every step as it stands, in order."""
    return tuple(
        StepStanding(step, _state(run, step), tuple(each for each in run.attempts if each.step == step.id))
        for step in run.runbook.steps
    )


def waits_for(run: Run) -> str | None:
    """Return the role a run waits for, "" for anybody who may, None when it waits for nobody."""
    step = running.current(run)
    if step is None or run.phase not in {RunPhase.WAITING, RunPhase.STUCK}:
        return None
    return step.owner or run.runbook.owner


def _sentence(run: Run) -> str:
    step = running.current(run)
    if step is None:
        return _ended(run)
    match run.phase:
        case RunPhase.WAITING:
            who = waits_for(run)
            return f'"{step.title}" waits{f" for {who}" if who else ""}: {run.why}'
        case RunPhase.STUCK:
            note = _tries(run, step, is_undo=True)[-1].note
            return f'{run.why}; "{step.title}" could not be taken back ({note}): somebody must act'
        case RunPhase.UNDOING:
            return f'{run.why}; taking back: "{step.title}" {_pace(run, step, is_undo=True)}'
        case _:
            return f'"{step.title}" {_pace(run, step, is_undo=False)}'


def _ended(run: Run) -> str:
    if run.phase is RunPhase.DONE:
        return "all is done"
    back = [step.title for step in reversed(run.runbook.steps) if running.is_taken_back(run, step)]
    left = f"taken back: {', '.join(back)}" if back else "nothing was taken back"
    return f"{run.why}; {left}"


def _pace(run: Run, step: Step, *, is_undo: bool) -> str:
    """Return what the tries of a step are at, to follow its title."""
    tries = _tries(run, step, is_undo=is_undo)
    if not tries or tries[-1].ok:
        return "is next"
    if tries[-1].ended_at is not None:
        return f"is tried again, because: {tries[-1].note}"
    if run.stop is not None and running.is_stopping(run):
        return f"is being ended for {run.stop.by}"
    return "runs" + (f" (try {tries[-1].number} of {step.attempts})" if step.attempts > 1 else "")


def _tries(run: Run, step: Step, *, is_undo: bool) -> list[Attempt]:
    return [each for each in run.attempts if each.step == step.id and each.is_undo is is_undo]


def _state(run: Run, step: Step) -> StepState:
    is_here = running.current(run) is step
    if is_here and run.phase in {RunPhase.UNDOING, RunPhase.STUCK}:
        return StepState.UNDOING if run.phase is RunPhase.UNDOING else StepState.FAILED
    if running.is_taken_back(run, step):
        return StepState.TAKEN_BACK
    if running.is_set_aside(run, step):
        return StepState.SET_ASIDE
    if running.is_done(run, step):
        return StepState.DONE
    if is_here and run.phase is RunPhase.WAITING:
        return StepState.UNKNOWN if running.is_unknown(run, step) else StepState.WAITING
    if is_here and running.under_way(run) is not None:
        return StepState.RUNNING
    tries = _tries(run, step, is_undo=False)
    if tries and not is_here:
        return StepState.UNKNOWN if tries[-1].ok is None else StepState.FAILED
    return StepState.OPEN
