"""What is done for a release: checklist items, its rollouts, runs of its runbooks.

Items that answer by themselves are answered by the engine; here people's acts are judged.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sluiceway.domain.checklists.due import items_of
from sluiceway.domain.checklists.model import ItemStanding
from sluiceway.domain.people.model import Directory
from sluiceway.domain.process.lists import ItemKind
from sluiceway.domain.process.team import TeamProcess
from sluiceway.domain.releases.editing import require_open
from sluiceway.domain.releases.model import ItemEntry, ItemState, Release
from sluiceway.domain.releases.moves import can_roll_out, missing_line
from sluiceway.domain.releases.world import World, plays
from sluiceway.errors import InvalidInputError, NotFoundError, NotReadyError, RuleError


def check_item(
    release: Release,
    process: TeamProcess,
    checklist_id: str,
    item_id: str,
    *,
    by: str,
    now: datetime,
    directory: Directory,
    note: str = "",
    link: str = "",
) -> Release:
    """Return the release with a manual item done. Lists go on after the release's end.

    Raises NotFoundError for an item that the release's type does not have, RuleError for one that answers by
    itself, that is made of parts, or that is somebody else's.
    """
    item = _item(release, process, checklist_id, item_id, now)
    if item.is_group:
        raise RuleError(f"{_name(item)} is made of parts and done when they are; check those")
    if item.item.kind is not ItemKind.MANUAL:
        raise RuleError(f"{_name(item)} is answered by a {item.item.kind} check; run it instead")
    _require_owner(item, by, directory, now)
    return _with(release, item, ItemState.DONE, by=by, now=now, note=note, link=link)


def reopen_item(
    release: Release,
    process: TeamProcess,
    checklist_id: str,
    item_id: str,
    *,
    by: str,
    now: datetime,
    directory: Directory,
    note: str = "",
) -> Release:
    """Return the release with the item open again; one that answers by itself is then run again when due.

    Raises NotFoundError for an item that the release's type does not have, RuleError for somebody else's.
    """
    item = _item(release, process, checklist_id, item_id, now)
    _require_owner(item, by, directory, now)
    return _with(release, item, ItemState.OPEN, by=by, now=now, note=note)


def set_item_aside(
    release: Release,
    process: TeamProcess,
    checklist_id: str,
    item_id: str,
    *,
    by: str,
    reason: str,
    now: datetime,
    directory: Directory,
) -> Release:
    """Return the release with an item that does not apply to it set aside.

    Only an optional item, or one that the process ties to a condition, may be. Raises NotFoundError for an
    item that the release's type does not have, RuleError for any other item or somebody else's,
    InvalidInputError without a reason.
    """
    item = _item(release, process, checklist_id, item_id, now)
    if not reason.strip():
        raise InvalidInputError(f"{_name(item)}: say why it does not apply; it is recorded")
    if item.is_required and not item.item.when:
        raise RuleError(f"{_name(item)} is required of every release and can't be set aside; do it")
    _require_owner(item, by, directory, now)
    return _with(release, item, ItemState.SET_ASIDE, by=by, now=now, note=reason)


def item_to_run(
    release: Release,
    process: TeamProcess,
    checklist_id: str,
    item_id: str,
    *,
    by: str,
    now: datetime,
    directory: Directory,
) -> tuple[Release, ItemStanding]:
    """Return the release with an item that answers by itself open, to be answered now, and that item.

    Raises NotFoundError for an item that the release's type does not have, RuleError for one that people do,
    that is made of parts, or that is somebody else's.
    """
    item = _item(release, process, checklist_id, item_id, now)
    if item.is_group:
        raise RuleError(f"{_name(item)} is made of parts; run those")
    if item.item.kind is ItemKind.MANUAL:
        raise RuleError(f"{_name(item)} is done by people; say that it is done instead")
    _require_owner(item, by, directory, now)
    return _with(release, item, ItemState.OPEN, by=by, now=now, note="run now"), item


def own_rollout(
    release: Release, process: TeamProcess, rollout_id: str, now: datetime, world: World
) -> Release:
    """Return the release with a rollout that is about to begin.

    Raises NotReadyError with all that is missing when no rollout may start now.
    """
    missing = can_roll_out(release, process, now, world)
    if missing:
        raise NotReadyError(f"{release.id} can't roll out yet:", tuple(map(missing_line, missing)))
    return replace(release, rollouts=(*release.rollouts, rollout_id))


def own_run(release: Release, process: TeamProcess, runbook_id: str, run_id: str) -> Release:
    """Return the release with a run of one of its process's runbooks that is about to begin.

    Raises NotFoundError for an unknown runbook, RuleError when the release has ended.
    """
    require_open(release, process)
    if not any(one.id == runbook_id for one in process.runbooks):
        known = ", ".join(one.id for one in process.runbooks) or "none"
        raise NotFoundError(f'the process "{process.name}" has no runbook "{runbook_id}"; it has: {known}')
    return replace(release, runs=(*release.runs, run_id))


def _item(
    release: Release, process: TeamProcess, checklist_id: str, item_id: str, now: datetime
) -> ItemStanding:
    found = items_of(process, release, now)
    for standing in found:
        if (standing.checklist.id, standing.item.id) == (checklist_id, item_id):
            return standing
    here = [one.item.id for one in found if one.checklist.id == checklist_id]
    if here:
        raise NotFoundError(
            f'the checklist "{checklist_id}" has no item "{item_id}"; it has: {", ".join(here)}'
        )
    lists = ", ".join(dict.fromkeys(one.checklist.id for one in found)) or "none"
    raise NotFoundError(f'{release.id} has no checklist "{checklist_id}"; it has: {lists}')


def _name(item: ItemStanding) -> str:
    return f'{item.checklist.title}: "{item.item.text}"'


def _require_owner(item: ItemStanding, by: str, directory: Directory, now: datetime) -> None:
    if item.owner and not plays(by, item.owner, directory, now):
        raise RuleError(f"{_name(item)} is up to {item.owner}, and {by} is not that")


def _with(
    release: Release,
    item: ItemStanding,
    state: ItemState,
    *,
    by: str,
    now: datetime,
    note: str,
    link: str = "",
) -> Release:
    entry = ItemEntry(item.checklist.id, item.item.id, state, by, now, note, link)
    return replace(release, items=(*release.items, entry))
