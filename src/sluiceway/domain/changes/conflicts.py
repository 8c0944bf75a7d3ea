"""Changes that get in each other's way, or in the calendar's: found, named, with the reason.

Looked for among requests that are open: what was rejected, withdrawn or has ended is in nobody's way.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from sluiceway.domain.calendars.opening import closed_during
from sluiceway.domain.changes.model import Change
from sluiceway.domain.changes.states import OPEN
from sluiceway.domain.process.schedule import Calendar


class ConflictKind(StrEnum):
    SAME_SERVICE = "same-service"  # at the same time
    RELATED_SERVICE = "related-service"  # one service is part of the other, at the same time
    CLOSED = "closed"  # in a freeze or outside the deployment windows
    SAME_VERSION = "same-version"  # two releases would bring the same version


@dataclass(frozen=True, slots=True)
class Conflict:
    """One conflict, with the ids of the one or two changes in it."""

    kind: ConflictKind
    changes: tuple[str, ...]
    text: str


@dataclass(frozen=True, slots=True)
class TeamDays:
    """A service's calendar with the holidays of the years in question."""

    calendar: Calendar
    holidays: Mapping[date, str]


@dataclass(frozen=True, slots=True)
class LinkedRelease:
    service: str
    version: str


def find_conflicts(
    changes: Sequence[Change],
    days: Mapping[str, TeamDays],
    releases: Mapping[str, LinkedRelease],
) -> tuple[Conflict, ...]:
    """Return every conflict among these changes, by the time of the earlier change, then by id.

    `days` holds calendars by service; a change of a service without one is not held against a calendar.
    `releases` says of linked releases what they bring; one that is not there is passed over. A change without
    an end is taken as a moment.
    """
    open_changes = [change for change in changes if change.state in OPEN]
    found = [
        *_overlaps(open_changes),
        *_closed(open_changes, days),
        *_same_versions(open_changes, releases),
    ]
    begins: dict[str, datetime | None] = {change.id: change.facts.starts_at for change in open_changes}

    def earliest(conflict: Conflict) -> tuple[float, tuple[str, ...]]:
        starts = [at.timestamp() for each in conflict.changes if (at := begins[each]) is not None]
        return min(starts, default=float("inf")), conflict.changes

    return tuple(sorted(found, key=earliest))


def _overlaps(changes: Sequence[Change]) -> Iterator[Conflict]:
    """Sweep over the changes by their beginning, with those at hand that have not ended by then."""
    timed = sorted(
        ((change.facts.starts_at, change) for change in changes if change.facts.starts_at is not None),
        key=lambda pair: (pair[0], pair[1].id),
    )
    running: list[tuple[datetime, Change]] = []
    for starts_at, change in timed:
        running = [
            (began, each) for began, each in running if _end(began, each) > starts_at or began == starts_at
        ]
        for began, other in running:
            conflict = _between(other, change, max(began, starts_at))
            if conflict is not None:
                yield conflict
        running.append((starts_at, change))


def _end(starts_at: datetime, change: Change) -> datetime:
    return change.facts.ends_at or starts_at


def _between(first: Change, second: Change, at: datetime) -> Conflict | None:
    one, two = first.facts, second.facts
    pair = (first.id, second.id)
    when = f"at the same time, from {at:%Y-%m-%d %H:%M} UTC"
    if one.service and one.service == two.service:
        text = f"{first.id} and {second.id} both change {one.service} {when}"
        return Conflict(ConflictKind.SAME_SERVICE, pair, text)
    for child, parent in ((first, second), (second, first)):
        whole = parent.facts.service
        if whole and child.facts.parent_service == whole:
            part = child.facts.service or "a part"
            text = f"{child.id} changes {part}, a part of {whole}, which {parent.id} changes {when}"
            return Conflict(ConflictKind.RELATED_SERVICE, pair, text)
    return None


def _closed(changes: Sequence[Change], days: Mapping[str, TeamDays]) -> Iterator[Conflict]:
    for change in changes:
        team, starts_at = days.get(change.facts.service), change.facts.starts_at
        if team is not None and starts_at is not None:
            reason = closed_during(team.calendar, team.holidays, starts_at, _end(starts_at, change))
            if reason is not None:
                yield Conflict(ConflictKind.CLOSED, (change.id,), f"{change.id}: {reason}")


def _same_versions(changes: Sequence[Change], releases: Mapping[str, LinkedRelease]) -> Iterator[Conflict]:
    """Two releases of one service and version: a change in each of them, or one change in both."""
    claims: dict[LinkedRelease, list[tuple[str, Change]]] = {}
    for change in changes:
        for release_id in change.releases:
            if release_id in releases:
                claims.setdefault(releases[release_id], []).append((release_id, change))
    for brought, claimed in claims.items():
        first_id, first = claimed[0]
        for release_id, change in claimed[1:]:
            if release_id != first_id:
                ids = tuple(dict.fromkeys((first.id, change.id)))
                text = (
                    f"{' and '.join(ids)}: {first_id} and {release_id} "
                    f"would both bring {brought.service} {brought.version}"
                )
                yield Conflict(ConflictKind.SAME_VERSION, ids, text)
