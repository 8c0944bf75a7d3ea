"""The SQL of experiments: records saved by compare-and-swap, events of users, finished steps."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from sluiceway.adapters.store import codec
from sluiceway.adapters.store.flag_rows import upsert
from sluiceway.adapters.store.schema_experiments import experiment_events, experiment_steps, experiments
from sluiceway.adapters.store.schema_flags import flag_assignments
from sluiceway.domain.flags.experiment_model import ExperimentRecord, ExperimentState, Step, Tally
from sluiceway.errors import ConflictError, NotFoundError, StoreError
from sluiceway.ports.experiments import Assigned, ExperimentRow, MetricEventRow, SubjectRow


def add(connection: Connection, record: ExperimentRecord) -> None:
    """Raise ConflictError when the service has an experiment of this id."""
    query = insert(experiments).values(
        service=record.plan.service,
        id=record.plan.id,
        environment=record.plan.environment,
        version=1,
        events=0,
        dropped=0,
        dropped_events=0,
        **_columns(record),
    )
    try:
        connection.execute(query)
    except IntegrityError as error:
        raise ConflictError(
            f"{record.plan.service} has an experiment {record.plan.id} already; choose another id, also when"
            " the first one is over: its figures are kept"
        ) from error


def get(connection: Connection, service: str, experiment: str) -> ExperimentRow:
    """Raise NotFoundError."""
    found = connection.execute(select(experiments).where(*_is(service, experiment))).one_or_none()
    if found is None:
        raise NotFoundError(
            f"{service[:100]} has no experiment {experiment[:100]!r}; list them to see what exists"
        )
    return _row(found)


def save(connection: Connection, row: ExperimentRow, record: ExperimentRecord) -> None:
    """Raise ConflictError when somebody saved it since `row` was read."""
    plan = row.record.plan
    done = connection.execute(
        update(experiments)
        .where(*_is(plan.service, plan.id), experiments.c.version == row.version)
        .values(version=row.version + 1, **_columns(record))
    )
    if done.rowcount == 0:
        raise ConflictError(
            f"the experiment {plan.id} was changed by somebody else while you looked at it; look again, then"
            " repeat"
        )


def list_rows(
    connection: Connection,
    services: Collection[str] | None,
    *,
    state: ExperimentState | None,
    environment: str,
    limit: int,
) -> Sequence[ExperimentRow]:
    """Return the newest first."""
    query = select(experiments).order_by(experiments.c.seq.desc()).limit(limit)
    if services is not None:
        query = query.where(experiments.c.service.in_(sorted(services)))
    if state is not None:
        query = query.where(experiments.c.state_name == state.value)
    if environment:
        query = query.where(experiments.c.environment == environment)
    return [_row(found) for found in connection.execute(query)]


def add_events(
    connection: Connection, service: str, experiment: str, rows: Sequence[MetricEventRow], *, dropped: int
) -> None:
    """Add to what is there; written in one order, so that no two writers wait in a circle."""
    for row in sorted(rows, key=lambda one: (one.at, one.subject, one.metric)):
        query = upsert(connection, experiment_events).values(
            service=service,
            experiment=experiment,
            at=row.at,
            subject=row.subject,
            metric=row.metric,
            count=row.count,
            total=row.total,
        )
        connection.execute(
            query.on_conflict_do_update(
                index_elements=["service", "experiment", "at", "subject", "metric"],
                set_={
                    "count": experiment_events.c.count + query.excluded.count,
                    "total": experiment_events.c.total + query.excluded.total,
                },
            )
        )
    if rows or dropped:
        connection.execute(
            update(experiments)
            .where(*_is(service, experiment))
            .values(
                events=experiments.c.events + len(rows),
                dropped_events=experiments.c.dropped_events + dropped,
            )
        )


def note_dropped(connection: Connection, service: str, experiment: str, number: int) -> None:
    """Add to the users that came when no more could be kept."""
    connection.execute(
        update(experiments).where(*_is(service, experiment)).values(dropped=experiments.c.dropped + number)
    )


def subjects(
    connection: Connection,
    service: str,
    environment: str,
    experiment: str,
    *,
    since: datetime,
    until: datetime,
) -> Sequence[SubjectRow]:
    """Return users first seen in this time that were seen with one variant only."""
    table = flag_assignments.c
    query = select(table.subject, table.variant, table.first_at).where(
        _takes_part(service, environment, experiment),
        table.first_at >= since,
        table.first_at < until,
        table.is_mixed.is_(False),
    )
    return [SubjectRow(*found) for found in connection.execute(query)]


def events(
    connection: Connection, service: str, experiment: str, *, since: datetime, until: datetime
) -> Sequence[MetricEventRow]:
    """Return what users did in this time."""
    table = experiment_events.c
    query = select(table.subject, table.metric, table.at, table.count, table.total).where(
        _of(experiment_events, service, experiment), table.at >= since, table.at <= until
    )
    return [MetricEventRow(*found) for found in connection.execute(query)]


def assigned(connection: Connection, service: str, environment: str, experiment: str) -> Assigned:
    """Return how many users were seen with each variant."""
    table = flag_assignments.c
    found = connection.execute(
        select(table.variant, table.is_mixed, func.count())
        .where(_takes_part(service, environment, experiment))
        .group_by(table.variant, table.is_mixed)
    ).all()
    return Assigned(
        {variant: number for variant, is_mixed, number in found if not is_mixed},
        sum(number for _, is_mixed, number in found if is_mixed),
    )


def save_steps(
    connection: Connection, row: ExperimentRow, steps: Sequence[Step], counted_until: datetime
) -> bool:
    """Keep finished steps; False when somebody else counted since."""
    plan = row.record.plan
    done = connection.execute(
        update(experiments)
        .where(
            *_is(plan.service, plan.id), experiments.c.counted_until.is_not_distinct_from(row.counted_until)
        )
        .values(counted_until=counted_until)
    )
    if done.rowcount == 0:
        return False
    if steps:
        connection.execute(
            insert(experiment_steps),
            [
                {"service": plan.service, "experiment": plan.id, "at": step.at, "body": _step_text(step)}
                for step in steps
            ],
        )
    connection.execute(
        delete(experiment_events).where(
            _of(experiment_events, plan.service, plan.id), experiment_events.c.at < counted_until
        )
    )
    return True


def steps(connection: Connection, service: str, experiment: str, *, after: datetime | None) -> Sequence[Step]:
    """Return the steps in order."""
    table = experiment_steps.c
    query = select(table.at, table.body).where(_of(experiment_steps, service, experiment)).order_by(table.at)
    if after is not None:
        query = query.where(table.at > after)
    return [Step(at, _tallies(body)) for at, body in connection.execute(query)]


def forget_details(connection: Connection, service: str, environment: str, experiment: str) -> None:
    """Forget who took part and what they did."""
    connection.execute(delete(experiment_events).where(_of(experiment_events, service, experiment)))
    connection.execute(delete(flag_assignments).where(_takes_part(service, environment, experiment)))


def _is(service: str, experiment: str) -> tuple[Any, Any]:
    return experiments.c.service == service, experiments.c.id == experiment


def _of(table: Any, service: str, experiment: str) -> Any:
    return and_(table.c.service == service, table.c.experiment == experiment)


def _takes_part(service: str, environment: str, experiment: str) -> Any:
    table = flag_assignments.c
    return and_(table.service == service, table.environment == environment, table.experiment == experiment)


def _columns(record: ExperimentRecord) -> dict[str, Any]:
    return {"state_name": record.state.value, "body": codec.EXPERIMENT.text(record)}


def _row(found: Row[Any]) -> ExperimentRow:
    try:
        record = codec.EXPERIMENT.value(found.body)
    except StoreError as error:
        raise StoreError(f"experiment {found.id} of {found.service}: {error}") from error
    return ExperimentRow(
        record, found.version, found.counted_until, found.events, found.dropped, found.dropped_events
    )


def _step_text(step: Step) -> str:
    """Return `{variant: {metric: [n, total, squares, ...]}}`; trailing zeros are left out."""
    body: dict[str, dict[str, list[float]]] = {}
    for (variant, metric), tally in step.tallies.items():
        figures = [tally.n, tally.total, tally.squares, tally.per, tally.per_squares, tally.products]
        while figures and figures[-1] == 0.0:
            figures.pop()
        body.setdefault(variant, {})[metric] = figures
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"))


def _tallies(body: str) -> dict[tuple[str, str], Tally]:
    by_variant: Mapping[str, Mapping[str, Sequence[float]]] = json.loads(body)
    return {
        (variant, metric): Tally(*map(float, figures))
        for variant, by_metric in by_variant.items()
        for metric, figures in by_metric.items()
    }
