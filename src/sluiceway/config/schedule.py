"""When things happen in a release: the `timelines` and `calendar` sections, and where versions run."""

from __future__ import annotations

from datetime import date
from functools import cache
from zoneinfo import available_timezones

from sluiceway.config import values
from sluiceway.config.plain import (
    DAY,
    ITS_ID,
    ITS_TITLE,
    SPAN,
    TEXT,
    TEXTS,
    TIME,
    TRUTH,
    WEEKDAYS,
    several,
    word,
)
from sluiceway.config.records import Part, Reader, Record, Scope, cycle_in, listed, named, part
from sluiceway.config.sections import Fields
from sluiceway.config.tree import Value, nearest
from sluiceway.domain.process.environments import Entry, Environment
from sluiceway.domain.process.schedule import Calendar, Freeze, Milestone, Timeline, Window

_YEAR_DAYS = 365

MILESTONE = Record(
    "milestone",
    "A dated piece of the road",
    Milestone,
    (
        ITS_ID,
        ITS_TITLE,
        part("owner", named("role"), "the role that looks after it"),
        part("before", SPAN, "how long before the target date it begins"),
        part("lasts", SPAN, "how long it takes; a point in time when absent"),
        part("after", several("milestone"), "milestones that must have ended"),
        part("criteria", TEXTS, "when it counts as reached"),
        part("section", TEXT, "the part of the plan it stands in"),
        part("phase", named("phase"), "the phase that begins with it"),
    ),
)


def _check_timeline(fields: Fields, timeline: Timeline, _scope: Scope) -> None:
    cycle = cycle_in({milestone.id: milestone.after for milestone in timeline.milestones})
    if cycle:
        fields.at("milestones").problem(f"milestones wait for each other (after): {' -> '.join(cycle)}")


TIMELINE = Record(
    "timeline",
    "The milestones before a target date",
    Timeline,
    (
        ITS_ID,
        ITS_TITLE,
        part("milestones", listed(MILESTONE, least=1), "in the order people read them", is_required=True),
    ),
    declares=(("milestone", "milestones"),),
    check=_check_timeline,
)


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def _read_zone(value: Value, _scope: Scope) -> str | None:
    found = values.text(value, what="a time zone such as Europe/Berlin")
    if found is not None and found not in _zones():
        near = nearest(found, _zones())
        value.problem(f'unknown time zone "{found}", expected one such as Europe/Berlin{near}')
        return None
    return found


def _read_country(value: Value, _scope: Scope) -> str | None:
    from holidays import list_supported_countries

    found = values.text(value, what="a country such as DE, or a region such as US-CA")
    if found is None:
        return None
    countries = list_supported_countries()
    country, _, region = found.partition("-")
    if country not in countries:
        near = nearest(country.upper(), countries)
        value.problem(f'no holidays are known of "{country}", expected a country such as DE or US-CA{near}')
        return None
    if region and region not in countries[country]:
        regions = ", ".join(countries[country]) or "no regions"
        value.problem(f'no holidays are known of "{region}" in {country}, which has {regions}')
        return None
    return found


def _check_freeze(fields: Fields, freeze: Freeze, _scope: Scope) -> None:
    if freeze.last < freeze.first:
        fields.at("last").problem(f"{freeze.last} is before {freeze.first}, expected a day on or after it")
    elif freeze.yearly and (freeze.last - freeze.first).days + 1 >= _YEAR_DAYS:
        fields.at("last").problem("closes every day of every year, expected less than a year")


def _check_window(fields: Fields, window: Window, _scope: Scope) -> None:
    if window.closes <= window.opens:
        found, expected = f"{window.closes:%H:%M}", f"{window.opens:%H:%M}"
        fields.at("closes").problem(f"{found} is not after {expected}, expected a later time of the same day")


def _day_off(day: date, title: str = "") -> tuple[date, str]:
    return day, title


DAY_OFF = Record(
    "day_off",
    "A day on which nobody works",
    _day_off,
    (
        part("day", DAY, "the day", is_required=True),
        part("title", TEXT, "why"),
    ),
)
FREEZE = Record(
    "freeze",
    "Days on which nothing is deployed",
    Freeze,
    (
        ITS_ID,
        part("title", TEXT, "why"),
        part("first", DAY, "the first day of it", is_required=True),
        part("last", DAY, "the last day of it", is_required=True),
        part("yearly", TRUTH, "true: every year again"),
    ),
    check=_check_freeze,
)
WINDOW = Record(
    "window",
    "When deploying is allowed",
    Window,
    (
        part("weekdays", WEEKDAYS, "on these weekdays", is_required=True),
        part("opens", TIME, "from this time of day", is_required=True),
        part("closes", TIME, "to this time of day", is_required=True),
    ),
    check=_check_window,
)
CALENDAR = Record(
    "calendar",
    "A team's days",
    Calendar,
    (
        part(
            "zone",
            Reader({"type": "string", "examples": ["Europe/Berlin"]}, _read_zone),
            "the time zone of its days and hours",
        ),
        part("weekdays", WEEKDAYS, "the days on which people work"),
        part(
            "holidays",
            Reader({"type": "string", "examples": ["DE", "US-CA"]}, _read_country),
            "the country, and region, whose public holidays are days off",
        ),
        part("days_off", listed(DAY_OFF), "further days off"),
        part("freezes", listed(FREEZE), "days on which nothing is deployed"),
        part("windows", listed(WINDOW), "when deploying is allowed; at any time when absent"),
    ),
)
ENVIRONMENT = Record(
    "environment",
    "Where versions run on their way to users",
    Environment,
    (
        ITS_ID,
        ITS_TITLE,
        part("entry", word(Entry), "what lets a version in", is_required=True),
        part("after", named("environment"), "the environment a version comes from"),
        part("purpose", TEXT, "what it is for"),
        part("audience", TEXT, "who uses it"),
        part("data", TEXT, "what data it holds"),
        part("integrations", TEXT, "what it is connected to"),
    ),
)


def _read_environments(value: Value, scope: Scope) -> tuple[Environment, ...] | None:
    found = _ENVIRONMENTS.read(value, scope)
    cycle = cycle_in({one.id: (one.after,) for one in found or () if one.after})
    if cycle:
        value.problem(f"environments come after each other: {' -> '.join(cycle)}")
        return None
    return found


_ENVIRONMENTS = listed(ENVIRONMENT)
PARTS: tuple[Part, ...] = (
    part("timelines", listed(TIMELINE), "milestones before a target date"),
    part("calendar", CALENDAR.reader, "working days, freezes and windows"),
    part(
        "environments",
        Reader(_ENVIRONMENTS.schema, _read_environments),
        "where versions run on their way to users",
    ),
)
RECORDS = (MILESTONE, TIMELINE, DAY_OFF, FREEZE, WINDOW, CALENDAR, ENVIRONMENT)
