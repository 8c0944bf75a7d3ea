"""Reads the files that people name on the command line."""

from __future__ import annotations

import sys
from pathlib import Path

from sluiceway.config import parse_process
from sluiceway.config.extends import extends_something
from sluiceway.errors import InvalidInputError

_MAX_BYTES = 500_000


def read_text(path: Path, *, what: str = "process file", most_bytes: int = _MAX_BYTES) -> str:
    """Return a file's text; `-` is stdin. Raises InvalidInputError when it can't be read as UTF-8 text."""
    try:
        if path.name == "-":
            return sys.stdin.read()
        if path.stat().st_size > most_bytes:
            raise InvalidInputError(f"{path} is larger than {most_bytes} bytes; that is no {what}")
        return path.read_text(encoding="utf-8")
    except OSError as failure:
        raise InvalidInputError(f"{path} can't be read ({failure.strerror})") from failure
    except UnicodeDecodeError as failure:
        raise InvalidInputError(f"{path} is {what_bytes_are(failure)}") from failure


def read_process(path: Path) -> str:
    """Return the text of a process file, with all that it extends where it does: it stands by itself then.

    Raises InvalidInputError as `read_text` does, ProcessFileError when something it extends can't be used.
    """
    text = read_text(path)
    return parse_process(text, str(path), path.parent).text if extends_something(text) else text


def what_bytes_are(failure: UnicodeDecodeError) -> str:
    """Return what a file is that is no UTF-8 text, with the remedy where it is known."""
    if failure.object[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        return "not UTF-8 text but UTF-16, it seems; save it as UTF-8"
    return f"not UTF-8 text (byte {failure.start})"
