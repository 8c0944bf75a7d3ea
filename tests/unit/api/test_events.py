"""The event stream, over a real web server: streams end, and only then does the server."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from sluiceway.api import events
from sluiceway.domain.rollouts.model import CommandKind, RolloutId
from sluiceway.errors import NotFoundError
from sluiceway.ports.store import SamplePoint
from sluiceway.services.views import RolloutView
from tests.unit.api.served import Served, served
from tests.unit.services.desk import ADA


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

    server.office.service.act(rollout_id, CommandKind.PAUSE, ADA)

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


def test_a_stream_ends_with_the_login_of_its_reader(server: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "_ASK_AGAIN_S", 0.0)
    rosa, rollout_id = server.office.set_up_accounts(), server.office.put_rollout()
    server.office.person("vic", "viewer")
    key = server.office.session_key("vic")
    address = f"{server.url}/api/rollouts/{rollout_id}/events"

    with httpx.stream("GET", address, cookies={"sluice_session": key}, timeout=20) as stream:
        lines = stream.iter_lines()
        next(lines)
        server.office.services.accounts.disable("vic", rosa)
        for _ in lines:  # what was under way; a stream that does not end runs into the time-out
            pass

    with httpx.stream("GET", address, cookies={"sluice_session": key}) as stream:
        assert stream.status_code == 401
