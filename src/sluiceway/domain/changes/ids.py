"""The ids of change requests: `CR-2026-001`, counted anew each year."""

from __future__ import annotations

import re

from sluiceway.domain.changes.model import ChangeId
from sluiceway.errors import InvalidInputError

_ID = re.compile(r"CR-(\d{4})-(\d{3}|[1-9]\d{3,8})")


def series(year: int) -> str:
    """Return the series that the year's numbers are taken from."""
    return f"CR-{year:04}"


def change_id(year: int, number: int) -> ChangeId:
    """Return the id of the year's `number`th change request; three digits, more from 1000 on.

    Raises InvalidInputError for a number under 1.
    """
    if number < 1:
        raise InvalidInputError(f"change request number {number} of {year}: numbers begin at 1")
    return ChangeId(f"{series(year)}-{number:03}")


def parse_change_id(text: str) -> tuple[int, int]:
    """Return year and number. Raises InvalidInputError for anything else; small letters are taken too."""
    match = _ID.fullmatch(text.strip().upper())
    if match is None or int(match[2]) == 0:
        raise InvalidInputError(f'"{text[:40]}" is not a change request, expected an id such as CR-2026-001')
    return int(match[1]), int(match[2])
