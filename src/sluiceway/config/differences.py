"""What sets two processes apart: things with ids compared by id, everything else by key and as written.

Both come put together, with all that they extend. A path leads through keys and ids:
`rollouts.canary.stages.five-percent.weight`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import yaml

from sluiceway.config.merge import Keys, as_mapping, item_id
from sluiceway.config.resolved import plain_data


class Change(StrEnum):
    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"
    REORDERED = "reordered"  # the same things in another order; old and new are their ids


@dataclass(frozen=True, slots=True)
class Difference:
    """One part that differs; `old` is None where it was added, `new` where it was removed."""

    path: str
    change: Change
    old: Any
    new: Any


def differences(old: yaml.Node, new: yaml.Node) -> tuple[Difference, ...]:
    """Return what differs from one tree to the other, in the order of the first, additions of a part last."""
    return tuple(_compared(old, new, ""))


def _compared(old: yaml.Node, new: yaml.Node, path: str, keys: Keys = ()) -> Iterator[Difference]:
    if isinstance(old, yaml.MappingNode) and isinstance(new, yaml.MappingNode):
        theirs, ours = _by_key(old), _by_key(new)
        yield from _parts(theirs, ours, path, {word: (*keys, word) for word in (*theirs, *ours)})
        return
    old_items, new_items = _by_id(old, keys), _by_id(new, keys)
    if old_items is not None and new_items is not None:
        yield from _parts(old_items, new_items, path, dict.fromkeys((*old_items, *new_items), keys))
        before = [own_id for own_id in old_items if own_id in new_items]
        after = [own_id for own_id in new_items if own_id in old_items]
        if before != after:
            yield Difference(path, Change.REORDERED, before, after)
    elif not _is_same(old, new):
        yield Difference(path, Change.CHANGED, plain_data(old), plain_data(new))


def _parts(
    old: dict[str, yaml.Node], new: dict[str, yaml.Node], path: str, keys: dict[str, Keys]
) -> Iterator[Difference]:
    for word, value in old.items():
        at = f"{path}.{word}" if path else word
        if word in new:
            yield from _compared(value, new[word], at, keys[word])
        else:
            yield Difference(at, Change.REMOVED, plain_data(value), None)
    for word, value in new.items():
        if word not in old:
            yield Difference(f"{path}.{word}" if path else word, Change.ADDED, None, plain_data(value))


def _by_key(node: yaml.MappingNode) -> dict[str, yaml.Node]:
    pairs: list[tuple[yaml.Node, yaml.Node]] = node.value
    return {str(key.value): value for key, value in pairs}


def _by_id(node: yaml.Node, keys: Keys) -> dict[str, yaml.Node] | None:
    """Return a list's items by id; None for a list of things without ids, and for anything else."""
    if not isinstance(node, yaml.SequenceNode):
        return None
    items: list[yaml.Node] = node.value
    ids = [item_id(item, keys) for item in items]
    found = {own_id: as_mapping(item, own_id) for own_id, item in zip(ids, items, strict=True) if own_id}
    return found if len(found) == len(items) else None


def _is_same(old: yaml.Node, new: yaml.Node) -> bool:
    if isinstance(old, yaml.ScalarNode) and isinstance(new, yaml.ScalarNode):
        return str(old.value) == str(new.value)
    return bool(plain_data(old) == plain_data(new))
