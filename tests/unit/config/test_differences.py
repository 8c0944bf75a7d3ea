"""What sets two processes apart, by key and by id."""

from __future__ import annotations

import pytest
from hypothesis import given

from sluiceway.config.differences import Change, Difference, differences
from sluiceway.config.tree import compose
from tests.unit.config.test_merge import TREES, over, tree


def found(old: str, new: str) -> list[tuple[str, str, object, object]]:
    compared = differences(compose(old, "old.yaml"), compose(new, "new.yaml"))
    return [(one.path, one.change.value, one.old, one.new) for one in compared]


FEW, ALL = "{name: few, weight: 5%}", "{name: all, weight: 100%}"
OLD = f"""\
types: [{{id: major, length: 12 weeks, path: [draft, closed]}}, {{id: minor}}]
rollouts:
  canary: {{stages: [{FEW}, {ALL}]}}
"""


@pytest.mark.parametrize(
    ("new", "wanted"),
    [
        (OLD, []),
        (OLD.replace("5%", "1%"), [("rollouts.canary.stages.few.weight", "changed", "5%", "1%")]),
        (OLD.replace(", {id: minor}", ""), [("types.minor", "removed", {"id": "minor"}, None)]),
        (
            OLD.replace("{id: minor}", "{id: minor, n: 1}, {id: p, n: 1.10}"),
            [
                ("types.minor.n", "added", None, 1),
                ("types.p", "added", None, {"id": "p", "n": "1.10"}),
            ],
        ),
        (
            OLD.replace("[draft, closed]", "[draft, uat, closed]"),
            [("types.major.path", "changed", ["draft", "closed"], ["draft", "uat", "closed"])],
        ),
        (
            OLD.replace(
                "{name: few, weight: 5%}, {name: all, weight: 100%}",
                "{name: all, weight: 100%}, {name: few, weight: 5%}",
            ),
            [("rollouts.canary.stages", "reordered", ["few", "all"], ["all", "few"])],
        ),
        (OLD.replace("12 weeks", "[1]"), [("types.major.length", "changed", "12 weeks", [1])]),
        (
            OLD.replace(", path: [draft, closed]", ", path: null"),
            [("types.major.path", "changed", ["draft", "closed"], None)],
        ),
    ],
)
def test_parts_are_compared_by_key_and_id(new: str, wanted: list[object]) -> None:
    assert found(OLD, new) == wanted


def test_a_checklists_plain_text_is_the_item_it_stands_for() -> None:
    old = "checklists: [{id: before, items: [Back up the data, Tell support]}]"
    new = "checklists: [{id: before, items: [{text: Back up the data, owner: ops}, Tell support]}]"

    assert found(old, new.replace("{text", "{id: back-up-the-data, text")) == [
        ("checklists.before.items.back-up-the-data.owner", "added", None, "ops")
    ]


def test_quotes_and_layout_are_no_difference() -> None:
    assert found("a: {b: '5%', c: [x]}", 'a:\n  b: 5%  # so it is\n  c:\n    - "x"\n') == []


@given(it=TREES)
def test_nothing_differs_from_itself(it: object) -> None:
    assert differences(tree(it), tree(it)) == ()


def test_a_removed_part_is_an_added_one_the_other_way_round() -> None:
    removed = differences(compose("a: 1\nb: 2", "o"), compose("a: 1", "n"))
    added = differences(compose("a: 1", "o"), compose("a: 1\nb: 2", "n"))

    assert removed == (Difference("b", Change.REMOVED, 2, None),)
    assert added == (Difference("b", Change.ADDED, None, 2),)


def test_what_a_child_says_is_all_that_sets_it_apart() -> None:
    parent = {"gates": [{"id": "a", "n": 1}, {"id": "b", "n": 2}]}

    child = tree(over(parent, {"gates": [{"id": "b", "n": 3}]}))

    assert [one.path for one in differences(tree(parent), child)] == ["x-it.gates.b.n"]
