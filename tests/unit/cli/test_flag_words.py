"""What people type about flags: constraints, attributes, variants, and what options change in a document."""

from __future__ import annotations

import pytest

from sluiceway.cli.flag_edits import Edits, edited
from sluiceway.cli.flag_words import constraint_of, context_of, variants_of
from sluiceway.errors import InvalidInputError


@pytest.mark.parametrize(
    ("text", "operator", "values"),
    [
        ("country in DE, FR", "in", ["DE", "FR"]),
        ("age <= 18", "<=", ["18"]),
        ("app semver->= 2.1.0", "semver->=", ["2.1.0"]),
        ("app semver >= 2.1.0", "semver->=", ["2.1.0"]),
        ("email ends with @shop.example", "ends-with", ["@shop.example"]),
        ("ip in network 10.0.0.0/8", "in-network", ["10.0.0.0/8"]),
        ("now after 2026-12-01T08:00:00Z", "after", ["2026-12-01T08:00:00Z"]),
    ],
)
def test_a_constraint_is_read_as_people_write_it(text: str, operator: str, values: list[str]) -> None:
    plain = {"attribute": text.split(maxsplit=1)[0], "operator": operator, "values": values}

    assert constraint_of(text) == plain
    assert constraint_of(f"not {text}") == {**plain, "inverted": True}


def test_presence_takes_no_values_and_everything_else_does() -> None:
    assert constraint_of("beta is-present") == {"attribute": "beta", "operator": "is-present"}
    for text, said in {
        "beta is-present yes": "takes no values",
        "country in": "needs a value",
        "country in ,": "needs a value",
        "country": "is no constraint",
        "country is DE": "is no constraint",
        "": "is no constraint",
    }.items():
        with pytest.raises(InvalidInputError, match=said):
            constraint_of(text)


def test_attributes_are_texts_unless_they_are_lists_or_objects() -> None:
    found = context_of("u1", ["age=18", "plan=a=b", "tags=[1, 2]", 'user={"id": 7}', "empty="])

    assert found == {
        "targetingKey": "u1",
        "age": "18",
        "plan": "a=b",
        "tags": [1, 2],
        "user": {"id": 7},
        "empty": "",
    }
    assert context_of(None, []) == {}
    for wrong in ("country", "=DE", "tags=[1"):
        with pytest.raises(InvalidInputError, match="--attribute"):
            context_of(None, [wrong])


def test_values_of_variants_are_json_or_else_texts() -> None:
    found = variants_of(["many=25", "yes=true", "blue=#00f", "nothing=null", 'whole={"a": 1}'])

    assert [one["value"] for one in found] == [25, True, "#00f", "null", {"a": 1}]
    with pytest.raises(InvalidInputError, match="NAME=VALUE"):
        variants_of(["blue"])


def test_a_share_of_everyone_gets_the_rule_that_rollouts_go_on_with() -> None:
    before = {"id": "cart"}

    shared = edited(before, Edits(reach="25%"))
    aimed = edited(before, Edits(only=["plan in pro"], serve="on"))

    assert shared["rules"] == [{"id": "rollout", "reach": "25%"}]
    assert [(one["id"], one["serve"]) for one in aimed["rules"]] == [("audience", {"variant": "on"})]
    assert before == {"id": "cart"}


def test_an_empty_audience_is_everyone() -> None:
    before = {"id": "cart", "rules": [{"id": "a", "constraints": [{"attribute": "x"}], "segments": ["s"]}]}

    after = edited(before, Edits(only=[""], segments=[""]))

    assert after["rules"] == [{"id": "a", "constraints": [], "segments": []}]
