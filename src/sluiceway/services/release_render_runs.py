"""What people are shown of runs of runbooks: progress, steps, every try of each."""

from __future__ import annotations

from enum import StrEnum

from sluiceway.domain.checklists import running
from sluiceway.domain.checklists.model import Attempt, Run, RunPhase, StepStanding
from sluiceway.domain.checklists.progress import progress_of, steps_of, waits_for
from sluiceway.domain.process.lists import Runbook, StepKind
from sluiceway.services.release_views import AttemptView, RunbookView, RunSummary, RunView, StepView


class RunAct(StrEnum):
    """What people say about a run."""

    DONE = "done"  # the step it waits at was done, or taken back by hand when the run is stuck
    FAILED = "failed"
    GO_ON = "go-on"  # carry the step out: its condition holds, or it is safe to try again
    SET_ASIDE = "set-aside"
    STOP = "stop"  # and leave things as they are
    TAKE_BACK = "take-back"  # stop, and undo what was done


def run_summary(run: Run) -> RunSummary:
    progress, role, step = progress_of(run), waits_for(run), running.current(run)
    return RunSummary(
        id=run.id,
        runbook=run.runbook.id,
        title=run.runbook.title,
        release=run.release,
        service=run.service,
        phase=run.phase.value,
        is_over=run.phase.is_over,
        done=progress.done,
        total=progress.total,
        sentence=progress.sentence,
        step=step.id if step is not None else "",
        began_at=run.began_at,
        began_by=run.began_by,
        ended_at=run.ended_at,
        waits_for=role or "",
        is_waiting=role is not None,
        item=run.item,
    )


def run_view(run: Run) -> RunView:
    return RunView(run_summary(run), tuple(_step(one) for one in steps_of(run)), _acts(run))


def runbook_view(runbook: Runbook) -> RunbookView:
    questions = tuple((step.id, step.when) for step in runbook.steps if step.when)
    return RunbookView(runbook.id, runbook.title, runbook.owner, runbook.purpose, questions)


def _step(standing: StepStanding) -> StepView:
    step = standing.step
    return StepView(
        id=step.id,
        title=step.title,
        kind=step.kind.value,
        owner=step.owner,
        state=standing.state.value,
        when=step.when,
        has_undo=bool(step.undo),
        attempts=tuple(_attempt(one) for one in standing.attempts),
    )


def _attempt(attempt: Attempt) -> AttemptView:
    return AttemptView(
        number=attempt.number,
        is_undo=attempt.is_undo,
        began_at=attempt.began_at,
        ended_at=attempt.ended_at,
        ok=attempt.ok,
        by=attempt.by,
        note=attempt.note,
        output=attempt.output,
        is_set_aside=attempt.is_set_aside,
    )


def _acts(run: Run) -> tuple[str, ...]:
    step = running.current(run)
    if step is None or (run.stop is not None and running.is_stopping(run)):
        return ()
    acts: list[RunAct] = []
    if run.phase is RunPhase.STUCK:
        acts = [RunAct.DONE, RunAct.GO_ON, RunAct.SET_ASIDE]
    elif run.phase is RunPhase.WAITING:
        goes_on = [] if step.kind is StepKind.MANUAL else [RunAct.GO_ON]
        acts = [RunAct.DONE, RunAct.FAILED, *goes_on, RunAct.SET_ASIDE]
    takes_back = [] if run.phase in {RunPhase.UNDOING, RunPhase.STUCK} else [RunAct.TAKE_BACK]
    return tuple(one.value for one in (*acts, RunAct.STOP, *takes_back))
