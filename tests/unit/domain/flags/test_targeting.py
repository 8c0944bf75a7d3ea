"""Each operator on what fits, what doesn't, what is missing and what is of another kind."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluiceway.domain.flags.model import Constraint, Operator, Segment
from sluiceway.domain.flags.targeting import (
    LONGEST_PATTERN,
    LONGEST_SEARCHED,
    all_of,
    constraint_test,
    key_of,
    pattern_test,
    segment_test,
)
from sluiceway.errors import FlagFileError
from tests.unit.domain.flags.worlds import NOW_S, one_of

IN, NETWORK, MATCHES = Operator.IN, Operator.IN_NETWORK, Operator.MATCHES
TEXTS = (IN, Operator.CONTAINS, Operator.STARTS_WITH, Operator.ENDS_WITH, MATCHES)
SHORT = st.text(max_size=10)
NAMES = ("__class__", "", "a" * 100_000, "\ud800", "a.b.c", "...", "targetingKey", "\0")
REFUSED = ("(", r"(?=a)b", r"(a)\1", "((a{100}){100}){100}", "a" * (LONGEST_PATTERN + 1), "\ud800")
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.datetimes(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


def fits(constraint: Constraint, value: object) -> bool:
    return constraint_test(constraint, lambda: NOW_S)({constraint.attribute: value})


@pytest.mark.parametrize(
    ("operator", "values", "value", "expected"),
    [
        (IN, ("de", "fr"), "de", True),
        (IN, ("de", "fr"), "DE", False),
        (IN, ("7",), 7, True),
        (IN, ("7",), 7.0, True),
        (IN, ("true",), True, True),
        (IN, ("1",), True, False),
        (IN, ("b",), ["a", "b"], True),
        (IN, ("b",), ["a", {"b": 1}], False),
        (IN, (), "de", False),
        (IN, ("None",), None, False),
        (Operator.CONTAINS, ("@example.",), "a@example.org", True),
        (Operator.CONTAINS, ("@Example.",), "a@example.org", False),
        (Operator.STARTS_WITH, ("a", "b"), "berlin", True),
        (Operator.STARTS_WITH, (), "berlin", False),
        (Operator.ENDS_WITH, (".org",), "a@example.org", True),
        (MATCHES, ("^a+b$",), "aab", True),
        (MATCHES, ("(",), "(", False),
        (MATCHES, ("(", "x"), "x", True),
        (MATCHES, ("^4",), 42, True),
        (Operator.EQUALS, ("12.0",), 12, True),
        (Operator.EQUALS, ("12", "13"), "13", True),
        (Operator.EQUALS, ("1",), True, False),
        (Operator.EQUALS, ("10",), "1_0", False),
        (Operator.LESS, ("10",), "9.5", True),
        (Operator.LESS, ("10",), float("nan"), False),
        (Operator.GREATER, ("10",), float("inf"), False),
        (Operator.GREATER, ("10",), 10**400, True),
        (Operator.GREATER, ("10",), "9" * 5_000, False),
        (Operator.AT_MOST, ("10",), 10, True),
        (Operator.AT_LEAST, ("10",), 10, True),
        (Operator.AT_LEAST, ("ten",), 10, False),
        (Operator.BEFORE, ("2026-01-01T00:00:00Z",), "2025-12-31T23:59:59Z", True),
        (Operator.BEFORE, ("2026-01-01T00:00:00Z",), "2026-01-01T00:30:00+01:00", True),
        (Operator.BEFORE, ("2026-01-01T00:00:00Z",), "2025-01-01T00:00:00", False),
        (Operator.AFTER, ("2026-01-01T00:00:00Z",), datetime(2026, 2, 1, tzinfo=UTC), True),
        (Operator.AFTER, ("2026-01-01T00:00:00Z",), "yesterday", False),
        (Operator.SEMVER_EQUALS, ("1.2.3",), "1.2.3+9", True),
        (Operator.SEMVER_LESS, ("2.0.0",), "2.0.0-rc.1", True),
        (Operator.SEMVER_AT_MOST, ("2.0.0",), "2.0.0", True),
        (Operator.SEMVER_GREATER, ("2.0.0",), "2.0.1", True),
        (Operator.SEMVER_AT_LEAST, ("2.0.0",), "v2.0.1", False),
        (NETWORK, ("10.0.0.0/8",), "10.200.3.4", True),
        (NETWORK, ("10.0.0.0/8",), "11.0.0.1", False),
        (NETWORK, ("10.0.0.7",), "10.0.0.7", True),
        (NETWORK, ("10.0.0.0/8",), "::ffff:10.1.1.1", True),
        (NETWORK, ("2001:db8::/32", "bad"), "2001:db8::7", True),
        (NETWORK, ("0.0.0.0/0",), "2001:db8::7", False),
        (NETWORK, ("0.0.0.0/0",), 167_772_161, False),
        (Operator.IS_PRESENT, (), "", True),
        (Operator.IS_PRESENT, (), None, False),
    ],
)
def test_an_operator_fits(operator: Operator, values: tuple[str, ...], value: object, expected: bool) -> None:
    assert fits(Constraint("it", operator, values), value) is expected
    assert fits(Constraint("it", operator, values, is_inverted=True), value) is not expected


@pytest.mark.parametrize(
    "operator", [IN, Operator.CONTAINS, Operator.STARTS_WITH, Operator.ENDS_WITH, MATCHES]
)
def test_case_is_ignored_where_a_constraint_says_so(operator: Operator) -> None:
    assert fits(Constraint("it", operator, ("STRASSE",), ignores_case=True), "strasse")
    assert not fits(Constraint("it", operator, ("STRASSE",)), "strasse")


@pytest.mark.parametrize("operator", list(Operator))
def test_what_is_missing_never_fits_and_inverted_always(operator: Operator) -> None:
    test = constraint_test(Constraint("it", operator, ("1",)), lambda: NOW_S)
    inverted = constraint_test(Constraint("it", operator, ("1",), is_inverted=True), lambda: NOW_S)

    assert not test({})
    assert inverted({})


@given(
    value=ANYTHING, wanted=st.text(max_size=10), operator=st.sampled_from(Operator), name=st.text(max_size=10)
)
def test_nothing_that_a_context_holds_makes_a_constraint_raise(
    value: Any, wanted: str, operator: Operator, name: str
) -> None:
    for ignores_case in (False, True):
        constraint = Constraint(name, operator, (wanted,), ignores_case=ignores_case)
        assert isinstance(fits(constraint, value), bool)


@pytest.mark.parametrize(
    "name", ["__class__", "", "a" * 100_000, "\ud800", "a.b.c", "...", "targetingKey", "\0"]
)
def test_names_that_mean_harm_are_names(name: str) -> None:
    test = constraint_test(one_of(name, "x"), lambda: NOW_S)

    assert test({name: "x"})
    assert not test({})


def test_an_attribute_of_an_object_is_found_by_its_path() -> None:
    test = constraint_test(one_of("user.address.country", "de"), lambda: NOW_S)

    assert test({"user": {"address": {"country": "de"}}})
    assert test({"user.address.country": "de"})
    assert not test({"user": {"address": "de"}})
    assert not test({"user": ["address"]})


def test_the_present_stands_in_for_a_missing_now() -> None:
    at = datetime.fromtimestamp(NOW_S, UTC).isoformat()
    after = Constraint("now", Operator.AFTER, (at,))
    clock = [NOW_S]
    test = constraint_test(after, lambda: clock[0])

    assert not test({})
    clock[0] += 1
    assert test({})
    assert not test({"now": "2001-01-01T00:00:00Z"})


def test_a_pattern_that_explodes_elsewhere_takes_linear_time() -> None:
    bomb = pattern_test(r"^(a+)+(a|aa)+$")
    began_s = time.process_time()

    assert not bomb("a" * 50_000 + "!")
    assert time.process_time() - began_s < 5  # others take longer than the universe has


def test_texts_longer_than_the_limit_match_nothing() -> None:
    test = pattern_test("a")

    assert test("a" * LONGEST_SEARCHED)
    assert not test("a" * (LONGEST_SEARCHED + 1))


@pytest.mark.parametrize(
    "pattern", ["(", r"(?=a)b", r"(a)\1", "((a{100}){100}){100}", "a" * (LONGEST_PATTERN + 1), "\ud800"]
)
def test_patterns_that_can_not_be_linear_are_refused(pattern: str) -> None:
    with pytest.raises(FlagFileError, match="pattern"):
        pattern_test(pattern)


def test_a_segment_is_who_fits_and_the_included_but_never_the_excluded() -> None:
    segment = Segment(
        "beta", constraints=(one_of("plan", "pro"),), included=("ann", "bob"), excluded=("bob", "eve")
    )
    test = segment_test(segment, lambda: NOW_S)

    assert test({"targetingKey": "joe", "plan": "pro"})
    assert test({"targetingKey": "ann", "plan": "free"})
    assert not test({"targetingKey": "bob", "plan": "pro"})
    assert not test({"targetingKey": "eve", "plan": "pro"})
    assert test({"plan": "pro"})
    assert not test({})


def test_a_segment_of_names_only_is_those_names() -> None:
    test = segment_test(Segment("team", included=("ann",)), lambda: NOW_S)

    assert test({"targetingKey": "ann"})
    assert not test({"targetingKey": "joe"})
    assert not test({})


def test_a_segment_that_only_excludes_is_everybody_else() -> None:
    test = segment_test(Segment("others", excluded=("eve",)), lambda: NOW_S)

    assert test({"targetingKey": "ann"})
    assert not test({"targetingKey": "eve"})


@pytest.mark.parametrize("count", range(5))
def test_all_constraints_have_to_fit(count: int) -> None:
    test = all_of([constraint_test(one_of(f"a{at}", "x"), lambda: NOW_S) for at in range(count)])
    whole = {f"a{at}": "x" for at in range(count)}

    assert test(whole)
    assert all(not test({key: one for key, one in whole.items() if key != left}) for left in whole)


@pytest.mark.parametrize(
    ("value", "expected"), [("ann", "ann"), ("", None), (None, None), (7, "7"), (7.5, "7.5"), ([1], None)]
)
def test_the_targeting_key_is_a_text_that_is_not_empty(value: object, expected: str | None) -> None:
    assert key_of({"targetingKey": value}) == expected
