"""When deploying is allowed: outside every freeze and, where a process names windows, inside one of them.

A window does not open on a holiday or a day off, whatever its weekdays say; without windows only freezes
close the calendar. A recorded permission to act all the same is the business of `domain.releases`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta

from sluiceway.domain.calendars.days import (
    MONTHS,
    WEEKDAYS,
    day_of,
    holiday_on,
    instant_of,
    show_day,
    show_instant,
)
from sluiceway.domain.process.schedule import Calendar, Freeze, Window

_DAY = timedelta(days=1)
_LOOK_AHEAD_DAYS = 800  # past two year-end freezes
_LEAP_YEARS_APART = 8  # at most: 1896 to 1904


def closed(calendar: Calendar, holidays: Mapping[date, str], at: datetime) -> str | None:
    """Return why nothing may be deployed at an instant and when that ends; None when it may."""
    reason = _why_closed(calendar, holidays, at)
    if reason is None:
        return None
    opens_at = opens_next(calendar, holidays, at)
    until = "not within two years" if opens_at is None else f"on {show_instant(calendar, opens_at)}"
    return f"{reason}; it opens again {until}"


def closed_during(
    calendar: Calendar, holidays: Mapping[date, str], first: datetime, until: datetime
) -> str | None:
    """Return why something that lasts from `first` to `until` can't be deployed then; None when it can.

    The whole of it must lie outside freezes and, where there are windows, in one that stays open.
    """
    reason = closed(calendar, holidays, first)
    if reason is not None or until <= first:
        return reason
    frozen = _first_freeze(calendar, first, until)
    if frozen is not None:
        return f"it reaches into the freeze {_named(frozen[0], *frozen[1])}"
    closes_at = _open_until(calendar, holidays, first)
    if closes_at is not None and until > closes_at:
        return (
            f"it lasts longer than the deployment window, which closes on {show_instant(calendar, closes_at)}"
        )
    return None


def opens_next(calendar: Calendar, holidays: Mapping[date, str], at: datetime) -> datetime | None:
    """Return the first instant from `at` on at which deploying is allowed, None without one in two years."""
    first = day_of(calendar, at)
    for day in (first + _DAY * number for number in range(_LOOK_AHEAD_DAYS)):
        for opens_at, closes_at in _open_hours(calendar, holidays, day):
            if at < closes_at:
                return max(at, opens_at)
    return None


def freeze_on(calendar: Calendar, day: date) -> tuple[Freeze, tuple[date, date]] | None:
    """Return the freeze that a day lies in, with its first and last day this time; None when it lies in none.

    Of several the one that ends last.
    """
    found = [(freeze, days) for freeze in calendar.freezes if (days := frozen_days(freeze, day)) is not None]
    return max(found, key=lambda pair: pair[1][1], default=None)


def frozen_days(freeze: Freeze, day: date) -> tuple[date, date] | None:
    """Return the first and the last day of a freeze that holds on `day`, None when it does not.

    A yearly freeze holds in every year, earlier ones too. In a year without 29 February one that begins on
    that day begins on 1 March, and one that ends on it ends on 28 February.
    """
    return next((days for days in _times(freeze, day.year, day.year) if days[0] <= day <= days[1]), None)


def show_window(window: Window) -> str:
    """Return a window as people read it: "Monday, Tuesday 09:00 to 16:00"."""
    days = ", ".join(WEEKDAYS[weekday] for weekday in sorted(window.weekdays))
    return f"{days} {window.opens:%H:%M} to {window.closes:%H:%M}"


def _why_closed(calendar: Calendar, holidays: Mapping[date, str], at: datetime) -> str | None:
    day = day_of(calendar, at)
    frozen = freeze_on(calendar, day)
    if frozen is not None:
        return f"{show_day(day)} is in the freeze {_named(frozen[0], *frozen[1])}"
    if any(opens_at <= at < closes_at for opens_at, closes_at in _open_hours(calendar, holidays, day)):
        return None
    holiday = holiday_on(calendar, holidays, day)
    if holiday:
        return f"{show_day(day)} is {holiday}, and no deployment window opens on a day off"
    windows = "; ".join(show_window(window) for window in calendar.windows)
    return f"{show_instant(calendar, at)} is outside the deployment windows: {windows}"


def _open_hours(
    calendar: Calendar, holidays: Mapping[date, str], day: date
) -> Iterator[tuple[datetime, datetime]]:
    """Yield when deploying may begin and must have ended on a day, earliest first."""
    if freeze_on(calendar, day) is not None:
        return
    if not calendar.windows:
        yield instant_of(calendar, day), instant_of(calendar, day + _DAY)
    elif not holiday_on(calendar, holidays, day):
        hours = sorted(
            (window.opens, window.closes) for window in calendar.windows if day.weekday() in window.weekdays
        )
        for opens, closes in hours:
            yield instant_of(calendar, day, opens), instant_of(calendar, day, closes)


def _open_until(calendar: Calendar, holidays: Mapping[date, str], at: datetime) -> datetime | None:
    """Return when what is open now closes, windows that touch taken as one; None without windows."""
    if not calendar.windows:
        return None
    until = at
    for opens_at, closes_at in _open_hours(calendar, holidays, day_of(calendar, at)):
        if opens_at <= until:
            until = max(until, closes_at)
    return until


def _first_freeze(
    calendar: Calendar, first: datetime, until: datetime
) -> tuple[Freeze, tuple[date, date]] | None:
    """Return the freeze that something from `first` to `until` reaches first."""
    day, last = day_of(calendar, first), day_of(calendar, until - timedelta(microseconds=1))
    found = [
        (freeze, days)
        for freeze in calendar.freezes
        for days in _times(freeze, day.year, min(last.year, day.year + _LEAP_YEARS_APART))
        if days[0] <= last and days[1] >= day
    ]
    return min(found, key=lambda pair: pair[1][0], default=None)


def _times(freeze: Freeze, first_year: int, last_year: int) -> Iterator[tuple[date, date]]:
    """Yield the first and last day of a freeze each time that it may touch these years."""
    if not freeze.yearly:
        yield freeze.first, freeze.last
        return
    length_years = freeze.last.year - freeze.first.year
    for year in range(first_year - length_years, last_year + 1):
        first = _in_year(freeze.first, year, or_else=(3, 1))
        last = _in_year(freeze.last, year + length_years, or_else=(2, 28))
        if first <= last:
            yield first, last


def _in_year(day: date, year: int, *, or_else: tuple[int, int]) -> date:
    moves = (day.month, day.day) == (2, 29) and not _is_leap(year)
    month, number = or_else if moves else (day.month, day.day)
    return date(year, month, number)


def _is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def _named(freeze: Freeze, first: date, last: date) -> str:
    def words(day: date) -> str:
        return f"{day.day} {MONTHS[day.month - 1]} {day.year}"

    days = words(first) if first == last else f"{words(first)} to {words(last)}"
    return f"{freeze.title} ({days})"
