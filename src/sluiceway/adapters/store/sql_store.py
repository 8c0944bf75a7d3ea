"""The store on SQLite or PostgreSQL: opening it, and its transactions."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from sluiceway.adapters.store.backend import Backend, open_backend
from sluiceway.adapters.store.effect_rows import EffectQueue
from sluiceway.adapters.store.faults import store_error
from sluiceway.adapters.store.migrate import bring_up
from sluiceway.adapters.store.transaction import SqlTransaction
from sluiceway.errors import StoreError

DEFAULT_OWNER: Final = "local"


class SqlStore:
    """Implements `ports.store.Store`. Several threads may share one; each transaction is one thread's.

    `owner` names the holder of the leases that are claimed through it. It must be the same after a restart
    (so that the successor can take its predecessor's leases back) and differ between processes that serve
    the same database. `effects` takes what is queued, the work engine's own queue when it is left out.
    """

    def __init__(self, backend: Backend, owner: str, effects: EffectQueue | None = None) -> None:
        self._backend = backend
        self._effects = effects if effects is not None else EffectQueue(backend)
        self.owner = owner
        with self._translated():
            bring_up(backend)
            self._effects.prepare()

    @property
    def engine(self) -> Engine:
        """The engine, for the work engine, which keeps its queue in the same database."""
        return self._backend.engine

    @property
    def place(self) -> str:
        """Where the database is, in words without a password."""
        return self._backend.place

    @contextmanager
    def begin(self) -> Generator[SqlTransaction]:
        """Open a transaction: committed on a clean exit, rolled back on an exception.

        Raises StoreError when the database can't be used (full, locked for too long, damaged, gone).
        """
        with self._translated(), self._opened(self._backend.writing) as transaction:
            yield transaction

    @contextmanager
    def read(self) -> Generator[SqlTransaction]:
        """Open a transaction that only reads: it sees one moment and never waits for a writer."""
        with self._translated(), self._opened(self._backend.reading, keep=False) as transaction:
            yield transaction

    def close(self) -> None:
        """Close every connection. Safe to repeat."""
        self._effects.close()
        self._backend.engine.dispose()

    @contextmanager
    def _opened(
        self, opening: Callable[[], AbstractContextManager[Connection]], *, keep: bool = True
    ) -> Generator[SqlTransaction]:
        with opening() as connection:
            try:
                yield SqlTransaction(connection, self._effects, self.owner)
            except BaseException:
                connection.rollback()
                raise
            if keep:
                connection.commit()

    @contextmanager
    def _translated(self) -> Generator[None]:
        try:
            yield
        except (SQLAlchemyError, sqlite3.Error) as exc:
            raise store_error(exc, self._backend.place) from exc


def open_store(url_or_path: str | Path, *, owner: str = DEFAULT_OWNER) -> SqlStore:
    """Open the database at a file path or address and bring its tables up to this version.

    A new file is made, its folder too. Raises StoreError when it can't be opened or was written by a newer
    Sluiceway, InvalidInputError for an address that is neither SQLite nor PostgreSQL.
    """
    backend = open_backend(url_or_path)
    if backend.schema is None:
        folder = Path(backend.place).parent
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as exc:
            raise StoreError(
                f"the folder {folder} for the database can't be made ({exc.strerror}); choose another place"
            ) from exc
    try:
        return SqlStore(backend, owner)
    except BaseException:
        backend.engine.dispose()
        raise
