"""Releases follow their rollouts: taken back when users are back, moved on when everyone has the new version.

What stands in the store is looked at again and again, so that an end is followed also when it came while
Sluiceway was down or was killed right after it. A move and its audit entry are one transaction, saved only if
nobody saved the release since it was read: it happens once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import structlog

from sluiceway.domain.audit.chain import NewAuditEntry
from sluiceway.domain.checklists.due import next_look
from sluiceway.domain.process.team import PhaseKind, TeamProcess
from sluiceway.domain.releases.model import Release, ReleaseId
from sluiceway.domain.releases.moves import follow_rollout
from sluiceway.domain.releases.road import has_ended, phase_of
from sluiceway.domain.releases.world import World
from sluiceway.errors import ConflictError, SluicewayError, StoreError
from sluiceway.ports.clock import Clock
from sluiceway.ports.releases import ReleaseRow
from sluiceway.ports.store import Store, Transaction

LOOK_S = 0.5  # real seconds between two looks for rollouts that have ended
AGAIN_S = 10.0  # real seconds after which a release that may move on yet is looked at again
BY = "rollout"  # who moved it

log = structlog.get_logger("sluiceway.releases")

WorldOf = Callable[[Transaction, ReleaseRow], tuple[TeamProcess, World]]
_Mark = tuple[int, tuple[str, ...]]  # the release's version, its rollouts that have ended


class Following:
    """Looks at open releases of which a rollout has ended. Called by one thread."""

    def __init__(self, store: Store, clock: Clock, world_of: WorldOf) -> None:
        """`world_of` reads the process that a release keeps and what its moves depend on."""
        self._store = store
        self._clock = clock
        self._world_of = world_of
        self._seen: dict[ReleaseId, _Mark] = {}  # looked at as they are, and nothing came of it
        self._held: set[ReleaseId] = set()  # of these, those that may move on without being changed
        self._again_s = 0.0

    def look(self) -> None:
        """Move what is to be moved. Raises StoreError when the store can't be used."""
        marks = self._marks()
        is_again = self._clock.monotonic_s() >= self._again_s
        if is_again:
            self._again_s = self._clock.monotonic_s() + AGAIN_S
        self._seen = {one: mark for one, mark in self._seen.items() if marks.get(one) == mark}
        self._held &= self._seen.keys()
        for release_id, mark in marks.items():
            if release_id not in self._seen or (is_again and release_id in self._held):
                self._look_at(release_id, mark)

    def _marks(self) -> Mapping[ReleaseId, _Mark]:
        with self._store.read() as tx:
            ended = tx.ended_rollouts()
        marks: dict[ReleaseId, _Mark] = {}
        for one in ended:
            _, before = marks.get(one.release, (one.version, ()))
            marks[one.release] = one.version, (*before, one.rollout)
        return marks

    def _look_at(self, release_id: ReleaseId, mark: _Mark) -> None:
        try:
            with self._store.read() as tx:
                moved, may_move_yet = self._followed(tx, tx.get_release(release_id))
            if moved is not None:
                self._move(release_id)
                return
        except ConflictError:
            return  # somebody saved it at this moment; it is looked at again as it is then
        except StoreError:
            raise
        except SluicewayError as failure:
            may_move_yet = True
            if release_id not in self._seen:
                log.warning("a release can't follow its rollout", release=release_id, error=str(failure))
        self._seen[release_id] = mark
        if may_move_yet:
            self._held.add(release_id)

    def _move(self, release_id: ReleaseId) -> None:
        now = self._clock.now()
        with self._store.begin() as tx:
            row = tx.get_release(release_id)
            team, world = self._world_of(tx, row)
            moved = follow_rollout(row.release, team, now, world)
            if moved is None:
                return
            is_open = not has_ended(moved, team)
            tx.save_release(row, moved, is_open=is_open, due_at=next_look(team, moved, now))
            why = f"from {row.release.phase} to {moved.phase}: {moved.stays[-1].why}"
            tx.append_audit(
                NewAuditEntry(
                    at=self._clock.wall(),
                    process_at=now,
                    actor=BY,
                    kind="release-moved",
                    subject=release_id,
                    why=why,
                )
            )
        log.info("release-moved", release=release_id, why=why)

    def _followed(self, tx: Transaction, row: ReleaseRow) -> tuple[Release | None, bool]:
        """Return the release where its rollout takes it, None when nowhere, and whether that may come yet."""
        team, world = self._world_of(tx, row)
        moved = follow_rollout(row.release, team, self._clock.now(), world)
        return moved, phase_of(row.release, team).kind is PhaseKind.ROLLOUT
