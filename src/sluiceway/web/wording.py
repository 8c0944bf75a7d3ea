"""Figures and times as people read them: `0.4 %`, `183 ms`, `3 min 12 s`.

Pure formatting for the pages. `static/js/format.js` holds the same rules for the plots; a browser test
keeps the two in step. What the figures mean is the business of `services.views`.
"""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum

NO_DATA = "no data"
_GAP = "\u00a0"  # a number and its unit stay on one line


class FigureKind(StrEnum):
    """How a metric's number is to be read."""

    RATIO = "ratio"  # 0 to 1, shown as percent
    PERCENT = "percent"  # 0 to 100
    MILLISECONDS = "ms"
    SECONDS = "s"
    PER_SECOND = "per-second"
    NUMBER = "number"


_KIND_OF_UNIT = {
    "ratio": FigureKind.RATIO,
    "fraction": FigureKind.RATIO,
    "share": FigureKind.RATIO,
    "%": FigureKind.PERCENT,
    "percent": FigureKind.PERCENT,
    "ms": FigureKind.MILLISECONDS,
    "milliseconds": FigureKind.MILLISECONDS,
    "s": FigureKind.SECONDS,
    "seconds": FigureKind.SECONDS,
    "/s": FigureKind.PER_SECOND,
    "1/s": FigureKind.PER_SECOND,
    "per second": FigureKind.PER_SECOND,
    "requests/s": FigureKind.PER_SECOND,
    "rps": FigureKind.PER_SECOND,
}
_UNSPOKEN_UNITS = frozenset({"", "count", "score"})


def kind_of(name: str, unit: str) -> FigureKind:
    """Return how to read the metric: by its unit, else by how its name ends (`new.p95_ms`)."""
    name = name.rpartition(".")[2]
    by_unit = _KIND_OF_UNIT.get(unit.strip().lower())
    if by_unit is not None:
        return by_unit
    if unit:
        return FigureKind.NUMBER
    if name in {"request_rate", "rps"}:
        return FigureKind.PER_SECOND
    if name.endswith(("error_rate", "_ratio", "_share")):
        return FigureKind.RATIO
    if name.endswith("_ms"):
        return FigureKind.MILLISECONDS
    if name.endswith("_percent"):
        return FigureKind.PERCENT
    return FigureKind.NUMBER


def figure(value: float | None, kind: FigureKind, unit: str = "") -> str:
    """Return the value with its unit, or "no data"; `unit` counts only for plain numbers."""
    if value is None:
        return NO_DATA
    match kind:
        case FigureKind.RATIO:
            return percent(value * 100)
        case FigureKind.PERCENT:
            return percent(value)
        case FigureKind.MILLISECONDS:
            return f"{number(value / 1000)}{_GAP}s" if abs(value) >= 10_000 else f"{number(value)}{_GAP}ms"
        case FigureKind.SECONDS:
            return f"{number(value)}{_GAP}s"
        case FigureKind.PER_SECOND:
            return f"{number(value)}{_GAP}/s"
        case FigureKind.NUMBER:
            return number(value) if unit in _UNSPOKEN_UNITS else f"{number(value)}{_GAP}{unit}"


def percent(value: float | None) -> str:
    """Return a percentage such as `0.4 %`; what is not quite nothing or everyone never looks like it."""
    if value is None:
        return NO_DATA
    text = f"{value:.2f}".rstrip("0") if 99 < value < 99.995 else number(value)
    return f"{text}{_GAP}%"


def number(value: float) -> str:
    """Return a number with two or three digits that matter and thousands apart."""
    size = abs(value)
    places = 0 if size >= 100 else 1 if size >= 10 else 2 if size >= 0.1 else 3 if size >= 0.01 else 4
    text = f"{value:,.{places}f}".replace(",", "\u202f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in {"", "-0"} else text


def count(value: float) -> str:
    """Return how many were counted, whole and with thousands apart."""
    return f"{value:,.0f}".replace(",", "\u202f")


def counted(value: int, one: str) -> str:
    """Return so many of something, whose plural ends in s: `1 thing`, `3 things`."""
    return f"{count(value)}{_GAP}{one}{'' if value == 1 else 's'}"


def rate(bad: float, of_all: float) -> str:
    """Return a part of all as a percentage; of nothing there is no part."""
    return percent(100 * bad / of_all) if of_all > 0 else NO_DATA


def mean(total: float, of_all: float, unit: str = "") -> str:
    """Return the mean of so many values with its unit; of nothing there is none."""
    return figure(total / of_all if of_all > 0 else None, kind_of("", unit), unit)


def difference(value: float, unit: str = "") -> str:
    """Return by how much something is above or below, with its sign: `+0.3 points`."""
    return f"{'+' if value > 0 else ''}{figure(value, kind_of('', unit), unit)}"


def share(value: float) -> str:
    """Return a part (0 to 1) in whole percent; what is not quite nothing or all never looks like it."""
    if 0 < value < 0.01:
        return f"under 1{_GAP}%"
    return f"{min(round(value * 100), 99) if value < 1 else 100}{_GAP}%"


def times(ratio: float) -> str:
    """Return a ratio in words, `3.2 times`; a bound keeps its two decimals, `1.25 times`."""
    if ratio == round(ratio, 2):
        return f"{ratio:g} times"
    return (
        f"{ratio:.0f} times"
        if ratio >= 10
        else f"{ratio:.1f} times"
        if ratio >= 0.1
        else f"{ratio:.2f} times"
    )


def sentence(text: str) -> str:
    """Return words as a sentence of their own: a capital first, a full stop last."""
    if not text:
        return ""
    return f"{text[0].upper()}{text[1:]}{'' if text[-1] in '.?!' else '.'}"


def ended(text: str) -> str:
    """Return words with a full stop last, as they are otherwise: they may begin with somebody's name."""
    return text if not text or text[-1] in ".?!" else f"{text}."


_UNITS = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))


def duration(seconds: float) -> str:
    """Return a length of time in its two largest units: `3 min 12 s`, `14 d`; below a second `0.4 s`."""
    if 0 < seconds < 1:
        return f"{number(round(seconds, 1) or 0.1)}{_GAP}s"
    left = max(0, round(seconds))
    parts: list[str] = []
    for position, (unit, size) in enumerate(_UNITS):
        if left < size:
            continue
        parts.append(f"{left // size}{_GAP}{unit}")
        left %= size
        following = _UNITS[position + 1] if position + 1 < len(_UNITS) else None
        if following is not None and left >= following[1]:
            parts.append(f"{left // following[1]}{_GAP}{following[0]}")
        break
    return " ".join(parts) or f"0{_GAP}s"


def ago(since: datetime, now: datetime) -> str:
    """Return how long something has lasted by `now`, on whichever clock both were read."""
    return duration((now - since).total_seconds())


def moment(at: datetime) -> str:
    """Return an instant for people whose zone is not known yet: `21 Nov 2025, 14:03:22 UTC`."""
    utc = at.astimezone(UTC)
    return f"{utc.day} {utc:%b %Y, %H:%M:%S} UTC"


def speed(factor: float) -> str:
    """Return the speed factor as `3 600 times`."""
    return f"{number(factor)} times"
