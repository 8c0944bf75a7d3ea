"""The bench of releases: that its store is as the product would have made it, and how figures are told."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from litestar.testing import TestClient

from bench.releases import Figures, ask, cases, report, sentence, summarise
from bench.releases_server import with_floor
from bench.releases_store import Filled, Size, fill
from sluiceway.adapters.data_dir import DataDir
from sluiceway.bootstrap import App, Settings, build_app
from sluiceway.domain.people.model import Principal
from sluiceway.ports.releases import ReleaseQuery
from sluiceway.services.audit import verify_audit

SIZE = Size(releases=120, audit_entries=1_000, open_releases=60, services=2)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("bench")


@pytest.fixture(scope="module")
def filled(folder: Path) -> Filled:
    return fill(DataDir(folder).database, SIZE)


@pytest.fixture(scope="module")
def app(folder: Path, filled: Filled) -> Iterator[App]:
    app = build_app(Settings(data_dir=folder))
    yield app
    app.close()


def viewer(app: App, name: str) -> Principal:
    with app.store.read() as tx:
        return Principal(name, tuple(tx.grants(account=name)))


def test_the_trail_is_whole_and_as_long_as_was_asked_for(app: App, filled: Filled) -> None:
    # Each viewer's token was made after the trail and has an entry of its own.
    assert verify_audit(app.store).entries == SIZE.audit_entries + len(filled.tokens)


def test_the_newest_releases_are_open_and_all_others_closed(app: App) -> None:
    rita = viewer(app, "rita")

    found = app.releases.list(ReleaseQuery(), rita, limit=SIZE.releases)

    assert [one.is_open for one in found] == [True] * 60 + [False] * 60
    assert len({(one.service, one.version) for one in found}) == SIZE.releases


def test_what_was_said_of_one_release_counts_for_those_made_like_it(app: App) -> None:
    rita = viewer(app, "rita")
    shown = [
        app.releases.get(one.id, rita)
        for one in app.releases.list(ReleaseQuery(open_only=True), rita, limit=60)
    ]

    votes = [vote for view in shown for approval in view.approvals for vote in approval.votes]
    decisions = [decision for view in shown for decision in view.decisions]
    gates = [gate.standing for view in shown for gate in view.gates]

    assert votes
    assert not [vote.void_reason for vote in votes if vote.void_reason]
    assert decisions
    assert not any(decision.is_stale for decision in decisions)
    assert set(gates) == {"passed", "missing"}


def test_every_request_of_the_bench_is_answered_in_full(app: App, filled: Filled) -> None:
    with TestClient(with_floor(app).asgi, base_url="http://127.0.0.1") as client:
        took = ask(client, filled, cases(SIZE), rounds=1)

    assert {len(each) for each in took.values()} == {2}


def test_figures_are_told_as_multiples_of_the_floor_without_each_case_s_first() -> None:
    found = summarise({"floor": [9.0, 0.004, 0.002, 0.003], "list": [5.0, 0.03, 0.06, 0.09]})

    assert found["list"] == Figures(first_ms=5_000, median_ms=60, p95_ms=90, to_floor=20)
    assert sentence("list", found["list"]) == (
        "list: median 60.0 ms, 20.0 times the floor, p95 90.0 ms, first 5000 ms"
    )


def test_the_report_names_what_missed_the_goal() -> None:
    found = report(SIZE, {"list": Figures(1, 99.9, 200, 9), "page": Figures(1, 100.1, 101, 10)})

    assert found["missed"] == ["page"]
    assert found["audit_entries"] == 1_000
