"""The tables of experiments: their records, what users did, and the steps that it adds up to."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Float, Index, PrimaryKeyConstraint, String, Table, Text

from sluiceway.adapters.store.schema import KEY, UtcDateTime, metadata
from sluiceway.adapters.store.schema_flags import flag_assignments

experiments = Table(
    "experiments",
    metadata,
    Column("seq", KEY, primary_key=True, autoincrement=True),
    Column("service", Text, nullable=False),
    Column("id", String(100), nullable=False),
    Column("environment", String(64), nullable=False),
    Column("state_name", String(16), nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("counted_until", UtcDateTime),
    Column("events", BigInteger, nullable=False),  # kept since the start, also those forgotten since
    Column("dropped", BigInteger, nullable=False),
    Column("dropped_events", BigInteger, nullable=False),
    Column("body", Text, nullable=False),
)
Index("experiments_by_id", experiments.c.service, experiments.c.id, unique=True)
Index("experiments_by_state", experiments.c.state_name, experiments.c.seq)

# What users did, until they are counted.
experiment_events = Table(
    "experiment_events",
    metadata,
    Column("service", Text, nullable=False),
    Column("experiment", String(100), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("subject", String(64), nullable=False),
    Column("metric", Text, nullable=False),
    Column("count", BigInteger, nullable=False),
    Column("total", Float(53), nullable=False),
    PrimaryKeyConstraint("service", "experiment", "at", "subject", "metric"),
)

# What finished users add up to; never changed.
experiment_steps = Table(
    "experiment_steps",
    metadata,
    Column("service", Text, nullable=False),
    Column("experiment", String(100), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("body", Text, nullable=False),
    PrimaryKeyConstraint("service", "experiment", "at"),
)

Index(
    "flag_assignments_by_time",
    flag_assignments.c.service,
    flag_assignments.c.environment,
    flag_assignments.c.experiment,
    flag_assignments.c.first_at,
)
