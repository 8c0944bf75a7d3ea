"""Arguments that commands about releases share, which release is meant, and how an act is sent."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated
from urllib.parse import quote

import typer

from sluiceway.cli.client import Client
from sluiceway.cli.output import print_json, tell
from sluiceway.cli.release_shown import state_line
from sluiceway.errors import InvalidInputError, NotFoundError
from sluiceway.services.release_views import ReleaseSummary, ReleaseView

ReleaseArg = Annotated[
    str, typer.Argument(metavar="RELEASE", help="Its id, such as REL-2026-0001, or SERVICE@VERSION.")
]
LookedAtRelease = Annotated[
    str | None,
    typer.Argument(
        metavar="[RELEASE]",
        help="Its id or SERVICE@VERSION; else the only open release, or the newest when none is.",
        show_default=False,
    ),
]
Needed = Annotated[str, typer.Option("--reason", "-m", help="Why; kept in the audit trail.")]
Role = Annotated[
    str, typer.Option("--as", metavar="ROLE", help="In which of your roles; else the first that may.")
]
Note = Annotated[str, typer.Option("--note", "-m", help="What is to be kept with it.")]
IfVersion = Annotated[
    int | None,
    typer.Option(
        "--if-version",
        help="Only if the release is still at this version (see `show --json`).",
        show_default=False,
    ),
]


def release_path(given: str, act: str = "") -> str:
    """Return the route of a release, or of an act on it. Raises NotFoundError for what names none."""
    name = given.strip()
    if not name or any(character in name for character in "/?#"):
        raise NotFoundError(f"{given!r} is no release; `sluice release list` shows them")
    return f"/api/releases/{quote(name, safe='@')}{f'/{act}' if act else ''}"


def pick_release(client: Client, given: str | None) -> str:
    """Return the release to look at: the given one, else the only open one, else the newest.

    Raises NotFoundError when there is none, InvalidInputError naming them when several are open.
    """
    if given:
        return given
    found = client.get("/api/releases", list[ReleaseSummary], open=True, limit=20)
    if not found:
        found = client.get("/api/releases", list[ReleaseSummary], limit=1)
    if not found:
        raise NotFoundError("there is no release yet; make one with `sluice release new VERSION --type TYPE`")
    if len(found) > 1:
        known = ", ".join(f"{item.id} ({item.service} {item.version})" for item in found)
        raise InvalidInputError(f"{len(found)} releases are open, name one of: {known}")
    return found[0].id


def send(
    client: Client,
    release: str,
    act: str,
    body: Mapping[str, object],
    *,
    words: str | Callable[[ReleaseView], str] = "",
    as_json: bool,
) -> ReleaseView:
    """Do something to a release; tell what came of it, then where the release is now."""
    view = client.post(release_path(release, act), ReleaseView, body)
    if as_json:
        print_json(view, ReleaseView)
        return view
    if words:
        tell(words if isinstance(words, str) else words(view))
    tell(state_line(view))
    return view


def versioned(body: Mapping[str, object], if_version: int | None) -> dict[str, object]:
    """Return a body that names the version it was made for, if one was named."""
    return {**body} if if_version is None else {**body, "expected_version": if_version}
