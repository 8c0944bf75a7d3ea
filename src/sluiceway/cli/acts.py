"""`sluice rollout approve|pause|resume|promote|skip|abort|rollback|retry|edit`: what people do to a rollout.

What moves users, or can't be undone, asks first unless `--yes` is given.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sluiceway.cli.client import Client
from sluiceway.cli.files import read_process
from sluiceway.cli.options import AsJson, Reason, RolloutArg, Server, Yes, connect, pick_rollout
from sluiceway.cli.output import print_json, say
from sluiceway.domain.process.plan import Action
from sluiceway.domain.rollouts.model import CommandKind
from sluiceway.errors import InvalidInputError
from sluiceway.services.views import RolloutView

IfVersion = Annotated[
    int | None,
    typer.Option(
        "--if-version",
        help="Only if the rollout is still at this version (see `status --json`).",
        show_default=False,
    ),
]


def register(app: typer.Typer) -> None:
    """Add the acts to the `rollout` family."""
    for command in (approve, pause, resume, promote, skip, abort, rollback, retry, edit):
        app.command(command.__name__)(command)


def approve(
    rollout: RolloutArg = None,
    *,
    subject: Annotated[
        str, typer.Option("--for", help="A stage's id or a manual criterion; else what waits now.")
    ] = "",
    reason: Reason = "",
    if_version: IfVersion = None,
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Agree to the stage that waits, or attest a manual criterion."""
    client = connect(server)
    _act(
        client,
        CommandKind.APPROVE,
        pick_rollout(client, rollout),
        _body(reason, if_version, subject=subject),
        as_json,
    )


def pause(
    rollout: RolloutArg = None,
    *,
    reason: Reason = "",
    if_version: IfVersion = None,
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Stop where it is; nobody moves but back to the stable version."""
    client = connect(server)
    _act(client, CommandKind.PAUSE, pick_rollout(client, rollout), _body(reason, if_version), as_json)


def resume(
    rollout: RolloutArg = None,
    *,
    reason: Reason = "",
    if_version: IfVersion = None,
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Go on after a pause."""
    client = connect(server)
    _act(client, CommandKind.RESUME, pick_rollout(client, rollout), _body(reason, if_version), as_json)


def promote(
    rollout: RolloutArg = None,
    *,
    reason: Reason = "",
    yes: Yes = False,
    if_version: IfVersion = None,
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Bring the new version to everyone, past all stages that are left."""
    _confirmed(
        CommandKind.PROMOTE,
        "move everyone to {new}, past the stages that are left",
        rollout,
        _body(reason, if_version),
        yes=yes,
        server=server,
        as_json=as_json,
    )


def skip(
    rollout: RolloutArg = None,
    *,
    reason: Reason = "",
    yes: Yes = False,
    if_version: IfVersion = None,
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """End the running stage now, without its criteria."""
    _confirmed(
        CommandKind.SKIP,
        "skip the rest of stage {stage} and its criteria",
        rollout,
        _body(reason, if_version),
        yes=yes,
        server=server,
        as_json=as_json,
    )


def abort(
    rollout: RolloutArg = None,
    *,
    reason: Reason = "",
    yes: Yes = False,
    if_version: IfVersion = None,
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Give the rollout up; everyone goes back to the stable version."""
    _confirmed(
        CommandKind.ABORT,
        "move everyone back to {stable} and end this rollout as aborted",
        rollout,
        _body(reason, if_version),
        yes=yes,
        server=server,
        as_json=as_json,
    )


def rollback(
    rollout: RolloutArg = None,
    *,
    how: Annotated[
        str,
        typer.Option("--how", help="immediate, gradual, or emergency (also stops the new version at once)."),
    ] = Action.IMMEDIATE.value,
    reason: Reason = "",
    yes: Yes = False,
    if_version: IfVersion = None,
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Take everyone back to the stable version."""
    ways = (Action.IMMEDIATE, Action.GRADUAL, Action.EMERGENCY)
    if how not in ways:
        raise InvalidInputError(f"--how is {how}; use one of: {', '.join(ways)}")
    _confirmed(
        CommandKind.ROLLBACK,
        f"move everyone back to {{stable}} ({how})",
        rollout,
        _body(reason, if_version, action=how),
        yes=yes,
        server=server,
        as_json=as_json,
    )


def retry(
    rollout: RolloutArg = None,
    *,
    reason: Reason = "",
    if_version: IfVersion = None,
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Try again what a provider refused; a rollout that failed is started anew."""
    client = connect(server)
    rollout_id = pick_rollout(client, rollout)
    view = _act(client, CommandKind.RETRY, rollout_id, _body(reason, if_version), as_json)
    if rollout_id not in view.summary.id and not as_json:
        say(f"started anew as rollout {view.summary.id}")


def edit(
    rollout: Annotated[str, typer.Argument(help="Id or a unique part of it.")],
    process: Annotated[
        Path, typer.Argument(metavar="FILE", help="The process file with the stages as they should be.")
    ],
    *,
    reason: Reason = "",
    yes: Yes = False,
    if_version: IfVersion = None,
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Replace the stages, criteria and triggers that are left."""
    _confirmed(
        CommandKind.EDIT,
        f"replace the rest of the plan by {process}",
        rollout,
        _body(reason, if_version, process=read_process(process)),
        yes=yes,
        server=server,
        as_json=as_json,
    )


def _body(reason: str, if_version: int | None, **more: str) -> dict[str, object]:
    body: dict[str, object] = {"reason": reason, **more}
    if if_version is not None:
        body["expected_version"] = if_version
    return body


def _confirmed(
    kind: CommandKind,
    what: str,
    rollout: str | None,
    body: dict[str, object],
    *,
    yes: bool,
    server: str | None,
    as_json: bool,
) -> None:
    """Ask, unless told not to, with the consequence in words; then act."""
    client = connect(server)
    rollout_id = pick_rollout(client, rollout)
    if not yes:
        summary = client.get(f"/api/rollouts/{rollout_id}", RolloutView).summary
        consequence = what.replace("{new}", summary.new).replace("{stable}", summary.stable)
        consequence = consequence.replace("{stage}", summary.stage or "(none)")
        typer.confirm(f"{summary.service}: {consequence}?", abort=True, err=True)
    _act(client, kind, rollout_id, body, as_json)


def _act(
    client: Client, kind: CommandKind, rollout_id: str, body: dict[str, object], as_json: bool
) -> RolloutView:
    view = client.post(f"/api/rollouts/{rollout_id}/actions/{kind}", RolloutView, body)
    if as_json:
        print_json(view, RolloutView)
    else:
        typer.echo(f"{kind}: {view.explanation.headline}")
        for problem in view.problems:
            say(f"! {problem}")
    return view
