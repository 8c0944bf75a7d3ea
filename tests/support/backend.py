"""Small real HTTP servers for tests: status, latency and death can be changed while they run.

A `Backend` lives in threads of the test. It answers every path with its name and remembers what it was sent.
"""

from __future__ import annotations

import contextlib
import random
import socket
import socketserver
import struct
import threading
import time
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, cast

from sluiceway.ports.traffic import Endpoint


@dataclass(frozen=True, slots=True)
class Received:
    """One request as the backend saw it; header names are in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass(slots=True)
class Behaviour:
    """How the backend answers from now on."""

    status: int = 200
    latency_s: float = 0.0
    fail_every: int = 0  # every n-th answer is a 500; 0: none
    drop: bool = False  # reads the request, then resets the connection
    hold: threading.Event = field(default_factory=threading.Event)  # answers only while this is set

    def __post_init__(self) -> None:
        self.hold.set()


class Backend:
    """One instance of a version, a context manager. `name` goes into the header `x-version` and the body."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.behaviour = Behaviour()
        self.received: list[Received] = []
        self._connections: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._server: _Server | None = None
        self._port = 0

    @property
    def endpoint(self) -> Endpoint:
        return Endpoint("127.0.0.1", self._port)

    def start(self) -> None:
        """Serve, on the same port as before if it was killed."""
        self._server = _Server(("127.0.0.1", self._port), self)
        self._port = int(self._server.server_address[1])
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def kill(self) -> None:
        """Vanish like a process on SIGKILL: the port is closed and every connection reset. Safe to repeat."""
        if self._server is None:
            return
        self._server.shutdown()
        self._server.server_close()
        self._server = None
        with self._lock:
            for connection in self._connections:
                reset(connection)
            self._connections.clear()

    def note(self, received: Received) -> int:
        """Remember a request and return how many there were."""
        with self._lock:
            self.received.append(received)
            return len(self.received)

    def opened(self, connection: socket.socket) -> None:
        with self._lock:
            self._connections.add(connection)

    def closed(self, connection: socket.socket) -> None:
        with self._lock:
            self._connections.discard(connection)

    def __enter__(self) -> Backend:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.behaviour.hold.set()
        self.kill()


def reset(connection: socket.socket) -> None:
    """Close with RST instead of FIN, and wake the thread that reads from it."""
    with contextlib.suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.shutdown(socket.SHUT_RD)
    connection.close()


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    request_queue_size = 512
    allow_reuse_address = True

    def __init__(self, address: tuple[str, int], backend: Backend) -> None:
        super().__init__(address, _Handler)
        self.backend = backend

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A connection that broke is what some tests want; nothing to print."""


class _Handler(socketserver.StreamRequestHandler):
    """HTTP/1.1 as Envoy speaks it to a backend; requests say their length."""

    disable_nagle_algorithm = True

    def handle(self) -> None:
        backend = cast("_Server", self.server).backend
        backend.opened(self.connection)
        try:
            while (received := self._read()) is not None and self._answer(backend, received):
                pass
        finally:
            backend.closed(self.connection)

    def _read(self) -> Received | None:
        first = self.rfile.readline().decode("latin-1").split()
        if len(first) != 3:
            return None
        headers: dict[str, str] = {}
        while line := self.rfile.readline().decode("latin-1").strip():
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        body = self.rfile.read(int(headers.get("content-length", "0")))
        return Received(first[0], first[1], headers, body)

    def _answer(self, backend: Backend, received: Received) -> bool:
        behaviour = backend.behaviour
        number = backend.note(received)
        if behaviour.drop:
            reset(self.connection)
            return False
        behaviour.hold.wait(30)
        if behaviour.latency_s:
            time.sleep(behaviour.latency_s)
        failing = behaviour.fail_every > 0 and number % behaviour.fail_every == 0
        status = 500 if failing else behaviour.status
        body = "" if received.method == "HEAD" else backend.name
        self.wfile.write(
            f"HTTP/1.1 {status} Whatever\r\nx-version: {backend.name}\r\n"
            f"content-length: {len(backend.name)}\r\n\r\n{body}".encode("latin-1")
        )
        return True


def free_port() -> int:
    """Return a port nobody listens on now, below those that outgoing connections get by themselves."""
    while True:
        port = random.randint(10_000, 32_000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
