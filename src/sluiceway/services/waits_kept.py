"""What open releases wait for, kept until something about one of them changes.

Asking every open release anew for each person who looks would take seconds where hundreds are open. What
changes by time alone (an item comes due, somebody is back) is seen a little later.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

import structlog

from sluiceway.domain.people.model import Directory
from sluiceway.domain.releases.model import ReleaseId
from sluiceway.errors import NotFoundError, ProcessFileError
from sluiceway.ports.calendars import Holidays
from sluiceway.ports.releases import ReleaseMark, ReleaseRow
from sluiceway.ports.store import Transaction
from sluiceway.services import access
from sluiceway.services.release_scene import Scenes
from sluiceway.services.release_views import WaitingView
from sluiceway.services.waiting import ahead_of, of_release

KEPT_S = 30.0  # process time after which a release is looked at anew though nothing about it changed
_log = structlog.get_logger("sluiceway.work")


@dataclass(frozen=True, slots=True)
class Waits:
    """What one release waits for, approvals that may be given ahead included, and of whom that was said."""

    found: tuple[WaitingView, ...]
    directory: Directory


@dataclass(frozen=True, slots=True)
class _Kept:
    waits: Waits
    mark: ReleaseMark
    linked: tuple[str, ...]  # ids of its change requests
    changes: Mapping[str, int]  # their versions
    at: datetime


class KeptWaits:
    """Safe to share between threads."""

    def __init__(self, holidays: Holidays) -> None:
        self._holidays = holidays
        self._kept: dict[ReleaseId, _Kept] = {}
        self._lock = threading.Lock()

    def of_all(self, tx: Transaction, services: frozenset[str] | None, now: datetime) -> Iterator[Waits]:
        """Yield what each open release of these services waits for; None is every service."""
        marks = tx.open_releases(services)
        people = access.directories(tx, {mark.service for mark in marks}) if marks else {}
        with self._lock:
            kept = {mark.id: found for mark in marks if (found := self._kept.get(mark.id)) is not None}
        versions = tx.change_versions({one for found in kept.values() for one in found.linked})
        fresh = {
            mark.id: kept[mark.id].waits
            for mark in marks
            if mark.id in kept and _is_fresh(kept[mark.id], mark, people[mark.service], versions, now)
        }
        stale = {mark.id: mark for mark in marks if mark.id not in fresh}
        looked_at = self._look_at(tx, stale, now)
        with self._lock:
            self._kept |= looked_at
            if services is None:
                self._kept = {mark.id: self._kept[mark.id] for mark in marks if mark.id in self._kept}
        yield from fresh.values()
        yield from (found.waits for found in looked_at.values())

    def _look_at(
        self, tx: Transaction, marks: Mapping[ReleaseId, ReleaseMark], now: datetime
    ) -> dict[ReleaseId, _Kept]:
        rows = tx.get_releases(marks.keys())
        scenes = Scenes(tx, now, self._holidays)
        scenes.prepare(rows)
        versions = tx.change_versions({one for row in rows for one in row.release.facts.changes})
        found: dict[ReleaseId, _Kept] = {}
        for row in rows:
            waits = _waits(scenes, row)
            if waits is not None:
                release, linked = row.release, row.release.facts.changes
                found[release.id] = _Kept(waits, marks[release.id], linked, _those(linked, versions), now)
        return found


def _waits(scenes: Scenes, row: ReleaseRow) -> Waits | None:
    try:
        scene = scenes.in_a_list(row)
    except (ProcessFileError, NotFoundError) as problem:
        _log.warning("a release is left out", release=row.release.id, error=str(problem))
        return None
    found = tuple(of_release(scene))
    asked = {(one.kind, one.ref) for one in found}
    ahead = (one for one in ahead_of(scene) if (one.kind, one.ref) not in asked)
    return Waits((*found, *ahead), scene.world.directory)


def _is_fresh(
    kept: _Kept, mark: ReleaseMark, people: Directory, versions: Mapping[str, int], now: datetime
) -> bool:
    age_s = (now - kept.at).total_seconds()
    return (
        kept.mark == mark
        and kept.waits.directory == people
        and kept.changes == _those(kept.linked, versions)
        and 0 <= age_s < KEPT_S
    )


def _those(change_ids: Collection[str], versions: Mapping[str, int]) -> Mapping[str, int]:
    return {one: versions[one] for one in change_ids if one in versions}
