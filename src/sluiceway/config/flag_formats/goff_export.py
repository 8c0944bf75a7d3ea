"""Flags written as a GO Feature Flag file; `goff` reads it back.

A rule that reaches a share of those who fit can only be written where the others get what no rule reaches.
What the format can't say leaves the flag out and is named.
Source: gofeatureflag.org/docs/configure_flag/create-flags.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

from sluiceway.config.flag_formats.converted import Exported
from sluiceway.config.flag_formats.exporting import refuse_what_only_we_know, write_each
from sluiceway.config.flag_formats.goff import KEPT
from sluiceway.config.flag_formats.reading import refuse
from sluiceway.domain.flags.model import (
    BUCKETS,
    RANDOM,
    TARGETING_KEY,
    Constraint,
    Flag,
    FlagSet,
    Json,
    Operator,
    Rule,
    Segment,
    Serve,
)

_OPERATORS: Final = {
    Operator.CONTAINS: "co",
    Operator.STARTS_WITH: "sw",
    Operator.ENDS_WITH: "ew",
    Operator.EQUALS: "eq",
    Operator.LESS: "lt",
    Operator.AT_MOST: "le",
    Operator.GREATER: "gt",
    Operator.AT_LEAST: "ge",
    Operator.SEMVER_EQUALS: "eq",
    Operator.SEMVER_LESS: "lt",
    Operator.SEMVER_AT_MOST: "le",
    Operator.SEMVER_GREATER: "gt",
    Operator.SEMVER_AT_LEAST: "ge",
}
_QUOTED: Final = frozenset({Operator.CONTAINS, Operator.STARTS_WITH, Operator.ENDS_WITH})


def to_goff(flags: FlagSet) -> Exported:
    """Return the flags in GO Feature Flag's format, with notes on what is lost and problems of others."""
    return write_each(flags, _flag, _when_off)


def _when_off(flag: Flag) -> str:
    return f"while it is off callers get their default, not {flag.off_variant}"


def _flag(flag: Flag, segments: Mapping[str, Segment]) -> dict[str, Json]:
    refuse_what_only_we_know(flag)
    default = flag.otherwise if flag.rules else flag.serve
    serves = [default, *(rule.serve for rule in flag.rules)]
    keys = {one.by for one in serves if one.split} | {rule.by for rule in flag.rules if rule.reach < BUCKETS}
    by = keys.pop() if len(keys) == 1 else ()
    if keys or len(by) > 1 or RANDOM in by:
        refuse(flag.id, "counts by several attributes or none, and a flag there counts by one")
    kept = flag.extra.get(KEPT)
    targeting = [_rule(rule, flag, segments) for rule in flag.rules]
    dates = flag.window and {"start": flag.window.on_at, "end": flag.window.off_at}
    return {
        "variations": {one.name: one.value for one in flag.variants},
        **({"bucketingKey": by[0]} if by else {}),
        **({"targeting": targeting} if targeting else {}),
        "defaultRule": _served(default, flag),
        **({} if flag.is_enabled and flag.hold is None else {"disable": True}),
        **(
            {"experimentation": {key: at.isoformat() for key, at in dates.items() if at is not None}}
            if dates
            else {}
        ),
        **({"metadata": dict(flag.metadata)} if flag.metadata else {}),
        **(dict(kept) if isinstance(kept, Mapping) else {}),
    }


def _rule(rule: Rule, flag: Flag, segments: Mapping[str, Segment]) -> dict[str, Json]:
    where = f"{flag.id}.rules.{rule.id}"
    parts = [_constraint(one, where) for one in rule.constraints]
    for id_ in rule.segments:
        if id_ not in segments:
            refuse(where, f'names the segment "{id_}", which is not there')
        parts.append(_segment(segments[id_], where))
    serve = flag.serve if rule.serve == Serve() else rule.serve
    return {
        "name": rule.title or rule.id,
        **({"query": " and ".join(parts)} if parts else {}),
        **(_served(serve, flag) if rule.reach == BUCKETS else _reached(rule, serve, flag, where)),
    }


def _reached(rule: Rule, serve: Serve, flag: Flag, where: str) -> dict[str, Json]:
    """Return the percentage of a rule that reaches some: the others get what those get whom none reaches."""
    is_last = flag.rules[-1] == rule
    if not is_last or serve.split or flag.otherwise.split or not flag.otherwise.variant:
        refuse(where, "hands those it doesn't reach on to the next rule, which can't be said there")
    share = rule.reach * 100 / BUCKETS
    return {"percentage": {serve.variant: share, flag.otherwise.variant: 100 - share}}


def _served(serve: Serve, flag: Flag) -> dict[str, Json]:
    if not serve.split:
        if not serve.variant:
            refuse(flag.id, "serves no variant, which can't be said there")
        return {"variation": serve.variant}
    total = sum(one.weight for one in serve.split)
    return {"percentage": {one.variant: round(one.weight * 100 / total, 3) for one in serve.split}}


def _segment(segment: Segment, where: str) -> str:
    members = [f"{_key()} in {json.dumps(list(segment.included))}"] if segment.included else []
    if segment.constraints:
        members.append(f"({' and '.join(_constraint(one, where) for one in segment.constraints)})")
    if not members:
        refuse(where, f'the segment "{segment.id}" holds nobody, which can\'t be said there')
    inside = f"({' or '.join(members)})"
    if not segment.excluded:
        return inside
    return f"({inside} and not ({_key()} in {json.dumps(list(segment.excluded))}))"


def _key() -> str:
    return TARGETING_KEY


def _constraint(one: Constraint, where: str) -> str:
    if one.ignores_case:
        refuse(where, f'"{one.attribute}" is compared whatever the case, which can\'t be said there')
    if not one.attribute.replace("_", "").replace(".", "").replace("-", "").isalnum():
        refuse(where, f'"{one.attribute}" can\'t stand in a query')
    found = _claim(one, where)
    return f"not ({found})" if one.is_inverted else found


def _claim(one: Constraint, where: str) -> str:
    if one.operator is Operator.IS_PRESENT:
        return f"{one.attribute} pr"
    if one.operator is Operator.IN:
        return f"{one.attribute} in {json.dumps(list(one.values), ensure_ascii=False)}"
    if one.operator not in _OPERATORS or not one.values:
        refuse(where, f"`{one.operator}` on {one.attribute} can't be said there")
    word, is_quoted = _OPERATORS[one.operator], one.operator in _QUOTED
    claims = [
        f"{one.attribute} {word} {json.dumps(value, ensure_ascii=False) if is_quoted else value}"
        for value in one.values
    ]
    return claims[0] if len(claims) == 1 else f"({' or '.join(claims)})"
