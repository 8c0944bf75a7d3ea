"""What people may write into a field: how much, and no characters that a reader can't see.

Markup is kept as it is, and shown as text. Control characters could move a terminal's cursor, and those that
turn the direction of writing make a line read differently from what it says.
"""

from __future__ import annotations

import unicodedata

from sluiceway.errors import InvalidInputError

MAX_LINE_CHARS = 200
MAX_PROSE_CHARS = 5_000

_TURNS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_HIDDEN = frozenset({"Cc", "Cs"})  # control characters; halves of characters, which can't be stored
_BREAKS = frozenset("\n\t\r")


def line(text: str, what: str, most: int = MAX_LINE_CHARS) -> str:
    """Return a text of one line without blanks around it.

    Raises InvalidInputError naming `what` when it is too long or holds what can't be seen.
    """
    return _checked(text, what, most, frozenset())


def prose(text: str, what: str, most: int = MAX_PROSE_CHARS) -> str:
    """Return a text of any number of lines without blanks around it. Raises InvalidInputError as `line`."""
    return _checked(text, what, most, _BREAKS)


def _checked(text: str, what: str, most: int, allowed: frozenset[str]) -> str:
    text = text.strip()
    if len(text) > most:
        raise InvalidInputError(f"{what} has {len(text)} characters; use at most {most} and link to the rest")
    for place, char in enumerate(text):
        if char in _TURNS or (unicodedata.category(char) in _HIDDEN and char not in allowed):
            name = unicodedata.name(char, f"U+{ord(char):04X}").lower()
            raise InvalidInputError(
                f"{what} holds a character that can't be seen, the {place + 1}. ({name}); take it out"
            )
    return text
