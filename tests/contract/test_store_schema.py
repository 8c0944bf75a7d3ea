"""The migrations and the metadata that the code uses describe the same tables."""

from __future__ import annotations

import sys
import threading
from pathlib import Path
from subprocess import run

from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import event, inspect
from sqlalchemy.schema import SchemaItem

from sluiceway.adapters.store import SqlStore, open_store, schema_people, schema_releases
from sluiceway.adapters.store.migrate import MIGRATIONS
from sluiceway.adapters.store.schema import SCHEMA_HEAD, VERSION_TABLE, metadata
from sluiceway.testing.builders import at

# Their tables are part of the metadata once they are imported.
assert schema_people.accounts.metadata is schema_releases.releases.metadata is metadata


def is_ours(item: SchemaItem, name: str | None, kind: str, reflected: bool, other: SchemaItem | None) -> bool:
    """Leave out the work engine's own tables."""
    return kind != "table" or name in metadata.tables


def test_the_migrated_tables_are_those_of_the_metadata(tmp_path: Path) -> None:
    store = open_store(tmp_path / "sluiceway.sqlite")
    with store.engine.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={"compare_type": True, "include_object": is_ours, "version_table": VERSION_TABLE},
        )
        assert compare_metadata(context, metadata) == []
    store.close()


def test_every_index_with_a_condition_is_migrated_with_it(tmp_path: Path) -> None:
    store = open_store(tmp_path / "sluiceway.sqlite")
    found = {
        index["name"]: str(index["dialect_options"].get("sqlite_where"))
        for index in inspect(store.engine).get_indexes("rollouts")
        if index.get("dialect_options")
    }
    store.close()

    assert found == dict.fromkeys(
        ["rollouts_due", "rollouts_one_per_listener", "rollouts_one_per_service"], "finished = 0"
    )


def test_looking_for_due_rollouts_does_not_read_those_that_wait(tmp_path: Path) -> None:
    store = open_store(tmp_path / "sluiceway.sqlite")
    statements: list[tuple[str, object]] = []

    def note(
        _connection: object, _cursor: object, statement: str, parameters: object, *_rest: object
    ) -> None:
        statements.append((statement, parameters))

    event.listen(store.engine, "before_cursor_execute", note)
    with store.begin() as tx:
        tx.claim_due(at(0), 30, 10)
    event.remove(store.engine, "before_cursor_execute", note)
    statement, parameters = next(one for one in statements if "FROM rollouts" in one[0])
    with store.engine.connect() as connection:
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()  # type: ignore[arg-type]
    store.close()

    assert [row[3] for row in plan] == ["SEARCH rollouts USING INDEX rollouts_due (due_at<?)"]


def test_the_newest_migration_is_the_one_the_code_expects() -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    assert ScriptDirectory.from_config(config).get_heads() == [SCHEMA_HEAD]


def test_several_processes_opening_a_new_database_at_once_make_it_once(tmp_path: Path) -> None:
    path = tmp_path / "sluiceway.sqlite"
    failed: list[Exception] = []
    stores: list[SqlStore] = []

    def open_it() -> None:
        try:
            stores.append(open_store(path))
        except Exception as exc:  # shown by the assertion below
            failed.append(exc)

    threads = [threading.Thread(target=open_it) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for store in stores:
        store.close()
    assert failed == []
    assert len(stores) == 4


def test_opening_a_current_database_loads_neither_migrations_nor_the_work_engine(tmp_path: Path) -> None:
    path = tmp_path / "sluiceway.sqlite"
    open_store(path).close()
    program = f"""
import sys
from sluiceway.adapters.store import open_store, schema_people, schema_releases
store = open_store({str(path)!r})
with store.read() as tx:
    tx.list_rollouts(service=None, active_only=True, limit=1, before=None)
print(sorted({{"alembic", "dbos"}} & sys.modules.keys()))
"""
    assert run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout == "[]\n"
