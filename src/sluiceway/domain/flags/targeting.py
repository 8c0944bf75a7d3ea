"""Constraints and segments as functions of a context: who fits.

Compiled once per set. Nothing here raises for any attribute: what is missing, of another kind, or beyond the
limits below never fits. A value of a constraint that can't be read fits nobody; naming it is the business of
`checking`, which reads values with the same functions.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final, TypeAlias, cast

from sluiceway.domain.flags.model import TARGETING_KEY, Constraint, Operator, Segment
from sluiceway.domain.flags.networks import is_in, network
from sluiceway.domain.flags.semver import precedence
from sluiceway.domain.flags.wire import as_text
from sluiceway.errors import FlagFileError

Context: TypeAlias = Mapping[str, object]
Test: TypeAlias = Callable[[Context], bool]
_Fits: TypeAlias = Callable[[Any], bool]  # of an attribute's value

NOW: Final = "now"  # the attribute that is the present where a context doesn't hold it
LONGEST_PATTERN: Final = 1_000  # characters
LONGEST_SEARCHED: Final = 100_000  # characters; a longer text matches no pattern
_PATTERN_MEMORY: Final = 1 << 20  # bytes for one compiled pattern
_LONGEST_NUMBER: Final = 400  # characters
_NUMBER: Final = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")

_NUMBERS: Final[Mapping[Operator, Callable[[Any, Any], bool]]] = {
    Operator.EQUALS: operator.eq,
    Operator.LESS: operator.lt,
    Operator.AT_MOST: operator.le,
    Operator.GREATER: operator.gt,
    Operator.AT_LEAST: operator.ge,
}
_VERSIONS: Final[Mapping[Operator, Callable[[Any, Any], bool]]] = {
    Operator.SEMVER_EQUALS: operator.eq,
    Operator.SEMVER_LESS: operator.lt,
    Operator.SEMVER_AT_MOST: operator.le,
    Operator.SEMVER_GREATER: operator.gt,
    Operator.SEMVER_AT_LEAST: operator.ge,
}
_INSTANTS: Final[Mapping[Operator, Callable[[Any, Any], bool]]] = {
    Operator.BEFORE: operator.lt,
    Operator.AFTER: operator.gt,
}


def constraint_test(constraint: Constraint, now: Callable[[], float]) -> Test:
    """Return whether a context fits the constraint, as a function. `now` gives unix seconds."""
    if constraint.operator is Operator.IS_PRESENT:
        test = _is_present(_reader(constraint.attribute))
    elif constraint.operator is Operator.IN and not constraint.ignores_case:
        test = _is_one_of(constraint)
    else:
        test = _tested(_reader(constraint.attribute, _clock(constraint, now)), _fits(constraint))
    return _inverted(test) if constraint.is_inverted else test


def segment_test(segment: Segment, now: Callable[[], float]) -> Test:
    """Return whether a context is in the segment, as a function.

    Without constraints it is the included keys; without those either, everyone but the excluded.
    """
    included, excluded = frozenset(segment.included), frozenset(segment.excluded)
    fits_all = all_of([constraint_test(one, now) for one in segment.constraints])
    is_listed_only = bool(included) and not segment.constraints

    def is_in_segment(context: Context) -> bool:
        key = key_of(context)
        if key is not None and key in excluded:
            return False
        if key is not None and key in included:
            return True
        return not is_listed_only and fits_all(context)

    return is_in_segment if included or excluded else fits_all


def all_of(tests: list[Test]) -> Test:
    """Return whether a context passes every test, as a function; written out for the usual few."""
    match tests:
        case []:
            return _always
        case [one]:
            return one
        case [one, other]:
            return lambda context: one(context) and other(context)
        case _:
            each = tuple(tests)

            def passes_all(context: Context) -> bool:
                for test in each:  # noqa: SIM110 a generator would be made for every call
                    if not test(context):
                        return False
                return True

            return passes_all


def never(_: Context) -> bool:
    """Return False: nobody fits."""
    return False


def _always(_: Context) -> bool:
    return True


def key_of(context: Context, attribute: str = TARGETING_KEY) -> str | None:
    """Return the text that a context is bucketed by, None if it holds none or an empty one."""
    found = context.get(attribute)
    if isinstance(found, str):
        return found or None
    return text_of(found) or None


def read(context: Context, attribute: str) -> object:
    """Return an attribute's value, None if there is none. `a.b` is also the `b` of an object `a`."""
    return _reader(attribute)(context)


def text_of(value: object) -> str | None:
    """Return a scalar as the text that constraints compare, None for anything else."""
    if isinstance(value, str):
        return str(value)
    if isinstance(value, bool | int | float):
        try:
            return as_text(value)
        except ValueError:  # an integer of more digits than Python writes
            return None
    return None


def number_of(value: object) -> int | float | None:
    """Return the finite number that a value is, or is the text of; None for anything else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, str) and len(value) <= _LONGEST_NUMBER and _NUMBER.fullmatch(value.strip()):
        found = float(value)
        return found if math.isfinite(found) else None
    return None


def instant_of(value: object) -> float | None:
    """Return the unix seconds of an instant with an offset, from a datetime or ISO 8601; None for others."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value.strip())
        except ValueError:
            return None
    return value.timestamp() if isinstance(value, datetime) and value.tzinfo is not None else None


def pattern_test(pattern: str, *, ignores_case: bool = False) -> Callable[[str], bool]:
    """Return whether a text holds a match of a pattern in RE2 syntax, as a function in linear time.

    Raises FlagFileError for a pattern that is too long or that RE2 refuses.
    """
    import re2

    if len(pattern) > LONGEST_PATTERN:
        raise FlagFileError((f"a pattern of {len(pattern)} characters; use at most {LONGEST_PATTERN}",))
    options = re2.Options()
    options.max_mem = _PATTERN_MEMORY
    options.log_errors = False
    options.case_sensitive = not ignores_case
    try:
        search = re2.compile(pattern, options).search
    except (re2.error, UnicodeEncodeError) as error:
        reason = error.args[0] if error.args else error
        shown = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
        raise FlagFileError((f"pattern {pattern!r} is not one RE2 accepts: {shown}",)) from error

    def is_found(text: str) -> bool:
        try:
            return len(text) <= LONGEST_SEARCHED and search(text) is not None
        except UnicodeEncodeError:  # half a surrogate pair
            return False

    return is_found


def _is_one_of(constraint: Constraint) -> Test:
    """The constraint of most rules, in as few steps as it can be done."""
    attribute, values, others = constraint.attribute, frozenset(constraint.values), _is_any_of(constraint)
    if "." in attribute:
        return _tested(_reader(attribute), others)

    def is_one_of(context: Context) -> bool:
        found = context.get(attribute)
        return found in values if found.__class__ is str else others(found)

    return is_one_of


def _is_any_of(constraint: Constraint) -> _Fits:
    values = frozenset(_folded(constraint, constraint.values))
    fold = str.casefold if constraint.ignores_case else str

    def is_any_of(found: object) -> bool:
        if isinstance(found, list | tuple | set | frozenset):
            texts = map(text_of, cast("list[object]", found))
            return any(text is not None and fold(text) in values for text in texts)
        text = text_of(found)
        return text is not None and fold(text) in values

    return is_any_of


def _fits(constraint: Constraint) -> _Fits:
    kind = constraint.operator
    if kind is Operator.IN:
        return _is_any_of(constraint)
    if kind in _NUMBERS:
        return _compared(constraint, number_of, _NUMBERS[kind])
    if kind in _VERSIONS:
        return _compared(constraint, _version_of, _VERSIONS[kind])
    if kind in _INSTANTS:
        return _compared(constraint, instant_of, _INSTANTS[kind])
    if kind is Operator.IN_NETWORK:
        networks = tuple(one for one in map(network, constraint.values) if one is not None)
        return lambda found: isinstance(found, str) and is_in(found, networks)
    return _text_fits(constraint)


def _text_fits(constraint: Constraint) -> _Fits:
    values = tuple(_folded(constraint, constraint.values))
    fold = str.casefold if constraint.ignores_case else str
    match constraint.operator:
        case Operator.STARTS_WITH:
            test: Callable[[str], bool] = lambda text: fold(text).startswith(values)  # noqa: E731
        case Operator.ENDS_WITH:
            test = lambda text: fold(text).endswith(values)  # noqa: E731
        case Operator.CONTAINS:
            test = lambda text: any(value in fold(text) for value in values)  # noqa: E731
        case _:
            test = _any_pattern(constraint)

    def fits(found: object) -> bool:
        text = text_of(found)
        return text is not None and test(text)

    return fits


def _any_pattern(constraint: Constraint) -> Callable[[str], bool]:
    patterns: list[Callable[[str], bool]] = []
    for value in constraint.values:
        try:
            patterns.append(pattern_test(value, ignores_case=constraint.ignores_case))
        except FlagFileError:
            continue
    return lambda text: any(is_found(text) for is_found in patterns)


def _compared(
    constraint: Constraint, parse: Callable[[object], Any], compare: Callable[[Any, Any], bool]
) -> _Fits:
    wanted = tuple(one for one in map(parse, constraint.values) if one is not None)

    def fits(found: object) -> bool:
        value = parse(found)
        return value is not None and any(compare(value, one) for one in wanted)

    return fits


def _version_of(value: object) -> object:
    return precedence(value) if isinstance(value, str) else None


def _folded(constraint: Constraint, values: tuple[str, ...]) -> list[str]:
    return [one.casefold() for one in values] if constraint.ignores_case else list(values)


def _clock(constraint: Constraint, now: Callable[[], float]) -> Callable[[], object] | None:
    """Return what stands in for a missing `now`; only instants are compared with the present."""
    if constraint.attribute != NOW or constraint.operator not in _INSTANTS:
        return None
    return lambda: datetime.fromtimestamp(now(), UTC)


def _reader(attribute: str, otherwise: Callable[[], object] | None = None) -> Callable[[Context], object]:
    if otherwise is not None:

        def read_or_ask(context: Context) -> object:
            found = context.get(attribute)
            return otherwise() if found is None else found

        return read_or_ask
    if "." in attribute:
        return _nested_reader(attribute)
    return lambda context: context.get(attribute)


def _nested_reader(attribute: str) -> Callable[[Context], object]:
    steps = attribute.split(".")

    def read_nested(context: Context) -> object:
        whole = context.get(attribute)
        if whole is not None:
            return whole
        part: Any = context
        for step in steps:
            if not isinstance(part, Mapping):
                return None
            part = cast("Context", part).get(step)
        return part

    return read_nested


def _tested(get: Callable[[Context], object], fits: _Fits) -> Test:
    return lambda context: fits(get(context))


def _is_present(get: Callable[[Context], object]) -> Test:
    return lambda context: get(context) is not None


def _inverted(test: Test) -> Test:
    return lambda context: not test(context)
