"""The use cases of waiting: what waits for whom over all releases and change requests, what waits for me."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import structlog

from sluiceway.domain.changes.model import ChangeState
from sluiceway.domain.people.model import Directory, Principal
from sluiceway.domain.process.team import Permission
from sluiceway.errors import NotFoundError, ProcessFileError
from sluiceway.ports.store import Transaction
from sluiceway.services import access
from sluiceway.services.change_scene import ChangeScenes
from sluiceway.services.release_base import Releases
from sluiceway.services.release_views import WaitingView
from sluiceway.services.waiting import of_change

MAX_SHOWN = 500
_PAGE = 200
_NEVER = datetime.max.replace(tzinfo=UTC)
_log = structlog.get_logger("sluiceway.work")


class ReleaseWork(Releases):
    """What open releases and submitted change requests wait for. Closed ones are never looked at.

    Nothing that anybody did is missed; what comes due is seen up to half a minute later.
    """

    def waiting(self, by: Principal, service: str = "", *, limit: int = MAX_SHOWN) -> Sequence[WaitingView]:
        """Return what waits for people, of one service or of all that `by` may see, most urgent first."""
        with self._store.read() as tx:
            if service:
                access.require(tx, by, Permission.READ, service)
            found = [one for one, _ in self._all(tx, by, service) if not one.is_ahead]
        return tuple(sorted(found, key=_urgency)[:limit])

    def my_work(self, by: Principal, *, limit: int = MAX_SHOWN) -> Sequence[WaitingView]:
        """Return what `by` could do now, most urgent first, then approvals they may give ahead of time."""
        with self._store.read() as tx:
            found = [one for one, directory in self._all(tx, by, "") if _is_for(one, by, directory)]
        return tuple(sorted(found, key=_urgency)[:limit])

    def _all(self, tx: Transaction, by: Principal, service: str) -> Iterator[tuple[WaitingView, Directory]]:
        """Yield everything, each with the people of its service."""
        services = frozenset({service}) if service else access.services_for(tx, by, Permission.READ)
        now = self._clock.now()
        for waits in self._waits.of_all(tx, services, now):
            yield from ((one, waits.directory) for one in waits.found)
        yield from _of_changes(tx, ChangeScenes(tx, now, self._holidays), services)


def _of_changes(
    tx: Transaction, scenes: ChangeScenes, services: frozenset[str] | None
) -> Iterator[tuple[WaitingView, Directory]]:
    states, before = (ChangeState.SUBMITTED,), None
    while rows := tx.list_changes(service="", states=states, limit=_PAGE, before=before, services=services):
        scenes.prepare(rows)
        for row in rows:
            try:
                scene = scenes.of(row)
            except (ProcessFileError, NotFoundError) as problem:
                _log.warning("a change request is left out", change=row.change.id, error=str(problem))
                continue
            yield from ((one, scene.current.directory) for one in of_change(scene))
        before = rows[-1].change.id


def _is_for(one: WaitingView, by: Principal, directory: Directory) -> bool:
    """Return whether the person is among those who can do it; without accounts everything is everybody's."""
    return directory.is_open or by.name in one.who


def _urgency(one: WaitingView) -> tuple[bool, bool, datetime, datetime, str, str]:
    """What is late comes first, then what is due soonest; what nothing waits for yet comes last."""
    due_at, since = one.due_at or _NEVER, one.since or _NEVER
    return one.is_ahead, not one.is_overdue, due_at, since, one.subject, one.ref
