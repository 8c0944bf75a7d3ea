"""The last known set on disk, so that an application starts while its server is away.

A file that can't be read or written is a warning, never an error: flags go on without it. Its first line says
what follows (format, checksum, ETag), the rest is the set as the server wrote it or as patches made it.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import stat
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

import sluiceway
from sluiceway.domain.flags.model import FlagSet
from sluiceway.domain.flags.wire import set_to_json
from sluiceway.errors import FlagFileError
from sluiceway.flags_sdk.sets import read_set

MAX_FILE_BYTES: Final = 65 * 1024 * 1024
_FORMAT: Final = 1
_log = logging.getLogger("sluiceway.flags")


@dataclass(frozen=True, slots=True)
class Kept:
    flags: FlagSet
    etag: str  # "" when another version of this library wrote the file: it may have understood less


class LastKnown:
    """One file. Several processes may share it: each write replaces the whole."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._has_warned = False

    def load(self) -> Kept | None:
        """Return what an earlier run kept; None when there is nothing that can be trusted."""
        try:
            return read_kept(self._path)
        except FileNotFoundError:
            return None
        except (OSError, FlagFileError) as error:
            self._warn("can't be used and is ignored until it is written anew", error)
            return None

    def keep(self, flags: FlagSet, etag: str) -> None:
        """Replace the whole file, readable for its owner only. What can't be written is warned of once."""
        document = json.dumps(set_to_json(flags), separators=(",", ":")).encode()
        header = {
            "format": _FORMAT,
            "sha256": hashlib.sha256(document).hexdigest(),
            "etag": etag,
            "written_by": sluiceway.__version__,
        }
        draft = self._path.with_name(f".{self._path.name}.{os.getpid()}-{threading.get_ident()}")
        try:
            _write(draft, json.dumps(header).encode() + b"\n" + document)
            draft.replace(self._path)
        except OSError as error:
            with contextlib.suppress(OSError):
                draft.unlink()
            self._warn("can't be written; a start without the server will not know the newest flags", error)
        else:
            self._has_warned = False

    def _warn(self, what: str, error: Exception) -> None:
        if not self._has_warned:
            self._has_warned = True
            _log.warning("the file of last known flags %s %s: %s", self._path, what, error)


def read_kept(path: Path) -> Kept:
    """Return the set in a file that was kept, or in a plain JSON file of a set.

    Raises OSError when it can't be read and FlagFileError when it isn't whole or not a set.
    """
    found = _read(path)
    first, _, rest = found.partition(b"\n")
    header = _header(first)
    if header is None:
        return Kept(read_set(found), "")
    if header.get("sha256") != hashlib.sha256(rest).hexdigest():
        raise FlagFileError((f"{path}: the checksum is wrong: the file was cut off or changed",))
    is_own = header.get("written_by") == sluiceway.__version__
    return Kept(read_set(rest), str(header.get("etag", "")) if is_own else "")


def _header(line: bytes) -> Mapping[str, Any] | None:
    try:
        found: object = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict) or "sha256" not in found:
        return None
    return cast("Mapping[str, Any]", found)


def _read(path: Path) -> bytes:
    about = path.stat()
    if not stat.S_ISREG(about.st_mode):
        raise FlagFileError((f"{path}: is not a file",))
    if about.st_size > MAX_FILE_BYTES:
        raise FlagFileError((f"{path}: has {about.st_size} bytes, more than {MAX_FILE_BYTES}",))
    return path.read_bytes()


def _write(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_NOFOLLOW", 0), 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
