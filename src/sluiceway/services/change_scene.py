"""A change request together with everything its rules look at: process, people, calendar.

A draft is held against its service's process in force, a submitted request against the one it was submitted
under. When something may be deployed is always said by the process in force.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sluiceway.domain.calendars.days import holidays_of, years_around
from sluiceway.domain.calendars.opening import closed
from sluiceway.domain.changes.deciding import Verdict, verdicts
from sluiceway.domain.changes.ids import change_id, parse_change_id
from sluiceway.domain.changes.model import Change, ChangeState
from sluiceway.domain.changes.risk import Assessment, assess
from sluiceway.domain.changes.states import OPEN
from sluiceway.domain.people.model import Directory
from sluiceway.domain.process.control import ChangeKind
from sluiceway.domain.process.schedule import Calendar
from sluiceway.domain.process.team import TeamProcess
from sluiceway.ports.calendars import Holidays
from sluiceway.ports.releases import ChangeRow
from sluiceway.ports.store import Transaction
from sluiceway.services import access
from sluiceway.services.kept_processes import parsed
from sluiceway.services.processes import in_force, process_of, team_of

_PAGE = 500


@dataclass(frozen=True, slots=True)
class Current:
    """What is in force for a service now: its process, its people, its calendar's holidays."""

    service: str
    team: TeamProcess
    directory: Directory
    holidays: Mapping[date, str]

    @property
    def calendar(self) -> Calendar:
        return self.team.calendar


@dataclass(frozen=True, slots=True)
class ChangeScene:
    """One change request at one moment. `team` is the process its rules are read from."""

    row: ChangeRow
    team: TeamProcess
    current: Current
    now: datetime

    @property
    def change(self) -> Change:
        return self.row.change

    @property
    def service(self) -> str:
        return self.change.facts.service

    @property
    def kind(self) -> ChangeKind | None:
        """Return the request's kind, None when the process has none of its id any more."""
        return next((one for one in self.team.changes.kinds if one.id == self.change.facts.kind), None)

    def verdicts(self) -> tuple[Verdict, ...]:
        """Return where each of those who are asked stands; empty when nobody is."""
        if self.kind is None:
            return ()
        return verdicts(self.change, self.team, self.current.directory, self.now)

    def risk(self) -> Assessment | None:
        """Return how risky it is; None when the process does not say how risk is told."""
        model = self.team.changes.risk
        return None if model is None or not model.levels else assess(model, self.change.facts)

    def conditions(self) -> tuple[tuple[str, str], ...]:
        """Return the conditions of its approval, each with the title of who set it."""
        titles = {policy.id: policy.title for policy in self.team.approvals}
        titles |= {board.id: board.title for board in self.team.changes.boards}
        return tuple((titles.get(policy, policy), text) for policy, text in self.change.conditions)

    def closed(self) -> str | None:
        """Return why nothing may be deployed now, None when it may."""
        return closed(self.current.calendar, self.current.holidays, self.now)


class ChangeScenes:
    """Puts scenes together within one transaction; what several requests share is looked up once."""

    def __init__(self, tx: Transaction, now: datetime, holidays: Holidays) -> None:
        self._tx = tx
        self._now = now
        self._holidays = holidays
        self._current: dict[str, Current] = {}
        self._directories: dict[str, Directory] = {}

    def prepare(self, rows: Collection[ChangeRow]) -> None:
        """Look up at once who plays what for the services of these requests."""
        services = {row.change.facts.service for row in rows} - self._directories.keys()
        if services:
            self._directories |= access.directories(self._tx, services)

    def of(self, row: ChangeRow) -> ChangeScene:
        """Return the request's scene. Raises NotFoundError when its service has no process in force."""
        change = row.change
        current = self.current(change.facts.service)
        is_kept = change.state is not ChangeState.DRAFT and change.process_hash != current.team.content_hash
        team = (
            team_of(process_of(self._tx, change.facts.service, change.process_hash))
            if is_kept
            else current.team
        )
        return ChangeScene(row, team, current, self._now)

    def current(self, service: str) -> Current:
        """Return what is in force for a service. Raises NotFoundError when it has no process."""
        if service not in self._current:
            row = in_force(self._tx, service)
            team = team_of(parsed(row.text, row.path))
            days = holidays_of(team.calendar, years_around(self._now), self._holidays)
            people = self._directories.get(service) or access.directory(self._tx, service)
            self._current[service] = Current(service, team, people, days)
        return self._current[service]


def get_row(tx: Transaction, given: str) -> ChangeRow:
    """Return a request by its id, as people type it. Raises NotFoundError, InvalidInputError."""
    return tx.get_change(change_id(*parse_change_id(given)))


def open_changes(tx: Transaction, service: str = "") -> Sequence[ChangeRow]:
    """Return every request that is open, newest first; "" is every service."""
    return every_change(tx, tuple(OPEN), service)


def every_change(
    tx: Transaction,
    states: Sequence[ChangeState],
    service: str,
    kinds: Sequence[str] = (),
    ended_since: datetime | None = None,
) -> Sequence[ChangeRow]:
    """Return every request in these states, newest first; what is empty narrows nothing."""
    found: list[ChangeRow] = []
    while True:
        before = found[-1].change.id if found else None
        page = tx.list_changes(
            service=service,
            states=states,
            limit=_PAGE,
            before=before,
            kinds=kinds,
            ended_since=ended_since,
        )
        found += page
        if len(page) < _PAGE:
            return found
