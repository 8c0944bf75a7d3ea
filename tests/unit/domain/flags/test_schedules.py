"""Local times of named zones as instants, also where clocks jump, and when windows turn."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from sluiceway.domain.flags.model import Window
from sluiceway.domain.flags.schedules import (
    Turn,
    instant_of,
    is_open,
    next_turn,
    show_instant,
    turns_between,
)
from sluiceway.errors import InvalidInputError

BEGIN, END = datetime(2026, 12, 1, 7, tzinfo=UTC), datetime(2026, 12, 2, 7, tzinfo=UTC)
WINDOW = Window(BEGIN, END, "Europe/Berlin")
HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("local", "zone", "instant"),
    [
        ("2026-12-01 08:00", "Europe/Berlin", "2026-12-01 07:00"),
        ("2026-07-01 08:00", "Europe/Berlin", "2026-07-01 06:00"),
        ("2026-03-29 01:59", "Europe/Berlin", "2026-03-29 00:59"),
        ("2026-03-29 03:00", "Europe/Berlin", "2026-03-29 01:00"),
        ("2026-10-25 02:30", "Europe/Berlin", "2026-10-25 00:30"),  # comes twice: the first
        ("2026-10-25 03:00", "Europe/Berlin", "2026-10-25 02:00"),
        ("2026-11-01 01:30", "America/New_York", "2026-11-01 05:30"),
        ("2026-04-05 01:45", "Australia/Lord_Howe", "2026-04-04 14:45"),  # half an hour, twice
        ("2026-06-01 12:00", "Asia/Kathmandu", "2026-06-01 06:15"),
        ("2026-06-01 12:00", "UTC", "2026-06-01 12:00"),
    ],
)
def test_a_local_time_is_one_instant(local: str, zone: str, instant: str) -> None:
    assert instant_of(datetime.fromisoformat(local), zone) == datetime.fromisoformat(f"{instant}+00:00")


@pytest.mark.parametrize(
    ("local", "zone", "choices"),
    [
        ("2026-03-29 02:30", "Europe/Berlin", "01:30 or 03:30"),
        ("2026-03-08 02:00", "America/New_York", "01:00 or 03:00"),
        ("2026-10-04 02:15", "Australia/Lord_Howe", "01:45 or 02:45"),
    ],
)
def test_a_time_that_the_clocks_skip_is_a_problem_with_a_name(local: str, zone: str, choices: str) -> None:
    with pytest.raises(InvalidInputError) as problem:
        instant_of(datetime.fromisoformat(local), zone)

    assert str(problem.value) == (
        f"{local} does not exist in {zone}: the clocks go forward past it; choose another time, such as "
        f"{choices}"
    )


def test_an_unknown_zone_is_a_problem_with_a_name() -> None:
    with pytest.raises(InvalidInputError, match='unknown time zone "Europe/Bärlin"'):
        instant_of(datetime.fromisoformat("2026-01-01 12:00"), "Europe/Bärlin")


def test_people_see_the_time_of_their_zone() -> None:
    assert show_instant(BEGIN, "Europe/Berlin") == "2026-12-01 08:00 CET"


def test_a_window_is_open_from_its_first_instant_until_just_before_its_last() -> None:
    at = [BEGIN - timedelta(microseconds=1), BEGIN, END - timedelta(microseconds=1), END]

    assert [is_open(WINDOW, one) for one in at] == [False, True, True, False]
    assert [is_open(Window(on_at=BEGIN), one) for one in at] == [False, True, True, True]
    assert [is_open(Window(off_at=END), one) for one in at] == [True, True, True, False]
    assert is_open(None, BEGIN)


def test_every_turn_belongs_to_exactly_one_look() -> None:
    opened, closed = Turn(BEGIN, opened=True), Turn(END, opened=False)

    assert turns_between(WINDOW, BEGIN - HOUR, BEGIN) == (opened,)
    assert turns_between(WINDOW, BEGIN, END - HOUR) == ()
    assert turns_between(WINDOW, BEGIN - HOUR, END) == (opened, closed)
    assert turns_between(None, BEGIN, END) == ()
    assert next_turn(WINDOW, BEGIN) == closed
    assert next_turn(WINDOW, END) is None


def test_a_window_that_would_close_before_it_opens_never_turns() -> None:
    assert turns_between(Window(END, BEGIN), BEGIN - HOUR, END + HOUR) == ()
