"""Experiments as a terminal shows them. Pure: turns views into something Rich can draw."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.text import Text

from sluiceway.cli.release_dates import minute
from sluiceway.cli.release_shown import plain_table
from sluiceway.domain.flags.experiment_model import MetricKind
from sluiceway.services.experiment_views import ExperimentSummary, ExperimentView, FindingView

_STYLES = {"better": "green", "worse": "red", "undecided": "", "no-data": "dim"}


def experiment_table(found: Sequence[ExperimentSummary]) -> RenderableType:
    """Return a line per experiment."""
    table = plain_table("experiment", "service", "flag", "where", "state", "since", "")
    for one in found:
        since = one.ended_at or one.started_at
        note = f"winner {one.winner}" if one.winner else one.asks
        table.add_row(
            Text(one.id),
            Text(one.service),
            Text(one.flag),
            Text(one.environment),
            one.state,
            minute(since) if since else "",
            Text(note),
        )
    return table


def experiment_panel(view: ExperimentView) -> RenderableType:
    """Return everything about an experiment."""
    summary = view.summary
    parts: list[RenderableType] = [Text(_state_words(view)), Text(""), Text(view.sentence, style="bold")]
    parts += [Text(warning, style="yellow") for warning in view.warnings]
    if view.findings:
        parts += [Text(""), _findings(view)]
    parts += [Text(""), Text(view.ratio.sentence, style="red" if view.ratio.is_off else "")]
    parts.append(Text(_users_words(view), style="dim"))
    if summary.winner or view.verdict:
        ended = f"winner {summary.winner}" if summary.winner else "no winner"
        by = f" by {summary.ended_by}" if summary.ended_by else ""
        why = f": {view.why}" if view.why else ""
        parts += [Text(""), Text(f"{summary.state}{by}, {ended}{why}", style="bold cyan")]
    if view.roll_out:
        parts.append(Text(view.roll_out))
    title = Text(view.summary.title or summary.id)
    return Panel(Group(*parts), title=title, subtitle=Text(f"{summary.service}, {summary.environment}"))


def _state_words(view: ExperimentView) -> str:
    summary = view.summary
    others = ", ".join(one for one in view.variants if one != view.control)
    since = f" since {minute(summary.started_at)}" if summary.started_at else ""
    return f"{summary.state}{since}: {others} against {view.control} of flag {summary.flag}"


def _users_words(view: ExperimentView) -> str:
    said = [f"{view.users:,} users", f"{view.counted:,} with their window behind them"]
    said += [f"{view.mixed:,} seen with several variants"] if view.mixed else []
    said += [f"{view.dropped:,} beyond the bound"] if view.dropped else []
    said += [f"{view.dropped_events:,} events beyond the bound"] if view.dropped_events else []
    return ", ".join(said)


def _findings(view: ExperimentView) -> RenderableType:
    table = plain_table("metric", "variant", "", view.control, "variant's", "range of the effect")
    kinds = {metric.name: metric for metric in view.metrics}
    for one in view.findings:
        kind = kinds[one.metric].kind
        table.add_row(
            Text(f"{one.metric} (guard)" if one.is_guard else one.metric),
            Text(one.variant),
            Text(one.outcome, style=_STYLES[one.outcome]),
            figure_words(one.control_value, kind),
            figure_words(one.value, kind),
            range_words(one, kind),
        )
    return table


def figure_words(value: float | None, kind: str) -> str:
    """Return a rate in percent, or a mean."""
    if value is None:
        return "-"
    return f"{value * 100:.3g} %" if kind == MetricKind.CONVERSION else f"{value:.4g}"


def range_words(finding: FindingView, kind: str) -> str:
    """Return the range of an effect: "+4 % to +12 %", "-0.2 to +0.1"."""
    if finding.low is None and finding.high is None:
        return "-"
    return f"{_bound(finding.low, kind)} to {_bound(finding.high, kind)}"


def _bound(value: float | None, kind: str) -> str:
    if value is None:
        return "?"
    return f"{value * 100:+.3g} %" if kind == MetricKind.CONVERSION else f"{value:+.3g}"
