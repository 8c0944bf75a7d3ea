"""What is remembered of one instance between runs of Sluiceway: which process it is, where it listens.

One small JSON file per instance, written whole or not at all. What to do about an instance is the business
of `local`.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote

from pydantic import TypeAdapter, ValidationError

from sluiceway.adapters.files import write_atomically
from sluiceway.adapters.processes import ProcessRef
from sluiceway.errors import PermanentProviderError


@dataclass(frozen=True, slots=True)
class Record:
    """One instance. `started_at` is in unix seconds, for people."""

    number: int
    port: int
    process: ProcessRef | None = None
    restarts: int = 0
    started_at: float = 0.0
    was_healthy: bool = False
    failed: str = ""


_RECORD: TypeAdapter[Record] = TypeAdapter(Record)


@dataclass(frozen=True, slots=True)
class Folder:
    """The records of one version of one service: `<data>/<service>/<version>/instance-<n>.json`."""

    path: Path
    service: str
    version: str
    logs: Path

    def load(self) -> list[Record]:
        """Return what is recorded, by number. Raises PermanentProviderError for a damaged file."""
        return [_read(path) for path in sorted(self.path.glob("instance-*.json"), key=_number)]

    def save(self, record: Record) -> None:
        """Write one record. Raises TemporaryProviderError when the disk is full."""
        write_atomically(self._file(record.number), _RECORD.dump_json(record).decode() + "\n")

    def forget(self, number: int) -> None:
        """Remove one record; its log stays."""
        self._file(number).unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            self.path.rmdir()

    def log(self, number: int) -> Path:
        """Return where an instance's output goes."""
        return self.logs / f"instance-{number}.log"

    def tag(self, number: int) -> str:
        """Return what marks an instance's process, so that it is found even without a record."""
        return f"instance:{self._file(number)}"

    def _file(self, number: int) -> Path:
        return self.path / f"instance-{number}.json"


def folder_of(data_dir: Path, service: str, version: str) -> Folder:
    """Return where a version's records are."""
    return Folder(
        data_dir / "instances" / _in_path(service) / _in_path(version),
        service,
        version,
        data_dir / "logs" / _in_path(service) / _in_path(version),
    )


def versions_on_disk(data_dir: Path, service: str) -> list[str]:
    """Return the versions of a service that have records."""
    home = data_dir / "instances" / _in_path(service)
    return [unquote(path.name) for path in home.iterdir() if path.is_dir()] if home.is_dir() else []


def _in_path(name: str) -> str:
    return quote(name, safe="").replace(".", "%2E") if set(name) <= {"."} else quote(name, safe="")


def _number(path: Path) -> int:
    return int(path.stem.rpartition("-")[2])


def _read(path: Path) -> Record:
    try:
        return _RECORD.validate_json(path.read_bytes())
    except (ValidationError, OSError) as failure:
        raise PermanentProviderError(
            f"{path}: not an instance record ({failure}); end the process it stood for, then remove the file"
        ) from failure
