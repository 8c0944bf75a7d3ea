"""`sluice runbook list|start|show|done|failed|go-on|set-aside|stop`: runbooks carried out for a release."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated

import typer
from rich.console import Group, RenderableType
from rich.text import Text

from sluiceway.cli.client import Client
from sluiceway.cli.options import AsJson, Reason, Server, Yes, connect
from sluiceway.cli.output import harmless, out, print_json, say, tell
from sluiceway.cli.release_dates import minute
from sluiceway.cli.release_options import (
    LookedAtRelease,
    Needed,
    Note,
    ReleaseArg,
    pick_release,
    release_path,
)
from sluiceway.cli.release_shown import plain_table
from sluiceway.errors import InvalidInputError, NotFoundError
from sluiceway.services.release_render_runs import RunAct
from sluiceway.services.release_views import (
    AttemptView,
    ReleaseView,
    RunbookView,
    RunSummary,
    RunView,
    StepView,
)

_STYLES = {
    "done": "green",
    "running": "cyan",
    "waiting": "yellow",
    "unknown": "bold yellow",
    "failed": "red",
    "stuck": "bold red",
    "undoing": "magenta",
    "taken-back": "magenta",
}
_OUTPUT_LINES = 5  # of each try; `--output` has it all

app = typer.Typer(
    help="Runbooks: steps carried out for a release, by commands and people.", no_args_is_help=True
)

RunArg = Annotated[
    str, typer.Argument(metavar="RUN", help="The run's id; or its release, for the one run that is not over.")
]
LookedAtRun = Annotated[
    str, typer.Argument(metavar="RUN", help="The run's id; or its release, for the newest run.")
]
Step = Annotated[
    str, typer.Option("--step", help="Only if the run is still at this step; else it is refused.")
]
Steps = list[str] | None
_RUN_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|REL-\d+-\d+-.+")  # the latter answer an item


@app.command("list")
def list_runbooks(release: LookedAtRelease = None, *, server: Server = None, as_json: AsJson = False) -> None:
    """List the runbooks of a release's process, and their runs for it, newest first."""
    client = connect(server)
    release_id = pick_release(client, release)
    if as_json:
        print_json(client.get(release_path(release_id, "runs"), list[RunSummary]), list[RunSummary])
        return
    view = client.get(release_path(release_id), ReleaseView)
    if not view.runbooks:
        say(f"the process of {view.summary.id} has no runbooks")
        return
    out().print(_runbooks(view.runbooks))
    if view.run_list:
        out().print(Group(Text(""), _runs(view.run_list)))


@app.command("start")
def start(
    release: ReleaseArg,
    runbook: Annotated[str, typer.Argument(help="A runbook of the process.")],
    *,
    applies: Annotated[
        Steps,
        typer.Option(
            "--applies",
            metavar="STEP",
            help="A step whose condition holds. May be repeated.",
            show_default=False,
        ),
    ] = None,
    set_aside: Annotated[
        Steps,
        typer.Option(
            "--set-aside",
            metavar="STEP",
            help="A step whose condition does not hold. May be repeated.",
            show_default=False,
        ),
    ] = None,
    yes: Yes = False,
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Carry a runbook out, step by step. Waits for a person at steps that people do.

    A step with a condition that neither option names waits for somebody to say whether it holds.
    """
    client = connect(server)
    if not yes:
        view = client.get(release_path(release), ReleaseView)
        known = {one.id: one for one in view.runbooks}
        title = known[runbook].title if runbook in known else runbook
        typer.confirm(
            harmless(f"{view.summary.service} {view.summary.version}: carry out {title}?"),
            abort=True,
            err=True,
        )
    body = {"runbook": runbook, "applies": applies or (), "set_aside": set_aside or ()}
    run = client.post(release_path(release, "run"), RunView, body)
    if as_json:
        print_json(run, RunView)
        return
    tell(run.summary.id)
    say(f"run {run.summary.id} has started; look at it with `sluice runbook show {run.summary.id}`")


@app.command("show")
def show(
    run: LookedAtRun,
    *,
    output: Annotated[bool, typer.Option("--output", help="All that commands printed and was kept.")] = False,
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Show a run: how far it is, every try of every step, what can be said of it now."""
    client = connect(server)
    found = client.get(_run_path(_meant(client, run, or_newest=True)), RunView)
    if as_json:
        print_json(found, RunView)
    else:
        out().print(_shown(found, lines=None if output else _OUTPUT_LINES))


@app.command("done")
def done(
    run: RunArg, *, note: Note = "", step: Step = "", server: Server = None, as_json: AsJson = False
) -> None:
    """Say that the step it waits at is done; of a run that is stuck, that it was taken back by hand."""
    _act(connect(server), run, RunAct.DONE, note, step, as_json=as_json)


@app.command("failed")
def failed(
    run: RunArg, *, note: Note = "", step: Step = "", server: Server = None, as_json: AsJson = False
) -> None:
    """Say that the step it waits at failed: what was done is taken back, last step first."""
    _act(connect(server), run, RunAct.FAILED, note, step, as_json=as_json)


@app.command("go-on")
def go_on(
    run: RunArg, *, note: Note = "", step: Step = "", server: Server = None, as_json: AsJson = False
) -> None:
    """Have the step it waits at carried out: its condition holds, or it is safe to run it again."""
    _act(connect(server), run, RunAct.GO_ON, note, step, as_json=as_json)


@app.command("set-aside")
def set_aside(
    run: RunArg, *, reason: Needed, step: Step = "", server: Server = None, as_json: AsJson = False
) -> None:
    """Leave the step it waits at out, and say why."""
    _act(connect(server), run, RunAct.SET_ASIDE, reason, step, as_json=as_json)


@app.command("stop")
def stop(
    run: RunArg,
    *,
    take_back: Annotated[
        bool, typer.Option("--take-back", help="Undo what was done, last step first; else leave it as it is.")
    ] = False,
    reason: Reason = "",
    yes: Yes = False,
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Stop a run. A command under way is ended first."""
    client = connect(server)
    run_id = _meant(client, run)
    if not yes:
        what = "stop it and take back what was done" if take_back else "stop it and leave things as they are"
        typer.confirm(harmless(f"run {run_id}: {what}?"), abort=True, err=True)
    act = RunAct.TAKE_BACK if take_back else RunAct.STOP
    _act(client, run_id, act, reason, as_json=as_json)


def _act(client: Client, run: str, act: RunAct, note: str, step: str = "", *, as_json: bool) -> None:
    body = {"note": note, "step": step}
    found = client.post(f"{_run_path(_meant(client, run))}/{act}", RunView, body)
    if as_json:
        print_json(found, RunView)
    else:
        tell(f"{found.summary.title}: {found.summary.sentence}")


def _meant(client: Client, given: str, *, or_newest: bool = False) -> str:
    """Return the id of the run meant: as given, else the release's only run that is not over, or the newest.

    Raises NotFoundError when there is none, InvalidInputError naming them when several are not over.
    """
    if _RUN_ID.fullmatch(given.strip()):
        return given.strip()
    path = release_path(given, "runs")
    runs = [one for one in client.get(path, list[RunSummary]) if not one.item]
    found = [one for one in runs if not one.is_over] or (runs[:1] if or_newest else [])
    if not found:
        raise NotFoundError(
            f"{given} has no run {'yet' if or_newest else 'that is not over'}; "
            f"`sluice runbook list {given}` shows its runbooks and runs"
        )
    if len(found) > 1:
        known = ", ".join(f"{one.id} ({one.runbook})" for one in found)
        raise InvalidInputError(f"{len(found)} runs for {given} are not over, name one of: {known}")
    return found[0].id


def _run_path(run: str) -> str:
    return f"/api/runs/{run}"


def _runbooks(found: Sequence[RunbookView]) -> RenderableType:
    table = plain_table("runbook", "owner", "what it is", "steps to decide about")
    for one in found:
        questions = "\n".join(f"{step}: {when}" for step, when in one.questions)
        what = f"{one.title}: {one.purpose}" if one.purpose else one.title
        table.add_row(Text(one.id), Text(one.owner), Text(what), Text(questions))
    return table


def _runs(found: Sequence[RunSummary]) -> RenderableType:
    table = plain_table("run", "what", "state", "began", "how far")
    table.columns[0].no_wrap = True
    for one in found:
        table.add_row(
            one.id,
            Text(one.item or one.runbook),
            Text(one.phase, style=_STYLES.get(one.phase, "")),
            minute(one.began_at),
            Text(one.sentence),
        )
    return table


def _shown(found: RunView, *, lines: int | None) -> RenderableType:
    summary = found.summary
    head = Text(f"{summary.title}  ", style="bold")
    head.append(summary.phase, style=_STYLES.get(summary.phase, ""))
    table = plain_table("", "step", "state", "what came of it")
    for step in found.steps:
        table.add_row(
            Text("▶" if step.id == summary.step else " ", style="cyan"),
            Text(step.id),
            Text(step.state, style=_STYLES.get(step.state, "dim")),
            _step(step, lines),
        )
    began = Text(f"began {minute(summary.began_at)} by {summary.began_by}", style="dim")
    parts: list[RenderableType] = [head, Text(summary.sentence), began, Text(""), table]
    if found.acts:
        parts += [Text(""), Text(f"you may say: {', '.join(found.acts)}", style="dim")]
    return Group(*parts)


def _step(step: StepView, lines: int | None) -> Text:
    text = Text(step.title)
    if step.when:
        text.append(f" [{step.when}]", style="dim")
    for attempt in step.attempts:
        text.append(f"\n{_attempt_words(attempt)}", style="dim")
        if attempt.output:
            kept = attempt.output.rstrip().splitlines()
            shown = kept if lines is None else kept[-lines:]
            text.append("".join(f"\n  {line}" for line in shown), style="dim")
    return text


def _attempt_words(attempt: AttemptView) -> str:
    what = "taking it back" if attempt.is_undo else f"try {attempt.number}"
    by = f" by {attempt.by}" if attempt.by else ""
    end = minute(attempt.ended_at)
    if attempt.is_set_aside:
        return f"{end} set aside{by}{f': {attempt.note}' if attempt.note else ''}"
    if attempt.ended_at is None:
        return f"{minute(attempt.began_at)} {what} is under way"
    words = {True: "done", False: "failed", None: "cut off"}[attempt.ok]
    return f"{end} {what} {words}{by}{f': {attempt.note}' if attempt.note else ''}"
