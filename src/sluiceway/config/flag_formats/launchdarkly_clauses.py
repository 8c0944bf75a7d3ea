"""LaunchDarkly's clauses and segments as claims about a context.

A clause about a missing attribute never holds, also a negated one. A segment with one rule becomes a segment;
others, and negated ones, are written out where they are used.
Source: launchdarkly.com/docs/sdk/concepts/flag-evaluation-rules.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from sluiceway.config.flag_formats.logic import (
    ALWAYS,
    All,
    Expression,
    InSegment,
    Not,
    Some,
    is_present,
    key_in,
)
from sluiceway.config.flag_formats.reading import (
    Document,
    NotConvertible,
    listed,
    mapping,
    refuse,
    scalar_text,
    texts,
)
from sluiceway.domain.flags.model import TARGETING_KEY, Constraint, Operator, Segment

_OPERATORS: Final = {
    "in": Operator.IN,
    "startsWith": Operator.STARTS_WITH,
    "endsWith": Operator.ENDS_WITH,
    "contains": Operator.CONTAINS,
    "matches": Operator.MATCHES,
    "lessThan": Operator.LESS,
    "lessThanOrEqual": Operator.AT_MOST,
    "greaterThan": Operator.GREATER,
    "greaterThanOrEqual": Operator.AT_LEAST,
    "before": Operator.BEFORE,
    "after": Operator.AFTER,
    "semVerEqual": Operator.SEMVER_EQUALS,
    "semVerLessThan": Operator.SEMVER_LESS,
    "semVerGreaterThan": Operator.SEMVER_GREATER,
}


class Audiences:
    """Reads clauses; `segments` are those that became segments here, the rest is written out."""

    def __init__(self, documents: Mapping[str, Document], problems: list[str]) -> None:
        self.segments: dict[str, Segment] = {}
        self._members: dict[str, Expression] = {}
        self._documents = documents
        for key in documents:
            try:
                self._member(key, ())
            except NotConvertible as error:
                problems.append(f"segment {error}")

    def all_of(self, clauses: object, where: str) -> Expression:
        """Return when every clause holds. Raises NotConvertible for what rules can't say."""
        return self._all_of(clauses, where, ())

    def _all_of(self, clauses: object, where: str, inside: Sequence[str]) -> Expression:
        found = [
            self._clause(mapping(one, f"{where}[{at}]"), f"{where}[{at}]", inside)
            for at, one in enumerate(listed(clauses, where))
        ]
        return All(tuple(found))

    def _clause(self, clause: Document, where: str, inside: Sequence[str]) -> Expression:
        operation = str(clause.get("op"))
        is_negated = bool(clause.get("negate"))
        values = listed(clause.get("values") or [], f"{where}.values")
        if operation == "segmentMatch":
            return self._in_segments([str(one) for one in values], where, inside, is_negated=is_negated)
        if clause.get("contextKind", "user") != "user":
            refuse(where, f'is about contexts of kind "{clause["contextKind"]}", expected user')
        if operation not in _OPERATORS:
            refuse(f"{where}.op", f'"{operation}" is not known, expected one of {", ".join(_OPERATORS)}')
        attribute = attribute_of(clause.get("attribute"), f"{where}.attribute")
        operator = _OPERATORS[operation]
        in_time = operator in {Operator.BEFORE, Operator.AFTER}
        read = _instant if in_time else scalar_text
        claim = Constraint(attribute, operator, tuple(read(one, f"{where}.values") for one in values))
        return All((is_present(attribute), Not(claim))) if is_negated else claim

    def _in_segments(
        self, keys: Sequence[str], where: str, inside: Sequence[str], *, is_negated: bool
    ) -> Expression:
        for key in keys:
            if key not in self._documents:
                refuse(where, f'names the segment "{key}", which is not among these')
        members = {key: self._member(key, inside) for key in keys}
        if is_negated:
            return Not(Some(tuple(members.values())))
        return Some(tuple(InSegment(key) if key in self.segments else one for key, one in members.items()))

    def _member(self, key: str, inside: Sequence[str]) -> Expression:
        """Return who is in a segment, written out, and keep it as a segment where that says the same."""
        if key in self._members:
            return self._members[key]
        if key in inside:
            refuse(key, f"holds itself, {' -> '.join((*inside, key))}")
        document = self._documents[key]
        for kind in ("includedContexts", "excludedContexts", "unbounded"):
            if document.get(kind):
                refuse(f"{key}.{kind}", "has no equal among segments here")
        included = texts(document.get("included") or [], f"{key}.included")
        excluded = tuple(
            one for one in texts(document.get("excluded") or [], f"{key}.excluded") if one not in included
        )
        rules: list[Expression] = []
        for at, one in enumerate(listed(document.get("rules") or [], f"{key}.rules")):
            rule = mapping(one, f"{key}.rules[{at}]")
            if rule.get("weight") is not None:
                refuse(
                    f"{key}.rules[{at}].weight", "a share of a segment has no equal here; use a rule's reach"
                )
            rules.append(
                self._all_of(rule.get("clauses") or [], f"{key}.rules[{at}].clauses", (*inside, key))
            )
        allowed = All((Some(tuple(rules)), Not(key_in(excluded)))) if excluded else Some(tuple(rules))
        self._members[key] = Some((key_in(included), allowed)) if included else allowed
        constraints = _plain_constraints(rules)
        if constraints is not None:
            self.segments[key] = Segment(
                key, str(document.get("name") or ""), constraints, included, excluded
            )
        return self._members[key]


def _plain_constraints(rules: Sequence[Expression]) -> tuple[Constraint, ...] | None:
    """Return the constraints of a segment that says the same, None when there is none."""
    if not rules:
        return ()
    if len(rules) > 1 or not isinstance(rules[0], All) or rules[0] == ALWAYS:
        return None
    flat: list[Constraint] = []
    for part in rules[0].parts:
        inner = part.parts if isinstance(part, All) else (part,)
        for one in inner:
            match one:
                case Constraint():
                    flat.append(one)
                case Not(Constraint() as turned):
                    flat.append(_inverted(turned))
                case _:
                    return None
    return tuple(flat)


def _inverted(one: Constraint) -> Constraint:
    return Constraint(one.attribute, one.operator, one.values, not one.is_inverted, one.ignores_case)


def attribute_of(name: object, where: str) -> str:
    """Return the attribute that a name or reference (`/address/city`) means; `key` is who asks."""
    if not isinstance(name, str) or not name:
        refuse(where, f"is {name!r}, expected an attribute")
    if name == "key":
        return TARGETING_KEY
    if not name.startswith("/"):
        return name
    return ".".join(part.replace("~1", "/").replace("~0", "~") for part in name[1:].split("/"))


def _instant(value: object, where: str) -> str:
    """Return an instant given in RFC 3339 or as unix milliseconds, as ISO 8601."""
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return datetime.fromtimestamp(value / 1_000, UTC).isoformat()
        found = datetime.fromisoformat(str(value))
    except (ValueError, OverflowError, OSError):
        refuse(where, f"is {value!r}, expected an instant such as 2026-12-01T08:00:00Z")
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC).isoformat()
