"""The tables of accounts, the roles they were granted, their absences and sessions."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, PrimaryKeyConstraint, String, Table, Text

from sluiceway.adapters.store.schema import UtcDateTime, metadata

accounts = Table(
    "accounts",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("title", Text, nullable=False),
    Column("contact", Text, nullable=False),
    Column("password", Text, nullable=False),
    Column("zone", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("disabled_at", UtcDateTime),
)

grants = Table(
    "grants",
    metadata,
    Column("account", String(64), ForeignKey("accounts.name"), nullable=False),
    Column("role", String(64), nullable=False),
    Column("service", Text, nullable=False),
    Column("granted_at", UtcDateTime, nullable=False),
    Column("granted_by", Text, nullable=False),
    PrimaryKeyConstraint("account", "role", "service"),
)
Index("grants_by_service", grants.c.service)

absences = Table(
    "absences",
    metadata,
    Column("account", String(64), ForeignKey("accounts.name"), primary_key=True),
    Column("first", UtcDateTime, nullable=False),
    Column("until", UtcDateTime, nullable=False),
    Column("alternate", Text, nullable=False),
)

sessions = Table(
    "sessions",
    metadata,
    Column("sha256", String(64), primary_key=True),
    Column("account", String(64), ForeignKey("accounts.name"), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("used_at", UtcDateTime, nullable=False),
    Column("agent", Text, nullable=False),
)
Index("sessions_by_account", sessions.c.account)
Index("sessions_by_expiry", sessions.c.expires_at)
