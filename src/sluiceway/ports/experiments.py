"""Where experiments, what their users did, and what they add up to are kept.

Part of `ports.store.Transaction`. Who was first seen with which variant stands in `ports.flags`
(`add_assignments`). Contract: `testing.store_experiments_contract`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sluiceway.domain.flags.experiment_model import ExperimentRecord, ExperimentState, Step


@dataclass(frozen=True, slots=True)
class ExperimentRow:
    """An experiment as stored. `version` grows with every save.

    Users first exposed before `counted_until` are in its steps, None before the start. `dropped` users and
    `dropped_events` came when as many as may be kept were there already.
    """

    record: ExperimentRecord
    version: int = 1
    counted_until: datetime | None = None
    events: int = 0
    dropped: int = 0
    dropped_events: int = 0


@dataclass(frozen=True, slots=True)
class MetricEventRow:
    """What a user (a hash) did: `count` events of a metric at one instant, with the sum of their values."""

    subject: str
    metric: str
    at: datetime
    count: int
    total: float


@dataclass(frozen=True, slots=True)
class SubjectRow:
    """A user who was seen with one variant only."""

    subject: str
    variant: str
    first_at: datetime


@dataclass(frozen=True, slots=True)
class Assigned:
    """How many users were seen with each variant only, and how many with several."""

    by_variant: Mapping[str, int]
    mixed: int = 0


class ExperimentRows(Protocol):
    """Experiments. They are known by service and id."""

    def add_experiment(self, record: ExperimentRecord) -> None:
        """Raise ConflictError when the service has an experiment of this id."""
        ...

    def get_experiment(self, service: str, experiment: str) -> ExperimentRow:
        """Raise NotFoundError."""
        ...

    def save_experiment(self, row: ExperimentRow, record: ExperimentRecord) -> None:
        """Raise ConflictError when somebody saved it since `row` was read."""
        ...

    def list_experiments(
        self,
        services: Collection[str] | None,
        *,
        state: ExperimentState | None = None,
        environment: str = "",
        limit: int,
    ) -> Sequence[ExperimentRow]:
        """Return the newest first; None is every service, every state; "" every environment."""
        ...

    def add_metric_events(
        self, service: str, experiment: str, rows: Sequence[MetricEventRow], *, dropped: int
    ) -> None:
        """Add what users did; note how many more were not taken."""
        ...

    def note_dropped_subjects(self, service: str, experiment: str, number: int) -> None:
        """Note how many users came when no more could be kept."""
        ...

    def experiment_subjects(
        self, service: str, environment: str, experiment: str, *, since: datetime, until: datetime
    ) -> Sequence[SubjectRow]:
        """Return users first seen in `since` <= .. < `until` that were seen with one variant only."""
        ...

    def metric_events(
        self, service: str, experiment: str, *, since: datetime, until: datetime
    ) -> Sequence[MetricEventRow]:
        """Return what users did in `since` <= .. <= `until`, in no order."""
        ...

    def assigned(self, service: str, environment: str, experiment: str) -> Assigned: ...

    def save_steps(self, row: ExperimentRow, steps: Sequence[Step], counted_until: datetime) -> bool:
        """Keep finished steps, forget events before `counted_until`.

        Return False and change nothing when somebody else counted since `row` was read.
        """
        ...

    def experiment_steps(
        self, service: str, experiment: str, *, after: datetime | None = None
    ) -> Sequence[Step]:
        """Return the steps in order, those that began after an instant."""
        ...

    def forget_experiment_details(self, service: str, environment: str, experiment: str) -> None:
        """Forget who took part and what they did. The steps and the record stay."""
        ...
