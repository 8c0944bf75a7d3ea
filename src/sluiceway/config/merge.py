"""Two trees of one process made one: what a file says goes over what its parent says.

Mappings merge by key, lists of things with ids by id, everything else replaces the parent's as a whole;
`null` takes a key away, `remove: true` an item. Nothing goes by position. The rules for people are in
docs/reference/process-file.md, "extends". Values keep the file, line and column they were written at.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping

import yaml

from sluiceway.config import vocabulary
from sluiceway.config.slugs import slug
from sluiceway.config.tree import ROOT, Value, nearest

REMOVE = "remove"
TEXT_TAG = "tag:yaml.org,2002:str"
MAPPING_TAG = "tag:yaml.org,2002:map"

_WHOLE = frozenset({"rule", "audience"})  # mappings that say one thing in one of several forms
# Lists whose plain texts are things with ids.
_PLAIN_ITEMS = frozenset({("checklists", "items"), ("gates", "checks")})
_ID_WORDS = ("id", "name")

Keys = tuple[str, ...]  # the keys that lead to a value, positions left out
_Pair = tuple[yaml.Node, yaml.Node]


def merge(parent: yaml.Node, child: Value, keys: Keys = ()) -> yaml.Node:
    """Return the parent's tree with the child's over it. What can't be merged is a problem of the child's."""
    if isinstance(parent, yaml.MappingNode) and isinstance(child.node, yaml.MappingNode):
        return child.node if keys and keys[-1] in _WHOLE else _merge_mappings(parent, child.node, child, keys)
    if isinstance(parent, yaml.SequenceNode) and isinstance(child.node, yaml.SequenceNode):
        return _merge_lists(parent, child.node, child, keys)
    return child.node


def item_id(node: yaml.Node, keys: Keys) -> str | None:
    """Return the id of an item of the list that `keys` lead to, None for an item that has none."""
    if isinstance(node, yaml.MappingNode):
        by_word = _by_word(node)
        found = next((by_word[word] for word in _ID_WORDS if word in by_word), None)
        if isinstance(found, yaml.ScalarNode):
            return str(found.value)
        text = by_word.get("text") if keys in _PLAIN_ITEMS else None
        return slug(str(text.value)) if isinstance(text, yaml.ScalarNode) else None
    return slug(str(node.value)) if isinstance(node, yaml.ScalarNode) and keys in _PLAIN_ITEMS else None


def _by_word(node: yaml.MappingNode) -> dict[str, yaml.Node]:
    pairs: list[_Pair] = node.value
    return {str(key.value): value for key, value in reversed(pairs) if isinstance(key, yaml.ScalarNode)}


def _merge_mappings(
    parent: yaml.MappingNode, node: yaml.MappingNode, child: Value, keys: Keys
) -> yaml.MappingNode:
    own: list[_Pair] = node.value
    known = _by_word(parent)
    over: dict[str, int] = {}
    for index, (key, _) in enumerate(own):
        if isinstance(key, yaml.ScalarNode):
            over.setdefault(_as_the_parent_says(str(key.value), known), index)
    pairs: list[_Pair] = []
    for key, value in parent.value:
        at = over.get(str(key.value)) if isinstance(key, yaml.ScalarNode) else None
        if at is None:
            pairs.append((key, value))
            continue
        word = str(own[at][0].value)
        entry = Value(own[at][1], word if child.path == ROOT else f"{child.path}.{word}", child.findings)
        if not entry.is_null:
            pairs.append((own[at][0], merge(value, entry, (*keys, word))))
    merged = {at for word, at in over.items() if word in known}
    pairs.extend(pair for at, pair in enumerate(own) if at not in merged)
    return yaml.MappingNode(node.tag, pairs, node.start_mark, node.end_mark, flow_style=node.flow_style)


def _as_the_parent_says(word: str, known: Collection[str]) -> str:
    """Return the parent's word for a key that goes by several, such as `weight` and `percentage`."""
    if word in known:
        return word
    return next((other for other in _SYNONYMS.get(word, ()) if other in known), word)


def _synonyms() -> Mapping[str, tuple[str, ...]]:
    groups = {
        (key.name, *key.synonyms)
        for section in (vocabulary.PROCESS, *vocabulary.SECTIONS.values())
        for key in section.keys
        if key.synonyms
    }
    found: defaultdict[str, tuple[str, ...]] = defaultdict(tuple)
    for words in sorted(groups):
        for word in words:
            found[word] += tuple(other for other in words if other != word)
    return found


_SYNONYMS = _synonyms()


def _merge_lists(
    parent: yaml.SequenceNode, node: yaml.SequenceNode, child: Value, keys: Keys
) -> yaml.SequenceNode:
    """Return the parent's items in their order, changed and removed by id.

    A new item stands after the one written before it in the child's list, a first one before the next that
    the parent has, and where there is none at the end.
    """
    theirs: list[yaml.Node] = parent.value
    parent_ids = [found for item in theirs if (found := item_id(item, keys)) is not None]
    items = [(item, item_id(item.node, keys)) for item in child.items()]
    if len(parent_ids) < len(theirs) or not theirs or all(own_id is None for _, own_id in items):
        return node
    slots: defaultdict[str, list[yaml.Node]] = defaultdict(list)
    for parent_id, item_node in zip(parent_ids, theirs, strict=True):
        slots[parent_id].append(item_node)
    first: list[yaml.Node] = []
    touched: set[str] = set()
    anchor: str | None = None
    for item, own_id in items:
        if own_id is None:
            item.problem(f"found {item.describe()} without an id among items that have one, expected its id")
            continue
        is_removed = _is_removal(item)
        if own_id in slots and own_id not in touched:
            changed = () if is_removed else (_merge_item(slots[own_id][0], item, own_id, keys),)
            slots[own_id][:1] = [*first, *changed]
            first, anchor = [], own_id
            touched.add(own_id)
        elif is_removed:
            item.problem(f'"{own_id}" is not there to be removed{nearest(own_id, parent_ids)}')
        else:  # new; or a second one of that id, which the reader reports
            (first if anchor is None else slots[anchor]).append(item.node)
    nodes = [one for slot in slots.values() for one in slot] + first
    return yaml.SequenceNode(node.tag, nodes, node.start_mark, node.end_mark, flow_style=node.flow_style)


def _is_removal(item: Value) -> bool:
    """Return whether the item says `remove: true`; anything beside its id is a problem then."""
    by_word = _by_word(item.node) if isinstance(item.node, yaml.MappingNode) else {}
    if REMOVE not in by_word:
        return False
    said = Value(by_word[REMOVE], f"{item.path}.{REMOVE}", item.findings)
    if said.kind != "bool" or said.raw.lower() not in {"true", "yes", "on"}:
        said.expected("true, or no such line")
    if more := by_word.keys() - {REMOVE, *_ID_WORDS}:
        item.problem(f"found {', '.join(sorted(more))} beside {REMOVE}, expected the id alone")
    return True


def _merge_item(parent: yaml.Node, item: Value, own_id: str, keys: Keys) -> yaml.Node:
    if isinstance(parent, yaml.ScalarNode) and isinstance(item.node, yaml.ScalarNode):
        return item.node
    over = Value(as_mapping(item.node, own_id), item.path, item.findings)
    return merge(as_mapping(parent, own_id), over, keys)


def as_mapping(node: yaml.Node, own_id: str) -> yaml.Node:
    """Return an item that is a plain text as the mapping it stands for, any other as it is."""
    if not isinstance(node, yaml.ScalarNode):
        return node
    marks = (node.start_mark, node.end_mark)
    words = [yaml.ScalarNode(TEXT_TAG, word, *marks) for word in ("id", own_id, "text")]
    return yaml.MappingNode(MAPPING_TAG, [(words[0], words[1]), (words[2], node)], *marks, flow_style=False)
