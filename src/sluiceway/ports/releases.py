"""Where releases, their processes, change requests, boards' meetings and runbook runs are kept.

Part of `ports.store.Transaction`. Every save names the row's version as it was read; a save with an old one
raises ConflictError and changes nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sluiceway.domain.changes.model import BoardMeeting, Change, ChangeId, ChangeState
from sluiceway.domain.checklists.model import Run, RunId
from sluiceway.domain.releases.model import Release, ReleaseId


@dataclass(frozen=True, slots=True)
class ProcessRow:
    """One version of a service's process: the resolved text, so that a later pack changes nothing."""

    service: str
    content_hash: str
    text: str
    path: str
    applied_at: datetime
    applied_by: str


@dataclass(frozen=True, slots=True)
class ReleaseRow:
    """A release as stored; `version` grows with every save. `is_open`: it has not reached an end."""

    release: Release
    version: int
    is_open: bool
    due_at: datetime | None = None  # when the engine looks at it next


@dataclass(frozen=True, slots=True)
class ReleaseQuery:
    """What to list. Empty fields narrow nothing; `services` None is every one.

    `text` is looked for in version, title and code name.
    """

    service: str = ""
    phase: str = ""
    type: str = ""
    open_only: bool = False
    text: str = ""
    services: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class EndedRollout:
    """A rollout that has ended, of a release that has not; `version` is that of the release's row."""

    release: ReleaseId
    version: int
    rollout: str


@dataclass(frozen=True, slots=True)
class ReleaseMark:
    """What tells that something about an open release has changed, without reading what it says.

    `version` is its row's, `rollouts` are its rollouts each with its phase, `runs` those of its runs that are
    not over each with its generation.
    """

    id: ReleaseId
    service: str
    version: int
    rollouts: frozenset[tuple[str, str]] = frozenset()
    runs: frozenset[tuple[str, int]] = frozenset()


@dataclass(frozen=True, slots=True)
class ChangeRow:
    change: Change
    version: int


@dataclass(frozen=True, slots=True)
class MeetingRow:
    meeting: BoardMeeting
    version: int


@dataclass(frozen=True, slots=True)
class RunRow:
    """A runbook's run. `gen` grows with every save; a save with an old one changes nothing.

    `due_at` is wall clock: when the engine looks at it next. None: it waits for a person, or is over.
    """

    run: Run
    gen: int
    due_at: datetime | None


class ReleaseRows(Protocol):
    """Reads and writes inside one transaction."""

    def next_number(self, series: str) -> int:
        """Return the next number of a series such as `REL-2026`, counting from 1 without gaps."""
        ...

    def put_process(self, row: ProcessRow) -> None:
        """Make it the service's process in force; its text is kept once per hash."""
        ...

    def current_process(self, service: str) -> ProcessRow | None:
        """Return the process in force for a service, None when none was ever applied."""
        ...

    def get_process(self, service: str, content_hash: str) -> ProcessRow:
        """Raise NotFoundError when it was never applied for this service."""
        ...

    def get_processes(self, wanted: Collection[tuple[str, str]]) -> Sequence[ProcessRow]:
        """Return those of these services and content hashes that were applied, each once, in no order."""
        ...

    def list_processes(self, service: str) -> Sequence[ProcessRow]:
        """Return newest first."""
        ...

    def processes_in_force(self) -> Mapping[str, str]:
        """Return the content hash of the process in force by service."""
        ...

    def services(self) -> Sequence[str]:
        """Return every service with a process, by name."""
        ...

    def insert_release(self, row: ReleaseRow) -> None:
        """Raise ConflictError when the service has a release of this version that is not cancelled."""
        ...

    def get_release(self, release_id: str) -> ReleaseRow:
        """Raise NotFoundError. `SERVICE VERSION` pairs are the business of `find_release`."""
        ...

    def find_release(self, service: str, version: str) -> ReleaseRow | None: ...

    def release_of_rollout(self, rollout_id: str) -> ReleaseRow | None:
        """Return the release that owns a rollout."""
        ...

    def save_release(
        self, row: ReleaseRow, release: Release, *, is_open: bool, due_at: datetime | None
    ) -> int:
        """Return the new version. Raise ConflictError when the row was saved since it was read."""
        ...

    def list_releases(
        self, query: ReleaseQuery, *, limit: int, before: ReleaseId | None
    ) -> Sequence[ReleaseRow]:
        """Return newest first; `before` continues after the last id of the page before."""
        ...

    def due_releases(self, now: datetime, limit: int) -> Sequence[ReleaseRow]:
        """Return open releases whose `due_at` has come, most overdue first."""
        ...

    def get_releases(self, release_ids: Collection[ReleaseId]) -> Sequence[ReleaseRow]:
        """Return those of these that exist, in no order."""
        ...

    def open_releases(self, services: frozenset[str] | None) -> Sequence[ReleaseMark]:
        """Return the mark of every open release, newest first; None is every service."""
        ...

    def ended_rollouts(self) -> Sequence[EndedRollout]:
        """Return the finished rollouts of open releases, oldest release first; reads nothing but ids."""
        ...

    def insert_change(self, row: ChangeRow) -> None:
        """Raise ConflictError when there is a request of this id."""
        ...

    def get_change(self, change_id: str) -> ChangeRow:
        """Raise NotFoundError."""
        ...

    def get_changes(self, change_ids: Collection[str]) -> Sequence[ChangeRow]:
        """Return those of these that exist, in no order."""
        ...

    def change_versions(self, change_ids: Collection[str]) -> Mapping[str, int]:
        """Return the row's version of each of these that exists."""
        ...

    def save_change(self, row: ChangeRow, change: Change) -> int:
        """Return the new version. Raise ConflictError when the row was saved since it was read."""
        ...

    def list_changes(
        self,
        *,
        service: str,
        states: Sequence[ChangeState],
        limit: int,
        before: ChangeId | None,
        services: frozenset[str] | None = None,
        kinds: Sequence[str] = (),
        ended_since: datetime | None = None,
    ) -> Sequence[ChangeRow]:
        """Return newest first; what is empty narrows nothing. With `services` only those of them, with
        `ended_since` only those that were done or failed from then on.
        """
        ...

    def insert_meeting(self, row: MeetingRow) -> None: ...

    def get_meeting(self, meeting_id: str) -> MeetingRow:
        """Raise NotFoundError."""
        ...

    def save_meeting(self, row: MeetingRow, meeting: BoardMeeting) -> int:
        """Return the new version. Raise ConflictError when the row was saved since it was read."""
        ...

    def list_meetings(self, *, service: str, board: str, open_only: bool, limit: int) -> Sequence[MeetingRow]:
        """Return latest first; "" is every service, every board."""
        ...


class RunRows(Protocol):
    """Reads and writes of runbook runs inside one transaction."""

    def insert_run(self, row: RunRow) -> None:
        """Raise ConflictError when there is a run of this id."""
        ...

    def get_run(self, run_id: RunId) -> RunRow:
        """Raise NotFoundError."""
        ...

    def get_runs(self, run_ids: Collection[RunId]) -> Sequence[RunRow]:
        """Return those of these that exist, newest first."""
        ...

    def list_runs(self, *, release: str, limit: int, before: RunId | None = None) -> Sequence[RunRow]:
        """Return newest first; "" is every release; `before` continues after the last id of a page."""
        ...

    def due_runs(self, now: datetime, limit: int) -> Sequence[RunRow]:
        """Return runs whose `due_at` has come, most overdue first. One that can't be read is left out."""
        ...

    def save_run(self, row: RunRow, run: Run, due_at: datetime | None) -> bool:
        """Save if nobody did since `row` was read; else change nothing and return False."""
        ...

    def wake_runs(self, at: datetime) -> int:
        """Make every run that the engine looks at due no later than `at`; return how many there are."""
        ...

    def enqueue_step(self, run_id: RunId, key: str) -> None:
        """Queue the run's next step for the work engine, in this transaction, once per key."""
        ...
