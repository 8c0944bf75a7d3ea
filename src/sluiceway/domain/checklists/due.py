"""When the items of a release's checklists come due, what became of them, and which are late.

Dates and words only. Who may check an item is the business of `domain.releases`, running one that answers by
itself that of the engine. Instants are aware UTC.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from sluiceway.domain.checklists.model import ItemStanding
from sluiceway.domain.process.lists import Anchor, Checklist, Item, ItemKind
from sluiceway.domain.process.team import CANCELLED, PhaseKind, TeamProcess
from sluiceway.domain.releases.model import ItemEntry, ItemState, Release
from sluiceway.errors import NotFoundError


def checklists_of(process: TeamProcess, release: Release) -> tuple[Checklist, ...]:
    """Return the checklists of the release's type, in the process's order."""
    return tuple(each for each in process.checklists if not each.types or release.facts.type in each.types)


def items_of(process: TeamProcess, release: Release, now: datetime) -> tuple[ItemStanding, ...]:
    """Return every item of the release's checklists as it stands `now`, in the process's order.

    The newest entry of an item counts. A list that follows a phase begins anew each time the release enters
    that phase again: entries from before are about the time before. An item with parts has no state of its
    own: it is done when its required parts are, and setting it aside sets aside those of its parts that are
    not done.
    """
    return tuple(
        standing
        for checklist in checklists_of(process, release)
        for standing in _standings(process, release, checklist, now)
    )


def open_required(
    process: TeamProcess, release: Release, checklist_id: str, now: datetime
) -> tuple[ItemStanding, ...]:
    """Return what still holds a move that asks for this checklist: required items not done or set aside.

    Parts stand for the item they are parts of. Empty when the list is not one of the release's type. Raises
    NotFoundError when the process has no such checklist.
    """
    checklist = next((each for each in process.checklists if each.id == checklist_id), None)
    if checklist is None:
        raise NotFoundError(f'the process "{process.name}" has no checklist "{checklist_id}"')
    if checklist not in checklists_of(process, release):
        return ()
    return tuple(
        standing
        for standing in _standings(process, release, checklist, now)
        if standing.is_required and not standing.is_group and not standing.is_settled
    )


def due_items(process: TeamProcess, release: Release, now: datetime) -> tuple[ItemStanding, ...]:
    """Return the items whose time has come and that are not settled: parts, not the wholes they are parts of.

    Lists whose time has not come are passed over without looking at their items.
    """
    return tuple(
        standing
        for checklist in checklists_of(process, release)
        if _has_begun(release, checklist, now)
        for standing in _standings(process, release, checklist, now)
        if standing.due_at and standing.due_at <= now and not standing.is_settled and not standing.is_group
    )


def next_due(process: TeamProcess, release: Release, now: datetime) -> datetime | None:
    """Return when the next unsettled item comes due after `now`, None when nothing more will."""
    coming = [
        standing.due_at
        for standing in items_of(process, release, now)
        if not standing.is_group and not standing.is_settled and standing.due_at and standing.due_at > now
    ]
    return min(coming, default=None)


def ready_to_run(process: TeamProcess, release: Release, now: datetime) -> tuple[ItemStanding, ...]:
    """Return the items that answer by themselves, are due, and have no answer yet.

    One that answered no is not asked again until a person opens it. An item with a condition in words waits
    for a person, who opens it (it applies) or sets it aside.
    """
    return tuple(
        standing
        for standing in _unanswered(process, release, now)
        if standing.due_at and standing.due_at <= now
    )


def next_look(
    process: TeamProcess, release: Release, now: datetime, under_way: Collection[str] = ()
) -> datetime | None:
    """Return when an item that answers by itself is to be run next: `now` or later, None when none is.

    What a release is saved with as the time at which the engine looks at it again. `under_way` names items,
    as `CHECKLIST/ITEM`, that run already: their answers bring the engine back.
    """
    if _has_ended(process, release):
        return None
    times = [
        max(now, each.due_at)
        for each in _unanswered(process, release, now)
        if each.due_at and each.name not in under_way
    ]
    return min(times, default=None)


def _unanswered(process: TeamProcess, release: Release, now: datetime) -> tuple[ItemStanding, ...]:
    return tuple(
        standing
        for standing in items_of(process, release, now)
        if standing.item.kind is not ItemKind.MANUAL
        and standing.state is ItemState.OPEN
        and not standing.is_group
        and not (standing.item.when and standing.entry is None)
    )


def _standings(
    process: TeamProcess, release: Release, checklist: Checklist, now: datetime
) -> tuple[ItemStanding, ...]:
    anchor_at, counts_from = _anchor(release, checklist)
    entries = _newest(release, checklist, counts_from)
    tree = _Tree(checklist, entries)
    is_over = _has_ended(process, release) and not (
        checklist.anchor is Anchor.PHASE and checklist.phase == release.phase
    )

    def standing(item: Item) -> ItemStanding:
        due_at = _after(anchor_at, checklist.offset_s if item.offset_s is None else item.offset_s)
        until_at = due_at
        if due_at is not None and checklist.until_s is not None:
            until_at = max(due_at, _after(anchor_at, checklist.until_s) or due_at)
        state = tree.state(item)
        is_settled = state in {ItemState.DONE, ItemState.SET_ASIDE}
        return ItemStanding(
            checklist=checklist,
            item=item,
            due_at=due_at,
            until_at=until_at,
            state=state,
            is_required=all(each.required for each in (item, *tree.above(item))),
            is_overdue=until_at is not None and now > until_at and not is_settled and not is_over,
            owner=item.owner or checklist.owner,
            entry=entries.get(item.id),
            is_group=tree.is_group(item),
        )

    return tuple(standing(item) for item in checklist.items)


def _anchor(release: Release, checklist: Checklist) -> tuple[datetime | None, datetime | None]:
    """Return what the list's offsets count from, and since when entries count (None: all of them)."""
    if checklist.anchor is Anchor.TARGET:
        return release.facts.target_at, None
    entered = [stay.since for stay in release.stays if stay.phase == checklist.phase]
    if not entered:
        return None, None
    return entered[-1], entered[-1] if len(entered) > 1 else None


def _has_begun(release: Release, checklist: Checklist, now: datetime) -> bool:
    """Return whether the first item of the list has come due."""
    anchor_at, _ = _anchor(release, checklist)
    offsets = [checklist.offset_s if item.offset_s is None else item.offset_s for item in checklist.items]
    first = _after(anchor_at, min(offsets, default=0.0))
    return first is not None and first <= now


def _newest(release: Release, checklist: Checklist, counts_from: datetime | None) -> dict[str, ItemEntry]:
    """Return each item's last entry; entries are kept in the order they were made."""
    return {
        entry.item: entry
        for entry in release.items
        if entry.checklist == checklist.id and (counts_from is None or entry.at >= counts_from)
    }


class _Tree:
    """The items of one list and their parts. A circle of parts, which the reader refuses, ends by itself."""

    def __init__(self, checklist: Checklist, entries: Mapping[str, ItemEntry]) -> None:
        self._entries = entries
        self._items = {item.id: item for item in checklist.items}
        self._parts: dict[str, list[Item]] = {}
        for item in checklist.items:
            parent = self._items.get(item.parent)
            if parent is not None and parent is not item and item not in self.above(parent):
                self._parts.setdefault(item.parent, []).append(item)

    def is_group(self, item: Item) -> bool:
        return item.id in self._parts

    def above(self, item: Item) -> tuple[Item, ...]:
        """Return the item it is a part of, the one that is a part of, and so on."""
        found: list[Item] = []
        parent = self._items.get(item.parent)
        while parent is not None and parent is not item and parent not in found:
            found.append(parent)
            parent = self._items.get(parent.parent)
        return tuple(found)

    def state(self, item: Item) -> ItemState:
        own = self._own(item)
        if own is ItemState.SET_ASIDE:
            return own
        if not self.is_group(item):
            is_aside = any(self._own(each) is ItemState.SET_ASIDE for each in self.above(item))
            return ItemState.SET_ASIDE if is_aside and own is not ItemState.DONE else own
        parts = self._parts[item.id]
        states = {self.state(part) for part in parts if part.required} or {self.state(part) for part in parts}
        if ItemState.FAILED in states:
            return ItemState.FAILED
        if ItemState.OPEN in states:
            return ItemState.OPEN
        return ItemState.SET_ASIDE if states == {ItemState.SET_ASIDE} else ItemState.DONE

    def _own(self, item: Item) -> ItemState:
        entry = self._entries.get(item.id)
        return entry.state if entry is not None else ItemState.OPEN


def _after(anchor_at: datetime | None, offset_s: float) -> datetime | None:
    return None if anchor_at is None else anchor_at + timedelta(seconds=offset_s)


def _has_ended(process: TeamProcess, release: Release) -> bool:
    if release.phase == CANCELLED:
        return True
    return any(phase.id == release.phase and phase.kind is PhaseKind.END for phase in process.phases)
