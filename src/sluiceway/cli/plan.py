"""`sluice plan analysis`: how large a regression each stage would see, before anything is rolled out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sluiceway.cli.files import read_process
from sluiceway.cli.options import AsJson, Named
from sluiceway.cli.output import out, print_json, say
from sluiceway.cli.plan_tables import plan_report
from sluiceway.cli.process import DEFAULT_FILE
from sluiceway.services.planning import NOISE_WORDS, AnalysisPlanView, plan_analysis, read_expected

app = typer.Typer(help="Try out what a process file would do.", no_args_is_help=True)


@app.callback()
def plan() -> None:
    """Try out what a process file would do."""


@app.command("analysis")
def analysis(
    *,
    rps: Annotated[float, typer.Option("--rps", help="Requests a second, of both versions together.")],
    file: Annotated[
        Path, typer.Option("--file", "-f", help="The process file; `-` is stdin.")
    ] = DEFAULT_FILE,
    rollout: Named = "",
    error_rate: Annotated[
        str | None,
        typer.Option("--error-rate", help="Stable's usual share of errors. Else 0.5%.", show_default=False),
    ] = None,
    slow_rate: Annotated[
        str | None,
        typer.Option(
            "--slow-rate", help="Stable's usual share of slow requests. Else 5%.", show_default=False
        ),
    ] = None,
    rate: Annotated[
        list[str] | None,
        typer.Option(
            "--rate",
            metavar="NAME=RATE[@RPS]",
            help="The usual rate of another metric, and how many there are a second.",
            show_default=False,
        ),
    ] = None,
    noise: Annotated[
        str | None,
        typer.Option(
            "--noise",
            help=f"How much equal versions differ: {NOISE_WORDS}. Else as the process says.",
            show_default=False,
        ),
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Exit 1 when there are warnings.")] = False,
    as_json: AsJson = False,
) -> None:
    """Say what the statistical comparison would see in each stage, and how soon."""
    expected = read_expected(
        rps=rps, error_rate=error_rate, slow_rate=slow_rate, rates=rate or (), noise=noise
    )
    view = plan_analysis(read_process(file), str(file), expected, rollout)
    if as_json:
        print_json(view, AnalysisPlanView)
    else:
        console = out()
        console.print(plan_report(view, console.width))
        for warning in view.warnings:
            say(f"warning: {warning.text}")
    if strict and view.warnings:
        raise typer.Exit(1)
