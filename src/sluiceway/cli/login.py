"""`sluice login|logout|whoami`: who one is to a server."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from sluiceway.cli import credentials
from sluiceway.cli.client import actor
from sluiceway.cli.options import AsJson, Server, connect
from sluiceway.cli.output import local_time, print_json, say
from sluiceway.errors import InvalidInputError, UnauthorisedError
from sluiceway.services.sessions import IdentityView

PasswordStdin = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from a line of stdin, for programs.")
]


def login(
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="Your account; asked for when left out.")
    ] = None,
    *,
    password_stdin: PasswordStdin = False,
    server: Server = None,
) -> None:
    """Log in; later commands act as you, until you log out, for 7 days at most."""
    client = connect(server)
    credentials.require_private(client.address, "the password")
    if name is None and password_stdin:
        raise InvalidInputError("name the account: sluice login NAME --password-stdin")
    name = name or str(typer.prompt("Name", default=actor(), err=True))
    password = read_password("Password", from_stdin=password_stdin)
    begun, key = client.log_in(name, password)
    credentials.save(client.address, credentials.Login(begun.name, key))
    say(f"logged in at {client.address} as {begun.name}, until {local_time(begun.expires_at)} at the latest")


def logout(*, server: Server = None) -> None:
    """End the login at a server and forget it here."""
    client = connect(server)
    if credentials.load(client.address) is None:
        say(f"you are not logged in at {client.address}")
        return
    try:
        client.post("/api/session/end", IdentityView, {})
    except UnauthorisedError:
        say("the login had ended already")
    credentials.forget(client.address)
    say(f"logged out at {client.address}")


def whoami(*, server: Server = None, as_json: AsJson = False) -> None:
    """Say who you are to a server, which roles you were granted, and what you came with."""
    client = connect(server)
    found = client.get("/api/session", IdentityView)
    if as_json:
        print_json(found, IdentityView)
        return
    typer.echo(found.name)
    if found.is_open:
        say("there are no accounts: whoever reaches this server may do everything, under any name")
        return
    for grant in found.grants:
        say(f"{grant.role} for {'every service' if grant.service == '*' else grant.service}")
    if not found.grants:
        say("you were granted no role; an administrator can")
    if found.scopes is not None:
        say(f"by the token {found.through}, which may be used for: {', '.join(found.scopes)}")


def read_password(prompt: str, *, from_stdin: bool, confirm: bool = False) -> str:
    """Return a password, typed without echo (twice with `confirm`) or a line of stdin."""
    if not from_stdin:
        return str(typer.prompt(prompt, hide_input=True, confirmation_prompt=confirm, err=True))
    line = sys.stdin.readline().rstrip("\n")
    if not line:
        raise InvalidInputError("stdin holds no password; write it there, on a line of its own")
    return line
