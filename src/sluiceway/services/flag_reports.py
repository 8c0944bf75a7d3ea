"""What applications report of flags, and which flags have done their work.

Reports are counts by flag, variant and hour; who saw what is kept for experiments only, by a hash. What they
say of experiments is the business of `experiments`, which flags are stale that of `flag_staleness`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sluiceway.domain.flags.references import Reference
from sluiceway.domain.people.model import Principal
from sluiceway.domain.process.team import Permission
from sluiceway.errors import InvalidInputError
from sluiceway.ports.flags import UsageRow
from sluiceway.services import access, experiment_intake
from sluiceway.services import flag_views as views
from sluiceway.services.experiment_intake import Did, Seen
from sluiceway.services.flag_base import MAX_ID_CHARS
from sluiceway.services.flag_proposals import FlagProposals
from sluiceway.services.flag_staleness import stale_flags

MAX_REPORTS = 5_000  # in one batch, exposures and metrics together
MAX_BATCH_CHARS = 64
KEPT_DAYS = 180  # hours of usage
BATCHES_KEPT_DAYS = 7
_MOST_COUNTED = 10**12
_PRUNED_AT_ONCE = 10_000
_EARLIEST = timedelta(days=7)  # before now; a clock that is wrong by more is taken as now


@dataclass(frozen=True, slots=True)
class Exposure:
    """A flag was worth a variant `count` times; `key` is whose, "" for many users together."""

    flag: str
    variant: str
    count: int
    first_at: datetime
    last_at: datetime
    key: str = ""


@dataclass(frozen=True, slots=True)
class ExposureBatch:
    """`id` is the sender's own: the same batch sent again counts once."""

    id: str
    exposures: Sequence[Exposure] = ()
    metrics: Sequence[Did] = ()


class FlagReports(FlagProposals):
    """Reporting takes a token of one service and environment; looking the right to read."""

    def record_exposures(self, by: Principal, batch: ExposureBatch, *, environment: str = "") -> bool:
        """Keep what an application reports; return whether the batch is new.

        Raises ForbiddenError for a token that is not of one service and environment (`environment` must be
        that one, where given), InvalidInputError for a batch that is too long or holds what can't be.
        """
        service, own = self._sets.for_principal(by)
        if environment not in {"", own}:
            raise InvalidInputError(f"the reports are of {environment[:100]!r}, the token of {own}")
        now = self._clock.wall()
        exposures = [_in_time(one, now) for one in _checked(batch)]
        with self._store.begin() as tx:
            if not tx.take_batch(service, own, batch.id, now):
                return False
            tx.add_usage(service, own, _by_hour(exposures))
            seen = [
                Seen(one.flag, one.variant, one.key, one.first_at, one.last_at)
                for one in exposures
                if one.key
            ]
            experiment_intake.take(tx, service, own, seen=seen, did=batch.metrics, now=now)
        return True

    def usage(
        self, service: str, environment: str, flag: str, by: Principal, *, days: float = 30.0
    ) -> Sequence[UsageRow]:
        """Return how often a flag was worth what, hour by hour."""
        since = self._clock.wall() - timedelta(days=days)
        with self._store.read() as tx:
            access.require(tx, by, Permission.READ, service)
            return tx.flag_usage(service, environment, flag=flag, since_hour=_hour(since))

    def prune_reports(self) -> int:
        """Forget batches after a week and hours after half a year; return how many rows that were."""
        now, pruned = self._clock.wall(), 0
        while True:
            with self._store.begin() as tx:
                gone = tx.prune_flag_reports(
                    batches_before=now - timedelta(days=BATCHES_KEPT_DAYS),
                    hours_before=_hour(now - timedelta(days=KEPT_DAYS)),
                    limit=_PRUNED_AT_ONCE,
                )
            pruned += gone
            if gone < _PRUNED_AT_ONCE:
                return pruned

    def stale_report(
        self,
        service: str,
        by: Principal,
        references: Mapping[str, Sequence[Reference]] | None = None,
    ) -> Sequence[views.StaleFlagView]:
        """Return the flags that have done their work, by id, each with why; `references` come with them."""
        with self._store.read() as tx:
            access.require(tx, by, Permission.READ, service)
            found = stale_flags(tx, service, self._clock.wall(), self._sets.items)
        lines = references or {}
        return tuple(
            views.StaleFlagView(service, one.flag, one.owner, one.reasons, tuple(lines.get(one.flag, ())))
            for one in found
        )


def _checked(batch: ExposureBatch) -> Sequence[Exposure]:
    number = len(batch.exposures) + len(batch.metrics)
    if number > MAX_REPORTS:
        raise InvalidInputError(f"the batch has {number} reports; send at most {MAX_REPORTS} at once")
    if not 1 <= len(batch.id) <= MAX_BATCH_CHARS or not batch.id.isascii() or not batch.id.isprintable():
        raise InvalidInputError(
            f"the batch is {batch.id[:100]!a}; give it an id of its own, such as a UUID, and the same when "
            "it is sent again"
        )
    for index, one in enumerate(batch.exposures):
        for what, text in (("flag", one.flag), ("variant", one.variant)):
            if len(text) > MAX_ID_CHARS or not text.isprintable() or (what == "flag" and not text):
                raise InvalidInputError(
                    f"exposures[{index}].{what} is {text[:MAX_ID_CHARS]!a}; use up to "
                    f"{MAX_ID_CHARS} printable characters"
                )
        if not 0 < one.count <= _MOST_COUNTED:
            raise InvalidInputError(f"exposures[{index}].count is {one.count}; use 1 or more")
    return batch.exposures


def _in_time(one: Exposure, now: datetime) -> Exposure:
    """Return a report with instants that can be: neither after now, nor long before, nor turned round."""
    last_at = min(one.last_at, now)
    if last_at < now - _EARLIEST:
        last_at = now
    first_at = max(min(one.first_at, last_at), now - _EARLIEST)
    return Exposure(one.flag, one.variant, one.count, first_at, last_at, one.key)


def _by_hour(exposures: Sequence[Exposure]) -> Sequence[UsageRow]:
    """Return the counts by flag, variant and the hour in which the report ended."""
    found: dict[tuple[str, str, int], UsageRow] = {}
    for one in exposures:
        key = (one.flag, one.variant, _hour(one.last_at))
        before = found.get(key)
        found[key] = UsageRow(
            *key,
            count=one.count + (before.count if before else 0),
            first_at=min(one.first_at, before.first_at) if before else one.first_at,
            last_at=max(one.last_at, before.last_at) if before else one.last_at,
        )
    return tuple(found.values())


def _hour(at: datetime) -> int:
    return int(at.timestamp() // 3_600)
