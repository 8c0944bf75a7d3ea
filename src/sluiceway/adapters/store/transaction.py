"""One database transaction, as `ports.store` describes it. Each subject's SQL is in its own module."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select

from sluiceway.adapters.store import (
    command_rows,
    effect_rows,
    history_rows,
    point_rows,
    rollout_rows,
    sample_rows,
    token_rows,
    trail,
)
from sluiceway.adapters.store.effect_rows import EffectQueue
from sluiceway.adapters.store.experiment_sql import ExperimentSql
from sluiceway.adapters.store.flag_sql import FlagSql
from sluiceway.adapters.store.people_sql import PeopleSql
from sluiceway.adapters.store.release_sql import ReleaseSql
from sluiceway.adapters.store.run_sql import RunSql
from sluiceway.adapters.store.schema import meta
from sluiceway.domain.analysis.history import MinuteCount
from sluiceway.domain.audit.chain import AuditEntry, NewAuditEntry
from sluiceway.domain.points.figures import Summary
from sluiceway.domain.points.model import Point
from sluiceway.domain.rollouts.model import Command, Effect, RolloutId, RolloutState
from sluiceway.ports.history import CountSeries
from sluiceway.ports.points import PointTotals, TokenRow
from sluiceway.ports.store import EffectFailure, PendingCommand, RolloutRow, SamplePoint


class SqlTransaction(ReleaseSql, PeopleSql, RunSql, FlagSql, ExperimentSql):
    """Reads and writes on one connection; the store opens, commits and rolls back."""

    def __init__(self, connection: Connection, effects: EffectQueue, owner: str) -> None:
        self._connection = connection
        self._effects = effects
        self._owner = owner

    def insert_rollout(self, row: RolloutRow) -> None:
        rollout_rows.insert_row(self._connection, row)

    def get_rollout(self, rollout_id: RolloutId) -> RolloutRow:
        return rollout_rows.get_row(self._connection, rollout_id)

    def get_rollouts(self, rollout_ids: Collection[RolloutId]) -> Sequence[RolloutRow]:
        return rollout_rows.get_several(self._connection, rollout_ids)

    def newest_rollouts(self) -> Sequence[RolloutRow]:
        return rollout_rows.newest(self._connection)

    def list_rollouts(
        self,
        *,
        service: str | None,
        services: Collection[str] | None = None,
        active_only: bool,
        limit: int,
        before: RolloutId | None,
    ) -> Sequence[RolloutRow]:
        return rollout_rows.list_rows(
            self._connection,
            service=service,
            services=services,
            active_only=active_only,
            limit=limit,
            before=before,
        )

    def claim_due(self, now: datetime, lease_s: float, limit: int) -> Sequence[RolloutRow]:
        return rollout_rows.claim(self._connection, now=now, lease_s=lease_s, limit=limit, owner=self._owner)

    def save_claimed(self, row: RolloutRow, state: RolloutState, due_at: datetime | None) -> bool:
        return rollout_rows.save(self._connection, row, state, due_at)

    def wake(self, rollout_id: RolloutId, at: datetime) -> None:
        rollout_rows.wake(self._connection, rollout_id, at)

    def wake_all(self, at: datetime) -> int:
        return rollout_rows.wake(self._connection, None, at)

    def release_leases(self) -> int:
        return rollout_rows.release_leases(self._connection, self._owner)

    def add_command(self, rollout_id: RolloutId, command: Command) -> int:
        return command_rows.add(self._connection, rollout_id, command)

    def pending_commands(self, rollout_id: RolloutId) -> Sequence[PendingCommand]:
        return command_rows.pending(self._connection, rollout_id)

    def finish_command(self, command_id: int, refusal: str | None) -> None:
        command_rows.finish(self._connection, command_id, refusal)

    def command_refusal(self, command_id: int) -> tuple[bool, str | None]:
        return command_rows.answer(self._connection, command_id)

    def append_audit(self, entry: NewAuditEntry) -> AuditEntry:
        return trail.append(self._connection, entry)

    def audit_entries(self, *, rollout_id: RolloutId | None, after: int, limit: int) -> Sequence[AuditEntry]:
        return trail.entries(self._connection, rollout_id=rollout_id, after=after, limit=limit)

    def newest_audit_entries(self, subject: str, *, before: int | None, limit: int) -> Sequence[AuditEntry]:
        return trail.newest(self._connection, subject, before=before, limit=limit)

    def audit_head(self) -> str:
        return trail.head(self._connection)

    def add_samples(self, rollout_id: RolloutId, points: Sequence[SamplePoint]) -> None:
        sample_rows.add(self._connection, rollout_id, points)

    def samples(self, rollout_id: RolloutId, *, after: datetime | None, limit: int) -> Sequence[SamplePoint]:
        return sample_rows.read(self._connection, rollout_id, after=after, limit=limit)

    def add_counts(self, series: CountSeries, counts: Sequence[MinuteCount]) -> None:
        history_rows.add_counts(self._connection, series, counts)

    def counts(self, series: CountSeries, minutes: range) -> Sequence[MinuteCount]:
        return history_rows.counts(self._connection, series, minutes)

    def counted_rollouts(self, service: str, metric: str) -> Sequence[RolloutId]:
        return history_rows.counted_rollouts(self._connection, service, metric)

    def add_figures(self, service: str, minute: int, figures: Mapping[str, float]) -> None:
        history_rows.add_figures(self._connection, service, minute, figures)

    def figures(self, service: str, minutes: range) -> Mapping[str, Sequence[float]]:
        return history_rows.figures(self._connection, service, minutes)

    def prune_history(self, *, before_minute: int) -> int:
        return history_rows.prune(self._connection, before_minute)

    def enqueue_effect(self, row: RolloutRow, key: str, effect: Effect) -> None:
        self._effects.put(self._connection, row.id, row.gen, key, effect)

    def record_effect_failure(self, rollout_id: RolloutId, effect: Effect, failure: EffectFailure) -> None:
        rollout_rows.wake(self._connection, rollout_id, failure.at)
        effect_rows.record_failure(self._connection, rollout_id, effect, failure)

    def record_effect_success(self, rollout_id: RolloutId, gen: int, effect: Effect) -> None:
        effect_rows.record_success(self._connection, rollout_id, gen, effect)

    def effect_failures(self, rollout_id: RolloutId) -> Sequence[EffectFailure]:
        return effect_rows.failures(self._connection, rollout_id)

    def clear_effect_failures(self, rollout_id: RolloutId) -> int:
        return effect_rows.clear_failures(self._connection, rollout_id)

    def add_points(
        self, points: Sequence[Point], *, sender: str, arrived_at: datetime
    ) -> Sequence[str | None]:
        return point_rows.add(self._connection, points, sender=sender, arrived_at=arrived_at)

    def point_summary(
        self, service: str, metric: str, version: str, *, after: datetime, whole_release: bool
    ) -> Summary:
        return point_rows.summary(
            self._connection, service, metric, version, after=after, whole_release=whole_release
        )

    def point_totals(self, service: str, metric: str) -> Mapping[str, PointTotals]:
        return point_rows.totals(self._connection, service, metric)

    def prune_points(self, arrived_before: datetime, limit: int) -> int:
        return point_rows.prune(self._connection, arrived_before, limit)

    def add_token(self, token: TokenRow) -> None:
        token_rows.add(self._connection, token)

    def get_token(self, name: str) -> TokenRow | None:
        return token_rows.get(self._connection, name)

    def list_tokens(self) -> Sequence[TokenRow]:
        return token_rows.list_all(self._connection)

    def revoke_token(self, name: str, at: datetime, by: str) -> bool:
        return token_rows.revoke(self._connection, name, at, by)

    def note_token_use(self, name: str, at: datetime) -> None:
        token_rows.note_use(self._connection, name, at)

    def get_meta(self, key: str) -> str | None:
        found: str | None = self._connection.execute(
            select(meta.c.value).where(meta.c.key == key)
        ).scalar_one_or_none()
        return found

    def set_meta(self, key: str, value: str) -> None:
        self._connection.execute(delete(meta).where(meta.c.key == key))
        self._connection.execute(insert(meta).values(key=key, value=value))
