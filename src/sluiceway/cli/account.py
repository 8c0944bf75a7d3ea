"""`sluice account ...`: who there is, which roles they play for which service, who is away.

The first account, and a new password for one that was lost, go straight into the server's data directory:
only whoever holds it in hand can make them.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from sluiceway.adapters.data_dir import DataDir, find_data_dir
from sluiceway.cli.client import SERVER_VARIABLE, Client, actor
from sluiceway.cli.login import PasswordStdin, read_password
from sluiceway.cli.options import AsJson, Server, connect
from sluiceway.cli.output import local_time, out, print_json, say
from sluiceway.domain.process.durations import parse_duration
from sluiceway.errors import InvalidInputError, NotFoundError
from sluiceway.services.accounts import AccountView
from sluiceway.services.sessions import IdentityView

app = typer.Typer(help="Accounts: who there is, what they may do, who is away.", no_args_is_help=True)
Name = Annotated[str, typer.Argument(help="The account, such as ada.")]
OwnName = Annotated[str | None, typer.Argument(metavar="[NAME]", help="The account; your own when left out.")]
ForService = Annotated[str, typer.Option("--service", help="The only service it holds for; else every one.")]
Data = Annotated[
    Path | None,
    typer.Option(
        "--data",
        help="The server's data directory, on its own machine; without a login.",
        show_default=False,
    ),
]


@app.command("create")
def create(
    name: Name,
    *,
    admin: Annotated[bool, typer.Option("--admin", help="May do everything, accounts too.")] = False,
    title: Annotated[str, typer.Option("--title", help="How people call them.")] = "",
    contact: Annotated[str, typer.Option("--contact", help="Where to reach them.")] = "",
    no_password: Annotated[
        bool, typer.Option("--no-password", help="Can't log in; for programs, which show tokens.")
    ] = False,
    password_stdin: PasswordStdin = False,
    data: Data = None,
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Make an account. The first one is made on the server's machine and must be an administrator.

    From the first account on nobody is let in without a login or a token.
    """
    folder = _first_in(data, server)
    if folder is not None and (not admin or no_password):
        raise InvalidInputError(
            "the first account must be an administrator who can log in; add --admin and give it a password"
        )
    password = "" if no_password else read_password("Password", from_stdin=password_stdin, confirm=True)
    if folder is not None:
        from sluiceway.bootstrap import accounts_here  # heavy: the other commands must not wait for it

        with accounts_here(folder) as accounts:
            made = accounts.create_first_here(name, password, actor(), title=title, contact=contact)
        say(f"from now on nobody is let in without a login; `sluice login {made.name}` logs in")
    else:
        body = {"name": name, "password": password, "title": title, "contact": contact, "admin": admin}
        made = connect(server).post("/api/accounts", AccountView, body)
    _tell(made, f"account {made.name} is there", as_json=as_json)


@app.command("list")
def list_accounts(*, server: Server = None, as_json: AsJson = False) -> None:
    """List accounts by name, disabled ones too, with the roles they were granted."""
    found = connect(server).get("/api/accounts", list[AccountView])
    if as_json:
        print_json(found, list[AccountView])
        return
    if not found:
        say("no accounts: everybody who reaches the server may do everything")
        return
    table = Table(box=None, pad_edge=False)
    for heading in ("NAME", "CALLED", "ROLES", "STATE", "MADE"):
        table.add_column(heading)
    for account in found:
        roles = ", ".join(
            grant.role if grant.service == "*" else f"{grant.role} ({grant.service})"
            for grant in account.grants
        )
        table.add_row(account.name, account.title, roles, _state(account), local_time(account.created_at))
    out().print(table)


@app.command("disable")
def disable(name: Name, *, server: Server = None, as_json: AsJson = False) -> None:
    """Let nobody in with an account any more: its sessions end, its tokens are refused."""
    changed = _post(connect(server), name, "disable", {})
    _tell(changed, f"account {name} is disabled", as_json=as_json)


@app.command("enable")
def enable(name: Name, *, server: Server = None, as_json: AsJson = False) -> None:
    """Take a disabled account into use again, with the roles it had."""
    changed = _post(connect(server), name, "enable", {})
    _tell(changed, f"account {name} is enabled", as_json=as_json)


@app.command("password")
def password(
    name: OwnName = None,
    *,
    password_stdin: PasswordStdin = False,
    data: Data = None,
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Replace a password: your own, or as an administrator another's. All sessions of the account end.

    With --data it replaces a lost one, on the server's machine. From stdin it takes the current password of
    your own account first, then the new one, each on a line.
    """
    if data is not None:
        if name is None:
            raise InvalidInputError("name the account: sluice account password NAME --data DIR")
        folder = _existing(data)
        new = read_password("New password", from_stdin=password_stdin, confirm=True)
        from sluiceway.bootstrap import accounts_here  # heavy: the other commands must not wait for it

        with accounts_here(folder) as accounts:
            changed = accounts.replace_password_here(name, new, actor())
    else:
        client = connect(server)
        own = client.get("/api/session", IdentityView).name
        account = name or own
        body: dict[str, object] = {}
        if account == own:
            body["current"] = read_password("Current password", from_stdin=password_stdin)
        body["password"] = read_password("New password", from_stdin=password_stdin, confirm=True)
        changed = _post(client, account, "password", body)
    _tell(changed, f"the password of {changed.name} is replaced; every session ended", as_json=as_json)


@app.command("grant")
def grant(
    name: Name,
    role: Annotated[str, typer.Argument(help="A role of the process, or admin, operator, viewer, sender.")],
    *,
    service: ForService = "*",
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Let somebody play a role, for one service or for every one."""
    changed = _post(connect(server), name, "grant", {"role": role, "service": service})
    _tell(changed, f"{name} is {role} for {_service_words(service)}", as_json=as_json)


@app.command("revoke")
def revoke(
    name: Name,
    role: Annotated[str, typer.Argument(help="A role they were granted.")],
    *,
    service: ForService = "*",
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Take a role away, exactly as it was granted."""
    changed = _post(connect(server), name, "revoke", {"role": role, "service": service})
    _tell(changed, f"{name} is {role} for {_service_words(service)} no more", as_json=as_json)


@app.command("away")
def away(
    name: OwnName = None,
    *,
    until: Annotated[
        str, typer.Option("--until", help="When they are there again: 2026-12-24, or after '2 weeks'.")
    ],
    first: Annotated[
        str | None, typer.Option("--from", help="Since when; now when left out.", show_default=False)
    ] = None,
    alternate: Annotated[str, typer.Option("--alternate", help="The account that stands in.")] = "",
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Note that somebody is away; their alternate stands in, in every role."""
    now = datetime.now(UTC)
    body: dict[str, object] = {"until": moment(until, now, "--until").isoformat(), "alternate": alternate}
    if first is not None:
        body["first"] = moment(first, now, "--from").isoformat()
    client = connect(server)
    changed = _post(client, name or client.get("/api/session", IdentityView).name, "away", body)
    end = changed.away.until if changed.away is not None else None
    _tell(changed, f"{changed.name} is away until {local_time(end)}", as_json=as_json)


@app.command("back")
def back(name: OwnName = None, *, server: Server = None, as_json: AsJson = False) -> None:
    """Note that somebody is there again."""
    client = connect(server)
    changed = _post(client, name or client.get("/api/session", IdentityView).name, "back", {})
    _tell(changed, f"{changed.name} is there", as_json=as_json)


def moment(text: str, now: datetime, option: str) -> datetime:
    """Return the instant meant by a date, a date with time, or a duration from now.

    A date is its beginning, in this machine's zone. Raises InvalidInputError for anything else.
    """
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        try:
            return now + timedelta(seconds=parse_duration(text))
        except InvalidInputError as failure:
            raise InvalidInputError(
                f"{option} is {text!r}; use a date such as 2026-12-24, or a duration such as '2 weeks'"
            ) from failure
    return found.astimezone()


def _first_in(data: Path | None, server: str | None) -> Path | None:
    """Return the data directory that the first account goes into; None when a server is to be asked."""
    if data is not None:
        return data.absolute()
    if server is not None or os.environ.get(SERVER_VARIABLE):
        return None
    folder = find_data_dir(Path.cwd())
    if folder is None or not DataDir(folder).database.exists():
        return None
    from sluiceway.bootstrap import accounts_here  # heavy: the other commands must not wait for it

    with accounts_here(folder) as accounts:
        return None if accounts.exist() else folder


def _existing(data: Path) -> Path:
    if not DataDir(data).database.exists():
        raise NotFoundError(f"{data.absolute()} holds no data of Sluiceway; name its directory with --data")
    return data


def _post(client: Client, name: str, act: str, body: dict[str, object]) -> AccountView:
    if not name or any(character in name for character in "/?#"):
        raise NotFoundError(f"{name!r} is no account's name; `sluice account list` shows them")
    return client.post(f"/api/accounts/{name}/{act}", AccountView, body)


def _tell(account: AccountView, words: str, *, as_json: bool) -> None:
    if as_json:
        print_json(account, AccountView)
    else:
        say(words)


def _state(account: AccountView) -> str:
    if account.disabled_at is not None:
        return f"disabled since {local_time(account.disabled_at)}"
    if account.away is not None:
        stand_in = f", {account.away.alternate} stands in" if account.away.alternate else ""
        return f"away {local_time(account.away.first)} to {local_time(account.away.until)}{stand_in}"
    return "" if account.has_password else "tokens only"


def _service_words(service: str) -> str:
    return "every service" if service == "*" else service
