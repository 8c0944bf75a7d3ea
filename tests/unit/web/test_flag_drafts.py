"""What the editor sends is read: users from lines, a draft from JSON, problems by place."""

from __future__ import annotations

import pytest

from sluiceway.domain.flags.model import Constraint, Flag, Operator, Rule
from sluiceway.web.flag_drafts import Problem, context_of, flag_draft, problems_of, rest_of, suggested_samples


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("DE", "DE"),
        ("7", 7),
        ("1.5", 1.5),
        ("true", True),
        ('["a", "b"]', ["a", "b"]),
        ('"7"', "7"),
        ("{}", "{}"),
        ("null", "null"),
        ("NaN", "NaN"),
        ("a = b", "a = b"),
        ("", ""),
    ],
)
def test_a_line_is_an_attribute_with_its_value(text: str, value: object) -> None:
    assert context_of(f" name = {text} ") == {"name": value}


def test_who_asks_is_named_apart_or_in_a_line() -> None:
    assert context_of("\n\ncountry = DE\n", " ada ") == {"country": "DE", "targetingKey": "ada"}
    assert context_of("targetingKey = bob") == {"targetingKey": "bob"}
    assert context_of("") == {}


def test_lists_nested_too_deep_are_a_text() -> None:
    deep = "[" * 3_000

    assert context_of(f"x = {deep}") == {"x": deep}


def test_what_keeps_a_draft_from_being_a_flag_has_its_place() -> None:
    assert flag_draft({"id": "a", "rules": [{"reach": 250}], "owner": 7}) == (
        Problem("rules[0].reach", "is 250, expected a percentage from 0 to 100, in steps of 0.001"),
        Problem("owner", "is 7, expected a text"),
    )
    assert flag_draft({"id": "a"}) == Flag("a")


def test_a_problem_without_a_place_is_told_whole() -> None:
    assert problems_of(("there is nothing: at all",)) == (Problem("", "there is nothing: at all"),)


def test_samples_are_those_whom_rules_are_meant_for() -> None:
    germans = (
        Constraint("country", Operator.IN, ("DE", "AT")),
        Constraint("age", Operator.AT_LEAST, ("18",)),
    )
    nobody = (Constraint("country", Operator.IN, ("FR",), is_inverted=True),)
    flag = Flag("a", rules=(Rule("1", constraints=germans), Rule("2", constraints=nobody), Rule("3")))

    assert suggested_samples(flag) == ("", "country = DE")


def test_the_rest_is_what_has_no_field_of_its_own() -> None:
    assert '"rules"' not in rest_of(Flag("a", release="REL-2026-0001"))
    assert '"release": "REL-2026-0001"' in rest_of(Flag("a", release="REL-2026-0001"))
