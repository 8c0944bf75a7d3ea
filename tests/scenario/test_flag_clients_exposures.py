"""What a client reports of the flags it served: hashed, in batches, once, never at its host's cost."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler

import pytest

from sluiceway.domain.flags.model import Experiment
from sluiceway.flags_sdk import Context, Exposure, State, Timing
from tests.scenario.flag_clients import ANN, QUICK, SHOP, client
from tests.support.flag_server import EXPOSURES, FlagServer, eventually, reply, silence


@pytest.fixture
def server() -> Iterator[FlagServer]:
    made = FlagServer(SHOP)
    yield made
    made.stop()


@pytest.fixture
def is_over() -> Iterator[threading.Event]:
    event = threading.Event()
    yield event
    event.set()


def test_what_was_served_is_reported_with_hashed_users_and_once(server: FlagServer) -> None:
    with client(server) as flags:
        for _ in range(3):
            flags.boolean("checkout", ANN)
        flags.track("orders", ANN, 2.0)
        eventually("it arrived", lambda: len(server.batches) > 0)
    sent = [one for batch in server.batches for one in batch["exposures"]]
    measured = [one for batch in server.batches for one in batch["metrics"]]

    assert [(one["flag"], one["variant"], one["count"]) for one in sent] == [("checkout", "on", 3)]
    assert sent[0]["first_at"] <= sent[0]["last_at"]
    assert [(one["metric"], one["value"]) for one in measured] == [("orders", 2.0)]
    assert measured[0]["targetingKey"] == hashlib.sha256(b"shop:ann").hexdigest()
    assert "ann" not in str(server.batches)


def test_users_of_an_experiment_are_reported_one_by_one_under_their_hash(server: FlagServer) -> None:
    tried = replace(SHOP.flags[0], experiment=Experiment("colours"))
    server.flags = replace(SHOP, flags=(tried,))
    seen: list[Exposure] = []
    with client(server, on_exposure=seen.append) as flags:
        flags.boolean("checkout", ANN)
        flags.boolean("checkout", Context("bob"))
    sent = [one for batch in server.batches for one in batch["exposures"]]

    assert {one["targetingKey"]: one["count"] for one in sent if "targetingKey" in one} == {
        hashlib.sha256(b"shop:ann").hexdigest(): 1,
        hashlib.sha256(b"shop:bob").hexdigest(): 1,
    }
    assert seen == [Exposure("checkout", "on", "ann"), Exposure("checkout", "on", "bob")]


def test_a_listener_to_exposures_that_fails_changes_no_answer(server: FlagServer) -> None:
    def fail(exposure: Exposure) -> None:
        raise RuntimeError(exposure.flag)

    server.flags = replace(SHOP, flags=(replace(SHOP.flags[0], experiment=Experiment("colours")),))
    with client(server, on_exposure=fail) as flags:
        assert flags.boolean("checkout", ANN) is True


def test_a_batch_that_failed_comes_again_with_the_same_id(server: FlagServer) -> None:
    ids: list[str] = []

    def fail_once(asking: BaseHTTPRequestHandler) -> None:
        ids.append(json.loads(asking.rfile.read(int(asking.headers["Content-Length"])))["batch"])
        server.behave()
        reply(503)(asking)

    server.misbehave(EXPOSURES, fail_once)
    with client(server) as flags:
        flags.boolean("checkout", ANN)
        eventually("it arrived", lambda: len(server.batches) > 0)

    assert server.batches[0]["batch"] == ids[0]
    assert len({one["batch"] for one in server.batches}) == len(server.batches)


def test_a_batch_that_is_refused_for_good_is_given_up_and_counted(server: FlagServer) -> None:
    server.misbehave(EXPOSURES, reply(400))
    with client(server) as flags:
        flags.boolean("checkout", ANN)
        eventually("it was given up", lambda: flags.status.lost_exposures == 1)


def test_closing_sends_what_is_left(server: FlagServer) -> None:
    flags = client(server, timing=replace(QUICK, flush_s=600.0))
    flags.boolean("checkout", ANN)
    flags.close(within_s=60.0)

    assert [one["flag"] for batch in server.batches for one in batch["exposures"]] == ["checkout"]
    assert flags.status.state is State.CLOSED
    assert flags.boolean("checkout", ANN) is True


def test_closing_ends_in_time_although_the_server_never_answers(
    server: FlagServer, is_over: threading.Event
) -> None:
    server.misbehave(EXPOSURES, silence(is_over))
    flags = client(server, timing=Timing(timeout_s=600.0, flush_s=600.0))
    flags.boolean("checkout", ANN)
    ended = threading.Event()

    def close() -> None:
        flags.close(within_s=0.2)
        ended.set()

    threading.Thread(target=close, daemon=True).start()

    assert ended.wait(60.0)
    assert flags.boolean("checkout", ANN) is True


def test_an_application_that_does_not_want_to_report_does_not(server: FlagServer) -> None:
    with client(server, sends_exposures=False) as flags:
        flags.boolean("checkout", ANN)
        flags.track("orders", ANN)

    assert server.batches == []
    assert f"POST {EXPOSURES} 202" not in server.asked
