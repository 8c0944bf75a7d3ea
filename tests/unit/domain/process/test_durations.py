"""Durations and percentages as people write them."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluiceway.domain.process.durations import (
    DURATION_PATTERN,
    MAX_DURATION_S,
    parse_duration,
    parse_percent,
    parse_weight_bp,
    show_duration,
    show_weight,
)
from sluiceway.errors import InvalidInputError

SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
WORDS = {
    "ms": ["ms", "milliseconds"],
    "s": ["s", "sec", "second", "seconds"],
    "m": ["m", "min", "minute", "minutes"],
    "h": ["h", "hr", "hour", "hours"],
    "d": ["d", "day", "days"],
    "w": ["w", "week", "weeks"],
}


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("24h", 86_400), ("24 hours", 86_400), ("10m", 600), ("2d", 172_800), ("1 week", 604_800),
        ("for 5 consecutive minutes", 300), ("5 consecutive minutes", 300), ("1h30m", 5_400),
        ("1 hour, 30 minutes", 5_400), ("1.5 h", 5_400), ("250ms", 0.25), ("0", 0), ("0s", 0),
        (" 10 M ", 600),
    ],
)  # fmt: skip
def test_a_duration_is_read_as_people_write_it(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("10", '10 has no unit, expected a duration such as "10s" or "10m"'),
        ("-5", "-5 is negative, expected a duration such as 10m"),
        ("", 'an empty duration, expected one such as "10m" or "24 hours"'),
        ("soon", '"soon" is not a duration, expected one such as "10m" or "24 hours"'),
        ("10 fortnights", 'unknown unit "fortnights" in "10 fortnights", expected ms, s, m, h, d or w'),
        ("1-2 weeks", '"1-2 weeks" is not a duration, expected one such as "10m" or "24 hours"'),
        ("1:30", '"1:30" is not a duration, expected one such as "10m" or "24 hours"'),
        ("11 years", 'unknown unit "years" in "11 years", expected ms, s, m, h, d or w'),
        ("600w", '"600w" is more than ten years'),
    ],
)
def test_what_is_no_duration_is_refused_with_a_hint(text: str, message: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        parse_duration(text)

    assert str(caught.value) == message


@given(
    amount=st.integers(0, 500),
    unit=st.sampled_from(sorted(WORDS)),
    word=st.integers(0, 3),
    gap=st.sampled_from(["", " "]),
)
def test_every_unit_word_means_its_unit(amount: int, unit: str, word: int, gap: str) -> None:
    spelling = WORDS[unit][word % len(WORDS[unit])]

    assert parse_duration(f"{amount}{gap}{spelling}") == pytest.approx(amount * SECONDS[unit])


@given(milliseconds=st.integers(0, int(MAX_DURATION_S * 1_000)))
def test_a_shown_duration_reads_back_exactly(milliseconds: int) -> None:
    assert parse_duration(show_duration(milliseconds / 1_000)) == milliseconds / 1_000


@given(first=st.integers(0, 1_000), second=st.integers(0, 1_000))
def test_parts_of_a_duration_add_up(first: int, second: int) -> None:
    assert parse_duration(f"{first}h {second}m") == first * 3_600 + second * 60


@given(text=st.text(max_size=12))
def test_any_text_is_a_finite_duration_or_refused(text: str) -> None:
    try:
        seconds = parse_duration(text)
    except InvalidInputError:
        return
    assert 0 <= seconds <= MAX_DURATION_S


@given(amount=st.integers(0, 999), unit=st.sampled_from([word for words in WORDS.values() for word in words]))
def test_the_pattern_for_sentences_knows_the_same_units(amount: int, unit: str) -> None:
    assert re.fullmatch(DURATION_PATTERN, f"{amount} consecutive {unit}", re.IGNORECASE)


@pytest.mark.parametrize(
    ("text", "percent"),
    [("5%", "5"), ("0.1 %", "0.1"), ("5", "5"), ("99.95 percent", "99.95"), (".5%", "0.5")],
)
def test_a_percentage_is_exact(text: str, percent: str) -> None:
    assert parse_percent(text) == Decimal(percent)


@pytest.mark.parametrize("text", ["", "%", "five", "5 %%", "1e2", "5 ms", "nan", "9" * 50])
def test_what_is_no_percentage_is_refused(text: str) -> None:
    with pytest.raises(InvalidInputError, match="is not a percentage"):
        parse_percent(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("150", "150 is outside 0 to 100 percent"),
        ("-1%", "-1% is outside 0 to 100 percent"),
        ("0.001%", "0.001% is under 0.01 percent, the smallest weight"),
        ("1.005%", "1.005% is finer than 0.01 percent, the smallest step"),
    ],
)
def test_a_weight_that_can_not_be_set_is_refused(text: str, message: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        parse_weight_bp(text)

    assert str(caught.value) == message


@given(weight_bp=st.integers(0, 10_000))
def test_a_shown_weight_reads_back_exactly(weight_bp: int) -> None:
    assert parse_weight_bp(show_weight(weight_bp)) == weight_bp
    assert parse_weight_bp(f"{weight_bp / 100:.2f}") == weight_bp
