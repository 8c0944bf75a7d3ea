"""`sluice flags history|undo`: what was done to a flag, and taking one change back."""

from __future__ import annotations

from typing import Annotated

import typer

from sluiceway.cli.flag_options import FlagArg, MaybeIn, Service, flag_path, named, service_of, tell_changes
from sluiceway.cli.flag_shown import history_text
from sluiceway.cli.options import AsJson, Reason, Server, connect
from sluiceway.cli.output import out, print_json, say
from sluiceway.errors import NotFoundError
from sluiceway.services.flag_views import FlagChange, FlagVersionView

PAGE = 200


def register(app: typer.Typer) -> None:
    """Add these commands to the `flags` family."""
    app.command("history")(history)
    app.command("undo")(undo)


def history(
    flag: FlagArg,
    *,
    service: Service = None,
    environment: MaybeIn = None,
    limit: Annotated[int, typer.Option(min=1, max=PAGE, help="How many at most.")] = 50,
    before: Annotated[
        int | None, typer.Option("--before", help="Continue below this number.", show_default=False)
    ] = None,
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Show what was done to a flag, newest first: when, where, who, what, why."""
    client = connect(server)
    path = flag_path(service_of(client, service), flag, "history")
    found = client.get(path, list[FlagVersionView], environment=environment, limit=limit, before=before)
    if as_json:
        print_json(found, list[FlagVersionView])
        return
    console = out()
    for one in found:
        console.print(history_text(one), soft_wrap=True)
    if not found:
        say(f"nothing was ever done to {flag}; `sluice flags list` shows what there is")
    if len(found) == limit:
        say(f"there may be more: --before {found[-1].id}")


def undo(
    flag: FlagArg,
    change: Annotated[int, typer.Argument(metavar="CHANGE", help="Its number in `history`.")],
    *,
    service: Service = None,
    reason: Reason = "",
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Make a flag what it was before a change, where nothing has changed it since."""
    client = connect(server)
    of = service_of(client, service)
    path = flag_path(of, flag, "history")
    found = client.get(path, list[FlagVersionView], limit=1, before=change + 1)
    if not found or found[0].id != change:
        raise NotFoundError(f"{change} is no change of {flag}; `sluice flags history {flag}` shows them")
    undone = client.post(
        f"/api/flag-changes/{named(of, 'service')}/{change}/undo", FlagChange, {"reason": reason}
    )
    tell_changes([undone], as_json=as_json)
