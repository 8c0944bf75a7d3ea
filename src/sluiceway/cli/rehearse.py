"""`sluice rehearse`: a whole plan on recorded or simulated metrics, in seconds, without a server.

What the options mean; running it and telling of it are in `rehearsed`, which takes longer to load.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from sluiceway.cli.options import AsJson, Named
from sluiceway.cli.process import DEFAULT_FILE
from sluiceway.domain.process.durations import parse_duration
from sluiceway.errors import InvalidInputError
from sluiceway.services.starting import checked_version

_FOR_SCENARIOS = {
    "rps": "--rps", "error_rate": "--error-rate", "latency": "--latency", "metric": "--metric",
}  # fmt: skip
_FOR_RECORDINGS = {"share": "--share"}


def rehearse(
    context: typer.Context,
    *,
    file: Annotated[
        Path, typer.Option("--file", "-f", help="The process file; `-` is stdin.")
    ] = DEFAULT_FILE,
    rollout: Named = "",
    scenario: Annotated[
        str | None,
        typer.Option("--scenario", help="A simulated day; `--list` tells them.", show_default=False),
    ] = None,
    recorded: Annotated[
        Path | None,
        typer.Option("--recorded", help="A CSV file of recorded metrics.", show_default=False),
    ] = None,
    show_list: Annotated[bool, typer.Option("--list", help="Tell the scenarios and stop.")] = False,
    new: Annotated[str, typer.Option("--to", help="What the new version is called.")] = "new",
    stable: Annotated[str, typer.Option("--from", help="What the stable version is called.")] = "stable",
    rps: Annotated[float, typer.Option("--rps", help="Requests a second, of a scenario.")] = 200.0,
    error_rate: Annotated[
        str, typer.Option("--error-rate", help="Share of requests that usually fail, of a scenario.")
    ] = "0.05%",
    latency: Annotated[
        str, typer.Option("--latency", help="Usual (median) time to answer, of a scenario.")
    ] = "60ms",
    metric: Annotated[
        list[str] | None,
        typer.Option(
            "--metric",
            help="NAME=VALUE: what is usual of another metric, of a scenario. May be repeated.",
            show_default=False,
        ),
    ] = None,
    share: Annotated[
        str,
        typer.Option(
            "--share", help="Of a recording: `recorded`, or `plan` to leave requests out by weight."
        ),
    ] = "recorded",
    noise: Annotated[
        str, typer.Option("--noise", help="Usual noise before the start: `learned` or `unknown`.")
    ] = "learned",
    approve: Annotated[
        str, typer.Option("--approve", help="What people approve and attest: `all` or `none`.")
    ] = "all",
    approve_after: Annotated[
        str, typer.Option("--approve-after", help="How long people take to do so, or are waited for.")
    ] = "10m",
    users: Annotated[
        float, typer.Option("--requests-per-user", help="To reckon how many people would have been hurt.")
    ] = 20.0,
    step: Annotated[
        str | None,
        typer.Option(
            "--step", help="Time between two looks where nothing happens; else by length.", show_default=False
        ),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="The same seed gives the same day.")] = 1,
    plot: Annotated[
        Path | None,
        typer.Option("--plot", help="Write a picture here: .svg or .html.", show_default=False),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Run a process file's plan in seconds and tell when it would promote or roll back, and why.

    Exit 0: promoted. Exit 10: rolled back. Exit 13: paused, asking or unfinished.
    """
    from sluiceway.cli import rehearsed  # heavy: the other commands must not wait for it

    if show_list:
        rehearsed.tell_scenarios(as_json=as_json)
        return
    if (scenario is None) == (recorded is None):
        raise InvalidInputError(
            "say what to rehearse on: --scenario NAME (`--list` tells them) or --recorded CSV"
        )
    if plot is not None and plot.suffix not in {".svg", ".html"}:
        raise InvalidInputError(f"--plot is {plot}; name a file that ends with .svg or .html")
    if plot is not None and not plot.parent.is_dir():
        raise InvalidInputError(f"--plot is {plot}, but {plot.parent} is no directory here")
    misplaced = _FOR_RECORDINGS if recorded is None else _FOR_SCENARIOS
    for name, option in misplaced.items():
        source = context.get_parameter_source(name)
        if source is not None and source.name == "COMMANDLINE":
            kind = "recording" if recorded is None else "scenario"
            raise InvalidInputError(f"{option} is of a {kind}; leave it out here")
    asked = rehearsed.Asked(
        file=file,
        rollout=rollout,
        scenario=scenario,
        recorded=recorded,
        new=checked_version(new, "--to"),
        stable=checked_version(stable, "--from"),
        rps=_above_zero(rps, "--rps"),
        error_rate=_share_of(error_rate, "--error-rate"),
        latency_ms=1_000 * _above_zero(_duration(latency, "--latency"), "--latency"),
        own=dict(_own(text) for text in metric or ()),
        share=_one_of(share, ("recorded", "plan"), "--share"),
        noise=_one_of(noise, ("learned", "unknown"), "--noise"),
        approves=_one_of(approve, ("all", "none"), "--approve") == "all",
        approve_after_s=_duration(approve_after, "--approve-after"),
        requests_per_user=_above_zero(users, "--requests-per-user"),
        step_s=_above_zero(_duration(step, "--step"), "--step") if step is not None else None,
        seed=seed,
    )
    raise typer.Exit(rehearsed.run(asked, plot, as_json=as_json))


def _duration(text: str, option: str) -> float:
    try:
        return parse_duration(text)
    except InvalidInputError as failure:
        raise InvalidInputError(f"{option}: {failure}") from failure


def _one_of(text: str, names: Sequence[str], option: str) -> str:
    if text not in names:
        raise InvalidInputError(f"{option} is {text!r}; use {' or '.join(names)}")
    return text


def _above_zero(value: float, option: str) -> float:
    if not 0 < value < float("inf"):
        raise InvalidInputError(f"{option} is {value:g}; use a number above 0")
    return value


def _share_of(text: str, option: str) -> float:
    bare = text.strip()
    try:
        value = float(bare.removesuffix("%")) / (100 if bare.endswith("%") else 1)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise InvalidInputError(f"{option} is {text!r}; use a share such as 0.5% or 0.005")
    return value


def _own(text: str) -> tuple[str, float]:
    name, equals, value = text.partition("=")
    try:
        number = float(value.removesuffix("%")) / (100 if value.endswith("%") else 1)
    except ValueError:
        number = float("nan")
    if not equals or not name.strip() or not math.isfinite(number) or number < 0:
        raise InvalidInputError(f"--metric is {text!r}; use NAME=VALUE, such as user_satisfaction=4.5")
    return name.strip(), number
