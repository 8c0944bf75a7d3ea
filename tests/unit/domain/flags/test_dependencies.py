"""The order flags are decided in, and the circles that have none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from sluiceway.domain.flags.dependencies import order
from sluiceway.domain.flags.model import Dependency, Flag

GRAPHS = st.dictionaries(st.integers(0, 8), st.lists(st.integers(0, 8), max_size=3), max_size=9)


def flags(parents: Mapping[str, Sequence[str]]) -> dict[str, Flag]:
    return {key: Flag(key, dependencies=tuple(map(Dependency, ones))) for key, ones in parents.items()}


def test_a_flag_comes_after_those_it_depends_on() -> None:
    found = order(flags({"checkout": ["payments"], "payments": ["accounts"], "accounts": []}))

    assert found.flags == ("accounts", "payments", "checkout")
    assert found.circles == ()


def test_a_circle_is_named_by_its_path() -> None:
    found = order(flags({"a": ["b"], "b": ["c"], "c": ["b"], "d": []}))

    assert found.circles == (("b", "c", "b"),)
    assert found.in_circles.keys() == {"b", "c"}


def test_a_flag_that_depends_on_itself_is_a_circle() -> None:
    assert order(flags({"a": ["a"]})).circles == (("a", "a"),)


def test_two_circles_that_touch_are_both_named() -> None:
    found = order(flags({"a": ["b", "c"], "b": ["a"], "c": ["a"]}))

    assert set(found.circles) == {("a", "b", "a"), ("c", "a", "c")}


def test_what_is_not_known_has_no_place() -> None:
    assert order(flags({"a": ["nowhere"]})).flags == ("a",)


def test_twenty_thousand_flags_in_a_row_are_ordered() -> None:
    count = 20_000
    row = {str(at): [str(at + 1)] if at + 1 < count else [] for at in range(count)}

    assert order(flags(row)).flags[:2] == (str(count - 1), str(count - 2))


@given(GRAPHS)
def test_every_flag_is_ordered_or_in_a_circle(graph: Mapping[int, Sequence[int]]) -> None:
    known = flags({str(key): list(map(str, ones)) for key, ones in graph.items()})
    found = order(known)
    place = {key: at for at, key in enumerate(found.flags)}

    assert place.keys() == known.keys()
    for path in found.circles:
        assert path[0] == path[-1]
        steps = pairwise(path)
        assert all(after in {one.flag for one in known[before].dependencies} for before, after in steps)
    for key, flag in known.items():
        for need in flag.dependencies:
            if need.flag in known and place[need.flag] >= place[key]:
                assert key in found.in_circles
                assert need.flag in found.in_circles
