"""A plan as a Gantt chart: one SVG, made by hand, without a script.

Nothing is told by colour alone: a bar on the critical path has a thick edge, one that is late is hatched, one
that is done is hollow, and each row says so in words. All of it stands in `desc` as well. Colours
have a contrast of 3 to 1 or more on white and on the dark background; text takes the page's own colour.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from html import escape
from zoneinfo import ZoneInfo

from sluiceway.domain.calendars.drawn_text import cut, marks, one_line, short_dates, short_day
from sluiceway.domain.calendars.plans import Placed, Plan, Progress

NARROW, WIDE = 440, 1100  # for a phone, for a screen; from `_SIDE_BY_SIDE` on titles stand beside the bars
_SIDE_BY_SIDE = 640
_TITLES = 440  # pixels of a title and its dates, beside the bars
_EDGE = 10
_HEAD, _FOOT, _SECTION = 46, 44, 24
_BAR = 12
_CHAR = 7.2  # of the 13 pixel font, on average
_DAY = timedelta(days=1)
_STEPS_DAYS = (1, 2, 7, 14, 28, 56, 91, 182, 364, 728)
_TICK_ROOM = 58  # pixels between two dates on the axis
_PLAIN, _CRITICAL, _DONE, _TODAY = "#6e7781", "#d1242f", "#1a7f37", "#0969da"
_OWN_STYLE = (
    "svg{{width:100%;max-width:{most}px;height:auto;color:#1f2328;background:#fff}}"
    "@media(prefers-color-scheme:dark){{svg{{color:#e6edf3;background:#0d1117}}}}"
)
_LEGEND = ("◆ point in time", "thick edge: critical path", "hatched: late", "✓ done", "dashed line: today")


def gantt_svg(plan: Plan, *, width: int = NARROW, standalone: bool = True, prefix: str = "gantt") -> str:
    """Return the chart as SVG text with a `viewBox`, so that it fits the room it is given.

    `width` is the drawing's own width in pixels: NARROW can be read at 380 pixels, WIDE on a screen.
    `standalone` brings the colours of page and text along, for a file or an `img`; inside a page, whose own
    style counts, leave it out. `prefix` begins the ids inside, for pages with several charts.
    """
    return _Chart(plan, width, prefix).draw(standalone=standalone)


class _Chart:
    def __init__(self, plan: Plan, width: int, prefix: str) -> None:
        self._plan = plan
        self._width = width
        self._prefix = escape(prefix)
        self._zone = ZoneInfo(plan.zone)
        self._is_beside = width >= _SIDE_BY_SIDE
        self._left = _TITLES if self._is_beside else _EDGE
        self._row_height = 26 if self._is_beside else 42
        starts = [placed.dates.starts_at for placed in plan.milestones]
        ends = [placed.dates.ends_at for placed in plan.milestones]
        self._first = min([*starts, plan.target_at])
        self._last = max([*ends, plan.target_at, self._first + _DAY])
        self._sections: list[tuple[str, int]] = []
        self._rows: list[tuple[Placed, int]] = []
        self._bottom = self._stack()

    def _stack(self) -> int:
        """Give every section and milestone its place; return where the last one ends."""
        y, section = _HEAD, ""
        for placed in self._plan.milestones:
            if placed.milestone.section not in {"", section}:
                section = placed.milestone.section
                self._sections.append((section, y))
                y += _SECTION
            self._rows.append((placed, y))
            y += self._row_height
        return y

    def draw(self, *, standalone: bool) -> str:
        height = self._bottom + (_FOOT if self._is_beside else _FOOT + 16)
        target = f"{short_day(self._plan.target_day)} {self._plan.target_day.year}"
        title = f"{self._plan.title}: target {target}"
        style = f"<style>{_OWN_STYLE.format(most=2 * self._width)}</style>" if standalone else ""
        opening = (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self._width} {height}" role="img" '
            f'aria-labelledby="{self._prefix}-title {self._prefix}-desc" '
            'font-family="system-ui, sans-serif" font-size="13" fill="currentColor">'
            f'<title id="{self._prefix}-title">{_escaped(title)}</title>'
            f'<desc id="{self._prefix}-desc">{_escaped(self._description())}</desc>{style}'
            f'<defs><pattern id="{self._prefix}-late" width="6" height="6" patternUnits="userSpaceOnUse" '
            'patternTransform="rotate(45)"><rect width="6" height="6" fill="#ffffff"/>'
            f'<rect width="3" height="6" fill="{_CRITICAL}"/></pattern></defs>'
        )
        heading = _text(_EDGE, 18, self._fitting(title, self._width - 2 * _EDGE), 'font-weight="600"')
        sections = (
            _text(_EDGE, y + 16, self._fitting(name, self._width - 2 * _EDGE), 'font-weight="600"')
            for name, y in self._sections
        )
        rows = (self._milestone(placed, y) for placed, y in self._rows)
        parts = (self._axis(), self._links(), sections, rows, self._today(), self._legend())
        return "".join([opening, heading, *(text for part in parts for text in part), "</svg>\n"])

    def _description(self) -> str:
        lines = [self._plan.sentence]
        for placed, _ in self._rows:
            words = "".join(f", {mark}" for mark in marks(placed))
            room = f", {placed.slack_days} working days of slack" if not placed.is_critical else ""
            lines.append(f"{placed.title}: {short_dates(placed)}{words}{room}")
        return ". ".join(lines)

    def _x(self, at: datetime) -> float:
        part = (at - self._first) / (self._last - self._first)
        return self._left + part * (self._width - self._left - _EDGE)

    def _fitting(self, text: str, pixels: float) -> str:
        return cut(one_line(text), max(int(pixels / _CHAR), 8))

    def _bar_y(self, y: int) -> int:
        return y + 7 if self._is_beside else y + 22

    def _axis(self) -> Iterator[str]:
        first = self._first.astimezone(self._zone).date()
        days = (self._last - self._first) / _DAY
        ticks = max((self._width - self._left) / _TICK_ROOM, 1)
        step = next((each for each in _STEPS_DAYS if days / each <= ticks), _STEPS_DAYS[-1])
        if step >= 7:
            first += _DAY * (-first.weekday() % 7)  # weeks begin on Monday
        day = first
        while (at := self._midnight(day)) <= self._last:
            x = self._x(max(at, self._first))
            yield (
                f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{_HEAD - 4}" y2="{self._bottom}" '
                'stroke="currentColor" stroke-opacity="0.18"/>'
            )
            if x <= self._width - _TICK_ROOM / 2:
                yield _text(x, _HEAD - 8, short_day(day), 'font-size="11" fill-opacity="0.8"')
            day += _DAY * step

    def _links(self) -> Iterator[str]:
        """Yield a thin line from the end of each milestone to the start of those that wait for it."""
        rows = {placed.id: (placed, self._bar_y(y) + _BAR / 2) for placed, y in self._rows}
        for placed, to_y in rows.values():
            for each in placed.milestone.after:
                earlier, from_y = rows[each]
                start, end = self._x(earlier.dates.ends_at), self._x(placed.dates.starts_at)
                yield (
                    f'<path d="M{start:.1f} {from_y:.1f}H{max(start, end) - 3:.1f}V{to_y:.1f}H{end:.1f}" '
                    'fill="none" stroke="currentColor" stroke-opacity="0.35"/>'
                )

    def _milestone(self, placed: Placed, y: int) -> str:
        words = [short_dates(placed), *marks(placed)]
        if placed.progress is Progress.DONE:
            words[1] = f"✓ {words[1]}"
        told = " · ".join(words)
        right, base = (_TITLES - 2 * _EDGE, y + 17) if self._is_beside else (self._width - _EDGE, y + 15)
        told_pixels = len(told) * _CHAR * 11 / 13
        title = _text(_EDGE, base, self._fitting(placed.title, right - 2 * _EDGE - told_pixels))
        dates = _text(right, base, told, 'font-size="11" fill-opacity="0.8" text-anchor="end"')
        full = _escaped(f"{placed.title}: {told}")
        return f"<g><title>{full}</title>{self._shape(placed, y)}{title}{dates}</g>"

    def _shape(self, placed: Placed, y: int) -> str:
        colour = _CRITICAL if placed.is_critical or placed.is_late else _PLAIN
        fill, edge = colour, colour
        if placed.progress is Progress.DONE:
            fill, edge = "none", _DONE
        elif placed.is_late:
            fill = f"url(#{self._prefix}-late)"
        if placed.is_critical:
            edge = "currentColor"
        look = f'fill="{fill}" stroke="{edge}" stroke-width="{3 if placed.is_critical else 1}"'
        top = self._bar_y(y)
        start, end = self._x(placed.dates.starts_at), self._x(placed.dates.ends_at)
        if placed.is_point:
            x, half = (start + end) / 2, _BAR // 2 + 1
            diamond = f"l{half} {half}l-{half} {half}l-{half} -{half}z"
            return f'<path d="M{x:.1f} {top - 1}{diamond}" {look}/>'
        width = max(end - start, 5)
        return f'<rect x="{start:.1f}" y="{top}" width="{width:.1f}" height="{_BAR}" rx="2" {look}/>'

    def _today(self) -> Iterator[str]:
        at = self._midnight(self._plan.today) + _DAY / 2
        if self._first <= at <= self._last:
            x = self._x(at)
            yield (
                f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{_HEAD - 4}" y2="{self._bottom}" stroke="{_TODAY}" '
                'stroke-width="2" stroke-dasharray="5 4"/>'
            )
            anchor = "end" if x > self._width / 2 else "start"
            yield _text(x, self._bottom + 13, "today", f'font-size="11" text-anchor="{anchor}"')

    def _legend(self) -> Iterator[str]:
        lines = [_LEGEND] if self._is_beside else [_LEGEND[:3], _LEGEND[3:]]
        for number, line in enumerate(lines):
            y = self._bottom + 32 + 16 * number
            yield _text(_EDGE, y, " · ".join(line), 'font-size="11" fill-opacity="0.8"')

    def _midnight(self, day: date) -> datetime:
        return datetime.combine(day, time(), self._zone).astimezone(UTC)


def _text(x: float, y: float, text: str, look: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}"{f" {look}" if look else ""}>{_escaped(text)}</text>'


def _escaped(text: str) -> str:
    return escape(one_line(text))
