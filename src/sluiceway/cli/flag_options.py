"""Arguments that commands about flags share, whose flags are meant, and what is told of a change."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated
from urllib.parse import quote

import typer

from sluiceway.cli.client import Client
from sluiceway.cli.output import print_json, tell
from sluiceway.errors import InvalidInputError, NotFoundError
from sluiceway.services.flag_views import FlagChange, FlagServiceView, FlagView, Outcome

SERVICE_VARIABLE = "SLUICE_SERVICE"

FlagArg = Annotated[str, typer.Argument(metavar="FLAG", help="Its id, such as new-checkout.")]
Service = Annotated[
    str | None,
    typer.Option(
        "--service",
        help=f"Whose flags; else {SERVICE_VARIABLE}, else the only service there is.",
        envvar=SERVICE_VARIABLE,
        show_envvar=False,
        show_default=False,
    ),
]
In = Annotated[str, typer.Option("--environment", "-e", help="Where, such as production.")]
MaybeIn = Annotated[
    str | None,
    typer.Option("--environment", "-e", help="Where; else in every environment.", show_default=False),
]
FlagsFile = Annotated[
    Path, typer.Option("--file", "-f", help="A file of flags, YAML or JSON; - is stdin.", show_default=False)
]


def service_of(client: Client, given: str | None) -> str:
    """Return whose flags are meant: those of the service given, else of the only one.

    Raises NotFoundError when there is none, InvalidInputError naming them when there are several.
    """
    if given:
        return given
    found = [one.service for one in client.get("/api/flag-services", list[FlagServiceView])]
    if not found:
        raise NotFoundError("no service has flags or a process yet; name one with --service")
    if len(found) > 1:
        raise InvalidInputError(
            f"{len(found)} services have flags or a process, name one with --service: {', '.join(found)}"
        )
    return found[0]


def named(text: str, what: str) -> str:
    """Return a name as a part of a route. Raises NotFoundError for what can't be one."""
    name = text.strip()
    if name in {"", ".", ".."} or any(character in name for character in "/?#"):
        raise NotFoundError(f"{text!r} is no {what}; `sluice flags list` shows what there is")
    return quote(name, safe="")


def flags_path(service: str) -> str:
    """Return the route of a service's flags."""
    return f"/api/flags/{named(service, 'service')}"


def flag_path(service: str, flag: str, act: str = "") -> str:
    """Return the route of a flag, or of an act on it."""
    path = f"{flags_path(service)}/{named(flag, 'flag')}"
    return f"{path}/{act}" if act else path


def the_flag(client: Client, service: str, flag: str) -> FlagView:
    """Return everything about a flag. Raises NotFoundError."""
    return client.get(flag_path(service, flag), FlagView)


def tell_changes(changes: Sequence[FlagChange], *, as_json: bool) -> None:
    """Tell what became of a change in each environment."""
    if as_json:
        print_json(list(changes), list[FlagChange])
        return
    for one in changes:
        tell(change_words(one))


def change_words(change: FlagChange) -> str:
    """Return what became of a change in one environment, its lines below when there are several."""
    match change.outcome:
        case Outcome.UNCHANGED:
            return f"{change.environment}: nothing to change"
        case Outcome.WAITING:
            heading = (
                f"{change.environment}: waits for {change.waits_for or 'an approval'} as {change.proposal}"
            )
        case Outcome.APPLIED:
            heading = f"{change.environment}: done, version {change.version}"
    return "\n".join((heading, *(f"  {line}" for line in change.lines)))
