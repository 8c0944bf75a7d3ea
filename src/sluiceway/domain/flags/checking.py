"""What is wrong with flags that are whole by themselves: what they serve, ask for, and depend on.

Each problem names its place as flag files do, what was found, and what to do. Shapes and kinds are the
business of `wire_reading`. A set with these problems still evaluates; what is wrong fits or serves nobody.
"""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Final, assert_never

from sluiceway.domain.flags.dependencies import order
from sluiceway.domain.flags.model import (
    Constraint,
    Flag,
    FlagSet,
    Json,
    Operator,
    Rule,
    Segment,
    Serve,
    ValueType,
)
from sluiceway.domain.flags.networks import network
from sluiceway.domain.flags.semver import precedence
from sluiceway.domain.flags.targeting import instant_of, number_of, pattern_test
from sluiceway.errors import FlagFileError


def problems_of(
    flag: Flag, known_flags: Mapping[str, Flag], segments: Mapping[str, Segment]
) -> tuple[str, ...]:
    """Return every problem of one flag among the others, each with its place in the flag's document.

    `flag` takes the place of the known one with its id. Circles of others it doesn't stand in are not named.
    """
    return (
        *_problems_by_itself(flag, segments.keys()),
        *_unknown_dependencies(flag, known_flags),
        *_own_circle(flag, known_flags),
    )


def problems_of_segment(segment: Segment) -> tuple[str, ...]:
    """Return every problem of one segment, each with its place in the segment's document."""
    both = sorted(set(segment.included) & set(segment.excluded))
    return (
        *([] if segment.id else ["id: is missing"]),
        *_constraints(segment.constraints, ""),
        *(f"excluded: {key!r} is included, too; excluded wins, so take it out of one" for key in both[:10]),
    )


def problems_of_set(flags: FlagSet) -> tuple[str, ...]:
    """Return every problem of a set, such as `flags.search: dependencies[0].flag: "serach" is not known`."""
    known = {one.id: one for one in flags.flags}
    segments = {one.id for one in flags.segments}
    problems = [
        *_repeated("flags", (one.id for one in flags.flags)),
        *_repeated("segments", (one.id for one in flags.segments)),
    ]
    for flag in flags.flags:
        found = [*_problems_by_itself(flag, segments), *_unknown_dependencies(flag, known)]
        problems += [f"flags.{flag.id}: {one}" for one in found]
    for segment in flags.segments:
        problems += [f"segments.{segment.id}: {one}" for one in problems_of_segment(segment)]
    problems += [f"flags.{path[0]}: {_circle(path)}" for path in order(known).circles]
    return tuple(problems)


def _problems_by_itself(flag: Flag, segments: Collection[str]) -> Iterator[str]:
    if not flag.id:
        yield "id: is missing"
    yield from _variant_problems(flag)
    yield from _serve(flag.serve, flag, "serve")
    yield from _serve(flag.otherwise, flag, "otherwise") if flag.rules else ()
    yield from _variant(flag.off_variant, flag, "off_variant")
    yield from _repeated("rules", (one.id for one in flag.rules if one.id))
    for at, rule in enumerate(flag.rules):
        yield from _rule(rule, flag, segments, f"rules[{at}]")
    window = flag.window
    if window and window.on_at and window.off_at and window.off_at <= window.on_at:
        yield f"window: ends at {window.off_at}, not after {window.on_at}, when it begins"
    if flag.fallback is not None and not is_of_type(flag.fallback, flag.value_type):
        yield f"fallback: is {_shown(flag.fallback)}, and the flag's values are of type {flag.value_type}"
    yield from _repeated("thresholds", (one.id for one in flag.thresholds))
    if flag.experiment is not None:
        yield from _variant(flag.experiment.control, flag, "experiment.control")


def _variant_problems(flag: Flag) -> Iterator[str]:
    yield from _repeated("variants", (one.name for one in flag.variants), "name")
    for at, variant in enumerate(flag.variants):
        if not variant.name:
            yield f"variants[{at}].name: is missing"
        if not is_of_type(variant.value, flag.value_type):
            yield (
                f"variants[{at}].value: is {_shown(variant.value)}, and the flag's values are of type "
                f"{flag.value_type}"
            )


def is_of_type(value: Json, kind: ValueType) -> bool:
    """Return whether a value is one that a flag of this type can have; an object is also a list."""
    match kind:
        case ValueType.BOOLEAN:
            return isinstance(value, bool)
        case ValueType.STRING:
            return isinstance(value, str)
        case ValueType.NUMBER:
            return isinstance(value, int | float) and number_of(value) is not None
        case ValueType.OBJECT:
            return isinstance(value, Mapping | list | tuple)
        case _:
            assert_never(kind)


def _serve(serve: Serve, flag: Flag, where: str) -> Iterator[str]:
    yield from _variant(serve.variant, flag, f"{where}.variant")
    if serve.variant and serve.split:
        yield f"{where}: has a variant and a split; take one of them out"
    for at, share in enumerate(serve.split):
        yield from _variant(share.variant, flag, f"{where}.split[{at}].variant")
        if share.weight < 0:
            yield f"{where}.split[{at}].weight: is {share.weight}; use a whole number from 0 up"
    if serve.split and sum(max(one.weight, 0) for one in serve.split) == 0:
        yield f"{where}.split: all weights are 0, so nobody gets anything; give one a weight"


def _variant(name: str, flag: Flag, where: str) -> Iterator[str]:
    names = [one.name for one in flag.variants]
    if name and name not in names:
        yield f"{where}: the flag has no variant {_hint(name, names)}"


def _rule(rule: Rule, flag: Flag, segments: Collection[str], where: str) -> Iterator[str]:
    yield from _constraints(rule.constraints, f"{where}.")
    yield from _serve(rule.serve, flag, f"{where}.serve")
    for at, segment in enumerate(rule.segments):
        if segment not in segments:
            yield f"{where}.segments[{at}]: there is no segment {_hint(segment, segments)}"


def _constraints(constraints: Iterable[Constraint], where: str) -> Iterator[str]:
    for at, constraint in enumerate(constraints):
        place = f"{where}constraints[{at}]"
        if not constraint.attribute:
            yield f"{place}.attribute: is missing"
        if constraint.operator is Operator.IS_PRESENT:
            if constraint.values:
                yield f"{place}.values: {constraint.operator} takes none; take them out"
            continue
        wrong = _WRONG.get(constraint.operator)
        for place_of_value, value in enumerate(constraint.values if wrong else ()):
            problem = wrong(value) if wrong else ""
            if problem:
                yield f"{place}.values[{place_of_value}]: {problem}"
        # An empty list of texts can be meant: nobody, or with `inverted` everybody.
        if wrong and not constraint.values:
            yield f"{place}.values: are missing; {constraint.operator} compares with one at least"


def _unknown_dependencies(flag: Flag, known: Mapping[str, Flag]) -> Iterator[str]:
    for at, need in enumerate(flag.dependencies):
        place = f"dependencies[{at}]"
        parent = flag if need.flag == flag.id else known.get(need.flag)
        if parent is None:
            yield f"{place}.flag: there is no flag {_hint(need.flag, known)}"
            continue
        for name in need.variants:
            if name not in {"", *(one.name for one in parent.variants)}:
                hint = _hint(name, [one.name for one in parent.variants])
                yield f'{place}.variants: flag "{parent.id}" has no variant {hint}'


def _own_circle(flag: Flag, known: Mapping[str, Flag]) -> Iterator[str]:
    path = order({**known, flag.id: flag}).in_circles.get(flag.id)
    if path is not None:
        start = path.index(flag.id)
        yield _circle((*path[start:-1], *path[:start], flag.id))


def _circle(path: tuple[str, ...]) -> str:
    return f"dependencies: go in a circle, {' -> '.join(path)}; take one of them out"


def _repeated(where: str, ids: Iterable[str], what: str = "id") -> Iterator[str]:
    for key, count in Counter(ids).items():
        if count > 1:
            yield f"{where}: {count} have the {what} {key!r}; give each its own"


def _hint(name: str, known: Iterable[str]) -> str:
    names = [one for one in known if one]
    near = difflib.get_close_matches(name, names, n=1)
    if near:
        return f'"{name}"; did you mean "{near[0]}"?'
    listed = ", ".join(sorted(names)[:10])
    return f'"{name}"; there are {listed}' if listed else f'"{name}"'


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def _wrong_pattern(value: str) -> str:
    try:
        pattern_test(value)
    except FlagFileError as error:
        return str(error)
    return ""


def _unless(fits: Callable[[str], object], expected: str) -> Callable[[str], str]:
    return lambda value: "" if fits(value) is not None else f"is {_shown(value)}, expected {expected}"


_NUMBER: Final = _unless(number_of, "a number")
_INSTANT: Final = _unless(instant_of, "an instant with its offset, such as 2026-11-21T08:00:00Z")
_VERSION: Final = _unless(precedence, "a semantic version such as 1.4.0 or 2.0.0-rc.1")
_NETWORK: Final = _unless(network, "an address or network such as 10.0.0.0/8 or 2001:db8::/32")

_WRONG: Final[Mapping[Operator, Callable[[str], str]]] = {
    Operator.MATCHES: _wrong_pattern,
    Operator.EQUALS: _NUMBER,
    Operator.LESS: _NUMBER,
    Operator.AT_MOST: _NUMBER,
    Operator.GREATER: _NUMBER,
    Operator.AT_LEAST: _NUMBER,
    Operator.BEFORE: _INSTANT,
    Operator.AFTER: _INSTANT,
    Operator.SEMVER_EQUALS: _VERSION,
    Operator.SEMVER_LESS: _VERSION,
    Operator.SEMVER_AT_MOST: _VERSION,
    Operator.SEMVER_GREATER: _VERSION,
    Operator.SEMVER_AT_LEAST: _VERSION,
    Operator.IN_NETWORK: _NETWORK,
}
