"""Freezes, yearly ones and leap days too, and deployment windows: when deploying is allowed."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluiceway.domain.calendars.opening import (
    closed,
    closed_during,
    freeze_on,
    frozen_days,
    opens_next,
    show_window,
)
from sluiceway.domain.process.schedule import Calendar, Freeze, Window

YEAR_END = Freeze("year-end", "Year end", date(2026, 12, 20), date(2027, 1, 3), yearly=True)
OFFICE = Window((0, 1, 2, 3), time(9), time(16))
CALENDAR = Calendar(zone="Europe/Berlin", freezes=(YEAR_END,), windows=(OFFICE,))
HOLIDAYS = {date(2026, 5, 14): "Ascension Day"}


def at(text: str) -> datetime:
    """Return an instant given in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_inside_a_window_nothing_is_closed() -> None:
    assert closed(CALENDAR, HOLIDAYS, at("2026-06-15T07:00")) is None
    assert closed(CALENDAR, HOLIDAYS, at("2026-06-15T13:59")) is None


def test_outside_the_windows_it_says_when_the_next_one_opens() -> None:
    assert closed(CALENDAR, HOLIDAYS, at("2026-06-18T14:00")) == (
        "Thursday 18 June 2026 at 16:00 (Europe/Berlin) is outside the deployment windows: "
        "Monday, Tuesday, Wednesday, Thursday 09:00 to 16:00; "
        "it opens again on Monday 22 June 2026 at 09:00 (Europe/Berlin)"
    )


def test_a_freeze_closes_also_inside_a_window_and_names_its_days() -> None:
    assert closed(CALENDAR, HOLIDAYS, at("2026-12-21T10:00")) == (
        "Monday 21 December 2026 is in the freeze Year end (20 December 2026 to 3 January 2027); "
        "it opens again on Monday 4 January 2027 at 09:00 (Europe/Berlin)"
    )


def test_a_window_does_not_open_on_a_holiday() -> None:
    assert closed(CALENDAR, HOLIDAYS, at("2026-05-14T08:00")) == (
        "Thursday 14 May 2026 is Ascension Day, and no deployment window opens on a day off; "
        "it opens again on Monday 18 May 2026 at 09:00 (Europe/Berlin)"
    )


def test_without_windows_only_freezes_close() -> None:
    calendar = Calendar(freezes=(YEAR_END,))

    assert closed(calendar, HOLIDAYS, at("2026-05-16T03:00")) is None
    assert closed(calendar, {}, at("2027-01-03T23:59")) == (
        "Sunday 3 January 2027 is in the freeze Year end (20 December 2026 to 3 January 2027); "
        "it opens again on Monday 4 January 2027 at 00:00 (UTC)"
    )


def test_a_freeze_ends_at_the_teams_own_midnight() -> None:
    calendar = Calendar(zone="Asia/Tokyo", freezes=(YEAR_END,))

    assert closed(calendar, {}, at("2027-01-03T14:59")) is not None
    assert closed(calendar, {}, at("2027-01-03T15:00")) is None


def test_a_calendar_that_never_opens_says_so() -> None:
    always = Freeze("all", "All year", date(2026, 1, 1), date(2026, 12, 31), yearly=True)
    calendar = Calendar(freezes=(always,))

    assert opens_next(calendar, {}, at("2026-06-15T12:00")) is None
    assert closed(calendar, {}, at("2026-06-15T12:00")) == (
        "Monday 15 June 2026 is in the freeze All year (1 January 2026 to 31 December 2026); "
        "it opens again not within two years"
    )


@pytest.mark.parametrize("year", [2024, 2025, 2026, 2030])
def test_a_yearly_freeze_over_new_year_holds_on_both_sides_every_year(year: int) -> None:
    expected = (date(year, 12, 20), date(year + 1, 1, 3))

    assert frozen_days(YEAR_END, date(year, 12, 20)) == expected
    assert frozen_days(YEAR_END, date(year + 1, 1, 3)) == expected
    assert frozen_days(YEAR_END, date(year + 1, 1, 4)) is None
    assert frozen_days(YEAR_END, date(year, 12, 19)) is None


def test_a_freeze_that_is_not_yearly_holds_once() -> None:
    once = Freeze("audit", "Audit", date(2026, 3, 2), date(2026, 3, 6))

    assert frozen_days(once, date(2026, 3, 6)) == (date(2026, 3, 2), date(2026, 3, 6))
    assert frozen_days(once, date(2027, 3, 3)) is None


def test_a_yearly_freeze_that_begins_on_29_february_begins_on_1_march_in_other_years() -> None:
    freeze = Freeze("leap", "Leap", date(2028, 2, 29), date(2028, 3, 5), yearly=True)

    assert frozen_days(freeze, date(2027, 2, 28)) is None
    assert frozen_days(freeze, date(2027, 3, 1)) == (date(2027, 3, 1), date(2027, 3, 5))
    assert frozen_days(freeze, date(2032, 2, 29)) == (date(2032, 2, 29), date(2032, 3, 5))


def test_a_yearly_freeze_that_ends_on_29_february_ends_on_28_february_in_other_years() -> None:
    freeze = Freeze("leap", "Leap", date(2028, 2, 20), date(2028, 2, 29), yearly=True)

    assert frozen_days(freeze, date(2027, 2, 28)) == (date(2027, 2, 20), date(2027, 2, 28))
    assert frozen_days(freeze, date(2027, 3, 1)) is None


def test_a_yearly_freeze_of_29_february_alone_exists_in_leap_years_only() -> None:
    freeze = Freeze("leap", "Leap day", date(2028, 2, 29), date(2028, 2, 29), yearly=True)

    assert frozen_days(freeze, date(2032, 2, 29)) == (date(2032, 2, 29), date(2032, 2, 29))
    assert frozen_days(freeze, date(2027, 2, 28)) is None
    assert frozen_days(freeze, date(2027, 3, 1)) is None


def test_of_two_freezes_the_one_that_ends_last_is_named() -> None:
    long = Freeze("audit", "Audit", date(2026, 12, 1), date(2027, 1, 20))
    found = freeze_on(Calendar(freezes=(YEAR_END, long)), date(2026, 12, 24))

    assert found is not None
    assert found[0].title == "Audit"


@given(day=st.dates(date(2020, 1, 1), date(2040, 12, 31)))
def test_a_day_is_frozen_exactly_when_it_lies_in_the_days_of_its_freeze(day: date) -> None:
    days = frozen_days(YEAR_END, day)

    assert (days is not None) == ((day.month, day.day) >= (12, 20) or (day.month, day.day) <= (1, 3))


@given(hours=st.integers(0, 2 * 365 * 24), minutes=st.integers(0, 59))
def test_where_it_opens_next_it_is_open_and_never_before_then(hours: int, minutes: int) -> None:
    instant = at("2026-01-01T00:00") + timedelta(hours=hours, minutes=minutes)
    opens_at = opens_next(CALENDAR, HOLIDAYS, instant)

    assert opens_at is not None
    assert closed(CALENDAR, HOLIDAYS, opens_at) is None
    assert (opens_at == instant) == (closed(CALENDAR, HOLIDAYS, instant) is None)
    if opens_at > instant:
        assert closed(CALENDAR, HOLIDAYS, opens_at - timedelta(microseconds=1)) is not None


def test_what_lasts_must_end_before_its_window_closes() -> None:
    begins = at("2026-06-15T12:00")

    assert closed_during(CALENDAR, {}, begins, at("2026-06-15T14:00")) is None
    assert closed_during(CALENDAR, {}, begins, at("2026-06-15T15:00")) == (
        "it lasts longer than the deployment window, which closes on Monday 15 June 2026 at 16:00 "
        "(Europe/Berlin)"
    )


def test_windows_that_touch_count_as_one() -> None:
    calendar = Calendar(windows=(Window((0,), time(8), time(12)), Window((0,), time(12), time(18))))

    assert closed_during(calendar, {}, at("2026-06-15T11:00"), at("2026-06-15T17:00")) is None


def test_what_lasts_must_not_reach_into_a_freeze() -> None:
    calendar = Calendar(freezes=(YEAR_END,))
    friday = at("2026-12-18T12:00")

    assert closed_during(calendar, {}, friday, at("2026-12-20T00:00")) is None
    assert closed_during(calendar, {}, friday, at("2026-12-20T00:01")) == (
        "it reaches into the freeze Year end (20 December 2026 to 3 January 2027)"
    )


def test_a_stretch_of_centuries_is_answered_at_once() -> None:
    leap = Freeze("leap", "Leap day", date(2028, 2, 29), date(2028, 2, 29), yearly=True)
    reason = closed_during(Calendar(freezes=(leap,)), {}, at("2026-06-01T00:00"), at("9000-01-01T00:00"))

    assert reason == "it reaches into the freeze Leap day (29 February 2028)"


def test_a_window_in_the_hour_that_the_clocks_skip_opens_an_hour_later() -> None:
    calendar = Calendar(zone="Europe/Berlin", windows=(Window((6,), time(2, 15), time(2, 45)),))

    assert opens_next(calendar, {}, at("2026-03-28T12:00")) == at("2026-03-29T01:15")
    assert closed(calendar, {}, at("2026-03-29T01:30")) is None


def test_a_window_in_the_hour_that_occurs_twice_opens_the_first_time() -> None:
    calendar = Calendar(zone="Europe/Berlin", windows=(Window((6,), time(2, 15), time(2, 45)),))

    assert closed(calendar, {}, at("2026-10-25T00:30")) is None
    assert closed(calendar, {}, at("2026-10-25T01:30")) is not None


def test_a_window_reads_as_people_write_it() -> None:
    assert show_window(Window((1, 0), time(9), time(16, 30))) == "Monday, Tuesday 09:00 to 16:30"
