"""What can go wrong with an SQLite file, and the sentence a person gets for it."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from sluiceway.adapters.store import SqlStore, backend, open_store
from sluiceway.domain.audit.chain import Broken, Verified, verify
from sluiceway.errors import InvalidInputError, StoreError
from sluiceway.testing.builders import a_row, a_setup, an_audit_entry, at


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "sluiceway.sqlite"


@pytest.fixture
def store(path: Path) -> Iterator[SqlStore]:
    store = open_store(path)
    yield store
    store.close()


def raw(path: Path, *statements: str) -> None:
    """Change the file behind the store's back."""
    connection = sqlite3.connect(path)
    with connection:
        for statement in statements:
            connection.execute(statement)
    connection.close()


def without_triggers(path: Path, *statements: str) -> None:
    raw(path, "DROP TRIGGER audit_no_update", "DROP TRIGGER audit_no_delete", *statements)


def five_entries(store: SqlStore) -> None:
    with store.begin() as tx:
        for number in range(5):
            tx.append_audit(an_audit_entry(why=f"reason {number}"))


def checked(store: SqlStore) -> Verified | Broken:
    with store.read() as tx:
        return verify(tx.audit_entries(rollout_id=None, after=0, limit=100), tx.audit_head())


def test_the_file_is_opened_for_safety_first(store: SqlStore) -> None:
    def pragma(name: str) -> object:
        with store.engine.connect() as connection:
            return connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()

    assert pragma("journal_mode") == "wal"
    assert pragma("synchronous") == 2  # FULL
    assert pragma("foreign_keys") == 1
    assert pragma("busy_timeout") == backend.BUSY_TIMEOUT_S * 1_000


def test_an_address_opens_the_same_file_as_its_path(path: Path, store: SqlStore) -> None:
    with store.begin() as tx:
        tx.set_meta("key", "value")
    again = open_store(f"sqlite:///{path}")

    with again.read() as tx:
        assert tx.get_meta("key") == "value"
    again.close()


def test_what_was_kept_is_there_after_a_restart(path: Path, store: SqlStore) -> None:
    row = a_row()
    with store.begin() as tx:
        tx.insert_rollout(row)
    store.close()
    again = open_store(path)

    with again.read() as tx:
        assert tx.get_rollout(row.id) == row
    again.close()


@pytest.mark.parametrize("address", ["sqlite://", "sqlite:///:memory:", "mysql://localhost/x", "http://x"])
def test_an_address_that_can_not_hold_the_store_is_refused(address: str) -> None:
    with pytest.raises(InvalidInputError, match=r"use a file path|needs a file"):
        open_store(address)


def test_a_full_disk_is_named_and_nothing_is_half_saved(path: Path, store: SqlStore) -> None:
    with store.begin() as tx:
        tx.append_audit(an_audit_entry())
    with store.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count=1")  # the file may not grow any more

    def write_until_full() -> None:
        with store.begin() as tx:
            tx.append_audit(an_audit_entry(why="x" * 1_000_000))

    with pytest.raises(StoreError, match="the disk is full and nothing was saved; free some space"):
        write_until_full()

    with store.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count=1073741823")
    with store.begin() as tx:
        tx.append_audit(an_audit_entry(why="there is room again"))
    assert checked(store) == Verified(2, head_of(store))


def head_of(store: SqlStore) -> str:
    with store.read() as tx:
        return tx.audit_head()


def test_a_writer_that_never_ends_elsewhere_is_named(
    path: Path, store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backend, "BUSY_TIMEOUT_S", 0.05)
    hasty = open_store(path)
    other = sqlite3.connect(path)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="in use by something else for too long"), hasty.begin():
        pass

    other.rollback()
    other.close()
    with hasty.begin() as tx:
        tx.set_meta("key", "goes on")
    hasty.close()


def test_readers_do_not_wait_for_a_writer(path: Path, store: SqlStore) -> None:
    other = sqlite3.connect(path)
    other.execute("BEGIN IMMEDIATE")
    with store.read() as tx:
        assert tx.get_meta("key") is None
    other.close()


def test_a_write_inside_a_write_of_the_same_thread_is_a_fault_said_at_once(store: SqlStore) -> None:
    with store.begin(), pytest.raises(RuntimeError, match="inside another"), store.begin():
        pass


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write to read-only files")
def test_a_read_only_file_is_named_for_a_plain_user(path: Path, store: SqlStore) -> None:
    store.close()
    path.chmod(0o444)
    path.parent.chmod(0o555)
    try:
        with pytest.raises(StoreError, match=r"read-only|can't be opened"):
            open_store(path).begin().__enter__()
    finally:
        path.parent.chmod(0o755)


def test_a_read_only_database_is_named(store: SqlStore) -> None:
    def write_to_it() -> None:
        with store.begin() as tx, store.read() as reader:
            del tx
            reader.set_meta("key", "value")

    with pytest.raises(StoreError, match="it is read-only; make the file and its folder writable"):
        write_to_it()


def test_a_file_that_is_no_database_is_named_and_left_alone(path: Path) -> None:
    path.parent.mkdir()
    path.write_text("my letters\n" * 100)
    with pytest.raises(StoreError, match="the file is damaged; stop Sluiceway, keep a copy"):
        open_store(path)

    assert path.read_text() == "my letters\n" * 100


def test_a_damaged_file_is_named(path: Path, store: SqlStore) -> None:
    five_entries(store)
    store.close()
    content = bytearray(path.read_bytes())
    content[200:] = b"\xff" * (len(content) - 200)
    path.write_bytes(bytes(content))

    with pytest.raises(StoreError, match="could not be used"):
        open_store(path)


def test_a_place_that_can_not_hold_a_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match=r"can't be made .*choose another place"):
        open_store(tmp_path / "file" / "below" / "sluiceway.sqlite")


def test_a_folder_in_the_place_of_the_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="can't be opened; check that its folder exists"):
        open_store(tmp_path)


def test_a_database_of_a_newer_sluiceway_is_refused_and_left_alone(path: Path, store: SqlStore) -> None:
    store.close()
    raw(path, "UPDATE sluiceway_schema SET version_num = '9999'")

    with pytest.raises(StoreError, match=r"newer Sluiceway \(tables 9999.*upgrade Sluiceway"):
        open_store(path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("UPDATE rollouts SET state = 'no json'", "not JSON"),
        ("UPDATE rollouts SET state = '[]'", "not a JSON object"),
        ("""UPDATE rollouts SET state = '{"format": 99, "body": {}}'""", "of format 99.*upgrade Sluiceway"),
        ("""UPDATE rollouts SET setup = '{"format": 1, "body": {}}'""", "can't be read"),
    ],
)
def test_a_rollout_that_can_not_be_read_is_named(
    path: Path, store: SqlStore, change: str, message: str
) -> None:
    row = a_row()
    with store.begin() as tx:
        tx.insert_rollout(row)
    raw(path, change)

    with pytest.raises(StoreError, match=f"rollout {row.id}: .*{message}"), store.read() as tx:
        tx.get_rollout(row.id)


def test_a_rollout_that_can_not_be_read_does_not_hold_up_the_others(path: Path, store: SqlStore) -> None:
    damaged, sound = a_row(), a_row(setup=a_setup(service="search", port=9090))
    with store.begin() as tx:
        tx.insert_rollout(damaged)
        tx.insert_rollout(sound)
    raw(path, f"UPDATE rollouts SET state = 'no json' WHERE id = '{damaged.id}'")

    with store.begin() as tx:
        assert [row.id for row in tx.claim_due(at(0), 30, 10)] == [sound.id]


@pytest.mark.parametrize("act", ["UPDATE audit SET why = 'nicer' WHERE seq = 2", "DELETE FROM audit"])
def test_the_database_itself_refuses_to_change_the_audit_trail(path: Path, store: SqlStore, act: str) -> None:
    five_entries(store)
    with pytest.raises(sqlite3.IntegrityError, match="the audit trail is append-only"):
        raw(path, act)


@pytest.mark.parametrize(
    ("act", "broken_at", "reason"),
    [
        ("UPDATE audit SET why = 'a nicer reason' WHERE seq = 3", 3, "was changed"),
        ("UPDATE audit SET at = '2026-03-01T12:00:00.000001+00:00' WHERE seq = 3", 3, "was changed"),
        ("UPDATE audit SET figures = '[[\"weight_bp\",1000.0]]' WHERE seq = 3", 3, "was changed"),
        ("DELETE FROM audit WHERE seq = 3", 4, "missing"),
        ("DELETE FROM audit WHERE seq = 1", 2, "missing"),
        ("DELETE FROM audit WHERE seq >= 4", 4, "cut off"),
        ("DELETE FROM audit", 1, "cut off"),
        (
            """INSERT INTO audit SELECT 6, at, process_at, actor, kind, subject, 'forged', figures,
            (SELECT hash FROM audit WHERE seq = 5), 'f' || substr(hash, 2) FROM audit WHERE seq = 5""",
            6,
            "was changed",
        ),
    ],
)
def test_a_trail_tampered_with_in_the_database_is_found(
    path: Path, store: SqlStore, act: str, broken_at: int, reason: str
) -> None:
    five_entries(store)
    without_triggers(path, act)

    found = checked(store)
    assert isinstance(found, Broken)
    assert found.seq == broken_at
    assert reason in found.reason


def test_two_entries_swapped_in_the_database_are_found(path: Path, store: SqlStore) -> None:
    five_entries(store)
    without_triggers(
        path,
        "UPDATE audit SET seq = 99 WHERE seq = 2",
        "UPDATE audit SET seq = 2 WHERE seq = 3",
        "UPDATE audit SET seq = 3 WHERE seq = 99",
    )

    found = checked(store)
    assert isinstance(found, Broken)
    assert found.seq == 2


def test_no_message_holds_what_was_to_be_written(path: Path, store: SqlStore) -> None:
    with store.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count=1")

    with pytest.raises(StoreError, match="the disk is full") as caught:
        write_secret(store)
    assert "hunter2" not in str(caught.value)


def write_secret(store: SqlStore) -> None:
    with store.begin() as tx:
        tx.set_meta("key", "hunter2" * 100_000)
