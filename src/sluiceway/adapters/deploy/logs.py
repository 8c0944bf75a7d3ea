"""Logs of instances: kept after the end, never larger than a few megabytes.

The process holds its log open for appending, so a log that has grown is copied and then emptied; what is
written in between the two is lost.
"""

from __future__ import annotations

import contextlib
import itertools
import shutil
from pathlib import Path

import structlog

MAX_BYTES = 5_000_000
KEPT = 3  # older logs beside the present one

_TAIL_BYTES = 4_096
_TAIL_LINES = 5

log = structlog.get_logger("sluiceway.deploy")


def rotate(path: Path, max_bytes: int = MAX_BYTES) -> None:
    """Move a log that has grown past `max_bytes` aside, as `.1`, older ones as `.2` and `.3`.

    On a full disk the oldest goes first; if there is still no room the log stays as it is.
    """
    try:
        if path.stat().st_size <= max_bytes:
            return
    except OSError:
        return
    older = [path.with_name(f"{path.name}.{number}") for number in range(1, KEPT + 1)]
    try:
        for newer, oldest in reversed(list(itertools.pairwise(older))):
            if newer.exists():
                newer.replace(oldest)
        shutil.copyfile(path, older[0])
        with path.open("r+b") as file:
            file.truncate(0)
    except OSError as failure:
        with contextlib.suppress(OSError):
            older[0].unlink(missing_ok=True)
        log.warning("a log could not be rotated", file=str(path), error=failure.strerror)


def last_lines(path: Path, count: int = _TAIL_LINES) -> str:
    """Return the last lines of a log on one line, "" when there are none."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - _TAIL_BYTES))
            text = file.read().decode("utf-8", errors="replace")
    except OSError:
        return ""
    return " | ".join([line.strip() for line in text.splitlines() if line.strip()][-count:])
