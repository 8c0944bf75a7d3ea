"""A plan of the statistical comparison as a terminal shows it. Pure: turns a view into text and tables.

Two shapes: a table per metric where there is room, else a paragraph per stage.
"""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console, Group, RenderableType
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from sluiceway.domain.rollouts.foreseeing import (
    Delay,
    ForeseenMetric,
    ForeseenStage,
    Size,
    StageMetric,
    ratio_words,
)
from sluiceway.domain.rollouts.moves import duration_words
from sluiceway.services.planning import AnalysisPlanView

_UNBOUND = 1_000  # columns: to see how wide a table would like to be
_NOTHING = "nothing"
_ALONE = "not compared"


def plan_report(view: AnalysisPlanView, width: int) -> RenderableType:
    """Return the whole plan for a terminal of `width` columns."""
    tables = [_table(view, metric) for metric in view.metrics]
    is_wide_enough = all(_wishes(table) <= width for table in tables)
    parts: list[RenderableType] = [Text(_headline(view), style="bold")]
    for metric, table in zip(view.metrics, tables, strict=True):
        parts += [Text(""), _metric_line(metric)]
        parts += [table] if is_wide_enough else [*_paragraphs(view, metric)]
    parts += [Text(""), _legend(), Text(""), *_closing(view)]
    return Group(*parts)


def _wishes(table: Table) -> int:
    return Measurement.get(Console(width=_UNBOUND), Console(width=_UNBOUND).options, table).maximum


def _headline(view: AnalysisPlanView) -> str:
    count = len(view.stages)
    which = f", rollout {view.rollout}" if view.rollout else ""
    return (
        f"{view.process}{which}: {count} stage{'s' if count != 1 else ''}, {duration_words(view.duration_s)},"
        f" {view.rps:g} requests/s; {_noise(view)}"
    )


def _noise(view: AnalysisPlanView) -> str:
    noise = view.noise
    if not noise.is_known:
        return "usual noise not known, planned with caution"
    if noise.burst <= 1 and noise.wander <= 0:
        return "requests fail independently"
    wander = f", wander {noise.wander:g} for {duration_words(noise.memory_s)}" if noise.wander > 0 else ""
    return f"usual noise: burst {noise.burst:g}{wander}"


def _metric_line(metric: ForeseenMetric) -> Text:
    text = Text(metric.words, style="bold cyan")
    assumed = " (assumed)" if metric.is_rate_assumed else ""
    text.append(
        f"  usually {metric.rate_words(metric.rate, 3)}{assumed} {_of_what(metric)};"
        f" up to {metric.margin:g} times as many are tolerated",
        style="not bold default",
    )
    return text


def _of_what(metric: ForeseenMetric) -> str:
    return "of each instance" if metric.is_of_time else f"of {metric.rps:g} {metric.of}/s"


def _table(view: AnalysisPlanView, metric: ForeseenMetric) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("stage", overflow="fold")
    counted = "seconds" if metric.is_of_time else metric.of
    for name in ("to new", "lasts", counted):
        table.add_column(name, justify="right", no_wrap=True)
    for delay in _delays(view, metric):
        table.add_column(f"{delay.ratio:g} times\nseen after", justify="right", no_wrap=True)
    for name in ("seen here\nin half", "seen here\nin 9 of 10", "by its end\nin half"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("no worse\nafter", justify="right", no_wrap=True)
    for stage in view.stages:
        begin = (stage.stage, f"{stage.weight_percent:g} %", duration_words(stage.duration_s))
        seen = _of(stage, metric)
        if seen is None:
            table.add_row(*begin, _count(_all(stage, metric)), Text(_ALONE, style="dim"))
            continue
        table.add_row(
            *begin,
            _count(seen.requests),
            *(_seen_after(delay, stage) for delay in seen.delays),
            _size(seen.here.half, metric),
            _size(seen.here.most, metric),
            _size(seen.so_far.half, metric),
            _after(seen.no_worse_s, stage),
        )
    return table


def _paragraphs(view: AnalysisPlanView, metric: ForeseenMetric) -> Iterator[RenderableType]:
    for stage in view.stages:
        seen = _of(stage, metric)
        count = _count(seen.requests if seen else _all(stage, metric))
        counted = f"seconds of {metric.of}" if metric.is_of_time else metric.of
        yield Text(
            f"{stage.stage}: {stage.weight_percent:g} % for {duration_words(stage.duration_s)},"
            f" {count} {counted} of the new version"
        )
        if seen is None:
            yield Text(f"  {_ALONE}", style="dim")
            continue
        table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
        for name, cell in _facts(stage, seen, metric):
            table.add_row(f"  {name}", cell)
        yield table


def _facts(stage: ForeseenStage, seen: StageMetric, metric: ForeseenMetric) -> Iterator[tuple[str, Text]]:
    for delay in seen.delays:
        yield f"{delay.ratio:g} times seen after", _seen_after(delay, stage)
    yield "seen here in half", _size(seen.here.half, metric)
    yield "seen here in 9 of 10", _size(seen.here.most, metric)
    yield "seen by its end in half", _size(seen.so_far.half, metric)
    yield "no worse after", _after(seen.no_worse_s, stage)


def _legend() -> Text:
    return Text(
        "Seen here: the smallest regression that begins with the stage and is seen in it, as a multiple of"
        " the usual rate (and the rate itself), in half or in 9 of 10 such rollouts. By its end: one that is"
        " there from the new version's first user. Times are what half of such rollouts need, in brackets"
        " where the stage is shorter. No worse: a version exactly as good as stable is shown to be so.",
        style="dim",
    )


def _closing(view: AnalysisPlanView) -> Iterator[Text]:
    for metric in view.metrics:
        yield Text(
            f"By the end, {metric.words} that are more frequent from the first user on: {_whole(metric)}"
        )
    if not any(stage.is_compared for stage in view.stages):
        return
    if not view.promote_early:
        yield Text("promote_early is off: every stage lasts its time, however good the version looks")
    elif view.earliest_s < view.duration_s:
        yield Text(
            f"A version that is no worse may be through after about {_rounded(view.earliest_s)} instead of"
            f" {duration_words(view.duration_s)}, where criteria and approvals let it"
        )


def _whole(metric: ForeseenMetric) -> str:
    half, most = metric.whole.half, metric.whole.most
    if half is None:
        return f"{_NOTHING} is seen, not even if all are"
    said = f"half are seen from {_plain_size(half, metric)} on"
    return f"{said}, 9 in 10 from {_plain_size(most, metric)} on" if most else said


def _all(stage: ForeseenStage, metric: ForeseenMetric) -> float:
    return metric.rps * stage.duration_s * metric.share_of_new(stage.weight_percent)


def _of(stage: ForeseenStage, metric: ForeseenMetric) -> StageMetric | None:
    return next((each for each in stage.metrics if each.metric == metric.name), None)


def _delays(view: AnalysisPlanView, metric: ForeseenMetric) -> tuple[Delay, ...]:
    found = [seen.delays for stage in view.stages if (seen := _of(stage, metric))]
    return found[0] if found else ()


def _seen_after(delay: Delay, stage: ForeseenStage) -> Text:
    """Return when it is seen; a multiple that would be more than every request has no time."""
    return _after(delay.half_s, stage) if delay.rate is not None else Text("–", style="dim")


def _after(seconds: float | None, stage: ForeseenStage) -> Text:
    if seconds is None:
        return Text("never", style="yellow")
    words = _rounded(seconds)
    return Text(words) if seconds <= stage.duration_s else Text(f"({words})", style="dim")


def _size(size: Size | None, metric: ForeseenMetric) -> Text:
    if size is None:
        return Text(_NOTHING, style="yellow")
    return Text(f"{ratio_words(size.ratio)}x ({metric.rate_words(size.rate)})")


def _plain_size(size: Size, metric: ForeseenMetric) -> str:
    return f"{ratio_words(size.ratio)} times ({metric.rate_words(size.rate)})"


def _rounded(seconds: float) -> str:
    """Return a forecast in its largest unit: it is right within a factor of two at best."""
    for name, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 1.5 * size:
            return f"{seconds / size:.0f} {name}"
    return f"{seconds:.0f} s"


def _count(value: float) -> str:
    return f"{value:,.0f}" if value >= 1 or value == 0 else "under 1"
