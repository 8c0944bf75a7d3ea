"""Arguments that commands about change requests share, and how an act is sent."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated
from urllib.parse import quote

import typer

from sluiceway.cli.change_shown import change_line
from sluiceway.cli.client import Client
from sluiceway.cli.output import print_json, tell
from sluiceway.errors import NotFoundError
from sluiceway.services.change_views import ChangeView

ChangeArg = Annotated[str, typer.Argument(metavar="CHANGE", help="Its id, such as CR-2026-001.")]
Conditions = Annotated[
    list[str] | None,
    typer.Option(
        "--if",
        metavar="CONDITION",
        help="A condition, to be met in the releases it is part of. May be repeated.",
        show_default=False,
    ),
]


def change_path(given: str, act: str = "") -> str:
    """Return the route of a request, or of an act on it. Raises NotFoundError for what names none."""
    name = given.strip()
    if not name or any(character in name for character in "/?#"):
        raise NotFoundError(f"{given!r} is no change request; `sluice change list` shows them")
    return f"/api/changes/{quote(name)}{f'/{act}' if act else ''}"


def send(
    client: Client,
    change: str,
    act: str,
    body: Mapping[str, object],
    *,
    words: str | Callable[[ChangeView], str] = "",
    as_json: bool,
) -> ChangeView:
    """Do something to a request; tell what came of it, then where the request is now."""
    view = client.post(change_path(change, act), ChangeView, body)
    if as_json:
        print_json(view, ChangeView)
        return view
    if words:
        tell(words if isinstance(words, str) else words(view))
    tell(change_line(view))
    return view
