"""What a program printed: the end of it, kept in bounded memory and made safe to show.

Bytes that are no UTF-8 and control characters are written out (`\\xff`, `\\x1b`), colours are dropped.
"""

from __future__ import annotations

import re
from typing import Final

KEPT_BYTES: Final = 65_536

_COLOUR = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_LONGEST_CHARACTER = 4  # bytes


class Tail:
    """Takes in what is printed and keeps the last `KEPT_BYTES`."""

    def __init__(self) -> None:
        self._kept = bytearray()
        self._total = 0

    def add(self, chunk: bytes) -> None:
        self._total += len(chunk)
        self._kept += chunk
        if len(self._kept) > 2 * KEPT_BYTES:  # not at every chunk: moving the rest costs time
            del self._kept[:-KEPT_BYTES]

    def text(self) -> str:
        """Return the end of it, about `KEPT_BYTES` long at most; when more was printed, a line says so."""
        kept = bytes(self._kept[-KEPT_BYTES:])
        if self._total > len(kept):
            kept = _from_character(kept)
            head = f"[printed {self._total:,} bytes; the last {KEPT_BYTES:,} are kept]\n"
            return head + safe_text(kept)[-KEPT_BYTES:]
        return safe_text(kept)[-KEPT_BYTES:]


def safe_text(raw: bytes) -> str:
    """Return bytes as text that does nothing to the terminal or page it is shown on."""
    text = raw.decode("utf-8", "backslashreplace").replace("\r\n", "\n").replace("\r", "\n")
    return _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", _COLOUR.sub("", text))


def _from_character(raw: bytes) -> bytes:
    """Return the bytes from the first whole character on: the cut may have gone through one."""
    for skipped in range(min(_LONGEST_CHARACTER, len(raw))):
        if raw[skipped] & 0b1100_0000 != 0b1000_0000:
            return raw[skipped:]
    return raw
