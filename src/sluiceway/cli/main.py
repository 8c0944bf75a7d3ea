"""`sluice`: the command line. One module per family; this one puts them together and words their errors."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from sluiceway import __version__
from sluiceway.cli import (
    account,
    audit,
    board,
    change,
    checklist,
    experiment,
    flag,
    plan,
    process,
    process_apply,
    processes,
    release,
    rollouts,
    runbook,
    token,
    work,
)
from sluiceway.cli.demo import demo
from sluiceway.cli.login import login, logout, whoami
from sluiceway.cli.output import print_json, say
from sluiceway.cli.push import push
from sluiceway.cli.rehearse import rehearse
from sluiceway.cli.serve import down, serve
from sluiceway.errors import FlagFileError, ProcessFileError, SluicewayError


class ErrorWords(TyperGroup):
    """Turns the errors of our tree into one clear message on stderr and their exit code."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except (ProcessFileError, FlagFileError) as error:
            say(str(error))
            count = len(error.problems)
            say(f"{count} problem{'s' if count != 1 else ''} found")
            raise typer.Exit(error.exit_code) from error
        except SluicewayError as error:
            say(f"sluice: {error}")
            raise typer.Exit(error.exit_code) from error


app = typer.Typer(
    name="sluice",
    cls=ErrorWords,
    help="Roll a service out on live traffic, stage by stage, and back within seconds.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("init")(process.init)
app.command("validate")(process.validate)
app.command("schema")(process.schema)
app.command("rehearse")(rehearse)
app.command("serve")(serve)
app.command("login")(login)
app.command("logout")(logout)
app.command("whoami")(whoami)
app.add_typer(account.app, name="account")
app.command("down")(down)
app.command("status")(work.status)
app.command("work")(work.work)
app.add_typer(release.app, name="release")
app.add_typer(change.app, name="change")
app.add_typer(board.app, name="board")
app.add_typer(flag.app, name="flags")
app.add_typer(experiment.app, name="experiment")
app.add_typer(checklist.app, name="checklist")
app.add_typer(runbook.app, name="runbook")
app.add_typer(rollouts.app, name="rollout")
app.add_typer(audit.app, name="audit")
app.add_typer(plan.app, name="plan")
process_apply.register(processes.app)
app.add_typer(processes.app, name="process")
app.add_typer(token.app, name="token")
app.command("push")(push)
app.command(
    "demo", context_settings={"allow_extra_args": True, "ignore_unknown_options": True}, add_help_option=False
)(demo)


@app.command("version")
def version(as_json: Annotated[bool, typer.Option("--json", help="Write JSON.")] = False) -> None:
    """Print the version."""
    if as_json:
        print_json({"version": __version__}, dict[str, str])
    else:
        typer.echo(__version__)


def main() -> None:
    """The entry point of the `sluice` program."""
    app()
