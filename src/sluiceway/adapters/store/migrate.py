"""Bringing a database to the tables of this version, when it is opened.

A database that is current costs one query; Alembic is imported only when there is something to do.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, inspect, text

from sluiceway.adapters.store.backend import Backend
from sluiceway.adapters.store.schema import SCHEMA_HEAD, VERSION_TABLE
from sluiceway.errors import StoreError

MIGRATIONS = Path(__file__).with_name("migrations")


def bring_up(backend: Backend) -> None:
    """Run the migrations that are missing, in one transaction, alone.

    Raises StoreError when a newer Sluiceway has already changed the tables.
    """
    with backend.reading() as connection:
        if _found(connection, backend) == SCHEMA_HEAD:
            return
    with backend.migrating() as connection:
        # Asked again: another process may have done it while this one waited for the lock.
        found = _found(connection, backend)
        if found != SCHEMA_HEAD:
            _upgrade(connection, backend, found)
        connection.commit()


def _found(connection: Connection, backend: Backend) -> str | None:
    if not inspect(connection).has_table(VERSION_TABLE, schema=backend.schema):
        return None
    table = f"{backend.schema}.{VERSION_TABLE}" if backend.schema else VERSION_TABLE
    found: str | None = connection.execute(text(f"SELECT version_num FROM {table}")).scalar_one_or_none()
    return found


def _upgrade(connection: Connection, backend: Backend, found: str | None) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    config.attributes["schema"] = backend.schema
    if found is not None:
        try:
            ScriptDirectory.from_config(config).get_revision(found)
        except CommandError as exc:
            raise StoreError(
                f"the database {backend.place} was written by a newer Sluiceway (tables {found}, this one "
                f"knows up to {SCHEMA_HEAD}); upgrade Sluiceway, or use another database"
            ) from exc
    command.upgrade(config, "head")
