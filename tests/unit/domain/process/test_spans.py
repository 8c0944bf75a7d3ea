"""Spans, offsets and ranges of time as a release's plan names them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluiceway.domain.process.durations import show_duration
from sluiceway.domain.process.schedule import Span, SpanUnit
from sluiceway.domain.process.spans import parse_offset, parse_range, parse_span
from sluiceway.errors import InvalidInputError

HOUR_S = 3_600.0
DAY_S = 24 * HOUR_S
WEEK_S = 7 * DAY_S


@pytest.mark.parametrize(
    ("text", "count", "unit"),
    [
        ("2 weeks", 2, SpanUnit.WEEKS),
        ("12w", 12, SpanUnit.WEEKS),
        (" 10 Days ", 10, SpanUnit.DAYS),
        ("1.5d", 1.5, SpanUnit.DAYS),
        ("5 working days", 5, SpanUnit.WORKING_DAYS),
        ("1  business  day", 1, SpanUnit.WORKING_DAYS),
        ("24h", 24, SpanUnit.HOURS),
        ("0 days", 0, SpanUnit.DAYS),
    ],
)
def test_a_span_keeps_the_unit_it_is_written_in(text: str, count: float, unit: SpanUnit) -> None:
    assert parse_span(text) == Span(count, unit)


@pytest.mark.parametrize(
    "text", ["", "2", "two weeks", "2 months", "-2 weeks", "2 weeks 3 days", "working days"]
)
def test_what_is_no_span_is_told_with_an_example(text: str) -> None:
    with pytest.raises(InvalidInputError, match="is not a span of time, expected one such as"):
        parse_span(text)


@pytest.mark.parametrize("text", ["521 weeks", "3641 days", "2601 working days", "87361 hours"])
def test_a_span_of_more_than_ten_years_is_refused(text: str) -> None:
    with pytest.raises(InvalidInputError, match="more than ten years"):
        parse_span(text)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("T", 0.0),
        ("t", 0.0),
        ("T-0", 0.0),
        ("T+0h", 0.0),
        ("T-8w", -8 * WEEK_S),
        ("T - 24 hours", -DAY_S),
        ("T+15m", 900.0),
        ("T+1h30m", 5_400.0),
        ("T-1 week", -WEEK_S),
    ],
)
def test_an_offset_is_seconds_from_the_target(text: str, seconds: float) -> None:
    assert parse_offset(text) == seconds


@given(seconds=st.integers(1, 3_650 * 86_400))
def test_an_offset_before_the_target_is_the_negative_of_the_one_after_it(seconds: int) -> None:
    assert parse_offset(f"T-{show_duration(seconds)}") == -seconds
    assert parse_offset(f"T+{show_duration(seconds)}") == seconds


@pytest.mark.parametrize("text", ["", "24h", "-24h", "T8w", "T-", "X-8w", "target"])
def test_what_is_no_offset_is_told_with_examples(text: str) -> None:
    with pytest.raises(InvalidInputError, match=r"expected one such as T-24h, T or T\+15m"):
        parse_offset(text)


def test_an_offset_without_a_unit_is_refused_as_a_duration_is() -> None:
    with pytest.raises(InvalidInputError, match="24 has no unit"):
        parse_offset("T-24")


@pytest.mark.parametrize(
    ("text", "least_s", "most_s"),
    [
        ("12 weeks", 12 * WEEK_S, 12 * WEEK_S),
        ("8-12 weeks", 8 * WEEK_S, 12 * WEEK_S),
        ("15-30m", 900.0, 1_800.0),
        ("15 – 30 minutes", 900.0, 1_800.0),
        ("2 to 4 weeks", 2 * WEEK_S, 4 * WEEK_S),
        ("1 hour to 2 days", HOUR_S, 2 * DAY_S),
        ("0-24h", 0.0, DAY_S),
        ("up to 24h", 0.0, DAY_S),
        ("Same day", 0.0, DAY_S),
        ("1h30m-2h", 5_400.0, 7_200.0),
    ],
)
def test_a_range_has_a_least_and_a_most(text: str, least_s: float, most_s: float) -> None:
    assert parse_range(text) == (least_s, most_s)


@given(least=st.integers(1, 1_000), more=st.integers(0, 1_000), unit=st.sampled_from(["s", "m", "h", "d"]))
def test_a_range_borrows_the_unit_of_its_end(least: int, more: int, unit: str) -> None:
    most = least + more

    assert parse_range(f"{least}-{most}{unit}") == parse_range(f"{least}{unit} to {most}{unit}")


def test_a_range_that_falls_is_refused() -> None:
    with pytest.raises(InvalidInputError, match='"30-15m" ends before it begins'):
        parse_range("30-15m")


@pytest.mark.parametrize(
    "text", ["", "soon", "8-12", "8-", "-8 weeks", "8 weeks or so", "up to", "1-2-3 weeks"]
)
def test_what_is_no_range_is_refused(text: str) -> None:
    with pytest.raises(InvalidInputError):
        parse_range(text)


@pytest.mark.parametrize("parse", [parse_span, parse_offset, parse_range])
@given(text=st.text(max_size=30))
def test_any_text_is_a_time_or_refused(parse: Callable[[str], object], text: str) -> None:
    with suppress(InvalidInputError):
        assert parse(text) is not None
