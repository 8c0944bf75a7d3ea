"""When things happen in a release: milestones before the target date, working days, freezes, windows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, time
from enum import StrEnum


class SpanUnit(StrEnum):
    HOURS = "hours"
    DAYS = "days"  # calendar days
    WORKING_DAYS = "working-days"
    WEEKS = "weeks"


@dataclass(frozen=True, slots=True)
class Span:
    """A length of time that people count in days: `2 weeks`, `5 working days`. Never negative."""

    count: float
    unit: SpanUnit


@dataclass(frozen=True, slots=True)
class Milestone:
    """A dated piece of the road. It starts `before` the target date T, or when all of `after` have ended.

    `before` None with `after` empty is the target date itself. `lasts` of None is a point in time. With
    both `before` and `after` the dates come from `before` and a conflict with `after` is reported.
    """

    id: str
    title: str
    owner: str = ""  # role id
    before: Span | None = None
    lasts: Span | None = None
    after: tuple[str, ...] = ()
    criteria: tuple[str, ...] = ()
    section: str = ""
    phase: str = ""  # the phase that begins with it


@dataclass(frozen=True, slots=True)
class Timeline:
    """Milestones of one type of release, in the order people read them."""

    id: str
    title: str
    milestones: tuple[Milestone, ...]


@dataclass(frozen=True, slots=True)
class Freeze:
    """Days, first to last, on which nothing is deployed. `yearly` repeats it every year."""

    id: str
    title: str
    first: date
    last: date
    yearly: bool = False


@dataclass(frozen=True, slots=True)
class Window:
    """When deploying is allowed on these weekdays (0 is Monday), from `opens` to `closes` local time."""

    weekdays: tuple[int, ...]
    opens: time
    closes: time


@dataclass(frozen=True, slots=True)
class Calendar:
    """A team's days. `holidays` names a country or a country and region: "DE", "US-CA"; empty for none."""

    zone: str = "UTC"  # IANA name
    weekdays: tuple[int, ...] = (0, 1, 2, 3, 4)
    holidays: str = ""
    days_off: tuple[tuple[date, str], ...] = ()
    freezes: tuple[Freeze, ...] = ()
    windows: tuple[Window, ...] = ()
