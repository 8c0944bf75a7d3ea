"""The use cases that make change requests parts of a release; see `change_links`."""

from __future__ import annotations

from sluiceway.domain.people.model import Principal
from sluiceway.domain.process.team import Permission
from sluiceway.domain.releases import editing
from sluiceway.domain.releases.model import Release
from sluiceway.errors import NotFoundError
from sluiceway.ports.store import Transaction
from sluiceway.services import access
from sluiceway.services.change_links import link_into, unlinked
from sluiceway.services.change_scene import ChangeScenes
from sluiceway.services.release_base import Releases
from sluiceway.services.release_saving import note
from sluiceway.services.release_scene import Scene
from sluiceway.services.release_views import ReleaseView


class ReleaseChanges(Releases):
    """Linking change requests; the requests know of it, too."""

    def link_change(self, release_id: str, change_id: str, by: Principal) -> ReleaseView:
        """Link a change request; the release has its conditions to meet from then on.

        Raises NotFoundError for an unknown one, InvalidInputError for another service's, RuleError when it is
        linked already or the release has ended, IllegalMoveError when the request has.
        """

        def change(scene: Scene, tx: Transaction) -> tuple[Release, str]:
            scenes = ChangeScenes(tx, scene.now, self._holidays)
            release, part = link_into(
                tx, scene.release, scene.team, change_id, scenes=scenes, clock=self._clock, by=by
            )
            return release, f"linked {part.id}: {part.facts.title}"

        return self._act(release_id, by, Permission.PLAN, "change-linked", change)

    def unlink_change(self, release_id: str, change_id: str, by: Principal) -> ReleaseView:
        """Take the link to a change request away, and its open conditions with it.

        Raises RuleError when it is not linked.
        """

        def change(scene: Scene, tx: Transaction) -> tuple[Release, str]:
            words = f"link to {change_id} taken away"
            try:
                row = tx.get_change(change_id)
            except NotFoundError:
                return editing.unlink_change(scene.release, scene.team, change_id), words
            of_change = ChangeScenes(tx, scene.now, self._holidays).of(row)
            release, part = unlinked(scene.release, scene.team, of_change, by.name)
            tx.save_change(row, part)
            actor = access.actor(by)
            note(tx, self._clock, actor=actor, kind="change-unlinked", subject=part.id, why=release.id)
            return release, words

        return self._act(release_id, by, Permission.PLAN, "change-unlinked", change)
