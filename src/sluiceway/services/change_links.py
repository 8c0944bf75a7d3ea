"""Change requests as parts of releases: both know of the link, and both are saved in one transaction.

The conditions under which a request was approved become items of every release it is part of: when it is
linked, or when it is decided on if it was linked before. Until then they are shown on the request.
"""

from __future__ import annotations

from sluiceway.domain.changes import states
from sluiceway.domain.changes.model import Change
from sluiceway.domain.releases import editing
from sluiceway.domain.releases.change_conditions import take_on
from sluiceway.domain.releases.model import Release
from sluiceway.errors import InvalidInputError
from sluiceway.ports.calendars import Holidays
from sluiceway.ports.clock import Clock
from sluiceway.ports.store import Transaction
from sluiceway.services.change_rendering import condition_setters
from sluiceway.services.change_scene import ChangeScene
from sluiceway.services.release_saving import save
from sluiceway.services.release_scene import Scene, Scenes


def linked(release: Scene, change: ChangeScene, by: str) -> tuple[Release, Change]:
    """Return both with the link between them; the release has the request's conditions to meet.

    Raises InvalidInputError for a request about another service, RuleError when they are linked already or
    the release has ended, IllegalMoveError when the request has.
    """
    found, service = change.change, release.release.service
    if found.facts.service != service:
        raise InvalidInputError(f"{found.id} is about {found.facts.service}, not about {service}")
    part = states.link(found, release.release.id, by, change.now)
    whole = editing.link_change(release.release, release.team, found.id)
    return take_on(whole, found.id, condition_setters(change), change.now), part


def unlinked(release: Scene, change: ChangeScene, by: str) -> tuple[Release, Change]:
    """Return both without the link. Open conditions of the request go with it, met ones stay.

    Raises RuleError when they are not linked or the release has ended.
    """
    part = states.unlink(change.change, release.release.id, by, change.now)
    whole = editing.unlink_change(release.release, release.team, change.change.id)
    return take_on(whole, change.change.id, (), change.now), part


def share_conditions(
    tx: Transaction, scene: ChangeScene, clock: Clock, holidays: Holidays, *, actor: str
) -> None:
    """Bring the conditions of every open release that the request is part of up to its decision.

    Raises ConflictError when somebody saved one of them meanwhile.
    """
    change, wanted = scene.change, condition_setters(scene)
    for release_id in change.releases:
        row = tx.get_release(release_id)
        release = take_on(row.release, change.id, wanted, scene.now)
        if row.is_open and release != row.release:
            count = len(wanted)
            why = f"{change.id} was decided on with {count} {'condition' if count == 1 else 'conditions'}"
            if change.state not in {"approved", "scheduled"}:
                why = f"{change.id} waits for another decision"
            of_release = Scenes(tx, scene.now, holidays).of(row)
            save(tx, of_release, release, clock, actor=actor, kind="conditions-changed", why=why)
