"""`sluice flags on|off|kill|restore|archive`: what is done to a flag in one act."""

from __future__ import annotations

import typer

from sluiceway.cli.client import Client
from sluiceway.cli.flag_options import (
    FlagArg,
    In,
    MaybeIn,
    Service,
    flag_path,
    service_of,
    tell_changes,
)
from sluiceway.cli.options import AsJson, Reason, Server, Yes, connect
from sluiceway.cli.output import harmless, say
from sluiceway.services.flag_views import FlagChange, Outcome


def register(app: typer.Typer) -> None:
    """Add these acts to the `flags` family."""
    app.command("on")(turn_on)
    app.command("off")(turn_off)
    app.command("kill")(kill)
    app.command("restore")(restore)
    app.command("archive")(archive)


def turn_on(
    flag: FlagArg,
    *,
    environment: In,
    service: Service = None,
    reason: Reason = "",
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Turn a flag on in one environment, for those its rules reach."""
    _toggle(flag, environment, service, reason, server, on=True, as_json=as_json)


def turn_off(
    flag: FlagArg,
    *,
    environment: In,
    service: Service = None,
    reason: Reason = "",
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Turn a flag off in one environment. Where changes wait for an approval this one does; `kill` never."""
    _toggle(flag, environment, service, reason, server, on=False, as_json=as_json)


def _toggle(
    flag: str,
    environment: str,
    service: str | None,
    reason: str,
    server: str | None,
    *,
    on: bool,
    as_json: bool,
) -> None:
    client = connect(server)
    path = flag_path(service_of(client, service), flag, "toggle")
    body = {"environment": environment, "on": on, "reason": reason}
    tell_changes([client.post(path, FlagChange, body)], as_json=as_json)


def kill(
    flag: FlagArg,
    *,
    environment: MaybeIn = None,
    service: Service = None,
    reason: Reason = "",
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Turn a flag off at once, in every environment or in one. Nobody is asked; `restore` takes it back."""
    client = connect(server)
    path = flag_path(service_of(client, service), flag, "kill")
    changes = _everywhere(path, environment, reason, client)
    tell_changes(changes, as_json=as_json)
    if not as_json:
        done = [one.environment for one in changes if one.outcome is Outcome.APPLIED]
        told = (
            f"{flag} is off in {', '.join(done)}; connected clients are told now"
            if done
            else f"{flag} was killed already"
        )
        say(f"{told}. `sluice flags restore {flag}` takes it back")


def restore(
    flag: FlagArg,
    *,
    environment: MaybeIn = None,
    service: Service = None,
    reason: Reason = "",
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Let a flag that was killed, or turned off by a threshold, be what it says again."""
    client = connect(server)
    path = flag_path(service_of(client, service), flag, "restore")
    tell_changes(_everywhere(path, environment, reason, client), as_json=as_json)


def _everywhere(path: str, environment: str | None, reason: str, client: Client) -> list[FlagChange]:
    return client.post(path, list[FlagChange], {"environment": environment or "", "reason": reason})


def archive(
    flag: FlagArg,
    *,
    service: Service = None,
    yes: Yes = False,
    reason: Reason = "",
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Take a flag away in every environment, once no code asks for it. Its history stays."""
    client = connect(server)
    path = flag_path(service_of(client, service), flag, "archive")
    if not yes:
        typer.confirm(
            harmless(f"callers of {flag} get their own default from then on; archive it?"),
            abort=True,
            err=True,
        )
    tell_changes(client.post(path, list[FlagChange], {"reason": reason}), as_json=as_json)
