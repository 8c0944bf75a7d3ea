"""Run by Alembic: applies the missing steps on the connection that `migrate.bring_up` holds."""

from __future__ import annotations

from alembic import context

from sluiceway.adapters.store.schema import VERSION_TABLE, metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
    version_table_schema=context.config.attributes["schema"],
    transactional_ddl=True,  # true of SQLite, too, once a transaction was begun by hand
)
context.run_migrations()
