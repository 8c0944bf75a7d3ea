"""Times as a release's plan names them: `T-8w` before a target, `8-12 weeks` long, `5 working days` ahead.

Single durations are the business of `durations`; adding working days to a date that of `domain.calendars`.
Units: offsets and ranges are seconds, an offset before the target is negative.
"""

from __future__ import annotations

import re

from sluiceway.domain.process.durations import parse_duration
from sluiceway.domain.process.schedule import Span, SpanUnit
from sluiceway.errors import InvalidInputError

MAX_SPAN_WEEKS = 520

SPAN_PATTERN = (
    r"(?:\d+(?:\.\d+)?)\s*(?:h|hrs?|hours?|d|days?|(?:working|business)\s+days?|w|wks?|weeks?)"  # any case
)
OFFSET_PATTERN = r"T\s*(?:[+-]\s*\S.*)?"  # any case; a duration stands behind the sign

_DAY_S = 86_400.0
_SPAN = re.compile(r"(\d{1,6}(?:\.\d{1,3})?)\s*([a-z]+(?:\s+[a-z]+)?)", re.IGNORECASE)
_SPAN_UNITS = {
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), SpanUnit.HOURS),
    **dict.fromkeys(("d", "day", "days"), SpanUnit.DAYS),
    **dict.fromkeys(("working day", "working days", "business day", "business days"), SpanUnit.WORKING_DAYS),
    **dict.fromkeys(("w", "wk", "wks", "week", "weeks"), SpanUnit.WEEKS),
}
_UNITS_PER_WEEK = {SpanUnit.HOURS: 168, SpanUnit.DAYS: 7, SpanUnit.WORKING_DAYS: 5, SpanUnit.WEEKS: 1}
_OFFSET = re.compile(r"\s*T\s*(?:([+-])\s*(\S.*))?", re.IGNORECASE)
_BARE_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_BOUNDS = re.compile(r"\s*(\S.*?)\s*(?:-|–|\bto\b)\s*(\S.*?)\s*", re.IGNORECASE)
_UP_TO = re.compile(r"\s*up\s+to\s+(\S.*)", re.IGNORECASE)


def parse_span(text: str) -> Span:
    """Return the span of "2 weeks", "10 days", "5 working days" or "24h", in the unit it is written in.

    Raises InvalidInputError for another unit, none, or more than ten years.
    """
    match = _SPAN.fullmatch(text.strip())
    unit = _SPAN_UNITS.get(" ".join(match[2].lower().split())) if match else None
    if match is None or unit is None:
        raise InvalidInputError(
            f'"{text[:60]}" is not a span of time, expected one such as "2 weeks", "5 working days" or "24h"'
        )
    count = float(match[1])
    if count > MAX_SPAN_WEEKS * _UNITS_PER_WEEK[unit]:
        raise InvalidInputError(f'"{text}" is more than ten years')
    return Span(count, unit)


def parse_offset(text: str) -> float:
    """Return seconds from the target T: "T" is 0, "T-8w" is negative, "T+15m" positive; "T-0" is 0 too.

    Raises InvalidInputError for anything else.
    """
    match = _OFFSET.fullmatch(text)
    if match is None:
        raise InvalidInputError(
            f'"{text[:60]}" is not a time around the target, expected one such as T-24h, T or T+15m'
        )
    if match[1] is None:
        return 0.0
    seconds = parse_duration(match[2])
    return -seconds if match[1] == "-" and seconds else seconds


def parse_range(text: str) -> tuple[float, float]:
    """Return the least and the most seconds of "8-12 weeks", "15-30m", "1 hour to 2 days" or "12 weeks".

    "up to 24h" begins at 0; "same day" is up to a day. Raises InvalidInputError for anything else, and when
    the second is less than the first.
    """
    if " ".join(text.lower().split()) == "same day":
        return 0.0, _DAY_S
    upper = _UP_TO.fullmatch(text)
    if upper is not None:
        return 0.0, parse_duration(upper[1])
    bounds = _BOUNDS.fullmatch(text)
    if bounds is None:
        seconds = parse_duration(text)
        return seconds, seconds
    first, second = bounds[1], bounds[2]
    most_s = parse_duration(second)
    if _BARE_NUMBER.fullmatch(first) and float(first):
        unit = second.strip()[len(_leading_number(second)) :]
        least_s = parse_duration(f"{first}{unit}")
    else:
        least_s = parse_duration(first)
    if most_s < least_s:
        raise InvalidInputError(f'"{text}" ends before it begins, expected the shorter time first')
    return least_s, most_s


def _leading_number(text: str) -> str:
    match = _BARE_NUMBER.match(text.strip())
    return match[0] if match else ""
