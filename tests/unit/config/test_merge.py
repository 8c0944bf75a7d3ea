"""Two trees of one process made one: what merges by key, what by id, and what replaces the parent's."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from sluiceway.config.extends import resolve
from sluiceway.config.merge import merge
from sluiceway.config.resolved import yaml_text
from sluiceway.config.tree import ROOT, Findings, Value, compose

TEXTS = st.text(
    st.characters(max_codepoint=0xFFFF, exclude_categories=["Cs"]), max_size=6
)  # as JSON has them
KEYS = st.sampled_from(["a", "b", "id", "text", "items"])
LEAVES = st.one_of(st.none(), st.booleans(), st.integers(-9, 9), TEXTS, st.sampled_from(["1.10"]))
TREES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(KEYS, inner, max_size=4)),
    max_leaves=20,
)


def tree(it: object) -> yaml.Node:
    return compose(json.dumps({"x-it": it}), "p.yaml")


def over(parent: object, child: object) -> Any:
    """Return one value with another over it, as plain data."""
    findings = Findings("p.yaml")
    return yaml.safe_load(yaml_text(merge(tree(parent), Value(tree(child), ROOT, findings)))).get("x-it")


def resolved(folder: Path, text: str, **parents: str) -> Any:
    """Return the whole of a text and its parents, none of which has a problem, as plain data."""
    for name, parent in parents.items():
        (folder / f"{name}.yaml").write_text(parent, encoding="utf-8")
    findings = Findings("p.yaml")
    whole = yaml.safe_load(resolve(text, findings, folder).text)
    assert findings.problems == []
    return whole


@pytest.mark.parametrize(
    ("parent", "child", "wanted"),
    [
        ("{a: 1, b: {c: 2, d: 3}}", "{b: {d: 4, e: 5}}", {"a": 1, "b": {"c": 2, "d": 4, "e": 5}}),
        ("{a: 1, b: 2}", "{a: null}", {"b": 2}),
        ("{a: 1}", "{b: null}", {"a": 1, "b": None}),
        ("{a: {b: 1}}", "{a: [1]}", {"a": [1]}),
        ("{a: {rule: {role: cto, count: 2}}}", "{a: {rule: {board: x}}}", {"a": {"rule": {"board": "x"}}}),
        ("{percentage: 5, duration: 1h}", "{weight: 9}", {"weight": 9, "duration": "1h"}),
        ("[a, b, c]", "[b]", ["b"]),
        ("[{id: a, n: 1}]", "[]", []),
        ("[{id: a, n: 1}]", "[{n: 1}]", [{"n": 1}]),
        ("[1, {id: a}]", "[{id: a, n: 2}]", [{"id": "a", "n": 2}]),
        ("[]", "[{id: a, n: 2}]", [{"id": "a", "n": 2}]),
    ],
)
def test_a_value_merges_by_its_kind(parent: str, child: str, wanted: object) -> None:
    assert over(yaml.safe_load(parent), yaml.safe_load(child)) == wanted


@pytest.mark.parametrize(
    ("child", "wanted"),
    [
        ("[{id: c, n: 9}, {id: a, n: 8}]", "a8 b2 c9"),
        ("[{id: b, remove: true}]", "a1 c3"),
        ("[{id: new, n: 7}]", "a1 b2 c3 new7"),
        ("[{id: new, n: 7}, {id: newer, n: 8}]", "a1 b2 c3 new7 newer8"),
        ("[{id: a}, {id: new, n: 7}, {id: newer, n: 8}]", "a1 new7 newer8 b2 c3"),
        ("[{id: new, n: 7}, {id: b}]", "a1 new7 b2 c3"),
        ("[{id: new, n: 7}, {id: b, remove: true}, {id: newer, n: 8}]", "a1 new7 newer8 c3"),
        ("[{id: c}, {id: new, n: 7}, {id: a}, {id: newer, n: 8}]", "a1 newer8 b2 c3 new7"),
        ("[{id: a, n: 7}, {id: a, n: 8}]", "a7 a8 b2 c3"),  # the second one is the reader's to report
    ],
)
def test_things_with_ids_merge_by_id_in_the_parents_order(child: str, wanted: str) -> None:
    found = over([{"id": "a", "n": 1}, {"id": "b", "n": 2}, {"id": "c", "n": 3}], yaml.safe_load(child))

    assert " ".join(f"{item['id']}{item['n']}" for item in found) == wanted


def test_a_checklists_plain_texts_merge_by_the_ids_made_of_them(tmp_path: Path) -> None:
    parent = "checklists: [{id: before, items: [Back up the data, Tell support, Call legal]}]"
    child = """\
extends: ./base.yaml
checklists:
  - id: before
    items:
      - {id: back-up-the-data, when: if data is at risk}
      - {text: tell Support!, owner: lead}
      - {id: call-legal, remove: true}
      - Take a breath
"""

    found = resolved(tmp_path, child, base=parent)

    assert found["checklists"][0]["items"] == [
        {"id": "back-up-the-data", "text": "Back up the data", "when": "if data is at risk"},
        {"id": "tell-support", "text": "tell Support!", "owner": "lead"},
        "Take a breath",
    ]


def test_a_grandparent_is_taken_over_through_its_child(tmp_path: Path) -> None:
    found = resolved(
        tmp_path,
        "extends: ./parent.yaml\nx-it: {c: 3}\n",
        parent="extends: ./grand.yaml\nx-it: {a: null, b: 2}\n",
        grand="x-it: {a: 1, b: 1, d: 4}\n",
    )

    assert found == {"x-it": {"b": 2, "d": 4, "c": 3}}


@given(it=TREES)
def test_what_is_written_out_reads_back_as_it_was(it: object) -> None:
    assert yaml.safe_load(yaml_text(tree(it))) == {"x-it": it}


@given(parent=TREES, child=TREES)
def test_merging_the_same_changes_again_changes_nothing(parent: object, child: object) -> None:
    once = over(parent, child)

    assert over(once, child) == once or "None" in repr(child)  # null takes away, and later stands for itself


@given(parent=TREES)
def test_an_empty_mapping_changes_no_mapping(parent: object) -> None:
    assert over({"a": parent}, {}) == {"a": parent}
