"""Arguments that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sluiceway.cli.client import SERVER_VARIABLE, Client, server_address
from sluiceway.errors import InvalidInputError, NotFoundError
from sluiceway.services.views import RolloutSummary

AsJson = Annotated[bool, typer.Option("--json", help="Write JSON to stdout, for programs.")]
Server = Annotated[
    str | None,
    typer.Option(
        "--server",
        help=f"Address of `sluice serve`; else {SERVER_VARIABLE}, else what .sluice/server.json says.",
        show_default=False,
    ),
]
LookedAt = Annotated[
    str | None,
    typer.Argument(
        metavar="[ROLLOUT]",
        help="Id or a unique part of it; else the only active rollout, or the newest when none is.",
        show_default=False,
    ),
]
RolloutArg = Annotated[
    str | None,
    typer.Argument(
        metavar="[ROLLOUT]",
        help="Id or a unique part of it; may be left out while exactly one rollout is active.",
        show_default=False,
    ),
]
Named = Annotated[
    str,
    typer.Option(
        "--rollout",
        help="Which of the process's named rollouts; else its default one.",
        metavar="NAME",
        show_default=False,
    ),
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")]
Reason = Annotated[str, typer.Option("--reason", "-m", help="Why; kept in the audit trail.")]


def connect(server: str | None) -> Client:
    """Return a client of the server meant. Raises NotServedError when none is known."""
    return Client(server_address(server, Path.cwd()))


def pick_rollout(client: Client, given: str | None, *, or_newest: bool = False) -> str:
    """Return the rollout meant: the given one, else the only active one, else (to look at) the newest.

    Raises NotFoundError when there is none, InvalidInputError naming them when several are active.
    """
    if given:
        if "/" in given or "?" in given or "#" in given:
            raise NotFoundError(f"{given!r} is no rollout id; `sluice rollout list` shows them")
        return given
    found = client.get("/api/rollouts", list[RolloutSummary], active=True, limit=20)
    if not found and or_newest:
        found = client.get("/api/rollouts", list[RolloutSummary], limit=1)
    if not found:
        raise NotFoundError("no rollout is active; name one: `sluice rollout list` shows them all")
    if len(found) > 1:
        known = ", ".join(f"{item.id} ({item.service} to {item.new})" for item in found)
        raise InvalidInputError(f"{len(found)} rollouts are active, name one of: {known}")
    return found[0].id
