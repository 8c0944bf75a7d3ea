"""Delivers queued effects with DBOS Transact, whose queue is in the store's own database.

One effect is one short workflow, `deliver`, with one retried step; a runbook's step is one of the workflow
`step`, on a queue of its own, because it may take hours. What DBOS gives: the effect is queued in
the transaction of its decision, survives a crash at any point, is retried with growing pauses and leaves a
history. What it leaves to us: a failure for good must reach people (it is noted in the store), and nobody but
a process of the same executor id takes up what a dead one had in hand. So the id is the store's owner, the
same after every restart.

DBOS is one per process. A second `start` in the same process is refused while the first one runs.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from datetime import timedelta
from typing import Final

from dbos import DBOS, DBOSClient, DBOSConfig, PortableWorkflowError, WorkflowStatus, WorkflowStatusString
from dbos import error as dbos_error

from sluiceway.adapters.store import SqlStore
from sluiceway.adapters.store.codec import effect_of, effect_text
from sluiceway.adapters.store.effect_rows import (
    APP_NAME,
    APP_VERSION,
    DBOS_SCHEMA,
    QUEUE,
    STEP_QUEUE,
    STEP_WORKFLOW,
    WORKFLOW,
)
from sluiceway.adapters.work.logs import quieten
from sluiceway.domain.checklists.model import RunId
from sluiceway.domain.rollouts.model import Effect, RolloutId
from sluiceway.errors import NotFoundError, PermanentProviderError, StoreError, TemporaryProviderError
from sluiceway.ports.clock import Clock
from sluiceway.ports.store import EffectFailure
from sluiceway.ports.work import EffectHandler, StepHandler

ATTEMPTS: Final = 4
FIRST_PAUSE_S: Final = 0.5  # then 1 s and 2 s: a decision that still wants the effect queues it again
POLL_S: Final = 0.1
CONCURRENCY: Final = 16  # draining a version holds one for as long as a request may take
STEPS_AT_ONCE: Final = 8
MAX_RECOVERIES: Final = 3
STOP_WAIT_S: Final = 30.0  # draining a version takes about as long
SETTLE_S: Final = 1.0
_PRUNE_BATCH: Final = 500

_log = logging.getLogger(__name__)
_running_guard = threading.Lock()
_running: DbosWork | None = None


class _StoppedError(BaseException):
    """Ends a workflow without an outcome, so that it is taken up after the next start.

    Not an Exception: DBOS would record that as the outcome.
    """


class DbosWork:
    """Implements `ports.work.WorkEngine`."""

    def __init__(self, store: SqlStore, clock: Clock, *, concurrency: int = CONCURRENCY) -> None:
        self._store = store
        self._clock = clock
        self._concurrency = concurrency
        self._handler: EffectHandler | None = None
        self._steps: StepHandler | None = None
        self._calm = threading.Condition()
        self._stopping = False
        self._in_hand = 0  # attempts running now
        self._refused = 0  # attempts that came too late, while stopping

    def start(self, handler: EffectHandler, steps: StepHandler | None = None) -> None:
        """Begin taking effects and steps off their queues, also those an earlier process left.

        Raises RuntimeError while another one runs in this process, StoreError when the database refuses.
        """
        global _running  # noqa: PLW0603 - DBOS itself is one per process
        with _running_guard:
            if _running is not None:
                raise RuntimeError("another work engine runs in this process; stop it first")
            _running = self
        self._handler, self._steps = handler, steps
        self._stopping, self._refused = False, 0
        try:
            self._launch()
        except BaseException as exc:
            with _running_guard:
                _running = None
            DBOS.destroy()
            if isinstance(exc, Exception):
                raise StoreError(
                    f"the queue of effects in {self._store.place} can't be opened: {exc}"
                ) from exc
            raise

    def stop(self) -> None:
        """Take no more; return when nothing is being delivered. Safe to repeat.

        What was taken off the queue and not begun is delivered after the next start.
        """
        global _running  # noqa: PLW0603 - see start
        with _running_guard:
            if _running is not self:
                return
        with self._calm:
            self._stopping = True
            if not self._calm.wait_for(lambda: self._in_hand == 0, STOP_WAIT_S):
                _log.warning("%d deliveries are still under way after %g s", self._in_hand, STOP_WAIT_S)
        self._settle()
        DBOS.destroy()
        with _running_guard:
            _running = None

    def prune(self, older_than_s: float) -> int:
        """Delete the history of effects that ended longer ago than this; return how many.

        Also those that a process which never came back had in hand: by now their decisions were taken anew.
        """
        before = (self._clock.wall() - timedelta(seconds=older_than_s)).isoformat()
        gone = 0
        while batch := self._old(before):
            DBOS.delete_workflows([one.workflow_id for one in batch])
            gone += len(batch)
        return gone

    def _old(self, before: str) -> list[WorkflowStatus]:
        ended = [
            WorkflowStatusString.SUCCESS.value,
            WorkflowStatusString.ERROR.value,
            WorkflowStatusString.CANCELLED.value,
            WorkflowStatusString.MAX_RECOVERY_ATTEMPTS_EXCEEDED.value,
        ]
        found = DBOS.list_workflows(
            name=[WORKFLOW, STEP_WORKFLOW],
            end_time=before,
            status=[*ended, WorkflowStatusString.PENDING.value],
            limit=_PRUNE_BATCH,
            load_input=False,
            load_output=False,
        )
        return [one for one in found if one.status in ended or one.executor_id != self._store.owner]

    def _launch(self) -> None:
        config = DBOSConfig(
            name=APP_NAME,
            system_database_engine=self._store.engine,
            dbos_system_schema=DBOS_SCHEMA,
            executor_id=self._store.owner,
            application_version=APP_VERSION,
            enable_otlp=False,
            log_level="WARNING",
            scheduler_polling_interval_sec=3600.0,  # we schedule nothing
            notification_listener_polling_interval_sec=POLL_S,  # nothing listens; `stop` waits for its poll
        )
        DBOS(config=config)
        quieten()
        self._register_queues()
        DBOS.launch()

    def _register_queues(self) -> None:
        # Before the launch: a queue that is registered later is noticed only a second later.
        client = DBOSClient(
            system_database_engine=self._store.engine,
            dbos_system_schema=DBOS_SCHEMA,
            application_name=APP_NAME,
            lazy=True,
            retry_connection_errors=False,
        )
        for queue, at_once in ((QUEUE, self._concurrency), (STEP_QUEUE, STEPS_AT_ONCE)):
            client.register_queue(
                queue,
                worker_concurrency=at_once,
                polling_interval_sec=POLL_S,
                on_conflict="always_update",
            )
        client.destroy()

    def deliver(self, key: str, rollout_id: RolloutId, gen: int, effect: Effect) -> str:
        """Try an effect until it is done or given up on; return in words what became of it."""
        try:
            fault = _attempt(rollout_id, gen, effect_text(effect))
        except dbos_error.DBOSMaxStepRetriesExceeded as exc:
            fault = f"given up after {ATTEMPTS} tries: {exc.errors[-1]}"
        except PortableWorkflowError:
            # Raised instead when a crash came between the last try and this line: its words are gone.
            fault = f"given up after {ATTEMPTS} tries"
        self._note(key, rollout_id, gen, effect, fault)
        return fault or "delivered"

    def attempt(self, rollout_id: RolloutId, gen: int, effect: Effect) -> str:
        """Try once; return why trying again is useless, "" when it is done. Raises what is worth a retry."""
        if self._handler is None:
            raise RuntimeError("an effect arrived before the work engine was started")
        try:
            with self._working():
                self._handler.deliver(rollout_id, gen, effect)
        except (TemporaryProviderError, StoreError):
            raise
        except PermanentProviderError as exc:
            return str(exc)
        except Exception as exc:
            _log.exception("an effect of rollout %s failed in an unforeseen way: %s", rollout_id, effect)
            return f"unforeseen fault ({type(exc).__name__}: {exc}); the log has the details"
        return ""

    def carry_out(self, key: str, run_id: RunId) -> str:
        """Try to carry a step out until its outcome is noted or that is given up on; return which."""
        try:
            _carry_out(run_id, key)
        except dbos_error.DBOSMaxStepRetriesExceeded as exc:
            _log.warning("the outcome of step %s could not be noted: %s", key, exc.errors[-1])
            return "not noted"
        except PortableWorkflowError:
            return "not noted"  # a crash came between the last try and the line above
        return "noted"

    def attempt_step(self, run_id: RunId, key: str) -> None:
        """Try once. Raises StoreError when the outcome can't be noted now."""
        if self._steps is None:
            raise RuntimeError("a runbook's step arrived, and nobody is there to carry it out")
        with self._working():
            try:
                self._steps.carry_out(run_id, key)
            except NotFoundError:
                _log.warning("step %s is dropped: its run %s is gone", key, run_id)

    @contextmanager
    def _working(self) -> Generator[None]:
        with self._calm:
            if self._stopping:
                self._refused += 1
                raise _StoppedError
            self._in_hand += 1
        try:
            yield
        finally:
            with self._calm:
                self._in_hand -= 1
                self._calm.notify_all()

    def _settle(self) -> None:
        """Wait a little for DBOS to record what was delivered, so that nothing is looked at twice."""
        end_s = time.monotonic() + SETTLE_S
        while time.monotonic() < end_s:
            open_ones = DBOS.list_workflows(
                name=[WORKFLOW, STEP_WORKFLOW],
                status=WorkflowStatusString.PENDING.value,
                executor_id=self._store.owner,
                load_input=False,
                load_output=False,
            )
            if len(open_ones) <= self._refused:
                return
            time.sleep(POLL_S / 5)

    def _note(self, key: str, rollout_id: RolloutId, gen: int, effect: Effect, fault: str) -> None:
        try:
            if fault:
                _log.warning("effect %s was given up: %s", key, fault)
                failure = EffectFailure(gen, key, fault, self._clock.wall())
                with self._store.begin() as tx:
                    tx.record_effect_failure(rollout_id, effect, failure)
            elif self._has_failures(rollout_id):
                with self._store.begin() as tx:
                    tx.record_effect_success(rollout_id, gen, effect)
        except (StoreError, NotFoundError):
            # The decision stands; what it still wants is queued again by a later one.
            _log.exception("what became of effect %s could not be noted", key)

    def _has_failures(self, rollout_id: RolloutId) -> bool:
        with self._store.read() as tx:
            return bool(tx.effect_failures(rollout_id))


@DBOS.step(
    name="sluiceway.attempt",
    retries_allowed=True,
    interval_seconds=FIRST_PAUSE_S,
    max_attempts=ATTEMPTS,
    backoff_rate=2.0,
)
def _attempt(rollout_id: str, gen: int, text: str) -> str:
    return _current().attempt(RolloutId(rollout_id), gen, effect_of(text))


@DBOS.workflow(name=WORKFLOW, max_recovery_attempts=MAX_RECOVERIES)
def _deliver(rollout_id: str, gen: int, text: str) -> str:  # pyright: ignore[reportUnusedFunction]
    """The workflow that the store queues by its name."""
    return _current().deliver(DBOS.workflow_id or "", RolloutId(rollout_id), gen, effect_of(text))


@DBOS.step(
    name="sluiceway.carry-out",
    retries_allowed=True,
    interval_seconds=FIRST_PAUSE_S,
    max_attempts=ATTEMPTS,
    backoff_rate=2.0,
)
def _carry_out(run_id: str, key: str) -> None:
    _current().attempt_step(RunId(run_id), key)


@DBOS.workflow(name=STEP_WORKFLOW, max_recovery_attempts=MAX_RECOVERIES)
def _step(run_id: str) -> str:  # pyright: ignore[reportUnusedFunction]
    """The workflow that the store queues by its name."""
    return _current().carry_out(DBOS.workflow_id or "", RunId(run_id))


def _current() -> DbosWork:
    if _running is None:
        raise RuntimeError("the work engine has stopped; the effect is taken up after the next start")
    return _running
