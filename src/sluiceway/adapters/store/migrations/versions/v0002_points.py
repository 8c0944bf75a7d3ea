"""Pushed figures, what the compared ones add up to, and the tokens of their senders."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from sluiceway.adapters.store.schema import UtcDateTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _points()
    op.create_table(
        "point_totals",
        sa.Column("service", sa.Text, nullable=False),
        sa.Column("metric", sa.String(64), nullable=False),
        sa.Column("version", sa.Text, nullable=False),
        sa.Column("heard_at", UtcDateTime, nullable=False),
        sa.Column("outcomes", sa.Double, nullable=False),
        sa.Column("bad", sa.Double, nullable=False),
        sa.Column("valued", sa.Double, nullable=False),
        sa.Column("total", sa.Double, nullable=False),
        sa.Column("squares", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("service", "metric", "version"),
    )
    op.create_table(
        "tokens",
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("service", sa.Text, nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("created_by", sa.Text, nullable=False),
        sa.Column("revoked_at", UtcDateTime),
        sa.Column("revoked_by", sa.Text, nullable=False),
        sa.Column("used_at", UtcDateTime),
    )


def _points() -> None:
    key = sa.BigInteger().with_variant(sa.Integer, "sqlite")
    op.create_table(
        "points",
        sa.Column("seq", key, primary_key=True, autoincrement=True),
        sa.Column("service", sa.Text, nullable=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("metric", sa.String(64), nullable=False),
        sa.Column("version", sa.Text, nullable=False),
        sa.Column("rollout", sa.String(64), nullable=False),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.Column("arrived_at", UtcDateTime, nullable=False),
        sa.Column("late", sa.Boolean, nullable=False),
        sa.Column("shape", sa.String(16), nullable=False),
        sa.Column("counted", sa.Double, nullable=False),
        sa.Column("bad", sa.Double, nullable=False),
        sa.Column("total", sa.Double, nullable=False),
        sa.Column("squares", sa.Double, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("sender", sa.Text, nullable=False),
    )
    op.create_index("points_once", "points", ["service", "id"], unique=True)
    op.create_index("points_by_time", "points", ["service", "metric", "version", "at"])
    op.create_index("points_by_arrival", "points", ["arrived_at"])
