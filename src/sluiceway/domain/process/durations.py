"""Durations and percentages as people write them: `24h`, `"24 hours"`, `5 consecutive minutes`, `0.1 %`.

Exact: decimal arithmetic until the result. Sentences around them are the business of `phrases`.
Units: durations are seconds, weights basis points (10 000 is everyone), shares 0 to 1.
"""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation

from sluiceway.domain.process.plan import FULL_WEIGHT_BP
from sluiceway.errors import InvalidInputError

MAX_DURATION_S = 3_650 * 86_400.0

_UNITS: tuple[tuple[int, str, tuple[str, ...]], ...] = (
    (604_800_000, "w", ("week", "weeks", "wk", "wks")),
    (86_400_000, "d", ("day", "days")),
    (3_600_000, "h", ("hour", "hours", "hr", "hrs")),
    (60_000, "m", ("minute", "minutes", "min", "mins")),
    (1_000, "s", ("second", "seconds", "sec", "secs")),
    (1, "ms", ("millisecond", "milliseconds")),
)
_MS_PER_UNIT = {word: ms for ms, short, words in _UNITS for word in (short, *words)}

_MAX_CHARS = 100
_AMOUNT = r"\d+(?:\.\d+)?"
UNIT_PATTERN = "|".join(sorted(_MS_PER_UNIT, key=len, reverse=True))
DURATION_PATTERN = rf"{_AMOUNT}\s*(?:consecutive\s+)?(?:{UNIT_PATTERN})"  # case-insensitive; may repeat

_PART = re.compile(rf"\s*(?P<amount>{_AMOUNT})\s*(?:consecutive\s+)?(?P<unit>[a-z]+)\s*,?", re.IGNORECASE)
_NUMBER = re.compile(r"[+-]?\d+(?:\.\d*)?|[+-]?\.\d+")
_PERCENT = re.compile(r"\s*([+-]?(?:\d+\.?\d*|\.\d+))\s*(?:%|percent|per cent)?\s*", re.IGNORECASE)


def parse_duration(text: str) -> float:
    """Return seconds: "24h", "24 hours", "for 5 consecutive minutes", "1h 30m", "1 week", "0".

    Raises InvalidInputError for a number without a unit, an unknown unit, or more than ten years.
    """
    if len(text) > _MAX_CHARS:
        raise InvalidInputError(
            f'"{text[:20]}..." is not a duration, expected one such as "10m" or "24 hours"'
        )
    rest = text.strip()
    if rest.lower().startswith("for "):
        rest = rest[4:].lstrip()
    if _NUMBER.fullmatch(rest):
        return _without_unit(rest)
    at, total_ms = 0, Decimal(0)
    while at < len(rest):
        match = _PART.match(rest, at)
        if match is None:
            raise InvalidInputError(f'"{text}" is not a duration, expected one such as "10m" or "24 hours"')
        unit = match["unit"].lower()
        if unit not in _MS_PER_UNIT:
            raise InvalidInputError(
                f'unknown unit "{match["unit"]}" in "{text}", expected ms, s, m, h, d or w'
            )
        total_ms += Decimal(match["amount"]) * _MS_PER_UNIT[unit]
        at = match.end()
    if not rest:
        raise InvalidInputError('an empty duration, expected one such as "10m" or "24 hours"')
    seconds = float(total_ms / 1_000)
    if seconds > MAX_DURATION_S:
        raise InvalidInputError(f'"{text}" is more than ten years')
    return seconds


def _without_unit(text: str) -> float:
    if Decimal(text) == 0:
        return 0.0
    if text.startswith("-"):
        raise InvalidInputError(f"{text} is negative, expected a duration such as 10m")
    bare = text.lstrip("+")
    raise InvalidInputError(f'{text} has no unit, expected a duration such as "{bare}s" or "{bare}m"')


def show_duration(seconds: float) -> str:
    """Return the shortest exact form that `parse_duration` reads back: "1h30m", "250ms"."""
    left_ms = round(seconds * 1_000)
    parts: list[str] = []
    for unit_ms, short, _ in _UNITS:
        count, left_ms = divmod(left_ms, unit_ms)
        if count:
            parts.append(f"{count}{short}")
    return "".join(parts) or "0s"


def parse_percent(text: str) -> Decimal:
    """Return the number of percent in "5%", "0.1 %" or "5". Raises InvalidInputError."""
    match = _PERCENT.fullmatch(text)
    if match is None or len(text) > 40:
        raise InvalidInputError(f'"{text}" is not a percentage, expected one such as 5%')
    try:
        return Decimal(match[1])
    except InvalidOperation as error:  # pragma: no cover - the pattern lets only numbers through
        raise InvalidInputError(f'"{text}" is not a percentage, expected one such as 5%') from error


def parse_weight_bp(text: str) -> int:
    """Return basis points of "5%", "0.1 %" or a bare 5, which is percent too.

    Raises InvalidInputError outside 0 to 100 percent and for what is finer than 0.01 percent.
    """
    percent = parse_percent(text)
    if not 0 <= percent <= 100:
        raise InvalidInputError(f"{text} is outside 0 to 100 percent")
    weight_bp = percent * FULL_WEIGHT_BP / 100
    if 0 < weight_bp < 1:
        raise InvalidInputError(f"{text} is under 0.01 percent, the smallest weight")
    if weight_bp != int(weight_bp):
        raise InvalidInputError(f"{text} is finer than 0.01 percent, the smallest step")
    return int(weight_bp)


def show_weight(weight_bp: int) -> str:
    """Return basis points as people read them: "0.1 %"."""
    text = f"{weight_bp / 100:.2f}".rstrip("0").rstrip(".")
    return f"{text} %"
