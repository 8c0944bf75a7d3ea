"""Logs of instances: kept after the end, never larger than a few megabytes.

The process holds its log open for appending, so a log that has grown is copied and then emptied.
"""

from __future__ import annotations

import shutil
from pathlib import Path

MAX_BYTES = 5_000_000
KEPT = 3
_TAIL_BYTES = 4_096


def rotate(log: Path) -> None:
    """Move a log that has grown past `MAX_BYTES` aside; a full disk leaves it as it is."""
    try:
        if log.stat().st_size < MAX_BYTES:
            return
        for number in range(KEPT - 1, 0, -1):
            older = log.with_name(f"{log.name}.{number}")
            if older.exists():
                older.replace(log.with_name(f"{log.name}.{number + 1}"))
        shutil.copyfile(log, log.with_name(f"{log.name}.1"))
        with log.open("r+b") as file:
            file.truncate(0)
    except OSError:
        return


def last_lines(log: Path, count: int = 3) -> str:
    """Return the last lines of a log on one line, "" when there are none."""
    try:
        with log.open("rb") as file:
            file.seek(0, 2)
            file.seek(max(0, file.tell() - _TAIL_BYTES))
            text = file.read().decode("utf-8", errors="replace")
    except OSError:
        return ""
    return " | ".join([line.strip() for line in text.splitlines() if line.strip()][-count:])
