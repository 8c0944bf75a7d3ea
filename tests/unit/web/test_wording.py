"""Figures and times as people read them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluiceway.web import wording
from sluiceway.web.wording import FigureKind


def plain(text: str) -> str:
    """Return the text with ordinary spaces, so that tests can be read."""
    return text.replace("\u00a0", " ").replace("\u202f", " ")


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (-3, "0 s"),
        (0.04, "0.1 s"),
        (0.4, "0.4 s"),
        (1, "1 s"),
        (59.6, "1 min"),
        (192, "3 min 12 s"),
        (3_600, "1 h"),
        (7_500, "2 h 5 min"),
        (3_601, "1 h"),
        (86_400 * 14, "14 d"),
        (86_400 * 14 + 3_600 * 3, "14 d 3 h"),
    ],
)
def test_a_duration_is_said_in_its_two_largest_units(seconds: float, words: str) -> None:
    assert plain(wording.duration(seconds)) == words


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0.0, "0 %"),
        (0.4, "0.4 %"),
        (0.05, "0.05 %"),
        (0.0012, "0.0012 %"),
        (5.0, "5 %"),
        (33.333, "33.3 %"),
        (99.95, "99.95 %"),
        (99.9, "99.9 %"),
        (100.0, "100 %"),
        (None, "no data"),
    ],
)
def test_a_percentage_keeps_the_digits_that_matter(value: float | None, words: str) -> None:
    assert plain(wording.percent(value)) == words


@pytest.mark.parametrize(
    ("value", "kind", "unit", "words"),
    [
        (0.004, FigureKind.RATIO, "", "0.4 %"),
        (183.4, FigureKind.MILLISECONDS, "", "183 ms"),
        (12_400, FigureKind.MILLISECONDS, "", "12.4 s"),
        (2.5, FigureKind.SECONDS, "", "2.5 s"),
        (1_234.5, FigureKind.PER_SECOND, "", "1 234 /s"),
        (4.0, FigureKind.NUMBER, "count", "4"),
        (1.31, FigureKind.NUMBER, "x", "1.31 x"),
        (None, FigureKind.RATIO, "", "no data"),
    ],
)
def test_a_figure_has_the_unit_people_use(
    value: float | None, kind: FigureKind, unit: str, words: str
) -> None:
    assert plain(wording.figure(value, kind, unit)) == words


@pytest.mark.parametrize(
    ("name", "unit", "kind"),
    [
        ("error_rate", "share", FigureKind.RATIO),
        ("error_rate", "", FigureKind.RATIO),
        ("new.error_rate", "", FigureKind.RATIO),
        ("p95_ms", "ms", FigureKind.MILLISECONDS),
        ("baseline.p95_ms", "", FigureKind.MILLISECONDS),
        ("request_rate", "/s", FigureKind.PER_SECOND),
        ("cpu", "%", FigureKind.PERCENT),
        ("orders", "count", FigureKind.NUMBER),
        ("queue_ms", "jobs", FigureKind.NUMBER),
    ],
)
def test_the_unit_decides_how_a_metric_is_read_and_else_its_name(
    name: str, unit: str, kind: FigureKind
) -> None:
    assert wording.kind_of(name, unit) is kind


@given(st.floats(min_value=0, max_value=1e9))
def test_a_duration_never_has_more_than_two_parts(seconds: float) -> None:
    assert 1 <= len(wording.duration(seconds).split(" ")) <= 2


@given(st.floats(min_value=-1e6, max_value=1e6))
def test_a_number_is_never_far_from_what_it_stands_for(value: float) -> None:
    shown = float(plain(wording.number(value)).replace(" ", ""))

    assert abs(shown - value) <= max(0.05 * abs(value), 0.00005)


def test_an_instant_is_shown_in_utc_until_the_reader_s_zone_is_known() -> None:
    at = datetime(2026, 3, 1, 1, 2, 3, tzinfo=timezone(timedelta(hours=2)))

    assert wording.moment(at) == "28 Feb 2026, 23:02:03 UTC"


def test_how_long_something_lasts_is_counted_on_one_clock() -> None:
    since = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)

    assert plain(wording.ago(since, since + timedelta(seconds=75))) == "1 min 15 s"


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0.0, "0 %"),
        (0.0004, "under 1 %"),
        (0.0149, "1 %"),
        (0.4, "40 %"),
        (0.9999, "99 %"),
        (1.0, "100 %"),
    ],
)
def test_a_part_that_is_not_all_or_nothing_never_looks_like_it(value: float, words: str) -> None:
    assert plain(wording.share(value)) == words


@pytest.mark.parametrize(
    ("ratio", "words"),
    [
        (1.0, "1 times"),
        (1.25, "1.25 times"),
        (3.2109, "3.2 times"),
        (12.345, "12 times"),
        (0.04567, "0.05 times"),
    ],
)
def test_a_ratio_is_told_in_times_and_a_bound_exactly(ratio: float, words: str) -> None:
    assert wording.times(ratio) == words


def test_a_part_of_nothing_is_no_data() -> None:
    assert wording.rate(0, 0) == wording.NO_DATA
    assert plain(wording.rate(34, 1_203)) == "2.83 %"


def test_counts_are_whole_with_thousands_apart() -> None:
    assert [plain(wording.count(value)) for value in (0.0, 34.4, 11_400.0)] == ["0", "34", "11 400"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("errors are 2 times those", "Errors are 2 times those."),
        ("go on or roll back?", "Go on or roll back?"),
        ("", ""),
    ],
)
def test_words_become_a_sentence(text: str, said: str) -> None:
    assert wording.sentence(text) == said


def test_words_may_end_as_a_sentence_without_a_capital_of_their_own() -> None:
    assert [wording.ended(text) for text in ("quinn agreed", "Is it?", "")] == ["quinn agreed.", "Is it?", ""]


def test_one_of_something_is_not_many() -> None:
    assert [wording.counted(number, "thing") for number in (0, 1, 2)] == [
        "0\u00a0things",
        "1\u00a0thing",
        "2\u00a0things",
    ]
