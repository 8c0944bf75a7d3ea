"""`sluice token create|list|revoke`: who may push figures."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from sluiceway.cli.options import AsJson, Server, connect
from sluiceway.cli.output import local_time, out, print_json, say
from sluiceway.errors import NotFoundError
from sluiceway.services.tokens import NewTokenView, TokenView

app = typer.Typer(help="Tokens of those who may push figures.", no_args_is_help=True)
Name = Annotated[str, typer.Argument(help="Its name, such as payments: small letters, digits and -.")]


@app.command("create")
def create(
    name: Name,
    *,
    service: Annotated[
        str, typer.Option("--service", help="The only service whose figures it may push; else any.")
    ] = "",
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Make a token and print it, this once: it is kept nowhere."""
    made = connect(server).post("/api/tokens", NewTokenView, {"name": name, "service": service})
    if as_json:
        print_json(made, NewTokenView)
        return
    typer.echo(made.token)
    say(f"token {made.name} may push figures of {made.service or 'any service'}; it is not shown again")


@app.command("list")
def list_tokens(*, server: Server = None, as_json: AsJson = False) -> None:
    """List tokens by name, revoked ones too: who made them, for what, and when they were last used."""
    found = connect(server).get("/api/tokens", list[TokenView])
    if as_json:
        print_json(found, list[TokenView])
        return
    if not found:
        say("no tokens; make one with `sluice token create NAME`")
        return
    table = Table(box=None, pad_edge=False)
    for heading in ("NAME", "SERVICE", "MADE", "BY", "LAST USED", "REVOKED"):
        table.add_column(heading)
    for token in found:
        revoked = f"{local_time(token.revoked_at)} by {token.revoked_by}" if token.revoked_at else ""
        table.add_row(
            token.name,
            token.service or "any",
            local_time(token.created_at),
            token.created_by,
            local_time(token.used_at) or "never",
            revoked,
        )
    out().print(table)


@app.command("revoke")
def revoke(name: Name, *, server: Server = None, as_json: AsJson = False) -> None:
    """Refuse a token from now on. What was pushed with it stays."""
    if "/" in name or "?" in name or "#" in name:
        raise NotFoundError(f"{name!r} is no token's name; `sluice token list` shows them")
    token = connect(server).post(f"/api/tokens/{name}/revoke", TokenView, {})
    if as_json:
        print_json(token, TokenView)
    else:
        say(f"token {token.name} is revoked, since {local_time(token.revoked_at)} by {token.revoked_by}")
