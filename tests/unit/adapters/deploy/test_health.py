"""Health checks, against small servers that answer as told."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from sluiceway.adapters.deploy.health import HealthWatch, ask
from sluiceway.domain.process.plan import HealthCheck
from sluiceway.ports.traffic import Endpoint

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"


class Answers:
    """Answers every connection with `reply`; an empty one is never sent."""

    def __init__(self, reply: bytes) -> None:
        self.reply = reply
        self.asked: list[bytes] = []
        self._server = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self.endpoint = Endpoint("127.0.0.1", int(self._server.getsockname()[1]))
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        for connection in self._open:
            connection.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._server.accept()
            except OSError:
                return
            self.asked.append(connection.recv(4096))
            if self.reply:
                connection.sendall(self.reply)
                connection.close()
            else:
                self._open.append(connection)


@contextmanager
def answering(reply: bytes) -> Iterator[Answers]:
    answers = Answers(reply)
    try:
        yield answers
    finally:
        answers.close()


def poll(holds: Callable[[], bool]) -> None:
    deadline_s = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < deadline_s, "did not happen in time"
        time.sleep(0.01)


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (OK, (True, "status 200")),
        (b"HTTP/1.0 204 No Content\r\n\r\n", (True, "status 204")),
        (b"HTTP/1.1 301 Moved\r\nlocation: /\r\n\r\n", (False, "status 301")),
        (b"HTTP/1.1 503 Busy\r\n\r\n", (False, "status 503")),
    ],
)
def test_only_2xx_is_healthy(reply: bytes, expected: tuple[bool, str]) -> None:
    with answering(reply) as answers:
        assert ask(answers.endpoint, HealthCheck()) == expected


def test_the_configured_path_is_asked_on_a_connection_of_its_own() -> None:
    with answering(OK) as answers:
        ask(answers.endpoint, HealthCheck(path="/up?deep=1"))

        assert answers.asked[0].startswith(b"GET /up?deep=1 HTTP/1.1\r\n")
        assert b"Connection: close" in answers.asked[0]


def test_an_answer_that_is_not_http_is_no_answer() -> None:
    with answering(b"ssh-2.0\r\n") as answers:
        is_healthy, words = ask(answers.endpoint, HealthCheck())

    assert not is_healthy
    assert words.startswith("no answer (")


def test_silence_is_given_up_after_the_timeout() -> None:
    with answering(b"") as answers:
        assert ask(answers.endpoint, HealthCheck(timeout_s=0.05)) == (False, "no answer within 0.05 s")


def test_a_port_without_listener_is_named() -> None:
    with answering(OK) as answers:
        endpoint = answers.endpoint

    assert ask(endpoint, HealthCheck()) == (
        False,
        f"connection refused, nothing listens on 127.0.0.1:{endpoint.port}",
    )


def test_a_watch_is_ready_while_the_answers_are_good() -> None:
    with answering(OK) as answers:
        watch = HealthWatch(answers.endpoint, HealthCheck(interval_s=0.02))
        poll(lambda: watch.ready)

        answers.reply = b"HTTP/1.1 500 Oops\r\n\r\n"
        poll(lambda: not watch.ready)

        assert watch.was_ready
        assert watch.last_answer == "status 500"
        watch.stop()


def test_a_stopped_watch_is_not_ready() -> None:
    with answering(OK) as answers:
        watch = HealthWatch(answers.endpoint, HealthCheck(interval_s=0.02))
        poll(lambda: watch.ready)

        watch.stop()

        assert not watch.ready


def test_a_path_that_can_not_be_asked_for_is_no_answer() -> None:
    with answering(OK) as answers:
        is_healthy, words = ask(answers.endpoint, HealthCheck(path="/with space"))

    assert not is_healthy
    assert "control characters" in words
