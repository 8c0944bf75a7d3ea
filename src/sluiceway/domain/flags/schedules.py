"""When a flag's window opens and closes: local times of named zones as instants, and what turned when.

Times of people are local: `2026-03-29 02:30` in `Europe/Berlin`. The evaluator asks the window itself; that
its turns are recorded and told to clients is the engine's business. Zones are those of the IANA database.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sluiceway.domain.flags.model import Window
from sluiceway.errors import InvalidInputError


@dataclass(frozen=True, slots=True)
class Turn:
    """A window opened, or closed, at an instant."""

    at: datetime
    opened: bool


def zone_of(name: str) -> ZoneInfo:
    """Return the time zone of an IANA name. Raises InvalidInputError when there is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise InvalidInputError(
            f'unknown time zone "{name[:100]}", expected an IANA name such as Europe/Berlin'
        ) from error


def instant_of(local: datetime, zone: str) -> datetime:
    """Return the instant (UTC) of a local time without offset in a zone.

    A time that the clocks show twice is its first one. Raises InvalidInputError for an unknown zone, and for
    a time that they skip, naming the gap.
    """
    there = zone_of(zone)
    try:
        at = local.replace(tzinfo=there, fold=0).astimezone(UTC)
    except OverflowError as error:
        raise InvalidInputError(f"{local} is outside the years 1 to 9999 as UTC tells them") from error
    if at.astimezone(there).replace(tzinfo=None, fold=0) == local.replace(tzinfo=None, fold=0):
        return at
    # A time in a gap, read with the offsets before and after it, gives the two ends of the jump around it.
    before = local.replace(tzinfo=there, fold=1).astimezone(UTC).astimezone(there)
    after = at.astimezone(there)
    raise InvalidInputError(
        f"{local:%Y-%m-%d %H:%M} does not exist in {zone}: the clocks go forward past it; "
        f"choose another time, such as {before:%H:%M} or {after:%H:%M}"
    )


def show_instant(at: datetime, zone: str) -> str:
    """Return an instant as people of the zone read it, e.g. `2026-03-29 14:00 CEST`."""
    return f"{at.astimezone(zone_of(zone)):%Y-%m-%d %H:%M %Z}"


def is_open(window: Window | None, at: datetime) -> bool:
    """Return whether the flag's window is open at an instant; without one it always is."""
    if window is None:
        return True
    has_begun = window.on_at is None or at >= window.on_at
    return has_begun and (window.off_at is None or at < window.off_at)


def turns_between(window: Window | None, after: datetime, until: datetime) -> tuple[Turn, ...]:
    """Return how the window turned after one instant and up to another, in order."""
    return tuple(turn for turn in _turns(window) if after < turn.at <= until)


def next_turn(window: Window | None, after: datetime) -> Turn | None:
    """Return the window's first turn after an instant, None when it never turns again."""
    return next((turn for turn in _turns(window) if turn.at > after), None)


def _turns(window: Window | None) -> tuple[Turn, ...]:
    if window is None or (window.on_at and window.off_at and window.off_at <= window.on_at):
        return ()
    opens = (Turn(window.on_at, opened=True),) if window.on_at else ()
    closes = (Turn(window.off_at, opened=False),) if window.off_at else ()
    return (*opens, *closes)
