"""The picture of a rehearsal: weight, error rates, the comparison's ranges, decisions. One SVG, no more.

Plain text made by hand: no library, no script, readable in any browser and by a screen reader (titles).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

from sluiceway.domain.rollouts.moves import duration_words
from sluiceway.rehearsal.result import Point, Rehearsed, Told

WIDTH, LEFT, RIGHT = 960, 64, 60
_PANEL, _GAP, _TOP = 130, 46, 66
_RATIO_LOW, _RATIO_HIGH = 0.1, 100.0  # ranges are cut off there
_TICKS = 8
_ROUND_S = (
    *(10, 30, 60, 120, 300, 600, 1_200, 1_800, 3_600, 7_200, 14_400, 21_600, 43_200),
    *(86_400 * days for days in (1, 2, 5, 10, 30, 100, 365)),
)
_MARKER_GAP = 11.0  # pixels between the numbers of two markers
_QUIET = frozenset({"prepared", "approved", "criteria-met"})  # decisions without a marker of their own
_CSS = (
    "text{font:12px system-ui,sans-serif;fill:#24292f}.title{font-weight:600;font-size:15px}"
    ".small{font-size:11px;fill:#57606a}.grid{stroke:#d0d7de;stroke-width:1}.new{stroke:#bc4c00;fill:none}"
    ".stable{stroke:#0969da;fill:none}.new,.stable{stroke-width:1.6}.weight{fill:#bc4c00;fill-opacity:.18;"
    "stroke:#bc4c00}.range{fill:#8250df;fill-opacity:.22}.middle{stroke:#8250df;fill:none;stroke-width:1.4}"
    ".margin{stroke:#cf222e;stroke-dasharray:5 4}.mark{stroke:#57606a;stroke-dasharray:2 3}"
    "@media(prefers-color-scheme:dark){svg{background:#0d1117}text{fill:#e6edf3}.small{fill:#9198a1}"
    ".grid{stroke:#30363d}}"
)

# On a narrow window the plot keeps a size at which it can be read and scrolls; a row becomes a paragraph.
_PAGE_CSS = (
    ":root{color-scheme:light dark}body{font:14px system-ui,sans-serif;max-width:980px;margin:1rem auto;"
    "padding:0 .6rem;overflow-wrap:anywhere}.plot{overflow-x:auto}.plot svg{max-width:none}"
    "td,th{padding:.2rem .6rem .2rem 0;text-align:left;vertical-align:top}"
    "td:nth-child(-n+4){white-space:nowrap}ul{padding-left:1.2rem}"
    "@media(prefers-color-scheme:dark){body{background:#0d1117;color:#e6edf3}}"
    "@media(max-width:700px){thead{display:none}"
    "tr{display:block;padding:.4rem 0;border-top:1px solid #8c959f66}"
    "td{display:inline;padding:0}td:nth-child(-n+4){white-space:normal;font-weight:600}"
    "td:nth-child(-n+3)::after{content:' \\b7\\a0'}td:last-child{display:block}}"
)


@dataclass(frozen=True, slots=True)
class _Panel:
    """One of the stacked plots: `y` maps a value to pixels."""

    title: str
    top: float
    y: Callable[[float], float]
    marks: tuple[tuple[float, str], ...]


def plot_html(result: Rehearsed) -> str:
    """Return a page of its own with the plot and the decisions under it."""
    rows = "".join(
        f"<tr><td>{number}</td><td>{escape(duration_words(told.at_s))}</td><td>{escape(told.kind)}</td>"
        f"<td>{escape(told.by)}</td><td>{escape(told.why)}</td></tr>"
        for number, told in enumerate(_marked(result), 1)
    )
    notes = "".join(f"<li>{escape(note)}</li>" for note in result.notes)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Rehearsal of {escape(result.process)}</title><style>{_PAGE_CSS}</style></head><body>"
        f'<div class="plot" role="region" aria-label="Plot" tabindex="0">{plot_svg(result)}</div>'
        f"<p>{escape(result.outcome)}</p>"
        "<table><thead><tr><th>#</th><th>after</th><th>what</th><th>by</th><th>why</th>"
        f"</tr></thead><tbody>{rows}</tbody></table><ul>{notes}</ul></body></html>\n"
    )


def plot_svg(result: Rehearsed) -> str:
    """Return the plot as one SVG document."""
    end_s = max(result.took_s, 1.0)

    def x(at_s: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * min(at_s / end_s, 1.0)

    panels: list[_Panel] = []
    body: list[str] = []
    points = result.points
    weight = _linear_panel("Users on the new version, %", len(panels), 100.0)
    panels.append(weight)
    body.append(_area(points, x, weight))
    most = max((rate for point in points for rate in _rates(point)), default=0.0)
    rates = _linear_panel(
        f"Failed requests, %: {result.new} (orange), {result.stable} (blue)", len(panels), _nice(100 * most)
    )
    panels.append(rates)
    for css, pick in (("stable", _stable_rate), ("new", _new_rate)):
        body.append(_line(css, [(x(p.at_s), v) for p in points if (v := _at(pick(p), rates)) is not None]))
    for metric in _metrics(points):
        panel = _ratio_panel(f"{metric}: {result.new} over {result.stable}, range and margin", len(panels))
        panels.append(panel)
        body += _ranges(metric, points, x, panel)
    height = panels[-1].top + _PANEL + 40
    frame = [_frame(panel) for panel in panels]
    title = f"{result.process}, {result.source.partition(':')[0]}: {result.ending.value}"
    opening = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}" width="{WIDTH}" '
        f'height="{height:.0f}" role="img"><title>{escape(title)}</title><style>{_CSS}</style>'
        f'<text class="title" x="{LEFT}" y="20">{escape(title)}</text>'
        f'<text class="small" x="{LEFT}" y="38">{escape(_cut(result.outcome))}</text>'
    )
    parts = [opening, *frame, *body, *_time_axis(end_s, x, height), *_markers(result, x, height), "</svg>\n"]
    return "".join(parts)


def _marked(result: Rehearsed) -> list[Told]:
    return [told for told in result.decisions if told.kind not in _QUIET]


def _rates(point: Point) -> list[float]:
    return [rate for rate in (point.new_error_rate, point.stable_error_rate) if rate is not None]


def _new_rate(point: Point) -> float | None:
    return point.new_error_rate


def _stable_rate(point: Point) -> float | None:
    return point.stable_error_rate


def _at(rate: float | None, panel: _Panel) -> float | None:
    return None if rate is None else panel.y(100 * rate)


def _metrics(points: Sequence[Point]) -> list[str]:
    return list(dict.fromkeys(each.metric for point in points for each in point.ranges))


def _top_of(index: int) -> float:
    return _TOP + index * (_PANEL + _GAP)


def _linear_panel(title: str, index: int, most: float) -> _Panel:
    top = _top_of(index)

    def y(value: float) -> float:
        return top + _PANEL * (1 - min(max(value / most, 0.0), 1.0))

    return _Panel(title, top, y, tuple((most * part, f"{most * part:.3g}") for part in (0.0, 0.5, 1.0)))


def _ratio_panel(title: str, index: int) -> _Panel:
    top = _top_of(index)
    low, span = math.log(_RATIO_LOW), math.log(_RATIO_HIGH / _RATIO_LOW)

    def y(value: float) -> float:
        kept = min(max(value, _RATIO_LOW), _RATIO_HIGH)
        return top + _PANEL * (1 - (math.log(kept) - low) / span)

    return _Panel(title, top, y, tuple((ratio, f"{ratio:g}") for ratio in (0.1, 1.0, 10.0, 100.0)))


def _frame(panel: _Panel) -> str:
    lines = [f'<text x="{LEFT}" y="{panel.top - 8:.1f}">{escape(panel.title)}</text>']
    for value, words in panel.marks:
        y = panel.y(value)
        lines.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
        lines.append(
            f'<text class="small" x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{escape(words)}</text>'
        )
    return "".join(lines)


def _area(points: Sequence[Point], x: Callable[[float], float], panel: _Panel) -> str:
    """The weight holds until the next point: steps, not slopes."""
    if not points:
        return ""
    corners = [(x(points[0].at_s), panel.y(0.0))]
    height = panel.y(0.0)
    for point in points:
        corners.append((x(point.at_s), height))
        height = panel.y(point.weight)
        corners.append((x(point.at_s), height))
    corners.append((x(points[-1].at_s), panel.y(0.0)))
    return f'<polygon class="weight" points="{_joined(corners)}"/>'


def _line(css: str, corners: Sequence[tuple[float, float]]) -> str:
    return f'<polyline class="{css}" points="{_joined(corners)}"/>' if len(corners) > 1 else ""


def _ranges(metric: str, points: Sequence[Point], x: Callable[[float], float], panel: _Panel) -> list[str]:
    lows: list[tuple[float, float]] = []
    highs: list[tuple[float, float]] = []
    middles: list[tuple[float, float]] = []
    margin: float | None = None
    for point in points:
        for each in point.ranges:
            if each.metric == metric:
                at = x(point.at_s)
                lows.append((at, panel.y(each.low if each.low is not None else _RATIO_LOW)))
                highs.append((at, panel.y(each.high if each.high is not None else _RATIO_HIGH)))
                if each.middle is not None:
                    middles.append((at, panel.y(each.middle)))
                margin = each.margin
    drawn = [f'<polygon class="range" points="{_joined([*highs, *reversed(lows)])}"/>']
    drawn.append(_line("middle", middles))
    if margin is not None:
        y = panel.y(margin)
        drawn.append(f'<line class="margin" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
    return drawn


def _time_axis(end_s: float, x: Callable[[float], float], height: float) -> list[str]:
    step = next((step for step in _ROUND_S if end_s / step <= _TICKS), _ROUND_S[-1])
    ticks = [step * number for number in range(int(end_s / step) + 1)]
    return [
        f'<text class="small" x="{x(at_s):.1f}" y="{height - 12:.1f}" text-anchor="middle">'
        f"{escape(duration_words(at_s))}</text>"
        for at_s in ticks
    ]


def _markers(result: Rehearsed, x: Callable[[float], float], height: float) -> list[str]:
    drawn: list[str] = []
    beside = -_MARKER_GAP
    for number, told in enumerate(_marked(result), 1):
        at = x(told.at_s)
        beside = max(at, beside + _MARKER_GAP)
        words = f"{number}. {duration_words(told.at_s)}: {told.kind} by {told.by}: {told.why}"
        drawn.append(
            f'<g><title>{escape(words)}</title><line class="mark" x1="{at:.1f}" x2="{at:.1f}" '
            f'y1="{_TOP}" y2="{height - 38:.1f}"/>'
            f'<text class="small" x="{beside:.1f}" y="{height - 28:.1f}" text-anchor="middle">'
            f"{number}</text></g>"
        )
    return drawn


def _joined(corners: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in corners)


def _nice(most: float) -> float:
    """Return a round number at or above `most`: 1, 2 or 5 times a power of ten."""
    if most <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(most))
    return next(step * power for step in (1.0, 2.0, 5.0, 10.0) if step * power >= most * (1 - 1e-9))


def _cut(text: str, most: int = 150) -> str:
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"
