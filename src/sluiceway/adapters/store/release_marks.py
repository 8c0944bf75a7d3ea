"""The SQL that looks at many open releases without reading what they say: has something about one changed?

It is asked twice a second and whenever somebody looks at their work, so it must not grow with the releases
that have ended. Joins lead from the open ones outwards: outer joins keep SQLite from beginning at the other
end, and `== true()` is how it knows that the index of the open ones will do.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy import Connection, select, true

from sluiceway.adapters.store.schema import rollouts
from sluiceway.adapters.store.schema_releases import release_rollouts, releases, runs
from sluiceway.domain.checklists.model import RunPhase
from sluiceway.domain.releases.model import ReleaseId
from sluiceway.ports.releases import EndedRollout, ReleaseMark

_OVER = [phase.value for phase in RunPhase if phase.is_over]


def open_releases(connection: Connection, services: frozenset[str] | None) -> Sequence[ReleaseMark]:
    """Return the mark of every open release, newest first; None is every service."""
    owned, carried_out = (
        defaultdict[str, set[tuple[str, str]]](set),
        defaultdict[str, set[tuple[str, int]]](set),
    )
    for release, rollout, phase in connection.execute(
        select(releases.c.id, rollouts.c.id, rollouts.c.phase)
        .outerjoin(release_rollouts, release_rollouts.c.release_id == releases.c.id)
        .outerjoin(rollouts, rollouts.c.id == release_rollouts.c.rollout_id)
        .where(releases.c.is_open == true(), rollouts.c.id.is_not(None))
    ):
        owned[release].add((rollout, phase))
    for release, run, gen in connection.execute(
        select(releases.c.id, runs.c.id, runs.c.gen)
        .outerjoin(runs, runs.c.release_id == releases.c.id)
        .where(releases.c.is_open == true(), runs.c.phase.not_in(_OVER))
    ):
        carried_out[release].add((run, gen))
    query = (
        select(releases.c.id, releases.c.service, releases.c.version)
        .where(releases.c.is_open == true())
        .order_by(releases.c.seq.desc())
    )
    if services is not None:
        query = query.where(releases.c.service.in_(sorted(services)))
    return [
        ReleaseMark(
            ReleaseId(release), service, version, frozenset(owned[release]), frozenset(carried_out[release])
        )
        for release, service, version in connection.execute(query)
    ]


def ended_rollouts(connection: Connection) -> Sequence[EndedRollout]:
    """Return the finished rollouts of open releases, oldest release first."""
    query = (
        select(releases.c.id, releases.c.version, rollouts.c.id)
        .outerjoin(release_rollouts, release_rollouts.c.release_id == releases.c.id)
        .outerjoin(rollouts, rollouts.c.id == release_rollouts.c.rollout_id)
        .where(releases.c.is_open == true(), rollouts.c.finished == true())
        .order_by(releases.c.seq, rollouts.c.seq)
    )
    found = connection.execute(query)
    return [EndedRollout(ReleaseId(release), version, rollout) for release, version, rollout in found]
