"""Instants as people write them in flag files: `2026-12-01 08:00 Europe/Berlin`, `2026-12-01T08:00:00Z`."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from sluiceway.domain.flags.schedules import instant_of
from sluiceway.errors import InvalidInputError

_LOCAL = re.compile(
    r"(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?))?(?:\s+([A-Za-z]\S*))?"
)
_EXPECTED = "expected an instant such as 2026-12-01 08:00 Europe/Berlin or 2026-12-01T08:00:00Z"


def parse_instant(text: str, zone: str = "") -> tuple[datetime, str]:
    """Return the instant in UTC and the zone it was written in, "" when it was written with an offset.

    `zone` is that of a time that names none; a day without a time is its first moment. Of a time that comes
    twice, as clocks are put back, the first is meant. Raises InvalidInputError for anything else, for a time
    without a zone, and for one that the clocks skip.
    """
    found = _with_offset(text)
    if found is not None:
        return found, ""
    match = _LOCAL.fullmatch(text.strip())
    if match is None:
        raise InvalidInputError(f'"{text[:60]}" is no instant, {_EXPECTED}')
    name = match[3] or zone
    if not name:
        raise InvalidInputError(f'"{text}" says no time zone, {_EXPECTED}')
    return instant_of(_local(f"{match[1]}T{match[2] or '00:00'}"), name), name


def _with_offset(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text.strip())
        return None if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _local(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise InvalidInputError(f'"{text}" is no day and time, {_EXPECTED}') from error
