"""A rollout as a terminal shows it. Pure: turns a view into something Rich can draw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.markup import escape
from rich.padding import Padding
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from sluiceway.cli.compared import Comparison
from sluiceway.cli.output import figure, local_time
from sluiceway.domain.rollouts.moves import duration_words
from sluiceway.services.views import (
    CriterionView,
    DecisionView,
    ExplanationView,
    MetricView,
    RolloutSummary,
    RolloutView,
    StageView,
)

_NARROW = 70  # columns: with fewer a table leaves no room for reasons
_PHASE_COLOURS = {
    "promoted": "green",
    "rolled-back": "red",
    "aborted": "red",
    "rolling-back": "red",
    "paused": "yellow",
    "awaiting-approval": "yellow",
}
_STAGE_MARKS = {"done": "✔", "current": "▶", "waiting": "·", "skipped": "–"}
_VERDICT_COLOURS = {
    "met": "green",
    "attested": "green",
    "not-met": "red",
    "no-data": "yellow",
    "waits-for-person": "yellow",
}
_BAR_CELLS = 30


def rollout_panel(view: RolloutView, *, decisions: int = 8, notice: str = "") -> RenderableType:
    """Return everything about a rollout at one moment, newest decisions last cut to `decisions`."""
    summary = view.summary
    title = f"{escape(summary.service)}: {escape(summary.stable)} → {escape(summary.new)}"
    parts: list[RenderableType] = [_state_line(view), Text(""), _traffic(view), Text(""), _stages(view)]
    if view.metrics and not summary.is_finished:
        parts += [Text(""), _metrics(view.metrics, summary)]
    if view.analysis:
        parts += [Text(""), Comparison(view.analysis, new=summary.new, stable=summary.stable)]
    if not summary.is_finished:
        parts += [Text(""), explanation_text(replace(view.explanation, compared=()))]
    parts.extend((Text(""), DecisionTable(view.decisions[:decisions])))
    parts += [
        Text(f"! {problem}", style="yellow") for problem in (*view.problems, *([notice] if notice else []))
    ]
    return Panel(Group(*parts), title=title, subtitle=summary.id, border_style=phase_colour(summary.phase))


def phase_colour(phase: str) -> str:
    return _PHASE_COLOURS.get(phase, "cyan")


def rollout_table(summaries: Sequence[RolloutSummary]) -> RenderableType:
    table = Table(box=None, pad_edge=False)
    for column in ("id", "service", "from", "to", "phase", "on new", "stage", "started", "by"):
        table.add_column(column, overflow="fold")
    for item in summaries:
        table.add_row(
            item.id,
            escape(item.service),
            escape(item.stable),
            escape(item.new),
            Text(item.phase, style=phase_colour(item.phase)),
            f"{item.weight_percent:g} %",
            escape(item.stage),
            local_time(item.created_at),
            escape(item.created_by),
        )
    return table


def explanation_text(found: ExplanationView) -> Text:
    """Return why it is where it is, what it waits for, since when and on whom, in lines."""
    text = Text(found.headline, style="bold")
    text.append(f"\nsince      {local_time(found.since)} process time", style="not bold")
    for line in found.waits_for:
        text.append(f"\nwaits for  {line}", style="not bold")
    if found.on_whom:
        text.append(f"\non         {', '.join(found.on_whom)}", style="not bold")
    for line in found.compared:
        text.append(f"\ncompared   {line}", style="not bold")
    for line in found.doubts:
        text.append(f"\nin doubt   {line}", style="not bold")
    if found.early:
        text.append(f"\nearly      {found.early}", style="not bold")
    if found.next:
        text.append(f"\nnext       {found.next}", style="not bold")
    return text


@dataclass(frozen=True, slots=True)
class DecisionTable:
    """Decisions, newest first as they come: a table, or a paragraph each where a table has no room."""

    decisions: Sequence[DecisionView]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        is_narrow = options.max_width < _NARROW
        table = Table(box=None, pad_edge=False, show_header=False)
        for number in range(4):
            table.add_column(overflow="fold", no_wrap=number < 3)
        for decision in self.decisions:
            parts = (
                Text(decision.at.astimezone().strftime("%H:%M:%S"), style="dim"),
                Text(decision.by, style="cyan"),
                Text(decision.kind, style="bold"),
            )
            if is_narrow:
                yield Text("  ").join(parts)
                yield Padding(Text(decision.why), (0, 0, 0, 2))
            else:
                table.add_row(*parts, Text(decision.why))
        if not is_narrow:
            yield table


def decision_line(decision: DecisionView) -> str:
    """Return one decision as a line of a log."""
    return f"{local_time(decision.at)}  {decision.kind:<20} {decision.by}: {decision.why}"


def _state_line(view: RolloutView) -> Text:
    summary = view.summary
    text = Text(summary.phase, style=f"bold {phase_colour(summary.phase)}")
    text.append(f"  {summary.strategy}", style="not bold default")
    if view.stage_time_left_s is not None:
        left = duration_words(view.stage_time_left_s) if view.stage_time_left_s > 0 else "time is up"
        text.append(f"  time left {left}", style="not bold default")
    if view.speed != 1:
        text.append(f"  clock {view.speed:g} times as fast", style="not bold magenta")
    text.append(f"  users at {view.ingress}", style="not bold default")
    if summary.is_finished:
        text.append(f"\n{summary.outcome}", style="not bold default")
    return text


def _traffic(view: RolloutView) -> Text:
    asked = view.weight_asked_percent
    observed = view.weight_observed_percent
    cells = round((observed if observed is not None else asked) / 100 * _BAR_CELLS)
    seen = f"{observed:g} %" if observed is not None else "unknown"
    text = Text(f"{view.summary.new} ")
    text.append("█" * cells, style="cyan")
    text.append("░" * (_BAR_CELLS - cells), style="bright_black")
    text.append(f" {view.summary.stable}   asked {asked:g} %")
    if not view.summary.is_finished:
        text.append(f", observed {seen}")
        text.append(f"   ready: new {view.new_ready}, stable {view.stable_ready}", style="dim")
    return text


def _stages(view: RolloutView) -> RenderableType:
    table = Table(box=None, pad_edge=False, show_header=False)
    for _ in range(6):
        table.add_column(overflow="fold")
    for stage in view.stages:
        style = "bold" if stage.status == "current" else ("dim" if stage.status != "done" else "")
        table.add_row(
            _STAGE_MARKS.get(stage.status, " "),
            Text(stage.id, style=style),
            Text(f"{stage.weight_percent:g} %", style=style),
            Text(duration_words(stage.duration_s), style=style),
            _progress_bar(stage),
            _criteria(stage),
        )
    return table


def _progress_bar(stage: StageView) -> Text:
    if stage.status != "current":
        return Text("")
    cells = round(stage.progress * 10)
    return Text("━" * cells, style="cyan").append("┄" * (10 - cells), style="bright_black")


def _criteria(stage: StageView) -> Text:
    lines = [_criterion(criterion) for criterion in stage.criteria] if stage.status == "current" else []
    if stage.approval and stage.status == "waiting":
        lines.append(Text(f"needs {stage.approval}", style="dim"))
    return Text("\n").join(lines)


def _criterion(criterion: CriterionView) -> Text:
    text = Text(criterion.verdict, style=_VERDICT_COLOURS.get(criterion.verdict, ""))
    text.append(f" {criterion.text}", style="default")
    if criterion.found:
        text.append(f" ({criterion.found})", style="dim")
    return text


def _metrics(metrics: Sequence[MetricView], summary: RolloutSummary) -> RenderableType:
    table = Table(box=None, pad_edge=False)
    table.add_column("metric")
    for column in (summary.new, summary.stable, "limit"):
        table.add_column(escape(column), justify="right")
    for metric in metrics:
        is_beyond = metric.limit is not None and metric.new is not None and metric.new > metric.limit
        table.add_row(
            metric.name,
            Text(figure(metric.new, metric.unit), style="bold red" if is_beyond else ""),
            figure(metric.stable, metric.unit),
            figure(metric.limit, metric.unit) if metric.limit is not None else "",
        )
    return table
