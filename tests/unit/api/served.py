"""An office behind a real web server, for what a test client in memory can't show."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn

from sluiceway.api.app import create_api
from sluiceway.api.events import Shutdown
from sluiceway.cli.client import Client
from tests.unit.services.desk import Office, open_office


class Served:
    """An office behind a real web server on a free port."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self.shutdown = Shutdown()
        app = create_api(
            office.services,
            shutdown=self.shutdown,
        )
        config = uvicorn.Config(app, log_config=None, lifespan="on", timeout_graceful_shutdown=5)
        self._server = uvicorn.Server(config)
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # as `sluice serve` does
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self.client = Client(self.url)
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [self._socket]})
        self._thread.start()

    def end(self) -> None:
        self.shutdown.begin()
        self._server.should_exit = True
        self._thread.join(timeout=20)
        self._socket.close()
        assert not self._thread.is_alive()


@contextmanager
def served(folder: Path) -> Iterator[Served]:
    with open_office(folder) as office:
        server = Served(office)
        try:
            yield server
        finally:
            server.end()
