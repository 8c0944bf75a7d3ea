"""The tables, as SQLAlchemy Core metadata: what the database looks like when every migration has run.

A change here needs a migration in `migrations/versions`; a test compares the two. Instants are aware UTC.
JSON is kept as text with a format number inside (see `codec`), so that a later version can read it.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    text,
)
from sqlalchemy.types import TypeDecorator, TypeEngine

SCHEMA_HEAD = "0006"  # the newest migration; compared with the database at every start
POSTGRES_SCHEMA = "sluiceway"
VERSION_TABLE = "sluiceway_schema"


class UtcDateTime(TypeDecorator[datetime]):
    """An aware instant to the microsecond: `timestamptz` on PostgreSQL, sortable ISO text on SQLite."""

    impl = String(32)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "postgresql":
            return dialect.type_descriptor(DateTime(timezone=True))
        return dialect.type_descriptor(String(32))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | str | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value.isoformat()} has no time zone; the store keeps aware instants only")
        utc = value.astimezone(UTC)
        return utc if dialect.name == "postgresql" else utc.isoformat(timespec="microseconds")

    def process_result_value(self, value: datetime | str | None, dialect: Dialect) -> datetime | None:
        del dialect  # what comes back tells by itself which of the two it is
        if value is None:
            return None
        return (datetime.fromisoformat(value) if isinstance(value, str) else value).astimezone(UTC)


# A 64-bit key that SQLite can count up by itself.
KEY = BigInteger().with_variant(Integer, "sqlite")

metadata = MetaData()

rollouts = Table(
    "rollouts",
    metadata,
    Column("seq", KEY, primary_key=True, autoincrement=True),  # order of creation, whatever the clock did
    Column("id", String(64), nullable=False, unique=True),
    Column("service", Text, nullable=False),
    Column("listen_host", Text, nullable=False),
    Column("listen_port", Integer, nullable=False),
    Column("phase", String(32), nullable=False),
    Column("finished", Boolean, nullable=False),
    Column("setup", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("gen", BigInteger, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("due_at", UtcDateTime),  # NULL: parked for good
    Column("wake_at", UtcDateTime),  # a wake that came while a claim was held
    Column("lease_until", UtcDateTime),
    Column("lease_owner", Text),
    Column("created_at", UtcDateTime, nullable=False),
    Column("created_by", Text, nullable=False),
)
# As each database gets to see the condition in queries: SQLite uses such an index for the same words only.
_unfinished_sqlite, _unfinished_postgres = text("finished = 0"), text("finished = false")
Index(
    "rollouts_one_per_service",
    rollouts.c.service,
    unique=True,
    sqlite_where=_unfinished_sqlite,
    postgresql_where=_unfinished_postgres,
)
Index(
    "rollouts_one_per_listener",
    rollouts.c.listen_host,
    rollouts.c.listen_port,
    unique=True,
    sqlite_where=_unfinished_sqlite,
    postgresql_where=_unfinished_postgres,
)
Index(
    "rollouts_due",
    rollouts.c.due_at,
    sqlite_where=_unfinished_sqlite,
    postgresql_where=_unfinished_postgres,
)

Index("rollouts_by_service", rollouts.c.service, rollouts.c.seq)

commands = Table(
    "commands",
    metadata,
    Column("id", KEY, primary_key=True, autoincrement=True),
    Column("rollout_id", String(64), ForeignKey("rollouts.id"), nullable=False),
    Column("body", Text, nullable=False),
    Column("taken", Boolean, nullable=False),
    Column("refusal", Text),
)
Index("commands_by_rollout", commands.c.rollout_id, commands.c.id)

audit = Table(
    "audit",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("at", UtcDateTime, nullable=False),
    Column("process_at", UtcDateTime, nullable=False),
    Column("actor", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("figures", Text, nullable=False),
    Column("prev_hash", String(64), nullable=False, unique=True),  # two entries can't follow the same one
    Column("hash", String(64), nullable=False, unique=True),
)
Index("audit_by_subject", audit.c.subject, audit.c.seq)

# One row: the newest entry. Locked by every writer, so the chain can't fork, and compared when the trail
# is verified, so that a tail that was cut off shows.
audit_head = Table(
    "audit_head",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("seq", BigInteger, nullable=False),
    Column("hash", String(64), nullable=False),
)

sample_series = Table(
    "sample_series",
    metadata,
    Column("rollout_id", String(64), ForeignKey("rollouts.id"), primary_key=True),
    Column("next_n", BigInteger, nullable=False),
    Column("stride", BigInteger, nullable=False),
)

samples = Table(
    "samples",
    metadata,
    Column("rollout_id", String(64), ForeignKey("rollouts.id"), nullable=False),
    Column("n", BigInteger, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("figures", Text, nullable=False),
    PrimaryKeyConstraint("rollout_id", "n"),
)

effect_failures = Table(
    "effect_failures",
    metadata,
    Column("rollout_id", String(64), ForeignKey("rollouts.id"), nullable=False),
    Column("slot", Text, nullable=False),  # what was wanted, e.g. "ensure-version v2"
    Column("gen", BigInteger, nullable=False),
    Column("effect_key", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    PrimaryKeyConstraint("rollout_id", "slot"),
)

# Figures that senders pushed. `shape` says which of the figures mean something (see `domain.points.model`).
points = Table(
    "points",
    metadata,
    Column("seq", KEY, primary_key=True, autoincrement=True),
    Column("service", Text, nullable=False),
    Column("id", Text, nullable=False),  # the sender's own
    Column("metric", String(64), nullable=False),
    Column("version", Text, nullable=False),
    Column("rollout", String(64), nullable=False),  # empty unless it is about a release as a whole
    Column("at", UtcDateTime, nullable=False),
    Column("arrived_at", UtcDateTime, nullable=False),
    Column("late", Boolean, nullable=False),
    Column("shape", String(16), nullable=False),
    Column("counted", Double, nullable=False),
    Column("bad", Double, nullable=False),
    Column("total", Double, nullable=False),
    Column("squares", Double, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("sender", Text, nullable=False),
)
Index("points_once", points.c.service, points.c.id, unique=True)
Index("points_by_time", points.c.service, points.c.metric, points.c.version, points.c.at)
Index("points_by_arrival", points.c.arrived_at)

# What the compared ones add up to, kept beside them so that pruning takes nothing away.
point_totals = Table(
    "point_totals",
    metadata,
    Column("service", Text, nullable=False),
    Column("metric", String(64), nullable=False),
    Column("version", Text, nullable=False),
    Column("heard_at", UtcDateTime, nullable=False),
    Column("outcomes", Double, nullable=False),
    Column("bad", Double, nullable=False),
    Column("valued", Double, nullable=False),
    Column("total", Double, nullable=False),
    Column("squares", Double, nullable=False),
    PrimaryKeyConstraint("service", "metric", "version"),
)

# Who may push figures. The tokens themselves are nowhere.
tokens = Table(
    "tokens",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("sha256", String(64), nullable=False),
    Column("service", Text, nullable=False),  # empty: any
    Column("created_at", UtcDateTime, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("revoked_at", UtcDateTime),
    Column("revoked_by", Text, nullable=False),
    Column("used_at", UtcDateTime),
    Column("account", Text, nullable=False, server_default=""),  # whose rights it has; empty: only its scopes
    Column("scopes", Text, nullable=False, server_default="push"),  # permissions, separated by spaces
    Column("expires_at", UtcDateTime),
    Column("environments", Text, nullable=False, server_default=""),  # separated by spaces; empty: any
)

# What parts of a service counted, minute by minute: its instances where `rollout` is "", else two versions.
minute_counts = Table(
    "minute_counts",
    metadata,
    Column("service", Text, nullable=False),
    Column("metric", Text, nullable=False),
    Column("rollout", String(64), nullable=False),
    Column("minute", BigInteger, nullable=False),  # since 1970-01-01 UTC
    Column("part", Text, nullable=False),
    Column("counted", Double, nullable=False),
    Column("bad", Double, nullable=False),
    PrimaryKeyConstraint("service", "metric", "rollout", "minute", "part"),
)
Index("minute_counts_by_minute", minute_counts.c.minute)  # for pruning

minute_figures = Table(
    "minute_figures",
    metadata,
    Column("service", Text, nullable=False),
    Column("metric", Text, nullable=False),
    Column("minute", BigInteger, nullable=False),
    Column("value", Double, nullable=False),
    PrimaryKeyConstraint("service", "metric", "minute"),
)
Index("minute_figures_by_minute", minute_figures.c.minute)

# Small facts of the whole installation, by name.
meta = Table(
    "meta", metadata, Column("key", String(64), primary_key=True), Column("value", Text, nullable=False)
)
