"""Carries runs of runbooks forward: queues the step that a run wants, carries it out, notes its outcome.

The run's row is the truth. A step is queued in the transaction that saves the row; who takes it off the queue
notes in the row that it has begun, and only then runs it. So after a crash the row says what was under way.
Such an attempt counts as cut off: what it left running is killed, and `domain.checklists.running` says
whether it is tried again or a person is asked. A command is never run twice where once is all it may be.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from sluiceway.domain.checklists import running
from sluiceway.domain.checklists.model import Attempt, Outcome, Run, RunId
from sluiceway.domain.process.lists import Step, StepKind
from sluiceway.engine.run_records import record
from sluiceway.errors import ConflictError, SluicewayError, StoreError
from sluiceway.ports.clock import Clock
from sluiceway.ports.execution import Command, Execution, HttpCheck
from sluiceway.ports.releases import RunRow
from sluiceway.ports.store import Store, Transaction

TICK_S = 0.25  # real seconds between two looks for runs that are due
AT_ONCE = 50  # runs per look
UNTAKEN_S = 60.0  # a queued step that nobody has begun after this long is queued again
OVERTIME_S = 60.0  # beyond its time limit, after which an attempt that nobody tells of counts as cut off
PATIENCE_S = 10.0  # what commands get to end by themselves when Sluiceway stops
SAVE_TRIES = 10
CUT_OFF = "it was cut off: Sluiceway ended while it ran"

log = structlog.get_logger("sluiceway.runs")


class Runs:
    """The loop and the step handler of the work engine. Safe for use by several threads."""

    def __init__(self, store: Store, clock: Clock, execution: Execution) -> None:
        self._store = store
        self._clock = clock
        self._execution = execution
        self._guard = threading.Lock()
        self._in_hand: set[str] = set()  # keys of attempts that this process carries out
        self._untold: dict[str, tuple[RunId, Outcome]] = {}  # by key, what could not be noted yet
        self._ends_at_s: float | None = None  # when commands are ended because Sluiceway stops

    def tick(self) -> None:
        """Bring every run that is due one step forward. Raises StoreError when the store can't be used."""
        for key, (run_id, outcome) in tuple(self._untold.items()):
            if key not in self._in_hand:
                self._tell(run_id, key, outcome)
        with self._store.read() as tx:
            rows = tx.due_runs(self._clock.wall(), AT_ONCE)
        for row in rows:
            self._bring_forward(row)

    def wind_down(self) -> None:
        """Let commands end by themselves for a moment, then end them: for the stop."""
        self._ends_at_s = self._clock.monotonic_s() + PATIENCE_S

    def carry_out(self, run_id: RunId, key: str) -> None:
        """Carry out what the run wants, begun under `key`; see `ports.work.StepHandler`."""
        with self._guard:
            if key in self._in_hand:
                return
            self._in_hand.add(key)
        try:
            _, outcome = self._untold.get(key) or (run_id, self._tried(run_id, key))
            if outcome is not None:
                self._tell(run_id, key, outcome)
        finally:
            with self._guard:
                self._in_hand.discard(key)

    def _tried(self, run_id: RunId, key: str) -> Outcome | None:
        """Carry out what is wanted; None when nothing is: the queue was late, or somebody was quicker."""
        if self._ends_at_s is not None:
            return None  # it is queued again after the next start
        cut_off = self._cut_off_under(run_id, key)
        if cut_off is not None:
            return cut_off
        begun = self._change(run_id, lambda run: running.take(run, key, self._clock.now()))
        if begun is None:
            return None
        attempt, step = running.under_way(begun), running.current(begun)
        assert attempt is not None
        assert step is not None
        log.info("step begun", run=run_id, step=step.id, attempt=attempt.number, undo=attempt.is_undo)
        return self._carried_out(begun, step, attempt)

    def _cut_off_under(self, run_id: RunId, key: str) -> Outcome | None:
        """Return an outcome when `key` began an attempt already: in a process that has died since."""
        with self._store.read() as tx:
            attempt = running.under_way(tx.get_run(run_id).run)
        return self._cut_off(attempt) if attempt is not None and attempt.key == key else None

    def _cut_off(self, attempt: Attempt) -> Outcome:
        killed = self._execution.end_leftovers(attempt.key)
        return Outcome(None, CUT_OFF + (f"; {killed} processes it left were killed" if killed else ""))

    def _carried_out(self, run: Run, step: Step, attempt: Attempt) -> Outcome:
        try:
            if step.kind is StepKind.HTTP and not attempt.is_undo:
                url = filled(step.url, run)
                return self._execution.ask(HttpCheck(url, step.status, step.contains, step.timeout_s))
            argv = tuple(filled(word, run) for word in (step.undo if attempt.is_undo else step.command))
            command = Command(argv, run.cwd, _env(run, attempt), step.timeout_s, attempt.key)
            return self._execution.run(command, lambda: self._why_end(run.id, attempt.key))
        except SluicewayError as failure:
            return Outcome(False, str(failure))
        except Exception as failure:
            log.exception("a step failed in an unforeseen way", run=run.id, step=step.id)
            return Outcome(None, f"unforeseen fault ({type(failure).__name__}); the log has the details")

    def _why_end(self, run_id: RunId, key: str) -> str:
        """Return why a command under way is to be ended, "" while it is wanted."""
        if self._ends_at_s is not None and self._clock.monotonic_s() >= self._ends_at_s:
            return "Sluiceway was stopped"
        try:
            with self._store.read() as tx:
                run = tx.get_run(run_id).run
        except StoreError:
            return ""  # what is not known ends nothing
        attempt = running.under_way(run)
        if attempt is None or attempt.key != key:
            return "its run has gone on without it"
        if run.stop is not None and running.is_stopping(run):
            return f"{run.stop.by} stopped the run"
        return ""

    def _tell(self, run_id: RunId, key: str, outcome: Outcome) -> None:
        """Note an outcome, once; it is kept until that has worked."""

        def noted(run: Run) -> Run | None:
            attempt = running.under_way(run)
            is_mine = attempt is not None and attempt.key == key
            return running.end_attempt(run, outcome, self._clock.now()) if is_mine else None

        self._untold[key] = (run_id, outcome)
        if self._change(run_id, noted) is None:
            log.warning("an outcome came too late", run=run_id, key=key, outcome=outcome.note)
        self._untold.pop(key, None)

    def _bring_forward(self, row: RunRow) -> None:
        attempt = running.under_way(row.run)
        if attempt is None:
            with self._store.begin() as tx:
                self._save(tx, row, row.run)
            return
        if attempt.key in self._in_hand or self._left_s(row.run, attempt) > 0:
            with self._store.begin() as tx:
                self._save(tx, row, row.run)  # looked at again when its time is over
            return
        self._tell(row.run.id, attempt.key, self._cut_off(attempt))

    def _change(self, run_id: RunId, change: Callable[[Run], Run | None]) -> Run | None:
        """Save what `change` makes of the run, again when somebody was quicker; None when it makes nothing.

        Raises StoreError when the store can't be used, NotFoundError when the run is gone.
        """
        for _ in range(SAVE_TRIES):
            try:
                with self._store.begin() as tx:
                    row = tx.get_run(run_id)
                    run = change(row.run)
                    if run is None:
                        return None
                    if self._save(tx, row, run):
                        record(tx, self._clock, row.run, run)
                        return run
            except ConflictError:
                continue  # its release was saved at this moment
        raise StoreError(f"run {run_id} is changed by others all the time; it is tried again")

    def _save(self, tx: Transaction, row: RunRow, run: Run) -> bool:
        """Save a run with the time it is looked at next, and queue the step it wants now."""
        wanted = running.wanted(run, self._clock.now())
        if not tx.save_run(row, run, self._due_at(run, wanted)):
            return False
        if wanted is not None:
            tx.enqueue_step(run.id, f"{run.id}:{wanted.id}:{row.gen + 1}")
        return True

    def _due_at(self, run: Run, wanted: Step | None) -> datetime | None:
        """Return when the run is looked at next, wall clock; None while it waits for a person or is over."""
        wall, attempt = self._clock.wall(), running.under_way(run)
        if wanted is not None:
            return wall + timedelta(seconds=UNTAKEN_S)
        if attempt is not None:
            return wall + timedelta(seconds=max(1.0, self._left_s(run, attempt)))
        if run.next_at is not None:
            return wall + timedelta(seconds=self._real_s(self._clock.now(), run.next_at))
        return None

    def _left_s(self, run: Run, attempt: Attempt) -> float:
        """Return how many real seconds an attempt may still be silent."""
        step = next(step for step in run.runbook.steps if step.id == attempt.step)
        return step.timeout_s + OVERTIME_S - self._real_s(attempt.began_at, self._clock.now())

    def _real_s(self, start: datetime, end: datetime) -> float:
        return (end - start).total_seconds() / self._clock.speed


def filled(text: str, run: Run) -> str:
    """Return a word of a command with `{version}`, `{service}`, `{release}` and `{run}` filled in.

    Other braces, such as those of JSON, stay.
    """
    for name, value in _names(run).items():
        text = text.replace(f"{{{name}}}", value)
    return text


def _names(run: Run) -> dict[str, str]:
    return {"version": run.version, "service": run.service, "release": run.release, "run": run.id}


def _env(run: Run, attempt: Attempt) -> tuple[tuple[str, str], ...]:
    own = {f"SLUICE_{name.upper()}": value for name, value in _names(run).items()}
    own |= {"SLUICE_STEP": attempt.step, "SLUICE_ATTEMPT": str(attempt.number)}
    return (*own.items(), *run.env)
