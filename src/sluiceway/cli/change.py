"""`sluice change new|import|edit|list|show|history`: write a change request, look at it.

What people do to one is in `change_acts` and `change_votes`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sluiceway.cli import change_acts, change_votes
from sluiceway.cli.change_facts import ChangeWords, change_text, patch_body, patch_of
from sluiceway.cli.change_options import ChangeArg, change_path, send
from sluiceway.cli.change_shown import change_line, change_panel, change_table
from sluiceway.cli.files import read_text
from sluiceway.cli.options import AsJson, Server, connect
from sluiceway.cli.output import local_time, out, print_json, say, tell
from sluiceway.cli.release_options import IfVersion
from sluiceway.domain.changes.model import ChangeFacts, ChangeState
from sluiceway.errors import InvalidInputError
from sluiceway.services.change_views import ChangeFormView, ChangeSummary, ChangeView
from sluiceway.services.views import AuditView

PAGE = 200

app = typer.Typer(
    help="Change requests: write them, have them decided, carry them out.", no_args_is_help=True
)
change_acts.register(app)
change_votes.register(app)

Service = Annotated[str, typer.Option("--service", help="The service it changes.")]
_File = Annotated[
    Path | None,
    typer.Option(
        "--file", "-f", help="A YAML file that says it all; `show --yaml` writes one.", show_default=False
    ),
]
_Kind = Annotated[
    str | None, typer.Option("--kind", help="A kind of the process: normal ...", show_default=False)
]
_Requestor = Annotated[
    str | None, typer.Option("--requestor", help="Who asks for it; else you.", show_default=False)
]
_Description = Annotated[
    str | None, typer.Option("--description", help="What is to be done.", show_default=False)
]
_Why = Annotated[
    str | None, typer.Option("--justification", help="Why, for the business.", show_default=False)
]
_Scope = Annotated[
    str | None, typer.Option("--scope", help="How large it is, such as major.", show_default=False)
]
_Effort = Annotated[
    str | None, typer.Option("--effort", help="How long it takes: '8 weeks'.", show_default=False)
]
_Template = Annotated[
    str | None,
    typer.Option("--template", help="The request that a standard change follows.", show_default=False),
]
_Implementer = Annotated[
    str | None, typer.Option("--implementer", help="Who carries it out.", show_default=False)
]
_Parent = Annotated[
    str | None,
    typer.Option("--parent-service", help="The service that this one is a part of.", show_default=False),
]
_WayBack = Annotated[str | None, typer.Option("--rollback-plan", help="How to go back.", show_default=False)]
_Criteria = Annotated[
    list[str] | None,
    typer.Option("--criterion", help="What must hold once it is done. May be repeated.", show_default=False),
]
_Dependencies = Annotated[
    list[str] | None,
    typer.Option("--depends-on", help="What it needs from elsewhere. May be repeated.", show_default=False),
]
_Metrics = Annotated[
    list[str] | None,
    typer.Option("--metric", help="What shows that it was worth it. May be repeated.", show_default=False),
]
_Answers = Annotated[
    list[str] | None,
    typer.Option("--answer", help="QUESTION=ANSWER, by id. May be repeated.", show_default=False),
]
_Starts = Annotated[
    str | None,
    typer.Option(
        "--starts", help="When: '2026-12-01 10:00' (in the process's zone), '2 days'.", show_default=False
    ),
]
_Ends = Annotated[str | None, typer.Option("--ends", help="Until when, as --starts.", show_default=False)]


@app.command("new")
def new(
    title: Annotated[str, typer.Argument(help="What is to be done, in a line.")],
    *,
    service: Service,
    file: _File = None,
    kind: _Kind = None,
    requestor: _Requestor = None,
    description: _Description = None,
    justification: _Why = None,
    scope: _Scope = None,
    effort: _Effort = None,
    template: _Template = None,
    implementer: _Implementer = None,
    parent_service: _Parent = None,
    rollback_plan: _WayBack = None,
    criteria: _Criteria = None,
    dependencies: _Dependencies = None,
    metrics: _Metrics = None,
    answers: _Answers = None,
    starts: _Starts = None,
    ends: _Ends = None,
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Make a draft; `sluice change submit` hands it in."""
    client = connect(server)
    words = ChangeWords(
        file=file,
        title=title,
        kind=kind,
        requestor=requestor,
        description=description,
        business_justification=justification,
        scope=scope,
        effort=effort,
        template=template,
        implementer=implementer,
        parent_service=parent_service,
        rollback_plan=rollback_plan,
        acceptance_criteria=criteria or (),
        dependencies=dependencies or (),
        success_metrics=metrics or (),
        answers=answers or (),
        starts=starts,
        ends=ends,
    )
    zone = "UTC"
    if starts is not None or ends is not None:
        zone = client.get("/api/changes/form", ChangeFormView, service=service).zone
    patch = patch_of(words, ChangeFacts(title, ""), zone)
    body = {"service": service, "facts": patch_body(patch)}
    _made(client.post("/api/changes", ChangeView, body), as_json=as_json)


@app.command("import")
def import_change(
    file: Annotated[Path, typer.Argument(help="A YAML file with a `change_request`; `-` is stdin.")],
    *,
    service: Annotated[str, typer.Option("--service", help="The service, when the file names none.")] = "",
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Make a draft of a request written as YAML. It keeps the id it gives itself."""
    body = {"text": read_text(file, what="change request"), "path": str(file), "service": service}
    _made(connect(server).post("/api/changes/import", ChangeView, body), as_json=as_json)


@app.command("edit")
def edit(
    change: ChangeArg,
    *,
    file: _File = None,
    title: Annotated[str | None, typer.Option("--title", help="Another title.", show_default=False)] = None,
    kind: _Kind = None,
    requestor: _Requestor = None,
    description: _Description = None,
    justification: _Why = None,
    scope: _Scope = None,
    effort: _Effort = None,
    template: _Template = None,
    implementer: _Implementer = None,
    parent_service: _Parent = None,
    rollback_plan: _WayBack = None,
    criteria: _Criteria = None,
    dependencies: _Dependencies = None,
    metrics: _Metrics = None,
    answers: _Answers = None,
    starts: _Starts = None,
    ends: _Ends = None,
    if_version: IfVersion = None,
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Change what a request says. What was approved waits for a decision again.

    Criteria, dependencies and metrics are added to those it has. To change or take away one of those, write
    the request to a file with `show --yaml`, and give it to --file.
    """
    client = connect(server)
    before = client.get(change_path(change), ChangeView)
    words = ChangeWords(
        file=file,
        title=title,
        kind=kind,
        requestor=requestor,
        description=description,
        business_justification=justification,
        scope=scope,
        effort=effort,
        template=template,
        implementer=implementer,
        parent_service=parent_service,
        rollback_plan=rollback_plan,
        acceptance_criteria=criteria or (),
        dependencies=dependencies or (),
        success_metrics=metrics or (),
        answers=answers or (),
        starts=starts,
        ends=ends,
    )
    changed = patch_body(patch_of(words, before.facts, before.zone))
    if not changed:
        raise InvalidInputError("say what to change, with options or with a file; see --help")
    body = {"facts": changed, "expected_version": before.version if if_version is None else if_version}
    send(client, change, "edit", body, words=f"changed: {', '.join(changed)}", as_json=as_json)


@app.command("list")
def list_changes(
    *,
    service: Annotated[
        str | None, typer.Option("--service", help="Only of this service.", show_default=False)
    ] = None,
    states: Annotated[
        list[ChangeState] | None,
        typer.Option("--state", help="Only in this state. May be repeated.", show_default=False),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=PAGE, help="How many at most.")] = 50,
    before: Annotated[
        str | None, typer.Option("--before", help="Continue after this id.", show_default=False)
    ] = None,
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """List change requests, newest first, with what each waits for."""
    found = connect(server).get(
        "/api/changes",
        list[ChangeSummary],
        service=service,
        state=[state.value for state in states or ()],
        limit=limit,
        before=before,
    )
    if as_json:
        print_json(found, list[ChangeSummary])
    elif found:
        out().print(change_table(found))
    else:
        say("no change requests; make one with `sluice change new TITLE --service NAME`")
    if len(found) == limit:
        say(f"there may be more: --before {found[-1].id}")


@app.command("show")
def show(
    change: ChangeArg,
    *,
    as_yaml: Annotated[
        bool, typer.Option("--yaml", help="Print what it says as YAML, for `edit --file`.")
    ] = False,
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Show everything about a change request once."""
    if as_yaml and as_json:
        raise InvalidInputError("--yaml prints YAML and --json JSON; choose one of them")
    view = connect(server).get(change_path(change), ChangeView)
    if as_yaml:
        typer.echo(change_text(view.facts), nl=False)
    elif as_json:
        print_json(view, ChangeView)
    else:
        out().print(change_panel(view))


@app.command("history")
def history(
    change: ChangeArg,
    *,
    limit: Annotated[int, typer.Option(min=1, max=PAGE, help="How many at most.")] = 50,
    before: Annotated[
        int | None, typer.Option("--before", help="Continue below this number.", show_default=False)
    ] = None,
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Show what was done to a change request, newest first: when, who, what, why."""
    path = change_path(change, "history")
    entries = connect(server).get(path, list[AuditView], limit=limit, before=before)
    if as_json:
        print_json(entries, list[AuditView])
        return
    console = out()
    for entry in entries:
        line = f"{entry.seq:>5}  {local_time(entry.at)}  {entry.kind:<20} {entry.actor}: {entry.why}"
        console.print(line, markup=False, soft_wrap=True)
    if len(entries) == limit:
        say(f"there may be more: --before {entries[-1].seq}")


def _made(view: ChangeView, *, as_json: bool) -> None:
    if as_json:
        print_json(view, ChangeView)
        return
    tell(view.summary.id)
    say(change_line(view))
