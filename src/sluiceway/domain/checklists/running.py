"""How a run of a runbook goes on: steps in order, tries with pauses, people's words, taking back.

Pure: the engine carries steps out and brings their outcomes here. What must not happen twice does not: a
command that was cut off is tried again only where its step allows more than one attempt; otherwise a person
looks at what it did and says how to go on. Instants are aware UTC.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta

from sluiceway.domain.checklists.model import Attempt, Outcome, Run, RunId, RunPhase, StopWish
from sluiceway.domain.process.lists import Runbook, Step, StepKind
from sluiceway.errors import IllegalMoveError, InvalidInputError


def begin(
    run_id: RunId,
    runbook: Runbook,
    *,
    by: str,
    now: datetime,
    release: str = "",
    service: str = "",
    version: str = "",
    item: str = "",
    cwd: str = "",
    env: tuple[tuple[str, str], ...] = (),
    applies: Collection[str] = (),
    set_aside: Collection[str] = (),
) -> Run:
    """Return a run at its first step.

    `applies` and `set_aside` decide ahead about steps with a condition in words (`when`); the run waits for a
    person at those that neither names. Raises InvalidInputError for a step that has no condition.
    """
    steps = {step.id: step for step in runbook.steps}
    for step_id in (*applies, *set_aside):
        if step_id not in steps or not steps[step_id].when:
            conditional = ", ".join(step.id for step in runbook.steps if step.when) or "none"
            raise InvalidInputError(
                f'the runbook "{runbook.id}" has no step "{step_id}" with a condition to decide about; '
                f"steps that have one: {conditional}"
            )
    run = Run(
        id=run_id,
        runbook=runbook,
        phase=RunPhase.RUNNING,
        step=0,
        began_at=now,
        began_by=by,
        release=release,
        service=service,
        version=version,
        item=item,
        cwd=cwd,
        env=env,
        applies=tuple(step.id for step in runbook.steps if step.id in applies),
        attempts=tuple(
            Attempt(step.id, 1, is_undo=False, began_at=now, ended_at=now, by=by, is_set_aside=True)
            for step in runbook.steps
            if step.id in set_aside
        ),
    )
    return _enter(run, 0, now)


def current(run: Run) -> Step | None:
    """Return the step a run is at, None when it is over."""
    return None if run.phase.is_over else run.runbook.steps[run.step]


def under_way(run: Run) -> Attempt | None:
    """Return the attempt that has begun and not ended."""
    return next((attempt for attempt in run.attempts if attempt.ended_at is None), None)


def wanted(run: Run, now: datetime) -> Step | None:
    """Return the step to carry out now (its undo while the run takes back), None when there is none."""
    is_moving = run.phase in {RunPhase.RUNNING, RunPhase.UNDOING}
    is_resting = run.next_at is not None and now < run.next_at
    return current(run) if is_moving and not is_resting and under_way(run) is None else None


def take(run: Run, key: str, now: datetime) -> Run | None:
    """Return the run with its wanted step begun under `key`, None when nothing is wanted now."""
    step = wanted(run, now)
    if step is None:
        return None
    is_undo = run.phase is RunPhase.UNDOING
    begun = Attempt(step.id, len(_tries(run, step, is_undo)) + 1, is_undo, began_at=now, key=key)
    return replace(run, attempts=(*run.attempts, begun), next_at=None)


def end_attempt(run: Run, outcome: Outcome, now: datetime) -> Run:
    """Return the run after the attempt under way gave `outcome`.

    Raises IllegalMoveError when none is under way.
    """
    attempt, step = under_way(run), current(run)
    if attempt is None or step is None:
        raise IllegalMoveError(f"run {run.id} has no step under way whose outcome could be noted")
    ended = replace(attempt, ended_at=now, ok=outcome.ok, note=outcome.note, output=outcome.output)
    run = replace(run, attempts=tuple(ended if each is attempt else each for each in run.attempts))
    if run.stop is not None and is_stopping(run):
        return _stop(run, run.stop, now)
    match outcome.ok:
        case True:
            return _take_back(run, now) if attempt.is_undo else _enter(run, run.step + 1, now)
        case False:
            return _failed(run, step, outcome.note, now)
        case None:
            return _cut_off(run, step, now)


def settle(run: Run, *, by: str, ok: bool, note: str, now: datetime) -> Run:
    """Return the run after a person said what became of the step it waits at: done, or failed.

    In a run that is stuck, it says that the step was taken back by hand. Raises IllegalMoveError when it
    waits for nobody.
    """
    step = _waiting(run, "settled")
    is_undo = run.phase is RunPhase.STUCK
    if is_undo and not ok:
        raise IllegalMoveError(
            f'run {run.id} is stuck because "{step.title}" could not be taken back; '
            "take it back by hand and say so, set it aside, have it tried again, or stop the run"
        )
    run = _noted(run, step, by=by, ok=ok, note=note, now=now)
    if is_undo:
        return _take_back(run, now)
    if ok:
        return _enter(run, run.step + 1, now)
    said = f": {note}" if note else ""
    return _give_up(run, f'"{step.title}" failed, {by} says{said}', now)


def set_aside(run: Run, *, by: str, reason: str, now: datetime) -> Run:
    """Return the run without the step it waits at (without taking it back, when it is stuck there).

    Raises IllegalMoveError when it waits for nobody, InvalidInputError without a reason.
    """
    step = _waiting(run, "set aside")
    if not reason.strip():
        raise InvalidInputError(f'say why "{step.title}" is set aside; the reason is kept with the run')
    run = _noted(run, step, by=by, ok=None, note=reason, now=now, is_set_aside=True)
    if run.phase is RunPhase.STUCK:
        return _take_back(run, now)
    return _enter(run, run.step + 1, now)


def go_on(run: Run, *, now: datetime) -> Run:
    """Return the run with the step it waits at to be carried out: its condition holds, or it is safe again.

    Raises IllegalMoveError when it waits for nobody, or for a person to do the step.
    """
    step = _waiting(run, "carried out")
    if run.phase is RunPhase.STUCK:
        return replace(run, phase=RunPhase.UNDOING, next_at=now)
    if step.kind is StepKind.MANUAL:
        raise IllegalMoveError(
            f'run {run.id} waits for a person to do "{step.title}"; say that it is done, or that it failed'
        )
    is_decided = not step.when or step.id in run.applies
    applies = run.applies if is_decided else (*run.applies, step.id)
    return replace(run, phase=RunPhase.RUNNING, applies=applies, next_at=now, why="")


def stop(run: Run, *, by: str, why: str, takes_back: bool, now: datetime) -> Run:
    """Return the run stopped; while a step is under way, with the wish to stop once that was ended.

    `takes_back` undoes what was done first. Raises IllegalMoveError when it is over, is being stopped, or is
    taking back already and asked to take back.
    """
    if run.phase.is_over:
        raise IllegalMoveError(f"run {run.id} is over ({run.phase.value}); there is nothing to stop")
    if run.stop is not None and is_stopping(run):
        raise IllegalMoveError(f"run {run.id} is being stopped already, by {run.stop.by}")
    if takes_back and run.phase in {RunPhase.UNDOING, RunPhase.STUCK}:
        raise IllegalMoveError(
            f"run {run.id} takes back what was done already; stop it without taking back to leave things "
            "as they are"
        )
    wish = StopWish(by, why, now, takes_back)
    if under_way(run) is not None:
        return replace(run, stop=wish)
    return _stop(run, wish, now)


def is_stopping(run: Run) -> bool:
    """Return whether a person wants it stopped and the step under way must be ended for that."""
    takes_back_now = run.stop is not None and run.stop.takes_back and run.phase is not RunPhase.RUNNING
    return run.stop is not None and not takes_back_now and not run.phase.is_over


def is_done(run: Run, step: Step) -> bool:
    """Return whether the step was carried out with success."""
    return any(attempt.ok for attempt in _tries(run, step, is_undo=False))


def is_set_aside(run: Run, step: Step) -> bool:
    return any(attempt.is_set_aside for attempt in _tries(run, step, is_undo=False))


def is_taken_back(run: Run, step: Step) -> bool:
    """Return whether its undo was carried out, or a person did it or decided to leave it."""
    return any(attempt.ok or attempt.is_set_aside for attempt in _tries(run, step, is_undo=True))


def is_unknown(run: Run, step: Step) -> bool:
    """Return whether its last try was cut off and nobody has said since what it did."""
    tries = _tries(run, step, run.phase in {RunPhase.UNDOING, RunPhase.STUCK})
    return bool(tries) and tries[-1].ended_at is not None and _was_cut_off(tries[-1])


def _enter(run: Run, index: int, now: datetime) -> Run:
    """Return the run at step `index`, or at the first one after it that was not set aside ahead."""
    steps = run.runbook.steps
    while index < len(steps) and is_set_aside(run, steps[index]):
        index += 1
    if index == len(steps):
        return replace(run, phase=RunPhase.DONE, step=max(0, index - 1), next_at=None, ended_at=now, why="")
    step = steps[index]
    run = replace(run, step=index, next_at=None)
    if step.kind is StepKind.MANUAL:
        condition = f" ({step.when})" if step.when else ""
        return replace(run, phase=RunPhase.WAITING, why=f"somebody must do it{condition}")
    if step.when and step.id not in run.applies:
        asked = f'somebody must say whether it applies: "{step.when}"'
        return replace(run, phase=RunPhase.WAITING, why=asked)
    return replace(run, phase=RunPhase.RUNNING, why="")


def _failed(run: Run, step: Step, note: str, now: datetime) -> Run:
    is_undo = run.phase is RunPhase.UNDOING
    if len(_spent(run, step, is_undo)) < step.attempts:
        return replace(run, next_at=now + timedelta(seconds=step.wait_s))
    if is_undo:
        return replace(run, phase=RunPhase.STUCK)
    times = f" {step.attempts} times" if step.attempts > 1 else ""
    return _give_up(run, f'"{step.title}" failed{times}: {note}', now)


def _cut_off(run: Run, step: Step, now: datetime) -> Run:
    is_undo = run.phase is RunPhase.UNDOING
    if step.kind is StepKind.HTTP and not is_undo:
        return replace(run, next_at=now)  # asking again changes nothing
    if len(_spent(run, step, is_undo)) < step.attempts:
        return replace(run, next_at=now + timedelta(seconds=step.wait_s))
    if is_undo:
        return replace(run, phase=RunPhase.STUCK)
    if run.item:
        return _give_up(run, "it was cut off, so its answer is not known; open it to have it run again", now)
    return replace(
        run,
        phase=RunPhase.WAITING,
        why="it was cut off, so what it did is not known; somebody must look and say",
    )


def _give_up(run: Run, why: str, now: datetime) -> Run:
    return _take_back(replace(run, why=why), now)


def _take_back(run: Run, now: datetime) -> Run:
    """Return the run at the next undo, last step first; over when there is none left."""
    for index, step in reversed(tuple(enumerate(run.runbook.steps))):
        if step.undo and is_done(run, step) and not is_taken_back(run, step):
            return replace(run, phase=RunPhase.UNDOING, step=index, next_at=None)
    ended = RunPhase.FAILED if run.stop is None else RunPhase.STOPPED
    return replace(run, phase=ended, next_at=None, ended_at=now)


def _stop(run: Run, wish: StopWish, now: datetime) -> Run:
    run = replace(run, stop=wish, why=f"stopped by {wish.by}" + (f": {wish.why}" if wish.why else ""))
    if wish.takes_back:
        return _take_back(run, now)
    return replace(run, phase=RunPhase.STOPPED, next_at=None, ended_at=now)


def _waiting(run: Run, what: str) -> Step:
    step = current(run)
    if step is None or run.phase not in {RunPhase.WAITING, RunPhase.STUCK}:
        raise IllegalMoveError(
            f"run {run.id} is {run.phase.value} and waits for nobody, so no step of it can be {what}"
        )
    return step


def _noted(
    run: Run, step: Step, *, by: str, ok: bool | None, note: str, now: datetime, is_set_aside: bool = False
) -> Run:
    is_undo = run.phase is RunPhase.STUCK
    number = len(_tries(run, step, is_undo)) + 1
    word = Attempt(step.id, number, is_undo, now, now, ok=ok, by=by, note=note, is_set_aside=is_set_aside)
    return replace(run, attempts=(*run.attempts, word))


def _tries(run: Run, step: Step, is_undo: bool) -> tuple[Attempt, ...]:
    return tuple(each for each in run.attempts if each.step == step.id and each.is_undo is is_undo)


def _spent(run: Run, step: Step, is_undo: bool) -> tuple[Attempt, ...]:
    """Return the tries that count against `attempts`: asking over HTTP costs nothing when it was cut off."""
    is_free = step.kind is StepKind.HTTP and not is_undo
    return tuple(
        each for each in _tries(run, step, is_undo) if not each.ok and not (is_free and _was_cut_off(each))
    )


def _was_cut_off(attempt: Attempt) -> bool:
    return attempt.ok is None and not attempt.is_set_aside
