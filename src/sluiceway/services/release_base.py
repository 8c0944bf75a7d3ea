"""What every use case of releases stands on: find one with all its rules look at, change it, show it."""

from __future__ import annotations

from collections.abc import Callable

from sluiceway.domain.people.model import Principal
from sluiceway.domain.process.team import Permission
from sluiceway.domain.releases.model import Release
from sluiceway.errors import ConflictError, NotFoundError
from sluiceway.ports.calendars import Holidays
from sluiceway.ports.clock import Clock
from sluiceway.ports.live import LiveView
from sluiceway.ports.releases import ReleaseRow
from sluiceway.ports.signing import Signer
from sluiceway.ports.store import Store, Transaction
from sluiceway.services import access
from sluiceway.services.again import again_on_conflict
from sluiceway.services.release_render import render_view
from sluiceway.services.release_saving import save
from sluiceway.services.release_scene import Scene, Scenes
from sluiceway.services.release_views import ReleaseView
from sluiceway.services.waits_kept import KeptWaits


class Releases:
    """Every method opens its own transactions and may be called from any thread.

    `by` is who asks. Each method raises ForbiddenError when they may not do this for the release's service,
    NotFoundError for an unknown release. A method that takes `expected_version` raises ConflictError when the
    release is not at that version any more.
    """

    def __init__(
        self, store: Store, clock: Clock, live: LiveView, *, signer: Signer, holidays: Holidays
    ) -> None:
        self._store = store
        self._clock = clock
        self._live = live
        self._signer = signer
        self._holidays = holidays
        self._waits = KeptWaits(holidays)

    def get(self, release_id: str, by: Principal) -> ReleaseView:
        """Return everything about one release, found by id or as `SERVICE@VERSION`."""
        return self._shown(release_id, by, Permission.READ)

    def _shown(self, release_id: str, by: Principal, needed: Permission) -> ReleaseView:
        """Return the release as `by` sees it: whoever may act on it may see what became of it."""
        with self._store.read() as tx:
            return self._view(tx, self._scene(tx, release_id, by, needed), by)

    def _act(
        self,
        release_id: str,
        by: Principal,
        needed: Permission,
        kind: str,
        change: Callable[[Scene, Transaction], tuple[Release, str]],
        *,
        expected_version: int | None = None,
    ) -> ReleaseView:
        """Load, let `change` decide, save with its words for the audit trail; return how it is shown then."""
        release = self._save(release_id, by, needed, kind, change, expected_version=expected_version)
        return self._shown(release.id, by, needed)

    def _save(
        self,
        release_id: str,
        by: Principal,
        needed: Permission,
        kind: str,
        change: Callable[[Scene, Transaction], tuple[Release, str]],
        *,
        expected_version: int | None = None,
    ) -> Release:
        """Do it, in one transaction; when somebody was faster, all of it anew."""
        actor = access.actor(by)

        def act() -> Release:
            with self._store.begin() as tx:
                scene = self._scene(tx, release_id, by, needed)
                expect(scene.row, expected_version)
                release, why = change(scene, tx)
                if release != scene.release:
                    save(tx, scene, release, self._clock, actor=actor, kind=kind, why=why)
            return release

        release = act() if expected_version is not None else again_on_conflict(act)
        self._live.nudge()
        return release

    def _scene(self, tx: Transaction, release_id: str, by: Principal, needed: Permission) -> Scene:
        row = find(tx, release_id)
        access.require(tx, by, needed, row.release.service)
        return Scenes(tx, self._clock.now(), self._holidays).of(row)

    def _view(self, tx: Transaction, scene: Scene, by: Principal) -> ReleaseView:
        service = scene.release.service
        current = tx.current_process(service)
        may = tuple(one.value for one in access.rights(tx, by, service))
        newest = current.content_hash if current is not None else ""
        return render_view(scene, by, self._signer, may=may, newest_hash=newest)


def find(tx: Transaction, given: str) -> ReleaseRow:
    """Return a release by its id or as `SERVICE@VERSION`. Raises NotFoundError."""
    service, at, version = given.strip().rpartition("@")
    if not at:
        return tx.get_release(given.strip().upper())
    found = tx.find_release(service, version)
    if found is None:
        raise NotFoundError(f"{service} has no release of {version}; `sluice release list` shows what exists")
    return found


def expect(row: ReleaseRow, expected: int | None) -> None:
    if expected is not None and expected != row.version:
        raise ConflictError(
            f"release {row.release.id} is at version {row.version}, not {expected}: somebody changed it "
            "since you looked; look again and decide anew"
        )
