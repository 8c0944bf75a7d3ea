"""`sluice token create|list|revoke`: what programs show instead of a login."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from sluiceway.cli.options import AsJson, Server, connect
from sluiceway.cli.output import local_time, out, print_json, say
from sluiceway.domain.process.durations import parse_duration
from sluiceway.domain.process.team import Permission
from sluiceway.errors import NotFoundError
from sluiceway.services.tokens import NewTokenView, TokenView

_DOES = {Permission.PUSH.value: "push figures", Permission.EVALUATE.value: "evaluate flags"}

app = typer.Typer(help="Tokens: what programs show instead of a login.", no_args_is_help=True)
Name = Annotated[str, typer.Argument(help="Its name, such as payments: small letters, digits and -.")]


@app.command("create")
def create(
    name: Name,
    *,
    service: Annotated[
        str, typer.Option("--service", help="The only service it may be used for; else any.")
    ] = "",
    scope: Annotated[
        list[Permission] | None,
        typer.Option(
            "--scope", help="What it may do at most; repeat it for more. Else push.", show_default=False
        ),
    ] = None,
    expires: Annotated[
        str | None,
        typer.Option("--expires", help="How long it lasts, such as 30d; else for ever.", show_default=False),
    ] = None,
    environment: Annotated[
        list[str] | None,
        typer.Option(
            "--environment",
            help="The only environment whose flags it may evaluate; repeat it for more. Else any.",
            show_default=False,
        ),
    ] = None,
    owner: Annotated[str, typer.Option("--as", help="The account it acts as, if that is not your own.")] = "",
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Make a token and print it, this once: it is kept nowhere.

    With the scopes push and evaluate alone it belongs to nobody; else it acts as you (or --as), never
    more than its scopes. An application's is for one service and environment:
    `--scope evaluate --service S --environment E`.
    """
    body: dict[str, object] = {"name": name, "service": service, "owner": owner}
    if scope:
        body["scopes"] = [one.value for one in scope]
    if environment:
        body["environments"] = environment
    if expires is not None:
        body["expires_s"] = parse_duration(expires)
    made = connect(server).post("/api/tokens", NewTokenView, body)
    if as_json:
        print_json(made, NewTokenView)
        return
    typer.echo(made.token)
    where = _where(made.service or "any service", made.environments)
    until = f" until {local_time(made.expires_at)}" if made.expires_at else ""
    if made.owner:
        say(f"token {made.name} acts as {made.owner} for {where}{until}, at most: {', '.join(made.scopes)}")
    else:
        does = " and ".join(_DOES.get(scope, scope) for scope in made.scopes)
        say(f"token {made.name} may {does} of {where}{until}")
    say("it is not shown again")


@app.command("list")
def list_tokens(*, server: Server = None, as_json: AsJson = False) -> None:
    """List tokens by name, revoked ones too: your own, or as an administrator all."""
    found = connect(server).get("/api/tokens", list[TokenView])
    if as_json:
        print_json(found, list[TokenView])
        return
    if not found:
        say("no tokens; make one with `sluice token create NAME`")
        return
    table = Table(box=None, pad_edge=False)
    for heading in ("NAME", "ACTS AS", "MAY", "SERVICE", "MADE", "BY", "LAST USED", "STATE"):
        table.add_column(heading)
    for token in found:
        table.add_row(
            token.name,
            token.owner or "nobody",
            ", ".join(token.scopes),
            _where(token.service or "any", token.environments),
            local_time(token.created_at),
            token.created_by,
            local_time(token.used_at) or "never",
            _state(token),
        )
    out().print(table)


@app.command("revoke")
def revoke(name: Name, *, server: Server = None, as_json: AsJson = False) -> None:
    """Refuse a token from now on. What was done with it stays."""
    if "/" in name or "?" in name or "#" in name:
        raise NotFoundError(f"{name!r} is no token's name; `sluice token list` shows them")
    token = connect(server).post(f"/api/tokens/{name}/revoke", TokenView, {})
    if as_json:
        print_json(token, TokenView)
    else:
        say(f"token {token.name} is revoked, since {local_time(token.revoked_at)} by {token.revoked_by}")


def _where(service: str, environments: tuple[str, ...]) -> str:
    return f"{service} in {', '.join(environments)}" if environments else service


def _state(token: TokenView) -> str:
    if token.revoked_at is not None:
        return f"revoked {local_time(token.revoked_at)} by {token.revoked_by}"
    return f"until {local_time(token.expires_at)}" if token.expires_at is not None else ""
