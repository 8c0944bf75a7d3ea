"""`sluice experiment list|start|show|decide|stop`: which variant of a flag does better."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

import typer

from sluiceway.cli.experiment_shown import experiment_panel, experiment_table
from sluiceway.cli.options import AsJson, Reason, Server, connect
from sluiceway.cli.output import out, print_json, say
from sluiceway.domain.flags.experiment_model import GuardAction, MetricKind
from sluiceway.errors import InvalidInputError
from sluiceway.services.experiment_views import ExperimentSummary, ExperimentView

app = typer.Typer(
    help="Experiments: which variant of a flag does better, by figures that may be looked at any time.",
    no_args_is_help=True,
)
_Service = Annotated[str, typer.Argument(metavar="SERVICE", help="Whose flag it is.")]
_Experiment = Annotated[str, typer.Argument(metavar="EXPERIMENT", help="Its id.")]
_METRIC = (
    "such as buy, refund,lower or 'spent,total,0..500,€'; kinds: conversion, total, average, ratio (with"
    " per=NAME,0..10)"
)


@app.command("list")
def list_experiments(
    *,
    service: Annotated[
        str | None, typer.Option("--service", help="Whose; else of any service.", show_default=False)
    ] = None,
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """List experiments, newest first."""
    found = connect(server).get("/api/experiments", list[ExperimentSummary], service=service)
    if as_json:
        print_json(found, list[ExperimentSummary])
    elif found:
        out().print(experiment_table(found))
    else:
        say("no experiments; start one with `sluice experiment start`")


@app.command("show")
def show(
    service: _Service, experiment: _Experiment, *, server: Server = None, as_json: AsJson = False
) -> None:
    """Show what an experiment says now. Looking often takes nothing from its truth."""
    _shown(connect(server).get(_path(service, experiment), ExperimentView), as_json=as_json)


@app.command("start")
def start(
    service: _Service,
    experiment: _Experiment,
    *,
    flag: Annotated[
        str | None,
        typer.Option("--flag", help="The flag; left out to start one that is planned.", show_default=False),
    ] = None,
    environment: Annotated[str, typer.Option("--environment", help="Where.")] = "production",
    metrics: Annotated[
        list[str] | None, typer.Option("--metric", help=f"The first decides; {_METRIC}.", show_default=False)
    ] = None,
    guards: Annotated[
        list[str] | None,
        typer.Option("--guard", help="Must not get worse; as a metric.", show_default=False),
    ] = None,
    control: Annotated[
        str,
        typer.Option("--control", help="Its variant to compare with; else the flag's.", show_default=False),
    ] = "",
    window: Annotated[
        float,
        typer.Option("--window", help="Hours in which a user's events count."),
    ] = 24.0,
    alpha: Annotated[float, typer.Option("--alpha", help="Chance of ever seeing what isn't there.")] = 0.05,
    on_guard: Annotated[
        GuardAction, typer.Option("--on-guard", help="When a guard breaks: turn the flag off, or ask.")
    ] = GuardAction.ASK,
    title: Annotated[str, typer.Option("--title", help="For people.", show_default=False)] = "",
    reason: Reason = "",
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Start an experiment on a flag's split."""
    client = connect(server)
    if flag is None:
        if metrics or guards:
            raise InvalidInputError("metrics belong to a new experiment; name its flag with --flag")
        path = f"{_path(service, experiment)}/start"
        _shown(client.post(path, ExperimentView, {"reason": reason}), as_json=as_json)
        return
    body = {
        "id": experiment,
        "environment": environment,
        "flag": flag,
        "metrics": [metric_of(one) for one in metrics or []],
        "guards": [metric_of(one) for one in guards or []],
        "control": control,
        "alpha": alpha,
        "window_s": window * 3_600,
        "on_guard": on_guard.value,
        "title": title,
        "start": True,
        "reason": reason,
    }
    path = f"/api/experiments/{quote(service, safe='')}"
    _shown(client.post(path, ExperimentView, body), as_json=as_json)


@app.command("decide")
def decide(
    service: _Service,
    experiment: _Experiment,
    winner: Annotated[str, typer.Argument(metavar="WINNER", help="The variant.")],
    *,
    roll_out: Annotated[bool, typer.Option("--roll-out", help="Give everybody the winner.")] = False,
    reason: Reason = "",
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """End an experiment with a winner; its figures are kept with the decision."""
    body = {"winner": winner, "roll_out": roll_out, "reason": reason}
    path = f"{_path(service, experiment)}/decide"
    _shown(connect(server).post(path, ExperimentView, body), as_json=as_json)


@app.command("stop")
def stop(
    service: _Service,
    experiment: _Experiment,
    *,
    reason: Reason = "",
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """End an experiment without a winner; the flag stays as it is."""
    path = f"{_path(service, experiment)}/stop"
    _shown(connect(server).post(path, ExperimentView, {"reason": reason}), as_json=as_json)


def metric_of(text: str) -> dict[str, object]:
    """Return a metric as the API takes it, from words such as `spent,total,0..500,€` or `refund,lower`.

    Raises InvalidInputError for bounds that can't be read, and for a word too many.
    """
    name, *words = (word.strip() for word in text.split(","))
    made: dict[str, object] = {"name": name}
    for word in words:
        made |= _metric_word(word, made, text)
    return made


def _metric_word(word: str, made: dict[str, object], text: str) -> dict[str, object]:
    if word in set(MetricKind):
        return {"kind": word}
    if word in {"lower", "higher"}:
        return {"higher_is_better": word == "higher"}
    if word.startswith("per="):
        return {"per": word.removeprefix("per=")}
    if word.startswith("tolerated="):
        return {"tolerated": _number(word.removeprefix("tolerated="), text)}
    if ".." in word:
        low, _, high = word.partition("..")
        bounds = _number(low, text), _number(high, text)
        return {"per_high": bounds[1]} if made.get("per") else {"low": bounds[0], "high": bounds[1]}
    if "unit" not in made and word:
        return {"unit": word}
    raise InvalidInputError(f"--metric {text!r}: {word!r} says nothing of a metric; write {_METRIC}")


def _number(word: str, text: str) -> float:
    try:
        return float(word)
    except ValueError as error:
        raise InvalidInputError(f"--metric {text!r}: {word!r} is no number; write {_METRIC}") from error


def _path(service: str, experiment: str) -> str:
    return f"/api/experiments/{quote(service, safe='')}/{quote(experiment, safe='')}"


def _shown(view: ExperimentView, *, as_json: bool) -> None:
    if as_json:
        print_json(view, ExperimentView)
    else:
        out().print(experiment_panel(view))
