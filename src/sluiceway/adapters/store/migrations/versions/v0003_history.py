"""History: what a service's parts counted and what its figures were, minute by minute."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "minute_counts",
        sa.Column("service", sa.Text, nullable=False),
        sa.Column("metric", sa.Text, nullable=False),
        sa.Column("rollout", sa.String(64), nullable=False),
        sa.Column("minute", sa.BigInteger, nullable=False),
        sa.Column("part", sa.Text, nullable=False),
        sa.Column("counted", sa.Double, nullable=False),
        sa.Column("bad", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("service", "metric", "rollout", "minute", "part"),
    )
    op.create_index("minute_counts_by_minute", "minute_counts", ["minute"])
    op.create_table(
        "minute_figures",
        sa.Column("service", sa.Text, nullable=False),
        sa.Column("metric", sa.Text, nullable=False),
        sa.Column("minute", sa.BigInteger, nullable=False),
        sa.Column("value", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("service", "metric", "minute"),
    )
    op.create_index("minute_figures_by_minute", "minute_figures", ["minute"])
