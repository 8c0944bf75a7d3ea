"""Clients and the real server: what one says, the other understands."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sluiceway.domain.flags.model import Experiment, Flag, Reason
from sluiceway.flags_sdk import Context, FlagClient, State
from tests.scenario.flag_clients import ANN, QUICK
from tests.support.flag_server import eventually
from tests.unit.api.flag_rig import HERE, SHOP, a_token, put_flags
from tests.unit.api.served import Served, served
from tests.unit.services.desk import ADA


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Served]:
    with served(tmp_path) as made:
        put_flags(made.office, Flag("checkout", is_enabled=True), Flag("search", experiment=Experiment("e")))
        yield made


@pytest.fixture
def flags(server: Served) -> Iterator[FlagClient]:
    with FlagClient(server.url, a_token(server.office), start_wait_s=60.0, timing=QUICK) as made:
        eventually("the stream is open", lambda: made.status.state is State.LIVE)
        yield made


def test_a_kill_is_in_force_in_a_client_and_so_is_its_end(server: Served, flags: FlagClient) -> None:
    assert flags.boolean("checkout", ANN) is True

    server.office.services.flags.kill(SHOP, HERE, "checkout", ADA, "it hurts")
    eventually("it is off", lambda: not flags.boolean("checkout", ANN, True))
    assert flags.evaluate("checkout", ANN).reason is Reason.KILLED

    server.office.services.flags.release_kill(SHOP, HERE, "checkout", ADA, "it is mended")
    eventually("it is on", lambda: flags.boolean("checkout", ANN))


def test_flags_that_are_made_and_taken_away_come_and_go(server: Served, flags: FlagClient) -> None:
    put_flags(server.office, Flag("new", is_enabled=True))
    eventually("it is there", lambda: flags.boolean("new", ANN))

    server.office.services.flags.archive(SHOP, "new", ADA, "it was a mistake")
    eventually("it is gone", lambda: "new" not in flags.all(ANN))


def test_what_is_on_disk_is_what_the_server_says_and_is_not_fetched_again(
    server: Served, tmp_path: Path
) -> None:
    token = a_token(server.office)
    found = []
    for _ in range(2):
        with FlagClient(
            server.url, token, cache_path=tmp_path / "flags.json", start_wait_s=60.0, timing=QUICK
        ) as flags:
            eventually("the stream is open", lambda: flags.status.state is State.LIVE)
            found.append((flags.status.source.value, flags.status.etag))

    live = server.office.services.flag_sets.current(SHOP, HERE)
    assert found == [("server", live.etag), ("file", live.etag)]


def test_a_large_set_comes_compressed_and_whole(server: Served, flags: FlagClient) -> None:
    many = tuple(Flag(f"flag-{at}", is_enabled=True, description="much " * 200) for at in range(50))
    put_flags(server.office, *many)
    token = a_token(server.office, "another")
    with FlagClient(server.url, token, start_wait_s=60.0, timing=QUICK) as fresh:
        eventually("the first has them too", lambda: flags.status.etag == fresh.status.etag)
        assert fresh.all(ANN) == flags.all(ANN)
        assert len(fresh.all(ANN)) == 52


def test_what_was_served_is_known_to_the_server(server: Served, flags: FlagClient) -> None:
    for user in ("ann", "bob", "ann"):
        flags.boolean("checkout", Context(user))
        flags.boolean("search", Context(user))  # under experiment: counted by user
    flags.close(within_s=60.0)

    used = server.office.services.flags.usage
    assert sum(one.count for one in used(SHOP, HERE, "checkout", ADA)) == 3
    assert sum(one.count for one in used(SHOP, HERE, "search", ADA)) == 3


def test_a_revoked_token_is_refused_and_the_flags_stay(server: Served, flags: FlagClient) -> None:
    server.office.services.tokens.revoke("web", ADA)
    eventually("the token is refused", lambda: flags.status.state is State.REFUSED)

    assert flags.boolean("checkout", ANN) is True
