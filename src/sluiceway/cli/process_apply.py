"""`sluice process apply|versions`: which process a service's new releases follow."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from sluiceway.cli.files import read_process
from sluiceway.cli.options import AsJson, Server, connect
from sluiceway.cli.output import local_time, out, print_json, say, tell
from sluiceway.cli.process import DEFAULT_FILE
from sluiceway.cli.release_shown import plain_table
from sluiceway.errors import InvalidInputError, NotFoundError
from sluiceway.services.processes import ProcessTextView, ProcessVersionView

_SHORT_HASH = 12


def register(app: typer.Typer) -> None:
    """Add them to the `process` family."""
    app.command("apply")(apply)
    app.command("versions")(versions)


def apply(
    *,
    file: Annotated[
        Path, typer.Option("--file", "-f", help="The process file; `-` is stdin.")
    ] = DEFAULT_FILE,
    service: Annotated[str, typer.Option("--service", help="The service; else the one it describes.")] = "",
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Put a process in force for a service. Releases that began under an earlier one keep that."""
    path = file.absolute()
    body = {"process": read_process(path), "path": str(path), "service": service}
    view = connect(server).post("/api/processes", ProcessVersionView, body)
    if as_json:
        print_json(view, ProcessVersionView)
        return
    tell(f"{view.service} follows {view.name} {view.content_hash[:_SHORT_HASH]} ({view.path})")
    if view.notes:
        count = "1 note" if len(view.notes) == 1 else f"{len(view.notes)} notes"
        say(f"{count} on this process: `sluice validate` tells them")


def versions(
    service: Annotated[str, typer.Argument(help="The service.")],
    *,
    text: Annotated[
        str | None,
        typer.Option(
            "--text",
            metavar="VERSION",
            help="Print this version as one YAML file: the beginning of its hash.",
            show_default=False,
        ),
    ] = None,
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """List every process that was put in force for a service, newest first."""
    if not service or any(character in service for character in "/?#"):
        raise NotFoundError(f"{service!r} is no service's name")
    client = connect(server)
    found = client.get(f"/api/processes/{service}", list[ProcessVersionView])
    if text is not None:
        whole = _hash(found, service, text)
        shown = client.get(f"/api/processes/{service}/text", ProcessTextView, hash=whole)
        if as_json:
            print_json(shown, ProcessTextView)
        else:
            typer.echo(shown.text, nl=False)
    elif as_json:
        print_json(found, list[ProcessVersionView])
    elif found:
        table = plain_table("version", "name", "put in force", "by", "from", "")
        for one in found:
            table.add_row(
                one.content_hash[:_SHORT_HASH],
                Text(one.name),
                local_time(one.applied_at),
                Text(one.applied_by),
                Text(one.path),
                Text("in force", style="green") if one.is_in_force else "",
            )
        out().print(table)
    else:
        say(f"{service} has no process in force; `sluice process apply -f FILE` puts one in force")


def _hash(found: list[ProcessVersionView], service: str, given: str) -> str:
    """Return the whole hash of a version.

    Raises NotFoundError when no version begins so, InvalidInputError when several do.
    """
    whole = list(dict.fromkeys(one.content_hash for one in found if one.content_hash.startswith(given)))
    if not whole:
        raise NotFoundError(f"{service} never had a process whose hash begins with {given!r}")
    if len(whole) > 1:
        raise InvalidInputError(f"{len(whole)} versions begin with {given!r}; give more of the hash")
    return whole[0]
