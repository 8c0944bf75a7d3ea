"""`sluice rollout start|list|status|explain|history`: begin one and look at it. Acts are in `acts`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sluiceway.cli import acts
from sluiceway.cli.files import read_process
from sluiceway.cli.options import AsJson, LookedAt, Named, Server, connect, pick_rollout
from sluiceway.cli.output import local_time, out, print_json, say
from sluiceway.cli.panels import explanation_text, rollout_panel, rollout_table
from sluiceway.cli.watch import watch, watch_rollout
from sluiceway.services.views import AuditView, ExplanationView, RolloutSummary, RolloutView

PAGE = 200

app = typer.Typer(help="Start rollouts, watch them, act on them.", no_args_is_help=True)
app.command("watch")(watch)
acts.register(app)


@app.command("start")
def start(
    process: Annotated[Path, typer.Argument(metavar="FILE", help="The process file.")],
    *,
    rollout: Named = "",
    new: Annotated[str, typer.Option("--to", help="The version to bring to users.")],
    stable: Annotated[
        str | None,
        typer.Option(
            "--from",
            help="The version that serves now; known from the last rollout, if there was one.",
            show_default=False,
        ),
    ] = None,
    replace_serving: Annotated[
        bool,
        typer.Option(
            "--replace-serving",
            help="Start from --from even if another version serves: moves everyone to it at once.",
        ),
    ] = False,
    follow: Annotated[bool, typer.Option("--watch", "-w", help="Follow it until it ends.")] = False,
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Start a rollout by a process file."""
    path = process.absolute()
    body = {
        "process": read_process(path),
        "path": str(path),
        "rollout": rollout,
        "new": new,
        "stable": stable,
        "replace_serving": replace_serving,
    }
    client = connect(server)
    view = client.post("/api/rollouts", RolloutView, body)
    if as_json and not follow:
        print_json(view, RolloutView)
        return
    say(f"rollout {view.summary.id} of {view.summary.service} has started")
    if follow:
        raise typer.Exit(watch_rollout(client, view.summary.id, as_json=as_json))
    typer.echo(view.summary.id)
    say(f"follow it with `sluice rollout watch`, or at {client.address}")


@app.command("list")
def list_rollouts(
    *,
    service: Annotated[
        str | None, typer.Option("--service", help="Only of this service.", show_default=False)
    ] = None,
    active: Annotated[bool, typer.Option("--active", help="Only unfinished ones.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=500, help="How many at most.")] = 50,
    before: Annotated[
        str | None, typer.Option("--before", help="Continue after this id.", show_default=False)
    ] = None,
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """List rollouts, newest first."""
    found = connect(server).get(
        "/api/rollouts", list[RolloutSummary], service=service, active=active, limit=limit, before=before
    )
    if as_json:
        print_json(found, list[RolloutSummary])
    elif found:
        out().print(rollout_table(found))
    else:
        say("no rollouts; start one with `sluice rollout start FILE --to VERSION`")
    if len(found) == limit:
        say(f"there may be more: --before {found[-1].id}")


@app.command("status")
def status(rollout: LookedAt = None, server: Server = None, as_json: AsJson = False) -> None:
    """Show everything about a rollout once."""
    client = connect(server)
    view = client.get(f"/api/rollouts/{pick_rollout(client, rollout, or_newest=True)}", RolloutView)
    if as_json:
        print_json(view, RolloutView)
    else:
        out().print(rollout_panel(view))


@app.command("explain")
def explain(rollout: LookedAt = None, server: Server = None, as_json: AsJson = False) -> None:
    """Say why a rollout is where it is, what it waits for, since when and on whom."""
    client = connect(server)
    found = client.get(
        f"/api/rollouts/{pick_rollout(client, rollout, or_newest=True)}/explanation", ExplanationView
    )
    if as_json:
        print_json(found, ExplanationView)
    else:
        out().print(explanation_text(found))


@app.command("history")
def history(rollout: LookedAt = None, server: Server = None, as_json: AsJson = False) -> None:
    """Show every decision and act of a rollout: when, who, what, why, on which figures."""
    client = connect(server)
    rollout_id = pick_rollout(client, rollout, or_newest=True)
    entries: list[AuditView] = []
    while True:
        after = entries[-1].seq if entries else 0
        page = client.get(f"/api/rollouts/{rollout_id}/history", list[AuditView], after=after, limit=PAGE)
        entries += page
        if len(page) < PAGE:
            break
    if as_json:
        print_json(entries, list[AuditView])
        return
    console = out()
    for entry in entries:
        when = local_time(entry.at)
        console.print(
            f"{entry.seq:>5}  {when}  {entry.kind:<20} {entry.actor}: {entry.why}",
            markup=False,
            soft_wrap=True,
        )
        figures = ", ".join(
            f"{name} {value:.6g}" if isinstance(value, float) else f"{name} {value}"
            for name, value in entry.figures.items()
        )
        if figures:
            console.print(f"{'':>28}  {figures}", markup=False, soft_wrap=True, style="dim")
