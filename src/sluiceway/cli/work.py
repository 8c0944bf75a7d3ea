"""`sluice status` and `sluice work`: what waits for whom, and what waits for me."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Annotated

import typer
from rich.console import Group, RenderableType
from rich.text import Text

from sluiceway.cli.options import AsJson, Server, connect
from sluiceway.cli.output import out, print_json, say
from sluiceway.cli.release_dates import minute
from sluiceway.cli.release_shown import on_whom, plain_table
from sluiceway.services.release_views import WaitingView

MAX_SHOWN = 500
Limit = Annotated[int, typer.Option(min=1, max=MAX_SHOWN, help="How many at most.")]


def status(
    *,
    service: Annotated[
        str | None, typer.Option("--service", help="Only of this service.", show_default=False)
    ] = None,
    limit: Limit = 200,
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Say what waits for whom, over all open releases and change requests, most urgent first."""
    found = connect(server).get("/api/waiting", list[WaitingView], service=service, limit=limit)
    if as_json:
        print_json(found, list[WaitingView])
    elif found:
        out().print(waiting(found, with_people=True))
    else:
        say("nothing waits for anybody")
    _say_rest(found, limit)


def work(*, limit: Limit = 200, server: Server = None, as_json: AsJson = False) -> None:
    """Say what waits for me, most urgent first; last what I may agree to ahead of time."""
    found = connect(server).get("/api/work", list[WaitingView], limit=limit)
    if as_json:
        print_json(found, list[WaitingView])
    elif found:
        out().print(waiting(found, with_people=False))
    else:
        say("nothing waits for you")
    _say_rest(found, limit)


def waiting(found: Sequence[WaitingView], *, with_people: bool) -> RenderableType:
    """Return what waits, under a heading per release and change request, in the order they come."""
    order = list(dict.fromkeys(one.subject for one in found))
    parts: list[RenderableType] = []
    for subject, group in groupby(
        sorted(found, key=lambda one: order.index(one.subject)), lambda one: one.subject
    ):
        waits = list(group)
        heading = Text(subject, style="bold")
        heading.append(f"  {waits[0].service} {waits[0].subject_title}", style="not bold")
        columns = ("what", "id", "due", "waits for", *(["on"] if with_people else []))
        table = plain_table(*columns)
        for one in waits:
            on = [Text(on_whom(one.who, one.roles))] if with_people else []
            text = Text(one.text, style="dim" if one.is_ahead else "")
            if one.is_ahead:
                text.append(" (ahead of time)")
            table.add_row(
                one.kind,
                Text(one.ref),
                Text(minute(one.due_at), style="red" if one.is_overdue else ""),
                text,
                *on,
            )
        parts += [heading, table, Text("")]
    return Group(*parts[:-1])


def _say_rest(found: Sequence[WaitingView], limit: int) -> None:
    if len(found) == limit:
        say(f"there may be more; --limit shows up to {MAX_SHOWN}")
