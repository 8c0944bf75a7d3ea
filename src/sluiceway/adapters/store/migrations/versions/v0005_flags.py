"""Feature flags: documents, history, proposals, reports of applications; environments of tokens."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import context, op

from sluiceway.adapters.store.schema import UtcDateTime

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _sets()
    _history()
    _reports()
    # Unlike CREATE TABLE, ALTER TABLE does not follow the connection's translation of schemas.
    column = sa.Column("environments", sa.Text, nullable=False, server_default="")
    op.add_column("tokens", column, schema=context.config.attributes["schema"])


def _sets() -> None:
    op.create_table(
        "flag_sets",
        sa.Column("service", sa.Text, nullable=False),
        sa.Column("environment", sa.String(64), nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("service", "environment"),
    )
    op.create_table(
        "flag_items",
        sa.Column("service", sa.Text, nullable=False),
        sa.Column("environment", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.Column("changed_at", UtcDateTime, nullable=False),
        sa.Column("changed_by", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("service", "environment", "kind", "id"),
    )
    op.create_index("flag_items_by_version", "flag_items", ["service", "environment", "version"])


def _history() -> None:
    key = sa.BigInteger().with_variant(sa.Integer, "sqlite")
    op.create_table(
        "flag_versions",
        sa.Column("seq", key, primary_key=True, autoincrement=True),
        sa.Column("service", sa.Text, nullable=False),
        sa.Column("environment", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("act", sa.String(64), nullable=False),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("before", sa.Text, nullable=False),
        sa.Column("after", sa.Text, nullable=False),
        sa.Column("lines", sa.Text, nullable=False),
        sa.Column("undoes", sa.BigInteger),
    )
    op.create_index("flag_versions_by_item", "flag_versions", ["service", "id", "seq"])
    op.create_table(
        "flag_applied",
        sa.Column("service", sa.Text, nullable=False),
        sa.Column("environment", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("service", "environment", "kind", "id"),
    )
    op.create_table(
        "flag_proposals",
        sa.Column("seq", key, primary_key=True, autoincrement=True),
        sa.Column("id", sa.String(64), nullable=False, unique=True),
        sa.Column("service", sa.Text, nullable=False),
        sa.Column("state_name", sa.String(16), nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_index("flag_proposals_by_state", "flag_proposals", ["service", "state_name", "seq"])


def _reports() -> None:
    op.create_table(
        "flag_usage",
        sa.Column("service", sa.Text, nullable=False),
        sa.Column("environment", sa.String(64), nullable=False),
        sa.Column("flag", sa.Text, nullable=False),
        sa.Column("variant", sa.Text, nullable=False),
        sa.Column("hour", sa.BigInteger, nullable=False),
        sa.Column("count", sa.BigInteger, nullable=False),
        sa.Column("first_at", UtcDateTime, nullable=False),
        sa.Column("last_at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("service", "environment", "flag", "variant", "hour"),
    )
    op.create_index("flag_usage_by_hour", "flag_usage", ["hour"])
    op.create_table(
        "flag_assignments",
        sa.Column("service", sa.Text, nullable=False),
        sa.Column("environment", sa.String(64), nullable=False),
        sa.Column("experiment", sa.Text, nullable=False),
        sa.Column("subject", sa.String(64), nullable=False),
        sa.Column("variant", sa.Text, nullable=False),
        sa.Column("first_at", UtcDateTime, nullable=False),
        sa.Column("is_mixed", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("service", "environment", "experiment", "subject"),
    )
    op.create_table(
        "flag_batches",
        sa.Column("service", sa.Text, nullable=False),
        sa.Column("environment", sa.String(64), nullable=False),
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("service", "environment", "id"),
    )
    op.create_index("flag_batches_by_time", "flag_batches", ["at"])
