"""The tables of feature flags: their documents, history, proposals, and what applications report of them."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Index, PrimaryKeyConstraint, String, Table, Text

from sluiceway.adapters.store.schema import KEY, UtcDateTime, metadata

# One row for each service and environment; its lock is what writers of the set wait for.
flag_sets = Table(
    "flag_sets",
    metadata,
    Column("service", Text, nullable=False),
    Column("environment", String(64), nullable=False),
    Column("version", BigInteger, nullable=False),
    PrimaryKeyConstraint("service", "environment"),
)

flag_items = Table(
    "flag_items",
    metadata,
    Column("service", Text, nullable=False),
    Column("environment", String(64), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("id", Text, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("document", Text, nullable=False),  # "" once it was taken away
    Column("changed_at", UtcDateTime, nullable=False),
    Column("changed_by", Text, nullable=False),
    PrimaryKeyConstraint("service", "environment", "kind", "id"),
)
Index("flag_items_by_version", flag_items.c.service, flag_items.c.environment, flag_items.c.version)

flag_versions = Table(
    "flag_versions",
    metadata,
    Column("seq", KEY, primary_key=True, autoincrement=True),
    Column("service", Text, nullable=False),
    Column("environment", String(64), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("id", Text, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("act", String(64), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("by", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("before", Text, nullable=False),
    Column("after", Text, nullable=False),
    Column("lines", Text, nullable=False),  # a JSON list of texts
    Column("undoes", BigInteger),
)
Index("flag_versions_by_item", flag_versions.c.service, flag_versions.c.id, flag_versions.c.seq)

# What a file of flags said when it was last applied: what has changed since was edited elsewhere.
flag_applied = Table(
    "flag_applied",
    metadata,
    Column("service", Text, nullable=False),
    Column("environment", String(64), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("id", Text, nullable=False),
    Column("document", Text, nullable=False),
    PrimaryKeyConstraint("service", "environment", "kind", "id"),
)

flag_proposals = Table(
    "flag_proposals",
    metadata,
    Column("seq", KEY, primary_key=True, autoincrement=True),
    Column("id", String(64), nullable=False, unique=True),
    Column("service", Text, nullable=False),
    Column("state_name", String(16), nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("body", Text, nullable=False),
)
Index("flag_proposals_by_state", flag_proposals.c.service, flag_proposals.c.state_name, flag_proposals.c.seq)

flag_usage = Table(
    "flag_usage",
    metadata,
    Column("service", Text, nullable=False),
    Column("environment", String(64), nullable=False),
    Column("flag", Text, nullable=False),
    Column("variant", Text, nullable=False),
    Column("hour", BigInteger, nullable=False),  # since 1970-01-01 UTC
    Column("count", BigInteger, nullable=False),
    Column("first_at", UtcDateTime, nullable=False),
    Column("last_at", UtcDateTime, nullable=False),
    PrimaryKeyConstraint("service", "environment", "flag", "variant", "hour"),
)
Index("flag_usage_by_hour", flag_usage.c.hour)  # for pruning

# Who takes part in which experiment, by a hash of their targeting key.
flag_assignments = Table(
    "flag_assignments",
    metadata,
    Column("service", Text, nullable=False),
    Column("environment", String(64), nullable=False),
    Column("experiment", Text, nullable=False),
    Column("subject", String(64), nullable=False),
    Column("variant", Text, nullable=False),
    Column("first_at", UtcDateTime, nullable=False),
    Column("is_mixed", Boolean, nullable=False),
    PrimaryKeyConstraint("service", "environment", "experiment", "subject"),
)

# Batches of reports that were taken, so that one sent twice counts once.
flag_batches = Table(
    "flag_batches",
    metadata,
    Column("service", Text, nullable=False),
    Column("environment", String(64), nullable=False),
    Column("id", String(64), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    PrimaryKeyConstraint("service", "environment", "id"),
)
Index("flag_batches_by_time", flag_batches.c.at)
