"""What a database error means to a person: each becomes a StoreError that says what to do."""

from __future__ import annotations

from sqlalchemy.exc import SQLAlchemyError

from sluiceway.errors import StoreError

# (words of the driver's message, what to tell people); the first that fits counts.
_MEANINGS: tuple[tuple[tuple[str, ...], str], ...] = (
    (
        ("database or disk is full", "no space left", "disk full", "could not extend file"),
        "the disk is full and nothing was saved; free some space, then try again",
    ),
    (
        ("readonly database", "read-only", "attempt to write a readonly"),
        "it is read-only; make the file and its folder writable for this user",
    ),
    (
        ("database is locked", "database table is locked", "lock timeout", "deadlock detected"),
        "it is in use by something else for too long; close other programs that hold it open, then try again",
    ),
    (
        ("malformed", "not a database", "disk image", "file is encrypted", "corrupt"),
        "the file is damaged; stop Sluiceway, keep a copy of the file, and restore the newest good copy",
    ),
    (
        ("unable to open database file", "no such file or directory", "not a directory"),
        "it can't be opened; check that its folder exists and that this user may write there",
    ),
    (("disk i/o error", "input/output error"), "the disk reports an error; check its health and free space"),
    (
        ("password authentication failed", "no pg_hba.conf entry", "role ", "permission denied"),
        "it refuses this user; check the user, the password and the grants in the database address",
    ),
    (
        (
            "could not connect",
            "connection refused",
            "connection failed",
            "server closed the connection",
            "connection timeout",
            "could not translate host name",
            "failed to resolve host",
            "terminating connection",
            "the connection is closed",
            "the database system is",
        ),
        "the database server does not answer; check that it runs and that the address is right",
    ),
    (
        ("no such table", "no such column", "does not exist", "undefinedtable"),
        "its tables are not as expected; start `sluice serve` once to bring them up to this version",
    ),
)


def store_error(exc: Exception, place: str) -> StoreError:
    """Return the StoreError for a driver's error. `place` names the database, without a password."""
    found = _words(exc)
    lowered = found.lower()
    for words, meaning in _MEANINGS:
        if any(word in lowered for word in words):
            return StoreError(f"the database {place} could not be used: {meaning} ({found})")
    return StoreError(f"the database {place} could not be used: {found}")


def _words(exc: Exception) -> str:
    """Return the driver's own sentence, without the statement and its values (they may be private)."""
    origin = getattr(exc, "orig", None) if isinstance(exc, SQLAlchemyError) else exc
    text = str(origin) if origin is not None else type(exc).__name__
    return " ".join(text.split())[:300]
