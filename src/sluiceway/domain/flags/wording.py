"""Parts of a flag in the words people read: `country in DE, FR`, `25%`, `on 70, off 30`.

Words only: what differs between two flags is the business of `changes`.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime

from sluiceway.domain.flags.model import (
    BUCKETS,
    Constraint,
    Dependency,
    Json,
    NoData,
    Operator,
    Rule,
    Segment,
    Serve,
    Share,
    Threshold,
    ThresholdAction,
    Window,
)

_MOST_VALUES = 10
_MOST_CHARS = 200
_VERBS = {
    Operator.IN: "in",
    Operator.STARTS_WITH: "starts with",
    Operator.ENDS_WITH: "ends with",
    Operator.IN_NETWORK: "in network",
    Operator.IS_PRESENT: "is present",
}


def percent(reach: int) -> str:
    """Return buckets of 100 000 as a percentage: 25 000 is `25%`, 100 is `0.1%`."""
    whole, rest = divmod(reach * 100, BUCKETS)
    return f"{whole}%" if not rest else f"{reach * 100 / BUCKETS:.3f}".rstrip("0") + "%"


def json_words(value: Json) -> str:
    """Return a value as JSON writes it, cut when it is long."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _MOST_CHARS else f"{text[: _MOST_CHARS - 3]}..."


def listed(words: tuple[str, ...]) -> str:
    """Return words with commas between, the first few of many."""
    shown = ", ".join(words[:_MOST_VALUES]) or "nothing"
    more = len(words) - _MOST_VALUES
    return f"{shown} and {more} more" if more > 0 else shown


def constraint_words(one: Constraint) -> str:
    """Return a claim about an attribute, such as `not country in DE, FR`."""
    verb = _VERBS.get(one.operator, one.operator.value.replace("-", " "))
    values = "" if one.operator is Operator.IS_PRESENT else f" {listed(one.values)}"
    case = " (whatever the case)" if one.ignores_case else ""
    return f"{'not ' if one.is_inverted else ''}{one.attribute} {verb}{values}{case}"


def audience_words(constraints: tuple[Constraint, ...], segments: tuple[str, ...] = ()) -> str:
    """Return whom a rule fits: every constraint and every segment."""
    parts = [*(constraint_words(one) for one in constraints), *(f"segment {one}" for one in segments)]
    return " and ".join(parts) or "everyone"


def split_words(split: tuple[Share, ...]) -> str:
    """Return the shares of a split: `red 50, blue 50`."""
    return ", ".join(f"{one.variant} {one.weight}" for one in split)


def serve_words(serve: Serve) -> str:
    """Return what is served: a variant, or a split and what it goes by."""
    what = split_words(serve.split) if serve.split else serve.variant or "the flag's own"
    by = f" by {' or '.join(serve.by)}" if serve.by else ""
    return f"{what}{by}{f' with salt {serve.salt}' if serve.salt else ''}"


def rule_words(rule: Rule) -> str:
    """Return a whole rule: whom it fits, how many of them it reaches, what they get."""
    reach = "" if rule.reach == BUCKETS else f"{percent(rule.reach)} of "
    serve = "" if rule.serve == Serve() else f" get {serve_words(rule.serve)}"
    return f"{reach}{audience_words(rule.constraints, rule.segments)}{serve}"


def segment_words(segment: Segment) -> str:
    """Return whom a segment holds."""
    parts = [audience_words(segment.constraints) if segment.constraints else ""]
    parts.append(f"always {listed(segment.included)}" if segment.included else "")
    parts.append(f"never {listed(segment.excluded)}" if segment.excluded else "")
    return "; ".join(part for part in parts if part) or "nobody"


def dependency_words(one: Dependency) -> str:
    """Return what another flag has to be."""
    if one.variants:
        return f"{one.flag} is {' or '.join(one.variants)}"
    return f"{one.flag} is {'on' if one.is_on else 'off'}"


_NO_DATA_WORDS = {
    NoData.KEEP: "missing figures change nothing",
    NoData.PAUSE: "missing figures pause its rollout",
    NoData.TURN_OFF: "missing figures turn it off as well",
}


def threshold_words(one: Threshold) -> str:
    """Return when a threshold acts, on what, and what it does without figures."""
    action = "pauses its rollout" if one.action is ThresholdAction.PAUSE else "turns the flag off"
    for_s = f" for {one.for_s:.15g} s" if one.for_s else ""
    return f"{one.when}{for_s} {action}; {_NO_DATA_WORDS[one.on_no_data]}"


def instant_words(at: datetime | None) -> str:
    """Return an instant in UTC, to the second where nothing finer is in it."""
    if at is None:
        return "never"
    return at.astimezone(UTC).isoformat(sep=" ").replace("+00:00", " UTC").replace(":00 UTC", " UTC")


def window_words(window: Window | None) -> str:
    """Return from when until when a flag is on."""
    if window is None:
        return "always"
    begins = f"from {instant_words(window.on_at)}" if window.on_at else ""
    ends = f"until {instant_words(window.off_at)}" if window.off_at else ""
    zone = f"({window.zone})" if window.zone != "UTC" else ""
    return " ".join(part for part in (begins, ends, zone) if part) or "always"
