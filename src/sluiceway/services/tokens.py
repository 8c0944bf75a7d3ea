"""Tokens: what a program shows instead of a login. Made, shown once, checked and revoked.

A token is `sluice_NAME_SECRET`. Only the SHA-256 of the whole is kept: the secret has 256 random bits, so a
slow password hash would add nothing. One that may only push figures and evaluate flags belongs to nobody and
outlives its maker; any other acts as its owner, and does no more than its scopes say.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from sluiceway.domain.audit.chain import NewAuditEntry
from sluiceway.domain.people.model import ANY_SERVICE, Grant, Principal
from sluiceway.domain.people.rights import APPLICATION_ROLE, SENDER_ROLE
from sluiceway.domain.points.admission import MAX_NAME_CHARS
from sluiceway.domain.process.team import Permission
from sluiceway.errors import (
    ForbiddenError,
    InvalidInputError,
    NotFoundError,
    StoreError,
    UnauthorisedError,
)
from sluiceway.ports.clock import Clock
from sluiceway.ports.points import TokenRow
from sluiceway.ports.store import Store, Transaction
from sluiceway.services import access
from sluiceway.services.flag_environments import environments_of

_SECRET_BYTES = 32
_USE_NOTED_EVERY_S = 60.0
_MAX_LIFE_S = 10 * 366 * 86_400.0
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_TOKEN = re.compile(r"sluice_(?P<name>[a-z0-9][a-z0-9-]{0,62})_[0-9a-f]{64}")
_HOW_TO_GET_ONE = "`sluice token create NAME` makes one"
_PUSH_ONLY = frozenset({Permission.PUSH})
# What a program may do that belongs to nobody: send figures, ask what flags are worth.
_NOBODYS: Mapping[Permission, str] = {
    Permission.PUSH: SENDER_ROLE,
    Permission.EVALUATE: APPLICATION_ROLE,
}
_DOES = {Permission.PUSH.value: "push figures", Permission.EVALUATE.value: "evaluate flags"}


@dataclass(frozen=True, slots=True)
class TokenView:
    """A token without the token. `service` is the only one it may be used for, empty for any.

    `environments` are those whose flags it may evaluate, empty for any.
    `owner` is the account as which it acts, empty for a sender's; `scopes` is what it may do at most.
    """

    name: str
    service: str
    owner: str
    scopes: tuple[str, ...]
    created_at: datetime
    created_by: str
    expires_at: datetime | None
    revoked_at: datetime | None
    revoked_by: str
    used_at: datetime | None
    environments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NewTokenView:
    """A token that was just made. `token` is shown this once and kept nowhere."""

    name: str
    service: str
    owner: str
    scopes: tuple[str, ...]
    expires_at: datetime | None
    token: str
    environments: tuple[str, ...] = ()


class TokenService:
    """Every method opens its own transactions and may be called from any thread."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def create(
        self,
        name: str,
        service: str,
        by: Principal,
        *,
        scopes: Collection[Permission] = _PUSH_ONLY,
        expires_s: float | None = None,
        owner: str = "",
        environments: Collection[str] = (),
    ) -> NewTokenView:
        """Make a token, for one service only unless `service` is empty; it lasts `expires_s` real seconds.

        `environments` narrows it to the flags of those. With the scopes `push` and `evaluate` alone and no
        `owner` it belongs to nobody, and needs the right to push, and to flags; else it acts as its owner,
        `by` unless an administrator says who. Raises InvalidInputError, ForbiddenError, and ConflictError
        when the name is or was taken.
        """
        actor = access.actor(by)
        _check_names(name, service)
        where = _checked_environments(environments, service)
        is_nobodys = not owner and bool(scopes) and _NOBODYS.keys() >= set(scopes)
        now = self._clock.wall()
        token = f"sluice_{name}_{secrets.token_hex(_SECRET_BYTES)}"
        row = TokenRow(
            name,
            _sha256(token),
            service,
            now,
            actor,
            account="" if is_nobodys else owner or by.name,
            scopes=" ".join(scope.value for scope in Permission if scope in scopes),
            expires_at=_end_of(now, expires_s),
            environments=" ".join(where),
        )
        with self._store.begin() as tx:
            _require_in_person(by)
            _require_environments(tx, where, service)
            if is_nobodys:
                _require_rights(tx, by, scopes, service)
            else:
                _require_owner(tx, by, row)
            tx.add_token(row)
            self._note(tx, actor, "token-created", name, _words(row))
        return NewTokenView(
            name, service, row.account, tuple(row.scopes.split()), row.expires_at, token, where
        )

    def list(self, by: Principal) -> Sequence[TokenView]:
        """Return every token there is or was, by name; to others than administrators, their own."""
        with self._store.read() as tx:
            is_admin = access.is_allowed(tx, by, Permission.ADMIN, "")
            return tuple(_view(row) for row in tx.list_tokens() if is_admin or _is_own(row, by))

    def revoke(self, name: str, by: Principal) -> TokenView:
        """Let a token be refused from now on; one that is revoked already stays as it is.

        Raises NotFoundError when there is none of this name, ForbiddenError when it is somebody else's.
        """
        actor = access.actor(by)
        with self._store.begin() as tx:
            found = tx.get_token(name)
            if found is None or not _is_own(found, by):
                access.require(tx, by, Permission.ADMIN, "")
            if tx.revoke_token(name, self._clock.wall(), actor):
                self._note(tx, actor, "token-revoked", name, _gone_words(found))
            row = tx.get_token(name)
        assert row is not None
        return _view(row)

    def authenticate(self, authorization: str) -> Principal:
        """Return who shows the token of an `Authorization` header (RFC 6750). Raises UnauthorisedError.

        An unknown name takes as long as a wrong secret, so that answers tell nothing about either. Whoever
        has the right secret is told what became of their token.
        """
        scheme, _, presented = authorization.strip().partition(" ")
        if not authorization.strip():
            raise UnauthorisedError(f"a token is needed: send Authorization: Bearer TOKEN; {_HOW_TO_GET_ONE}")
        found = _TOKEN.fullmatch(presented.strip())
        if scheme.lower() != "bearer" or found is None:
            raise UnauthorisedError(
                "the Authorization header is not Bearer and a token that begins with sluice_; "
                f"{_HOW_TO_GET_ONE}"
            )
        with self._store.read() as tx:
            row = tx.get_token(found["name"])
            expected = row.sha256 if row is not None else "0" * 64
            is_right = hmac.compare_digest(_sha256(presented.strip()), expected)
            if row is None or not is_right:
                raise UnauthorisedError(f"the token is wrong; {_HOW_TO_GET_ONE}")
            principal = self._principal(tx, row)
        self._note_use(row)
        return principal

    def _principal(self, tx: Transaction, row: TokenRow) -> Principal:
        if row.revoked_at is not None:
            raise UnauthorisedError(f"the token {row.name} was revoked; {_HOW_TO_GET_ONE}")
        if row.expires_at is not None and row.expires_at <= self._clock.wall():
            expired = row.expires_at.isoformat(timespec="minutes")
            raise UnauthorisedError(f"the token {row.name} expired at {expired}; {_HOW_TO_GET_ONE}")
        scopes = frozenset(scope for scope in Permission if scope.value in row.scopes.split())
        services = frozenset({row.service}) if row.service else None
        environments = frozenset(row.environments.split()) or None
        if not row.account:
            roles = [role for scope, role in _NOBODYS.items() if scope in scopes]
            own = tuple(Grant(row.name, role, row.service or ANY_SERVICE) for role in roles)
            return Principal(
                row.name, own, scopes=scopes, services=services, environments=environments, through=row.name
            )
        account = tx.get_account(row.account)
        if account is None or account.disabled_at is not None:
            raise UnauthorisedError(
                f"the token {row.name} is of {row.account}, whose account is disabled; an administrator can "
                "enable it"
            )
        grants = tx.grants(account=row.account)
        return Principal(
            row.account,
            tuple(grants),
            scopes=scopes,
            services=services,
            environments=environments,
            through=row.name,
        )

    def _note_use(self, row: TokenRow) -> None:
        """Remember when it was used, to the minute. A full disk keeps nobody out for that."""
        now = self._clock.wall()
        if row.used_at is not None and (now - row.used_at).total_seconds() < _USE_NOTED_EVERY_S:
            return
        with suppress(StoreError), self._store.begin() as tx:
            tx.note_token_use(row.name, now)

    def _note(self, tx: Transaction, actor: str, kind: str, name: str, why: str) -> None:
        tx.append_audit(
            NewAuditEntry(
                at=self._clock.wall(),
                process_at=self._clock.now(),
                actor=actor,
                kind=kind,
                subject=f"token:{name}",
                why=why,
            )
        )


def _check_names(name: str, service: str) -> None:
    if _NAME.fullmatch(name) is None:
        raise InvalidInputError(
            f"the token's name is {name[:MAX_NAME_CHARS]!r}; use up to 63 small letters, digits and -, "
            "such as payments"
        )
    if len(service) > MAX_NAME_CHARS or (service and not service.isprintable()):
        raise InvalidInputError(
            f"service is {service[:MAX_NAME_CHARS]!r}; use up to {MAX_NAME_CHARS} printable characters"
        )


def _checked_environments(environments: Collection[str], service: str) -> tuple[str, ...]:
    found = tuple(dict.fromkeys(environments))
    if found and not service:
        raise InvalidInputError(
            f"the token is for the environment {found[0][:100]!r} of no service; say of which with --service"
        )
    return found


def _require_environments(tx: Transaction, environments: Sequence[str], service: str) -> None:
    known = environments_of(tx, service) if environments else ()
    unknown = next((one for one in environments if one not in known), None)
    if unknown is not None:
        raise InvalidInputError(
            f"{service} has no environment {unknown[:100]!r}; its process has {', '.join(known)}"
        )


def _require_rights(tx: Transaction, by: Principal, scopes: Collection[Permission], service: str) -> None:
    """Whoever makes a token that belongs to nobody has the right to do so for the service."""
    if Permission.PUSH in scopes:
        access.require(tx, by, Permission.PUSH, service)
    if Permission.EVALUATE in scopes:
        access.require(tx, by, Permission.EVALUATE, service, or_else=Permission.FLAG)


def _end_of(now: datetime, expires_s: float | None) -> datetime | None:
    if expires_s is None:
        return None
    if not 0 < expires_s <= _MAX_LIFE_S:
        raise InvalidInputError(
            f"the token would last {expires_s:g} s; use more than 0 and at most 10 years, such as 30d"
        )
    return now + timedelta(seconds=expires_s)


def _require_in_person(by: Principal) -> None:
    """A token that could make tokens could make one that may more."""
    if by.through:
        raise ForbiddenError(f"the token {by.through} can't make tokens; log in with `sluice login`")


def _require_owner(tx: Transaction, by: Principal, row: TokenRow) -> None:
    if not row.scopes:
        raise InvalidInputError("the token has no scope; name what it may do, such as read")
    if row.account != by.name or by.is_open:
        access.require(tx, by, Permission.ADMIN, "")
    if by.is_open:
        raise InvalidInputError(
            "there are no accounts yet, so nobody needs a token but senders of figures (scope push) and "
            "applications that evaluate flags (scope evaluate); "
            "`sluice account create NAME --admin` sets up the first account"
        )
    account = tx.get_account(row.account)
    if account is None:
        raise NotFoundError(f"there is no account {row.account[:64]!r}; `sluice account list` shows them")
    if account.disabled_at is not None:
        raise InvalidInputError(f"the account {row.account} is disabled; a token of it would be refused")


def _is_own(row: TokenRow, by: Principal) -> bool:
    return not by.is_open and not by.through and by.name in {row.account, row.created_by}


def _words(row: TokenRow) -> str:
    until = f", until {row.expires_at.isoformat(timespec='minutes')}" if row.expires_at else ""
    of = f"{row.service or 'any service'}{_in_words(row)}"
    if not row.account:
        does = [_DOES[scope] for scope in row.scopes.split()]
        return f"may {' and '.join(does)} of {of}{until}"
    what = ", ".join(row.scopes.split())
    return f"acts as {row.account} for {of}: {what}{until}"


def _in_words(row: TokenRow) -> str:
    return f" in {', '.join(row.environments.split())}" if row.environments else ""


def _gone_words(row: TokenRow | None) -> str:
    if row is not None and row.account:
        return f"acts as {row.account} no more"
    if row is not None and row.scopes == Permission.EVALUATE:
        return "may evaluate no flags any more"
    return "may push no figures any more"


def _sha256(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _view(row: TokenRow) -> TokenView:
    return TokenView(
        name=row.name,
        service=row.service,
        owner=row.account,
        scopes=tuple(row.scopes.split()),
        created_at=row.created_at,
        created_by=row.created_by,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
        revoked_by=row.revoked_by,
        used_at=row.used_at,
        environments=tuple(row.environments.split()),
    )
