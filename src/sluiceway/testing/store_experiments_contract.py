"""The part of the store contract about experiments."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sluiceway.domain.flags.experiment_model import (
    ExperimentPlan,
    ExperimentRecord,
    ExperimentState,
    MetricKind,
    MetricPlan,
    Step,
    Tally,
)
from sluiceway.domain.flags.model import Share
from sluiceway.errors import ConflictError, NotFoundError
from sluiceway.ports.experiments import ExperimentRow, MetricEventRow, SubjectRow
from sluiceway.ports.flags import AssignmentRow
from sluiceway.ports.store import Store
from sluiceway.testing.builders import at

PLAN = ExperimentPlan(
    id="button",
    service="shop",
    environment="production",
    flag="button",
    split=(Share("A", 1), Share("B", 1)),
    control="A",
    metrics=(MetricPlan("checkout"), MetricPlan("spent", MetricKind.TOTAL, high=500.0, unit="€")),
)
RECORD = ExperimentRecord(PLAN, created_at=at(0), created_by="ada")


def keep(store: Store, *records: ExperimentRecord) -> None:
    with store.begin() as tx:
        for record in records:
            tx.add_experiment(record)


def kept(store: Store, experiment: str = "button") -> ExperimentRow:
    with store.read() as tx:
        return tx.get_experiment("shop", experiment)


def did(subject: str, seconds: float, count: int = 1, total: float = 1.0) -> MetricEventRow:
    return MetricEventRow(subject, "checkout", at(seconds), count, total)


class StoreExperimentsContract:
    def test_an_experiment_comes_back_as_it_was_kept(self, store: Store) -> None:
        keep(store, RECORD)

        assert kept(store) == ExperimentRow(RECORD)

    def test_a_second_experiment_of_the_same_id_is_refused(self, store: Store) -> None:
        keep(store, RECORD)

        with pytest.raises(ConflictError, match="shop has an experiment button already"):
            keep(store, RECORD)

    def test_an_experiment_that_does_not_exist_is_named(self, store: Store) -> None:
        with store.read() as tx, pytest.raises(NotFoundError, match="shop has no experiment 'nope'"):
            tx.get_experiment("shop", "nope")

    def test_of_two_people_who_change_an_experiment_the_slower_one_is_told(self, store: Store) -> None:
        keep(store, RECORD)
        row = kept(store)
        stopped = replace(RECORD, state=ExperimentState.STOPPED, ended_by="bo")
        with store.begin() as tx:
            tx.save_experiment(row, stopped)

        with pytest.raises(ConflictError, match="changed by somebody else"), store.begin() as tx:
            tx.save_experiment(row, replace(RECORD, winner="B"))

        assert kept(store).record == stopped

    def test_experiments_are_listed_newest_first_by_service_state_and_environment(self, store: Store) -> None:
        second = replace(RECORD, plan=replace(PLAN, id="second"), state=ExperimentState.RUNNING)
        other = replace(RECORD, plan=replace(PLAN, service="blog"))
        keep(store, RECORD, second, other)

        with store.read() as tx:
            every = [row.record for row in tx.list_experiments(None, limit=10)]
            of_shop = [row.record for row in tx.list_experiments({"shop"}, limit=10)]
            running = [
                row.record for row in tx.list_experiments(None, state=ExperimentState.RUNNING, limit=10)
            ]
            staged = tx.list_experiments(None, environment="staging", limit=10)
        assert every == [other, second, RECORD]
        assert (of_shop, running, list(staged)) == ([second, RECORD], [second], [])

    def test_events_of_one_instant_add_up_and_those_not_taken_are_counted(self, store: Store) -> None:
        keep(store, RECORD)
        with store.begin() as tx:
            tx.add_metric_events("shop", "button", [did("ann", 1), did("ben", 2)], dropped=0)
            tx.add_metric_events("shop", "button", [did("ann", 1, 2, 5.5)], dropped=3)

        with store.read() as tx:
            found = tx.metric_events("shop", "button", since=at(0), until=at(1))
            row = tx.get_experiment("shop", "button")
        assert list(found) == [did("ann", 1, 3, 6.5)]
        assert (row.events, row.dropped_events) == (3, 3)

    def test_who_was_seen_with_two_variants_is_counted_apart(self, store: Store) -> None:
        keep(store, RECORD)
        seen = [("ann", "A", 1), ("ben", "B", 2), ("cy", "B", 3), ("cy", "A", 4), ("dot", "A", 9)]
        with store.begin() as tx:
            for subject, variant, seconds in seen:
                row = AssignmentRow("button", subject, variant, at(seconds))
                tx.add_assignments("shop", "production", [row], limit=10)
            tx.note_dropped_subjects("shop", "button", 2)

        with store.read() as tx:
            found = tx.experiment_subjects("shop", "production", "button", since=at(1), until=at(9))
            assigned = tx.assigned("shop", "production", "button")
        assert sorted(found, key=lambda one: one.subject) == [
            SubjectRow("ann", "A", at(1)),
            SubjectRow("ben", "B", at(2)),
        ]
        assert (dict(assigned.by_variant), assigned.mixed) == ({"A": 2, "B": 1}, 1)
        assert kept(store).dropped == 2

    def test_steps_are_kept_once_and_what_they_count_is_forgotten(self, store: Store) -> None:
        keep(store, RECORD)
        row = kept(store)
        first = Step(at(0), {("A", "checkout"): Tally(5.0, 2.0, 2.0), ("B", "spent"): Tally(1.0)})
        second = Step(at(60), {("A", "spent"): Tally(2.0, 0.1, 0.01, 3.0, 5.0, 0.3)})
        with store.begin() as tx:
            tx.add_metric_events("shop", "button", [did("ann", 1), did("ben", 120)], dropped=0)
            assert tx.save_steps(row, [first, second], at(120))
            assert not tx.save_steps(row, [first], at(60))

        with store.read() as tx:
            assert list(tx.experiment_steps("shop", "button")) == [first, second]
            assert list(tx.experiment_steps("shop", "button", after=at(0))) == [second]
            left = tx.metric_events("shop", "button", since=at(0), until=at(1_000))
        assert list(left) == [did("ben", 120)]
        assert kept(store).counted_until == at(120)

    def test_details_are_forgotten_and_the_steps_stay(self, store: Store) -> None:
        keep(store, RECORD)
        step = Step(at(0), {("A", "checkout"): Tally(5.0, 2.0, 2.0)})
        with store.begin() as tx:
            tx.add_assignments("shop", "production", [AssignmentRow("button", "ann", "A", at(1))], limit=10)
            tx.add_metric_events("shop", "button", [did("ann", 1)], dropped=0)
            tx.save_steps(tx.get_experiment("shop", "button"), [step], at(0))
            tx.forget_experiment_details("shop", "production", "button")

        with store.read() as tx:
            assert not tx.assigned("shop", "production", "button").by_variant
            assert not tx.metric_events("shop", "button", since=at(0), until=at(9))
            assert list(tx.experiment_steps("shop", "button")) == [step]
