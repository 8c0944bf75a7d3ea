"""Processes, releases, change requests, meetings, runbook runs; people; scopes of tokens."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import context, op

from sluiceway.adapters.store.schema import UtcDateTime

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _processes()
    _releases()
    _changes()
    _runs()
    _people()
    op.create_index("rollouts_by_service", "rollouts", ["service", "seq"])
    # Unlike CREATE TABLE, ALTER TABLE does not follow the connection's translation of schemas.
    schema = context.config.attributes["schema"]
    for column in (
        sa.Column("account", sa.Text, nullable=False, server_default=""),
        sa.Column("scopes", sa.Text, nullable=False, server_default="push"),
        sa.Column("expires_at", UtcDateTime),
    ):
        op.add_column("tokens", column, schema=schema)


def _where(column: str, *, holds: bool) -> dict[str, Any]:
    return {
        "sqlite_where": sa.text(f"{column} = {int(holds)}"),
        "postgresql_where": sa.text(f"{column} = {str(holds).lower()}"),
    }


def _processes() -> None:
    key = sa.BigInteger().with_variant(sa.Integer, "sqlite")
    op.create_table(
        "series",
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("last", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "process_texts",
        sa.Column("content_hash", sa.String(64), primary_key=True),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_table(
        "processes",
        sa.Column("seq", key, primary_key=True, autoincrement=True),
        sa.Column("service", sa.Text, nullable=False),
        sa.Column("content_hash", sa.String(64), sa.ForeignKey("process_texts.content_hash"), nullable=False),
        sa.Column("path", sa.Text, nullable=False),
        sa.Column("applied_at", UtcDateTime, nullable=False),
        sa.Column("applied_by", sa.Text, nullable=False),
    )
    op.create_index("processes_by_service", "processes", ["service", "seq"])


def _releases() -> None:
    key = sa.BigInteger().with_variant(sa.Integer, "sqlite")
    op.create_table(
        "releases",
        sa.Column("seq", key, primary_key=True, autoincrement=True),
        sa.Column("id", sa.String(32), nullable=False, unique=True),
        sa.Column("service", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("phase", sa.Text, nullable=False),
        sa.Column("words", sa.Text, nullable=False),
        sa.Column("is_open", sa.Boolean, nullable=False),
        sa.Column("is_cancelled", sa.Boolean, nullable=False),
        sa.Column("target_at", UtcDateTime),
        sa.Column("due_at", UtcDateTime),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
    )
    op.create_index(
        "releases_one_per_version",
        "releases",
        ["service", "name"],
        unique=True,
        **_where("is_cancelled", holds=False),
    )
    op.create_index("releases_by_service", "releases", ["service", "seq"])
    op.create_index("releases_by_phase", "releases", ["phase", "seq"])
    op.create_index("releases_by_type", "releases", ["type", "seq"])
    op.create_index("releases_open", "releases", ["seq"], **_where("is_open", holds=True))
    op.create_index("releases_due", "releases", ["due_at"], **_where("is_open", holds=True))
    op.create_table(
        "release_rollouts",
        sa.Column("rollout_id", sa.String(64), primary_key=True),
        sa.Column("release_id", sa.String(32), sa.ForeignKey("releases.id"), nullable=False),
    )
    op.create_index("release_rollouts_by_release", "release_rollouts", ["release_id"])


def _changes() -> None:
    key = sa.BigInteger().with_variant(sa.Integer, "sqlite")
    op.create_table(
        "changes",
        sa.Column("seq", key, primary_key=True, autoincrement=True),
        sa.Column("id", sa.String(32), nullable=False, unique=True),
        sa.Column("service", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("state_name", sa.String(32), nullable=False),
        sa.Column("ended_at", UtcDateTime),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
    )
    op.create_index("changes_by_service", "changes", ["service", "seq"])
    op.create_index("changes_by_state", "changes", ["state_name", "seq"])
    op.create_table(
        "meetings",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("service", sa.Text, nullable=False),
        sa.Column("board", sa.Text, nullable=False),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.Column("is_closed", sa.Boolean, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
    )
    op.create_index("meetings_by_board", "meetings", ["service", "board", "at"])


def _runs() -> None:
    key = sa.BigInteger().with_variant(sa.Integer, "sqlite")
    op.create_table(
        "runs",
        sa.Column("seq", key, primary_key=True, autoincrement=True),
        sa.Column("id", sa.String(64), nullable=False, unique=True),
        sa.Column("release_id", sa.String(32), nullable=False),
        sa.Column("phase", sa.String(32), nullable=False),
        sa.Column("gen", sa.Integer, nullable=False),
        sa.Column("due_at", UtcDateTime),
        sa.Column("state", sa.Text, nullable=False),
    )
    op.create_index("runs_by_release", "runs", ["release_id", "seq"])
    op.create_index("runs_due", "runs", ["due_at"])


def _people() -> None:
    op.create_table(
        "accounts",
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("contact", sa.Text, nullable=False),
        sa.Column("password", sa.Text, nullable=False),
        sa.Column("zone", sa.Text, nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("created_by", sa.Text, nullable=False),
        sa.Column("disabled_at", UtcDateTime),
    )
    op.create_table(
        "grants",
        sa.Column("account", sa.String(64), sa.ForeignKey("accounts.name"), nullable=False),
        sa.Column("role", sa.String(64), nullable=False),
        sa.Column("service", sa.Text, nullable=False),
        sa.Column("granted_at", UtcDateTime, nullable=False),
        sa.Column("granted_by", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("account", "role", "service"),
    )
    op.create_index("grants_by_service", "grants", ["service"])
    op.create_table(
        "absences",
        sa.Column("account", sa.String(64), sa.ForeignKey("accounts.name"), primary_key=True),
        sa.Column("first", UtcDateTime, nullable=False),
        sa.Column("until", UtcDateTime, nullable=False),
        sa.Column("alternate", sa.Text, nullable=False),
    )
    op.create_table(
        "sessions",
        sa.Column("sha256", sa.String(64), primary_key=True),
        sa.Column("account", sa.String(64), sa.ForeignKey("accounts.name"), nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("expires_at", UtcDateTime, nullable=False),
        sa.Column("used_at", UtcDateTime, nullable=False),
        sa.Column("agent", sa.Text, nullable=False),
    )
    op.create_index("sessions_by_account", "sessions", ["account"])
    op.create_index("sessions_by_expiry", "sessions", ["expires_at"])
