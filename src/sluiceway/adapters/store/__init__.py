"""The database: rollouts, commands, audit trail and plots on SQLite or PostgreSQL.

`open_store` is the way in. Nothing outside this package knows which of the two it is.
"""

from sluiceway.adapters.store.sql_store import SqlStore, open_store

__all__ = ["SqlStore", "open_store"]
