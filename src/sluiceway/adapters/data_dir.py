"""The data directory: what is where in it, who serves it, and that only one process does.

The lock is the operating system's, so it is gone the moment its holder is, however it ended. `server.json`
tells clients where to go; it may outlive a killed server, the lock may not.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from sluiceway.adapters.files import write_atomically
from sluiceway.errors import AlreadyServedError, StoreError

DEFAULT_NAME = ".sluice"
RESERVE_BYTES = 4_000_000  # room for some thousand decisions and the proxy's files
_ROOMY_TIMES = 3  # only a disk with this much more room is asked for a reserve


@dataclass(frozen=True, slots=True)
class ServerNote:
    """What `server.json` says: where the server of this directory answers, and which process it is."""

    url: str
    pid: int


class DataDir:
    """One data directory. Holds the lock between `lock` and `unlock`."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self._lock: IO[str] | None = None

    @property
    def database(self) -> Path:
        return self.path / "sluiceway.db"

    @property
    def signing_key(self) -> Path:
        return self.path / "signing.key"

    @property
    def log_file(self) -> Path:
        return self.path / "logs" / "sluice.log"

    @property
    def server_file(self) -> Path:
        return self.path / "server.json"

    def lock(self) -> None:
        """Make the directory if need be and become the one who serves it.

        Raises AlreadyServedError naming the other process, StoreError when the directory can't be used.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            lock = (self.path / "serve.lock").open("a+", encoding="utf-8")
        except OSError as failure:
            raise StoreError(
                f"the data directory {self.path} can't be used ({failure.strerror}); "
                "choose another with --data"
            ) from failure
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as failure:
            lock.close()
            raise AlreadyServedError(self._served_by()) from failure
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        self._lock = lock

    def keep_reserve(self) -> bool:
        """Fill a file with nothing, to be given up when the disk is full; return whether it is there.

        Real bytes, not a hole: what is not written is not kept.
        """
        try:
            if self._reserve.exists() and self._reserve.stat().st_size == RESERVE_BYTES:
                return True
            if shutil.disk_usage(self.path).free < _ROOMY_TIMES * RESERVE_BYTES:
                return False
            with self._reserve.open("wb") as file:
                file.write(b"\0" * RESERVE_BYTES)
                file.flush()
                os.fsync(file.fileno())
        except OSError:
            with contextlib.suppress(OSError):
                self._reserve.unlink()
            return False
        return True

    def release_reserve(self) -> bool:
        """Make room for the decisions that can't wait; return whether there was a reserve left."""
        try:
            self._reserve.unlink()
        except OSError:
            return False
        return True

    @property
    def _reserve(self) -> Path:
        return self.path / "reserve"

    def announce(self, url: str) -> None:
        """Write where the server answers, for clients that look for it."""
        note = {"url": url, "pid": os.getpid()}
        write_atomically(self.server_file, json.dumps(note) + "\n")

    def unlock(self) -> None:
        """Withdraw the announcement and let others serve. Safe to repeat."""
        if self._lock is None:
            return
        with contextlib.suppress(OSError):
            self.server_file.unlink()
        self._lock.close()
        self._lock = None

    def _served_by(self) -> str:
        note = read_note(self.server_file)
        try:
            pid = (self.path / "serve.lock").read_text(encoding="utf-8").strip()
        except OSError:
            pid = ""
        who = f"process {pid or (note.pid if note else 'unknown')}"
        where = f" at {note.url}" if note and str(note.pid) == pid else ""
        return (
            f"{self.path} is served already by {who}{where}; use that one, stop it, or choose another --data"
        )


def read_note(file: Path) -> ServerNote | None:
    """Return what a `server.json` says, None when there is none that can be read."""
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
        return ServerNote(str(found["url"]), int(found["pid"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def find_data_dir(start: Path) -> Path | None:
    """Return the nearest data directory in `start` or a folder above it, None when there is none."""
    for folder in (start, *start.parents):
        if (folder / DEFAULT_NAME).is_dir():
            return folder / DEFAULT_NAME
    return None
