"""A team's days: which are working days, and what "5 working days before" comes to.

Public holidays come in as data, date to name, because the domain asks nobody (`holidays_of` gathers them).
When deploying is allowed on a day is the business of `opening`.

Local times follow PEP 495 with `fold=0`: a time that the clocks skip means as much later as they skip (02:30
becomes 03:30), one that occurs twice means the first of the two. Instants are aware UTC.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sluiceway.domain.process.schedule import Calendar, Span, SpanUnit
from sluiceway.errors import InvalidInputError

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_DAY = timedelta(days=1)
_LONGEST_BREAK = 3_700  # days; nobody is off for ten years, so a calendar without working days is a mistake


def zone_of(calendar: Calendar) -> ZoneInfo:
    """Return the calendar's time zone. Raises InvalidInputError when there is none of this name."""
    try:
        return ZoneInfo(calendar.zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise InvalidInputError(
            f'unknown time zone "{calendar.zone}", expected an IANA name such as Europe/Berlin'
        ) from error


def day_of(calendar: Calendar, at: datetime) -> date:
    """Return the team's date at an instant."""
    return at.astimezone(zone_of(calendar)).date()


def instant_of(calendar: Calendar, day: date, at: time = time()) -> datetime:
    """Return the instant of a local time on a day, midnight unless said otherwise; see the module."""
    return datetime.combine(day, at.replace(fold=0), zone_of(calendar)).astimezone(UTC)


def holidays_of(
    calendar: Calendar, years: Iterable[int], of_year: Callable[[str, int], Sequence[tuple[date, str]]]
) -> dict[date, str]:
    """Return the holidays of the calendar's country in these years, empty when it names none.

    `of_year` is a `ports.calendars.Holidays`; what it raises goes through.
    """
    if not calendar.holidays:
        return {}
    return {day: title for year in years for day, title in of_year(calendar.holidays, year)}


def years_around(*instants: datetime) -> range:
    """Return the years that dates counted from these instants may reach: one more on either side."""
    years = [at.year for at in instants]
    return range(min(years) - 1, max(years) + 2)


def holiday_on(calendar: Calendar, holidays: Mapping[date, str], day: date) -> str:
    """Return the name of the holiday or of the team's own day off, "" when the day is neither."""
    own = next((title for off, title in calendar.days_off if off == day), None)
    return own or ("a day off" if own is not None else holidays.get(day, ""))


def why_off(calendar: Calendar, holidays: Mapping[date, str], day: date) -> str:
    """Return why nobody works on this day, e.g. "it is a Saturday"; "" for a working day."""
    holiday = holiday_on(calendar, holidays, day)
    if holiday:
        return f"it is {holiday}"
    return "" if day.weekday() in calendar.weekdays else f"it is a {WEEKDAYS[day.weekday()]}"


def is_working_day(calendar: Calendar, holidays: Mapping[date, str], day: date) -> bool:
    """Return whether it is one of the calendar's weekdays and no holiday or day off."""
    return not why_off(calendar, holidays, day)


def working_day_at_or_before(calendar: Calendar, holidays: Mapping[date, str], day: date) -> date:
    """Return the day itself when it is a working day, else the last one before it."""
    return _nearest(calendar, holidays, day, -_DAY)


def working_day_at_or_after(calendar: Calendar, holidays: Mapping[date, str], day: date) -> date:
    """Return the day itself when it is a working day, else the first one after it."""
    return _nearest(calendar, holidays, day, _DAY)


def add_working_days(calendar: Calendar, holidays: Mapping[date, str], day: date, count: int) -> date:
    """Return the `count`th working day after `day`, before it for a negative count; 0 is the day itself.

    From a working day, adding and taking away the same count comes back to it.
    Raises InvalidInputError when the calendar has no working days.
    """
    step = _DAY if count > 0 else -_DAY
    for _ in range(abs(count)):
        day = _nearest(calendar, holidays, day + step, step)
    return day


def working_days_between(calendar: Calendar, holidays: Mapping[date, str], first: date, until: date) -> int:
    """Return how many working days lie in `first` up to but without `until`; negative when it is earlier."""
    if until < first:
        return -working_days_between(calendar, holidays, until, first)
    days = (first + _DAY * number for number in range((until - first).days))
    return sum(is_working_day(calendar, holidays, day) for day in days)


def before(calendar: Calendar, holidays: Mapping[date, str], at: datetime, span: Span) -> datetime:
    """Return the instant a span before another; see `after`."""
    return _shifted(calendar, holidays, at, span, -1)


def after(calendar: Calendar, holidays: Mapping[date, str], at: datetime, span: Span) -> datetime:
    """Return the instant a span after another.

    Days, working days and weeks keep the local time of day whatever the clocks do; hours are elapsed time,
    and so is what is left of a day in `1.5 weeks`. A part of a working day counts as a whole one.
    """
    return _shifted(calendar, holidays, at, span, 1)


def days_before(calendar: Calendar, holidays: Mapping[date, str], day: date, span: Span) -> date:
    """Return the date a span of days before another; part of a day counts as a whole one.

    Raises InvalidInputError for a span in hours, which has no date without a time of day.
    """
    match span.unit:
        case SpanUnit.WORKING_DAYS:
            return add_working_days(calendar, holidays, day, -math.ceil(span.count))
        case SpanUnit.WEEKS | SpanUnit.DAYS:
            return day - _DAY * math.ceil(calendar_days(span))
        case SpanUnit.HOURS:
            raise InvalidInputError(f"{span.count:g} hours before {show_day(day)} has no date by itself")


def calendar_days(span: Span) -> float:
    """Return how many calendar days a span in days or weeks has."""
    return span.count * (7 if span.unit is SpanUnit.WEEKS else 1)


def show_day(day: date) -> str:
    """Return a date as people read it: "Tuesday 3 March 2026"."""
    return f"{WEEKDAYS[day.weekday()]} {day.day} {MONTHS[day.month - 1]} {day.year}"


def show_instant(calendar: Calendar, at: datetime) -> str:
    """Return an instant in the team's own time: "Tuesday 3 March 2026 at 09:00 (Europe/Berlin)"."""
    local = at.astimezone(zone_of(calendar))
    return f"{show_day(local.date())} at {local:%H:%M} ({calendar.zone})"


def _nearest(calendar: Calendar, holidays: Mapping[date, str], day: date, step: timedelta) -> date:
    for _ in range(_LONGEST_BREAK):
        if is_working_day(calendar, holidays, day):
            return day
        day += step
    raise InvalidInputError(
        f"no working day within ten years of {show_day(day - step * _LONGEST_BREAK)}; "
        "name at least one of the week's days under calendar.weekdays"
    )


def _shifted(
    calendar: Calendar, holidays: Mapping[date, str], at: datetime, span: Span, sign: int
) -> datetime:
    if span.unit is SpanUnit.HOURS:
        return at + sign * timedelta(hours=span.count)
    local = at.astimezone(zone_of(calendar))
    if span.unit is SpanUnit.WORKING_DAYS:
        day = add_working_days(calendar, holidays, local.date(), sign * math.ceil(span.count))
        return instant_of(calendar, day, local.time())
    part, whole = math.modf(calendar_days(span))
    moved = instant_of(calendar, local.date() + sign * int(whole) * _DAY, local.time())
    return moved + sign * part * _DAY
