"""Long-lived connections through Envoy: WebSockets, and users who keep their connection."""

from __future__ import annotations

import contextlib
import http.client
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from sluiceway.domain.process.plan import Ingress
from sluiceway.domain.rollouts.model import SetTraffic
from sluiceway.ports.traffic import Endpoint
from tests.support.envoy_rig import V1, V2, EnvoyRig

pytestmark = pytest.mark.envoy

_HANDSHAKE = (
    b"GET /chat HTTP/1.1\r\nhost: shop\r\nconnection: upgrade\r\nupgrade: websocket\r\n"
    b"sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[EnvoyRig]:
    rig = EnvoyRig(tmp_path)
    yield rig
    rig.close()


@pytest.fixture
def echo() -> Iterator[Endpoint]:
    """A service that agrees to every WebSocket handshake and then sends back the bytes it gets."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=_serve_echo, args=(server,), daemon=True).start()
        yield Endpoint("127.0.0.1", int(server.getsockname()[1]))
        with contextlib.suppress(OSError):
            server.shutdown(socket.SHUT_RDWR)


def test_a_websocket_is_passed_through(rig: EnvoyRig, echo: Endpoint) -> None:
    rig.traffic.apply(rig.ingress(), SetTraffic(V1, None, 0), {V1: [echo]})

    with _websocket(rig.ingress()) as talk:
        assert _said_back(talk, b"hello") == b"hello"


def test_a_websocket_outlives_the_time_a_request_may_take(rig: EnvoyRig, echo: Endpoint) -> None:
    impatient = replace(rig.ingress(), request_timeout_s=0.2)
    rig.traffic.apply(impatient, SetTraffic(V1, None, 0), {V1: [echo]})

    with _websocket(impatient) as talk:
        until_s = time.monotonic() + 0.6  # three times as long, and never silent
        while time.monotonic() < until_s:
            assert _said_back(talk, b"still here") == b"still here"


def test_a_websocket_stays_open_when_its_version_loses_its_users(rig: EnvoyRig, echo: Endpoint) -> None:
    backends = {V1: [rig.endpoint(V1)], V2: [echo]}
    rig.traffic.apply(rig.ingress(), SetTraffic(V1, V2, 10_000), backends)

    with _websocket(rig.ingress()) as talk:
        assert _said_back(talk, b"before") == b"before"
        rig.traffic.apply(rig.ingress(), SetTraffic(V1, None, 0), backends)
        rig.traffic.keep_alive(rig.ingress())

        assert _said_back(talk, b"after") == b"after"
        assert rig.traffic.active_requests(rig.ingress(), V2) == 1


def test_a_user_keeps_the_connection_when_the_split_changes(rig: EnvoyRig) -> None:
    ingress = rig.ingress()
    rig.apply(SetTraffic(V1, V2, 0))
    connection = http.client.HTTPConnection(ingress.host, ingress.port, timeout=10)
    connection.connect()
    local = connection.sock.getsockname()

    met = [_version(connection)]
    rig.apply(SetTraffic(V1, V2, 10_000))
    met.append(_version(connection))

    assert met == [V1, V2]
    assert connection.sock.getsockname() == local
    connection.close()


def _version(connection: http.client.HTTPConnection) -> str | None:
    connection.request("GET", "/")
    answer = connection.getresponse()
    answer.read()
    return answer.getheader("x-version")


@contextlib.contextmanager
def _websocket(ingress: Ingress) -> Iterator[socket.socket]:
    with socket.create_connection((ingress.host, ingress.port), timeout=10) as connection:
        connection.sendall(_HANDSHAKE)
        head = _read_head(connection)
        assert head.startswith(b"HTTP/1.1 101"), head
        yield connection


def _said_back(connection: socket.socket, words: bytes) -> bytes:
    connection.sendall(words)
    heard = b""
    while len(heard) < len(words):
        more = connection.recv(1024)
        assert more, f"the connection was closed after {heard!r}"
        heard += more
    return heard


def _read_head(connection: socket.socket) -> bytes:
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        more = connection.recv(1)
        if not more:
            break
        head += more
    return head


def _serve_echo(server: socket.socket) -> None:
    while True:
        try:
            connection, _ = server.accept()
        except OSError:
            return
        threading.Thread(target=_echo, args=(connection,), daemon=True).start()


def _echo(connection: socket.socket) -> None:
    with connection, contextlib.suppress(OSError):
        if not _read_head(connection):
            return  # Envoy's health check: connects and closes
        connection.sendall(
            b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n"
        )
        while said := connection.recv(1024):
            connection.sendall(said)
