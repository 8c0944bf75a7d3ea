"""Text of people in a drawing: one line, no longer than fits, nothing in it that steers the reader.

Escaping for its format is done by each drawing: `gantt_svg`, `mermaid`.
"""

from __future__ import annotations

import re
from datetime import date

from sluiceway.domain.calendars.days import MONTHS
from sluiceway.domain.calendars.plans import Placed, Progress

# What XML 1.0 allows (section 2.2, "Char"), without controls, and without what turns the reading direction.
_UNSHOWN = re.compile(
    r"[^\x20-\x7e\xa0-\u200d\u2010-\u2027\u202f-\u2065\u206a-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"
)


def one_line(text: str) -> str:
    """Return text as one line; what can't be shown becomes `\ufffd`."""
    return _UNSHOWN.sub("\ufffd", " ".join(text.split()))


def cut(text: str, most: int) -> str:
    """Return the text, its end cut off where it is longer than `most` characters."""
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"


def short_day(day: date) -> str:
    """Return a day as axes and bars show it: "3 Mar"."""
    return f"{day.day} {MONTHS[day.month - 1][:3]}"


def short_dates(placed: Placed) -> str:
    """Return a milestone's days: "3 Mar" or "3 Mar to 12 Mar"."""
    first, last = short_day(placed.dates.first), short_day(placed.dates.last)
    return first if first == last else f"{first} to {last}"


def marks(placed: Placed) -> tuple[str, ...]:
    """Return the words for what a milestone's bar shows: "done", "late", "under way", "critical path"."""
    progress = () if placed.progress is Progress.AHEAD else (placed.progress.value.replace("-", " "),)
    return (*progress, "critical path") if placed.is_critical else progress
