"""Points of a rollout's plots, thinned as they come so that two weeks cost no more than an hour.

Points are counted: 0, 1, 2, ... The newest `RECENT` are all kept, so a live plot is complete. Of older ones
only those whose number divides by the rollout's *stride* stay. When more than `MAX_OLD` of them have gathered
the stride doubles and every other one goes. So at most `RECENT + MAX_OLD` points remain however long a
rollout runs, evenly spread over its life except for a finer end. What a decision rested on is not lost with
a point: the figures are in its audit entry.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select, update

from sluiceway.adapters.store import codec
from sluiceway.adapters.store.rollout_rows import require
from sluiceway.adapters.store.schema import sample_series, samples
from sluiceway.domain.rollouts.model import RolloutId
from sluiceway.ports.store import SamplePoint

RECENT = 600
MAX_OLD = 1_400


def add(connection: Connection, rollout_id: RolloutId, points: Sequence[SamplePoint]) -> None:
    """Append points in the order given. Raise NotFoundError for an unknown rollout."""
    if not points:
        return
    first, stride = _series(connection, rollout_id)
    connection.execute(
        insert(samples),
        [
            {"rollout_id": rollout_id, "n": n, "at": point.at, "figures": codec.sample_text(point.figures)}
            for n, point in enumerate(points, first)
        ],
    )
    next_n = first + len(points)
    stride = _thin(connection, rollout_id, first=first, next_n=next_n, stride=stride)
    connection.execute(
        update(sample_series)
        .where(sample_series.c.rollout_id == rollout_id)
        .values(next_n=next_n, stride=stride)
    )


def read(
    connection: Connection, rollout_id: RolloutId, *, after: datetime | None, limit: int
) -> Sequence[SamplePoint]:
    """Return oldest first, thinned evenly to at most `limit`; the newest is always among them."""
    query = select(samples.c.at, samples.c.figures).where(samples.c.rollout_id == rollout_id)
    if after is not None:
        query = query.where(samples.c.at > after)
    found = connection.execute(query.order_by(samples.c.n)).all()
    return [SamplePoint(found[i].at, codec.sample_of(found[i].figures)) for i in _even(len(found), limit)]


def _series(connection: Connection, rollout_id: RolloutId) -> tuple[int, int]:
    """Return the next number and the stride, locked until the transaction ends."""
    query = (
        select(sample_series.c.next_n, sample_series.c.stride)
        .where(sample_series.c.rollout_id == rollout_id)
        .with_for_update()
    )
    found = connection.execute(query).one_or_none()
    if found is None:
        require(connection, rollout_id)
        connection.execute(insert(sample_series).values(rollout_id=rollout_id, next_n=0, stride=1))
        return 0, 1
    return found.next_n, found.stride


def _thin(connection: Connection, rollout_id: RolloutId, *, first: int, next_n: int, stride: int) -> int:
    """Drop what is no longer recent and off the stride; return the stride, doubled as often as needed."""
    old_end = next_n - RECENT
    if old_end <= 0:
        return stride
    mine = samples.c.rollout_id == rollout_id
    off_stride = delete(samples).where(mine, samples.c.n < old_end)
    # Only points that left the recent window just now can be off the stride as it is.
    connection.execute(off_stride.where(samples.c.n >= first - RECENT, samples.c.n % stride != 0))
    while _kept(old_end, stride) > MAX_OLD:
        stride *= 2
        connection.execute(off_stride.where(samples.c.n % stride != 0))
    return stride


def _kept(old_end: int, stride: int) -> int:
    """Return how many numbers below `old_end` divide by the stride."""
    return (old_end + stride - 1) // stride


def _even(count: int, limit: int) -> Sequence[int]:
    if count <= limit:
        return range(count)
    if limit <= 1:
        return range(count - 1, count) if limit == 1 else range(0)
    return [index * (count - 1) // (limit - 1) for index in range(limit)]
