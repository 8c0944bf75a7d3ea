"""Where accounts, grants, absences and sessions are kept. Part of `ports.store.Transaction`."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sluiceway.domain.people.model import Absence, Grant


@dataclass(frozen=True, slots=True)
class AccountRow:
    """`password` is an argon2id hash in PHC form, "" when it can't log in with a password."""

    name: str
    title: str
    contact: str
    password: str
    created_at: datetime
    created_by: str
    disabled_at: datetime | None = None
    zone: str = ""  # IANA name, for what this person sees


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A browser's or command line's login. Only the SHA-256 of its key is kept."""

    sha256: str
    account: str
    created_at: datetime
    expires_at: datetime
    used_at: datetime
    agent: str = ""


class PeopleRows(Protocol):
    """Reads and writes inside one transaction."""

    def has_accounts(self) -> bool:
        """Return whether there is an account at all, disabled or not."""
        ...

    def add_account(self, row: AccountRow) -> None:
        """Raise ConflictError when the name is taken."""
        ...

    def get_account(self, name: str) -> AccountRow | None: ...

    def list_accounts(self) -> Sequence[AccountRow]:
        """Return every account by name."""
        ...

    def disabled_accounts(self) -> frozenset[str]:
        """Return the names of the accounts that are disabled."""
        ...

    def save_account(self, row: AccountRow) -> None:
        """Raise NotFoundError when there is none of this name."""
        ...

    def add_grant(self, grant: Grant, at: datetime, by: str) -> bool:
        """Return whether it is new."""
        ...

    def remove_grant(self, grant: Grant) -> bool:
        """Return whether it was there."""
        ...

    def grants(self, *, account: str = "", service: str = "") -> Sequence[Grant]:
        """Return the grants of an account, or those that hold for a service; all of them without either."""
        ...

    def service_grants(self, services: Collection[str]) -> Sequence[Grant]:
        """Return the grants that hold for one of these services, and those that hold for every one."""
        ...

    def set_absence(self, absence: Absence) -> None:
        """Replace the account's absence."""
        ...

    def clear_absence(self, account: str) -> bool:
        """Return whether there was one."""
        ...

    def absences(self) -> Sequence[Absence]: ...

    def add_session(self, row: SessionRow) -> None: ...

    def get_session(self, sha256: str) -> SessionRow | None: ...

    def note_session_use(self, sha256: str, at: datetime) -> None:
        """Remember that it was used, unless that is noted for the last minute already."""
        ...

    def end_session(self, sha256: str) -> bool:
        """Return whether there was one."""
        ...

    def end_sessions(self, account: str) -> int:
        """End every session of an account; return how many there were."""
        ...

    def prune_sessions(self, before: datetime) -> int:
        """Forget the sessions that expired before; return how many."""
        ...
