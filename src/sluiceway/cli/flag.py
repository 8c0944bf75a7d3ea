"""`sluice flags list|show`: what flags there are and what they do in each environment.

Making and changing them is in `flag_writing`, turning them on and off in `flag_acts`, agreeing to changes in
`flag_votes`, files of flags in `flag_files`, why somebody gets what they get in `flag_explain`, what has done
its work in `flag_stale`.
"""

from __future__ import annotations

from collections import Counter
from typing import Annotated

import typer

from sluiceway.cli import (
    flag_acts,
    flag_explain,
    flag_files,
    flag_history,
    flag_segment,
    flag_stale,
    flag_votes,
    flag_writing,
)
from sluiceway.cli.client import Client
from sluiceway.cli.flag_options import (
    FlagArg,
    Service,
    flags_path,
    named,
    service_of,
    the_flag,
)
from sluiceway.cli.flag_shown import flag_panel, flag_table
from sluiceway.cli.options import AsJson, Server, connect
from sluiceway.cli.output import out, print_json, say
from sluiceway.config.flag_file_writing import flag_file_text
from sluiceway.domain.flags.model import FlagSet, FlagType
from sluiceway.domain.flags.wire_reading import flag_from_json
from sluiceway.errors import InvalidInputError
from sluiceway.services.flag_views import (
    FlagServiceView,
    FlagSummary,
    FlagView,
    ProposalView,
    StaleFlagView,
)

app = typer.Typer(
    help="Feature flags: switches in a service's code, turned without a deployment.", no_args_is_help=True
)

_Type = Annotated[FlagType | None, typer.Option("--type", help="What kind it is.", show_default=False)]


@app.command("list")
def list_flags(
    *,
    service: Annotated[
        str | None,
        typer.Option("--service", help="Only of this service; else of every one.", show_default=False),
    ] = None,
    environment: Annotated[
        str, typer.Option("--environment", "-e", help="Only its state here.", show_default=False)
    ] = "",
    kind: _Type = None,
    stale: Annotated[bool, typer.Option("--stale", help="Only those that have done their work.")] = False,
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """List flags with their state in each environment."""
    client = connect(server)
    known = {one.service: one.environments for one in client.get("/api/flag-services", list[FlagServiceView])}
    services = [service] if service else list(known)
    found = [one for name in services for one in client.get(flags_path(name), list[FlagSummary])]
    if stale:
        old = {(name, one.flag) for name in services for one in _stale(client, name)}
        found = [one for one in found if (one.service, one.id) in old]
    if environment:
        found = [one for one in found if environment in {state.environment for state in one.states}]
    found = [one for one in found if kind in {None, one.type}]
    if as_json:
        print_json(found, list[FlagSummary])
    elif found:
        environments = dict.fromkeys(one for name in services for one in known.get(name, ()))
        shown = [environment] if environment else list(environments)
        out().print(flag_table(found, shown, _waiting(client, service)))
    else:
        such = "such " if stale or kind or environment else ""
        say(f"no {such}flags; make one with `sluice flags new FLAG`")


def _stale(client: Client, service: str) -> list[StaleFlagView]:
    return client.get(f"/api/stale-flags/{named(service, 'service')}", list[StaleFlagView])


def _waiting(client: Client, service: str | None) -> Counter[tuple[str, str]]:
    proposals = client.get("/api/flag-proposals", list[ProposalView], service=service)
    return Counter((one.service, item) for one in proposals for item in one.items)


@app.command("show")
def show(
    flag: FlagArg,
    *,
    service: Service = None,
    as_yaml: Annotated[
        bool, typer.Option("--yaml", help="Print it as a file of flags, for `edit --file`.")
    ] = False,
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Show everything about a flag, in each environment."""
    if as_yaml and as_json:
        raise InvalidInputError("--yaml prints YAML and --json JSON; choose one of them")
    client = connect(server)
    view = the_flag(client, service_of(client, service), flag)
    if as_yaml:
        typer.echo(_yaml(view), nl=False)
    elif as_json:
        print_json(view, FlagView)
    else:
        out().print(flag_panel(view))


def _yaml(view: FlagView) -> str:
    return flag_file_text(
        [
            FlagSet(
                view.summary.service, one.environment, flags=(flag_from_json(one.document, is_strict=False),)
            )
            for one in view.definitions
        ]
    )


flag_writing.register(app)
flag_acts.register(app)
flag_history.register(app)
flag_explain.register(app)
flag_votes.register(app)
flag_files.register(app)
flag_stale.register(app)
app.add_typer(flag_segment.app, name="segment")
