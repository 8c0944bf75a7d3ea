"""A release together with everything its rules look at: process, people, linked changes, rollouts, calendar.

Looked up in one transaction, so that a decision and what it rests on are of one moment. What is needed for
several releases, as in a list, is looked up once.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime

from sluiceway.domain.calendars.days import holidays_of, years_around
from sluiceway.domain.calendars.opening import closed
from sluiceway.domain.changes.model import Change
from sluiceway.domain.checklists.model import RunId
from sluiceway.domain.people.model import Directory
from sluiceway.domain.process.plan import Process
from sluiceway.domain.process.team import TeamProcess
from sluiceway.domain.releases.model import Release
from sluiceway.domain.releases.world import LinkedChange, OwnRollout, OwnRun, World
from sluiceway.domain.rollouts.model import RolloutId
from sluiceway.errors import NotFoundError, ProcessFileError
from sluiceway.ports.calendars import Holidays
from sluiceway.ports.releases import ReleaseRow, RunRow
from sluiceway.ports.store import RolloutRow, Transaction
from sluiceway.services import access
from sluiceway.services.kept_processes import parsed
from sluiceway.services.processes import process_of, team_of

_RUNS = 50  # a release's newest runs that are looked at besides those of its runbooks


@dataclass(frozen=True, slots=True)
class Scene:
    """One release at one moment. `now` is process time."""

    row: ReleaseRow
    process: Process
    team: TeamProcess
    world: World
    now: datetime
    holidays: Mapping[date, str]
    changes: Mapping[str, Change]
    rollouts: tuple[RolloutRow, ...]
    runs: tuple[RunRow, ...]  # newest first: those of its runbooks, and the newest of its checklist items

    @property
    def release(self) -> Release:
        return self.row.release


class Scenes:
    """Puts scenes together within one transaction."""

    def __init__(self, tx: Transaction, now: datetime, holidays: Holidays) -> None:
        self._tx = tx
        self._now = now
        self._holidays = holidays
        self._directories: dict[str, Directory] = {}
        self._processes: dict[tuple[str, str], Process] = {}
        self._calendars: dict[str, tuple[Mapping[date, str], str]] = {}
        self._linked: dict[str, Change] = {}
        self._owned: dict[str, RolloutRow] = {}
        self._started: dict[str, RunRow] = {}

    def prepare(self, rows: Collection[ReleaseRow]) -> None:
        """Look up at once what the scenes of these releases in a list need; each looks up what is left."""
        kept = {(row.release.service, row.release.process_hash) for row in rows} - self._processes.keys()
        for process in self._tx.get_processes(kept):
            with suppress(ProcessFileError):  # the scene of its release says so
                self._processes[process.service, process.content_hash] = parsed(process.text, process.path)
        waiting = [row.release for row in rows if row.is_open]
        services = {release.service for release in waiting} - self._directories.keys()
        if services:
            self._directories |= access.directories(self._tx, services)
        changes = self._tx.get_changes({one for release in waiting for one in release.facts.changes})
        self._linked |= {row.change.id: row.change for row in changes}
        rollouts = self._tx.get_rollouts({RolloutId(one) for each in waiting for one in each.rollouts})
        self._owned |= {row.id: row for row in rollouts}
        runs = self._tx.get_runs({RunId(one) for release in waiting for one in release.runs})
        self._started |= {row.run.id: row for row in runs}

    def of(self, row: ReleaseRow) -> Scene:
        """Return the release's scene. Raises NotFoundError when its process is gone from the store."""
        newest = self._tx.list_runs(release=row.release.id, limit=_RUNS)
        by_id = {one.run.id: one for one in (*newest, *self._own_runs(row.release))}
        return self._scene(row, tuple(by_id.values()))

    def in_a_list(self, row: ReleaseRow) -> Scene:
        """Return as much of it as a line of a list needs: its process, and what holds it while it is open.

        Runs of its checklist items, which hold nothing, are left out. Raises NotFoundError as `of`.
        """
        release = row.release
        if not row.is_open:
            process = self._process(release.service, release.process_hash)
            return Scene(row, process, team_of(process), World(Directory()), self._now, {}, {}, (), ())
        return self._scene(row, tuple(self._own_runs(release)))

    def _own_runs(self, release: Release) -> Sequence[RunRow]:
        """Return the runs of the release's runbooks, newest first, however many others there were since."""
        if all(one in self._started for one in release.runs):
            return [self._started[one] for one in reversed(release.runs)]
        return self._tx.get_runs([RunId(one) for one in release.runs])

    def _scene(self, row: ReleaseRow, runs: tuple[RunRow, ...]) -> Scene:
        release = row.release
        process = self._process(release.service, release.process_hash)
        team = team_of(process)
        days, calendar_closed = self._calendar(team)
        changes = self._changes(release)
        rollouts = tuple(
            self._owned.get(one) or self._tx.get_rollout(RolloutId(one)) for one in release.rollouts
        )
        world = World(
            directory=self.directory(release.service),
            changes={
                change.id: LinkedChange(
                    change.id,
                    change.facts.title,
                    change.state,
                    change.facts.requestor,
                    change.facts.implementer,
                    change.author,
                )
                for change in changes.values()
            },
            rollouts={row.id: OwnRollout(row.id, row.state.phase, str(row.state.new)) for row in rollouts},
            runs={one.run.id: OwnRun(one.run.id, one.run.runbook.id, one.run.phase) for one in runs},
            calendar_closed=calendar_closed,
        )
        return Scene(row, process, team, world, self._now, days, changes, rollouts, runs)

    def directory(self, service: str) -> Directory:
        """Return who plays what for a service."""
        if service not in self._directories:
            self._directories[service] = access.directory(self._tx, service)
        return self._directories[service]

    def _process(self, service: str, content_hash: str) -> Process:
        key = (service, content_hash)
        if key not in self._processes:
            self._processes[key] = process_of(self._tx, service, content_hash)
        return self._processes[key]

    def _calendar(self, team: TeamProcess) -> tuple[Mapping[date, str], str]:
        if team.content_hash not in self._calendars:
            days = holidays_of(team.calendar, years_around(self._now), self._holidays)
            self._calendars[team.content_hash] = days, closed(team.calendar, days, self._now) or ""
        return self._calendars[team.content_hash]

    def _changes(self, release: Release) -> dict[str, Change]:
        found: dict[str, Change] = {}
        for change_id in release.facts.changes:
            if change_id in self._linked:
                found[change_id] = self._linked[change_id]
                continue
            try:
                found[change_id] = self._tx.get_change(change_id).change
            except NotFoundError:
                continue  # the rules say that it is linked and missing
        return found
