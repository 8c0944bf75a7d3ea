"""Who is speaking: found out for every request, from a session's key, a token, or nothing while all is open.

A session's key has 256 random bits; only its SHA-256 is kept. Its end comes 12 hours after it was last used,
7 days after the login at the latest, with a logout, and when the account is disabled or its password changes.
"""

from __future__ import annotations

import hashlib
import secrets
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sluiceway.domain.audit.chain import NewAuditEntry
from sluiceway.domain.people.model import Principal, open_principal
from sluiceway.errors import InvalidInputError, StoreError, UnauthorisedError
from sluiceway.ports.clock import Clock
from sluiceway.ports.passwords import Passwords
from sluiceway.ports.people import AccountRow, SessionRow
from sluiceway.ports.store import Store, Transaction
from sluiceway.services.attempts import Attempts
from sluiceway.services.tokens import TokenService

IDLE_S = 12 * 3_600.0
LASTS_S = 7 * 86_400.0
_KEY_BYTES = 32
_USE_NOTED_EVERY_S = 60.0
_MAX_AGENT_CHARS = 200
_HOW_TO_LOG_IN = "log in with `sluice login`, or show a token"


@dataclass(frozen=True, slots=True)
class Credentials:
    """What somebody came with; empty is what they did not have. `claimed` is who they say they are."""

    key: str = ""  # of a session
    authorization: str = ""  # the header
    claimed: str = ""


@dataclass(frozen=True, slots=True)
class GrantView:
    """A role somebody plays; `service` is `*` for every service."""

    role: str
    service: str


@dataclass(frozen=True, slots=True)
class IdentityView:
    """Who somebody is to the server. `is_open`: there are no accounts, so the name is only claimed.

    `scopes` is what the token they came with (`through`) may be used for, null for all.
    """

    name: str
    is_open: bool
    is_admin: bool
    grants: tuple[GrantView, ...]
    through: str
    scopes: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class LoginView:
    """A login that began. It ends at `expires_at`, or 12 hours after it was last used."""

    name: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class NewSession:
    """A login with its `key`, which is handed over this once and kept nowhere."""

    key: str
    view: LoginView


class SessionService:
    """Every method opens its own transactions and may be called from any thread.

    `log_in` and `identify` are for strangers; what they return says who they are.
    """

    def __init__(self, store: Store, clock: Clock, passwords: Passwords, tokens: TokenService) -> None:
        self._store = store
        self._clock = clock
        self._passwords = passwords
        self._tokens = tokens
        self._attempts = Attempts(clock)
        self._has_accounts = False  # once there are, there always will be

    def identify(self, came_with: Credentials) -> Principal:
        """Return who is speaking. Without any account everybody is let in, under the name they claim.

        Raises UnauthorisedError when nothing they came with is valid (any more).
        """
        if not self.has_accounts():
            return open_principal(came_with.claimed)
        if came_with.authorization:
            return self._tokens.authenticate(came_with.authorization)
        if not came_with.key:
            raise UnauthorisedError(f"nobody is let in without a login; {_HOW_TO_LOG_IN}")
        now = self._clock.wall()
        with self._store.read() as tx:
            session = tx.get_session(_sha256(came_with.key))
            if session is None or not _is_valid(session, now):
                raise UnauthorisedError(f"your session has ended; {_HOW_TO_LOG_IN}")
            account = tx.get_account(session.account)
            assert account is not None
            if account.disabled_at is not None:
                raise UnauthorisedError(f"the account {account.name} is disabled; ask an administrator")
            principal = Principal(account.name, tuple(tx.grants(account=account.name)))
        self._note_use(session, now)
        return principal

    def has_accounts(self) -> bool:
        """Return whether there is an account at all: from then on nobody is let in without a login."""
        if not self._has_accounts:
            with self._store.read() as tx:
                self._has_accounts = tx.has_accounts()
        return self._has_accounts

    def log_in(self, name: str, password: str, *, address: str, agent: str) -> NewSession:
        """Begin a session. `address` and `agent` are where it comes from, and by which program.

        Raises UnauthorisedError for a wrong name or password, without saying which (and as slowly), and
        TooManyAttemptsError after too many of them.
        """
        if not self.has_accounts():
            raise InvalidInputError(
                "there are no accounts, so nobody needs to log in; `sluice account create NAME --admin` on "
                "the server's machine sets up the first one"
            )
        with self._store.read() as tx:
            account = tx.get_account(name)
        self._attempts.begin(name, address)
        is_right = self._passwords.is_right(account.password if account else "", password)
        if account is None or not is_right or account.disabled_at is not None:
            self._note_failure(account, address, "wrong password or disabled account")
            raise UnauthorisedError("the name or the password is wrong")
        self._attempts.succeeded(name, address)
        return self._begin(account, password, address, agent)

    def log_out(self, key: str, by: Principal) -> None:
        """End the session of this key."""
        with self._store.begin() as tx:
            if tx.end_session(_sha256(key)):
                self._note(tx, by.name, "logout", by.name, "logged out")

    def whoami(self, by: Principal) -> IdentityView:
        """Return what the server knows of somebody it let in."""
        return IdentityView(
            name=by.name,
            is_open=by.is_open,
            is_admin=by.is_admin,
            grants=tuple(GrantView(grant.role, grant.service) for grant in by.grants),
            through=by.through,
            scopes=None if by.scopes is None else tuple(sorted(scope.value for scope in by.scopes)),
        )

    def _begin(self, account: AccountRow, password: str, address: str, agent: str) -> NewSession:
        key = secrets.token_urlsafe(_KEY_BYTES)
        renewed = self._passwords.hashed(password) if self._passwords.is_outdated(account.password) else None
        now = self._clock.wall()
        row = SessionRow(
            sha256=_sha256(key),
            account=account.name,
            created_at=now,
            expires_at=now + timedelta(seconds=LASTS_S),
            used_at=now,
            agent=agent[:_MAX_AGENT_CHARS],
        )
        with self._store.begin() as tx:
            current = tx.get_account(account.name)
            if current is None or current.disabled_at is not None or current.password != account.password:
                raise UnauthorisedError("the account changed while you logged in; try again")
            if renewed is not None:
                tx.save_account(replace(current, password=renewed))
            tx.prune_sessions(now)
            tx.add_session(row)
            self._note(tx, account.name, "login", account.name, f"logged in from {address}")
        return NewSession(key, LoginView(account.name, row.expires_at))

    def _note_use(self, session: SessionRow, now: datetime) -> None:
        """Remember when it was used, to the minute. A full disk keeps nobody out for that."""
        if (now - session.used_at).total_seconds() < _USE_NOTED_EVERY_S:
            return
        with suppress(StoreError), self._store.begin() as tx:
            tx.note_session_use(session.sha256, now)

    def _note_failure(self, account: AccountRow | None, address: str, why: str) -> None:
        """Keep what a stranger typed out of the trail: it may be a password in the wrong field."""
        with self._store.begin() as tx:
            self._note(
                tx, "somebody", "login-failed", account.name if account else "?", f"{why}, from {address}"
            )

    def _note(self, tx: Transaction, actor: str, kind: str, account: str, why: str) -> None:
        tx.append_audit(
            NewAuditEntry(
                at=self._clock.wall(),
                process_at=self._clock.now(),
                actor=actor,
                kind=kind,
                subject=f"account:{account}",
                why=why,
            )
        )


def _is_valid(session: SessionRow, now: datetime) -> bool:
    return now < session.expires_at and now < session.used_at + timedelta(seconds=IDLE_S)


def _sha256(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()
