"""Which other change requests, releases or closed days are in the way of one request."""

from __future__ import annotations

from sluiceway.domain.changes.conflicts import Conflict, LinkedRelease, TeamDays, find_conflicts
from sluiceway.domain.changes.model import Change, ChangeFacts
from sluiceway.domain.changes.states import OPEN
from sluiceway.ports.store import Transaction
from sluiceway.services.change_scene import ChangeScene, open_changes


def conflicts_of(tx: Transaction, scene: ChangeScene) -> tuple[Conflict, ...]:
    """Return every conflict that the request is part of.

    Of requests for other services no more is told than their ids and services, also to whoever may not read
    them: two teams that are about to get in each other's way must know.
    """
    change = scene.change
    if change.state not in OPEN or (change.facts.starts_at is None and not change.releases):
        return ()
    others = [
        row.change
        for row in open_changes(tx)
        if row.change.id != change.id and _is_near(row.change.facts, change.facts)
    ]
    days = {scene.service: TeamDays(scene.current.calendar, scene.current.holidays)}
    found = find_conflicts([change, *others], days, _linked(tx, [change, *others]))
    return tuple(one for one in found if change.id in one.changes)


def _is_near(one: ChangeFacts, other: ChangeFacts) -> bool:
    """Return whether both change one service, or one's is a part of the other's."""
    return other.service in {one.service, one.parent_service} or one.service == other.parent_service


def _linked(tx: Transaction, changes: list[Change]) -> dict[str, LinkedRelease]:
    """Return what the releases bring that the requests are part of; those that have ended bring nothing."""
    found: dict[str, LinkedRelease] = {}
    for release_id in dict.fromkeys(one for change in changes for one in change.releases):
        row = tx.get_release(release_id)
        if row.is_open:
            found[release_id] = LinkedRelease(row.release.service, row.release.facts.version)
    return found
