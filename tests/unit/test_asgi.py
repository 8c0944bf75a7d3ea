"""The web server: a signal that comes before it is ready for one, and its connections."""

from __future__ import annotations

import socket
import threading

import uvicorn

from sluiceway.api.events import Shutdown
from sluiceway.asgi import Server, listen

NEVER_S = 20.0  # a server that was not told to stop runs for ever


async def app(scope: object, receive: object, send: object) -> None:
    raise AssertionError("nobody asks anything")


def test_a_server_that_was_told_to_stop_before_it_ran_ends_by_itself() -> None:
    shutdown = Shutdown()
    shutdown.begin()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = Server(uvicorn.Config(app, log_config=None, lifespan="off"), shutdown)
        running = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        running.start()
        running.join(NEVER_S)

        assert not running.is_alive()
        assert server.started


def test_answers_are_sent_at_once_and_not_when_the_client_has_acknowledged() -> None:
    with listen("127.0.0.1", 0) as listener, socket.create_connection(listener.getsockname()):
        connection, _ = listener.accept()
        with connection:
            assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0
