"""The part of a database transaction that `ports.people.PeopleRows` describes."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import Connection

from sluiceway.adapters.store import people_rows
from sluiceway.domain.people.model import Absence, Grant
from sluiceway.ports.people import AccountRow, SessionRow


class PeopleSql:
    """Accounts, grants, absences and sessions on one connection."""

    _connection: Connection

    def has_accounts(self) -> bool:
        return people_rows.has_any(self._connection)

    def add_account(self, row: AccountRow) -> None:
        people_rows.add(self._connection, row)

    def get_account(self, name: str) -> AccountRow | None:
        return people_rows.get(self._connection, name)

    def list_accounts(self) -> Sequence[AccountRow]:
        return people_rows.list_all(self._connection)

    def disabled_accounts(self) -> frozenset[str]:
        return people_rows.disabled(self._connection)

    def save_account(self, row: AccountRow) -> None:
        people_rows.save(self._connection, row)

    def add_grant(self, grant: Grant, at: datetime, by: str) -> bool:
        return people_rows.add_grant(self._connection, grant, at, by)

    def remove_grant(self, grant: Grant) -> bool:
        return people_rows.remove_grant(self._connection, grant)

    def grants(self, *, account: str = "", service: str = "") -> Sequence[Grant]:
        return people_rows.list_grants(self._connection, account=account, service=service)

    def service_grants(self, services: Collection[str]) -> Sequence[Grant]:
        return people_rows.service_grants(self._connection, services)

    def set_absence(self, absence: Absence) -> None:
        people_rows.set_absence(self._connection, absence)

    def clear_absence(self, account: str) -> bool:
        return people_rows.clear_absence(self._connection, account)

    def absences(self) -> Sequence[Absence]:
        return people_rows.list_absences(self._connection)

    def add_session(self, row: SessionRow) -> None:
        people_rows.add_session(self._connection, row)

    def get_session(self, sha256: str) -> SessionRow | None:
        return people_rows.get_session(self._connection, sha256)

    def note_session_use(self, sha256: str, at: datetime) -> None:
        people_rows.note_session_use(self._connection, sha256, at)

    def end_session(self, sha256: str) -> bool:
        return people_rows.end_session(self._connection, sha256)

    def end_sessions(self, account: str) -> int:
        return people_rows.end_sessions(self._connection, account)

    def prune_sessions(self, before: datetime) -> int:
        return people_rows.prune_sessions(self._connection, before)
