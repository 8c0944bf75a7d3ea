"""What is remembered of instances between runs of Sluiceway: which processes they are, where they listen.

One small JSON file per instance, written whole or not at all. An instance that is being ended keeps its file
under another name until its process is gone, so that a Sluiceway that dies meanwhile leaves no orphan.
"""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote

import structlog
from pydantic import TypeAdapter, ValidationError

from sluiceway.adapters.files import write_atomically
from sluiceway.adapters.processes import ProcessRef
from sluiceway.errors import PermanentProviderError

log = structlog.get_logger("sluiceway.deploy")

_FILE = re.compile(r"instance-(\d+)(\.ending-\d+)?\.json")


@dataclass(frozen=True, slots=True)
class Record:
    """One instance. Instants are unix seconds of the system's clock."""

    number: int
    port: int = 0  # 0: none chosen yet
    process: ProcessRef | None = None  # None: not running, or started but not yet recorded
    restarts: int = 0
    crashes_in_a_row: int = 0
    started_at: float | None = None
    next_start_at: float | None = None  # None: no restart is planned
    was_healthy: bool = False  # since it was last asked for
    run_was_healthy: bool = False  # since this process started
    failed: str = ""


_RECORD: TypeAdapter[Record] = TypeAdapter(Record)


@dataclass(frozen=True, slots=True)
class Folder:
    """The records of one version of one service."""

    path: Path
    logs: Path

    def load(self) -> tuple[list[Record], list[tuple[Path, Record]]]:
        """Return the instances by number, and those that were being ended with their files.

        A damaged file is put aside; its instance is returned as one that was never started.
        Raises PermanentProviderError when the folder can't be read.
        """
        kept: list[Record] = []
        ending: list[tuple[Path, Record]] = []
        try:
            for path in self.path.glob("instance-*.json"):
                if (named := _FILE.fullmatch(path.name)) is None:
                    continue
                record = _read(path, int(named[1]))
                if named[2]:
                    ending.append((path, record))
                else:
                    kept.append(record)
        except OSError as failure:
            raise PermanentProviderError(
                f"can't read {failure.filename}: {failure.strerror}; check the folder's owner and rights"
            ) from failure
        return sorted(kept, key=lambda record: record.number), ending

    def save(self, record: Record) -> None:
        """Write one record. Raises TemporaryProviderError when the disk is full."""
        write_atomically(self._file(record.number), _RECORD.dump_json(record).decode() + "\n")

    def mark_ending(self, record: Record) -> Path:
        """Note that an instance is being ended and return its file; its number is free for another.

        A rename, so it works on a full disk, too.
        """
        pid = record.process.pid if record.process is not None else 0
        path = self.path / f"instance-{record.number}.ending-{pid}.json"
        with contextlib.suppress(FileNotFoundError):
            self._file(record.number).replace(path)
        return path

    def forget(self, record_file: Path) -> None:
        """Remove one record; the log stays."""
        with contextlib.suppress(OSError):
            record_file.unlink(missing_ok=True)
            self.path.rmdir()  # refused while other records are in it

    def forget_number(self, number: int) -> None:
        """Remove the record of an instance that was never started."""
        self.forget(self._file(number))

    def log(self, number: int) -> Path:
        """Return where an instance's output goes."""
        return self.logs / f"instance-{number}.log"

    def tag(self, number: int) -> str:
        """Return what marks an instance's process, so that it is found even without a record."""
        return f"instance:{self._file(number)}"

    def _file(self, number: int) -> Path:
        return self.path / f"instance-{number}.json"


def folder_of(data_dir: Path, service: str, version: str) -> Folder:
    """Return where a version's records and logs are: `deploy/` and `logs/` below the data directory."""
    below = Path(_in_path(service), _in_path(version))
    return Folder(data_dir / "deploy" / below, data_dir / "logs" / below)


def versions_on_disk(data_dir: Path, service: str) -> list[str]:
    """Return the versions of a service that have records."""
    home = data_dir / "deploy" / _in_path(service)
    try:
        return [unquote(path.name) for path in home.iterdir() if path.is_dir()]
    except OSError:
        return []


def _in_path(name: str) -> str:
    quoted = quote(name, safe="")
    return quoted.replace(".", "%2E", 1) if quoted.startswith(".") else quoted


def _read(path: Path, number: int) -> Record:
    text = path.read_bytes()
    try:
        return _RECORD.validate_json(text)
    except ValidationError:
        aside = path.with_suffix(".damaged")
        path.replace(aside)
        log.warning("record of an instance is damaged and was put aside", file=str(aside))
        return Record(number)
