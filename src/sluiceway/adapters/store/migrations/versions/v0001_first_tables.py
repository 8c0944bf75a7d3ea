"""First tables: rollouts, commands, audit trail, samples, effect failures."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from sluiceway.adapters.store.schema import UtcDateTime
from sluiceway.domain.audit.chain import GENESIS_HASH

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# Spelled as each database sees it in queries: SQLite uses such an index for the same words only.
_UNFINISHED_SQLITE, _UNFINISHED_POSTGRES = sa.text("finished = 0"), sa.text("finished = false")
_APPEND_ONLY = "the audit trail is append-only"


def upgrade() -> None:
    _rollouts()
    _audit()
    _samples()
    op.create_table(
        "effect_failures",
        sa.Column("rollout_id", sa.String(64), sa.ForeignKey("rollouts.id"), nullable=False),
        sa.Column("slot", sa.Text, nullable=False),
        sa.Column("gen", sa.BigInteger, nullable=False),
        sa.Column("effect_key", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("rollout_id", "slot"),
    )
    op.create_table(
        "meta",
        sa.Column("key", sa.String(64), primary_key=True),
        sa.Column("value", sa.Text, nullable=False),
    )


def _key() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer, "sqlite")


def _rollouts() -> None:
    op.create_table(
        "rollouts",
        sa.Column("seq", _key(), primary_key=True, autoincrement=True),
        sa.Column("id", sa.String(64), nullable=False, unique=True),
        sa.Column("service", sa.Text, nullable=False),
        sa.Column("listen_host", sa.Text, nullable=False),
        sa.Column("listen_port", sa.Integer, nullable=False),
        sa.Column("phase", sa.String(32), nullable=False),
        sa.Column("finished", sa.Boolean, nullable=False),
        sa.Column("setup", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("gen", sa.BigInteger, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("due_at", UtcDateTime),
        sa.Column("wake_at", UtcDateTime),
        sa.Column("lease_until", UtcDateTime),
        sa.Column("lease_owner", sa.Text),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("created_by", sa.Text, nullable=False),
    )
    _unfinished_index("rollouts_one_per_service", ["service"], unique=True)
    _unfinished_index("rollouts_one_per_listener", ["listen_host", "listen_port"], unique=True)
    _unfinished_index("rollouts_due", ["due_at"], unique=False)
    op.create_table(
        "commands",
        sa.Column("id", _key(), primary_key=True, autoincrement=True),
        sa.Column("rollout_id", sa.String(64), sa.ForeignKey("rollouts.id"), nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("taken", sa.Boolean, nullable=False),
        sa.Column("refusal", sa.Text),
    )
    op.create_index("commands_by_rollout", "commands", ["rollout_id", "id"])


def _unfinished_index(name: str, columns: list[str], *, unique: bool) -> None:
    op.create_index(
        name,
        "rollouts",
        columns,
        unique=unique,
        sqlite_where=_UNFINISHED_SQLITE,
        postgresql_where=_UNFINISHED_POSTGRES,
    )


def _audit() -> None:
    op.create_table(
        "audit",
        sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.Column("process_at", UtcDateTime, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("figures", sa.Text, nullable=False),
        sa.Column("prev_hash", sa.String(64), nullable=False, unique=True),
        sa.Column("hash", sa.String(64), nullable=False, unique=True),
    )
    op.create_index("audit_by_subject", "audit", ["subject", "seq"])
    head = op.create_table(
        "audit_head",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
    )
    op.bulk_insert(head, [{"id": 1, "seq": 0, "hash": GENESIS_HASH}])
    if op.get_context().dialect.name == "sqlite":
        for act in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER audit_no_{act.lower()} BEFORE {act} ON audit "
                f"BEGIN SELECT RAISE(ABORT, '{_APPEND_ONLY}'); END"
            )
        return
    schema = op.get_context().version_table_schema
    op.execute(
        f"CREATE FUNCTION {schema}.audit_refuse() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{_APPEND_ONLY}'; END $$"
    )
    for act, scope in (("UPDATE", "ROW"), ("DELETE", "ROW"), ("TRUNCATE", "STATEMENT")):
        op.execute(
            f"CREATE TRIGGER audit_no_{act.lower()} BEFORE {act} ON {schema}.audit "
            f"FOR EACH {scope} EXECUTE FUNCTION {schema}.audit_refuse()"
        )


def _samples() -> None:
    op.create_table(
        "sample_series",
        sa.Column("rollout_id", sa.String(64), sa.ForeignKey("rollouts.id"), primary_key=True),
        sa.Column("next_n", sa.BigInteger, nullable=False),
        sa.Column("stride", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "samples",
        sa.Column("rollout_id", sa.String(64), sa.ForeignKey("rollouts.id"), nullable=False),
        sa.Column("n", sa.BigInteger, nullable=False),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.Column("figures", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("rollout_id", "n"),
    )
