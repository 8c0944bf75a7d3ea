"""The tokens of programs. Names are never used twice, so that the audit trail stays clear."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, insert, or_, select, update

from sluiceway.adapters.store import codec
from sluiceway.adapters.store.schema import tokens
from sluiceway.errors import ConflictError, NotFoundError
from sluiceway.ports.points import TokenRow

_USE_NOTED_EVERY = timedelta(minutes=1)


def add(connection: Connection, token: TokenRow) -> None:
    """Raise ConflictError when the name is or was taken."""
    known = get(connection, token.name)
    if known is not None:
        state = "was revoked" if known.revoked_at else "is valid"
        raise ConflictError(f"there is a token {token.name} already, it {state}; choose another name")
    connection.execute(
        insert(tokens).values(
            name=token.name,
            sha256=token.sha256,
            service=codec.storable(token.service),
            created_at=token.created_at,
            created_by=codec.storable(token.created_by),
            revoked_at=token.revoked_at,
            revoked_by=codec.storable(token.revoked_by),
            used_at=token.used_at,
            account=token.account,
            scopes=token.scopes,
            expires_at=token.expires_at,
            environments=token.environments,
        )
    )


def get(connection: Connection, name: str) -> TokenRow | None:
    """Return the token of this name, None when there never was one."""
    found = connection.execute(select(tokens).where(tokens.c.name == name)).one_or_none()
    return None if found is None else _token(found)


def list_all(connection: Connection) -> Sequence[TokenRow]:
    """Return every token by name."""
    return [_token(row) for row in connection.execute(select(tokens).order_by(tokens.c.name))]


def revoke(connection: Connection, name: str, at: datetime, by: str) -> bool:
    """Return whether it was valid until now. Raise NotFoundError when there is none of this name."""
    done = connection.execute(
        update(tokens)
        .where(tokens.c.name == name, tokens.c.revoked_at.is_(None))
        .values(revoked_at=at, revoked_by=codec.storable(by))
    )
    if done.rowcount == 0 and get(connection, name) is None:
        raise NotFoundError(f"there is no token {name[:100]!r}; `sluice token list` shows what exists")
    return done.rowcount == 1


def note_use(connection: Connection, name: str, at: datetime) -> None:
    """Remember that it was used, to the minute: not every request needs a row changed."""
    is_old = or_(tokens.c.used_at.is_(None), tokens.c.used_at <= at - _USE_NOTED_EVERY)
    connection.execute(update(tokens).where(tokens.c.name == name, is_old).values(used_at=at))


def _token(row: Row[Any]) -> TokenRow:
    return TokenRow(
        name=row.name,
        sha256=row.sha256,
        service=row.service,
        created_at=row.created_at,
        created_by=row.created_by,
        revoked_at=row.revoked_at,
        revoked_by=row.revoked_by,
        used_at=row.used_at,
        account=row.account,
        scopes=row.scopes,
        expires_at=row.expires_at,
        environments=row.environments,
    )
