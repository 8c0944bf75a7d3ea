"""The statistical comparison as a terminal shows it: a line per metric, with its range where it fits."""

from __future__ import annotations

import math

from rich.console import Console, ConsoleOptions, Group, RenderResult
from rich.table import Table
from rich.text import Text

from sluiceway.services.views import AnalysisView, ComparedView

WIDE = 110  # columns from which a range is drawn beside its sentence
_CELLS = 25
_LEAST, _MOST = 1 / 16, 64.0  # times; what lies beyond is drawn as an arrow at the edge
_LEGEND = "● most likely, ├┤ holds it, ┼ limit"
_MARKS = {
    "regression": "✘",
    "no-regression": "✔",
    "undecided": "…",
    "too-little-data": "·",
    "no-data": "–",
    "shared-incident": "≈",
}
_COLOURS = {"regression": "bold red", "no-regression": "green", "undecided": "cyan"}


class Comparison:
    """Draws what `analysis` says of `new` against `stable` in as much width as there is."""

    def __init__(self, analysis: AnalysisView, *, new: str, stable: str) -> None:
        self._analysis = analysis
        self._title = f"{new} against {stable}"

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        title = Text(self._title, style="bold")
        title.append(f"  {self._analysis.standing}", style="not bold dim")
        if not self._has_counted:
            yield title
            return
        has_room = options.max_width >= WIDE
        if has_room:
            title.append(f"  ({_LEGEND})", style="not bold dim")
        yield Group(title, self._table(has_room))

    @property
    def _has_counted(self) -> bool:
        return any(metric.new_all > 0 or metric.verdict != "no-data" for metric in self._analysis.metrics)

    def _table(self, has_room: bool) -> Table:
        table = Table(box=None, pad_edge=False, show_header=False)
        table.add_column(no_wrap=True)
        table.add_column(overflow="fold")
        if has_room:
            table.add_column(no_wrap=True)
        for metric in self._analysis.metrics:
            mark = f"{_MARKS.get(metric.verdict, ' ')} {metric.verdict_words}"
            style = _COLOURS.get(metric.verdict, "yellow")
            cells = [Text(mark, style=style), Text(metric.sentence)]
            table.add_row(*cells, *([Text(range_bar(metric), style=style)] if has_room else []))
        return table


def range_bar(metric: ComparedView) -> str:
    """Return the range as a scale, e.g. `0.5 ────────├━━┼━━━━●━━━━━━━┤ 4`; empty while nothing is known.

    Ratios stand between powers of two, differences in a span around none. `●` is the most likely value, `├`
    and `┤` hold it, `┼` is the limit, an arrow says that it goes on.
    """
    if metric.ratio is None or metric.low is None or metric.high is None:
        return ""
    is_ratio = metric.range_of == "ratio"
    limit = metric.margin if is_ratio or metric.is_higher_worse else -metric.margin
    first, last = _ends_of_ratios(metric) if is_ratio else _ends_of_differences(metric)

    def place(value: float) -> int:
        inside = min(max(value, first), last)
        along = math.log(inside / first, last / first) if is_ratio else (inside - first) / (last - first)
        return round(along * (_CELLS - 1))

    low, high = place(metric.low), place(metric.high)
    cells = ["━" if low <= cell <= high else "─" for cell in range(_CELLS)]
    cells[low] = "◂" if metric.low < first else "├"
    cells[high] = "▸" if metric.high > last else "┤"
    cells[place(limit)] = "┼"
    cells[place(metric.ratio)] = "●"
    sign = "" if is_ratio else "+"
    return f"{first:{sign}.3g} {''.join(cells)} {last:{sign}.3g}"


def _ends_of_ratios(metric: ComparedView) -> tuple[float, float]:
    lowest = max(_LEAST, min(0.5, metric.low or _LEAST))
    highest = min(_MOST, max(2.0, metric.high or _MOST, metric.margin))
    return 2.0 ** math.floor(math.log2(lowest)), 2.0 ** math.ceil(math.log2(highest))


def _ends_of_differences(metric: ComparedView) -> tuple[float, float]:
    span = max(abs(metric.low or 0.0), abs(metric.high or 0.0), 1.25 * metric.margin, 1e-9)
    return -span, span
