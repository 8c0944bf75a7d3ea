"""The store contract on PostgreSQL, and what is particular to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import MetaData
from sqlalchemy.schema import SchemaItem

from sluiceway.adapters.store import SqlStore, open_store
from sluiceway.adapters.store.schema import POSTGRES_SCHEMA, VERSION_TABLE, metadata
from sluiceway.domain.audit.chain import Broken, verify
from sluiceway.errors import StoreError
from sluiceway.testing.builders import an_audit_entry
from sluiceway.testing.store_contract import StoreContract


@pytest.fixture
def reopen(postgres_url: str) -> Iterator[Callable[[str], SqlStore]]:
    opened: list[SqlStore] = []

    def open_again(owner: str) -> SqlStore:
        opened.append(open_store(postgres_url, owner=owner))
        return opened[-1]

    yield open_again
    for store in opened:
        store.close()


@pytest.fixture
def store(reopen: Callable[[str], SqlStore]) -> SqlStore:
    return reopen("local")


class TestPostgresStore(StoreContract):
    pass


def test_the_migrated_tables_are_those_of_the_metadata(store: SqlStore) -> None:
    qualified = MetaData()
    for table in metadata.tables.values():
        table.to_metadata(qualified, schema=POSTGRES_SCHEMA)

    def is_ours(item: SchemaItem, name: str | None, kind: str, reflected: bool, other: object) -> bool:
        return kind != "table" or getattr(item, "schema", None) == POSTGRES_SCHEMA

    with store.engine.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={
                "compare_type": True,
                "include_schemas": True,
                "include_object": is_ours,
                "version_table": VERSION_TABLE,
                "version_table_schema": POSTGRES_SCHEMA,
            },
        )
        assert compare_metadata(context, qualified) == []


def test_our_tables_are_in_their_own_schema(postgres_url: str, store: SqlStore) -> None:
    with psycopg.connect(postgres_url) as connection:
        found = connection.execute("SELECT DISTINCT schemaname FROM pg_tables WHERE tablename = 'rollouts'")
        assert found.fetchall() == [(POSTGRES_SCHEMA,)]


@pytest.mark.parametrize("act", ["UPDATE {} SET why = 'nicer'", "DELETE FROM {}", "TRUNCATE {}"])
def test_the_database_itself_refuses_to_change_the_audit_trail(
    postgres_url: str, store: SqlStore, act: str
) -> None:
    with store.begin() as tx:
        tx.append_audit(an_audit_entry())

    with (
        psycopg.connect(postgres_url) as connection,
        pytest.raises(psycopg.errors.RaiseException, match="append-only"),
    ):
        connection.execute(act.format(f"{POSTGRES_SCHEMA}.audit"))


def test_a_trail_tampered_with_in_the_database_is_found(postgres_url: str, store: SqlStore) -> None:
    for number in range(3):
        with store.begin() as tx:
            tx.append_audit(an_audit_entry(why=f"reason {number}"))
    with psycopg.connect(postgres_url) as connection:
        connection.execute(f"ALTER TABLE {POSTGRES_SCHEMA}.audit DISABLE TRIGGER ALL")
        connection.execute(f"UPDATE {POSTGRES_SCHEMA}.audit SET why = 'nicer' WHERE seq = 2")

    with store.read() as tx:
        found = verify(tx.audit_entries(rollout_id=None, after=0, limit=10), tx.audit_head())
    assert found == Broken(2, "entry 2 was changed after it was written")


def test_a_server_that_does_not_answer_is_named_without_the_password() -> None:
    with pytest.raises(StoreError, match="does not answer; check that it runs") as caught:
        open_store("postgresql://ann:hunter2@127.0.0.1:1/sluiceway")
    assert "hunter2" not in str(caught.value)


def test_a_connection_cut_by_the_server_heals_by_itself(postgres_server: str, store: SqlStore) -> None:
    with store.begin() as tx:
        tx.set_meta("key", "value")
    with psycopg.connect(postgres_server, autocommit=True) as admin:
        admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'sluiceway'"
        )

    with store.begin() as tx:
        assert tx.get_meta("key") == "value"
