"""`sluice push`: figures that no proxy knows, one at a time or from a CSV file."""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, TextIO

import typer
import uuid_utils

from sluiceway.cli.client import Client
from sluiceway.cli.credentials import TOKEN_VARIABLE, checked_token
from sluiceway.cli.files import what_bytes_are
from sluiceway.cli.options import AsJson, Server, connect
from sluiceway.cli.output import print_json, say
from sluiceway.cli.points_csv import Line, point_of, read_lines
from sluiceway.domain.points.model import Fate
from sluiceway.errors import (
    ConflictError,
    ForbiddenError,
    InvalidInputError,
    NotServedError,
    StoreError,
    UnauthorisedError,
)
from sluiceway.services.points import PointView
from sluiceway.services.views import RolloutSummary

_MOST_POINTS = 500  # in one request
_MOST_BYTES = 500_000
_MAX_TOKEN_BYTES = 4_096


@dataclass(frozen=True, slots=True)
class LineView:
    """A line of which there is something to say; `line` is 0 for a figure from the command line."""

    line: int
    id: str
    fate: str
    reason: str


@dataclass(frozen=True, slots=True)
class PushView:
    """How many points became what, and the lines that were not just stored."""

    fates: dict[str, int]
    lines: tuple[LineView, ...]


def push(
    file: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="A CSV file with a header; `-` is stdin.")
    ] = None,
    *,
    service: Annotated[
        str, typer.Option("--service", help="The service; may be left out while there is only one.")
    ] = "",
    metric: Annotated[str, typer.Option("--metric", help="The metric, where a line names none.")] = "",
    version: Annotated[str, typer.Option("--version", help="The version, where a line names none.")] = "",
    rollout: Annotated[
        str, typer.Option("--rollout", help="A rollout, for figures of its release as a whole.")
    ] = "",
    value: Annotated[str, typer.Option("--value", help="A gauge, or one rating.")] = "",
    count: Annotated[str, typer.Option("--count", help="How many there were.")] = "",
    bad: Annotated[str, typer.Option("--bad", help="How many of the count went badly.")] = "",
    good: Annotated[str, typer.Option("--good", help="How many of the count went well.")] = "",
    total: Annotated[str, typer.Option("--total", help="What the count's values add up to.")] = "",
    squares: Annotated[str, typer.Option("--squares", help="What their squares add up to.")] = "",
    at: Annotated[str, typer.Option("--at", help="When, as 2026-03-01T12:00:00Z; else now.")] = "",
    point_id: Annotated[str, typer.Option("--id", help="Its own id: sent again, it counts once.")] = "",
    token_file: Annotated[
        Path | None,
        typer.Option(
            "--token-file", help=f"Holds the token; else {TOKEN_VARIABLE} does.", show_default=False
        ),
    ] = None,
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Push figures that no proxy knows: satisfaction, orders, payments, tickets.

    Exit 2 when any was refused, 5 when any was sent before with other content; the rest is kept all the same.
    """
    about = {"service": service, "metric": metric, "version": version, "rollout": rollout}
    figures = {
        "value": value, "count": count, "bad": bad, "good": good, "total": total, "squares": squares,
        "at": at, "id": point_id,
    }  # fmt: skip
    if file is not None and any(figures.values()):
        named = next(name for name, text in figures.items() if text)
        raise InvalidInputError(
            f"--{named} goes with a single figure, not with a file, whose lines have their own"
        )
    token = _token(token_file)
    client = connect(server)
    if not service and not rollout:
        about["service"] = _only_service(client)
    if file is None:
        lines: Iterable[Line] = [_single({**about, **figures})]
        _report(_sent(client, token, lines), "", as_json=as_json)
    else:
        with _opened(file) as text:
            _report(_sent(client, token, read_lines(text, about)), str(file), as_json=as_json)


def _only_service(client: Client) -> str:
    """Return the service that all recent rollouts are of, "" when there are several or none to be seen.

    A token that may only push sees none.
    """
    try:
        services = {item.service for item in client.get("/api/rollouts", list[RolloutSummary], limit=100)}
    except (ForbiddenError, UnauthorisedError):
        return ""
    return services.pop() if len(services) == 1 else ""


def _single(given: dict[str, str]) -> Line:
    """Return the point of the command line. With a moment of its own it counts once however often sent."""
    if not given["metric"]:
        raise InvalidInputError("name a CSV file, or a figure with --metric, --version and --value")
    if not (given["id"] or given["at"]):
        given = {**given, "id": str(uuid_utils.uuid7())}
    try:
        return Line(0, point_of(given, Counter()))
    except ValueError as problem:
        raise InvalidInputError(f"--{problem}") from problem


def _sent(client: Client, token: str, lines: Iterable[Line]) -> Iterator[LineView]:
    """Send the lines in batches and yield what became of each, in order."""
    sent = 0
    for batch in _batches(lines):
        points = [line.point for line in batch if not line.problem]
        try:
            answers = iter(client.push(points, token) if points else [])
        except (NotServedError, StoreError) as failure:
            if not sent:
                raise
            raise type(failure)(
                f"{failure}; what stands before line {batch[0].number} was sent: push the whole file again, "
                "what was kept already counts once"
            ) from failure
        for line in batch:
            yield _line_view(line, None if line.problem else next(answers))
        sent += len(batch)


def _batches(lines: Iterable[Line]) -> Iterator[list[Line]]:
    batch: list[Line] = []
    size = 0
    for line in lines:
        length = len(json.dumps(dict(line.point)))
        if batch and (len(batch) >= _MOST_POINTS or size + length > _MOST_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(line)
        size += length
    if batch:
        yield batch


def _line_view(line: Line, answer: PointView | None) -> LineView:
    if answer is None:
        return LineView(line.number, "", Fate.REFUSED, line.problem)
    return LineView(line.number, answer.id, answer.fate, answer.reason)


def _report(views: Iterable[LineView], file: str, *, as_json: bool) -> None:
    """Say what became of the lines. Raises InvalidInputError or ConflictError when some were not taken."""
    fates: Counter[str] = Counter()
    worth_saying: list[LineView] = []
    said: Counter[str] = Counter()
    for view in views:
        fates[view.fate] += 1
        if view.fate == Fate.STORED and not view.reason:
            continue
        worth_saying.append(view)
        is_taken = view.fate not in {Fate.REFUSED, Fate.CONFLICT}
        if is_taken:
            said[view.reason] += 1
        if not as_json and view.reason and not (is_taken and said[view.reason] > 1):
            place = f"{file}:{view.line}: " if file else ""
            say(f"{place}{view.fate}: {view.reason}")
    if as_json:
        print_json(PushView(dict(fates), tuple(worth_saying)), PushView)
    else:
        typer.echo(", ".join(f"{fates[fate]} {fate}" for fate in Fate if fates[fate]) or "nothing to push")
        for reason, times in said.items():
            if times > 1 and reason:
                say(f"the same holds for {times - 1} more: {reason}")
    not_taken = fates[Fate.REFUSED] + fates[Fate.CONFLICT]
    if not_taken:
        error = InvalidInputError if fates[Fate.REFUSED] else ConflictError
        raise error(
            f"{not_taken} of {sum(fates.values())} were not taken; the rest counts, also when sent again"
        )


@contextmanager
def _opened(file: Path) -> Generator[TextIO]:
    """Open a file or stdin. Raises InvalidInputError when it can't be read as UTF-8 text."""
    try:
        if file.name == "-":
            yield sys.stdin
            return
        with file.open(encoding="utf-8", newline="") as text:
            yield text
    except UnicodeDecodeError as failure:
        raise InvalidInputError(
            f"{file} is {what_bytes_are(failure)}; what stands before that may have been sent: mend "
            "it and push the whole file again, what was kept already counts once"
        ) from failure
    except OSError as failure:
        raise InvalidInputError(f"{file} can't be read ({failure.strerror})") from failure


def _token(file: Path | None) -> str:
    """Return the sender's token. Its text is in no message. Raises UnauthorisedError without any."""
    if file is None:
        token = os.environ.get(TOKEN_VARIABLE, "").strip()
        place = TOKEN_VARIABLE
    else:
        token, place = _read_token(file), str(file)
    if not token:
        raise UnauthorisedError(f"{place} holds no token; `sluice token create NAME` makes one")
    return checked_token(token, place)


def _read_token(file: Path) -> str:
    try:
        with file.open("rb") as source:
            token = source.read(_MAX_TOKEN_BYTES).decode("ascii", "replace").strip()
            others_may_read = os.fstat(source.fileno()).st_mode & 0o077
    except OSError as failure:
        raise InvalidInputError(f"{file} can't be read ({failure.strerror})") from failure
    if others_may_read:
        say(f"{file} can be read by others on this machine; `chmod 600 {file}` keeps the token yours")
    return token
