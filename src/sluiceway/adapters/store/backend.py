"""What differs between SQLite and PostgreSQL: opening, locking, where the tables are.

Everything else in this package is plain SQLAlchemy Core and the same for both.
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from sqlite3 import Connection as SqliteConnection

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import ConnectionPoolEntry

from sluiceway.adapters.store.schema import POSTGRES_SCHEMA
from sluiceway.errors import InvalidInputError, StoreError

BUSY_TIMEOUT_S = 10.0
_POOL_SIZE = 10
_POOL_OVERFLOW = 20
_MIGRATION_LOCK = 0x51_1C_E0_01  # any fixed number; names our advisory lock on PostgreSQL


class Backend(ABC):
    """One opened database."""

    def __init__(self, engine: Engine, place: str, schema: str | None) -> None:
        self.engine = engine
        self.place = place  # for messages; holds no password
        self.schema = schema

    @abstractmethod
    def writing(self) -> AbstractContextManager[Connection]:
        """Give a connection inside a transaction that may write."""

    @abstractmethod
    def reading(self) -> AbstractContextManager[Connection]:
        """Give a connection inside a transaction that sees one moment and blocks no writer."""

    @abstractmethod
    def migrating(self) -> AbstractContextManager[Connection]:
        """Give a connection that alone may change tables."""

    @property
    @abstractmethod
    def url_text(self) -> str:
        """The address with its password, for a library that opens the same database."""


class SqliteBackend(Backend):
    """A file in WAL mode. Many read at once; writers of this process queue up fairly."""

    def __init__(self, path: Path) -> None:
        engine = create_engine(
            URL.create("sqlite", database=str(path)),
            connect_args={"timeout": BUSY_TIMEOUT_S, "check_same_thread": False},
            pool_size=_POOL_SIZE,
            max_overflow=_POOL_OVERFLOW,
        )
        event.listen(engine, "connect", _prepare_sqlite)
        super().__init__(engine, str(path), None)
        self._gate = threading.Lock()
        self._writer: int | None = None  # the thread inside `writing`

    @contextmanager
    def writing(self) -> Generator[Connection]:
        if self._writer == threading.get_ident():
            raise RuntimeError("a write transaction was opened inside another one of the same thread")
        # SQLite's own waiting polls with growing pauses; a lock hands over at once and in order.
        if not self._gate.acquire(timeout=BUSY_TIMEOUT_S):
            raise StoreError(
                f"the database {self.place} could not be used: another thread of this process has been "
                f"writing for {BUSY_TIMEOUT_S:g} s; try again"
            )
        self._writer = threading.get_ident()
        try:
            with self.engine.connect() as connection:
                # With the write lock taken first, what is read inside is not stale when it is written.
                connection.exec_driver_sql("BEGIN IMMEDIATE")
                yield connection
        finally:
            self._writer = None
            self._gate.release()

    @contextmanager
    def reading(self) -> Generator[Connection]:
        with self.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA query_only=ON")
            try:
                connection.exec_driver_sql("BEGIN DEFERRED")
                yield connection
            finally:
                connection.rollback()
                connection.exec_driver_sql("PRAGMA query_only=OFF")

    def migrating(self) -> AbstractContextManager[Connection]:
        return self.writing()

    @property
    def url_text(self) -> str:
        return self.engine.url.render_as_string(hide_password=False)


class PostgresBackend(Backend):
    """A PostgreSQL database; our tables are in their own schema."""

    def __init__(self, url: URL) -> None:
        full = url.set(drivername="postgresql+psycopg")
        engine = create_engine(
            full,
            pool_size=_POOL_SIZE,
            max_overflow=_POOL_OVERFLOW,
            pool_pre_ping=True,
            connect_args={"application_name": "sluiceway", "connect_timeout": 5},
        )
        place = url.render_as_string(hide_password=True)
        super().__init__(engine, place, POSTGRES_SCHEMA)
        self._url = url.set(drivername="postgresql")

    @contextmanager
    def writing(self) -> Generator[Connection]:
        with self.engine.connect() as connection:
            yield connection.execution_options(schema_translate_map={None: self.schema})

    @contextmanager
    def reading(self) -> Generator[Connection]:
        with self.engine.connect() as connection:
            yield connection.execution_options(
                isolation_level="REPEATABLE READ",
                postgresql_readonly=True,
                schema_translate_map={None: self.schema},
            )

    @contextmanager
    def migrating(self) -> Generator[Connection]:
        with self.writing() as connection:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})
            connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {self.schema}"))
            yield connection

    @property
    def url_text(self) -> str:
        return self._url.render_as_string(hide_password=False)


def open_backend(url_or_path: str | Path) -> Backend:
    """Return the database at a file path, a `sqlite:///` or a `postgresql://` address; nothing is read yet.

    Raises InvalidInputError for an address of any other kind, StoreError when the driver is not installed.
    """
    if isinstance(url_or_path, Path) or "://" not in url_or_path:
        return SqliteBackend(Path(url_or_path).absolute())
    try:
        url = make_url(url_or_path)
    except ArgumentError as exc:
        raise InvalidInputError(
            "the database address can't be read; use a file path or postgresql://..."
        ) from exc
    match url.get_backend_name():
        case "sqlite":
            if not url.database or url.database == ":memory:":
                raise InvalidInputError(
                    "the database needs a file: what is in memory does not outlive a crash"
                )
            return SqliteBackend(Path(url.database).absolute())
        case "postgresql":
            try:
                return PostgresBackend(url)
            except ModuleNotFoundError as exc:
                raise StoreError(
                    "PostgreSQL needs its driver: install `sluiceway[postgres]` into this environment"
                ) from exc
        case other:
            raise InvalidInputError(
                f"the database address begins with {other!r}; use a file path or postgresql://..."
            )


def _prepare_sqlite(connection: SqliteConnection, _entry: ConnectionPoolEntry) -> None:
    # Statements that write outside an explicit transaction (those of the work engine) lock up front, too.
    connection.isolation_level = "IMMEDIATE"
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")
