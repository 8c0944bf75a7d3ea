"""`sluice release new|edit|list|show|explain|history`: make a release, say what it is, look at it.

What people do to one is in `release_acts` and `release_votes`, its dates are in `release_plan`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sluiceway.cli import release_acts, release_plan, release_votes
from sluiceway.cli.client import Client
from sluiceway.cli.files import read_process
from sluiceway.cli.options import AsJson, Server, connect
from sluiceway.cli.output import local_time, out, print_json, say, tell
from sluiceway.cli.release_dates import in_zone
from sluiceway.cli.release_facts import FactWords, facts_text, patch_body, patch_of
from sluiceway.cli.release_options import (
    IfVersion,
    LookedAtRelease,
    ReleaseArg,
    pick_release,
    release_path,
    send,
)
from sluiceway.cli.release_shown import explanation, release_panel, release_table, state_line
from sluiceway.config import parse_process
from sluiceway.domain.releases.model import Facts
from sluiceway.errors import InvalidInputError, NotFoundError
from sluiceway.services.processes import ProcessVersionView
from sluiceway.services.release_views import ExplainedReleaseView, ReleaseSummary, ReleaseView
from sluiceway.services.views import AuditView

PAGE = 200

app = typer.Typer(help="Releases: make them, see what they wait for, take them along.", no_args_is_help=True)
release_plan.register(app)
release_acts.register(app)
release_votes.register(app)

_FactsFile = Annotated[
    Path | None,
    typer.Option(
        "--facts", help="A YAML file with any of its fields; `show --facts` writes one.", show_default=False
    ),
]
_Target = Annotated[
    str | None,
    typer.Option(
        "--target",
        help="When users should have it: 2026-12-01, '2026-12-01 10:00' (in the process's zone), '6 weeks'.",
        show_default=False,
    ),
]
_Title = Annotated[str | None, typer.Option("--title", help="What people call it.", show_default=False)]
_CodeName = Annotated[str | None, typer.Option("--code-name", help="Its code name.", show_default=False)]
_Manager = Annotated[str | None, typer.Option("--manager", help="Who manages it.", show_default=False)]
_Sponsor = Annotated[str | None, typer.Option("--sponsor", help="Who sponsors it.", show_default=False)]
_UserImpact = Annotated[
    str | None, typer.Option("--user-impact", help="What it means for users.", show_default=False)
]
_RevenueImpact = Annotated[
    str | None, typer.Option("--revenue-impact", help="What it means for revenue.", show_default=False)
]
_Environment = Annotated[
    str | None, typer.Option("--environment", help="The environment it is for.", show_default=False)
]
_Goals = Annotated[
    list[str] | None,
    typer.Option("--goal", help="'TEXT; METRIC; TARGET'. May be repeated.", show_default=False),
]
_Scope = Annotated[
    list[str] | None,
    typer.Option(
        "--scope",
        help="'KIND: TEXT; LINK', of kind feature, fix, performance, security or debt. May be repeated.",
        show_default=False,
    ),
]
_Stakeholders = Annotated[
    list[str] | None,
    typer.Option("--stakeholder", help="'ROLE: PERSON; BACKUP'. May be repeated.", show_default=False),
]
_Channels = Annotated[
    list[str] | None,
    typer.Option("--channel", help="A way to the users, such as web. May be repeated.", show_default=False),
]


@app.command("new")
def new(
    version: Annotated[str, typer.Argument(help="The version it brings, such as 1.4.0.")],
    *,
    kind: Annotated[
        str | None, typer.Option("--type", help="A type of the process, such as minor.", show_default=False)
    ] = None,
    service: Annotated[str, typer.Option("--service", help="The service it is of.")] = "",
    process: Annotated[
        Path | None,
        typer.Option(
            "--file",
            "-f",
            help="A process file to put in force for the service first; `-` is stdin.",
            show_default=False,
        ),
    ] = None,
    facts: _FactsFile = None,
    target: _Target = None,
    title: _Title = None,
    code_name: _CodeName = None,
    manager: _Manager = None,
    sponsor: _Sponsor = None,
    user_impact: _UserImpact = None,
    revenue_impact: _RevenueImpact = None,
    environment: _Environment = None,
    goals: _Goals = None,
    scope: _Scope = None,
    stakeholders: _Stakeholders = None,
    channels: _Channels = None,
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Make a release, in the first phase of its type's path."""
    client = connect(server)
    body: dict[str, object] = {"service": service}
    if process is not None:
        path = process.absolute()
        body |= {"process": read_process(path), "path": str(path)}
    words = FactWords(
        facts=facts,
        version=version,
        type=kind,
        target=target,
        title=title,
        code_name=code_name,
        manager=manager,
        sponsor=sponsor,
        user_impact=user_impact,
        revenue_impact=revenue_impact,
        environment=environment,
        goals=goals or (),
        scope=scope or (),
        stakeholders=stakeholders or (),
        channels=channels or (),
    )
    patch = patch_of(words, Facts(version, ""), _zone_of(client, body))
    if patch.type is None:
        raise InvalidInputError("say which type of release it is with --type, such as --type minor")
    view = client.post("/api/releases", ReleaseView, {**body, "facts": patch_body(patch)})
    if as_json:
        print_json(view, ReleaseView)
        return
    tell(view.summary.id)
    say(state_line(view))
    _say_target(view, is_given=patch.target_at is not None)


@app.command("edit")
def edit(
    release: ReleaseArg,
    *,
    version: Annotated[
        str | None, typer.Option("--version", help="Another version.", show_default=False)
    ] = None,
    kind: Annotated[str | None, typer.Option("--type", help="Another type.", show_default=False)] = None,
    facts: _FactsFile = None,
    target: _Target = None,
    title: _Title = None,
    code_name: _CodeName = None,
    manager: _Manager = None,
    sponsor: _Sponsor = None,
    user_impact: _UserImpact = None,
    revenue_impact: _RevenueImpact = None,
    environment: _Environment = None,
    goals: _Goals = None,
    scope: _Scope = None,
    stakeholders: _Stakeholders = None,
    channels: _Channels = None,
    if_version: IfVersion = None,
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Change what a release says; goals, scope, stakeholders and channels are added to those it has.

    To change or take away one of those, write them to a file with `show --facts`, and give it to --facts.
    """
    client = connect(server)
    before = client.get(release_path(release), ReleaseView)
    words = FactWords(
        facts=facts,
        version=version,
        type=kind,
        target=target,
        title=title,
        code_name=code_name,
        manager=manager,
        sponsor=sponsor,
        user_impact=user_impact,
        revenue_impact=revenue_impact,
        environment=environment,
        goals=goals or (),
        scope=scope or (),
        stakeholders=stakeholders or (),
        channels=channels or (),
    )
    patch = patch_of(words, before.facts, before.zone)
    changed = patch_body(patch)
    if not changed:
        raise InvalidInputError("say what to change, with options or with a file; see --help")
    body = {"facts": changed, "expected_version": before.version if if_version is None else if_version}
    view = send(client, release, "edit", body, words=f"changed: {', '.join(changed)}", as_json=as_json)
    if not as_json:
        _say_target(view, is_given=patch.target_at is not None)


@app.command("list")
def list_releases(
    *,
    service: Annotated[
        str | None, typer.Option("--service", help="Only of this service.", show_default=False)
    ] = None,
    phase: Annotated[
        str | None, typer.Option("--phase", help="Only in this phase.", show_default=False)
    ] = None,
    kind: Annotated[str | None, typer.Option("--type", help="Only of this type.", show_default=False)] = None,
    is_open: Annotated[bool, typer.Option("--open", help="Only those that have not ended.")] = False,
    text: Annotated[
        str | None,
        typer.Option("--text", help="Only with this in version, title or code name.", show_default=False),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=PAGE, help="How many at most.")] = 50,
    before: Annotated[
        str | None, typer.Option("--before", help="Continue after this id.", show_default=False)
    ] = None,
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """List releases, newest first, with the first thing that each waits for."""
    found = connect(server).get(
        "/api/releases",
        list[ReleaseSummary],
        service=service,
        phase=phase,
        type=kind,
        open=is_open,
        text=text,
        limit=limit,
        before=before,
    )
    if as_json:
        print_json(found, list[ReleaseSummary])
    elif found:
        out().print(release_table(found))
    else:
        say("no such release; `sluice release new VERSION --type TYPE` makes one")
    if len(found) == limit:
        say(f"there may be more: --before {found[-1].id}")


@app.command("show")
def show(
    release: LookedAtRelease = None,
    *,
    facts: Annotated[
        bool, typer.Option("--facts", help="Print what it says as YAML, for `edit --facts`.")
    ] = False,
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Show everything about a release once."""
    if facts and as_json:
        raise InvalidInputError("--facts prints YAML and --json JSON; choose one of them")
    client = connect(server)
    view = client.get(release_path(pick_release(client, release)), ReleaseView)
    if facts:
        typer.echo(facts_text(view.facts, view.zone), nl=False)
    elif as_json:
        print_json(view, ReleaseView)
    else:
        out().print(release_panel(view))


@app.command("explain")
def explain(
    release: LookedAtRelease = None,
    *,
    to: Annotated[str, typer.Option("--to", help="What holds the move to this phase; else the next.")] = "",
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Say why a release is where it is, all that is missing to move on, and on whom it waits."""
    client = connect(server)
    path = release_path(pick_release(client, release), "explanation")
    found = client.get(path, ExplainedReleaseView, to=to or None)
    if as_json:
        print_json(found, ExplainedReleaseView)
    else:
        out().print(explanation(found))


@app.command("history")
def history(
    release: LookedAtRelease = None,
    *,
    limit: Annotated[int, typer.Option(min=1, max=PAGE, help="How many at most.")] = 50,
    before: Annotated[
        int | None, typer.Option("--before", help="Continue below this number.", show_default=False)
    ] = None,
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Show what was done to a release, newest first: when, who, what, why."""
    client = connect(server)
    path = release_path(pick_release(client, release), "history")
    entries = client.get(path, list[AuditView], limit=limit, before=before)
    if as_json:
        print_json(entries, list[AuditView])
        return
    console = out()
    for entry in entries:
        line = f"{entry.seq:>5}  {local_time(entry.at)}  {entry.kind:<24} {entry.actor}: {entry.why}"
        console.print(line, markup=False, soft_wrap=True)
    if len(entries) == limit:
        say(f"there may be more: --before {entries[-1].seq}")


def _zone_of(client: Client, body: dict[str, object]) -> str:
    """Return the zone of the calendar that a new release will follow."""
    text = body.get("process")
    if text is not None:
        team = parse_process(str(text), str(body["path"])).team
        return team.calendar.zone if team is not None else "UTC"
    service = str(body["service"])
    if not service:
        raise InvalidInputError("say which service it is of with --service, or name its process file with -f")
    if any(character in service for character in "/?#"):
        raise NotFoundError(f"{service!r} is no service's name")
    versions = client.get(f"/api/processes/{service}", list[ProcessVersionView])
    return next((one.zone for one in versions if one.is_in_force), "UTC")


def _say_target(view: ReleaseView, *, is_given: bool) -> None:
    if is_given:
        say(f"target: {in_zone(view.facts.target_at, view.zone)}")
