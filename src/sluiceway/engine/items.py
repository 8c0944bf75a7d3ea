"""Checklist items that answer by themselves: run when they are due, their answers kept in the release.

A command or a question over HTTP becomes a run of one step (`runs`), so that it survives a crash and is not
run twice by mistake. An expression is answered at once from the figures of the release's newest rollout, and
whether flags of the service have done their work from what the services know of them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import PurePath

import structlog

from sluiceway.domain.audit.chain import NewAuditEntry
from sluiceway.domain.checklists import running
from sluiceway.domain.checklists.due import next_look, ready_to_run
from sluiceway.domain.checklists.model import ItemStanding, Run, RunId, RunPhase
from sluiceway.domain.process import expressions
from sluiceway.domain.process.lists import ItemKind, Runbook, Step, StepKind
from sluiceway.domain.process.team import TeamProcess
from sluiceway.domain.releases.model import ItemEntry, ItemState, Release
from sluiceway.domain.rollouts.model import Reading, RolloutId
from sluiceway.errors import ConflictError, SluicewayError, StoreError
from sluiceway.ports.clock import Clock
from sluiceway.ports.releases import ProcessRow, ReleaseRow, RunRow
from sluiceway.ports.store import SamplePoint, Store, Transaction

LOOK_S = 0.5  # real seconds between two looks for items that are due
AT_ONCE = 50  # releases per look
STALE_S = 60.0  # figures older than this, in real seconds, answer nothing
PUT_OFF_S = 60.0  # a release whose process can't be read is looked at again after this
OUTPUT_CHARS = 4_000  # of a command's output that the release keeps; its run keeps more
BY = "sluiceway"  # who answered

ANSWERED_AT_ONCE = frozenset({ItemKind.METRIC, ItemKind.FLAGS})  # without a run

_RUNS_LOOKED_AT = 500
_FLAGS_NAMED = 10  # in one answer

log = structlog.get_logger("sluiceway.items")


ProcessOf = Callable[[Transaction, Release], TeamProcess]
StaleFlags = Callable[[Transaction, str, datetime], Sequence[str]]  # of a service now, each with why


class Items:
    """Looks at open releases whose time has come. Called by one thread."""

    def __init__(self, store: Store, clock: Clock, process_of: ProcessOf, stale_flags: StaleFlags) -> None:
        """`process_of` reads the process that a release keeps, `stale_flags` those of a service by wall time;
        what they raise puts the release off.
        """
        self._store = store
        self._clock = clock
        self._process_of = process_of
        self._stale_flags = stale_flags

    def look(self) -> None:
        """Run or answer what is due. Raises StoreError when the store can't be used."""
        with self._store.read() as tx:
            due = [row.release.id for row in tx.due_releases(self._clock.now(), AT_ONCE)]
        for release_id in due:
            try:
                with self._store.begin() as tx:
                    self._look_at(tx, tx.get_release(release_id))
            except ConflictError:
                continue  # somebody saved it at this moment; it is still due and looked at again
            except StoreError:
                raise
            except SluicewayError as failure:
                log.warning("checklists can't be looked at", release=release_id, error=str(failure))
                self._put_off(release_id)

    def _look_at(self, tx: Transaction, row: ReleaseRow) -> None:
        release, now = row.release, self._clock.now()
        process = self._process_of(tx, release)
        runs = [each.run for each in tx.list_runs(release=release.id, limit=_RUNS_LOOKED_AT)]
        under_way = {run.item for run in runs if run.item and not run.phase.is_over}
        for standing in ready_to_run(process, release, now):
            if standing.name in under_way:
                continue
            if standing.item.kind in ANSWERED_AT_ONCE:
                release = answer(tx, self._clock, release, standing, self._stale_flags)
            else:
                earlier = sum(run.item == standing.name for run in runs)
                start(tx, self._clock, release, standing, earlier + 1)
                under_way.add(standing.name)
        due_at = next_look(process, release, now, under_way)
        tx.save_release(row, release, is_open=row.is_open, due_at=due_at)

    def _put_off(self, release_id: str) -> None:
        with self._store.begin() as tx:
            row = tx.get_release(release_id)
            due_at = self._clock.now() + timedelta(seconds=PUT_OFF_S * self._clock.speed)
            tx.save_release(row, row.release, is_open=row.is_open, due_at=due_at)


def start(tx: Transaction, clock: Clock, release: Release, standing: ItemStanding, number: int) -> Run:
    """Begin the run of an item that a command or a question over HTTP answers, the item's `number`th.

    Raises ConflictError when somebody has begun the same one.
    """
    item = standing.item
    step = Step(
        id=item.id,
        title=item.text,
        kind=StepKind.COMMAND if item.kind is ItemKind.COMMAND else StepKind.HTTP,
        command=item.command,
        url=item.url,
        status=item.status,
        contains=item.contains,
        timeout_s=item.timeout_s,
        owner=standing.owner,
    )
    run = running.begin(
        _run_id(release, standing, number),
        Runbook(standing.checklist.id, standing.checklist.title, (step,)),
        by=BY,
        now=clock.now(),
        release=release.id,
        service=release.service,
        version=release.facts.version,
        item=standing.name,
        cwd=folder_of(tx.get_process(release.service, release.process_hash)),
    )
    tx.insert_run(RunRow(run, 0, clock.wall()))
    log.info("checklist item started", release=release.id, item=run.item, run=run.id)
    return run


def folder_of(process: ProcessRow) -> str:
    """Return where commands of a process run: the folder of its file, "" when that is not known."""
    path = PurePath(process.path)
    return str(path.parent) if path.is_absolute() else ""


def answer(
    tx: Transaction, clock: Clock, release: Release, standing: ItemStanding, stale_flags: StaleFlags
) -> Release:
    """Return the release with an item answered that needs no run: one of `ANSWERED_AT_ONCE`.

    Raises what `stale_flags` raises.
    """
    if standing.item.kind is ItemKind.FLAGS:
        state, note = _no_stale_flags(stale_flags(tx, release.service, clock.wall()), release.service)
    else:
        state, note = _measured(standing.item.expression, _newest_point(tx, clock, release))
    entry = ItemEntry(standing.checklist.id, standing.item.id, state, by=BY, at=clock.now(), note=note)
    _audit(tx, clock, release, entry)
    return replace(release, items=(*release.items, entry))


def _measured(expression: str, point: SamplePoint | None) -> tuple[ItemState, str]:
    if point is None:
        return ItemState.FAILED, (
            f"no data: no rollout of the release has figures of now; must hold: {expression}"
        )
    new, stable = (_readings(point, side) for side in ("new", "stable"))
    found = expressions.evaluate(expression, new, stable)
    is_met = found.verdict is expressions.Verdict.MET
    return ItemState.DONE if is_met else ItemState.FAILED, expressions.describe(found, expression)


def _no_stale_flags(lines: Sequence[str], service: str) -> tuple[ItemState, str]:
    if not lines:
        return ItemState.DONE, f"no flag of {service} is stale"
    more = f"; and {len(lines) - _FLAGS_NAMED} more" if len(lines) > _FLAGS_NAMED else ""
    stale = "1 flag is stale" if len(lines) == 1 else f"{len(lines)} flags are stale"
    return ItemState.FAILED, f"{stale}: {'; '.join(lines[:_FLAGS_NAMED])}{more}"


def note_answer(tx: Transaction, run: Run, clock: Clock) -> None:
    """Keep the answer of an item's finished run in its release, and have the release looked at again.

    Raises ConflictError when the release was saved at this moment, NotFoundError when it is gone.
    """
    row = tx.get_release(run.release)
    checklist, _, item = run.item.partition("/")
    last = run.attempts[-1] if run.attempts else None
    entry = ItemEntry(
        checklist,
        item,
        ItemState.DONE if run.phase is RunPhase.DONE else ItemState.FAILED,
        by=run.stop.by if run.stop is not None else BY,
        at=clock.now(),
        note=last.note if last is not None and last.ok is not None else run.why,
        output=last.output[-OUTPUT_CHARS:] if last else "",
    )
    release = replace(row.release, items=(*row.release.items, entry))
    tx.save_release(row, release, is_open=row.is_open, due_at=clock.now())
    _audit(tx, clock, release, entry)


def _audit(tx: Transaction, clock: Clock, release: Release, entry: ItemEntry) -> None:
    tx.append_audit(
        NewAuditEntry(
            at=clock.wall(),
            process_at=clock.now(),
            actor=entry.by,
            kind=f"item-{entry.state.value}",
            subject=release.id,
            why=f"{entry.checklist}/{entry.item}: {entry.note}",
        )
    )


def _run_id(release: Release, standing: ItemStanding, number: int) -> RunId:
    """Return the same id to whoever starts the same run, so that it is started once."""
    name = hashlib.sha256(standing.name.encode()).hexdigest()[:12]
    return RunId(f"{release.id}-{name}-{number}")


def _newest_point(tx: Transaction, clock: Clock, release: Release) -> SamplePoint | None:
    if not release.rollouts:
        return None
    after = clock.wall() - timedelta(seconds=STALE_S)
    points = tx.samples(RolloutId(release.rollouts[-1]), after=after, limit=1)
    return points[-1] if points else None


def _readings(point: SamplePoint, side: str) -> dict[str, Reading]:
    prefix = f"{side}."
    return {
        name.removeprefix(prefix): Reading(value)
        for name, value in point.figures.items()
        if name.startswith(prefix)
    }
