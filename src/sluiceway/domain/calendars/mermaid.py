"""A plan as a Mermaid `gantt` diagram, for documents and Git hosts that draw it.

Source: mermaid.js.org, "Gantt diagrams". People's titles are made safe: Mermaid reads `:`, `#`, `;` and `%`
as its own, and words such as `section` at the start of a line too.
"""

from __future__ import annotations

import re

from sluiceway.domain.calendars.drawn_text import cut, one_line
from sluiceway.domain.calendars.plans import Placed, Plan, Progress

_MOST_CHARS = 120
_WORDS = {":": " -", ";": ",", "#": "no. ", "<": "‹", ">": "›", "{": "(", "}": ")", "`": "'"}
_PERCENTS = re.compile(r"\s*%[\s%]*%|\s*%")
_KEYWORDS = re.compile(
    r"(?:gantt|dateformat|inclusiveenddates|topaxis|axisformat|tickinterval|includes|excludes|todaymarker|"
    r"weekday|weekend|title|acctitle|accdescr|section|click|call|href|\d{4}-\d\d-\d\d)(?!\w)",
    re.IGNORECASE,
)
_JOINER = "\u2060"  # takes no room; keeps a title that begins like a keyword from being one


def mermaid_gantt(plan: Plan) -> str:
    """Return the diagram's text, to be put between ```` ```mermaid ```` fences."""
    lines = [
        "gantt",
        f"    title {_safe(plan.title)}",
        "    dateFormat YYYY-MM-DD",
        "    inclusiveEndDates",
        "    axisFormat %d %b",
    ]
    section = ""
    for number, placed in enumerate(plan.milestones, 1):
        if placed.milestone.section not in {"", section}:
            section = placed.milestone.section
            lines.append(f"    section {_safe(section)}")
        lines.append(f"    {_safe(placed.title)} :{_data(placed, number)}")
    return "\n".join(lines) + "\n"


def _data(placed: Placed, number: int) -> str:
    tags: list[str] = []
    if placed.is_critical or placed.is_late:
        tags.append("crit")
    if placed.progress is Progress.DONE:
        tags.append("done")
    if placed.progress is Progress.UNDER_WAY:
        tags.append("active")
    if placed.is_point:
        return ", ".join([*tags, "milestone", f"m{number}", placed.dates.first.isoformat(), "0d"])
    return ", ".join([*tags, f"m{number}", placed.dates.first.isoformat(), placed.dates.last.isoformat()])


def _safe(text: str) -> str:
    shown = _PERCENTS.sub(" percent", one_line(text))
    safe = cut(" ".join("".join(_WORDS.get(char, char) for char in shown).split()), _MOST_CHARS) or "untitled"
    return f"{_JOINER}{safe}" if _KEYWORDS.match(safe) else safe
