"""The part of a database transaction that `ports.experiments` describes."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import Connection

from sluiceway.adapters.store import experiment_rows
from sluiceway.domain.flags.experiment_model import ExperimentRecord, ExperimentState, Step
from sluiceway.ports.experiments import Assigned, ExperimentRow, MetricEventRow, SubjectRow


class ExperimentSql:
    """Experiments, what users did and what it adds up to, on one connection."""

    _connection: Connection

    def add_experiment(self, record: ExperimentRecord) -> None:
        experiment_rows.add(self._connection, record)

    def get_experiment(self, service: str, experiment: str) -> ExperimentRow:
        return experiment_rows.get(self._connection, service, experiment)

    def save_experiment(self, row: ExperimentRow, record: ExperimentRecord) -> None:
        experiment_rows.save(self._connection, row, record)

    def list_experiments(
        self,
        services: Collection[str] | None,
        *,
        state: ExperimentState | None = None,
        environment: str = "",
        limit: int,
    ) -> Sequence[ExperimentRow]:
        return experiment_rows.list_rows(
            self._connection, services, state=state, environment=environment, limit=limit
        )

    def add_metric_events(
        self, service: str, experiment: str, rows: Sequence[MetricEventRow], *, dropped: int
    ) -> None:
        experiment_rows.add_events(self._connection, service, experiment, rows, dropped=dropped)

    def note_dropped_subjects(self, service: str, experiment: str, number: int) -> None:
        experiment_rows.note_dropped(self._connection, service, experiment, number)

    def experiment_subjects(
        self, service: str, environment: str, experiment: str, *, since: datetime, until: datetime
    ) -> Sequence[SubjectRow]:
        return experiment_rows.subjects(
            self._connection, service, environment, experiment, since=since, until=until
        )

    def metric_events(
        self, service: str, experiment: str, *, since: datetime, until: datetime
    ) -> Sequence[MetricEventRow]:
        return experiment_rows.events(self._connection, service, experiment, since=since, until=until)

    def assigned(self, service: str, environment: str, experiment: str) -> Assigned:
        return experiment_rows.assigned(self._connection, service, environment, experiment)

    def save_steps(self, row: ExperimentRow, steps: Sequence[Step], counted_until: datetime) -> bool:
        return experiment_rows.save_steps(self._connection, row, steps, counted_until)

    def experiment_steps(
        self, service: str, experiment: str, *, after: datetime | None = None
    ) -> Sequence[Step]:
        return experiment_rows.steps(self._connection, service, experiment, after=after)

    def forget_experiment_details(self, service: str, environment: str, experiment: str) -> None:
        experiment_rows.forget_details(self._connection, service, environment, experiment)
