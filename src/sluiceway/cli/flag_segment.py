"""`sluice flags segment list|show|save|delete`: audiences with a name, which rules of flags use."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.text import Text

from sluiceway.cli.client import Client
from sluiceway.cli.flag_options import MaybeIn, Service, named, service_of, tell_changes
from sluiceway.cli.flag_words import constraint_of
from sluiceway.cli.options import AsJson, Reason, Server, connect
from sluiceway.cli.output import out, print_json, say
from sluiceway.cli.release_dates import minute
from sluiceway.cli.release_shown import plain_table
from sluiceway.domain.flags.wire_reading import segment_from_json
from sluiceway.domain.flags.wording import segment_words
from sluiceway.errors import NotFoundError
from sluiceway.services.flag_views import FlagChange, SegmentView

app = typer.Typer(help="Segments: audiences with a name, which rules of flags use.", no_args_is_help=True)
_Segment = Annotated[str, typer.Argument(metavar="SEGMENT", help="Its id, such as staff.")]


@app.command("list")
def list_segments(
    *, service: Service = None, environment: MaybeIn = None, server: Server = None, as_json: AsJson = False
) -> None:
    """List segments with the flags that use them."""
    client = connect(server)
    found = _segments(client, service_of(client, service), environment)
    if as_json:
        print_json(found, list[SegmentView])
        return
    if not found:
        say("no segments; make one with `sluice flags segment save SEGMENT --only 'plan in pro'`")
        return
    table = plain_table("segment", "where", "who", "used by")
    for one in found:
        table.add_row(Text(one.id), Text(one.environment), Text(_who(one)), Text(", ".join(one.used_by)))
    out().print(table)


@app.command("show")
def show(
    segment: _Segment,
    *,
    service: Service = None,
    environment: MaybeIn = None,
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Show who is in a segment, in each environment."""
    client = connect(server)
    of = service_of(client, service)
    found = [one for one in _segments(client, of, environment) if one.id == segment]
    if not found:
        where = f" in {environment}" if environment else ""
        raise NotFoundError(f"{of} has no segment {segment!r}{where}; `sluice flags segment list` shows them")
    if as_json:
        print_json(found, list[SegmentView])
        return
    console = out()
    for one in found:
        text = Text.assemble((one.environment, "bold cyan"), f"  {one.title or one.id}: {_who(one)}")
        text.append(f"\n  version {one.version}, {minute(one.changed_at)} by {one.changed_by}", style="dim")
        text.append(f"\n  used by {', '.join(one.used_by) or 'no flag'}")
        console.print(text, soft_wrap=True)


@app.command("save")
def save(
    segment: _Segment,
    *,
    only: Annotated[
        list[str] | None,
        typer.Option(
            "--only",
            help="Whom it fits: 'country in DE, FR', 'not plan in free'. Repeated, all must fit.",
            show_default=False,
        ),
    ] = None,
    included: Annotated[
        list[str] | None,
        typer.Option(
            "--include", help="A targeting key that always belongs. May be repeated.", show_default=False
        ),
    ] = None,
    excluded: Annotated[
        list[str] | None,
        typer.Option(
            "--exclude", help="A targeting key that never belongs. May be repeated.", show_default=False
        ),
    ] = None,
    title: Annotated[str, typer.Option("--title", help="What people call it.")] = "",
    service: Service = None,
    environment: MaybeIn = None,
    reason: Reason = "",
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Make a segment, or put a new one in its place: the options are all that it says."""
    client = connect(server)
    document = {
        "title": title,
        "constraints": [constraint_of(one) for one in only or []],
        "included": included or [],
        "excluded": excluded or [],
    }
    body = {"segment": document, "environment": environment or "", "reason": reason}
    path = f"{_path(service_of(client, service))}/{named(segment, 'segment')}"
    tell_changes(client.put(path, list[FlagChange], body), as_json=as_json)


@app.command("delete")
def delete(
    segment: _Segment,
    *,
    service: Service = None,
    environment: MaybeIn = None,
    reason: Reason = "",
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Take away a segment that no flag uses."""
    client = connect(server)
    path = f"{_path(service_of(client, service))}/{named(segment, 'segment')}/delete"
    body = {"environment": environment or "", "reason": reason}
    tell_changes(client.post(path, list[FlagChange], body), as_json=as_json)


def _segments(client: Client, service: str, environment: str | None) -> list[SegmentView]:
    return client.get(_path(service), list[SegmentView], environment=environment)


def _path(service: str) -> str:
    return f"/api/flag-segments/{named(service, 'service')}"


def _who(one: SegmentView) -> str:
    return segment_words(segment_from_json(one.document, is_strict=False))
