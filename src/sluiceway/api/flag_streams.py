"""`GET /api/flag-set/events`: tells every connected application at once that its flags changed.

Built for a thousand connections on one process: a change is written once, on the thread that made it, and
handed to each connection on the event loop; nobody polls, nobody has a thread. One ticker serves all: it
sends the comment that keeps quiet connections open, asks again for the tokens of those who listen, and lets
go of readers that don't read. Whoever is let go comes back and is told where the set stands.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable
from contextlib import suppress
from urllib.parse import parse_qs

import anyio
import structlog
from litestar.handlers import ASGIRouteHandler
from litestar.types import Receive, Scope, Send

from sluiceway.api.events import Shutdown
from sluiceway.api.flag_answers import plain_route, problem_reply, refused_reply, send_reply
from sluiceway.api.flag_events import COMMENT, Frames, on_change, on_connecting
from sluiceway.api.flag_gate import TRUSTED_S, Caller, Place, Refused, TokenGate
from sluiceway.api.flag_served import ServedSets
from sluiceway.api.guard import FLAG_EVENTS_PATH
from sluiceway.errors import SluicewayError

COMMENT_EVERY_S = 10.0
STUCK_S = 10.0  # a frame that could not be handed over for so long: its reader doesn't read
MAX_WAITING = 64  # frames for one reader
_MAX_READERS = 10_000
_FULL = Refused(429, "request", "too many event streams are open; poll, or come back later", 30)
_HEADERS = (
    (b"content-type", b"text/event-stream"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
)
_log = structlog.get_logger("sluiceway.api")


class _Reader:
    """One connection. Everything but `write` is done by others, on the same loop."""

    def __init__(self, caller: Caller, *, is_ofrep: bool, now: Callable[[], float]) -> None:
        self.caller = caller
        self._is_ofrep = is_ofrep
        self._now = now
        self._waiting: deque[bytes] = deque()
        self._woken = asyncio.Event()
        self._sending_since: float | None = None
        self._all = anyio.CancelScope()

    def offer(self, frames: Frames) -> None:
        self.put(frames.ofrep if self._is_ofrep else frames.ours)

    def put(self, frame: bytes) -> None:
        if len(self._waiting) >= MAX_WAITING:
            self.end()
        else:
            self._waiting.append(frame)
            self._woken.set()

    def end(self) -> None:
        self._all.cancel()

    @property
    def is_stuck(self) -> bool:
        return self._sending_since is not None and self._now() - self._sending_since > STUCK_S

    async def write(self, receive: Receive, send: Send) -> None:
        """Write frames until the reader goes or `end` is called."""
        leaving = asyncio.create_task(_until_gone(receive))
        leaving.add_done_callback(lambda _: self.end())
        try:
            with self._all:
                while True:
                    await self._woken.wait()
                    self._woken.clear()
                    frame = b"".join(self._waiting)
                    self._waiting.clear()
                    self._sending_since = self._now()
                    await send({"type": "http.response.body", "body": frame, "more_body": True})
                    self._sending_since = None
        finally:
            leaving.cancel()


class FlagStreams:
    """Every connection of this process. Lives on one event loop; `changed` may be called from any thread."""

    def __init__(
        self,
        gate: TokenGate,
        sets: ServedSets,
        shutdown: Shutdown,
        *,
        now: Callable[[], float] = time.monotonic,
        tick_s: float = 0.5,
        max_readers: int = _MAX_READERS,
    ) -> None:
        self._gate = gate
        self._sets = sets
        self._shutdown = shutdown
        self._now = now
        self._tick_s = tick_s
        self._max_readers = max_readers
        self._readers: defaultdict[Place, set[_Reader]] = defaultdict(set)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ticker: asyncio.Task[None] | None = None
        self._order = threading.Lock()  # of events: as the sets were replaced

    @property
    def count(self) -> int:
        """Return how many connections are open."""
        return sum(map(len, self._readers.values()))

    def changed(self, service: str, environment: str) -> None:
        """Tell everybody who listens to this set. Fits `FlagSets.subscribe`."""
        place = (service, environment)
        with self._order:
            before = self._sets.known(place)
            if before is None:
                return  # nobody has asked for it yet
            after = self._sets.refresh(place)
            if self._loop is None or after.live.etag == before.live.etag:
                return
            frames = on_change(before.live, after.live)
            with suppress(RuntimeError):  # the loop has ended, and all connections with it
                self._loop.call_soon_threadsafe(self._deliver, place, frames)

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI application."""
        try:
            ticket = _ticket_in(scope["query_string"])
            headers = scope["headers"]
            caller = await (self._gate.admit_ticket(ticket) if ticket else self._gate.admit(headers))
            if isinstance(caller, Caller) and self.count >= self._max_readers:
                caller = _FULL
            if isinstance(caller, Refused):
                await send_reply(send, refused_reply(caller))
                return
            await self._sets.get(caller.place)  # so that it can be looked up from now on
        except SluicewayError as error:
            await send_reply(send, problem_reply(error.http_status, error.code, str(error)))
            return
        await self._follow(_Reader(caller, is_ofrep=bool(ticket), now=self._now), receive, send)

    async def _follow(self, reader: _Reader, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": list(_HEADERS)})
        self._loop = asyncio.get_running_loop()
        place = reader.caller.place
        readers = self._readers[place]
        readers.add(reader)  # before it is told where the set stands: nothing may happen in between
        served = self._sets.known(place)
        assert served is not None
        reader.offer(on_connecting(served.live))
        self._start_ticking()
        try:
            await reader.write(receive, send)
        finally:
            readers.discard(reader)
        with anyio.move_on_after(1.0):  # a reader that doesn't read can't be told either
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    def _deliver(self, place: Place, frames: Frames) -> None:
        for reader in tuple(self._readers.get(place, ())):
            reader.offer(frames)

    def _start_ticking(self) -> None:
        if self._ticker is None or self._ticker.done():
            self._ticker = asyncio.create_task(self._tick(self._now()))

    async def _tick(self, began: float) -> None:
        """Look after the connections until there are none."""
        commented_at = asked_at = began
        while self.count:
            await asyncio.sleep(self._tick_s)
            readers = [reader for of_place in self._readers.values() for reader in of_place]
            if self._shutdown.has_begun:
                _end(readers)
                continue
            _end([reader for reader in readers if reader.is_stuck])
            now = self._now()
            if now - commented_at >= COMMENT_EVERY_S:
                commented_at = now
                for reader in readers:
                    reader.put(COMMENT)
            if now - asked_at >= TRUSTED_S:
                asked_at = now
                await self._ask_again(readers)

    async def _ask_again(self, readers: list[_Reader]) -> None:
        try:
            admitted = await self._gate.still_admitted({reader.caller.key for reader in readers})
        except Exception:  # one that nobody foresaw must not end the ticker
            _log.exception("the tokens of open event streams could not be checked; they are again in seconds")
            return
        _end([reader for reader in readers if reader.caller.key not in admitted])


def flag_events_route(streams: FlagStreams) -> ASGIRouteHandler:
    """Return the route; it asks for a token or a ticket itself."""
    return plain_route(FLAG_EVENTS_PATH, streams.serve, "GET")


def _end(readers: list[_Reader]) -> None:
    for reader in readers:
        reader.end()


def _ticket_in(query: bytes) -> str:
    return next(iter(parse_qs(query.decode("latin-1")).get("ticket", [])), "")


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
