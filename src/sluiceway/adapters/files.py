"""Files that are whole or not there: written beside, flushed to disk, then renamed into place."""

from __future__ import annotations

import contextlib
import errno
import os
import threading
from pathlib import Path

from sluiceway.errors import PermanentProviderError, TemporaryProviderError

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EIO})


def write_atomically(path: Path, text: str) -> None:
    """Replace the file's content; a reader (or a crash) sees the old text or the new one, nothing between.

    Raises TemporaryProviderError when the disk is full (the old content stays), PermanentProviderError when
    the folder can't be written.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with beside.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError as failure:
        with contextlib.suppress(OSError):
            beside.unlink()
        if failure.errno in _FULL:
            raise TemporaryProviderError(
                f"can't write {path}: {failure.strerror}; the old file stays in force; make room"
            ) from failure
        raise PermanentProviderError(
            f"can't write {path}: {failure.strerror}; check the folder's owner and rights"
        ) from failure
