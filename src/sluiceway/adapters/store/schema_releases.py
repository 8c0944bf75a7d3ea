"""The tables of processes, releases, change requests, boards' meetings and runbook runs.

Each row keeps its object as JSON text (see `codec`); the other columns are what lists are picked by.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    text,
)

from sluiceway.adapters.store.schema import KEY, UtcDateTime, metadata

series = Table(
    "series",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("last", BigInteger, nullable=False),
)

process_texts = Table(
    "process_texts",
    metadata,
    Column("content_hash", String(64), primary_key=True),
    Column("body", Text, nullable=False),
)

processes = Table(
    "processes",
    metadata,
    Column("seq", KEY, primary_key=True, autoincrement=True),  # the newest of a service is in force
    Column("service", Text, nullable=False),
    Column("content_hash", String(64), ForeignKey("process_texts.content_hash"), nullable=False),
    Column("path", Text, nullable=False),
    Column("applied_at", UtcDateTime, nullable=False),
    Column("applied_by", Text, nullable=False),
)
Index("processes_by_service", processes.c.service, processes.c.seq)

releases = Table(
    "releases",
    metadata,
    Column("seq", KEY, primary_key=True, autoincrement=True),
    Column("id", String(32), nullable=False, unique=True),
    Column("service", Text, nullable=False),
    Column("name", Text, nullable=False),  # the version that is released
    Column("type", Text, nullable=False),
    Column("phase", Text, nullable=False),
    Column("words", Text, nullable=False),  # version, title and code name in small letters, for searching
    Column("is_open", Boolean, nullable=False),
    Column("is_cancelled", Boolean, nullable=False),
    Column("target_at", UtcDateTime),
    Column("due_at", UtcDateTime),
    Column("version", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
)
_kept_sqlite, _kept_postgres = text("is_cancelled = 0"), text("is_cancelled = false")
_open_sqlite, _open_postgres = text("is_open = 1"), text("is_open = true")
Index(
    "releases_one_per_version",
    releases.c.service,
    releases.c.name,
    unique=True,
    sqlite_where=_kept_sqlite,
    postgresql_where=_kept_postgres,
)
Index("releases_by_service", releases.c.service, releases.c.seq)
Index("releases_by_phase", releases.c.phase, releases.c.seq)
Index("releases_by_type", releases.c.type, releases.c.seq)
Index("releases_open", releases.c.seq, sqlite_where=_open_sqlite, postgresql_where=_open_postgres)
Index("releases_due", releases.c.due_at, sqlite_where=_open_sqlite, postgresql_where=_open_postgres)

release_rollouts = Table(
    "release_rollouts",
    metadata,
    Column("rollout_id", String(64), primary_key=True),
    Column("release_id", String(32), ForeignKey("releases.id"), nullable=False),
)
Index("release_rollouts_by_release", release_rollouts.c.release_id)

changes = Table(
    "changes",
    metadata,
    Column("seq", KEY, primary_key=True, autoincrement=True),
    Column("id", String(32), nullable=False, unique=True),
    Column("service", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("state_name", String(32), nullable=False),
    Column("ended_at", UtcDateTime),  # when it was done or failed
    Column("version", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
)
Index("changes_by_service", changes.c.service, changes.c.seq)
Index("changes_by_state", changes.c.state_name, changes.c.seq)

meetings = Table(
    "meetings",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("service", Text, nullable=False),
    Column("board", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("is_closed", Boolean, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
)
Index("meetings_by_board", meetings.c.service, meetings.c.board, meetings.c.at)

runs = Table(
    "runs",
    metadata,
    Column("seq", KEY, primary_key=True, autoincrement=True),
    Column("id", String(64), nullable=False, unique=True),
    Column("release_id", String(32), nullable=False),  # empty: of no release
    Column("phase", String(32), nullable=False),
    Column("gen", Integer, nullable=False),
    Column("due_at", UtcDateTime),
    Column("state", Text, nullable=False),
)
Index("runs_by_release", runs.c.release_id, runs.c.seq)
Index("runs_due", runs.c.due_at)
