"""What applications report, as far as experiments that run want it: who saw which variant, and did what.

Called inside the transaction that takes a batch of reports, so that a batch counts once or not at all. What
it adds up to is the business of `experiment_counting`.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sluiceway.domain.flags.experiment_model import ExperimentState
from sluiceway.ports.experiments import ExperimentRow, MetricEventRow
from sluiceway.ports.flags import AssignmentRow
from sluiceway.ports.store import Transaction

MOST_RUNNING: Final = 200  # experiments of one service
_EVENTS_PER_SUBJECT: Final = 50  # on average, over the whole experiment
_HASH: Final = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Seen:
    """A user (targeting key, or its hash) who was served a variant from `first_at` to `last_at`."""

    flag: str
    variant: str
    key: str
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True, slots=True)
class Did:
    """A metric event of a user."""

    metric: str
    key: str
    value: float
    at: datetime


def hidden_key(service: str, key: str) -> str:
    """Return by what a user is known: the SHA-256 of service, colon and key; a hash given is taken as it is.

    Clients hash as well, so that keys need not leave the application: see `flags_sdk.exposures`.
    """
    if _HASH.fullmatch(key):
        return key
    return hashlib.sha256(f"{service}:{key}".encode("utf-8", "surrogatepass")).hexdigest()


def take(
    tx: Transaction,
    service: str,
    environment: str,
    *,
    seen: Sequence[Seen],
    did: Sequence[Did],
    now: datetime,
) -> None:
    """Keep what experiments that run on flags of this service and environment want to know.

    What was before the start of an experiment doesn't count: whoever goes on seeing the flag counts from the
    start on. Instants after `now` (wall time) are taken as now. Beyond the experiment's bounds users and
    events are counted and not kept.
    """
    rows = tx.list_experiments(
        {service}, state=ExperimentState.RUNNING, environment=environment, limit=MOST_RUNNING
    )
    for row in rows:
        _take_seen(tx, row, seen, now)
        _take_did(tx, row, did, now)


def _take_seen(tx: Transaction, row: ExperimentRow, seen: Sequence[Seen], now: datetime) -> None:
    plan, started_at = row.record.plan, row.record.started_at
    if started_at is None:
        return
    arms = {share.variant for share in plan.split if share.weight > 0}
    new = [
        AssignmentRow(
            plan.id,
            hidden_key(plan.service, one.key),
            one.variant,
            min(max(one.first_at, started_at), now),
        )
        for one in seen
        if one.key and one.flag == plan.flag and one.variant in arms and one.last_at >= started_at
    ]
    if not new:
        return
    dropped = tx.add_assignments(plan.service, plan.environment, new, limit=plan.max_subjects)
    if dropped:
        tx.note_dropped_subjects(plan.service, plan.id, dropped)


def _take_did(tx: Transaction, row: ExperimentRow, did: Sequence[Did], now: datetime) -> None:
    plan, started_at = row.record.plan, row.record.started_at
    if started_at is None:
        return
    since = row.counted_until or started_at
    wanted = [
        one
        for one in did
        if one.key and one.metric in plan.events and one.at >= since and math.isfinite(one.value)
    ]
    room = max(0, plan.max_subjects * _EVENTS_PER_SUBJECT - row.events)
    added: dict[tuple[str, str, datetime], MetricEventRow] = {}
    for one in wanted[:room]:
        subject, at = hidden_key(plan.service, one.key), min(one.at, now)
        before = added.get((subject, one.metric, at))
        count, total = (before.count, before.total) if before is not None else (0, 0.0)
        added[subject, one.metric, at] = MetricEventRow(subject, one.metric, at, count + 1, total + one.value)
    if wanted:
        tx.add_metric_events(
            plan.service, plan.id, list(added.values()), dropped=len(wanted) - len(wanted[:room])
        )


def by_subject(
    events: Sequence[MetricEventRow],
) -> Mapping[str, Sequence[MetricEventRow]]:
    """Return events by who they are of."""
    found: dict[str, list[MetricEventRow]] = {}
    for event in events:
        found.setdefault(event.subject, []).append(event)
    return found
