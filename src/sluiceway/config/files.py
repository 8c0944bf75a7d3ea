"""Process files on disk: their text, or why there is none."""

from __future__ import annotations

from pathlib import Path

from sluiceway.config.tree import MAX_CHARS
from sluiceway.errors import ProcessFileError


def read_text(path: Path) -> str:
    """Return a process file's text. Raises ProcessFileError when it can't be read or is not UTF-8."""
    try:
        data = read_bytes(path)
    except OSError as error:
        raise ProcessFileError((f"{path}:1:1: file: {why_unreadable(error)}",)) from error
    return decode(data, str(path))


def read_bytes(path: Path) -> bytes:
    """Return a file's bytes, no more than a process file could have. Raises OSError."""
    with path.open("rb") as file:
        return file.read(4 * MAX_CHARS + 1)


def why_unreadable(error: OSError) -> str:
    """Return in words why a file could not be read, with the way out."""
    if isinstance(error, FileNotFoundError):
        return 'does not exist, expected a process file; "sluice init" writes one'
    if isinstance(error, IsADirectoryError):
        return "is a directory, expected a process file"
    return f"can't be read ({error.strerror or error}), expected a process file"


def decode(data: bytes, name: str) -> str:
    """Return the text of a file called `name`. Raises ProcessFileError when it is not UTF-8."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start]
        line, column = before.count(b"\n") + 1, error.start - (before.rfind(b"\n") + 1) + 1
        message = f"found the byte 0x{data[error.start]:02X}, expected text in UTF-8"
        raise ProcessFileError((f"{name}:{line}:{column}: file: {message}",)) from error
