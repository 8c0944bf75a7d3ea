"""Who may push figures: tokens made, shown once, checked and revoked.

A token is `sluice_NAME_SECRET`. Only the SHA-256 of the whole is kept: the secret has 256 random bits, so a
slow password hash would add nothing.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sluiceway.domain.audit.chain import NewAuditEntry
from sluiceway.domain.points.admission import MAX_NAME_CHARS
from sluiceway.errors import InvalidInputError, UnauthorisedError
from sluiceway.ports.clock import Clock
from sluiceway.ports.points import TokenRow
from sluiceway.ports.store import Store, Transaction
from sluiceway.services.rollouts import checked_actor

_SECRET_BYTES = 32
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_TOKEN = re.compile(r"sluice_(?P<name>[a-z0-9][a-z0-9-]{0,62})_[0-9a-f]{64}")
_HOW_TO_GET_ONE = "`sluice token create NAME` on the machine of the server makes one"


@dataclass(frozen=True, slots=True)
class TokenView:
    """A token without the token. `service` is the only one it may push figures of, empty for any."""

    name: str
    service: str
    created_at: datetime
    created_by: str
    revoked_at: datetime | None
    revoked_by: str
    used_at: datetime | None


@dataclass(frozen=True, slots=True)
class NewTokenView:
    """A token that was just made. `token` is shown this once and kept nowhere."""

    name: str
    service: str
    token: str


class TokenService:
    """Every method opens its own transactions and may be called from any thread."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def create(self, name: str, service: str, by: str) -> NewTokenView:
        """Make a token, for one service only unless `service` is empty.

        Raises InvalidInputError, and ConflictError when the name is or was taken.
        """
        actor = checked_actor(by)
        if _NAME.fullmatch(name) is None:
            raise InvalidInputError(
                f"the token's name is {name[:MAX_NAME_CHARS]!r}; use up to 63 small letters, digits and -, "
                "such as payments"
            )
        if len(service) > MAX_NAME_CHARS or (service and not service.isprintable()):
            raise InvalidInputError(
                f"service is {service[:MAX_NAME_CHARS]!r}; use up to {MAX_NAME_CHARS} printable characters"
            )
        token = f"sluice_{name}_{secrets.token_hex(_SECRET_BYTES)}"
        row = TokenRow(name, _sha256(token), service, self._clock.wall(), actor)
        with self._store.begin() as tx:
            tx.add_token(row)
            self._note(tx, actor, "token-created", name, f"may push figures of {service or 'any service'}")
        return NewTokenView(name, service, token)

    def list(self) -> Sequence[TokenView]:
        """Return every token there is or was, by name."""
        with self._store.read() as tx:
            return tuple(_view(row) for row in tx.list_tokens())

    def revoke(self, name: str, by: str) -> TokenView:
        """Let a token be refused from now on; one that is revoked already stays as it is.

        Raises NotFoundError when there is none of this name.
        """
        actor = checked_actor(by)
        with self._store.begin() as tx:
            if tx.revoke_token(name, self._clock.wall(), actor):
                self._note(tx, actor, "token-revoked", name, "may push no figures any more")
            row = tx.get_token(name)
        assert row is not None
        return _view(row)

    def authenticate(self, authorization: str) -> TokenRow:
        """Return the token of an `Authorization` header (RFC 6750). Raises UnauthorisedError.

        An unknown name takes as long as a wrong secret, so that answers tell nothing about either.
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
        if row is None or not is_right or row.revoked_at is not None:
            raise UnauthorisedError(f"the token is wrong or was revoked; {_HOW_TO_GET_ONE}")
        return row

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


def _sha256(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _view(row: TokenRow) -> TokenView:
    return TokenView(
        row.name, row.service, row.created_at, row.created_by, row.revoked_at, row.revoked_by, row.used_at
    )
