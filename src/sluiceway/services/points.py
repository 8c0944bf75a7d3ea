"""The use cases of pushed figures: take a batch of points, and forget old ones.

Which points are taken is decided by `domain.points.admission`; here it meets what is known of the service.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sluiceway.domain.people.model import Principal
from sluiceway.domain.points.admission import (
    MAX_ID_CHARS,
    Admitted,
    Place,
    Refused,
    admit,
    problem_of_names,
)
from sluiceway.domain.points.model import KEPT_S, MAX_POINTS, Fate, Point, RawPoint
from sluiceway.domain.process.team import Permission
from sluiceway.domain.rollouts.model import RolloutId
from sluiceway.errors import InvalidInputError, NotFoundError
from sluiceway.ports.clock import Clock
from sluiceway.ports.store import RolloutRow, Store, Transaction
from sluiceway.services import access

_PRUNED_AT_ONCE = 10_000  # points in one transaction, so that nobody else waits long


@dataclass(frozen=True, slots=True)
class PointView:
    """What became of one point: `index` is its place in the batch, `fate` as in `domain.points.model.Fate`.

    `reason` says why it was not taken, or what to know although it was; "" when there is nothing to say.
    """

    index: int
    id: str
    fate: str
    reason: str


class PointsService:
    """Every method opens its own transactions and may be called from any thread."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def take(self, batch: Sequence[RawPoint | Refused], by: Principal) -> Sequence[PointView]:
        """Keep what can be kept of a batch, each point once; return what became of each, in order.

        Points of a service that `by` may push no figures of are refused one by one. All that is kept lands
        together, or nothing when the database fails (StoreError): send it again then. An item that could not
        be read comes in as why. Raises InvalidInputError for a batch that is too long.
        """
        if len(batch) > MAX_POINTS:
            raise InvalidInputError(f"the batch has {len(batch)} points; send at most {MAX_POINTS} at once")
        now = self._clock.wall()
        with self._store.begin() as tx:
            found = _Finder(tx, by, now)
            results = [raw if isinstance(raw, Refused) else found.admitted(raw) for raw in batch]
            taken = [result.point for result in results if isinstance(result, Admitted)]
            known = iter(tx.add_points(taken, sender=by.through or by.name, arrived_at=now))
            return tuple(
                _view(index, raw, result, next(known) if isinstance(result, Admitted) else None)
                for index, (raw, result) in enumerate(zip(batch, results, strict=True))
            )

    def prune(self) -> int:
        """Forget the points that arrived 30 days ago or earlier; return how many."""
        before = self._clock.wall() - timedelta(seconds=KEPT_S)
        pruned = 0
        while True:
            with self._store.begin() as tx:
                gone = tx.prune_points(before, _PRUNED_AT_ONCE)
            pruned += gone
            if gone < _PRUNED_AT_ONCE:
                return pruned


class _Finder:
    """Finds out, once per batch, what is known of the services that points are about."""

    def __init__(self, tx: Transaction, by: Principal, now: datetime) -> None:
        self._tx = tx
        self._by = by
        self._refusals: dict[str, str] = {}
        self._now = now
        self._places: dict[str, Place | None] = {}
        self._rollouts: dict[str, RolloutRow | str] = {}

    def admitted(self, raw: RawPoint) -> Admitted | Refused:
        """Return the point to keep, or why it is not."""
        problem = problem_of_names(raw)
        if problem:
            return Refused(problem)
        if raw.rollout is not None:
            row = self._rollout(raw.rollout)
            if isinstance(row, str):
                return Refused(row)
            service = row.setup.service.name
            if raw.service not in {None, service}:
                return Refused(f"rollout {row.id} is of {service}, not of {raw.service}")
            version, rollout = str(row.state.new), str(row.id)
        else:
            assert raw.service is not None
            assert raw.version is not None
            service, version, rollout = raw.service, raw.version, ""
        refusal = self._refusal(service)
        if refusal:
            return Refused(refusal)
        place = self._place(service)
        if place is None:
            return Refused(f"there is no service {service!r}: a service is known from its first rollout on")
        return admit(raw, place, version, rollout, self._now)

    def _refusal(self, service: str) -> str:
        """Return why `by` may push no figures of a service, "" when they may."""
        if service not in self._refusals:
            only = self._by.services
            if only is not None and service not in only:
                self._refusals[service] = f"this token is for {', '.join(only)} only, not for {service}"
            elif not access.is_allowed(self._tx, self._by, Permission.PUSH, service):
                self._refusals[service] = f"{self._by.name} may push no figures of {service}"
            else:
                self._refusals[service] = ""
        return self._refusals[service]

    def _rollout(self, rollout_id: str) -> RolloutRow | str:
        """Return the rollout, or in words why it can't be found."""
        if rollout_id not in self._rollouts:
            try:
                self._rollouts[rollout_id] = self._tx.get_rollout(RolloutId(rollout_id))
            except (NotFoundError, InvalidInputError) as error:
                self._rollouts[rollout_id] = str(error)
        return self._rollouts[rollout_id]

    def _place(self, service: str) -> Place | None:
        if service not in self._places:
            rows = self._tx.list_rollouts(service=service, active_only=True, limit=1, before=None)
            rows = rows or self._tx.list_rollouts(service=service, active_only=False, limit=1, before=None)
            self._places[service] = _place_of(rows[0]) if rows else None
        return self._places[service]


def _place_of(row: RolloutRow) -> Place:
    state = row.state
    is_under_way = not state.phase.is_terminal
    analysis = state.plan.analysis if is_under_way else None
    return Place(
        service=row.setup.service.name,
        versions=frozenset({str(state.stable), str(state.new)}),
        own={spec.name: spec for spec in row.setup.metrics},
        began_at=row.created_at if is_under_way else None,
        analysed={metric.name: metric for metric in analysis.metrics} if analysis else {},
    )


def _view(
    index: int, raw: RawPoint | Refused, result: Admitted | Refused, known_digest: str | None
) -> PointView:
    given = (raw.id or "")[:MAX_ID_CHARS]
    point_id = given if given.isprintable() else ""  # half a surrogate pair could not be sent back
    if isinstance(result, Refused):
        return PointView(index, point_id, Fate.REFUSED, result.reason)
    fate, reason = _fate(result.point, known_digest), result.note
    if fate is Fate.CONFLICT:
        reason = "another point with this id is there already and was left as it is; send it under its own id"
    elif fate is Fate.DUPLICATE:
        reason = ""
    return PointView(index, point_id, fate, reason)


def _fate(point: Point, known_digest: str | None) -> Fate:
    if known_digest is None:
        return Fate.LATE if point.is_late else Fate.STORED
    return Fate.DUPLICATE if known_digest == point.digest else Fate.CONFLICT
