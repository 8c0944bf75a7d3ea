"""The event stream, over a real web server: streams end, and only then does the server."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
import uvicorn

from sluiceway.api.app import create_api
from sluiceway.api.events import Shutdown
from sluiceway.cli.client import Client
from sluiceway.domain.rollouts.model import CommandKind, RolloutId
from sluiceway.errors import NotFoundError
from sluiceway.ports.store import SamplePoint
from sluiceway.services.health import HealthService
from sluiceway.services.views import RolloutView
from tests.unit.services.desk import Office, open_office


class Served:
    """An office behind a real web server on a free port."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self.shutdown = Shutdown()
        health = HealthService(office.store, office.clock, office.desk)
        app = create_api(office.service, health, shutdown=self.shutdown)
        config = uvicorn.Config(app, log_config=None, lifespan="on", timeout_graceful_shutdown=5)
        self._server = uvicorn.Server(config)
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.client = Client(f"http://127.0.0.1:{self._socket.getsockname()[1]}")
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


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Served]:
    with served(tmp_path) as running:
        yield running


def views(server: Served, rollout_id: str) -> Iterator[RolloutView]:
    return server.client.rollout_views(rollout_id)


def test_the_first_event_is_the_rollout_as_it_is(server: Served) -> None:
    rollout_id = server.office.put_rollout()

    first = next(views(server, rollout_id))

    assert (first.summary.id, first.summary.phase) == (rollout_id, "preparing")


def test_an_act_is_an_event(server: Served) -> None:
    rollout_id = server.office.put_rollout()
    server.office.desk.run(rollout_id, until="progressing")
    stream = views(server, rollout_id)
    next(stream)

    server.office.service.act(rollout_id, CommandKind.PAUSE, "ada")

    assert next(view for view in stream if view.summary.phase == "paused").decisions[0].by == "ada"


def test_an_active_rollout_is_repeated_without_any_change(server: Served) -> None:
    rollout_id = server.office.put_rollout()
    stream = views(server, rollout_id)

    assert [next(stream).version, next(stream).version] == [1, 1]


def test_new_plot_points_are_an_event(server: Served) -> None:
    rollout_id = server.office.put_rollout()
    events = server.client.events(f"/api/rollouts/{rollout_id}/events")
    next(events)

    with server.office.store.begin() as tx:
        tx.add_samples(
            RolloutId(rollout_id), [SamplePoint(datetime.now(UTC), {"weight_asked": 5.0})]
        )  # real time

    assert '"weight_asked":[5.0]' in next(data for name, data in events if name == "series")


def test_an_unknown_rollout_has_no_stream(server: Served) -> None:
    with pytest.raises(NotFoundError):
        next(views(server, "0198c0de-0000-7000-8000-000000000000"))


def test_open_streams_end_when_the_server_is_told_to_stop(tmp_path: Path) -> None:
    with served(tmp_path) as server:
        rollout_id = server.office.put_rollout()
        stream = views(server, rollout_id)
        next(stream)

    assert all(view.summary.id == rollout_id for view in stream)
