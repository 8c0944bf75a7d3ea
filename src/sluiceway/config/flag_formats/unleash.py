"""Unleash's features as flags: the same answer for every user, by its own way of bucketing.

Reads what Unleash's client API gives, whole or as events of the delta API. Each strategy becomes a rule; the
attributes `userId` and `currentTime` are ours by the names `targetingKey` and `now`. A feature with variants
has values of their payloads' type. Writing features is the business of `unleash_export`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, cast

from sluiceway.config.flag_formats.converted import Converted
from sluiceway.config.flag_formats.unleash_constraints import attribute_of, constraint_of
from sluiceway.config.flag_formats.unleash_shapes import (
    DocumentShape,
    EventShape,
    FeatureShape,
    PayloadShape,
    SegmentShape,
    StrategyShape,
    VariantShape,
    shaped,
)
from sluiceway.domain.flags.model import (
    BUCKETS,
    RANDOM,
    TARGETING_KEY,
    Constraint,
    Dependency,
    Flag,
    FlagSet,
    FlagType,
    HashVersion,
    Json,
    Operator,
    Rule,
    Segment,
    Serve,
    Share,
    ValueType,
    Variant,
)
from sluiceway.domain.flags.targeting import number_of
from sluiceway.domain.flags.wire import as_text

KEPT: Final = "unleash"  # in a flag's and a variant's `extra`: what Unleash said
NO_VARIANT: Final = "disabled"  # how Unleash calls the variant of a feature that has none
DEFAULT_STICKINESS: Final = "default"
_TYPES: Final = {
    "experiment": FlagType.EXPERIMENTAL,
    "operational": FlagType.OPERATIONAL,
    "kill-switch": FlagType.OPERATIONAL,
    "permission": FlagType.OPERATIONAL,
}


def flags_from_unleash(document: object, *, service: str = "", environment: str = "") -> Converted:
    """Return the flags of an answer of Unleash's client API, with notes on what it can't carry over.

    Raises FlagFileError with the place of what isn't as Unleash writes it.
    """
    raw_features, raw_segments = _current(shaped(document, DocumentShape, "unleash"))
    features = {
        key: shaped(one, FeatureShape, f"unleash.features.{key}") for key, one in raw_features.items()
    }
    segments = [shaped(one, SegmentShape, f"unleash.segments.{key}") for key, one in raw_segments.items()]
    notes: list[str] = []
    known = {str(one.id) for one in segments}
    readers = {key: _Feature(one, features, known, notes) for key, one in features.items()}
    flags = tuple(readers[key].flag(readers, raw_features[key]) for key in features)
    found = tuple(_segment(one, notes) for one in segments)
    return Converted(FlagSet(service, environment, flags=flags, segments=found), tuple(notes))


def context_from_unleash(context: Mapping[str, object]) -> dict[str, object]:
    """Return an Unleash context as one of ours: properties at the top, a user's id as the targeting key."""
    properties = context.get("properties")
    own = {key: value for key, value in context.items() if key != "properties"}
    found = {**(cast("Mapping[str, object]", properties) if isinstance(properties, Mapping) else {}), **own}
    return {attribute_of(key): value for key, value in found.items()}


def _current(document: DocumentShape) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return features by name and segments by id, after every event of a delta."""
    features: dict[str, Any] = {}
    segments: dict[str, Any] = {}
    whole = EventShape("hydration", features=document.features, segments=document.segments)
    for event in [whole, *(document.events or [])]:
        match event.type:
            case "hydration":
                features = {str(one.get("name")): one for one in event.features or []}
                segments = {str(one.get("id")): one for one in event.segments or []}
            case "feature-updated" if event.feature:
                features[str(event.feature.get("name"))] = event.feature
            case "feature-removed":
                features.pop(event.feature_name or "", None)
            case "segment-updated" if event.segment:
                segments[str(event.segment.get("id"))] = event.segment
            case "segment-removed":
                segments.pop(str(event.segment_id), None)
            case _:
                continue
    return features, segments


def _segment(shape: SegmentShape, notes: list[str]) -> Segment:
    where = f"segment {shape.id}"
    constraints = tuple(constraint_of(one, where, notes) for one in shape.constraints or [])
    return Segment(str(shape.id), shape.name or "", constraints)


@dataclass(slots=True)
class _Feature:
    """One feature on its way to a flag. Strategies may give a variant's name another payload each."""

    shape: FeatureShape
    features: Mapping[str, FeatureShape]
    segments: set[str]
    notes: list[str]
    variants: list[Variant] = field(default_factory=list[Variant])
    kind: ValueType = ValueType.BOOLEAN

    def __post_init__(self) -> None:
        shapes = [*self._strategy_variants(), *(self.shape.variants or [])]
        self.kind = _kind(shapes)
        for one in shapes:
            self._named(one)

    def flag(self, readers: Mapping[str, _Feature], raw: Mapping[str, Json]) -> Flag:
        is_boolean = self.kind is ValueType.BOOLEAN
        own = self.shape.variants or []
        return Flag(
            self.shape.name,
            value_type=self.kind,
            is_enabled=self.shape.enabled and self._can_be_on(),
            variants=(Variant("on", True), Variant("off", False)) if is_boolean else tuple(self.variants),
            rules=tuple(self._rules()),
            serve=Serve("on") if is_boolean else self._split(own, self.shape.name, DEFAULT_STICKINESS),
            otherwise=Serve("off") if is_boolean else Serve(),
            off_variant="off" if is_boolean else "",
            dependencies=tuple(self._dependencies(readers)),
            hash_version=HashVersion.UNLEASH,
            description=self.shape.description or "",
            type=_TYPES.get(self.shape.type or "", FlagType.RELEASE),
            extra={KEPT: raw},
        )

    def called(self, name: str) -> list[str]:
        """Return what variants that Unleash calls `name` are called here."""
        if name == NO_VARIANT:
            return ["on" if self.kind is ValueType.BOOLEAN else ""]
        return [one.name for one in self.variants if said_name(one) == name]

    def _can_be_on(self) -> bool:
        """Unleash takes a parent that has a parent itself for off; here any depth works."""
        deep = [
            one.feature
            for one in self.shape.dependencies or []
            if one.feature in self.features and self.features[one.feature].dependencies
        ]
        if deep and self.shape.enabled:
            self._note(
                f'depends on "{deep[0]}", which depends on another: Unleash never turns it on, so it is off '
                "here; enable it to have it depend on both"
            )
        return not deep

    def _dependencies(self, readers: Mapping[str, _Feature]) -> Iterable[Dependency]:
        for one in self.shape.dependencies or []:
            parent = readers.get(one.feature)
            wanted = one.variants or []
            names = [
                here for name in wanted for here in (parent.called(name) if parent else [name]) or [name]
            ]
            yield Dependency(one.feature, one.enabled is not False, tuple(names))

    def _strategy_variants(self) -> Iterable[VariantShape]:
        return (variant for one in self.shape.strategies or [] for variant in one.variants or [])

    def _rules(self) -> Iterable[Rule]:
        overrides = [
            (
                self._named(variant),
                Constraint(attribute_of(one.context_name), Operator.IN, _texts(one.values)),
            )
            for variant in self.shape.variants or []
            for one in variant.overrides or []
        ]
        strategies = self.shape.strategies or []
        if overrides and not strategies:
            strategies = [StrategyShape("default")]
        for at, strategy in enumerate(strategies):
            rule = self._rule(strategy, at)
            if rule.serve.split or not overrides:
                yield rule
            else:
                yield from _with_overrides(rule, overrides)

    def _rule(self, strategy: StrategyShape, at: int) -> Rule:
        where = f'feature "{self.shape.name}", strategy {at + 1}'
        extra, reach, stickiness = self._meaning(strategy, where)
        constraints = tuple(constraint_of(one, where, self.notes) for one in strategy.constraints or [])
        for one in strategy.segments or []:
            if str(one) not in self.segments:
                self.notes.append(f"{where}: there is no segment {one}, so it fits nobody")
        salt = strategy.parameter("groupId") or self.shape.name
        return Rule(
            f"strategy-{at + 1}",
            strategy.title or "",
            (*extra, *constraints),
            tuple(str(one) for one in strategy.segments or []),
            0 if strategy.disabled else reach,
            _by(stickiness) if 0 < reach < BUCKETS else (),
            salt if 0 < reach < BUCKETS else "",
            self._split(strategy.variants or [], salt, stickiness),
        )

    def _meaning(self, strategy: StrategyShape, where: str) -> tuple[tuple[Constraint, ...], int, str]:
        """Return what a strategy asks beside its constraints, its reach, and by what it buckets."""
        match strategy.name:
            case "default":
                return (), BUCKETS, DEFAULT_STICKINESS
            case "userWithId":
                who = Constraint(TARGETING_KEY, Operator.IN, strategy.parameters_in("userIds"))
                return (who,), BUCKETS, DEFAULT_STICKINESS
            case "remoteAddress":
                where_from = Constraint("remoteAddress", Operator.IN_NETWORK, strategy.parameters_in("IPs"))
                return (where_from,), BUCKETS, DEFAULT_STICKINESS
            case "applicationHostname":
                self.notes.append(f"{where}: compares host names; applications pass theirs as `hostname`")
                names = strategy.parameters_in("hostNames")
                return (Constraint("hostname", Operator.IN, names, ignores_case=True),), BUCKETS, "default"
            case "gradualRolloutUserId":
                return self._gradual(strategy.parameter("percentage"), "userId", where)
            case "gradualRolloutSessionId":
                return self._gradual(strategy.parameter("percentage"), "sessionId", where)
            case "gradualRolloutRandom":
                return self._gradual(strategy.parameter("percentage"), RANDOM, where)
            case "flexibleRollout":
                stickiness = strategy.parameter("stickiness") or DEFAULT_STICKINESS
                return self._gradual(strategy.parameter("rollout"), stickiness, where)
            case _:
                self.notes.append(f'{where}: "{strategy.name}" is a strategy of its own, so it fits nobody')
                return (), 0, DEFAULT_STICKINESS

    def _gradual(self, percent: str, stickiness: str, where: str) -> tuple[tuple[Constraint, ...], int, str]:
        found = number_of(percent)
        if found is None or not 0 <= found <= 100:
            self.notes.append(f"{where}: {percent!r} is not a percentage from 0 to 100, so it reaches nobody")
            return (), 0, stickiness
        reach = int(found) * (BUCKETS // 100)
        is_bound = reach == BUCKETS and stickiness not in {DEFAULT_STICKINESS, RANDOM}
        # Unleash leaves out those without what it buckets by, also at 100 percent.
        extra = (Constraint(attribute_of(stickiness), Operator.IS_PRESENT),) if is_bound else ()
        return extra, reach, stickiness

    def _split(self, variants: Sequence[VariantShape], salt: str, stickiness: str) -> Serve:
        shares = tuple(Share(self._named(one), one.weight) for one in variants)
        if not any(one.weight for one in shares):
            return Serve()
        by = _by(variants[0].stickiness or stickiness)
        return Serve(split=shares, by=by if RANDOM in by else (*(by or (TARGETING_KEY,)), RANDOM), salt=salt)

    def _named(self, shape: VariantShape) -> str:
        """Return what a variant is called here: its own name, unless that has another value already."""
        variant = _variant(shape, self.kind)
        base, number = variant, 1
        while (known := _find(self.variants, variant.name)) is not None:
            if known == variant:
                return variant.name
            number += 1
            kept = {KEPT: {**cast("Mapping[str, Json]", base.extra[KEPT]), "name": base.name}}
            variant = Variant(f"{base.name} ({number})", base.value, kept)
        self.variants.append(variant)
        return variant.name

    def _note(self, text: str) -> None:
        self.notes.append(f'feature "{self.shape.name}": {text}')


def said_name(variant: Variant) -> str:
    """Return what Unleash called a variant."""
    kept = variant.extra.get(KEPT)
    name = kept.get("name") if isinstance(kept, Mapping) else None
    return name if isinstance(name, str) else variant.name


def _with_overrides(rule: Rule, overrides: Sequence[tuple[str, Constraint]]) -> Iterable[Rule]:
    """Yield a rule for those who are given a variant by name, each, then the rule for the others.

    Where chance can decide, the others are told apart by constraints: nobody may throw the dice twice.
    """
    earlier: tuple[Constraint, ...] = ()
    is_by_chance = RANDOM in rule.by
    for at, (variant, who) in enumerate(overrides):
        yield Rule(
            f"{rule.id}-override-{at + 1}",
            rule.title,
            (*rule.constraints, *earlier, who),
            rule.segments,
            rule.reach,
            rule.by,
            rule.salt,
            Serve(variant),
        )
        if is_by_chance:
            earlier += (Constraint(who.attribute, who.operator, who.values, is_inverted=True),)
    yield Rule(
        rule.id,
        rule.title,
        (*rule.constraints, *earlier),
        rule.segments,
        rule.reach,
        rule.by,
        rule.salt,
        rule.serve,
    )


def _by(stickiness: str) -> tuple[str, ...]:
    if stickiness == DEFAULT_STICKINESS:
        return (TARGETING_KEY, "sessionId", RANDOM)
    return (attribute_of(stickiness),)


def _find(variants: Iterable[Variant], name: str) -> Variant | None:
    return next((one for one in variants if one.name == name), None)


def _variant(shape: VariantShape, kind: ValueType) -> Variant:
    payload = shape.payload
    kept: dict[str, Json] = (
        {} if payload is None else {"payload": {"type": payload.type, "value": payload.value}}
    )
    return Variant(shape.name, shape.name if payload is None else _value(payload, kind), {KEPT: kept})


def _value(payload: PayloadShape, kind: ValueType) -> Json:
    text = as_text(payload.value)
    if kind is ValueType.NUMBER:
        number = number_of(text)
        return int(number) if number is not None and number == int(number) else number
    return cast("Json", json.loads(text)) if kind is ValueType.OBJECT else text


def _kind(variants: Sequence[VariantShape]) -> ValueType:
    """Return the type that all payloads have; texts where they differ, or can't be read as what they say."""
    if not variants:
        return ValueType.BOOLEAN
    kinds = {ValueType.STRING if one.payload is None else _payload_kind(one.payload) for one in variants}
    return kinds.pop() if len(kinds) == 1 else ValueType.STRING


def _payload_kind(payload: PayloadShape) -> ValueType:
    text = as_text(payload.value)
    if payload.type == "number" and number_of(text) is not None:
        return ValueType.NUMBER
    if payload.type == "json":
        try:
            return ValueType.OBJECT if isinstance(json.loads(text), dict | list) else ValueType.STRING
        except ValueError:
            return ValueType.STRING
    return ValueType.STRING


def _texts(values: Iterable[object] | None) -> tuple[str, ...]:
    return tuple(as_text(one) for one in values or ())
