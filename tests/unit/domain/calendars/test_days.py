"""Working days, spans counted in them, and local times on the days when clocks change."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluiceway.domain.calendars.days import (
    add_working_days,
    after,
    before,
    day_of,
    days_before,
    holiday_on,
    holidays_of,
    instant_of,
    show_day,
    show_instant,
    why_off,
    working_day_at_or_after,
    working_day_at_or_before,
    working_days_between,
    years_around,
)
from sluiceway.domain.process.schedule import Calendar, Span, SpanUnit
from sluiceway.errors import InvalidInputError

BERLIN = Calendar(zone="Europe/Berlin", holidays="DE", days_off=((date(2026, 12, 24), "Christmas Eve"),))
HOLIDAYS = {
    date(2026, 4, 3): "Good Friday",
    date(2026, 4, 6): "Easter Monday",
    date(2026, 12, 25): "Christmas Day",
}
DAYS = st.dates(date(2025, 1, 1), date(2028, 12, 31))
INSTANTS = st.datetimes(
    datetime.fromisoformat("2025-01-01"),
    datetime.fromisoformat("2028-12-31"),
    timezones=st.just(UTC),
)


@pytest.mark.parametrize(
    ("day", "reason"),
    [
        (date(2026, 4, 2), ""),
        (date(2026, 4, 3), "it is Good Friday"),
        (date(2026, 4, 4), "it is a Saturday"),
        (date(2026, 12, 24), "it is Christmas Eve"),
    ],
)
def test_a_day_off_says_why(day: date, reason: str) -> None:
    assert why_off(BERLIN, HOLIDAYS, day) == reason


def test_a_day_off_without_a_name_is_still_one() -> None:
    assert holiday_on(Calendar(days_off=((date(2026, 5, 4), ""),)), {}, date(2026, 5, 4)) == "a day off"


def test_easter_is_stepped_over_in_both_directions() -> None:
    thursday, tuesday = date(2026, 4, 2), date(2026, 4, 7)

    assert add_working_days(BERLIN, HOLIDAYS, thursday, 1) == tuesday
    assert add_working_days(BERLIN, HOLIDAYS, tuesday, -1) == thursday
    assert working_day_at_or_before(BERLIN, HOLIDAYS, date(2026, 4, 6)) == thursday
    assert working_day_at_or_after(BERLIN, HOLIDAYS, date(2026, 4, 3)) == tuesday
    assert working_days_between(BERLIN, HOLIDAYS, thursday, date(2026, 4, 8)) == 2


@given(day=DAYS, count=st.integers(0, 60))
def test_working_days_back_and_forth_come_to_the_same_day(day: date, count: int) -> None:
    start = working_day_at_or_after(BERLIN, HOLIDAYS, day)

    there = add_working_days(BERLIN, HOLIDAYS, start, count)

    assert add_working_days(BERLIN, HOLIDAYS, there, -count) == start
    assert working_days_between(BERLIN, HOLIDAYS, start, there) == count
    assert working_days_between(BERLIN, HOLIDAYS, there, start) == -count


@given(
    at=INSTANTS,
    count=st.integers(0, 30),
    unit=st.sampled_from([SpanUnit.HOURS, SpanUnit.DAYS, SpanUnit.WEEKS]),
)
def test_a_span_back_and_forth_comes_to_the_same_instant(at: datetime, count: int, unit: SpanUnit) -> None:
    utc, span = Calendar(), Span(count, unit)

    assert after(utc, {}, before(utc, {}, at, span), span) == at


@given(at=INSTANTS, count=st.integers(0, 30))
def test_days_across_a_change_of_clocks_come_back_within_the_hour_that_the_clocks_moved(
    at: datetime, count: int
) -> None:
    span = Span(count, SpanUnit.DAYS)

    back = after(BERLIN, {}, before(BERLIN, {}, at, span), span)

    assert abs(back - at) in {timedelta(0), timedelta(hours=1)}


def test_days_keep_the_local_time_and_hours_the_elapsed_time_when_clocks_change() -> None:
    monday = datetime(2026, 3, 30, 7, 0, tzinfo=UTC)  # 09:00 in Berlin, a day after the clocks went forward

    assert before(BERLIN, {}, monday, Span(2, SpanUnit.DAYS)) == datetime(2026, 3, 28, 8, 0, tzinfo=UTC)
    assert before(BERLIN, {}, monday, Span(48, SpanUnit.HOURS)) == datetime(2026, 3, 28, 7, 0, tzinfo=UTC)


def test_half_a_week_is_three_days_and_twelve_hours_and_half_a_working_day_a_whole_one() -> None:
    monday = datetime(2026, 6, 15, 12, 0, tzinfo=UTC)

    assert after(Calendar(), {}, monday, Span(0.5, SpanUnit.WEEKS)) == monday + timedelta(days=3, hours=12)
    assert after(Calendar(), {}, monday, Span(0.5, SpanUnit.WORKING_DAYS)) == monday + timedelta(days=1)


def test_a_local_time_that_the_clocks_skip_means_as_much_later() -> None:
    skipped = instant_of(BERLIN, date(2026, 3, 29), time(2, 30))

    assert skipped == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    assert show_instant(BERLIN, skipped) == "Sunday 29 March 2026 at 03:30 (Europe/Berlin)"


def test_a_local_time_that_occurs_twice_means_the_first() -> None:
    assert instant_of(BERLIN, date(2026, 10, 25), time(2, 30)) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert instant_of(BERLIN, date(2026, 10, 25), time(2, 30, fold=1)) == datetime(
        2026, 10, 25, 0, 30, tzinfo=UTC
    )


def test_the_day_of_an_instant_is_the_teams_own() -> None:
    late = datetime(2026, 6, 15, 23, 30, tzinfo=UTC)

    assert day_of(BERLIN, late) == date(2026, 6, 16)
    assert day_of(Calendar(zone="America/Los_Angeles"), late) == date(2026, 6, 15)


@pytest.mark.parametrize(
    ("span", "expected"),
    [
        (Span(8, SpanUnit.WEEKS), date(2026, 2, 12)),
        (Span(1, SpanUnit.DAYS), date(2026, 4, 8)),
        (Span(5, SpanUnit.WORKING_DAYS), date(2026, 3, 31)),
        (Span(0.5, SpanUnit.WEEKS), date(2026, 4, 5)),
    ],
)
def test_a_span_before_a_day_in_its_own_unit(span: Span, expected: date) -> None:
    assert days_before(BERLIN, HOLIDAYS, date(2026, 4, 9), span) == expected


def test_hours_before_a_day_have_no_date() -> None:
    with pytest.raises(InvalidInputError, match="4 hours before Thursday 9 April 2026 has no date by itself"):
        days_before(BERLIN, HOLIDAYS, date(2026, 4, 9), Span(4, SpanUnit.HOURS))


def test_a_calendar_without_working_days_is_refused_instead_of_searched_for_ever() -> None:
    with pytest.raises(InvalidInputError, match="no working day within ten years of Monday 15 June 2026"):
        add_working_days(Calendar(weekdays=()), {}, date(2026, 6, 14), 1)


@pytest.mark.parametrize("zone", ["Europe/Berlim", "", "../etc/passwd"])
def test_an_unknown_time_zone_is_named(zone: str) -> None:
    with pytest.raises(InvalidInputError, match=f'unknown time zone "{zone}"'):
        day_of(Calendar(zone=zone), datetime(2026, 6, 15, tzinfo=UTC))


def test_holidays_are_gathered_for_the_country_of_the_calendar() -> None:
    asked: list[tuple[str, int]] = []

    def of_year(place: str, year: int) -> Sequence[tuple[date, str]]:
        asked.append((place, year))
        return [(date(year, 1, 1), "New Year's Day")]

    found = holidays_of(BERLIN, years_around(datetime(2026, 6, 1, tzinfo=UTC)), of_year)

    assert asked == [("DE", 2025), ("DE", 2026), ("DE", 2027)]
    assert found[date(2027, 1, 1)] == "New Year's Day"
    assert holidays_of(Calendar(), range(2026, 2027), of_year) == {}
    assert len(asked) == 3


def test_a_date_reads_as_people_write_it() -> None:
    assert show_day(date(2026, 3, 3)) == "Tuesday 3 March 2026"
