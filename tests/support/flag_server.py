"""A small server that speaks the clients' protocol of flags, and can be told to misbehave.

It answers `GET /api/flag-set` with an ETag, `GET /api/flag-set/events` with server-sent events, and keeps
what `POST /api/flag-exposures` brings. `misbehave` puts an answer of a test's own in place of any of them.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import queue
import socket
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from sluiceway.domain.flags.model import FlagSet
from sluiceway.domain.flags.wire import flag_to_json, set_to_json

SET = "/api/flag-set"
EVENTS = "/api/flag-set/events"
EXPOSURES = "/api/flag-exposures"
TOKEN = "token-of-shop"
Answer = Callable[[BaseHTTPRequestHandler], None]


def eventually(what: str, holds: Callable[[], bool], within_s: float = 60.0) -> None:
    """Wait until something holds; a generous bound, because machines are slow at times."""
    ends_at = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < ends_at, f"not within {within_s} s: {what}"
        time.sleep(0.005)


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    home: FlagServer

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: clients go when they like."""


class FlagServer:
    """A set of flags at an address that stays, also while the server is away."""

    def __init__(self, flags: FlagSet) -> None:
        self.flags = flags
        self.batches: list[dict[str, Any]] = []
        self.asked: list[str] = []  # "GET /api/flag-set 304" and the like
        self.sends_patches = True
        self._answers: dict[str, Answer] = {}
        self._streams: dict[queue.Queue[bytes | None], socket.socket] = {}
        self._lock = threading.Lock()
        self._http: _Http | None = None
        self._thread: threading.Thread | None = None
        self.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def flags(self) -> FlagSet:
        return self._flags

    @flags.setter
    def flags(self, flags: FlagSet) -> None:
        """Change the set without telling anybody."""
        document = json.dumps(set_to_json(flags)).encode()
        self._flags, self.document, self.etag = flags, document, hashlib.sha256(document).hexdigest()

    @property
    def listeners(self) -> int:
        return len(self._streams)

    def start(self) -> None:
        self._http = _Http(("127.0.0.1", getattr(self, "port", 0)), _Handler)
        self._http.home = self
        self.port: int = self._http.server_address[1]
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Go away as a killed process does: whoever is connected is cut off."""
        with self._lock:
            http, self._http = self._http, None
        if http is None:
            return
        http.shutdown()
        http.server_close()
        self.cut_streams()

    def cut_streams(self, last_words: bytes = b"") -> None:
        """Cut the connection of every stream, after some bytes, without an end."""
        for waiting, connected in list(self._streams.items()):
            with contextlib.suppress(OSError):
                connected.sendall(last_words)
            with contextlib.suppress(OSError):
                connected.shutdown(socket.SHUT_RDWR)
            waiting.put(None)

    def put(self, flags: FlagSet) -> None:
        """Change the set and tell everybody who listens."""
        with self._lock:
            base, before = self.etag, {one.id: one for one in self.flags.flags}
            self.flags = flags
            said: dict[str, Any] = {"from": base}
            said["flags"] = [flag_to_json(one) for one in flags.flags if before.get(one.id) != one]
            said["removed"] = sorted(before.keys() - {one.id for one in flags.flags})
            self.say(self.notice(said if self.sends_patches else {}))

    def notice(self, patch: dict[str, Any] | None = None) -> bytes:
        data = {"type": "refetchEvaluation", "etag": self.etag, "version": self.flags.version}
        return f"event: flag-set\nid: {self.etag}\ndata: {json.dumps({**data, **(patch or {})})}\n\n".encode()

    def say(self, frame: bytes) -> None:
        for waiting in list(self._streams):
            waiting.put(frame)

    def misbehave(self, path: str, answer: Answer) -> None:
        self._answers[path] = answer

    def behave(self) -> None:
        self._answers = {}

    @contextlib.contextmanager
    def listening(self, http: _Http, connected: socket.socket) -> Iterator[queue.Queue[bytes | None]]:
        waiting: queue.Queue[bytes | None] = queue.Queue()
        with self._lock:
            waiting.put(self.notice() if http is self._http else None)  # None: it was stopped meanwhile
            self._streams[waiting] = connected
        try:
            yield waiting
        finally:
            with self._lock:
                del self._streams[waiting]

    def answer_of(self, path: str) -> Answer | None:
        return self._answers.get(path)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Http

    def do_GET(self) -> None:
        self._answer({SET: self._set, EVENTS: self._events})

    def do_POST(self) -> None:
        self._answer({EXPOSURES: self._exposures})

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        self.server.home.asked.append(f"{self.command} {self.path} {int(code)}")

    def _answer(self, usual: dict[str, Callable[[], None]]) -> None:
        home = self.server.home
        own = home.answer_of(self.path)
        with contextlib.suppress(OSError):
            if own is not None:
                own(self)
                self.close_connection = True
            elif self.headers["Authorization"] != f"Bearer {TOKEN}":
                reply(401)(self)
            else:
                usual.get(self.path, lambda: reply(404)(self))()

    def _set(self) -> None:
        home = self.server.home
        document, etag = home.document, home.etag
        if self.headers["If-None-Match"] == f'"{etag}"':
            reply(304, etag=etag)(self)
        else:
            reply(200, document, etag=etag)(self)

    def _events(self) -> None:
        with self.server.home.listening(self.server, self.connection) as waiting:
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream; charset=utf-8")
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            while (frame := waiting.get()) is not None:
                self.wfile.write(b"%x\r\n%b\r\n" % (len(frame), frame))
            self.close_connection = True

    def _exposures(self) -> None:
        batch = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.home.batches.append(batch)
        reply(202, b"{}")(self)


def reply(status: int, body: bytes = b"", *, etag: str = "", **headers: str) -> Answer:
    """Return an answer with this status and body."""

    def answer(asking: BaseHTTPRequestHandler) -> None:
        asking.send_response(status)
        if etag:
            asking.send_header("ETag", f'"{etag}"')
        for name, value in headers.items():
            asking.send_header(name.replace("_", "-"), value)
        asking.send_header("Content-Length", str(len(body)))
        asking.end_headers()
        asking.wfile.write(body)

    return answer


def raw(said: bytes) -> Answer:
    """Return an answer that is these bytes and then the end of the connection."""

    def answer(asking: BaseHTTPRequestHandler) -> None:
        asking.wfile.write(said)

    return answer


def silence(until: threading.Event) -> Answer:
    """Return an answer that never comes, until a test is over."""

    def answer(asking: BaseHTTPRequestHandler) -> None:
        until.wait()

    return answer
