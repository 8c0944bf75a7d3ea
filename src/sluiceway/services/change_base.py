"""What every use case of change requests stands on: find one with its surroundings, change it, show it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from sluiceway.domain.changes.model import Change
from sluiceway.domain.people.model import Principal
from sluiceway.domain.process.team import Permission
from sluiceway.errors import ConflictError
from sluiceway.ports.calendars import Holidays
from sluiceway.ports.clock import Clock
from sluiceway.ports.releases import ChangeRow
from sluiceway.ports.store import Store, Transaction
from sluiceway.services import access
from sluiceway.services.again import again_on_conflict
from sluiceway.services.change_conflicts import conflicts_of
from sluiceway.services.change_links import share_conditions
from sluiceway.services.change_rendering import render_change
from sluiceway.services.change_scene import ChangeScene, ChangeScenes, get_row
from sluiceway.services.change_views import ChangeView
from sluiceway.services.release_saving import note

Decide = Callable[[ChangeScene, Transaction], tuple[Change, str]]


class Changes:
    """Every method opens its own transactions and may be called from any thread.

    `by` is who asks. Each method raises ForbiddenError when they may not do this for the request's service,
    NotFoundError for an unknown request, InvalidInputError for an id that can't be one. A method that takes
    `expected_version` raises ConflictError when the request is not at that version any more.
    """

    def __init__(self, store: Store, clock: Clock, *, holidays: Holidays) -> None:
        self._store = store
        self._clock = clock
        self._holidays = holidays

    def get(self, change_id: str, by: Principal) -> ChangeView:
        """Return everything about one change request."""
        with self._store.read() as tx:
            scenes = self._scenes(tx)
            scene = self._scene(tx, scenes, change_id, by, Permission.READ)
            rights = frozenset(
                one.value for one in Permission if access.is_allowed(tx, by, one, scene.service)
            )
            releases = {one: tx.get_release(one).release for one in scene.change.releases}
            found = conflicts_of(tx, scene)
            return render_change(scene, by, rights=rights, conflicts=found, releases=releases)

    def _act(
        self,
        change_id: str,
        by: Principal,
        needed: Permission,
        kind: str,
        decide: Decide,
        *,
        expected_version: int | None = None,
    ) -> ChangeView:
        """Load, let `decide` decide, save with its words for the audit trail; anew if somebody was faster."""
        actor = access.actor(by)

        def act() -> None:
            with self._store.begin() as tx:
                scene = self._scene(tx, self._scenes(tx), change_id, by, needed)
                _expect(scene.row, expected_version)
                change, why = decide(scene, tx)
                if change != scene.change:
                    self._save(tx, scene, change, actor=actor, kind=kind, why=why)

        if expected_version is None:
            again_on_conflict(act)
        else:
            act()
        return self.get(change_id, by)

    def _save(
        self, tx: Transaction, scene: ChangeScene, change: Change, *, actor: str, kind: str, why: str
    ) -> None:
        """Save the request, note who did what, and hand its conditions on to the releases it is part of."""
        version = tx.save_change(scene.row, change)
        settled = f"; it is {change.state} now" if change.state is not scene.change.state else ""
        note(tx, self._clock, actor=actor, kind=kind, subject=change.id, why=f"{why}{settled}")
        if change.conditions != scene.change.conditions:
            now_so = replace(scene, row=ChangeRow(change, version))
            share_conditions(tx, now_so, self._clock, self._holidays, actor=actor)

    def _scenes(self, tx: Transaction) -> ChangeScenes:
        return ChangeScenes(tx, self._clock.now(), self._holidays)

    def _scene(
        self, tx: Transaction, scenes: ChangeScenes, change_id: str, by: Principal, needed: Permission
    ) -> ChangeScene:
        row = get_row(tx, change_id)
        access.require(tx, by, needed, row.change.facts.service)
        return scenes.of(row)


def _expect(row: ChangeRow, expected: int | None) -> None:
    if expected is not None and expected != row.version:
        raise ConflictError(
            f"{row.change.id} is at version {row.version}, not {expected}: somebody changed it since you "
            "looked; look again and decide anew"
        )
