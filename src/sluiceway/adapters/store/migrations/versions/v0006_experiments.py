"""Experiments: records, events of users, finished steps."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from sluiceway.adapters.store.schema import UtcDateTime

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    key = sa.BigInteger().with_variant(sa.Integer, "sqlite")
    op.create_table(
        "experiments",
        sa.Column("seq", key, primary_key=True, autoincrement=True),
        sa.Column("service", sa.Text, nullable=False),
        sa.Column("id", sa.String(100), nullable=False),
        sa.Column("environment", sa.String(64), nullable=False),
        sa.Column("state_name", sa.String(16), nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("counted_until", UtcDateTime),
        sa.Column("events", sa.BigInteger, nullable=False),
        sa.Column("dropped", sa.BigInteger, nullable=False),
        sa.Column("dropped_events", sa.BigInteger, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_index("experiments_by_id", "experiments", ["service", "id"], unique=True)
    op.create_index("experiments_by_state", "experiments", ["state_name", "seq"])
    op.create_table(
        "experiment_events",
        sa.Column("service", sa.Text, nullable=False),
        sa.Column("experiment", sa.String(100), nullable=False),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.Column("subject", sa.String(64), nullable=False),
        sa.Column("metric", sa.Text, nullable=False),
        sa.Column("count", sa.BigInteger, nullable=False),
        sa.Column("total", sa.Float(53), nullable=False),
        sa.PrimaryKeyConstraint("service", "experiment", "at", "subject", "metric"),
    )
    op.create_table(
        "experiment_steps",
        sa.Column("service", sa.Text, nullable=False),
        sa.Column("experiment", sa.String(100), nullable=False),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("service", "experiment", "at"),
    )
    op.create_index(
        "flag_assignments_by_time",
        "flag_assignments",
        ["service", "environment", "experiment", "first_at"],
    )
