"""`sluice flags changes|approve|reject|withdraw`: changes that wait for somebody's yes."""

from __future__ import annotations

from typing import Annotated

import typer

from sluiceway.cli.flag_options import named
from sluiceway.cli.flag_shown import proposal_text
from sluiceway.cli.options import AsJson, Reason, Server, Yes, connect
from sluiceway.cli.output import err, harmless, out, print_json, say, tell
from sluiceway.cli.release_options import Needed, Role
from sluiceway.cli.release_votes import Behalf
from sluiceway.services.flag_views import ProposalView

_Change = Annotated[str, typer.Argument(metavar="CHANGE", help="Its id; `sluice flags changes` shows them.")]


def register(app: typer.Typer) -> None:
    """Add these commands to the `flags` family."""
    for command in (changes, approve, reject, withdraw):
        app.command(command.__name__)(command)


def changes(
    *,
    service: Annotated[
        str | None,
        typer.Option("--service", help="Only of this service; else of every one.", show_default=False),
    ] = None,
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """List changes of flags that wait for an approval, newest first."""
    found = connect(server).get("/api/flag-proposals", list[ProposalView], service=service)
    if as_json:
        print_json(found, list[ProposalView])
        return
    console = out()
    for one in found:
        console.print(proposal_text(one), soft_wrap=True)
    if not found:
        say("no change of a flag waits for an approval")


def approve(
    change: _Change,
    *,
    reason: Reason = "",
    role: Role = "",
    behalf: Behalf = "",
    yes: Yes = False,
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Agree to a change; the last yes that is asked for puts it in force.

    Shows what is agreed to and asks first, unless --yes is given.
    """
    client = connect(server)
    found = client.get(_path(change), ProposalView)
    if not yes:
        err().print(proposal_text(found), soft_wrap=True)
        typer.confirm(harmless(f"agree to {found.id}?"), abort=True, err=True)
    body = {"reason": reason, "role": role, "on_behalf_of": behalf, "seen": found.subject}
    _told(client.post(_path(change, "approve"), ProposalView, body), as_json=as_json)


def reject(
    change: _Change,
    *,
    reason: Needed,
    role: Role = "",
    behalf: Behalf = "",
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Refuse a change, with the reason."""
    body = {"reason": reason, "role": role, "on_behalf_of": behalf}
    _told(connect(server).post(_path(change, "reject"), ProposalView, body), as_json=as_json)


def withdraw(change: _Change, *, reason: Reason = "", server: Server = None, as_json: AsJson = False) -> None:
    """Give up a change that waits, your own or any with the right to flags."""
    _told(connect(server).post(_path(change, "withdraw"), ProposalView, {"reason": reason}), as_json=as_json)


def _told(view: ProposalView, *, as_json: bool) -> None:
    if as_json:
        print_json(view, ProposalView)
    else:
        tell(f"{view.id} of {', '.join(view.items)} in {view.environment}: {view.state}; {view.sentence}")


def _path(change: str, act: str = "") -> str:
    return f"/api/flag-proposals/{named(change, 'change')}{f'/{act}' if act else ''}"
