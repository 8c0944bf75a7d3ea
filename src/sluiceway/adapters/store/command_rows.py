"""People's acts on their way to the reconciler: queued, then taken up or refused with a reason."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, false, insert, select, update

from sluiceway.adapters.store import codec
from sluiceway.adapters.store.schema import commands, rollouts
from sluiceway.domain.rollouts.model import Command, RolloutId
from sluiceway.errors import IllegalMoveError, NotFoundError
from sluiceway.ports.store import PendingCommand


def add(connection: Connection, rollout_id: RolloutId, command: Command) -> int:
    """Queue a command; raise NotFoundError, or IllegalMoveError when the rollout has finished."""
    # The row is locked, so that a rollout can't finish between this look and the insert.
    found = connection.execute(
        select(rollouts.c.finished, rollouts.c.phase).where(rollouts.c.id == rollout_id).with_for_update()
    ).one_or_none()
    if found is None:
        raise NotFoundError(f'there is no rollout "{rollout_id}"; `sluice rollout list` shows what exists')
    if found.finished:
        raise IllegalMoveError(
            f"rollout {rollout_id} has finished ({found.phase}); it can't take {command.kind.value} any more"
        )
    done = connection.execute(
        insert(commands)
        .values(rollout_id=rollout_id, body=codec.command_text(command), taken=False)
        .returning(commands.c.id)
    )
    return int(done.scalar_one())


def pending(connection: Connection, rollout_id: RolloutId) -> Sequence[PendingCommand]:
    """Return what waits, in the order it was asked."""
    found = connection.execute(
        select(commands.c.id, commands.c.body)
        .where(commands.c.rollout_id == rollout_id, commands.c.taken == false())
        .order_by(commands.c.id)
    )
    return [PendingCommand(row.id, rollout_id, codec.command_of(row.body)) for row in found]


def finish(connection: Connection, command_id: int, refusal: str | None) -> None:
    """Record the answer; the first answer stays. Raise NotFoundError for an unknown id."""
    done = connection.execute(
        update(commands)
        .where(commands.c.id == command_id, commands.c.taken == false())
        .values(taken=True, refusal=None if refusal is None else codec.storable(refusal))
    )
    if done.rowcount == 0:
        answer(connection, command_id)


def answer(connection: Connection, command_id: int) -> tuple[bool, str | None]:
    """Return whether it was taken up and, if refused, why. Raise NotFoundError for an unknown id."""
    found = connection.execute(
        select(commands.c.taken, commands.c.refusal).where(commands.c.id == command_id)
    ).one_or_none()
    if found is None:
        raise NotFoundError(f"there is no command {command_id}")
    return bool(found.taken), found.refusal
