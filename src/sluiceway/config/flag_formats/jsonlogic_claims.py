"""Single operations of JSONLogic, as flagd has them, read as claims about one attribute.

What is missing counts as 0 where numbers are compared. Equality is by the text of a value here: `3` and `"3"`
are the same, `true` and `1` are not. Putting claims together is the business of `jsonlogic`.
Source: flagd.dev/reference/flag-definitions, "Targeting rules"; jsonlogic.com/operations.html.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final, cast

from sluiceway.config.flag_formats.logic import All, Expression, Not, Some, is_present
from sluiceway.config.flag_formats.reading import (
    NotConvertible,
    is_list,
    listed,
    mapping,
    refuse,
    scalar_text,
    shown,
    texts,
)
from sluiceway.domain.flags.model import Constraint, Operator, Serve, Share

_TIMESTAMP: Final = "$flagd.timestamp"
_FLAG_KEY: Final = "$flagd.flagKey"
_NUMBERS: Final = {
    "<": Operator.LESS,
    "<=": Operator.AT_MOST,
    ">": Operator.GREATER,
    ">=": Operator.AT_LEAST,
}
_SWAPPED: Final = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
_VERSIONS: Final = {
    "=": Operator.SEMVER_EQUALS,
    "<": Operator.SEMVER_LESS,
    "<=": Operator.SEMVER_AT_MOST,
    ">": Operator.SEMVER_GREATER,
    ">=": Operator.SEMVER_AT_LEAST,
}
_VERSION = re.compile(r"v?(\d+)(?:\.(\d+))?(?:\.(\d+))?(-[^+]*)?(\+.*)?", re.IGNORECASE)


def operation(rule: object, where: str) -> tuple[str, list[Any]]:
    """Return the name and arguments of `{"name": [arguments]}`. Raises NotConvertible for anything else."""
    found = mapping(rule, where)
    if len(found) != 1:
        refuse(where, f"is {shown(rule)}, expected one operation")
    ((name, args),) = found.items()
    return name, listed(args, where) if is_list(args) else [args]


def only(args: list[Any], where: str) -> object:
    """Return the one argument. Raises NotConvertible when there are several, or none."""
    if len(args) != 1:
        refuse(where, f"has {len(args)} arguments, expected one")
    return args[0]


def _is_var(rule: object) -> bool:
    return isinstance(rule, Mapping) and set(cast("Mapping[str, object]", rule)) == {"var"}


def _attribute(rule: object, where: str) -> str:
    """Return the attribute that a `var` reads."""
    if not _is_var(rule):
        refuse(where, f'is {shown(rule)}, expected an attribute such as {{"var": "email"}}')
    name = mapping(rule, where)["var"]
    names = listed(name, where) if is_list(name) else [name]
    if len(names) != 1 or not isinstance(names[0], str) or not names[0]:
        refuse(where, f"is {shown(rule)}, expected the name of one attribute without a default")
    if names[0].startswith("$flagd.") and names[0] != _TIMESTAMP:
        refuse(where, f"{names[0]} is not part of the context here")
    return names[0]


def _text_claim(operator: Operator, args: list[Any], where: str) -> Expression:
    if len(args) != 2 or not isinstance(args[1], str):
        refuse(where, "expected an attribute and a text")
    return Constraint(_attribute(args[0], where), operator, (args[1],))


def _truthy(args: list[Any], where: str) -> Expression:
    attribute = _attribute({"var": args}, where)
    return All((is_present(attribute), Not(_in(attribute, ("", "false", "0")))))


def _in(attribute: str, values: tuple[str, ...]) -> Constraint:
    return Constraint(attribute, Operator.IN, values)


def _equal(args: list[Any], where: str) -> Expression:
    if len(args) != 2:
        refuse(where, f"has {len(args)} arguments, expected two")
    var, value = (args[0], args[1]) if _is_var(args[0]) else (args[1], args[0])
    attribute = _attribute(var, where)
    if value is None:
        return Not(is_present(attribute))
    if isinstance(value, int | float) and not isinstance(value, bool):
        return Constraint(attribute, Operator.EQUALS, (scalar_text(value, where),))
    return _in(attribute, (scalar_text(value, where),))


def _compared(name: str, args: list[Any], where: str) -> Expression:
    if len(args) == 3:  # between: a < x < b
        return All((_compared(name, args[:2], where), _compared(name, args[1:], where)))
    if len(args) != 2:
        refuse(where, f"has {len(args)} arguments, expected two or three")
    if not _is_var(args[0]):
        args, name = [args[1], args[0]], _SWAPPED[name]
    attribute, value = _attribute(args[0], where), args[1]
    if isinstance(value, bool) or not isinstance(value, int | float):
        refuse(where, f"is compared with {shown(value)}, expected a number")
    if attribute == _TIMESTAMP:
        return _present_time(name, value, where)
    claim = Constraint(attribute, _NUMBERS[name], (scalar_text(value, where),))
    # What is missing counts as 0 in JSONLogic.
    is_zero_enough = {"<": value > 0, "<=": value >= 0, ">": value < 0, ">=": value <= 0}[name]
    return Some((claim, Not(is_present(attribute)))) if is_zero_enough else claim


def _present_time(name: str, seconds: float, where: str) -> Expression:
    try:
        at = datetime.fromtimestamp(seconds, UTC).isoformat()
    except (ValueError, OverflowError, OSError):
        refuse(where, f"is compared with {seconds}, expected unix seconds")
    before, after = (Constraint("now", one, (at,)) for one in (Operator.BEFORE, Operator.AFTER))
    claims: Mapping[str, Expression] = {"<": before, "<=": Not(after), ">": after, ">=": Not(before)}
    return claims[name]


def _contained(args: list[Any], where: str) -> Expression:
    if len(args) != 2:
        refuse(where, f"has {len(args)} arguments, expected two")
    if _is_var(args[0]) and is_list(args[1]):
        return _in(_attribute(args[0], where), texts(args[1], where))
    if _is_var(args[1]):
        attribute, text = _attribute(args[1], where), scalar_text(args[0], where)
        return Some((Constraint(attribute, Operator.CONTAINS, (text,)), _in(attribute, (text,))))
    raise NotConvertible(f"{where}: expected an attribute and constant values, or a text and an attribute")


def _version(args: list[Any], where: str) -> Expression:
    if len(args) != 3 or not isinstance(args[2], str) or not isinstance(args[1], str):
        refuse(where, "expected an attribute, an operator and a version")
    attribute = _attribute(args[0], where)
    found = _VERSION.fullmatch(args[2])
    if found is None:
        refuse(where, f'is compared with "{args[2]}", expected a version such as 1.4.0')
    major, minor, patch = (int(part or 0) for part in found.groups()[:3])
    version = f"{major}.{minor}.{patch}{found[4] or ''}"

    def claim(operator: Operator, than: str) -> Constraint:
        return Constraint(attribute, operator, (than,))

    match args[1]:
        case "!=":
            is_version = claim(Operator.SEMVER_AT_LEAST, "0.0.0-0")
            return All((is_version, Not(claim(Operator.SEMVER_EQUALS, version))))
        case "^":
            least, beyond = f"{major}.0.0-0", f"{major + 1}.0.0-0"
        case "~":
            least, beyond = f"{major}.{minor}.0-0", f"{major}.{minor + 1}.0-0"
        case operator if operator in _VERSIONS:
            return claim(_VERSIONS[operator], version)
        case _:
            refuse(where, f'unknown operator "{args[1]}", expected =, !=, <, <=, >, >=, ^ or ~')
    return All((claim(Operator.SEMVER_AT_LEAST, least), claim(Operator.SEMVER_LESS, beyond)))


def fractional(args: list[Any], where: str) -> Serve:
    """Return the split that `fractional` makes."""
    by: tuple[str, ...] = ()
    if args and not is_list(args[0]):
        by, args = _bucketed_by(args[0], where), args[1:]
    shares: list[Share] = []
    for one in args:
        part = listed(one, where)
        weight = part[1] if len(part) > 1 else 1
        if (
            not part
            or not isinstance(part[0], str)
            or isinstance(weight, bool)
            or not isinstance(weight, int)
        ):
            refuse(where, f'found {shown(one)}, expected a variant and a weight such as ["red", 50]')
        shares.append(Share(part[0], max(weight, 0)))
    if not shares:
        refuse(where, "has no variants")
    return Serve(split=tuple(shares), by=by)


def _bucketed_by(rule: object, where: str) -> tuple[str, ...]:
    """Return the attribute of `{"var": ...}`, or of that after the flag's key in `{"cat": [...]}`."""
    if _is_var(rule):
        return (_attribute(rule, where),)
    name, args = operation(rule, where)
    names = [one for one in args if one != {"var": _FLAG_KEY}]
    if name != "cat" or len(names) != 1 or not _is_var(names[0]):
        refuse(where, f"splits by {shown(rule)}, expected one attribute, or the flag's key and one attribute")
    return (_attribute(names[0], where),)


CLAIMS: Final[Mapping[str, Callable[[list[Any], str], Expression]]] = {
    "var": _truthy,
    "==": _equal,
    "===": _equal,
    "!=": lambda args, where: Not(_equal(args, where)),
    "!==": lambda args, where: Not(_equal(args, where)),
    **{name: partial(_compared, name) for name in _NUMBERS},
    "in": _contained,
    "starts_with": partial(_text_claim, Operator.STARTS_WITH),
    "ends_with": partial(_text_claim, Operator.ENDS_WITH),
    "sem_ver": _version,
}
