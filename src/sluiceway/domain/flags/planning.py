"""What applying a file of flags would do, and where somebody edited the same flag meanwhile.

Three sides of each flag or segment are compared: what the file says, what is in force, and what the file said
when it was last applied. What was edited elsewhere since then is a conflict, shown with both sides and never
overwritten. What the file never held is left alone. Saying differences in words is the business of `changes`.

Whether a flag is held off (killed, or by a threshold), and since when its rollout has reached everyone, are
acts, not definitions: files don't say them, and applying one changes nothing about them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from sluiceway.domain.flags.changes import flag_changes, segment_changes
from sluiceway.domain.flags.model import Flag, Segment

_T = TypeVar("_T", Flag, Segment)


@dataclass(frozen=True, slots=True)
class Edit(Generic[_T]):
    """One flag or segment as it is and as it will be; None where there is none."""

    id: str
    before: _T | None
    after: _T | None
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Conflict(Generic[_T]):
    """What was edited elsewhere since the file was last applied. `applied` is what both sides began with."""

    id: str
    applied: _T | None
    in_file: _T | None
    live: _T | None
    file_lines: tuple[str, ...]  # from `applied` to the file; without one, from what is in force
    live_lines: tuple[str, ...]  # from `applied` to what is in force


@dataclass(frozen=True, slots=True)
class Plan(Generic[_T]):
    """What applying does, in the file's order. It may be applied only while it has no conflicts."""

    creates: tuple[Edit[_T], ...] = ()
    changes: tuple[Edit[_T], ...] = ()
    removals: tuple[Edit[_T], ...] = ()
    conflicts: tuple[Conflict[_T], ...] = ()

    @property
    def is_empty(self) -> bool:
        return not (self.creates or self.changes or self.removals or self.conflicts)

    @property
    def lines(self) -> tuple[str, ...]:
        """Return the plan in lines for people, conflicts last and with both sides."""
        return (
            *(f"+ {one.id}: {line}" for one in self.creates for line in one.lines),
            *(f"~ {one.id}: {line}" for one in self.changes for line in one.lines),
            *(f"- {one.id}: {line}" for one in self.removals for line in one.lines),
            *(line for one in self.conflicts for line in _conflict_lines(one)),
        )


def plan(in_file: Sequence[Flag], live: Sequence[Flag], applied: Sequence[Flag]) -> Plan[Flag]:
    """Return what applying the file's flags does to those in force in one environment.

    `applied` are the flags as the file had them when it was last applied, () when it never was. A flag keeps
    what was done to it, whatever is applied.
    """
    now = {one.id: one for one in live}
    found = _planned(_without_acts(in_file), _without_acts(live), _without_acts(applied), flag_changes)
    return Plan(
        found.creates,
        tuple(_with_acts(one, now[one.id]) for one in found.changes),
        tuple(_with_acts(one, now[one.id]) for one in found.removals),
        found.conflicts,
    )


def plan_segments(
    in_file: Sequence[Segment], live: Sequence[Segment], applied: Sequence[Segment]
) -> Plan[Segment]:
    """Return what applying the file's segments does to those in force."""
    return _planned(in_file, live, applied, segment_changes)


def _planned(
    in_file: Sequence[_T],
    live: Sequence[_T],
    applied: Sequence[_T],
    words: Callable[[_T | None, _T | None], tuple[str, ...]],
) -> Plan[_T]:
    now: dict[str, _T] = {one.id: one for one in live}
    base: dict[str, _T] = {one.id: one for one in applied}
    wanted: dict[str, _T] = {one.id: one for one in in_file}
    creates: list[Edit[_T]] = []
    changes: list[Edit[_T]] = []
    removals: list[Edit[_T]] = []
    conflicts: list[Conflict[_T]] = []
    for id_ in dict.fromkeys((*wanted, *base)):
        mine, theirs, began = wanted.get(id_), now.get(id_), base.get(id_)
        if mine == theirs:
            continue
        if theirs != began:
            # What the file never held has nothing that both sides began with: one is compared with the other.
            lines = words(theirs if began is None else began, mine), words(began, theirs)
            conflicts.append(Conflict(id_, began, mine, theirs, *lines))
            continue
        edit = Edit(id_, theirs, mine, words(theirs, mine))
        (creates if theirs is None else removals if mine is None else changes).append(edit)
    return Plan(tuple(creates), tuple(changes), tuple(removals), tuple(conflicts))


def _without_acts(flags: Sequence[Flag]) -> tuple[Flag, ...]:
    return tuple(replace(one, hold=None, full_since=None) for one in flags)


def _with_acts(edit: Edit[Flag], live: Flag) -> Edit[Flag]:
    """Return the edit of a flag with what was done to it on both sides."""
    hold, since = live.hold, live.full_since
    after = edit.after and replace(edit.after, hold=hold, full_since=since)
    return replace(edit, before=live, after=after)


def _conflict_lines(one: Conflict[_T]) -> Iterator[str]:
    if one.applied is None:
        yield f"! {one.id}: is there already, made elsewhere, and not as the file has it"
        yield from (f"!   the file would change: {line}" for line in one.file_lines)
        return
    yield f"! {one.id}: was edited elsewhere since the file was last applied"
    yield from (f"!   in the file: {line}" for line in one.file_lines or ("unchanged",))
    yield from (f"!   in force: {line}" for line in one.live_lines or ("unchanged",))
