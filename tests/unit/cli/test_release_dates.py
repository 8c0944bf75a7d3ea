"""Dates as people say them: in the process's zone, with its clock changes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluiceway.cli.release_dates import in_zone, instant, minute
from sluiceway.errors import InvalidInputError

BERLIN = "Europe/Berlin"
NOW = datetime(2026, 1, 5, 9, 0, 42, 7, tzinfo=UTC)


@pytest.fixture
def new_york(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Put this machine into New York."""
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("2026-12-01", datetime(2026, 11, 30, 23, 0, tzinfo=UTC)),
        ("2026-12-01 10:00", datetime(2026, 12, 1, 9, 0, tzinfo=UTC)),
        (" 2026-07-01T10:00 ", datetime(2026, 7, 1, 8, 0, tzinfo=UTC)),
        ("2026-12-01T10:00Z", datetime(2026, 12, 1, 10, 0, tzinfo=UTC)),
        ("2026-12-01T10:00-05:00", datetime(2026, 12, 1, 15, 0, tzinfo=UTC)),
        ("6 weeks", datetime(2026, 2, 16, 9, 0, tzinfo=UTC)),
        ("90m", datetime(2026, 1, 5, 10, 30, tzinfo=UTC)),
    ],
)
def test_a_date_without_an_offset_is_in_the_process_s_zone(said: str, meant: datetime) -> None:
    assert instant(said, BERLIN, "--target", NOW) == meant


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("2026-03-29 02:30", "which the clocks of Europe/Berlin never show"),
        ("2026-10-25 02:30", "say 2026-10-25T02:30+02:00 or 2026-10-25T02:30+01:00"),
        ("tomorrow", "use a date such as 2026-12-01"),
        ("2026-13-01", "--target is '2026-13-01'"),
        ("0001-01-01", "beyond the calendar"),
    ],
)
def test_a_time_that_nobody_can_mean_is_refused(said: str, words: str) -> None:
    with pytest.raises(InvalidInputError, match="--target is") as refused:
        instant(said, BERLIN, "--target", NOW)

    assert words in str(refused.value)


def test_times_around_a_change_of_the_clocks_are_taken() -> None:
    spring = [instant(f"2026-03-29 {at}", BERLIN, "--target", NOW) for at in ("01:59", "03:00")]
    autumn = [
        instant(f"2026-10-25T02:30{offset}", BERLIN, "--target", NOW) for offset in ("+02:00", "+01:00")
    ]

    assert spring[1] - spring[0] == timedelta(minutes=1)
    assert autumn[1] - autumn[0] == timedelta(hours=1)


def test_a_zone_that_is_not_known_here_asks_for_an_offset() -> None:
    with pytest.raises(InvalidInputError, match=r"give dates with their offset"):
        instant("2026-12-01", "Mars/Olympus", "--target", NOW)


@pytest.mark.usefixtures("new_york")
def test_an_instant_is_said_there_and_here_where_the_clocks_differ() -> None:
    at = datetime(2026, 12, 1, 9, 0, tzinfo=UTC)

    assert in_zone(at, BERLIN) == "2026-12-01 10:00 Europe/Berlin (2026-12-01 04:00 here)"
    assert in_zone(at, "America/Toronto") == "2026-12-01 04:00 America/Toronto"
    assert minute(at) == "2026-12-01 04:00"
    assert (in_zone(None, BERLIN), minute(None)) == ("", "")


@given(
    minutes=st.integers(0, 50_000_000),
    zone=st.sampled_from([BERLIN, "America/New_York", "Asia/Kathmandu", "UTC"]),
)
def test_what_a_zone_s_clocks_show_once_is_read_back(minutes: int, zone: str) -> None:
    meant = datetime(2000, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    shown = meant.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M")
    try:
        found = instant(shown, zone, "--target", NOW)
    except InvalidInputError as refused:
        assert "show twice" in str(refused)  # noqa: PT017 -- the only refusal of a time that was shown
    else:
        assert found == meant
