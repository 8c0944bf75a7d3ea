"""A text that was read before is read by a quicker reader: it makes the same of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from sluiceway.config import parse_process
from sluiceway.config.tree import compose
from sluiceway.errors import ProcessFileError
from sluiceway.packs import pack_names, pack_text

GOOD = sorted((Path(__file__).parent / "good").glob("*.yaml"))
BITS = (
    *"ab:- \n{}[],#'\"|>&*!%@?1.~=<\t\\",
    *("- ", "a: ", "\n  ", "\n  - ", "\n- a", "b: ", "&x ", "*x", "|\n  ", ">-\n  ", "'a'", "!", "!!str "),
    *("\ufeff", "\u2028", "\x85", "\r", "\xe9", "\U0001f600"),
)


def tree(node: yaml.Node) -> object:
    """Return what matters of a tree: tags, texts, and where each value that is not empty begins."""
    place = (node.start_mark.name, node.start_mark.line, node.start_mark.column)
    if isinstance(node, yaml.ScalarNode):
        return node.tag, node.value, node.style or None, place if node.value else ()
    if isinstance(node, yaml.SequenceNode):
        return node.tag, [tree(each) for each in node.value], place
    return node.tag, [(tree(key), tree(value)) for key, value in node.value], place


@pytest.mark.parametrize("pack", pack_names())
def test_a_pack_has_the_same_tree(pack: str) -> None:
    assert tree(compose(pack_text(pack), "p", is_known=True)) == tree(compose(pack_text(pack), "p"))


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
def test_a_file_gives_the_same_process(path: Path) -> None:
    careful = parse_process(path.read_text(), path.name)
    kept = parse_process(careful.text, path.name)

    assert parse_process(careful.text, path.name, is_known=True) == kept
    assert replace(kept, notes=()) == replace(careful, notes=())


@given(text=st.lists(st.sampled_from(BITS), max_size=16).map("".join))
def test_any_text_that_is_yaml_has_the_same_tree(text: str) -> None:
    try:
        careful = compose(text, "p")
    except ProcessFileError:
        return
    assert tree(compose(text, "p", is_known=True)) == tree(careful)


def test_what_only_the_careful_reader_understands_is_refused_as_ever() -> None:
    with pytest.raises(ProcessFileError, match=r"^p:1:5: file: found a character that can't begin a value"):
        compose("a:  @b", "p", is_known=True)
