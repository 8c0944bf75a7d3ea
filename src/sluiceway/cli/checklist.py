"""`sluice checklist show|done|reopen|set-aside|run`: what must be done around a release, what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer
from rich.console import Group, RenderableType
from rich.text import Text

from sluiceway.cli.client import Client
from sluiceway.cli.options import AsJson, Server, connect
from sluiceway.cli.output import out, print_json, say, tell
from sluiceway.cli.release_dates import minute
from sluiceway.cli.release_options import (
    LookedAtRelease,
    Needed,
    Note,
    ReleaseArg,
    pick_release,
    release_path,
)
from sluiceway.cli.release_shown import plain_table, state_line
from sluiceway.config.tree import nearest
from sluiceway.domain.releases.model import ItemState
from sluiceway.errors import InvalidInputError, NotFoundError
from sluiceway.services.release_views import ChecklistView, ItemView, ReleaseView

_STYLES = {"done": "green", "failed": "bold red", "set-aside": "yellow"}
_OUTPUT_LINES = 5  # of what a failed command printed; `show --json` has it all

app = typer.Typer(help="Checklists: what must be done around a release.", no_args_is_help=True)

ItemsArg = Annotated[
    list[str], typer.Argument(metavar="ITEM...", help="CHECKLIST/ITEM, or ITEM where only one has that id.")
]


@app.command("show")
def show(
    release: LookedAtRelease = None,
    *,
    only: Annotated[
        str | None, typer.Option("--only", metavar="CHECKLIST", help="Only this one.", show_default=False)
    ] = None,
    is_open: Annotated[bool, typer.Option("--open", help="Only items that are not settled.")] = False,
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Show a release's checklists: what is due when, who does it, what became of it."""
    client = connect(server)
    view = client.get(release_path(pick_release(client, release)), ReleaseView)
    found = [one for one in view.checklists if only in {None, one.id}]
    if only is not None and not found:
        names = [one.id for one in view.checklists]
        raise NotFoundError(
            f"{view.summary.id} has no checklist {only!r}{nearest(only, names)}; it has: {', '.join(names)}"
        )
    if as_json:
        print_json(found, list[ChecklistView])
    elif found:
        out().print(checklists(found, is_open=is_open))
    else:
        say(f"the process has no checklists for {view.summary.id}")


@app.command("done")
def done(
    release: ReleaseArg,
    items: ItemsArg,
    *,
    note: Note = "",
    link: Annotated[str, typer.Option("--link", help="Where the evidence is.")] = "",
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Say that items are done."""
    said = {"state": ItemState.DONE.value, "note": note, "link": link}
    _send(connect(server), release, items, "check", said, as_json=as_json)


@app.command("reopen")
def reopen(
    release: ReleaseArg, items: ItemsArg, *, note: Note = "", server: Server = None, as_json: AsJson = False
) -> None:
    """Open items again; one that answers by itself is run again."""
    said = {"state": ItemState.OPEN.value, "note": note}
    _send(connect(server), release, items, "check", said, as_json=as_json)


@app.command("set-aside")
def set_aside(
    release: ReleaseArg, items: ItemsArg, *, reason: Needed, server: Server = None, as_json: AsJson = False
) -> None:
    """Say that items don't apply to this release, and why."""
    said = {"state": ItemState.SET_ASIDE.value, "note": reason}
    _send(connect(server), release, items, "check", said, as_json=as_json)


@app.command("run")
def run(release: ReleaseArg, items: ItemsArg, *, server: Server = None, as_json: AsJson = False) -> None:
    """Have items that answer by themselves answered now: also before they are due, also again."""
    _send(connect(server), release, items, "run-item", {}, as_json=as_json)


def checklists(found: Sequence[ChecklistView], *, is_open: bool) -> RenderableType:
    """Return checklists, a table each; `is_open` leaves out what is settled."""
    parts: list[RenderableType] = []
    for one in found:
        items = [item for item in one.items if not is_open or item.state in {"open", "failed"}]
        if not items:
            continue
        heading = Text(one.title, style="bold cyan")
        heading.append(f"  {one.done_count} of {len(one.items)} done", style="not bold")
        table = plain_table("item", "state", "due", "who", "what")
        for item in items:
            table.add_row(
                Text(f"{item.checklist}/{item.id}"),
                _state(item),
                Text(minute(item.due_at), style="red" if item.is_overdue else ""),
                Text(item.by or item.owner, style="" if item.by else "dim"),
                _what(item),
            )
        parts += [heading, table, Text("")]
    return Group(*parts[:-1]) if parts else Text("nothing is open")


def _state(item: ItemView) -> Text:
    if item.is_running:
        return Text("running", style="cyan")
    late = " (late)" if item.is_overdue else ""
    return Text(f"{item.state}{late}", style="red" if item.is_overdue else _STYLES.get(item.state, ""))


def _what(item: ItemView) -> Text:
    text = Text(f"{'  ' if item.parent else ''}{item.text}")
    details = [item.when, "" if item.is_required else "not required"]
    details += ["" if item.kind == "manual" else f"answers by itself ({item.kind})"]
    text.append("".join(f" [{detail}]" for detail in details if detail), style="dim")
    if item.note:
        text.append(f"\n{item.note}", style="italic")
    if item.link:
        text.append(f"\n{item.link}", style="blue")
    if item.output and item.state == "failed":
        text.append("\n" + "\n".join(item.output.rstrip().splitlines()[-_OUTPUT_LINES:]), style="dim")
    return text


def _send(
    client: Client,
    release: str,
    items: Sequence[str],
    act: str,
    said: dict[str, str],
    *,
    as_json: bool,
) -> None:
    """Say the same of each item, one after another; the first refusal ends it, what was said before stays."""
    view = client.get(release_path(release), ReleaseView)
    meant = [_meant(view, given) for given in items]
    for item in meant:
        body = {"checklist": item.checklist, "item": item.id, **said}
        view = client.post(release_path(release, act), ReleaseView, body)
        if not as_json:
            now = _meant(view, f"{item.checklist}/{item.id}")
            note = f" ({now.note})" if now.note and not now.is_running else ""
            tell(f"{item.checklist}/{item.id}: {'is being answered' if now.is_running else now.state}{note}")
    if as_json:
        print_json(view, ReleaseView)
    else:
        say(state_line(view))


def _meant(view: ReleaseView, given: str) -> ItemView:
    """Return the item meant.

    Raises NotFoundError with the nearest name, InvalidInputError when several lists have one of this id.
    """
    items = [item for one in view.checklists for item in one.items]
    found = [item for item in items if given in {item.id, f"{item.checklist}/{item.id}"}]
    if not found:
        names = [f"{item.checklist}/{item.id}" for item in items]
        raise NotFoundError(
            f"{view.summary.id} has no item {given!r}{nearest(given, names)}; "
            f"`sluice checklist show {view.summary.id}` lists them"
        )
    if len(found) > 1:
        names = [f"{item.checklist}/{item.id}" for item in found]
        raise InvalidInputError(f"{len(found)} items have the id {given!r}, name one of: {', '.join(names)}")
    return found[0]
