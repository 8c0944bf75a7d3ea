"""Dates as people say them about releases: in the zone of the process's calendar, shown there and here."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sluiceway.domain.process.durations import parse_duration
from sluiceway.errors import InvalidInputError

_MINUTE = "%Y-%m-%d %H:%M"


def instant(text: str, zone: str, option: str, now: datetime) -> datetime:
    """Return the instant meant by `2026-12-01 10:00` in `zone`, by an ISO date and time, or after a duration.

    A date is its beginning, a duration ends on a full minute. Raises InvalidInputError for anything else, and
    for a time that the clocks of the zone never show, or show twice.
    """
    given = text.strip()
    try:
        found = datetime.fromisoformat(given)
    except ValueError:
        return _later(given, option, now)
    try:
        return (found if found.tzinfo else _in_zone(found, zone, option)).astimezone(UTC)
    except OverflowError as failure:
        raise InvalidInputError(f"{option} is {text!r}; that is beyond the calendar") from failure


def in_zone(at: datetime | None, zone: str) -> str:
    """Return an instant in the process's zone, and in the person's where the clocks differ; "" for none."""
    if at is None:
        return ""
    there, here = at.astimezone(zone_info(zone)), at.astimezone()
    words = f"{there.strftime(_MINUTE)} {zone}"
    return words if there.utcoffset() == here.utcoffset() else f"{words} ({here.strftime(_MINUTE)} here)"


def minute(at: datetime | None) -> str:
    """Return an instant to the minute in the person's own zone; "" for none."""
    return at.astimezone().strftime(_MINUTE) if at else ""


def zone_info(zone: str) -> ZoneInfo:
    """Return a zone by its name. Raises InvalidInputError for one that this machine does not know."""
    try:
        return ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError) as failure:
        raise InvalidInputError(
            f"this machine does not know the time zone {zone!r} of the process's calendar; "
            "give dates with their offset, such as 2026-12-01T10:00+01:00"
        ) from failure


def _later(given: str, option: str, now: datetime) -> datetime:
    try:
        return (now + timedelta(seconds=parse_duration(given))).replace(second=0, microsecond=0)
    except InvalidInputError as failure:
        raise InvalidInputError(
            f"{option} is {given!r}; use a date such as 2026-12-01, one with a time such as "
            "'2026-12-01 10:00', or a duration from now such as '6 weeks'"
        ) from failure


def _in_zone(found: datetime, zone: str, option: str) -> datetime:
    first = found.replace(tzinfo=zone_info(zone))
    second = first.replace(fold=1)
    if first.utcoffset() == second.utcoffset():
        return first
    shown = found.strftime(_MINUTE)
    if first.astimezone(UTC).astimezone(first.tzinfo).replace(tzinfo=None) != found:
        raise InvalidInputError(
            f"{option} is {shown}, which the clocks of {zone} never show: they go forward over it; "
            "take another time"
        )
    offsets = " or ".join(one.isoformat(timespec="minutes") for one in (first, second))
    raise InvalidInputError(
        f"{option} is {shown}, which the clocks of {zone} show twice: they go back over it; say {offsets}"
    )
