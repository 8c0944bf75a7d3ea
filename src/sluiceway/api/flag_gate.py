"""Which application asks, and for which set of flags: found out from its token, and remembered for seconds.

Applications ask thousands of times a second, and a look into the store for each would cost more than the
answer. So what a token means is kept for `TRUSTED_S`: a revoked one works no longer than that. Refusals are
kept as long, so that a fleet with a dead token doesn't keep the store busy. The store is asked on threads,
once for any number of requests that wait for the same token.

A browser's EventSource can't send headers. For it there are tickets: short-lived, signed, good for nothing
but hearing that something changed, and dead with the token they were made for and with this process.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

from anyio.to_thread import run_sync

from sluiceway.domain.people.model import Principal
from sluiceway.errors import SluicewayError, StoreError, UnauthorisedError

TRUSTED_S = 3.0
TICKET_EPOCH_S = 3_600.0  # a ticket is good to the end of the hour after the one it was made in
_KEPT = 10_000
_MAX_ASKING = 1_000
_HOW_TO_GET_ONE = "`sluice token create NAME --scope evaluate --service SERVICE --environment ENVIRONMENT`"

Headers = Iterable[tuple[bytes, bytes]]
Place = tuple[str, str]  # service and environment


@dataclass(frozen=True, slots=True)
class Caller:
    """An application that was let in, and whose flags it may have. `key` names its token in this process."""

    principal: Principal
    place: Place
    key: str


@dataclass(frozen=True, slots=True)
class Refused:
    """An application that was not let in, or (429) is asked to come back in `wait_s` seconds."""

    status: int
    code: str
    detail: str
    wait_s: int = 0


@dataclass(frozen=True, slots=True)
class _Known:
    authorization: str
    answer: Caller | Refused
    asked_at: float


BUSY = Refused(429, "request", "too many tokens are being checked; come back in a second", 1)
NOBODY = Refused(
    401,
    UnauthorisedError.code,
    f"a token is needed: send Authorization: Bearer TOKEN or X-API-Key: TOKEN; {_HOW_TO_GET_ONE} makes one",
)


class TokenGate:
    """Lives on one event loop. `identify` turns an `Authorization` header into somebody; it and `place_of`
    are called on threads and raise a SluicewayError to refuse.
    """

    def __init__(
        self,
        identify: Callable[[str], Principal],
        place_of: Callable[[Principal], Place],
        *,
        now: Callable[[], float] = time.monotonic,
        max_asking: int = _MAX_ASKING,
    ) -> None:
        self._identify = identify
        self._place_of = place_of
        self._now = now
        self._max_asking = max_asking
        self._secret = secrets.token_bytes(32)
        self._known: OrderedDict[str, _Known] = OrderedDict()
        self._asking: dict[str, asyncio.Task[Caller | Refused]] = {}

    @property
    def is_asking(self) -> bool:
        """Return whether the store is being asked about a token."""
        return bool(self._asking)

    async def admit(self, headers: Headers) -> Caller | Refused:
        """Return who asks. Raises StoreError while nobody can tell."""
        authorization = authorization_of(headers)
        return await self._admit(authorization) if authorization else NOBODY

    async def admit_ticket(self, ticket: str) -> Caller | Refused:
        """Return for whom a ticket was made, if their token still counts. Raises StoreError as `admit`."""
        epoch, _, rest = ticket.partition(".")
        key, _, _ = rest.partition(".")
        made = {f"{one:x}": self._ticket(key, one) for one in (self._epoch(), self._epoch() - 1)}
        known = self._known.get(key)
        is_right = hmac.compare_digest(ticket.encode("utf-8", "replace"), made.get(epoch, "").encode())
        if not is_right or known is None:
            return Refused(
                401, UnauthorisedError.code, "the ticket is wrong or has expired; ask for a new one"
            )
        return await self._admit(known.authorization)

    def ticket(self, caller: Caller) -> str:
        """Return a ticket for the address of an event stream. The same all through an hour."""
        return self._ticket(caller.key, self._epoch())

    async def still_admitted(self, keys: Collection[str]) -> frozenset[str]:
        """Return which of these callers' tokens still count, asking for all that are due on one thread.

        While the store can't be read, what was known goes on.
        """
        now = self._now()
        known = {key: self._known.get(key) for key in keys}
        due = [
            one.authorization for one in known.values() if one is not None and now - one.asked_at >= TRUSTED_S
        ]
        if due:
            for authorization, answer in await run_sync(self._ask_each, due):
                self._remember(authorization, answer)
        answers = {key: self._known.get(key) for key in keys}
        return frozenset(
            key for key, one in answers.items() if one is not None and isinstance(one.answer, Caller)
        )

    async def _admit(self, authorization: str) -> Caller | Refused:
        key = self._key(authorization)
        known = self._known.get(key)
        if known is not None and self._now() - known.asked_at < TRUSTED_S:
            return known.answer
        asking = self._asking.get(key)
        if asking is None:
            if len(self._asking) >= self._max_asking:
                return BUSY
            asking = self._asking[key] = asyncio.create_task(self._ask(authorization))
            asking.add_done_callback(lambda _: self._asking.pop(key, None))
        return await asyncio.shield(asking)  # whoever goes away doesn't end it for the others

    async def _ask(self, authorization: str) -> Caller | Refused:
        answer = await run_sync(self._answer, authorization)
        self._remember(authorization, answer)
        return answer

    def _ask_each(self, due: Collection[str]) -> list[tuple[str, Caller | Refused]]:
        found: list[tuple[str, Caller | Refused]] = []
        for authorization in due:
            try:
                found.append((authorization, self._answer(authorization)))
            except StoreError:
                return found
        return found

    def _answer(self, authorization: str) -> Caller | Refused:
        try:
            principal = self._identify(authorization)
            return Caller(principal, self._place_of(principal), self._key(authorization))
        except StoreError:
            raise
        except SluicewayError as refusal:
            return Refused(_status(refusal), refusal.code, str(refusal))

    def _remember(self, authorization: str, answer: Caller | Refused) -> None:
        key = self._key(authorization)
        self._known[key] = _Known(authorization, answer, self._now())
        self._known.move_to_end(key)
        if len(self._known) > _KEPT:
            self._known.popitem(last=False)

    def _key(self, authorization: str) -> str:
        """Return what stands for a token here, and tells nothing about it elsewhere."""
        return hashlib.blake2b(
            authorization.encode("utf-8", "replace"), digest_size=16, key=self._secret
        ).hexdigest()

    def _ticket(self, key: str, epoch: int) -> str:
        text = f"{epoch:x}.{key}"
        mac = hashlib.blake2b(
            text.encode("utf-8", "replace"), digest_size=16, key=self._secret, person=b"ticket"
        )
        return f"{text}.{mac.hexdigest()}"

    def _epoch(self) -> int:
        return int(self._now() // TICKET_EPOCH_S)


def authorization_of(headers: Headers) -> str:
    """Return the `Authorization` header; of an `X-API-Key`, what it would be; "" without either."""
    key = ""
    for name, value in headers:
        if name == b"authorization":
            return value.decode("latin-1").strip()
        if name == b"x-api-key":
            key = value.decode("latin-1").strip()
    return f"Bearer {key}" if key else ""


def _status(refusal: SluicewayError) -> int:
    """Return 401 or 403: a token that belongs to no one set of flags is as good as a forbidden one."""
    return 401 if isinstance(refusal, UnauthorisedError) else 403
