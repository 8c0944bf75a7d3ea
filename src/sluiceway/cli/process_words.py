"""Small parts of a process in words, for its overview."""

from __future__ import annotations

from typing import assert_never

from sluiceway.domain.process.durations import show_duration
from sluiceway.domain.process.later import Later
from sluiceway.domain.process.lists import Anchor, Checklist
from sluiceway.domain.process.schedule import Span
from sluiceway.domain.process.team import Need, NeedKind


def range_words(least_s: float, most_s: float) -> str:
    """Return a length of seconds between two bounds: `12w`, `8w to 12w`, `up to 1d`, "" for none."""
    if not most_s:
        return ""
    if not least_s:
        return f"up to {show_duration(most_s)}"
    most = show_duration(most_s)
    return most if least_s == most_s else f"{show_duration(least_s)} to {most}"


def length_words(span: Span | None) -> str:
    """Return a span as it was meant: `2 weeks`, `5 working days`, "" for none."""
    if span is None:
        return ""
    unit = span.unit.value.replace("-", " ")
    return f"{span.count:g} {unit.removesuffix('s') if span.count == 1 else unit}"


def when_words(checklist: Checklist) -> str:
    """Return when a checklist is due: `T-24h`, or `0s to 30m after rolled-back`."""
    match checklist.anchor:
        case Anchor.TARGET:
            sign = "-" if checklist.offset_s < 0 else "+"
            return f"T{sign}{show_duration(abs(checklist.offset_s))}" if checklist.offset_s else "T"
        case Anchor.PHASE:
            since = show_duration(checklist.offset_s)
            until = "" if checklist.until_s is None else f" to {show_duration(checklist.until_s)}"
            return f"{since}{until} after {checklist.phase}"
        case _:
            assert_never(checklist.anchor)


def need_words(need: Need) -> str:
    """Return what a phase asks for before it is entered: `approval cto`, `gates of the type (major)`."""
    words = _need(need)
    return f"{words} ({', '.join(need.types)})" if need.types else words


def _need(need: Need) -> str:
    match need.kind:
        case NeedKind.FIELD:
            return need.ref
        case NeedKind.GATE | NeedKind.APPROVAL:
            return f"{need.kind}s of the type" if need.ref == "type" else f"{need.kind} {need.ref}"
        case NeedKind.CHECKLIST | NeedKind.DECISION | NeedKind.RUNBOOK:
            return f"{need.kind} {need.ref}"
        case NeedKind.CHANGES:
            return "changes approved"
        case NeedKind.CALENDAR:
            return "calendar open"
        case NeedKind.ROLLOUT:
            return "rollout promoted"
        case _:
            assert_never(need.kind)


def later_words(later: Later) -> tuple[str, ...]:
    """Return how many there are of each part that is kept for people to read."""
    counted = (
        ("announcement", len(later.communications)),
        ("review", len(later.reviews)),
        ("indicator", len(later.indicators)),
        ("severity of incidents", len(later.incidents.severities) if later.incidents else 0),
        ("alert", len(later.alerts)),
        ("template of release notes", len(later.notes)),
        ("stage of testing", len(later.pipelines)),
        ("branch rule", len(later.branches)),
        ("priority", len(later.planning.priorities) if later.planning else 0),
        ("risk", len(later.risks)),
        ("control", len(later.controls)),
        ("planned release", len(later.calendar)),
        ("topic", len(later.topics)),
    )
    return tuple(f"{count} {_plural(words, count)}" for words, count in counted if count)


def _plural(words: str, count: int) -> str:
    if count == 1:
        return words
    head, of, rest = words.partition(" of ")
    plural = f"{head[:-1]}ies" if head.endswith("y") else f"{head}s"
    return f"{plural}{of}{rest}"
