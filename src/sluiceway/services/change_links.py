"""Change requests as parts of releases: both know of the link, and both are saved in one transaction.

The conditions under which a request was approved become items of every release it is part of: when it is
linked, or when it is decided on if it was linked before. Until then they are shown on the request.
"""

from __future__ import annotations

from sluiceway.domain.changes import states
from sluiceway.domain.changes.model import Change, ChangeState
from sluiceway.domain.people.model import Principal
from sluiceway.domain.process.team import TeamProcess
from sluiceway.domain.releases import editing
from sluiceway.domain.releases.change_conditions import take_on
from sluiceway.domain.releases.model import Release
from sluiceway.errors import InvalidInputError
from sluiceway.ports.calendars import Holidays
from sluiceway.ports.clock import Clock
from sluiceway.ports.store import Transaction
from sluiceway.services import access
from sluiceway.services.change_scene import ChangeScene, ChangeScenes, get_row
from sluiceway.services.release_saving import note, save
from sluiceway.services.release_scene import Scenes


def linked(release: Release, team: TeamProcess, change: ChangeScene, by: str) -> tuple[Release, Change]:
    """Return both with the link between them; the release has the request's conditions to meet.

    Raises InvalidInputError for a request about another service, RuleError when they are linked already or
    the release has ended, IllegalMoveError when the request has.
    """
    found = change.change
    if found.facts.service != release.service:
        raise InvalidInputError(f"{found.id} is about {found.facts.service}, not about {release.service}")
    part = states.link(found, release.id, by, change.now)
    whole = editing.link_change(release, team, found.id)
    return take_on(whole, found.id, change.conditions(), change.now), part


def unlinked(release: Release, team: TeamProcess, change: ChangeScene, by: str) -> tuple[Release, Change]:
    """Return both without the link. Open conditions of the request go with it, met ones stay.

    Raises RuleError when they are not linked or the release has ended.
    """
    part = states.unlink(change.change, release.id, by, change.now)
    whole = editing.unlink_change(release, team, part.id)
    return take_on(whole, part.id, (), change.now), part


def link_into(
    tx: Transaction,
    release: Release,
    team: TeamProcess,
    change_id: str,
    *,
    scenes: ChangeScenes,
    clock: Clock,
    by: Principal,
) -> tuple[Release, Change]:
    """Save a request as part of a release, and return both: the release is for the caller to save.

    Raises as `linked`, NotFoundError for an unknown request.
    """
    row = get_row(tx, change_id)
    whole, part = linked(release, team, scenes.of(row), by.name)
    tx.save_change(row, part)
    why = f"{release.id}, {release.service} {release.facts.version}"
    note(tx, clock, actor=access.actor(by), kind="change-linked", subject=part.id, why=why)
    return whole, part


def share_conditions(
    tx: Transaction, scene: ChangeScene, clock: Clock, holidays: Holidays, *, actor: str
) -> None:
    """Bring the conditions of every open release that the request is part of up to its decision.

    Raises ConflictError when somebody saved one of them meanwhile.
    """
    change, wanted = scene.change, scene.conditions()
    is_agreed = change.state in {ChangeState.APPROVED, ChangeState.SCHEDULED}
    count = f"{len(wanted)} {'condition' if len(wanted) == 1 else 'conditions'}"
    why = f"{change.id} is approved on {count}" if is_agreed else f"{change.id} waits for another decision"
    for release_id in change.releases:
        row = tx.get_release(release_id)
        release = take_on(row.release, change.id, wanted, scene.now)
        if row.is_open and release != row.release:
            of_release = Scenes(tx, scene.now, holidays).of(row)
            save(tx, of_release, release, clock, actor=actor, kind="conditions-changed", why=why)
