"""The event stream of a set of flags: what is said when, and who is let go."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest

from sluiceway.api.events import Shutdown
from sluiceway.api.flag_events import COMMENT
from sluiceway.api.flag_gate import TRUSTED_S, TokenGate
from sluiceway.api.flag_served import ServedSets
from sluiceway.api.flag_streams import COMMENT_EVERY_S, MAX_WAITING, STUCK_S, FlagStreams
from sluiceway.domain.flags.model import Flag
from sluiceway.domain.flags.wire_reading import flag_from_json
from sluiceway.domain.people.model import Principal
from sluiceway.errors import UnauthorisedError
from tests.unit.api.flag_rig import HERE, SHOP, put_flags
from tests.unit.services.desk import ADA, Office, open_office

PLACE = (SHOP, HERE)


@dataclass
class Hall:
    """A shop's streams on a clock of their own, without a web server."""

    office: Office
    at: float = 1_000.0
    is_good: bool = True
    shutdown: Shutdown = field(default_factory=Shutdown)
    max_readers: int = 100

    def open(self) -> None:
        """Begin, on the event loop."""
        self.gate = TokenGate(self._identify, lambda _: PLACE, now=lambda: self.at)
        self.streams = FlagStreams(
            self.gate,
            ServedSets(self.office.services.flag_sets),
            self.shutdown,
            now=lambda: self.at,
            tick_s=0.005,
            max_readers=self.max_readers,
        )
        self.office.services.flag_sets.subscribe(self.streams.changed)

    async def kill(self, flag: str = "banner") -> None:
        await asyncio.to_thread(self.office.services.flags.kill, SHOP, HERE, flag, ADA)

    def _identify(self, _: str) -> Principal:
        if not self.is_good:
            raise UnauthorisedError("revoked")
        return Principal("web")


class Reader:
    """An ASGI connection to the stream; while `is_stuck` it takes nothing."""

    def __init__(self, hall: Hall, query: str = "") -> None:
        self.status = 0
        self.frames: list[bytes] = []
        self.is_closed = False
        self._gone = asyncio.Event()
        self._may_send = asyncio.Event()
        self._may_send.set()
        scope = {
            "type": "http",
            "method": "GET",
            "query_string": query.encode(),
            "headers": [] if query else [(b"authorization", b"Bearer a")],
        }
        serve = cast(Any, hall.streams.serve)
        self.task = asyncio.create_task(serve(scope, self._receive, self._send))

    def leave(self) -> None:
        self._gone.set()

    def stop_reading(self) -> None:
        self._may_send.clear()

    @property
    def text(self) -> str:
        return b"".join(self.frames).decode()

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line[6:]) for line in self.text.splitlines() if line.startswith("data: ")]

    async def ended(self) -> None:
        await until(self.task.done)
        self.task.result()

    async def has(self, count: int) -> None:
        await until(lambda: len(self.events) >= count)

    async def _receive(self) -> dict[str, str]:
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: dict[str, Any]) -> None:
        await self._may_send.wait()
        if message["type"] == "http.response.start":
            self.status = message["status"]
            return
        self.frames.append(message["body"])
        self.is_closed = not message["more_body"]


async def until(claim: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not claim():
            await asyncio.sleep(0.002)


@pytest.fixture
def hall(tmp_path: Path) -> Iterator[Hall]:
    with open_office(tmp_path) as office:
        put_flags(office)
        yield Hall(office)


def run(hall: Hall, work: Callable[[], Awaitable[None]]) -> None:
    async def whole() -> None:
        hall.open()
        try:
            await work()
        finally:
            hall.shutdown.begin()
            await until(lambda: hall.streams.count == 0)

    asyncio.run(whole())


def test_whoever_connects_is_told_where_the_set_stands(hall: Hall) -> None:
    async def work() -> None:
        reader = Reader(hall)
        await reader.has(1)
        live = hall.office.services.flag_sets.current(*PLACE)
        assert reader.status == 200
        assert reader.text.startswith(f"retry: 1000\nevent: flag-set\nid: {live.etag}\ndata: ")
        assert reader.events == [
            {
                "type": "refetchEvaluation",
                "etag": live.etag,
                "lastModified": int(live.changed_at.timestamp()),
                "version": live.version,
            }
        ]

    run(hall, work)


def test_a_change_comes_at_once_and_whole(hall: Hall) -> None:
    async def work() -> None:
        reader = Reader(hall)
        await reader.has(1)
        await hall.kill()
        await reader.has(2)
        first, second = reader.events
        assert second["from"] == first["etag"] != second["etag"]
        (changed,) = second["flags"]
        assert flag_from_json(changed).hold is not None
        assert (changed["id"], second["removed"]) == ("banner", [])

    run(hall, work)


def test_a_flag_that_was_taken_away_is_named(hall: Hall) -> None:
    async def work() -> None:
        reader = Reader(hall)
        await reader.has(1)
        await asyncio.to_thread(hall.office.services.flags.archive, SHOP, "banner", ADA)
        await reader.has(2)
        assert (reader.events[1]["flags"], reader.events[1]["removed"]) == ([], ["banner"])

    run(hall, work)


def test_a_large_change_has_to_be_fetched(hall: Hall) -> None:
    async def work() -> None:
        reader = Reader(hall)
        await reader.has(1)
        await asyncio.to_thread(put_flags, hall.office, Flag("large", description="x" * 40_000))
        await reader.has(2)
        assert "from" not in reader.events[1]
        assert "flags" not in reader.events[1]

    run(hall, work)


def test_another_environments_change_is_none(hall: Hall) -> None:
    async def work() -> None:
        reader = Reader(hall)
        await reader.has(1)
        flags = hall.office.services.flags
        await asyncio.to_thread(flags.toggle, SHOP, "production", "banner", True, ADA)
        await hall.kill()
        await reader.has(2)
        assert [one["id"] for one in reader.events[1]["flags"]] == ["banner"]

    run(hall, work)


def test_everybody_is_told(hall: Hall) -> None:
    async def work() -> None:
        readers = [Reader(hall) for _ in range(50)]
        for reader in readers:
            await reader.has(1)
        await hall.kill()
        for reader in readers:
            await reader.has(2)
        assert len({reader.events[1]["etag"] for reader in readers}) == 1

    run(hall, work)


def test_a_ticket_is_enough_to_hear_that_something_changed_and_no_more(hall: Hall) -> None:
    async def work() -> None:
        caller = await hall.gate.admit([(b"authorization", b"Bearer a")])
        reader = Reader(hall, f"ticket={hall.gate.ticket(cast(Any, caller))}")
        await reader.has(1)
        await hall.kill()
        await reader.has(2)
        assert "event:" not in reader.text  # so that it is the `message` that OFREP's clients wait for
        assert all(one.keys() == {"type", "etag", "lastModified", "version"} for one in reader.events)

    run(hall, work)


@pytest.mark.parametrize("query", ["ticket=1.2.3", "ticket=%E2%98%83", "other=1"])
def test_a_wrong_ticket_hears_nothing(hall: Hall, query: str) -> None:
    async def work() -> None:
        reader = Reader(hall, query)
        await reader.ended()
        assert (reader.status, hall.streams.count) == (401, 0)

    run(hall, work)


def test_a_quiet_stream_gets_a_comment(hall: Hall) -> None:
    async def work() -> None:
        reader = Reader(hall)
        await reader.has(1)
        hall.at += COMMENT_EVERY_S
        await until(lambda: COMMENT in reader.frames)

    run(hall, work)


def test_a_stream_ends_when_its_token_is_revoked(hall: Hall) -> None:
    async def work() -> None:
        reader = Reader(hall)
        await reader.has(1)
        hall.is_good = False
        hall.at += TRUSTED_S
        await reader.ended()
        assert (reader.is_closed, hall.streams.count) == (True, 0)

    run(hall, work)


def test_whoever_leaves_is_forgotten(hall: Hall) -> None:
    async def work() -> None:
        stays, leaves = Reader(hall), Reader(hall)
        await stays.has(1)
        await leaves.has(1)
        leaves.leave()
        await leaves.ended()
        await hall.kill()
        await stays.has(2)
        assert (len(leaves.events), hall.streams.count) == (1, 1)

    run(hall, work)


def test_a_reader_that_does_not_read_is_let_go_and_nobody_waits_for_it(hall: Hall) -> None:
    async def work() -> None:
        reads, does_not = Reader(hall), Reader(hall)
        await reads.has(1)
        await does_not.has(1)
        does_not.stop_reading()
        await hall.kill()
        await reads.has(2)
        hall.at += STUCK_S + 1
        await until(lambda: hall.streams.count == 1)
        await hall.kill("twint")
        await reads.has(3)

    run(hall, work)


def test_a_reader_with_too_much_waiting_is_let_go(hall: Hall) -> None:
    async def work() -> None:
        reader = Reader(hall)
        await reader.has(1)
        reader.stop_reading()

        def change_often() -> None:
            for number in range(MAX_WAITING + 2):
                hall.office.services.flags.toggle(SHOP, HERE, "banner", bool(number % 2), ADA)

        await asyncio.to_thread(change_often)
        await until(lambda: hall.streams.count == 0)

    run(hall, work)


def test_streams_end_when_the_server_does(hall: Hall) -> None:
    async def work() -> None:
        reader = Reader(hall)
        await reader.has(1)
        hall.shutdown.begin()
        await reader.ended()
        assert reader.is_closed

    run(hall, work)


def test_one_too_many_is_asked_to_come_back_later(hall: Hall) -> None:
    hall.max_readers = 1

    async def work() -> None:
        await Reader(hall).has(1)
        second = Reader(hall)
        await second.ended()
        assert (second.status, json.loads(second.text)["code"]) == (429, "request")

    run(hall, work)
