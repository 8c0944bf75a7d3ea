"""Runs the rehearsal that `sluice rehearse` was asked for, and tells what it found."""

from __future__ import annotations

import difflib
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import structlog
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from sluiceway.adapters.simulated.generated import Usual
from sluiceway.adapters.simulated.recording import MAX_BYTES, read_recording
from sluiceway.adapters.simulated.scenarios import SCENARIOS
from sluiceway.cli.files import read_text
from sluiceway.cli.output import out, print_json, say
from sluiceway.config import parse_process
from sluiceway.domain.process.plan import Process
from sluiceway.domain.rollouts.moves import duration_words
from sluiceway.errors import InvalidInputError
from sluiceway.rehearsal import (
    Ending,
    Noisiness,
    Options,
    Rehearsed,
    Share,
    plot_html,
    plot_svg,
    rehearse_recording,
    rehearse_scenario,
)

_NARROW = 80  # columns: with fewer a table leaves no room for reasons
_HEADLINES = {
    Ending.PROMOTED: ("would have been promoted", "green"),
    Ending.ROLLED_BACK: ("would have been rolled back", "red"),
    Ending.ASKS: ("would have asked a person to go on or roll back", "yellow"),
    Ending.PAUSED: ("would have paused until a person resumes", "yellow"),
    Ending.NEEDS_APPROVAL: ("would still wait for a person", "yellow"),
    Ending.HELD: ("would still be held", "yellow"),
    Ending.RECORDING_ENDED: ("not known: the recording ended first", "yellow"),
}


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line asks for, checked. Exactly one of `scenario` and `recorded` is given."""

    file: Path
    rollout: str
    scenario: str | None
    recorded: Path | None
    new: str
    stable: str
    rps: float
    error_rate: float
    latency_ms: float
    own: Mapping[str, float]
    share: str
    noise: str
    approves: bool
    approve_after_s: float
    requests_per_user: float
    step_s: float | None
    seed: int


def run(asked: Asked, plot: Path | None, *, as_json: bool) -> int:
    """Rehearse, tell, and return the exit code. Raises ProcessFileError, NotFoundError, InvalidInputError."""
    process = parse_process(read_text(asked.file), str(asked.file), asked.file.parent)
    # What the engine logs of simulated moments is of no use to anybody later.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    result = _rehearsed(process, asked)
    if as_json:
        print_json(result, Rehearsed)
    else:
        _tell(result)
    if plot is not None:  # last, so that a full disk takes only the picture
        _write(plot, plot_html(result) if plot.suffix == ".html" else plot_svg(result))
    return result.ending.exit_code


def _rehearsed(process: Process, asked: Asked) -> Rehearsed:
    options = Options(
        rollout=asked.rollout,
        new=asked.new,
        stable=asked.stable,
        seed=asked.seed,
        noise=Noisiness(asked.noise),
        approves=asked.approves,
        approve_after_s=asked.approve_after_s,
        step_s=asked.step_s,
        requests_per_user=asked.requests_per_user,
        share=Share(asked.share),
    )
    if asked.recorded is not None:
        text = read_text(asked.recorded, what="recording", most_bytes=MAX_BYTES)
        recording = read_recording(text, str(asked.recorded), new=asked.new, stable=asked.stable)
        return rehearse_recording(process, recording, str(asked.recorded), options)
    scenario = SCENARIOS.get(asked.scenario or "")
    if scenario is None:
        near = difflib.get_close_matches(asked.scenario or "", SCENARIOS, n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        known = ", ".join(SCENARIOS)
        raise InvalidInputError(f"scenario is {asked.scenario!r}; known are {known}{hint}")
    usual = Usual(asked.rps, asked.error_rate, asked.latency_ms, asked.own)
    return rehearse_scenario(process, scenario, usual, options)


def tell_scenarios(*, as_json: bool) -> None:
    """Tell the name of every scenario with its sentence."""
    if as_json:
        print_json({name: each.sentence for name, each in SCENARIOS.items()}, dict[str, str])
        return
    table = Table(box=None, pad_edge=False, show_header=False)
    for name, each in SCENARIOS.items():
        table.add_row(Text(name, style="bold"), Text(each.sentence))
    out().print(table)


def _tell(result: Rehearsed) -> None:
    console = out()
    which = f", rollout {result.rollout}," if result.rollout else ""
    console.print(Text(f"{result.process}{which} on {result.source}"))
    if console.width < _NARROW:
        for told in result.decisions:
            console.print(Text(f"{duration_words(told.at_s)}: {told.kind}, by {told.by}", style="bold"))
            console.print(Padding(Text(told.why), (0, 0, 0, 2)))
    else:
        console.print(_decisions(result))
    headline, colour = _HEADLINES[result.ending]
    after = duration_words(result.took_s)
    console.print(Text(f"{result.new} {headline} after {after}: {result.outcome}", style=f"bold {colour}"))
    console.print(Text(_harm_words(result)))
    for note in result.notes:
        say(f"note: {note}")
    say(
        f"{result.looks} looks, {duration_words(result.step_s)} apart where nothing happened;"
        f" seed {result.seed}"
    )


def _decisions(result: Rehearsed) -> Table:
    table = Table(box=None, pad_edge=False)
    for column in ("after", "what", "by", "why"):
        table.add_column(column, overflow="fold", no_wrap=column in {"after", "what"})
    for told in result.decisions:
        table.add_row(Text(duration_words(told.at_s)), Text(told.kind), Text(told.by), Text(told.why))
    return table


def _harm_words(result: Rehearsed) -> str:
    harm = result.harm
    met = f"{result.new} would have answered {harm.requests:,} requests, of which {harm.failed:,} failed"
    if harm.excess == 0:
        return f"{met}: no more than {result.stable} would have failed, chance aside"
    return (
        f"{met}: about {harm.excess:,} more than {result.stable} would have failed, "
        f"felt by about {harm.users:,} users at {harm.requests_per_user:g} requests each"
    )


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as failure:
        raise InvalidInputError(f"{path} can't be written ({failure.strerror})") from failure
    say(f"wrote {path}")
