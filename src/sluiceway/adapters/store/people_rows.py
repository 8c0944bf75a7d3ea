"""Accounts, the roles they were granted, their absences and sessions. Accounts are never deleted."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, or_, select, update

from sluiceway.adapters.store import codec
from sluiceway.adapters.store.schema_people import absences, accounts, grants, sessions
from sluiceway.domain.people.model import ANY_SERVICE, Absence, Grant
from sluiceway.errors import ConflictError, NotFoundError
from sluiceway.ports.people import AccountRow, SessionRow

_USE_NOTED_EVERY = timedelta(minutes=1)


def has_any(connection: Connection) -> bool:
    """Return whether there is an account at all."""
    return connection.execute(select(accounts.c.name).limit(1)).one_or_none() is not None


def add(connection: Connection, row: AccountRow) -> None:
    """Raise ConflictError when the name is taken."""
    if get(connection, row.name) is not None:
        raise ConflictError(f"there is an account {row.name} already; choose another name")
    connection.execute(insert(accounts).values(name=row.name, **_columns(row)))


def get(connection: Connection, name: str) -> AccountRow | None:
    found = connection.execute(select(accounts).where(accounts.c.name == codec.storable(name))).one_or_none()
    return None if found is None else _account(found)


def list_all(connection: Connection) -> Sequence[AccountRow]:
    """Return every account by name."""
    return [_account(row) for row in connection.execute(select(accounts).order_by(accounts.c.name))]


def disabled(connection: Connection) -> frozenset[str]:
    """Return the names of disabled accounts."""
    names = select(accounts.c.name).where(accounts.c.disabled_at.is_not(None))
    return frozenset(connection.execute(names).scalars())


def save(connection: Connection, row: AccountRow) -> None:
    """Raise NotFoundError when there is none of this name."""
    done = connection.execute(update(accounts).where(accounts.c.name == row.name).values(**_columns(row)))
    if done.rowcount == 0:
        raise NotFoundError(f"there is no account {row.name[:64]!r}; `sluice account list` shows what exists")


def add_grant(connection: Connection, grant: Grant, at: datetime, by: str) -> bool:
    """Return whether it is new."""
    if connection.execute(select(grants.c.role).where(_is(grant))).one_or_none() is not None:
        return False
    connection.execute(
        insert(grants).values(
            account=grant.account,
            role=grant.role,
            service=codec.storable(grant.service),
            granted_at=at,
            granted_by=codec.storable(by),
        )
    )
    return True


def remove_grant(connection: Connection, grant: Grant) -> bool:
    """Return whether it was there."""
    return connection.execute(delete(grants).where(_is(grant))).rowcount == 1


def list_grants(connection: Connection, *, account: str, service: str) -> Sequence[Grant]:
    """Return the grants of an account, or those that hold for a service; all of them without either."""
    query = select(grants).order_by(grants.c.account, grants.c.service, grants.c.role)
    if account:
        query = query.where(grants.c.account == codec.storable(account))
    if service:
        query = query.where(or_(grants.c.service == codec.storable(service), grants.c.service == ANY_SERVICE))
    return [Grant(row.account, row.role, row.service) for row in connection.execute(query)]


def service_grants(connection: Connection, services: Collection[str]) -> Sequence[Grant]:
    """Return the grants that hold for one of these services, and those that hold for every one."""
    names = {ANY_SERVICE, *(codec.storable(service) for service in services)}
    query = select(grants.c.account, grants.c.role, grants.c.service).where(grants.c.service.in_(names))
    return [Grant(account, role, service) for account, role, service in connection.execute(query)]


def set_absence(connection: Connection, absence: Absence) -> None:
    """Replace the account's absence."""
    clear_absence(connection, absence.account)
    connection.execute(
        insert(absences).values(
            account=absence.account,
            first=absence.first,
            until=absence.until,
            alternate=codec.storable(absence.alternate),
        )
    )


def clear_absence(connection: Connection, account: str) -> bool:
    """Return whether there was one."""
    return connection.execute(delete(absences).where(absences.c.account == account)).rowcount == 1


def list_absences(connection: Connection) -> Sequence[Absence]:
    return [
        Absence(row.account, row.first, row.until, row.alternate)
        for row in connection.execute(select(absences).order_by(absences.c.account))
    ]


def add_session(connection: Connection, row: SessionRow) -> None:
    connection.execute(
        insert(sessions).values(
            sha256=row.sha256,
            account=row.account,
            created_at=row.created_at,
            expires_at=row.expires_at,
            used_at=row.used_at,
            agent=codec.storable(row.agent),
        )
    )


def get_session(connection: Connection, sha256: str) -> SessionRow | None:
    row = connection.execute(select(sessions).where(sessions.c.sha256 == sha256)).one_or_none()
    if row is None:
        return None
    return SessionRow(row.sha256, row.account, row.created_at, row.expires_at, row.used_at, row.agent)


def note_session_use(connection: Connection, sha256: str, at: datetime) -> None:
    """Remember that it was used, to the minute: not every request needs a row changed."""
    is_old = sessions.c.used_at <= at - _USE_NOTED_EVERY
    connection.execute(update(sessions).where(sessions.c.sha256 == sha256, is_old).values(used_at=at))


def end_session(connection: Connection, sha256: str) -> bool:
    """Return whether there was one."""
    return connection.execute(delete(sessions).where(sessions.c.sha256 == sha256)).rowcount == 1


def end_sessions(connection: Connection, account: str) -> int:
    """Return how many there were."""
    return connection.execute(delete(sessions).where(sessions.c.account == account)).rowcount


def prune_sessions(connection: Connection, before: datetime) -> int:
    """Forget what expired before; return how many."""
    return connection.execute(delete(sessions).where(sessions.c.expires_at < before)).rowcount


def _columns(row: AccountRow) -> dict[str, Any]:
    return {
        "title": codec.storable(row.title),
        "contact": codec.storable(row.contact),
        "password": row.password,
        "zone": row.zone,
        "created_at": row.created_at,
        "created_by": codec.storable(row.created_by),
        "disabled_at": row.disabled_at,
    }


def _is(grant: Grant) -> Any:
    return (
        (grants.c.account == grant.account)
        & (grants.c.role == grant.role)
        & (grants.c.service == codec.storable(grant.service))
    )


def _account(row: Row[Any]) -> AccountRow:
    return AccountRow(
        name=row.name,
        title=row.title,
        contact=row.contact,
        password=row.password,
        created_at=row.created_at,
        created_by=row.created_by,
        disabled_at=row.disabled_at,
        zone=row.zone,
    )
