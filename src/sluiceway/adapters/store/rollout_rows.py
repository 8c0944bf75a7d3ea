"""Rows of rollouts: who holds what, whose turn it is, and who may save.

Two rules make a claim safe. Every claim raises `gen`, and a save counts only while `gen` is still the one it
was claimed with, so a worker that was overtaken can't undo its successor. And a wake that comes while a claim
is held is kept aside and honoured by the save, so no event is slept through.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    BindParameter,
    Connection,
    Integer,
    Row,
    and_,
    bindparam,
    case,
    false,
    func,
    insert,
    literal,
    null,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.exc import IntegrityError

from sluiceway.adapters.store import codec
from sluiceway.adapters.store.schema import UtcDateTime, commands, rollouts
from sluiceway.domain.process.plan import Ingress
from sluiceway.domain.rollouts.model import RolloutId, RolloutState
from sluiceway.domain.rollouts.moves import has_moved
from sluiceway.errors import ConflictError, InvalidInputError, NotFoundError, StoreError
from sluiceway.ports.store import RolloutRow

MIN_PREFIX = 4
MAX_CANDIDATES_SHOWN = 5
# A lease that ends later than this many lease times from now was not given by today's clock: the system
# clock was set back since. It counts as expired; `gen` refuses its holder if that one still lives.
LEASE_TIMES_BELIEVED = 10
_UNREADABLE_PAUSE = timedelta(minutes=1)
_ANY_HOST = frozenset({"", "0.0.0.0", "::", "*"})  # compared with, never bound to
_LOOPBACK = {"localhost": "127.0.0.1", "::1": "127.0.0.1"}

_log = logging.getLogger(__name__)


def _instant(name: str) -> BindParameter[datetime]:
    return bindparam(name, type_=UtcDateTime)


# The statements of every tick are built once: building takes longer than SQLite needs to run them.
_DUE = (
    select(rollouts)
    .where(
        rollouts.c.finished == false(),
        rollouts.c.due_at <= _instant("now"),
        or_(
            rollouts.c.lease_until.is_(None),
            rollouts.c.lease_until <= _instant("now"),
            rollouts.c.lease_until > _instant("believed"),
        ),
    )
    .order_by(rollouts.c.due_at)
    .limit(bindparam("at_most", type_=Integer))
    .with_for_update(skip_locked=True)  # nothing on SQLite, where the transaction is alone anyway
)
_CLAIM = (
    update(rollouts)
    .where(rollouts.c.id.in_(bindparam("ids", expanding=True)))
    .values(
        gen=rollouts.c.gen + 1,
        lease_until=_instant("until"),
        lease_owner=bindparam("owner"),
        wake_at=case((rollouts.c.wake_at > _instant("now"), rollouts.c.wake_at), else_=null()),
    )
)
_SAVE_FINISHED = (
    update(rollouts)
    .where(rollouts.c.id == bindparam("row_id"), rollouts.c.gen == bindparam("claimed_gen"))
    .values(
        state=bindparam("new_state"),
        phase=bindparam("new_phase"),
        finished=true(),
        version=rollouts.c.version + bindparam("moves", type_=Integer),
        due_at=_instant("asked"),
        wake_at=null(),
        lease_until=null(),
        lease_owner=null(),
    )
)
_SAVE = _SAVE_FINISHED.values(
    finished=false(),
    due_at=case(
        (
            and_(
                rollouts.c.wake_at.is_not(None),
                or_(_instant("asked").is_(None), rollouts.c.wake_at < _instant("asked")),
            ),
            rollouts.c.wake_at,
        ),
        else_=_instant("asked"),
    ),
)


def insert_row(connection: Connection, row: RolloutRow) -> None:
    """Raise ConflictError when another unfinished rollout holds the same service or ingress address."""
    finished = row.state.phase.is_terminal
    if not finished:
        _refuse_taken(connection, row)
    try:
        with connection.begin_nested():
            connection.execute(
                insert(rollouts).values(
                    id=row.id,
                    service=row.setup.service.name,
                    listen_host=_host(row.setup.ingress),
                    listen_port=row.setup.ingress.port,
                    phase=row.state.phase.value,
                    finished=finished,
                    setup=codec.setup_text(row.setup),
                    state=codec.state_text(row.state),
                    gen=row.gen,
                    version=row.version,
                    due_at=None if finished else row.due_at,
                    lease_until=row.lease_until,
                    created_at=row.created_at,
                    created_by=codec.storable(row.created_by),
                )
            )
    except IntegrityError as exc:
        # Another transaction inserted in between: with what it left the check names the holder.
        _refuse_taken(connection, row)
        raise ConflictError(f"rollout {row.id} exists already; start it under a new id") from exc


def get_row(connection: Connection, rollout_id: str) -> RolloutRow:
    """Find by id, or by a part only one id begins or ends with. Raise NotFoundError or InvalidInputError."""
    found = connection.execute(select(rollouts).where(rollouts.c.id == rollout_id)).one_or_none()
    if found is not None:
        return _row(found)
    part = rollout_id.strip().lower()
    if len(part) < MIN_PREFIX:
        raise NotFoundError(
            f'there is no rollout "{rollout_id}"; give its id or at least {MIN_PREFIX} characters of it'
        )
    # Ids begin with their time of creation, so it is often the end of an id that tells two of them apart.
    fits = or_(rollouts.c.id.startswith(part, autoescape=True), rollouts.c.id.endswith(part, autoescape=True))
    ids = (
        connection.execute(
            select(rollouts.c.id).where(fits).order_by(rollouts.c.seq.desc()).limit(MAX_CANDIDATES_SHOWN + 1)
        )
        .scalars()
        .all()
    )
    if not ids:
        raise NotFoundError(f'there is no rollout "{rollout_id}"; `sluice rollout list` shows what exists')
    if len(ids) > 1:
        shown = ", ".join(ids[:MAX_CANDIDATES_SHOWN])
        more = ", ..." if len(ids) > MAX_CANDIDATES_SHOWN else ""
        raise InvalidInputError(f'"{rollout_id}" fits several rollouts: {shown}{more}; give more characters')
    return _row(connection.execute(select(rollouts).where(rollouts.c.id == ids[0])).one())


def get_several(connection: Connection, rollout_ids: Collection[RolloutId]) -> Sequence[RolloutRow]:
    """Return those of these that exist, in no order."""
    if not rollout_ids:
        return ()
    query = select(rollouts).where(rollouts.c.id.in_(rollout_ids))
    return [_row(found) for found in connection.execute(query)]


def newest(connection: Connection) -> Sequence[RolloutRow]:
    """Return the newest rollout of each service that has an ingress, by service; a flag's has none."""
    last = select(func.max(rollouts.c.seq)).where(rollouts.c.listen_port > 0).group_by(rollouts.c.service)
    query = select(rollouts).where(rollouts.c.seq.in_(last)).order_by(rollouts.c.service)
    return [_row(found) for found in connection.execute(query)]


def list_rows(
    connection: Connection,
    *,
    service: str | None,
    services: Collection[str] | None = None,
    active_only: bool,
    limit: int,
    before: RolloutId | None,
) -> Sequence[RolloutRow]:
    """Return newest first. Raise NotFoundError when `before` names no rollout."""
    query = select(rollouts).order_by(rollouts.c.seq.desc()).limit(limit)
    if service is not None:
        query = query.where(rollouts.c.service == service)
    if services is not None:
        query = query.where(rollouts.c.service.in_([codec.storable(name) for name in services]))
    if active_only:
        query = query.where(rollouts.c.finished == false())
    if before is not None:
        last = connection.execute(select(rollouts.c.seq).where(rollouts.c.id == before)).scalar_one_or_none()
        if last is None:
            raise NotFoundError(
                f'there is no rollout "{before}" to continue after; start from the first page'
            )
        query = query.where(rollouts.c.seq < last)
    return [_row(found) for found in connection.execute(query)]


def claim(
    connection: Connection, *, now: datetime, lease_s: float, limit: int, owner: str
) -> Sequence[RolloutRow]:
    """Claim what is due and free, longest due first. A row that can't be read is put off, not waited for."""
    believed = now + timedelta(seconds=LEASE_TIMES_BELIEVED * lease_s)
    lease_until = now + timedelta(seconds=lease_s)
    claimed: list[RolloutRow] = []
    for found in connection.execute(_DUE, {"now": now, "believed": believed, "at_most": limit}).all():
        try:
            row = _row(found)
        except StoreError:
            _log.exception("rollout %s can't be read and is put off for a minute", found.id)
            connection.execute(
                update(rollouts).where(rollouts.c.seq == found.seq).values(due_at=now + _UNREADABLE_PAUSE)
            )
            continue
        claimed.append(replace(row, gen=row.gen + 1, lease_until=lease_until))
    if claimed:
        connection.execute(
            _CLAIM,
            {"ids": [row.id for row in claimed], "until": lease_until, "owner": owner, "now": now},
        )
    return claimed


def save(connection: Connection, row: RolloutRow, state: RolloutState, due_at: datetime | None) -> bool:
    """Save and give the lease back if nobody claimed the row since; return whether it was saved."""
    finished = state.phase.is_terminal
    saved = connection.execute(
        _SAVE_FINISHED if finished else _SAVE,
        {
            "row_id": row.id,
            "claimed_gen": row.gen,
            "new_state": codec.state_text(state),
            "new_phase": state.phase.value,
            "asked": None if finished else due_at,
            "moves": 1 if has_moved(row.state, state) else 0,
        },
    )
    if saved.rowcount == 0:
        return False
    if finished:
        # Nobody will look at this row again, so whoever waits for an answer gets it now.
        connection.execute(
            update(commands)
            .where(commands.c.rollout_id == row.id, commands.c.taken == false())
            .values(taken=True, refusal=f"the rollout has finished ({state.phase.value})")
        )
    return True


def wake(connection: Connection, rollout_id: RolloutId | None, at: datetime) -> int:
    """Make one unfinished rollout (None: all) due no later than `at`; return how many rows that touched."""
    moment = literal(at, UtcDateTime)
    query = update(rollouts).where(rollouts.c.finished == false())
    if rollout_id is not None:
        query = query.where(rollouts.c.id == rollout_id)
    done = connection.execute(
        query.values(
            due_at=case((rollouts.c.due_at <= at, rollouts.c.due_at), else_=moment),
            wake_at=case((rollouts.c.wake_at <= at, rollouts.c.wake_at), else_=moment),
        )
    )
    if done.rowcount == 0 and rollout_id is not None:
        require(connection, rollout_id)
    return done.rowcount


def release_leases(connection: Connection, owner: str) -> int:
    done = connection.execute(
        update(rollouts).where(rollouts.c.lease_owner == owner).values(lease_until=None, lease_owner=None)
    )
    return done.rowcount


def require(connection: Connection, rollout_id: str) -> None:
    """Raise NotFoundError for an unknown id."""
    if connection.execute(select(rollouts.c.seq).where(rollouts.c.id == rollout_id)).one_or_none() is None:
        raise NotFoundError(f'there is no rollout "{rollout_id}"; `sluice rollout list` shows what exists')


def _refuse_taken(connection: Connection, row: RolloutRow) -> None:
    """Raise ConflictError naming the unfinished rollout that holds the service or the address."""
    service, ingress = row.setup.service.name, row.setup.ingress
    others = connection.execute(
        select(rollouts.c.id, rollouts.c.service, rollouts.c.listen_host).where(
            rollouts.c.finished == false(),
            rollouts.c.id != row.id,
            or_(rollouts.c.service == service, rollouts.c.listen_port == ingress.port),
        )
    ).all()
    for other in others:
        if other.service == service:
            raise ConflictError(
                f'rollout {other.id} of service "{service}" is not finished; wait for it, or abort it first'
            )
    for other in others:
        hosts = {other.listen_host, _host(ingress)}
        if len(hosts) == 1 or hosts & _ANY_HOST:
            raise ConflictError(
                f"the ingress address {ingress.host}:{ingress.port} is held by rollout {other.id} of service "
                f'"{other.service}"; give this service another port, or wait for that rollout'
            )


def _host(ingress: Ingress) -> str:
    host = ingress.host.strip().lower()
    return _LOOPBACK.get(host, host)


def _row(found: Row[Any]) -> RolloutRow:
    try:
        setup, state = codec.setup_of(found.setup), codec.state_of(found.state)
    except StoreError as exc:
        raise StoreError(f"rollout {found.id}: {exc}") from exc
    return RolloutRow(
        id=RolloutId(found.id),
        setup=setup,
        state=state,
        gen=found.gen,
        version=found.version,
        due_at=found.due_at,
        lease_until=found.lease_until,
        created_at=found.created_at,
        created_by=found.created_by,
    )
