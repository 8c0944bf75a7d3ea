"""A small HTTP/1.1 client for the load generator: keep-alive connections, no retries, no redirects.

It never repeats a request by itself, so what goes wrong between client and server shows in the figures.
Knows content-length and chunked bodies (RFC 9112, sections 6 and 7) and throws bodies away.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast


@dataclass(frozen=True, slots=True)
class Response:
    """`status` is 0 when no whole answer came; `error` then says why in one word."""

    status: int
    version: str = ""
    error: str = ""


OnResponse = Callable[[Response], None]


class ResponseReader:
    """Takes bytes in, says when one response is whole. Raises ValueError for what is not HTTP/1.1."""

    def __init__(self, version_header: str) -> None:
        self._marker = f"\r\n{version_header.lower()}:".encode()
        self._buffer = b""
        self.keep_alive = True

    def feed(self, data: bytes) -> Response | None:
        """Return the response once it is whole; the rest of the buffer is dropped (no pipelining here)."""
        self._buffer += data
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return None
        head = self._buffer[: end + 2]
        if not head.startswith(b"HTTP/1.") or not head[9:12].isdigit():
            raise ValueError(f"not an HTTP/1.1 status line: {head[:40]!r}")
        lower = head.lower()
        length_text = _header(lower, b"\r\ncontent-length:")
        if length_text:
            is_whole = len(self._buffer) >= end + 4 + int(length_text)
        elif b"chunked" in _header(lower, b"\r\ntransfer-encoding:"):
            is_whole = _is_chunked_body_whole(self._buffer, end + 4)
        else:
            raise ValueError("the answer has neither content-length nor chunks")
        if not is_whole:
            return None
        self._buffer = b""
        self.keep_alive = b"close" not in _header(lower, b"\r\nconnection:")
        at = lower.find(self._marker)
        version = _header(head[at:], head[at : at + len(self._marker)]).decode("latin-1") if at >= 0 else ""
        return Response(int(head[9:12]), version)


class Client:
    """A pool of connections to one server."""

    def __init__(self, host: str, port: int, version_header: str, timeout_s: float) -> None:
        self._host = host
        self._port = port
        self._version_header = version_header
        self._timeout_s = timeout_s
        self._idle: list[_Connection] = []
        self._opening: set[asyncio.Task[None]] = set()
        self.in_flight = 0

    def send(self, request: bytes, on_response: OnResponse) -> None:
        """Send one request; `on_response` is called once, also when it fails or takes longer than allowed."""
        self.in_flight += 1
        deadline = asyncio.get_running_loop().time() + self._timeout_s
        if self._idle:
            self._idle.pop().start(request, deadline, self._counted(on_response))
            return
        task = asyncio.ensure_future(self._open(request, deadline, self._counted(on_response)))
        self._opening.add(task)
        task.add_done_callback(self._opening.discard)

    def close(self) -> None:
        """Close the connections that wait for work; those at work close when they are done."""
        while self._idle:
            self._idle.pop().abandon()

    def _counted(self, on_response: OnResponse) -> OnResponse:
        def finish(response: Response) -> None:
            self.in_flight -= 1
            on_response(response)

        return finish

    async def _open(self, request: bytes, deadline: float, on_response: OnResponse) -> None:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout_at(deadline):
                _, connection = await loop.create_connection(
                    lambda: _Connection(self._version_header, self._idle), self._host, self._port
                )
        except TimeoutError:
            on_response(Response(0, error="timeout"))
        except ConnectionRefusedError:
            on_response(Response(0, error="refused"))
        except OSError as failure:
            on_response(Response(0, error=f"connect-{failure.errno}"))
        else:
            connection.start(request, deadline, on_response)


class _Connection(asyncio.Protocol):
    """One connection, one request at a time; waits in `idle` between them."""

    def __init__(self, version_header: str, idle: list[_Connection]) -> None:
        self._idle = idle
        self._reader = ResponseReader(version_header)
        self._transport: asyncio.Transport | None = None
        self._on_response: OnResponse | None = None
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def start(self, request: bytes, deadline: float, on_response: OnResponse) -> None:
        self._on_response = on_response
        if self._transport is None:  # lost between opening and now
            self._finish(Response(0, error="reset"))
            return
        self._timer = asyncio.get_running_loop().call_at(deadline, self._time_out)
        self._transport.write(request)

    def abandon(self) -> None:
        if self._transport is not None:
            self._transport.abort()
            self._transport = None

    def data_received(self, data: bytes) -> None:
        if self._on_response is None:  # bytes nobody asked for
            self._leave_pool()
            self.abandon()
            return
        try:
            response = self._reader.feed(data)
        except ValueError:
            self.abandon()
            self._finish(Response(0, error="malformed"))
            return
        if response is None:
            return
        if self._reader.keep_alive and self._transport is not None:
            self._idle.append(self)
        else:
            self.abandon()
        self._finish(response)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - any end is a reset to the user
        self._transport = None
        self._leave_pool()
        self._finish(Response(0, error="reset"))

    def _leave_pool(self) -> None:
        if self in self._idle:
            self._idle.remove(self)

    def _time_out(self) -> None:
        self.abandon()
        self._finish(Response(0, error="timeout"))

    def _finish(self, response: Response) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        on_response, self._on_response = self._on_response, None
        if on_response is not None:
            on_response(response)


def _header(head: bytes, name: bytes) -> bytes:
    at = head.find(name)
    if at < 0:
        return b""
    start = at + len(name)
    return head[start : head.index(b"\r\n", start)].strip()


def _is_chunked_body_whole(buffer: bytes, start: int) -> bool:
    while True:
        line_end = buffer.find(b"\r\n", start)
        if line_end < 0:
            return False
        size = int(buffer[start:line_end].partition(b";")[0], 16)
        start = line_end + 2 + size + 2
        if size == 0:
            # Trailers, if any, end with an empty line.
            return buffer.endswith(b"\r\n\r\n") or len(buffer) >= start
        if len(buffer) < start:
            return False
