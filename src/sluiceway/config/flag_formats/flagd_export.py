"""Flags written as flagd's definitions; `flagd` reads them back.

A rule that reaches a share of those who fit becomes a condition on `fractional`, so that the others go on to
the next rule, as here. What flagd can't say leaves the flag out and is named.
Source: flagd.dev/reference/flag-definitions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from sluiceway.config.flag_formats.converted import Exported
from sluiceway.config.flag_formats.exporting import refuse_what_only_we_know, write_each
from sluiceway.config.flag_formats.flagd import KEPT
from sluiceway.config.flag_formats.reading import NotConvertible, refuse
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

_SCHEMA: Final = "https://flagd.dev/schema/v0/flags.json"
_NUMBERS: Final = {
    Operator.EQUALS: "==",
    Operator.LESS: "<",
    Operator.AT_MOST: "<=",
    Operator.GREATER: ">",
    Operator.AT_LEAST: ">=",
}
_VERSIONS: Final = {
    Operator.SEMVER_EQUALS: "=",
    Operator.SEMVER_LESS: "<",
    Operator.SEMVER_AT_MOST: "<=",
    Operator.SEMVER_GREATER: ">",
    Operator.SEMVER_AT_LEAST: ">=",
}
_TEXTS: Final = {Operator.STARTS_WITH: "starts_with", Operator.ENDS_WITH: "ends_with"}


def to_flagd(flags: FlagSet) -> Exported:
    """Return the flags in flagd's format, with notes on what is lost and the problems of those left out."""
    written = write_each(flags, _flag, _when_off)
    return replace(written, document={"$schema": _SCHEMA, "flags": written.document})


def _when_off(flag: Flag) -> str:
    is_off = not flag.is_enabled or flag.hold is not None
    return f"is off; flagd then gives the caller's default, not {flag.off_variant}" if is_off else ""


def _flag(flag: Flag, segments: Mapping[str, Segment]) -> dict[str, Json]:
    refuse_what_only_we_know(flag)
    if flag.window is not None:
        refuse(f"{flag.id}.window", "a window can't be said there")
    default = flag.otherwise if flag.rules else flag.serve
    found: dict[str, Json] = {
        "state": "ENABLED" if flag.is_enabled and flag.hold is None else "DISABLED",
        "variants": {one.name: one.value for one in flag.variants},
        "defaultVariant": _default(flag, default),
    }
    targeting = _targeting(flag, default, segments)
    kept = flag.extra.get(KEPT)
    return {
        **found,
        **({} if targeting is None else {"targeting": targeting}),
        **({"metadata": dict(flag.metadata)} if flag.metadata else {}),
        **(dict(kept) if isinstance(kept, Mapping) else {}),
    }


def _default(flag: Flag, serve: Serve) -> str:
    name = serve.variant or (serve.split[0].variant if serve.split else "")
    if not name:
        refuse(f"{flag.id}.otherwise", "has no variant, and flagd needs a default")
    return name


def _targeting(flag: Flag, default: Serve, segments: Mapping[str, Segment]) -> Json:
    branches: list[Json] = []
    for rule in flag.rules:
        serve = flag.serve if rule.serve == Serve() else rule.serve
        branches += [_rule(rule, flag, segments), _served(serve, flag)]
    if not branches:
        return _served(default, flag) if default.split else None
    return {"if": [*branches, _served(default, flag)]}


def _rule(rule: Rule, flag: Flag, segments: Mapping[str, Segment]) -> Json:
    where = f"{flag.id}.rules.{rule.id}"
    parts: list[Json] = [_constraint(one, where) for one in rule.constraints]
    for id_ in rule.segments:
        if id_ not in segments:
            refuse(where, f'names the segment "{id_}", which is not there')
        parts.append(_segment(segments[id_], where))
    if rule.reach < BUCKETS:
        shares: list[Json] = [["in", rule.reach], ["out", BUCKETS - rule.reach]]
        parts.append({"==": [{"fractional": [*_by(rule.by, where), *shares]}, "in"]})
    return parts[0] if len(parts) == 1 else {"and": parts} if parts else True


def _segment(segment: Segment, where: str) -> Json:
    members: list[Json] = []
    if segment.included:
        members.append({"in": [_var(TARGETING_KEY), list(segment.included)]})
    if segment.constraints:
        members.append({"and": [_constraint(one, where) for one in segment.constraints]})
    inside: Json = {"or": members} if members else False
    if not segment.excluded:
        return inside
    return {"and": [inside, {"!": [{"in": [_var(TARGETING_KEY), list(segment.excluded)]}]}]}


def _served(serve: Serve, flag: Flag) -> Json:
    if not serve.split:
        return serve.variant
    shares: list[Json] = [[one.variant, one.weight] for one in serve.split]
    return {"fractional": [*_by(serve.by, flag.id), *shares]}


def _by(by: tuple[str, ...], where: str) -> list[Json]:
    if len(by) > 1 or RANDOM in by:
        refuse(where, f"counts by {', '.join(by)}, and flagd counts by one attribute")
    return [{"cat": [_var("$flagd.flagKey"), _var(by[0])]}] if by else []


def _var(attribute: str) -> dict[str, Json]:
    return {"var": attribute}


def _constraint(one: Constraint, where: str) -> Json:
    if one.ignores_case:
        refuse(where, f'"{one.attribute}" is compared whatever the case, which flagd can\'t')
    claims: list[Json] = _claims(one, where)
    found: Json = claims[0] if len(claims) == 1 else {"or": claims}
    return {"!": [found]} if one.is_inverted else found


def _claims(one: Constraint, where: str) -> list[Json]:
    attribute, operator = _var(one.attribute), one.operator
    if operator is Operator.IS_PRESENT:
        return [{"!==": [attribute, None]}]
    if operator is Operator.IN:
        return [{"in": [attribute, [*one.values, *_typed(one.values)]]}]
    if operator is Operator.CONTAINS:
        return [{"in": [value, attribute]} for value in one.values]
    if operator in _TEXTS:
        return [{_TEXTS[operator]: [attribute, value]} for value in one.values]
    if operator in _NUMBERS:
        is_there: Json = {"!==": [attribute, None]}  # what is missing counts as 0 there
        return [{"and": [is_there, {_NUMBERS[operator]: [attribute, float(value)]}]} for value in one.values]
    if operator in _VERSIONS:
        return [{"sem_ver": [attribute, _VERSIONS[operator], value]} for value in one.values]
    raise NotConvertible(f"{where}: `{operator}` on {one.attribute} can't be said there")


def _typed(values: tuple[str, ...]) -> list[Any]:
    """Return the numbers and truths that values stand for, too: flagd tells `3` from `"3"`."""
    found: list[Any] = []
    for value in values:
        if value in {"true", "false"}:
            found.append(value == "true")
        elif value.lstrip("-").isascii() and value.lstrip("-").isdigit() and len(value) < 16:
            found.append(int(value))
    return found
