"""The part of a database transaction that `ports.releases.RunRows` describes."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import Connection

from sluiceway.adapters.store import run_rows
from sluiceway.adapters.store.effect_rows import EffectQueue
from sluiceway.domain.checklists.model import Run, RunId
from sluiceway.ports.releases import RunRow


class RunSql:
    """Runs of runbooks on one connection."""

    _connection: Connection
    _effects: EffectQueue

    def insert_run(self, row: RunRow) -> None:
        run_rows.insert_row(self._connection, row)

    def get_run(self, run_id: RunId) -> RunRow:
        return run_rows.get(self._connection, run_id)

    def get_runs(self, run_ids: Collection[RunId]) -> Sequence[RunRow]:
        return run_rows.get_several(self._connection, run_ids)

    def list_runs(self, *, release: str, limit: int, before: RunId | None = None) -> Sequence[RunRow]:
        return run_rows.list_rows(self._connection, release=release, limit=limit, before=before)

    def due_runs(self, now: datetime, limit: int) -> Sequence[RunRow]:
        return run_rows.due(self._connection, now, limit)

    def save_run(self, row: RunRow, run: Run, due_at: datetime | None) -> bool:
        return run_rows.save(self._connection, row, run, due_at)

    def wake_runs(self, at: datetime) -> int:
        return run_rows.wake(self._connection, at)

    def enqueue_step(self, run_id: RunId, key: str) -> None:
        self._effects.put_step(self._connection, run_id, key)
