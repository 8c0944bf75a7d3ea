"""Counting finished users of an experiment, step by step, and knowing what the steps say.

Each step is counted once, by whoever comes first; what is known is kept in memory and learned again from the
stored steps after a restart.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from sluiceway.domain.flags.experiment_curves import Known, learn, nothing_known
from sluiceway.domain.flags.experiment_model import ExperimentPlan, Step
from sluiceway.domain.flags.experiment_steps import (
    Events,
    Subject,
    finished_before,
    is_in_window,
    step_end,
    step_of,
    tally,
)
from sluiceway.ports.experiments import ExperimentRow, MetricEventRow
from sluiceway.ports.store import Transaction
from sluiceway.services.experiment_intake import by_subject

STEPS_AT_ONCE: Final = 200  # in one transaction, so that nobody else waits long
_MOST_KEPT: Final = 100  # experiments whose evidence is kept in memory


def count_finished(tx: Transaction, row: ExperimentRow, now: datetime) -> ExperimentRow | None:
    """Count the users who are finished at `now` (wall time), at most 200 steps of them.

    Return the row as it is afterwards; None when there is nothing to count, or somebody else did.
    """
    plan, started_at = row.record.plan, row.record.started_at
    if started_at is None:
        return None
    since = row.counted_until or started_at
    until = finished_before(plan, started_at, now)
    if until <= since:
        return None
    steps: list[Step] = []
    for _ in range(STEPS_AT_ONCE):
        if since >= until:
            break
        end = step_end(started_at, step_of(started_at, since))
        step = _step(tx, plan, since, end)
        steps += [step] if step.tallies else []
        since = end
    if not tx.save_steps(row, steps, since):
        return None
    return replace(row, counted_until=since)


class Evidence:
    """What the steps of experiments say. May be asked from any thread."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str, datetime | None], Known] = {}
        self._lock = threading.Lock()

    def of(self, tx: Transaction, row: ExperimentRow) -> Known:
        """Return what is known of an experiment, with all steps that the transaction sees."""
        plan = row.record.plan
        key = (plan.service, plan.id, row.record.started_at)
        with self._lock:
            known = self._known.get(key) or nothing_known(plan)
        steps = tx.experiment_steps(plan.service, plan.id, after=known.last_at)
        known = learn(known, plan, steps)
        with self._lock:
            self._known.pop(key, None)
            self._known[key] = known
            while len(self._known) > _MOST_KEPT:
                del self._known[next(iter(self._known))]
        return known


def _step(tx: Transaction, plan: ExperimentPlan, since: datetime, until: datetime) -> Step:
    subjects = tx.experiment_subjects(plan.service, plan.environment, plan.id, since=since, until=until)
    if not subjects:
        return Step(since)
    window = timedelta(seconds=plan.window_s)
    events = by_subject(tx.metric_events(plan.service, plan.id, since=since, until=until + window))
    return tally(
        plan,
        since,
        [Subject(one.variant, _events(plan, one.first_at, events.get(one.subject, ()))) for one in subjects],
    )


def _events(
    plan: ExperimentPlan, first_at: datetime, events: Sequence[MetricEventRow]
) -> Mapping[str, Events]:
    found: dict[str, Events] = {}
    for event in events:
        if is_in_window(plan, first_at, event.at):
            before = found.get(event.metric, Events())
            found[event.metric] = Events(before.count + event.count, before.total + event.total)
    return found
