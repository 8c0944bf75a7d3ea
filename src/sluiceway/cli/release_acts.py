"""`sluice release move|cancel|rollback|rollout|link|unlink|upgrade`: what takes a release along its road.

What moves users, or can't be undone, asks first unless `--yes` is given.
"""

from __future__ import annotations

from typing import Annotated

import typer

from sluiceway.cli.client import Client
from sluiceway.cli.options import AsJson, Reason, Server, Yes, connect
from sluiceway.cli.output import harmless, say
from sluiceway.cli.release_options import IfVersion, Needed, ReleaseArg, release_path, send, versioned
from sluiceway.services.release_views import ReleaseView

ChangeArg = Annotated[str, typer.Argument(metavar="CHANGE", help="A change request, such as CR-2026-001.")]


def register(app: typer.Typer) -> None:
    """Add the acts to the `release` family."""
    for command in (move, cancel, rollback, rollout, link, unlink, upgrade):
        app.command(command.__name__)(command)


def move(
    release: ReleaseArg,
    phase: Annotated[str, typer.Argument(metavar="PHASE", help="The phase to take it to, such as staging.")],
    *,
    reason: Reason = "",
    if_version: IfVersion = None,
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Take a release to another phase, onward or back. Exit 15 with all that is missing when it can't go.

    Back, or out of the road, needs a --reason.
    """
    body = versioned({"to": phase, "reason": reason}, if_version)
    send(connect(server), release, "move", body, as_json=as_json)


def cancel(
    release: ReleaseArg,
    *,
    reason: Needed,
    yes: Yes = False,
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Give a release up for good."""
    client = connect(server)
    if not yes:
        view = _looked_at(client, release)
        _confirm(view, "give it up for good")
    send(client, release, "cancel", {"reason": reason}, as_json=as_json)


def rollback(
    release: ReleaseArg,
    *,
    reason: Needed,
    yes: Yes = False,
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Take a release back; a rollout of it that is under way brings everyone back to the stable version."""
    client = connect(server)
    if not yes:
        view = _looked_at(client, release)
        moving = [one for one in view.rollouts if not one.is_finished]
        what = f"bring everyone back to {moving[0].stable}" if moving else "take it back"
        _confirm(view, what)
    send(client, release, "rollback", {"reason": reason}, as_json=as_json)


def rollout(
    release: ReleaseArg,
    *,
    name: Annotated[
        str, typer.Option("--name", help="A rollout of the process; else that of the release's type.")
    ] = "",
    stable: Annotated[
        str | None,
        typer.Option(
            "--from",
            help="The version that serves now; known from the last rollout, if there was one.",
            show_default=False,
        ),
    ] = None,
    yes: Yes = False,
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Start the rollout of a release to its users. Its end takes the release on, or back."""
    client = connect(server)
    if not yes:
        view = _looked_at(client, release)
        chosen = name or next(iter(view.rollout_names), "")
        by = f" by {chosen}" if chosen else ""
        _confirm(view, f"begin to bring {view.summary.version} to users{by}")
    view = send(client, release, "rollout", {"name": name, "stable": stable}, as_json=as_json)
    if not as_json and view.rollouts:
        say(f"rollout {view.rollouts[0].id} has started; follow it with `sluice rollout watch`")


def link(release: ReleaseArg, change: ChangeArg, *, server: Server = None, as_json: AsJson = False) -> None:
    """Link a change request to a release."""
    send(connect(server), release, "link", {"change": change}, as_json=as_json)


def unlink(release: ReleaseArg, change: ChangeArg, *, server: Server = None, as_json: AsJson = False) -> None:
    """Take the link to a change request away."""
    send(connect(server), release, "unlink", {"change": change}, as_json=as_json)


def upgrade(release: ReleaseArg, *, server: Server = None, as_json: AsJson = False) -> None:
    """Move a release to its service's process in force; it stays where it is."""
    client = connect(server)
    view = send(client, release, "upgrade", {}, as_json=as_json)
    if not as_json:
        say(f"it follows {view.process_name} {view.process_hash[:12]} now")


def _looked_at(client: Client, release: str) -> ReleaseView:
    return client.get(release_path(release), ReleaseView)


def _confirm(view: ReleaseView, what: str) -> None:
    summary = view.summary
    typer.confirm(
        harmless(f"{summary.id} {summary.service} {summary.version}: {what}?"), abort=True, err=True
    )
