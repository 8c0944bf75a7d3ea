"""One server of flags over HTTP: its set, its events, and where exposures go.

Every wait and every read is bounded; redirects are refused, so that a token goes nowhere else. What to do
about a failure is the business of `updating` and `exposures`.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import ssl
import time
import zlib
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, cast
from urllib.parse import urlsplit

from sluiceway.errors import (
    InvalidInputError,
    PermanentProviderError,
    TemporaryProviderError,
    UnauthorisedError,
)
from sluiceway.flags_sdk.server_events import EventReader, EventTooLongError, ServerEvent

MAX_SET_BYTES: Final = 64 * 1024 * 1024
_MAX_LINE_BYTES: Final = 4 * 1024 * 1024
_MAX_RETRY_AFTER_S: Final = 300
_GZIP: Final = 31  # zlib's number for gzip with the largest window
_PIECE_BYTES: Final = 64 * 1024
_WHOLE_ANSWER_TIMES: Final = 6  # a whole set may take this many times the timeout of one wait
_FAILURES: Final = (OSError, http.client.HTTPException, zlib.error)


@dataclass(frozen=True, slots=True)
class Fetched:
    document: bytes
    etag: str


class BusyError(TemporaryProviderError):
    """The server asked to be left alone for `retry_after_s` seconds."""

    def __init__(self, message: str, retry_after_s: float) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class Server:
    """One server and the token for it. Safe to share between threads: every call has its own connection.

    Each method raises UnauthorisedError when the token is refused, TemporaryProviderError when it may go well
    later, and PermanentProviderError when a person has to act.
    """

    def __init__(
        self, url: str, token: str, *, timeout_s: float = 5.0, tls: ssl.SSLContext | None = None
    ) -> None:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise InvalidInputError(
                f'the server\'s address is "{url[:200]}"; expected one such as https://sluiceway.example:7700'
            )
        if not token or not token.isascii() or not token.isprintable():
            raise InvalidInputError("the token is empty or not printable ASCII; pass it as it was printed")
        self.address = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
        self._host = parts.hostname
        self._port = parts.port
        self._base = parts.path.rstrip("/")
        self._tls = (tls or ssl.create_default_context()) if parts.scheme == "https" else None
        self._token = token
        self._timeout_s = timeout_s
        self._open: set[socket.socket] = set()

    def fetch(self, etag: str) -> Fetched | None:
        """Return the token's set, or None when it is still the one with this `etag`."""
        asked = {"Accept": "application/json", "Accept-Encoding": "gzip"}
        if etag:
            asked["If-None-Match"] = f'"{etag}"'
        with self._asking("GET", "/api/flag-set", asked) as (response, _):
            if response.status == http.client.NOT_MODIFIED:
                return None
            document = _whole_body(response, self._timeout_s * _WHOLE_ANSWER_TIMES)
            found = (response.getheader("ETag") or "").removeprefix("W/").strip('"')
            return Fetched(document, found)

    @contextlib.contextmanager
    def events(self, idle_s: float) -> Generator[EventStream]:
        """Connect to the events. The first must come in time; later `idle_s` without a byte is the end."""
        asked = {"Accept": "text/event-stream", "Cache-Control": "no-cache"}
        with self._asking("GET", "/api/flag-set/events", asked) as (response, connected):
            kind = response.headers.get_content_type()
            if kind != "text/event-stream":
                raise PermanentProviderError(
                    f"{self.address} answers {kind} where its events should be, expected text/event-stream; "
                    "is something else listening there?"
                )
            yield EventStream(response, connected, idle_s)

    def send(self, body: Mapping[str, object], *, timeout_s: float | None = None) -> None:
        """Hand over a batch of exposures and metrics; doing it twice counts once."""
        asked = {"Content-Type": "application/json", "Accept": "application/json"}
        data = json.dumps(body, allow_nan=False, separators=(",", ":")).encode()
        with self._asking("POST", "/api/flag-exposures", asked, data, timeout_s=timeout_s):
            pass

    def cut(self) -> None:
        """End whatever is being waited for, from another thread than the one that waits."""
        for connected in tuple(self._open):
            with contextlib.suppress(OSError):
                socket.socket.shutdown(connected, socket.SHUT_RDWR)  # TLS's own would want to say goodbye

    def abandon(self) -> None:
        """Close what was open when the process forked, here only: the parent's connections live on."""
        for connected in tuple(self._open):
            with contextlib.suppress(OSError):
                connected.close()
        self._open = set()

    @contextlib.contextmanager
    def _asking(
        self,
        method: str,
        path: str,
        asked: Mapping[str, str],
        data: bytes | None = None,
        *,
        timeout_s: float | None = None,
    ) -> Generator[tuple[http.client.HTTPResponse, socket.socket]]:
        """Send a request and hand out the answer if it is a good one; whatever fails is translated."""
        connection = self._connection(timeout_s or self._timeout_s)
        connected: socket.socket | None = None
        try:
            connection.connect()
            connected = cast("socket.socket", connection.sock)
            self._open.add(connected)
            headers = {"Authorization": f"Bearer {self._token}", "User-Agent": "sluiceway-flags", **asked}
            connection.request(method, self._base + path, body=data, headers=headers)
            response = connection.getresponse()
            with response:
                _refuse_failures(response, self.address + self._base + path)
                yield response, connected
        except _FAILURES as error:
            said = f"{type(error).__name__}: {error}"[:300]
            raise TemporaryProviderError(f"{self.address} could not be asked for flags ({said})") from error
        finally:
            connection.close()
            if connected is not None:
                self._open.discard(connected)
                connected.close()

    def _connection(self, timeout_s: float) -> http.client.HTTPConnection:
        if self._tls is None:
            return http.client.HTTPConnection(self._host, self._port, timeout=timeout_s)
        return http.client.HTTPSConnection(self._host, self._port, timeout=timeout_s, context=self._tls)


class EventStream:
    """An open stream. Iterating yields each event, and None for each comment: the server is still there."""

    def __init__(self, response: http.client.HTTPResponse, connected: socket.socket, idle_s: float) -> None:
        self._response = response
        self._connected = connected
        self._idle_s = idle_s

    def __iter__(self) -> Iterator[ServerEvent | None]:
        reader = EventReader()
        while True:
            line = self._response.readline(_MAX_LINE_BYTES)
            if not line.endswith(b"\n"):
                what = "was cut off" if len(line) < _MAX_LINE_BYTES else "has a line without an end"
                raise TemporaryProviderError(f"the stream of events {what}")
            self._connected.settimeout(self._idle_s)
            try:
                event = reader.feed(line.rstrip(b"\r\n"))
            except EventTooLongError as error:
                raise TemporaryProviderError(f"the stream of events can't be used: {error}") from error
            if event is not None or line.startswith(b":"):
                yield event


def _refuse_failures(response: http.client.HTTPResponse, address: str) -> None:
    status = response.status
    if status < 300 or status == http.client.NOT_MODIFIED:
        return
    said = f"{address} answered {status} {response.reason}"[:300]
    if status in {401, 403}:
        raise UnauthorisedError(
            f"{said}: the token is unknown, revoked, or not one with the scope `evaluate` for one service "
            "and environment"
        )
    if status < 400:
        raise PermanentProviderError(f"{said}: redirects are not followed; give the client the final address")
    if status in {429, 503}:
        raise BusyError(said, _retry_after_s(response))
    if status >= 500 or status == 408:
        raise TemporaryProviderError(said)
    raise PermanentProviderError(said)


def _retry_after_s(response: http.client.HTTPResponse) -> float:
    said = response.getheader("Retry-After", "")
    return float(min(int(said), _MAX_RETRY_AFTER_S)) if said.isdecimal() and len(said) < 10 else 0.0


def _whole_body(response: http.client.HTTPResponse, within_s: float) -> bytes:
    """Read an answer to its end; one that is too long, too slow or cut short is an error."""
    ends_at = time.monotonic() + within_s
    found = bytearray()
    while piece := response.read1(_PIECE_BYTES):
        found += piece
        if len(found) > MAX_SET_BYTES:
            raise PermanentProviderError(f"the set of flags has more than {MAX_SET_BYTES} bytes")
        if time.monotonic() > ends_at:
            raise TemporaryProviderError(f"the set of flags did not arrive within {within_s:g} s")
    if response.length:
        raise TemporaryProviderError(f"the set of flags was cut off {response.length} bytes before its end")
    return _unpacked(found) if response.getheader("Content-Encoding") == "gzip" else bytes(found)


def _unpacked(packed: bytearray) -> bytes:
    unpacking = zlib.decompressobj(_GZIP)
    found = unpacking.decompress(packed, MAX_SET_BYTES)
    if unpacking.unconsumed_tail:
        raise PermanentProviderError(f"the set of flags has more than {MAX_SET_BYTES} bytes")
    if not unpacking.eof:
        raise TemporaryProviderError("the set of flags was cut off before the end of its compression")
    return found
