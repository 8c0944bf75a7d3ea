"""Readers of single values in the team's part of a process file: ids, texts, times, days, words.

Each is a JSON Schema and a function that reports what was expected. Mappings are put together of them in
`records`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, time
from enum import StrEnum
from typing import TypeVar
from urllib.parse import urlsplit

from sluiceway.config import shapes, values
from sluiceway.config.records import Reader, Scope, named, part, with_article
from sluiceway.config.sections import Schema
from sluiceway.config.slugs import slug
from sluiceway.config.tree import Value, nearest
from sluiceway.domain.process.spans import OFFSET_PATTERN, SPAN_PATTERN, parse_offset, parse_range, parse_span
from sluiceway.errors import InvalidInputError

T = TypeVar("T")
Word = TypeVar("Word", bound=StrEnum)

ID_PATTERN = "[a-z0-9][a-z0-9-]{0,62}"
WEEKDAYS_IN_ORDER = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

_ID = re.compile(ID_PATTERN)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_TIME = re.compile(r"(\d{1,2}):(\d{2})")
_MOST = 1_000_000


def _of(schema: Schema, read: Callable[[Value], T | None]) -> Reader[T]:
    return Reader(schema, lambda value, _scope: read(value))


def _parsed(schema: Schema, parse: Callable[[str], T], what: str) -> Reader[T]:
    def read(value: Value) -> T | None:
        if not value.is_scalar:
            value.expected(what)
            return None
        try:
            return parse(value.raw)
        except InvalidInputError as problem:
            value.problem(str(problem))
            return None

    return _of(schema, read)


def read_id(value: Value) -> str | None:
    """Return an id: small letters, digits and -, at most 63, not beginning with -."""
    if value.is_scalar and _ID.fullmatch(value.raw):
        return value.raw
    near = slug(value.raw) if value.is_scalar else ""
    hint = f', such as "{near}"' if near else ""
    value.expected(f"an id of at most 63 small letters, digits and -{hint}")
    return None


def _read_texts(value: Value) -> tuple[str, ...] | None:
    if value.is_list and not value.items():
        return ()
    return values.texts(value, what="a text")


def _read_day(value: Value) -> date | None:
    try:
        if value.is_scalar and _DAY.fullmatch(value.raw):
            return date.fromisoformat(value.raw)
    except ValueError:
        value.problem(f"{value.raw} is no day of the calendar, expected one such as 2026-12-24")
        return None
    value.expected("a day such as 2026-12-24")
    return None


def _read_time(value: Value) -> time | None:
    match = _TIME.fullmatch(value.raw.strip()) if value.is_scalar else None
    if match is None or int(match[1]) > 23 or int(match[2]) > 59:
        value.expected('a time of day such as "09:30"')
        return None
    return time(int(match[1]), int(match[2]))


def _read_weekday(value: Value) -> int | None:
    found = value.raw.strip().lower() if value.is_scalar else ""
    for index, day in enumerate(WEEKDAYS_IN_ORDER):
        if found in {day, day[:3]}:
            return index
    value.expected(f"a weekday, one of {', '.join(day[:3] for day in WEEKDAYS_IN_ORDER)}")
    return None


def _read_weekdays(value: Value) -> tuple[int, ...] | None:
    items = value.items()
    found = [_read_weekday(item) for item in items]
    if value.is_list and not items:
        value.problem("found no weekday, expected at least one")
    if not found or None in found:
        return None
    days = [day for day in found if day is not None]
    for index, day in enumerate(days):
        if day in days[:index]:
            items[index].problem(f"{WEEKDAYS_IN_ORDER[day]} stands here a second time, expected it once")
            return None
    return tuple(sorted(days))


def _read_web_address(value: Value) -> str | None:
    found = values.text(value, what="an address such as http://127.0.0.1:8080/healthz")
    if found is None:
        return None
    try:
        parts = urlsplit(found)
        is_good = parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port or 1) > 0
        has_login = "@" in parts.netloc
    except ValueError:
        is_good, has_login = False, False
    if not is_good or re.search(r"\s", found):
        value.expected("an address such as http://127.0.0.1:8080/healthz")
        return None
    if has_login:
        value.problem(
            "holds a user name or password, expected an address without: process files are kept and shown"
        )
        return None
    return found


def _read_percent(value: Value) -> float | None:
    share = values.share(value, most_percent=100, may_be_zero=True)
    return None if share is None else round(share * 100, 9)


ID = _of({"type": ["string", "integer"], "pattern": f"^{ID_PATTERN}$"}, read_id)
TEXT = _of(shapes.SCALAR, values.text)
TEXTS = _of({"anyOf": [shapes.SCALAR, shapes.list_of(shapes.SCALAR)]}, _read_texts)
TRUTH = _of(shapes.TRUTH, values.truth)
COMMAND = _of({"anyOf": [shapes.TEXT, {**shapes.list_of(shapes.SCALAR), "minItems": 1}]}, values.command)
WEB_ADDRESS = _of({"type": "string", "pattern": r"^https?://\S+$"}, _read_web_address)
PERCENT = _of(
    {
        "anyOf": [
            {"type": "number", "minimum": 0, "maximum": 100},
            {"type": "string", "pattern": r"^\s*(100(\.0+)?|\d{1,2}(\.\d+)?)\s*(%|percent)?\s*$"},
        ]
    },
    _read_percent,
)
DURATION = _of(shapes.DURATION, values.duration)
RANGE = _parsed(
    {"type": "string", "pattern": r"\d|^\s*[Ss]ame\s+day\s*$", "examples": ["12 weeks", "8-12 weeks"]},
    parse_range,
    'a duration or two, such as "12 weeks" or "8-12 weeks"',
)
SPAN = _parsed(
    {"type": "string", "pattern": rf"^\s*{SPAN_PATTERN}\s*$", "examples": ["2 weeks", "5 working days"]},
    parse_span,
    'a span of time such as "2 weeks" or "5 working days"',
)
OFFSET = _parsed(
    {"type": "string", "pattern": rf"^\s*{OFFSET_PATTERN}\s*$", "examples": ["T-24h", "T", "T+15m"]},
    parse_offset,
    "a time around the target such as T-24h, T or T+15m",
)
DAY = _of({"type": "string", "format": "date", "pattern": rf"^{_DAY.pattern}$"}, _read_day)
TIME = _of({"type": "string", "pattern": r"^\d{1,2}:\d{2}$", "examples": ["09:30"]}, _read_time)
_WEEKDAY: Schema = {"type": "string", "examples": [day[:3] for day in WEEKDAYS_IN_ORDER]}
WEEKDAY = _of(_WEEKDAY, _read_weekday)
WEEKDAYS = _of({**shapes.list_of(_WEEKDAY), "minItems": 1}, _read_weekdays)


ITS_ID = part("id", ID, "its id", is_required=True)
ITS_ID_OR_TEXT = part("id", ID, "its id; made of the text when absent")
ITS_TITLE = part("title", TEXT, "what people call it")


def word(words: type[Word]) -> Reader[Word]:
    """Return the reader of one of an enum's words, whatever its case."""
    by_word = {choice.value.lower(): choice for choice in words}
    listed = ", ".join(words)

    def read(value: Value) -> Word | None:
        found = values.text(value, what=f"one of {listed}")
        if found is None:
            return None
        choice = by_word.get(found.strip().lower())
        if choice is None:
            near = nearest(found, [one.value for one in words])
            value.problem(f'unknown word "{found}", expected one of {listed}{near}')
        return choice

    return _of({"type": "string", "enum": [choice.value for choice in words]}, read)


def one_word(*words: str) -> Reader[str]:
    """Return the reader of one of these words."""
    choices = {choice: choice for choice in words}
    return _of({"type": "string", "enum": list(words)}, lambda value: values.choice(value, choices))


def whole(least: int, most: int = _MOST) -> Reader[int]:
    """Return the reader of a whole number between the two bounds."""
    return _of(shapes.whole(least, most), lambda value: values.whole(value, least=least, most=most))


def number(*, least: float | None = None, above: float | None = None, most: float = _MOST) -> Reader[float]:
    """Return the reader of a number of at least `least`, or above `above`, up to `most`."""
    return _of(
        shapes.number(above=above, least=least, most=most),
        lambda value: values.number(value, above=above, least=least, most=most),
    )


def some(reader: Reader[T], what: str, *, least: int = 0) -> Reader[tuple[T, ...]]:
    """Return the reader of a list of different values, at least so many. `what` names one of them."""

    def read(value: Value, scope: Scope) -> tuple[T, ...] | None:
        if not value.is_list:
            value.expected(f"a list of which each item is {what}")
            return None
        items = value.items()
        if len(items) < least:
            value.problem(f"found an empty list, expected at least one item, each {what}")
            return None
        found = [one for item in items if (one := reader.read(item, scope)) is not None]
        if len(found) < len(items):
            return None
        seen: dict[T, Value] = {}
        for item, one in zip(items, found, strict=True):
            if one in seen:
                item.problem(f'"{item.raw}" stands here a second time, first on line {seen[one].line}')
                return None
            seen[one] = item
        return tuple(seen)

    least_schema = {"minItems": least} if least else {}
    return Reader({**shapes.list_of(reader.schema), **least_schema}, read)


def several(kind: str, *, least: int = 0) -> Reader[tuple[str, ...]]:
    """Return the reader of a list of different ids of this kind, at least so many."""
    return some(named(kind), f"the id of {with_article(kind)}", least=least)
