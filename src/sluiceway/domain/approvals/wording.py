"""Words that approvals and releases share: lists of names, instants, what a person said."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime


def listed(names: Sequence[str], last: str = "and") -> str:
    """Return `a`, `a and b`, `a, b and c`."""
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} {last} {names[-1]}"


def instant(at: datetime) -> str:
    """Return an instant as people read it, in UTC."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def quoted(text: str) -> str:
    """Return a person's words in quotes after a colon, "" when they said nothing."""
    return f': "{text}"' if text else ""


def capital(text: str) -> str:
    """Return the sentence with a capital first letter; names further on keep theirs."""
    return text[:1].upper() + text[1:]
