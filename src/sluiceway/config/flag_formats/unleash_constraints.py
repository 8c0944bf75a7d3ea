"""Unleash's constraints as ours and back; both compare the same way, `NOT_IN` is `in` turned round."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sluiceway.config.flag_formats.unleash_shapes import ConstraintShape
from sluiceway.domain.flags.model import TARGETING_KEY, Constraint, Json, Operator
from sluiceway.domain.flags.targeting import NOW
from sluiceway.domain.flags.wire import as_text

_ATTRIBUTES: Final = {"userId": TARGETING_KEY, "currentTime": NOW}
_CONTEXT_NAMES: Final = {ours: theirs for theirs, ours in _ATTRIBUTES.items()}
_OPERATORS: Final[Mapping[str, Operator]] = {
    "IN": Operator.IN,
    "STR_CONTAINS": Operator.CONTAINS,
    "STR_STARTS_WITH": Operator.STARTS_WITH,
    "STR_ENDS_WITH": Operator.ENDS_WITH,
    "REGEX": Operator.MATCHES,
    "NUM_EQ": Operator.EQUALS,
    "NUM_LT": Operator.LESS,
    "NUM_LTE": Operator.AT_MOST,
    "NUM_GT": Operator.GREATER,
    "NUM_GTE": Operator.AT_LEAST,
    "DATE_BEFORE": Operator.BEFORE,
    "DATE_AFTER": Operator.AFTER,
    "SEMVER_EQ": Operator.SEMVER_EQUALS,
    "SEMVER_LT": Operator.SEMVER_LESS,
    "SEMVER_LTE": Operator.SEMVER_AT_MOST,
    "SEMVER_GT": Operator.SEMVER_GREATER,
    "SEMVER_GTE": Operator.SEMVER_AT_LEAST,
    "IN_CIDR": Operator.IN_NETWORK,
}
_NAMES: Final = {ours: theirs for theirs, ours in _OPERATORS.items()}
_OF_SEVERAL: Final = frozenset(
    {Operator.IN, Operator.CONTAINS, Operator.STARTS_WITH, Operator.ENDS_WITH, Operator.IN_NETWORK}
)
_OF_LETTERS: Final = frozenset(
    {Operator.CONTAINS, Operator.STARTS_WITH, Operator.ENDS_WITH, Operator.MATCHES}
)


def attribute_of(context_name: str) -> str:
    """Return what an attribute of Unleash's context is called here."""
    return _ATTRIBUTES.get(context_name, context_name)


def context_name_of(attribute: str) -> str:
    """Return what an attribute is called in Unleash's context."""
    return _CONTEXT_NAMES.get(attribute, attribute)


def constraint_of(shape: ConstraintShape, where: str, notes: list[str]) -> Constraint:
    """Return a constraint as ours; one with an operator that isn't known fits nobody, and is noted."""
    attribute, is_inverted = attribute_of(shape.context_name), bool(shape.inverted)
    if shape.operator == "NOT_IN":
        return Constraint(attribute, Operator.IN, _values(shape), is_inverted=not is_inverted)
    operator = _OPERATORS.get(shape.operator)
    if operator is None:
        notes.append(f'{where}: there is no operator "{shape.operator}" here, so it fits nobody')
        return Constraint(attribute, Operator.IN)
    if operator in _OF_SEVERAL:
        values = _values(shape)
    else:
        values = (as_text(shape.value),) if shape.value is not None else _values(shape)[:1]
    ignores_case = bool(shape.case_insensitive) and operator in _OF_LETTERS
    return Constraint(attribute, operator, values, is_inverted, ignores_case)


def constraint_to(constraint: Constraint, where: str, notes: list[str]) -> dict[str, Json]:
    """Return a constraint as Unleash's; one that Unleash can't say fits nobody there, and is noted."""
    name = context_name_of(constraint.attribute)
    if constraint.operator is Operator.IS_PRESENT:
        # Every text contains the empty one, and what is missing contains nothing.
        return {"contextName": name, "operator": "STR_CONTAINS", "values": [""], **_inverted(constraint)}
    problem = _unsayable(constraint)
    if problem:
        notes.append(f"{where}: {constraint.attribute}: {problem}, so it fits nobody there")
        return {"contextName": name, "operator": "IN", "values": []}
    operator = _NAMES[constraint.operator]
    if constraint.operator is Operator.IN:
        operator = "NOT_IN" if constraint.is_inverted else "IN"
        return {"contextName": name, "operator": operator, "values": list(constraint.values)}
    case: dict[str, Json] = {"caseInsensitive": True} if constraint.ignores_case else {}
    if constraint.operator in _OF_SEVERAL:
        values: dict[str, Json] = {"values": list(constraint.values)}
    else:
        values = {"value": constraint.values[0]}
    return {"contextName": name, "operator": operator, **values, **_inverted(constraint), **case}


def _values(shape: ConstraintShape) -> tuple[str, ...]:
    found = shape.values if shape.values is not None else [] if shape.value is None else [shape.value]
    return tuple(as_text(one) for one in found)


def _inverted(constraint: Constraint) -> dict[str, Json]:
    return {"inverted": True} if constraint.is_inverted else {}


def _unsayable(constraint: Constraint) -> str:
    if constraint.operator not in _OF_SEVERAL and len(constraint.values) != 1:
        return f"Unleash compares with one value, not {len(constraint.values)}"
    if constraint.ignores_case and constraint.operator not in _OF_LETTERS:
        return f"Unleash can't ignore case in {constraint.operator}"
    return ""
