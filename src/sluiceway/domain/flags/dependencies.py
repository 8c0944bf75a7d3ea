"""In which order flags are decided, so that each comes after those it depends on, and which go in circles.

Any depth: nothing here recurses. What a dependency asks of its flag is the business of `evaluating`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from sluiceway.domain.flags.model import Flag


@dataclass(frozen=True, slots=True)
class Order:
    """Every known flag after those it depends on; `circles` as paths whose last is their first again."""

    flags: tuple[str, ...]
    circles: tuple[tuple[str, ...], ...]

    @property
    def in_circles(self) -> dict[str, tuple[str, ...]]:
        """The flags that stand in a circle, each with the path of one."""
        return {flag: path for path in self.circles for flag in path}


def order(flags: Mapping[str, Flag]) -> Order:
    """Return the order to decide flags in. Flags that are not known have no place in it.

    Source: R. Tarjan, Depth-first search and linear graph algorithms (1972), with a stack of its own.
    """
    linked = {key: _known_parents(flag, flags) for key, flag in flags.items() if flag.dependencies}
    if not linked:
        return Order(tuple(flags), ())
    alone = [key for key in flags if key not in linked]
    walk = _Walk(dict.fromkeys(alone, ()) | linked)
    for key in alone:
        walk.pass_by(key)
    for key in linked:
        if key not in walk.number:
            walk.down_from(key)
    return Order(tuple(walk.done), tuple(walk.circles))


def _known_parents(flag: Flag, flags: Mapping[str, Flag]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one.flag for one in flag.dependencies if one.flag in flags))


@dataclass(slots=True)
class _Walk:
    parents: Mapping[str, tuple[str, ...]]
    number: dict[str, int] = field(default_factory=dict[str, int])
    lowest: dict[str, int] = field(default_factory=dict[str, int])
    open: list[str] = field(default_factory=list[str])
    is_open: set[str] = field(default_factory=set[str])
    done: list[str] = field(default_factory=list[str])
    circles: list[tuple[str, ...]] = field(default_factory=list[tuple[str, ...]])

    def pass_by(self, flag: str) -> None:
        """Place a flag that depends on none: there is nowhere to go from it."""
        self.number[flag] = self.lowest[flag] = len(self.number)
        self.done.append(flag)

    def down_from(self, root: str) -> None:
        path: list[tuple[str, Iterator[str]]] = [self._enter(root)]
        while path:
            flag, parents = path[-1]
            parent = next(parents, None)
            if parent is None:
                path.pop()
                self._leave(flag)
                if path:
                    below = path[-1][0]
                    self.lowest[below] = min(self.lowest[below], self.lowest[flag])
            elif parent not in self.number:
                path.append(self._enter(parent))
            elif parent in self.is_open:
                self.lowest[flag] = min(self.lowest[flag], self.number[parent])

    def _enter(self, flag: str) -> tuple[str, Iterator[str]]:
        self.number[flag] = self.lowest[flag] = len(self.number)
        self.open.append(flag)
        self.is_open.add(flag)
        return flag, iter(self.parents[flag])

    def _leave(self, flag: str) -> None:
        """Close the group of flags that reach each other, once its first is left."""
        if self.lowest[flag] != self.number[flag]:
            return
        start = self.open.index(flag) if self.open[-1] != flag else len(self.open) - 1
        group = self.open[start:]
        del self.open[start:]
        self.is_open.difference_update(group)
        self.done += reversed(group)
        if len(group) > 1 or flag in self.parents[flag]:
            self.circles += self._circles_through(group)

    def _circles_through(self, group: list[str]) -> Iterator[tuple[str, ...]]:
        """Yield circles until every flag of the group stands in one of them."""
        members, seen = set(group), set[str]()
        for flag in group:
            if flag not in seen:
                path = self._way_back(flag, members)
                seen.update(path)
                yield path

    def _way_back(self, flag: str, members: set[str]) -> tuple[str, ...]:
        """Return the shortest path from a flag over flags of its group back to itself."""
        came_from: dict[str, str] = {}
        queue = [flag]
        for at in queue:
            for parent in self.parents[at]:
                if parent == flag:
                    path = [flag, at]
                    while path[-1] != flag:
                        path.append(came_from[path[-1]])
                    return tuple(reversed(path))
                if parent in members and parent not in came_from:
                    came_from[parent] = at
                    queue.append(parent)
        raise AssertionError(f"{flag} is in no circle of its group")
