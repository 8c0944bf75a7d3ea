"""The real store on a file that is thrown away, without the waits that make it safe against a crash.

Effects and steps don't go to the work engine's queue but wait here until they are asked for, in order.
"""

from __future__ import annotations

import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from sqlite3 import Connection as SqliteConnection

from sqlalchemy import Connection, event
from sqlalchemy.pool import ConnectionPoolEntry

from sluiceway.adapters.store import SqlStore
from sluiceway.adapters.store.backend import SqliteBackend
from sluiceway.adapters.store.effect_rows import EffectQueue
from sluiceway.domain.checklists.model import RunId
from sluiceway.domain.rollouts.model import Effect, RolloutId
from sluiceway.errors import PermanentProviderError, ProviderError
from sluiceway.ports.clock import Clock
from sluiceway.ports.store import EffectFailure, Store
from sluiceway.ports.work import EffectHandler, StepHandler


class WaitingEffects(EffectQueue):
    """The effects and runbook steps that were queued and not delivered yet."""

    def __init__(self, backend: SqliteBackend) -> None:
        super().__init__(backend)
        self._known: set[str] = set()
        self._waiting: list[tuple[str, RolloutId, int, Effect]] = []
        self._steps: list[tuple[RunId, str]] = []

    def prepare(self) -> None:
        """Nothing outlives the process, so there is nothing to prepare."""

    def put(self, connection: Connection, rollout_id: RolloutId, gen: int, key: str, effect: Effect) -> None:  # noqa: ARG002
        if key not in self._known:
            self._known.add(key)
            self._waiting.append((key, rollout_id, gen, effect))

    def put_step(self, connection: Connection, run_id: RunId, key: str) -> None:  # noqa: ARG002
        if key not in self._known:
            self._known.add(key)
            self._steps.append((run_id, key))

    def carry_out(self, handler: StepHandler) -> int:
        """Hand over the steps that wait; return how many there were. What follows from them waits again."""
        steps, self._steps = self._steps, []
        for run_id, key in steps:
            handler.carry_out(run_id, key)
        return len(steps)

    def deliver(self, store: Store, handler: EffectHandler, clock: Clock) -> None:
        """Hand over what waits; a refusal is noted as the work engine notes it, a delay is tried later."""
        waiting, self._waiting = self._waiting, []
        for key, rollout_id, gen, effect in waiting:
            try:
                handler.deliver(rollout_id, gen, effect)
            except PermanentProviderError as refusal:
                failure = EffectFailure(gen, key, str(refusal), clock.wall())
                with store.begin() as tx:
                    tx.record_effect_failure(rollout_id, effect, failure)
            except ProviderError:
                self._waiting.append((key, rollout_id, gen, effect))


@contextmanager
def scratch_store() -> Generator[tuple[SqlStore, WaitingEffects]]:
    """Open a store in a temporary folder that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="sluice-rehearsal-") as folder:
        backend = SqliteBackend(Path(folder) / "rehearsal.db")
        event.listen(backend.engine, "connect", _relax)
        effects = WaitingEffects(backend)
        store = SqlStore(backend, "rehearsal", effects)
        try:
            yield store, effects
        finally:
            store.close()


def _relax(connection: SqliteConnection, _entry: ConnectionPoolEntry) -> None:
    for pragma in ("journal_mode=MEMORY", "synchronous=OFF"):
        connection.execute(f"PRAGMA {pragma}")
