"""The use cases of services' processes: put one in force, look at it, find the one a release keeps.

The server keeps resolved texts, so that neither an edited file nor a newer pack changes what a release began
under. Reading a text is the business of `config`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sluiceway.config import parse_process
from sluiceway.domain.audit.chain import NewAuditEntry
from sluiceway.domain.people.model import Principal
from sluiceway.domain.process.plan import Process
from sluiceway.domain.process.team import Permission, TeamProcess
from sluiceway.errors import InvalidInputError, NotFoundError, ProcessFileError
from sluiceway.ports.clock import Clock
from sluiceway.ports.releases import ProcessRow
from sluiceway.ports.store import Store, Transaction
from sluiceway.services import access
from sluiceway.services.kept_processes import parsed

MAX_SERVICE_CHARS = 100


@dataclass(frozen=True, slots=True)
class ProcessVersionView:
    """One version of a service's process. `notes` is what reading it wants a person to know."""

    service: str
    content_hash: str
    name: str
    path: str
    applied_at: datetime
    applied_by: str
    is_in_force: bool
    notes: tuple[str, ...] = ()
    zone: str = "UTC"  # of its calendar, in which people say dates


@dataclass(frozen=True, slots=True)
class ProcessTextView:
    """A version's text, with all that it extends in it."""

    service: str
    content_hash: str
    path: str
    text: str


@dataclass(frozen=True, slots=True)
class ProcessOutline:
    """What forms ask with about a service: ids and titles of its process in force."""

    service: str
    name: str
    types: tuple[tuple[str, str], ...]
    phases: tuple[tuple[str, str], ...]
    change_kinds: tuple[tuple[str, str], ...]


class ProcessService:
    """Every method opens its own transactions and may be called from any thread."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def apply(self, text: str, path: str, service: str, by: Principal) -> ProcessVersionView:
        """Put a process in force for a service; "" takes the service that the process describes.

        Releases that began under an earlier one keep it. Raises ProcessFileError, InvalidInputError when
        it says nothing about releases or names another service, ForbiddenError.
        """
        process = parse_process(text, path)
        team_of(process)
        name = service_name(process, service)
        with self._store.begin() as tx:
            access.require(tx, by, Permission.PROCESS, name)
            row = apply_process(tx, process, service=name, by=by.name, clock=self._clock)
        return _view(row, process, is_in_force=True)

    def current(self, service: str, by: Principal) -> ProcessVersionView:
        """Return the process in force. Raises NotFoundError when the service has none, ForbiddenError."""
        with self._store.read() as tx:
            access.require(tx, by, Permission.READ, service)
            row = in_force(tx, service)
        return _view(row, parsed(row.text, row.path), is_in_force=True)

    def text(self, service: str, content_hash: str, by: Principal) -> ProcessTextView:
        """Return the resolved text of one version, "" for the one in force. Raises NotFoundError."""
        with self._store.read() as tx:
            access.require(tx, by, Permission.READ, service)
            row = tx.get_process(service, content_hash) if content_hash else in_force(tx, service)
        return ProcessTextView(row.service, row.content_hash, row.path, row.text)

    def versions(self, service: str, by: Principal) -> Sequence[ProcessVersionView]:
        """Return every version that was put in force, newest first. Raises ForbiddenError."""
        with self._store.read() as tx:
            access.require(tx, by, Permission.READ, service)
            rows = tx.list_processes(service)
        return tuple(
            _view(row, parsed(row.text, row.path), is_in_force=number == 0) for number, row in enumerate(rows)
        )

    def outlines(self, by: Principal) -> Sequence[ProcessOutline]:
        """Return what the process in force says of each service that `by` may see, by the service's name."""
        with self._store.read() as tx:
            visible = access.services_for(tx, by, Permission.READ)
            in_force = tx.processes_in_force().items()
            rows = tx.get_processes({one for one in in_force if visible is None or one[0] in visible})
        ordered = sorted(rows, key=lambda row: row.service)
        return tuple(outline for row in ordered if (outline := _outline(row)) is not None)


def apply_process(tx: Transaction, process: Process, *, service: str, by: str, clock: Clock) -> ProcessRow:
    """Put a parsed process in force, with its audit entry; one that is in force already stays as it is."""
    current = tx.current_process(service)
    if current is not None and current.content_hash == process.content_hash:
        return current
    row = ProcessRow(service, process.content_hash, process.text, process.path, clock.wall(), by)
    tx.put_process(row)
    before = f", before it {current.content_hash[:12]}" if current is not None else ""
    tx.append_audit(
        NewAuditEntry(
            at=clock.wall(),
            process_at=clock.now(),
            actor=by,
            kind="process-applied",
            subject=f"process:{service}",
            why=f"{process.name} ({process.path}), content {process.content_hash[:12]}{before}",
        )
    )
    return row


def in_force(tx: Transaction, service: str) -> ProcessRow:
    """Return the service's process in force. Raises NotFoundError."""
    row = tx.current_process(service)
    if row is None:
        raise NotFoundError(
            f"{service!r} has no process in force; `sluice process apply -f FILE` puts one in force"
        )
    return row


def process_of(tx: Transaction, service: str, content_hash: str) -> Process:
    """Return the process that a release keeps. Raises NotFoundError."""
    row = tx.get_process(service, content_hash)
    return parsed(row.text, row.path)


def team_of(process: Process) -> TeamProcess:
    """Return what the process says about releases. Raises InvalidInputError when it says nothing."""
    if process.team is None or not process.team.types or not process.team.phases:
        raise InvalidInputError(
            f"{process.path} says nothing about releases (no types and phases); add `extends: PACK` "
            "(`sluice process packs` lists them) or describe them"
        )
    return process.team


def service_name(process: Process, given: str) -> str:
    """Return the service a process is for, the one it describes unless `given` says so.

    Raises InvalidInputError when both differ or the name can't be used, ProcessFileError without any.
    """
    described = process.service.name if process.service is not None else ""
    if given and described and given != described:
        raise InvalidInputError(f"{process.path} describes the service {described}, not {given}")
    name = given or described
    if not name:
        raise ProcessFileError(
            (f"{process.path}: service: missing; say which service it is for with --service NAME",)
        )
    if len(name) > MAX_SERVICE_CHARS or not name.isprintable():
        raise InvalidInputError(
            f"service is {name[:MAX_SERVICE_CHARS]!r}; use up to {MAX_SERVICE_CHARS} printable characters"
        )
    return name


def _view(row: ProcessRow, process: Process, *, is_in_force: bool) -> ProcessVersionView:
    return ProcessVersionView(
        service=row.service,
        content_hash=row.content_hash,
        name=process.name,
        path=row.path,
        applied_at=row.applied_at,
        applied_by=row.applied_by,
        is_in_force=is_in_force,
        notes=tuple(map(str, process.notes)),
        zone=process.team.calendar.zone if process.team is not None else "UTC",
    )


def _outline(row: ProcessRow) -> ProcessOutline | None:
    """Return what a process says, None for a stored text that this version can't read any more."""
    try:
        team = team_of(parsed(row.text, row.path))
    except (ProcessFileError, InvalidInputError):
        return None
    return ProcessOutline(
        service=row.service,
        name=team.name,
        types=tuple((one.id, one.title) for one in team.types),
        phases=tuple((one.id, one.title) for one in team.phases),
        change_kinds=tuple((one.id, one.title) for one in team.changes.kinds),
    )
