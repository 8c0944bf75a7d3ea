"""The web server and a signal that comes before it is ready for one."""

from __future__ import annotations

import socket
import threading

import uvicorn

from sluiceway.api.events import Shutdown
from sluiceway.asgi import Server

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
