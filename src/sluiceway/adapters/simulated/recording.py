"""Recorded metrics: the CSV file of a rehearsal, checked line by line, and the world that it tells.

Format: docs/how-to/rehearse-a-plan.md. A row says what one version counted since its row before; what is
missing stays missing, nothing is filled in.
"""

from __future__ import annotations

import csv
import difflib
import io
import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import pairwise
from statistics import median_low

from sluiceway.adapters.simulated.served import Own, Served
from sluiceway.errors import InvalidInputError

NEW, STABLE = "new", "stable"
_PAIR = ("requests", "errors")
_MAX_PROBLEMS = 20
_MOST = 1e15  # of a count: whole numbers are exact up to here, in sums as well
_MAX_ROWS = 2_000_000
MAX_BYTES = 100_000_000
LONGEST_ROW_S = 60.0  # the comparison is made for intervals of up to a minute
_BOUND = re.compile(r"le_(\d+(?:\.\d+)?|inf)")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*(?:\.(?:bad|count))?")


@dataclass(frozen=True, slots=True)
class Row:
    """One line: what `version` (and, where told apart, its `instance`) counted up to `at_s`."""

    at_s: float
    version: str
    served: Served
    crashes: int = 0
    instance: str = ""


@dataclass(frozen=True, slots=True)
class Recording:
    """A checked file. Times are seconds since one row's length before the first row, or `start` where the
    file has dates."""

    rows: tuple[Row, ...]
    spacing_s: float
    bounds_ms: tuple[float, ...] = ()
    start: datetime | None = None
    notes: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()

    @property
    def ends_s(self) -> float:
        return self.rows[-1].at_s


@dataclass(slots=True)
class _Reader:
    """Collects rows and problems of one file."""

    name: str
    versions: Mapping[str, str]  # as written in the file, to new or stable
    problems: list[str] = field(default_factory=list[str])
    dated: bool | None = None
    last: dict[tuple[str, str], float] = field(default_factory=dict[tuple[str, str], float])

    def problem(self, line: int, words: str) -> None:
        self.problems.append(f"{self.name}:{line}: {words}")


def read_recording(text: str, name: str, *, new: str, stable: str) -> Recording:
    """Return the recording in a CSV text; `new` and `stable` are how its versions may be called as well.

    Raises InvalidInputError that names every line that is wrong (the first 20 of them).
    """
    reader = _Reader(name, {new: NEW, stable: STABLE, NEW: NEW, STABLE: STABLE})
    lines = _lines(text, reader)
    _, first = next(lines, (1, list[str]()))
    header = [cell.strip() for cell in first]
    bounds = _check_header(header, reader)
    rows: list[Row] = []
    if not reader.problems:
        for line, cells in lines:
            if any(cell.strip() for cell in cells):
                row = _row(header, bounds, cells, line, reader)
                if row is not None:
                    rows.append(row)
            if len(rows) > _MAX_ROWS or len(reader.problems) > _MAX_PROBLEMS:
                break
        if len(rows) > _MAX_ROWS:
            reader.problem(len(rows), f"more than {_MAX_ROWS} rows; record longer steps")
        if not reader.problems:
            reader.problems += [
                f"{name}: has no row of the {side} version ({_names(reader, side)})"
                for side in (NEW, STABLE)
                if not any(row.version == side for row in rows)
            ]
    if reader.problems:
        shown = reader.problems[:_MAX_PROBLEMS]
        more = ["... and more; mend these first"] if len(reader.problems) > _MAX_PROBLEMS else []
        raise InvalidInputError("the recording can't be used:\n" + "\n".join([*shown, *more]))
    return replace(_finished(rows, bounds, dated=bool(reader.dated)), columns=tuple(header))


def _lines(text: str, reader: _Reader) -> Iterator[tuple[int, list[str]]]:
    """Yield each line that is not blank, with the number of the line on which it begins."""
    lines = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    ended = 0
    while True:
        begins = ended + 1
        try:
            cells = next(lines)
        except StopIteration:
            return
        except csv.Error as failure:
            # A quote that is never closed takes the rest of the file with it: what follows can't be trusted.
            reader.problem(begins, f"is not CSV ({failure}); it and all lines after it were not read")
            return
        ended = lines.line_num
        if cells:
            yield begins, cells


def _names(reader: _Reader, side: str) -> str:
    return " or ".join(repr(name) for name, meant in reader.versions.items() if meant == side)


def _check_header(header: list[str], reader: _Reader) -> tuple[float, ...]:
    """Return the upper bounds of the `le_` columns, ascending and closed by infinity."""
    missing = [needed for needed in ("at", "version") if needed not in header]
    if missing:
        found = ",".join(header)[:200] or "nothing"
        reader.problem(
            1, "the first line must name the columns, 'at' and 'version' among them; "
            f"found {found}{_hint(header, missing)}",
        )  # fmt: skip
        return ()
    for column in sorted({column for column in header if header.count(column) > 1}):
        reader.problem(1, f"column {column!r} is there twice")
    for number, column in enumerate(header, start=1):
        if not column:
            reader.problem(1, f"column {number} has no name")
        elif not _BOUND.fullmatch(column) and not _NAME.fullmatch(column):
            reader.problem(1, f"{column!r} can't name a metric; use letters, digits and _")
        stem, _, part = column.partition(".")
        other = {"bad": "count", "count": "bad"}.get(part)
        if other and f"{stem}.{other}" not in header:
            reader.problem(1, f"column {column!r} needs {stem + '.' + other!r} beside it")
    for column, other in _PAIR, _PAIR[::-1]:
        if column in header and other not in header:
            reader.problem(1, f"column {column!r} needs {other!r} beside it{_hint(header, [other])}")
    matches = [_BOUND.fullmatch(column) for column in header]
    bounds = sorted(float(found[1]) for found in matches if found)
    if bounds and "requests" not in header:
        reader.problem(1, "columns 'le_...' need 'requests' beside them")
    return (*(bound for bound in bounds if math.isfinite(bound)), math.inf) if bounds else ()


def _hint(header: list[str], missing: list[str]) -> str:
    """Return what a person probably meant by the columns that are there."""
    if len(header) == 1 and (mark := next((mark for mark in ";\t|" if mark in header[0]), "")):
        return f"; cells are separated by {mark!r}, expected commas"
    others = {column.lower(): column for column in header if column not in missing}
    near = {name: difflib.get_close_matches(name, others, n=1, cutoff=0.75) for name in missing}
    meant = [f"{name!r} where it says {others[found[0]]!r}" for name, found in near.items() if found]
    return f"; did you mean {' and '.join(meant)}?" if meant else ""


def _row(
    header: list[str], bounds: tuple[float, ...], cells: list[str], line: int, reader: _Reader
) -> Row | None:
    before = len(reader.problems)
    if len(cells) != len(header):
        reader.problem(line, f"has {len(cells)} cells, expected {len(header)}: {','.join(header)}")
        return None
    named = {column: cell.strip() for column, cell in zip(header, cells, strict=True)}
    at_s = _instant(named.pop("at"), line, reader)
    written, instance = named.pop("version"), named.pop("instance", "")
    version = reader.versions.get(written)
    if version is None:
        known = ", ".join(reader.versions)
        reader.problem(
            line, f"version is {written!r}, expected one of: {known}; name the file's versions with --to and"
            " --from",
        )  # fmt: skip
    numbers = {
        column: number
        for column, cell in named.items()
        if cell and (number := _number(column, cell, line, reader)) is not None
    }
    if all(column in numbers for column, cell in named.items() if cell):
        _check_numbers(numbers, bounds, line, reader)
    if at_s is not None and version is not None:
        last = reader.last.get((version, instance))
        if last is not None and at_s <= last:
            reader.problem(
                line, f"at is {cells[header.index('at')]!r}, not after the row of {written} before"
            )
        reader.last[version, instance] = at_s
    if len(reader.problems) > before or at_s is None or version is None:
        return None
    return Row(at_s, version, _served(numbers, bounds), round(numbers.get("crashes", 0.0)), instance)


def _instant(cell: str, line: int, reader: _Reader) -> float | None:
    try:
        at_s, dated = float(cell), False
    except ValueError:
        try:
            moment = datetime.fromisoformat(cell)
        except ValueError:
            reader.problem(line, f"at is {cell!r}, expected seconds or a date such as 2026-03-01T12:00:00Z")
            return None
        if moment.tzinfo is None:
            reader.problem(line, f"at is {cell!r} without a time zone; add Z or an offset such as +02:00")
            return None
        at_s, dated = moment.timestamp(), True
    if not math.isfinite(at_s):
        reader.problem(line, f"at is {cell!r}, expected a finite number of seconds")
        return None
    if reader.dated is not None and reader.dated is not dated:
        reader.problem(line, f"at is {cell!r}; use seconds or dates, not both in one file")
        return None
    reader.dated = dated
    return at_s


def _number(column: str, cell: str, line: int, reader: _Reader) -> float | None:
    try:
        number = float(cell)
    except ValueError:
        number = math.nan
    is_count = column in {"requests", "errors", "crashes"} or "." in column or column.startswith("le_")
    if not abs(number) <= _MOST or (is_count and number < 0):
        kind = "a count of 0 or more" if is_count else "a number"
        most = f" up to {_MOST:g}" if abs(number) > _MOST else ""
        reader.problem(
            line, f"{column} is {cell[:60]!r}, expected {kind}{most}, or an empty cell where there is no data"
        )
        return None
    return number


def _check_numbers(
    numbers: Mapping[str, float], bounds: tuple[float, ...], line: int, reader: _Reader
) -> None:
    stems = {name.partition(".")[0]: None for name in numbers if "." in name}
    pairs = [("errors", "requests"), *((f"{stem}.bad", f"{stem}.count") for stem in stems)]
    for bad, every in pairs:
        if (bad in numbers) != (every in numbers):
            told, empty = (bad, every) if bad in numbers else (every, bad)
            reader.problem(
                line, f"{told} is {numbers[told]:g} but {empty} is empty; tell both, or none of them"
            )
        if bad in numbers and every in numbers and numbers[bad] > numbers[every]:
            reader.problem(line, f"{bad} is {numbers[bad]:g}, more than {every} ({numbers[every]:g})")
    counts = [(f"le_{bound:g}", numbers.get(f"le_{bound:g}")) for bound in bounds[:-1]]
    counts.append(("requests", numbers.get("requests")))
    known = [(column, count) for column, count in counts if count is not None] if bounds else []
    for (low, fewer), (high, more) in pairwise(known):
        if fewer > more:
            reader.problem(line, f"{low} is {fewer:g}, more than {high} ({more:g}); le_ columns add up")


def _served(numbers: Mapping[str, float], bounds: tuple[float, ...]) -> Served:
    requests = numbers.get("requests", 0.0)
    at_most = [numbers.get(f"le_{bound:g}") for bound in bounds[:-1]]
    answers: tuple[float, ...] = ()
    known = [count for count in at_most if count is not None]
    if bounds and len(known) == len(at_most):
        sums = [*known, requests]
        answers = tuple(after - before for before, after in zip([0.0, *sums], sums, strict=False))
    own: dict[str, Own] = {}
    for column, number in numbers.items():
        stem, _, part = column.partition(".")
        if part == "count":
            bad = numbers.get(f"{stem}.bad", 0.0)
            own[stem] = Own(number, bad, bad, bad)
        elif not part and column not in {"requests", "errors", "crashes"} and not _BOUND.fullmatch(column):
            own[column] = Own(1.0, number, number * number)
    return Served(requests, numbers.get("errors", 0.0), answers, own)


def _finished(rows: list[Row], bounds: tuple[float, ...], *, dated: bool) -> Recording:
    rows.sort(key=lambda row: row.at_s)
    times = sorted({row.at_s for row in rows})
    steps = [later - sooner for sooner, later in pairwise(times)]
    spacing = median_low(steps) if steps else 60.0
    zero = times[0] - spacing
    gaps = [step for step in steps if step > 1.5 * spacing]
    count, lasted_s = len(gaps), sum(gaps)
    plural = "s" if count > 1 else ""
    notes = (f"the recording has {count} gap{plural} ({lasted_s:.0f} s): no data there",) if gaps else ()
    parts = max(1, math.ceil(spacing / LONGEST_ROW_S))
    spread = [part for row in rows for part in _spread(replace(row, at_s=row.at_s - zero), parts, spacing)]
    spread.sort(key=lambda row: row.at_s)
    return Recording(
        tuple(spread),
        spacing / parts,
        bounds,
        datetime.fromtimestamp(zero, UTC) if dated else None,
        notes,
    )


def _spread(row: Row, parts: int, spacing_s: float) -> list[Row]:
    """Return a row longer than a minute as that many shorter ones, its counts spread evenly over its time."""
    if parts == 1:
        return [row]

    def part_of(number: int, count: float) -> float:
        return math.floor(count * (number + 1) / parts) - math.floor(count * number / parts)

    served = row.served
    return [
        replace(
            row,
            at_s=row.at_s - spacing_s * (parts - 1 - number) / parts,
            served=Served(
                part_of(number, served.requests),
                part_of(number, served.errors),
                tuple(part_of(number, count) for count in served.answers),
                {name: _part_of_own(own, number, part_of, parts) for name, own in served.own.items()},
            ),
            crashes=int(part_of(number, row.crashes)),
        )
        for number in range(parts)
    ]


def _part_of_own(own: Own, number: int, part_of: Callable[[int, float], float], parts: int) -> Own:
    if own.bad is None:  # a value: the same all the time
        return Own(own.count / parts, own.total / parts, own.squares / parts)
    bad = part_of(number, own.bad)
    return Own(part_of(number, own.count), bad, bad, bad)
