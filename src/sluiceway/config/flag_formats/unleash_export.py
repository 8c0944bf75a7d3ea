"""Flags as Unleash's features, for a server to import or a client to be started with.

A feature that came from Unleash and was not changed since is written as it was. Of others, what Unleash can't
say stands in the notes; it is left out so that nobody has a flag who doesn't have it here.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Final, cast

from sluiceway.config.flag_formats.converted import Exported
from sluiceway.config.flag_formats.unleash import KEPT, NO_VARIANT, flags_from_unleash, said_name
from sluiceway.config.flag_formats.unleash_constraints import constraint_to, context_name_of
from sluiceway.domain.flags.model import (
    BUCKETS,
    RANDOM,
    TARGETING_KEY,
    Constraint,
    Flag,
    FlagSet,
    FlagType,
    HashVersion,
    Json,
    Operator,
    Rule,
    Segment,
    Serve,
    ValueType,
    Variant,
)
from sluiceway.domain.flags.wire import as_text

_TYPES: Final = {
    FlagType.RELEASE: "release",
    FlagType.EXPERIMENTAL: "experiment",
    FlagType.OPERATIONAL: "operational",
}
_PER_PERCENT: Final = BUCKETS // 100
_VERSION: Final = 2  # of the client API's answer: the one with segments


def flags_to_unleash(flags: FlagSet) -> Exported:
    """Return a set as the answer of Unleash's client API, with notes on what it can't say."""
    notes: list[str] = []
    segments: list[Json] = [_segment(one, notes) for one in flags.segments]
    unchanged = _as_it_came(flags, segments)
    known = {one.id: one for one in flags.flags}
    features: list[Json] = []
    for flag in flags.flags:
        if unchanged.get(flag.id) == flag:
            features.append(cast("Mapping[str, Json]", flag.extra[KEPT]))
        else:
            features.append(_Writer(flag, known, notes).feature())
    return Exported({"version": _VERSION, "features": features, "segments": segments}, tuple(notes))


def _as_it_came(flags: FlagSet, segments: list[Json]) -> dict[str, Flag]:
    """Return the flags that what Unleash once said would be today."""
    kept = [flag.extra[KEPT] for flag in flags.flags if isinstance(flag.extra.get(KEPT), Mapping)]
    found = flags_from_unleash({"features": kept, "segments": segments})
    return {one.id: one for one in found.flags.flags}


class _Writer:
    def __init__(self, flag: Flag, known: Mapping[str, Flag], notes: list[str]) -> None:
        self._flag = flag
        self._known = known
        self._notes = notes

    def feature(self) -> dict[str, Json]:
        flag = self._flag
        self._note_what_is_lost()
        kept = flag.extra.get(KEPT)
        own = {key: one for key, one in kept.items() if key in _OWN} if isinstance(kept, Mapping) else {}
        feature: dict[str, Json] = {
            **own,
            "name": flag.id,
            "type": _TYPES[flag.type],
            "description": flag.description,
            "enabled": flag.is_enabled and flag.hold is None,
            "strategies": [self._strategy(rule, at) for at, rule in enumerate(flag.rules)],
            "variants": self._variants(flag.serve, f'flag "{flag.id}"'),
        }
        self._note_salt(flag.serve, flag.id, f'flag "{flag.id}"')
        if flag.dependencies:
            feature["dependencies"] = [
                {"feature": one.flag, "enabled": one.is_on, **self._wanted(one.flag, one.variants)}
                for one in flag.dependencies
            ]
        return feature

    def _wanted(self, parent: str, names: Iterable[str]) -> dict[str, Json]:
        known = self._known.get(parent)
        if known is None or not names:
            return {"variants": list(names)} if names else {}
        variants = {one.name: one for one in known.variants}
        said = [_said(variants[name], known) if name in variants else NO_VARIANT for name in names]
        return {"variants": list(dict.fromkeys(said))}

    def _strategy(self, rule: Rule, at: int) -> dict[str, Json]:
        where = f'flag "{self._flag.id}", rule {at + 1}'
        own = self._salt(rule.salt)
        is_whole = rule.reach >= BUCKETS  # a key is asked of nobody, and only variants are bucketed
        salt = self._salt(rule.serve.salt) if is_whole else own
        self._note_salt(rule.serve, salt, where)
        percent, rest = divmod(0 if self._serves_false(rule) else rule.reach, _PER_PERCENT)
        if self._serves_false(rule):
            self._notes.append(f"{where}: serves false, which no strategy can; it reaches nobody there")
        if rest:
            self._notes.append(f"{where}: a reach of {rule.reach / _PER_PERCENT} percent is {percent} there")
        found: dict[str, Json] = {
            "name": "flexibleRollout",
            "parameters": {
                "rollout": str(percent),
                "stickiness": "default" if is_whole else self._stickiness(rule.by, where),
                "groupId": salt,
            },
            "constraints": [constraint_to(one, where, self._notes) for one in rule.constraints],
            "segments": [_id(one) for one in rule.segments],
            "variants": self._variants(rule.serve, where),
        }
        return {**found, "title": rule.title} if rule.title else found

    def _serves_false(self, rule: Rule) -> bool:
        served = next((one for one in self._flag.variants if one.name == rule.serve.variant), None)
        return self._flag.value_type is ValueType.BOOLEAN and served is not None and not served.value

    def _salt(self, salt: str) -> str:
        return salt or self._flag.salt or self._flag.id

    def _note_salt(self, serve: Serve, salt: str, where: str) -> None:
        if serve.split and self._salt(serve.salt) != salt:
            self._notes.append(f"{where}: Unleash splits by another salt, so users change variants")

    def _variants(self, serve: Serve, where: str) -> list[Json]:
        variants = {one.name: one for one in self._flag.variants}
        stickiness = self._stickiness(serve.by, where) if serve.split else "default"
        weights = [(one.variant, one.weight) for one in serve.split] or [(serve.variant, 1)]
        return [
            {
                "name": said_name(variants[name]),
                "weight": weight,
                "stickiness": stickiness,
                **_payload(variants[name], self._flag.value_type),
            }
            for name, weight in weights
            if name in variants and not _is_plain_on(variants[name], self._flag)
        ]

    def _stickiness(self, by: tuple[str, ...], where: str) -> str:
        named = tuple(one for one in by if one != RANDOM)
        if named == (TARGETING_KEY, "sessionId"):
            return "default"
        if len(named) > 1:
            self._notes.append(f"{where}: Unleash buckets by one attribute, so {named[0]} it is there")
        if by and not named:
            return RANDOM
        return context_name_of(named[0] if named else TARGETING_KEY)

    def _note_what_is_lost(self) -> None:
        flag, lost = self._flag, list[str]()
        if flag.hash_version is not HashVersion.UNLEASH and any(
            0 < one.reach < BUCKETS for one in flag.rules
        ):
            lost.append("Unleash buckets otherwise, so percentages reach other users")
        if flag.window is not None:
            lost.append("its window is not known there")
        if flag.hold is not None:
            lost.append("it is held off here, and off there")
        if flag.thresholds:
            lost.append("its thresholds are not known there")
        deep = [
            one.flag
            for one in flag.dependencies
            if (parent := self._known.get(one.flag)) and parent.dependencies
        ]
        if deep:
            lost.append(f'it depends on "{deep[0]}", which depends on another: Unleash never turns it on')
        if flag.rules and (
            flag.otherwise.split or flag.otherwise.variant not in {"", "off", flag.off_variant}
        ):
            lost.append("those whom no rule reaches get the caller's default there")
        self._notes += [f'flag "{flag.id}": {one}' for one in lost]


# Of a feature that was changed here, what only Unleash knows stays as it came.
_OWN: Final = frozenset({"project", "stale", "impressionData", "lastSeenAt", "createdAt"})


def _said(variant: Variant, flag: Flag) -> str:
    return NO_VARIANT if _is_plain_on(variant, flag) else said_name(variant)


def _is_plain_on(variant: Variant, flag: Flag) -> bool:
    return flag.value_type is ValueType.BOOLEAN and variant.value is True


def _payload(variant: Variant, kind: ValueType) -> dict[str, Json]:
    kept = variant.extra.get(KEPT)
    if isinstance(kept, Mapping):
        return {"payload": kept["payload"]} if "payload" in kept else {}
    match kind:
        case ValueType.NUMBER:
            return {"payload": {"type": "number", "value": as_text(variant.value)}}
        case ValueType.OBJECT:
            return {"payload": {"type": "json", "value": json.dumps(variant.value)}}
        case _:
            return {"payload": {"type": "string", "value": as_text(variant.value)}}


def _segment(segment: Segment, notes: list[str]) -> dict[str, Json]:
    where = f'segment "{segment.id}"'
    constraints = [constraint_to(one, where, notes) for one in segment.constraints]
    if segment.included and segment.constraints:
        notes.append(f"{where}: Unleash includes nobody by name beside constraints; those keys are left out")
    elif segment.included:
        named = Constraint(TARGETING_KEY, Operator.IN, segment.included)
        constraints.append(constraint_to(named, where, notes))
    if segment.excluded:
        others = Constraint(TARGETING_KEY, Operator.IN, segment.excluded, is_inverted=True)
        constraints.append(constraint_to(others, where, notes))
    found: dict[str, Json] = {"id": _id(segment.id), "constraints": cast("list[Json]", constraints)}
    return {**found, "name": segment.title} if segment.title else found


def _id(segment: str) -> int | str:
    """Unleash numbers its segments."""
    return int(segment) if segment.isdecimal() and segment == str(int(segment)) else segment
