"""Figures in CSV files: each line becomes a point, or a problem with its line number. Nothing is dropped.

Source of the format: RFC 4180, with a header line.
"""

from __future__ import annotations

import csv
import difflib
import hashlib
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from sluiceway.errors import InvalidInputError

TEXTS = ("id", "metric", "service", "version", "rollout", "at")
FIGURES = ("value", "count", "bad", "good", "total", "squares")
COLUMNS = (*TEXTS, *FIGURES)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a file: the point it stands for, or why it stands for none."""

    number: int  # counts from 1, the header included
    point: Mapping[str, str | float]
    problem: str = ""


def read_lines(text: Iterable[str], defaults: Mapping[str, str]) -> Iterator[Line]:
    """Yield the lines of a file in order, without blank ones. `defaults` fill in what a line leaves empty.

    Raises InvalidInputError when the header can't be used.
    """
    reader = csv.reader(text, strict=True)
    header = _header(next(reader, list[str]()), defaults)
    seen: Counter[str] = Counter()
    ended = reader.line_num
    while True:
        number = ended + 1
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error as failure:
            # A quote that is never closed takes the rest of the file with it: what follows can't be trusted.
            yield Line(number, {}, f"is not CSV ({failure}); it and all lines after it were not read")
            return
        ended = reader.line_num
        if fields:
            yield _line(number, header, fields, defaults, seen)


def point_of(given: Mapping[str, str], seen: Counter[str]) -> dict[str, str | float]:
    """Return the point that texts by column stand for. Raises ValueError, in words, for what is no figure.

    Without an id of its own it gets one made of its content and of which of several equal ones it is, by
    `seen`: so the same file once more has the same ids, and two customers with the same rating are two.
    """
    point: dict[str, str | float] = {name: given[name] for name in TEXTS if given.get(name)}
    for name in FIGURES:
        if given.get(name):
            point[name] = _figure(name, given[name])
    if "id" not in point:
        content = "\x1f".join(f"{name}={point.get(name, '')}" for name in COLUMNS)
        seen[content] += 1
        hashed = hashlib.sha256(f"{content}\x1f{seen[content]}".encode())
        point["id"] = f"row-{hashed.hexdigest()[:40]}"
    return point


def _header(found: list[str], defaults: Mapping[str, str]) -> list[str]:
    header = [name.strip().lower().removeprefix("\ufeff") for name in found]
    known = ", ".join(COLUMNS)
    if not any(header):
        raise InvalidInputError(f"the file has no header line; name its columns, of: {known}")
    unknown = [name for name in header if name not in COLUMNS]
    if unknown:
        hint = _hint(header, unknown[0])
        raise InvalidInputError(
            f"line 1: unknown column {unknown[0][:100]!r}; the columns are: {known}{hint}"
        )
    twice = [name for name, times in Counter(header).items() if times > 1]
    if twice:
        raise InvalidInputError(f"line 1: column {twice[0]!r} is there more than once")
    if "metric" not in header and not defaults.get("metric"):
        raise InvalidInputError(
            "no column tells the metric; add the column `metric`, or name it with --metric"
        )
    if not any(name in header for name in ("value", "count")):
        raise InvalidInputError("no column holds figures; add the column `value`, or `count` with others")
    return header


def _hint(header: list[str], unknown: str) -> str:
    if len(header) == 1 and (mark := next((mark for mark in ";\t|" if mark in unknown), "")):
        return f"; cells are separated by {mark!r}, expected commas"
    near = difflib.get_close_matches(unknown, COLUMNS, n=1)
    return f"; did you mean {near[0]!r}?" if near else ""


def _line(
    number: int, header: list[str], fields: list[str], defaults: Mapping[str, str], seen: Counter[str]
) -> Line:
    if len(fields) != len(header):
        return Line(number, {}, f"has {len(fields)} fields, the header {len(header)}")
    stripped = {name: text.strip() for name, text in zip(header, fields, strict=True)}
    given = {**defaults, **{name: text for name, text in stripped.items() if text}}
    try:
        return Line(number, point_of(given, seen))
    except ValueError as problem:
        return Line(number, {}, str(problem))


def _figure(name: str, text: str) -> float:
    try:
        figure = float(text)
    except ValueError as failure:
        raise ValueError(f"{name} is {text[:60]!r}, which is no figure") from failure
    if not math.isfinite(figure):
        raise ValueError(f"{name} is {text[:60]!r}, which is no figure")
    return figure
