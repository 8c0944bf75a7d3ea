"""The part of a database transaction that `ports.flags` describes."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection

from sluiceway.adapters.store import flag_rows, flag_usage_rows
from sluiceway.domain.flags.proposals import ItemKind, Proposal, ProposalState
from sluiceway.ports.flags import (
    AssignmentRow,
    FlagRow,
    FlagVersionRow,
    ItemKey,
    LastUse,
    ProposalRow,
    SetKey,
    UsageRow,
)


class FlagSql:
    """Flags, their history, proposals and reports on one connection."""

    _connection: Connection

    def lock_flag_set(self, service: str, environment: str) -> int:
        return flag_rows.lock_set(self._connection, service, environment)

    def flag_set_versions(self, service: str = "") -> Mapping[SetKey, int]:
        return flag_rows.set_versions(self._connection, service)

    def flag_rows(self, service: str, environment: str, *, after: int) -> Sequence[FlagRow]:
        return flag_rows.rows(self._connection, service, environment, after=after)

    def get_flag_row(self, service: str, environment: str, kind: ItemKind, item: str) -> FlagRow | None:
        return flag_rows.get_row(self._connection, service, environment, kind, item)

    def save_flag_rows(self, service: str, environment: str, version: int, rows: Sequence[FlagRow]) -> None:
        flag_rows.save_rows(self._connection, service, environment, version, rows)

    def applied_flags(self, service: str, environment: str) -> Mapping[ItemKey, str]:
        return flag_rows.applied(self._connection, service, environment)

    def save_applied_flags(
        self, service: str, environment: str, documents: Sequence[tuple[ItemKind, str, str]]
    ) -> None:
        flag_rows.save_applied(self._connection, service, environment, documents)

    def add_flag_versions(self, rows: Sequence[FlagVersionRow]) -> None:
        flag_rows.add_versions(self._connection, rows)

    def flag_versions(
        self,
        service: str,
        *,
        environment: str = "",
        kind: ItemKind | None = None,
        item: str = "",
        before: int | None = None,
        limit: int,
    ) -> Sequence[FlagVersionRow]:
        return flag_rows.versions(
            self._connection,
            service,
            environment=environment,
            kind=kind,
            item=item,
            before=before,
            limit=limit,
        )

    def get_flag_version(self, service: str, seq: int) -> FlagVersionRow:
        return flag_rows.get_version(self._connection, service, seq)

    def add_proposal(self, proposal: Proposal) -> None:
        flag_rows.add_proposal(self._connection, proposal)

    def get_proposal(self, proposal_id: str) -> ProposalRow:
        return flag_rows.get_proposal(self._connection, proposal_id)

    def save_proposal(self, row: ProposalRow, proposal: Proposal) -> int:
        return flag_rows.save_proposal(self._connection, row, proposal)

    def list_proposals(
        self, services: Collection[str] | None, *, state: ProposalState | None, limit: int
    ) -> Sequence[ProposalRow]:
        return flag_rows.list_proposals(self._connection, services, state=state, limit=limit)

    def take_batch(self, service: str, environment: str, batch: str, at: datetime) -> bool:
        return flag_usage_rows.take_batch(self._connection, service, environment, batch, at)

    def add_usage(self, service: str, environment: str, rows: Sequence[UsageRow]) -> None:
        flag_usage_rows.add_usage(self._connection, service, environment, rows)

    def flag_usage(
        self, service: str, environment: str, *, flag: str = "", since_hour: int = 0
    ) -> Sequence[UsageRow]:
        return flag_usage_rows.usage(self._connection, service, environment, flag=flag, since_hour=since_hour)

    def last_uses(self, service: str, environment: str) -> Sequence[LastUse]:
        return flag_usage_rows.last_uses(self._connection, service, environment)

    def flag_usage_began(self, service: str, environment: str) -> datetime | None:
        return flag_usage_rows.began(self._connection, service, environment)

    def add_assignments(
        self, service: str, environment: str, rows: Sequence[AssignmentRow], *, limit: int
    ) -> int:
        return flag_usage_rows.add_assignments(self._connection, service, environment, rows, limit=limit)

    def assignments(
        self, service: str, environment: str, experiment: str, *, after: str = "", limit: int
    ) -> Sequence[AssignmentRow]:
        return flag_usage_rows.assignments(
            self._connection, service, environment, experiment, after=after, limit=limit
        )

    def prune_flag_reports(self, *, batches_before: datetime, hours_before: int, limit: int) -> int:
        return flag_usage_rows.prune(
            self._connection, batches_before=batches_before, hours_before=hours_before, limit=limit
        )
