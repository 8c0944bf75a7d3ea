"""How long a token is believed, and how few questions many requests need."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from threading import Barrier
from typing import TypeVar

import pytest

from sluiceway.api.flag_gate import TICKET_EPOCH_S, TRUSTED_S, Caller, Refused, TokenGate, authorization_of
from sluiceway.domain.people.model import Principal
from sluiceway.errors import ForbiddenError, StoreError, UnauthorisedError

_T = TypeVar("_T")
PLACE = ("shop", "production")


@dataclass
class Tokens:
    """Tokens that are good until they are taken away, a clock, and the questions that were asked."""

    good: set[str] = field(default_factory=lambda: {"Bearer a", "Bearer b"})
    asked: list[str] = field(default_factory=list[str])
    at: float = 50_000.0
    is_store_broken: bool = False

    def identify(self, authorization: str) -> Principal:
        self.asked.append(authorization)
        if self.is_store_broken:
            raise StoreError("the disk is gone")
        if authorization not in self.good:
            raise UnauthorisedError("the token is wrong")
        return Principal(authorization)

    def gate(self, max_asking: int = 100) -> TokenGate:
        return TokenGate(self.identify, lambda _: PLACE, now=lambda: self.at, max_asking=max_asking)


@pytest.fixture
def tokens() -> Tokens:
    return Tokens()


def run(work: Callable[[], Awaitable[_T]]) -> _T:
    async def whole() -> _T:
        return await work()

    return asyncio.run(whole())


def shown(token: str) -> list[tuple[bytes, bytes]]:
    return [(b"host", b"x"), (b"authorization", f"Bearer {token}".encode())]


async def admitted(gate: TokenGate, token: str = "a") -> Caller:
    found = await gate.admit(shown(token))
    assert isinstance(found, Caller), found
    return found


def test_a_token_is_believed_for_seconds_and_then_asked_for_again(tokens: Tokens) -> None:
    gate = tokens.gate()

    async def work() -> None:
        assert (await admitted(gate)).place == PLACE
        tokens.at += TRUSTED_S - 0.1
        await admitted(gate)
        assert len(tokens.asked) == 1
        tokens.at += 0.2
        await admitted(gate)
        assert len(tokens.asked) == 2

    run(work)


def test_a_revoked_token_works_no_longer_than_five_seconds(tokens: Tokens) -> None:
    gate = tokens.gate()

    async def work() -> None:
        await admitted(gate)
        tokens.good.clear()
        tokens.at += 5.0
        refused = await gate.admit(shown("a"))
        assert isinstance(refused, Refused)
        assert (refused.status, refused.code, refused.detail) == (401, "unauthorised", "the token is wrong")

    run(work)


def test_a_refusal_is_remembered_as_long(tokens: Tokens) -> None:
    gate = tokens.gate()

    async def work() -> None:
        for _ in range(5):
            assert isinstance(await gate.admit(shown("c")), Refused)
        assert len(tokens.asked) == 1
        tokens.good.add("Bearer c")
        tokens.at += 5.0
        await admitted(gate, "c")

    run(work)


def test_many_requests_of_one_token_ask_once(tokens: Tokens) -> None:
    gate = tokens.gate()

    async def work() -> None:
        found = await asyncio.gather(*(gate.admit(shown("a")) for _ in range(50)))
        assert all(isinstance(one, Caller) for one in found)
        assert tokens.asked == ["Bearer a"]

    run(work)


def test_too_many_tokens_at_once_are_asked_to_come_back(tokens: Tokens) -> None:
    both_are_in = Barrier(2, timeout=60)

    def slow(authorization: str) -> Principal:
        both_are_in.wait()
        return tokens.identify(authorization)

    gate = TokenGate(slow, lambda _: PLACE, max_asking=1)

    async def work() -> None:
        first = asyncio.create_task(gate.admit(shown("a")))
        while not gate.is_asking:
            await asyncio.sleep(0)
        refused = await gate.admit(shown("b"))
        assert isinstance(refused, Refused)
        assert (refused.status, refused.wait_s) == (429, 1)
        await asyncio.to_thread(both_are_in.wait)
        assert isinstance(await first, Caller)

    run(work)


def test_a_store_that_cannot_be_read_is_no_verdict_and_is_not_remembered(tokens: Tokens) -> None:
    gate = tokens.gate()

    async def work() -> None:
        tokens.is_store_broken = True
        with pytest.raises(StoreError):
            await gate.admit(shown("a"))
        tokens.is_store_broken = False
        await admitted(gate)

    run(work)


def test_a_token_for_no_one_set_is_forbidden(tokens: Tokens) -> None:
    def place_of(_: Principal) -> tuple[str, str]:
        raise ForbiddenError("not for one service")

    gate = TokenGate(tokens.identify, place_of)

    async def work() -> None:
        refused = await gate.admit(shown("a"))
        assert isinstance(refused, Refused)
        assert (refused.status, refused.code) == (403, "forbidden")

    run(work)


def test_only_those_whose_tokens_still_count_stay_admitted(tokens: Tokens) -> None:
    gate = tokens.gate()

    async def work() -> None:
        first, second = await admitted(gate, "a"), await admitted(gate, "b")
        both = {first.key, second.key}
        tokens.good.discard("Bearer a")
        assert await gate.still_admitted(both) == both  # believed for now
        tokens.at += TRUSTED_S
        assert await gate.still_admitted(both) == {second.key}
        tokens.at += TRUSTED_S
        tokens.is_store_broken = True
        assert await gate.still_admitted({second.key}) == {second.key}

    run(work)


# Tickets


def test_a_ticket_lets_in_whoever_it_was_made_for(tokens: Tokens) -> None:
    gate = tokens.gate()

    async def work() -> None:
        caller = await admitted(gate)
        ticket = gate.ticket(caller)
        assert ticket == gate.ticket(caller)
        assert await gate.admit_ticket(ticket) == caller
        assert "Bearer" not in ticket

    run(work)


def test_a_ticket_ends_with_the_hour_after_the_one_it_was_made_in(tokens: Tokens) -> None:
    gate = tokens.gate()

    async def work() -> None:
        ticket = gate.ticket(await admitted(gate))
        tokens.at += TICKET_EPOCH_S
        assert isinstance(await gate.admit_ticket(ticket), Caller)
        tokens.at += TICKET_EPOCH_S
        assert isinstance(await gate.admit_ticket(ticket), Refused)

    run(work)


def test_a_ticket_dies_with_its_token(tokens: Tokens) -> None:
    gate = tokens.gate()

    async def work() -> None:
        ticket = gate.ticket(await admitted(gate))
        tokens.good.clear()
        tokens.at += 5.0
        assert isinstance(await gate.admit_ticket(ticket), Refused)

    run(work)


def test_a_ticket_that_was_changed_or_made_elsewhere_is_refused(tokens: Tokens) -> None:
    gate = tokens.gate()

    async def work() -> None:
        caller = await admitted(gate)
        epoch, key, mac = gate.ticket(caller).split(".")
        elsewhere = tokens.gate()
        forged = [
            f"{int(epoch, 16) - 1:x}.{key}.{mac}",
            f"{epoch}.{key}.{'0' * len(mac)}",
            f"{epoch}.{key}",
            "☃",
            elsewhere.ticket(await admitted(elsewhere)),
        ]
        for one in forged:
            assert isinstance(await gate.admit_ticket(one), Refused), one

    run(work)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ([], ""),
        ([(b"x-api-key", b" abc ")], "Bearer abc"),
        ([(b"x-api-key", b"abc"), (b"authorization", b"Bearer d")], "Bearer d"),
        ([(b"x-api-key", b"")], ""),
    ],
)
def test_a_token_comes_in_either_header(headers: list[tuple[bytes, bytes]], expected: str) -> None:
    assert authorization_of(headers) == expected
