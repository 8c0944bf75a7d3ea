"""`kill -9` while a release is acted on: an act has happened with its audit entry, or not at all."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sluiceway.adapters.store import SqlStore, open_store
from sluiceway.services.audit import verify_audit
from sluiceway.services.release_views import ReleaseView
from tests.scenario.company import SERVICE
from tests.scenario.mover import RITA, service
from tests.scenario.shop_team import FACTS

STRAIGHT = """\
name: shop
service: {name: shop, command: [./shop, "{port}", "{version}"], health: {path: /healthz}}
ingress: {name: shop, listen: "127.0.0.1:8080"}
types: [{id: minor, title: Minor, version: X.Y.0, path: [draft, rolling-out, closed]}]
phases:
  - {id: draft, title: Draft}
  - {id: rolling-out, title: Rolling out, kind: rollout, on_promoted: closed}
  - {id: closed, title: Closed, kind: end}
rollout: {strategy: canary, stages: [{name: all, weight: 100%}]}
"""
RELEASE = f"REL-{datetime.now(UTC).year}-0001"  # made on the real clock
REPO = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, bytes]:
    """Return a database with a release that nothing holds, and the signing key that goes with it."""
    folder = tmp_path_factory.mktemp("prepared")
    store = open_store(folder / "sluiceway.db", owner="test")
    releases = service(store, folder / "key.pem")
    releases.new(SERVICE, FACTS, RITA, process_text=STRAIGHT, process_path="shop.yaml")
    store.close()
    return (folder / "sluiceway.db").read_bytes(), (folder / "key.pem").read_bytes()


@pytest.mark.parametrize(
    ("moment", "is_done"), [("saved", False), ("noted", False), ("committed", True), ("never", True)]
)
def test_a_move_killed_at_any_moment_has_happened_with_its_entry_or_not_at_all(
    prepared: tuple[bytes, bytes], tmp_path: Path, moment: str, is_done: bool
) -> None:
    _act_and_die(prepared, tmp_path, "move", moment)

    with _found(tmp_path) as (store, view):
        entries = _kinds(store)
        verify_audit(store, None)
    assert view.summary.phase == ("rolling-out" if is_done else "draft")
    assert entries.count("release-moved") == is_done


@pytest.mark.parametrize(("moment", "is_done"), [("saved", False), ("noted", False), ("committed", True)])
def test_a_rollout_begun_in_a_crash_is_the_releases_own_or_is_not_there(
    prepared: tuple[bytes, bytes], tmp_path: Path, moment: str, is_done: bool
) -> None:
    _act_and_die(prepared, tmp_path, "move", "never")
    _act_and_die(None, tmp_path, "rollout", moment)

    with _found(tmp_path) as (store, view):
        with store.read() as tx:
            rollouts = tx.list_rollouts(service=SERVICE, active_only=False, limit=9, before=None)
        verify_audit(store, None)
        assert _kinds(store).count("release-rollout-started") == is_done
    assert [row.id for row in rollouts] == [one.id for one in view.rollouts]
    assert len(rollouts) == is_done


def _act_and_die(prepared: tuple[bytes, bytes] | None, folder: Path, act: str, moment: str) -> None:
    """Let another process act on the release and be killed at that moment."""
    database, key = folder / "sluiceway.db", folder / "key.pem"
    if prepared is not None:
        database.write_bytes(prepared[0])
        key.write_bytes(prepared[1])
    words = [sys.executable, "-m", "tests.scenario.mover", str(database), str(key), act, moment, RELEASE]
    ended = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False, cwd=REPO)
    expected = 0 if moment == "never" else -9
    assert ended.returncode == expected, ended.stderr


@contextmanager
def _found(folder: Path) -> Generator[tuple[SqlStore, ReleaseView]]:
    """Yield the store as a new process finds it, and the release."""
    store = open_store(folder / "sluiceway.db", owner="test")
    try:
        yield store, service(store, folder / "key.pem").get(RELEASE, RITA)
    finally:
        store.close()


def _kinds(store: SqlStore) -> list[str]:
    with store.read() as tx:
        return [one.content.kind for one in tx.newest_audit_entries(RELEASE, before=None, limit=50)]
