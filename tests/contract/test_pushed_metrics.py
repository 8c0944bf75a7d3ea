"""Pushed figures as a metrics provider: the contracts, and what is particular to senders with a pace."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from sluiceway.adapters.metrics.pushed import FRESH_S, PushedMetrics
from sluiceway.adapters.store import SqlStore, open_store
from sluiceway.domain.analysis.counts import Interval
from sluiceway.domain.people.model import open_principal
from sluiceway.domain.points.model import RawPoint
from sluiceway.domain.process.metrics import builtin, spec_of
from sluiceway.domain.process.plan import (
    Action,
    AnalysedMetric,
    Analysis,
    Comparison,
    Ingress,
    MetricSource,
    MetricSpec,
    Trigger,
    Version,
)
from sluiceway.domain.rollouts.model import Phase, Reading
from sluiceway.engine.counting import Counting
from sluiceway.engine.sampling import metrics_read
from sluiceway.ports.metrics import Totals
from sluiceway.ports.store import RolloutRow
from sluiceway.services.points import PointsService
from sluiceway.testing.builders import a_plan, a_row, a_setup, a_state
from sluiceway.testing.clock import ManualClock
from sluiceway.testing.metrics_contract import (
    NEW,
    STABLE,
    CountsProviderContract,
    MetricsProviderContract,
    target,
    totals_of,
)

RATINGS = AnalysedMetric(
    "user_satisfaction", MetricSource.PUSH, Comparison.MEANS, low=1, high=10, higher_is_worse=False
)
ORDERS = AnalysedMetric("order_completion", MetricSource.PUSH, higher_is_worse=False)
STALE_S = 60.0


def spec(name: str) -> MetricSpec:
    known = builtin(name)
    return spec_of(known) if known else MetricSpec(name, MetricSource.PUSH)


class PushedRig:
    """A store in which a rollout of the shop from 1.0 to 2.0 is under way, and someone who pushes."""

    ingress = Ingress("shop")
    known = spec("user_satisfaction")
    unknown = MetricSpec("moon phase", MetricSource.PUSH)
    counted = ORDERS
    not_counted = AnalysedMetric("moon phase", MetricSource.PUSH)

    def __init__(self, path: Path) -> None:
        self.path = path
        self.clock = ManualClock()
        self.store = open_store(path)
        self.metrics = PushedMetrics(self.store, self.clock)
        self.points = PointsService(self.store, self.clock)
        self._sent = 0
        plan = replace(a_plan(), analysis=Analysis((ORDERS, RATINGS), stale_s=STALE_S, interval_s=5.0))
        state = a_state(plan=plan, stable=STABLE, new=NEW, phase=Phase.PROGRESSING)
        self.row: RolloutRow = a_row(
            setup=a_setup(service="shop"), state=state, created_at=self.clock.wall(), due_at=None
        )
        with self.store.begin() as tx:
            tx.insert_rollout(self.row)

    def push(self, metric: str, version: str | None = NEW, *, ago_s: float = 0.0, **figures: Any) -> str:
        """Push one point and return what became of it."""
        self._sent += 1
        at = self.clock.wall() - timedelta(seconds=ago_s)
        raw = RawPoint(
            id=f"p{self._sent}",
            metric=metric,
            service="shop",
            version=version,
            rollout=None if version is not None else self.row.id,
            at=at.isoformat(),
            **figures,
        )
        (view,) = self.points.take([raw], open_principal("till"))
        return view.fate

    def happen(self, version: Version, count: int, bad: int) -> None:
        assert self.push("order_completion", version, count=count, bad=bad) == "stored"
        self.clock.advance(FRESH_S)

    def lose_source(self) -> None:
        """Let the tables go: nobody can read them any more."""
        with self.store.engine.begin() as connection:
            connection.exec_driver_sql("DROP TABLE points")
            connection.exec_driver_sql("DROP TABLE point_totals")

    def value(self, metric: str, version: Version = NEW, window_s: float | None = None) -> Reading:
        self.clock.advance(FRESH_S)
        asked = spec(metric)
        return self.metrics.read(asked, target(self, version), window_s or asked.window_s)


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[PushedRig]:
    made = PushedRig(tmp_path / "sluiceway.db")
    yield made
    made.store.close()


class TestPushedMetrics(MetricsProviderContract):
    pass


class TestPushedCounts(CountsProviderContract):
    pass


def test_a_share_is_the_bad_or_the_good_of_all(rig: PushedRig) -> None:
    rig.push("payment_failure_rate", count=90, bad=2)
    rig.push("payment_failure_rate", count=10, bad=3)
    rig.push("order_completion", count=40, good=30)

    assert rig.value("payment_failure_rate") == Reading(0.05, 100)
    assert rig.value("order_completion") == Reading(0.75, 40)


def test_ratings_are_averaged_and_tickets_added_up(rig: PushedRig) -> None:
    for rating in (7, 9, 8):
        rig.push("user_satisfaction", value=rating)
    rig.push("support_tickets", count=2)
    rig.push("support_tickets", count=3)

    assert rig.value("user_satisfaction") == Reading(8)
    assert rig.value("support_tickets") == Reading(5)


def test_each_version_has_figures_of_its_own(rig: PushedRig) -> None:
    rig.push("user_satisfaction", NEW, value=4)
    rig.push("user_satisfaction", STABLE, value=9)

    assert (rig.value("user_satisfaction", NEW).value, rig.value("user_satisfaction", STABLE).value) == (4, 9)


def test_the_time_of_a_point_says_whether_it_is_in_the_window(rig: PushedRig) -> None:
    rig.clock.advance(1_000)
    assert rig.push("user_satisfaction", value=2, ago_s=700) == "stored"
    rig.push("user_satisfaction", value=8, ago_s=300)

    assert rig.value("user_satisfaction").value == 8  # the last ten minutes, unless the process says more
    assert rig.value("user_satisfaction", window_s=900).value == 5
    rig.clock.advance(600)
    assert rig.value("user_satisfaction").value is None


def test_a_late_point_is_kept_and_not_read(rig: PushedRig) -> None:
    rig.clock.advance(8_000)

    assert rig.push("user_satisfaction", value=2, ago_s=4_000) == "late"
    assert rig.value("user_satisfaction", window_s=7_000).value is None


def test_a_figure_of_the_release_counts_for_the_new_version_while_it_has_none_of_its_own(
    rig: PushedRig,
) -> None:
    rig.push("support_tickets", None, count=7)

    assert rig.value("support_tickets", NEW).value == 7
    assert rig.value("support_tickets", STABLE).value is None
    rig.push("support_tickets", NEW, count=1)
    assert rig.value("support_tickets", NEW).value == 1


def test_a_figure_of_the_release_is_not_compared(rig: PushedRig) -> None:
    rig.push("order_completion", None, count=100, bad=50)

    assert rig.metrics.totals(ORDERS, target(rig)) is None


def test_a_reading_is_asked_of_the_store_at_most_every_two_seconds(rig: PushedRig) -> None:
    rig.push("user_satisfaction", value=4)
    asked = spec("user_satisfaction")
    first = rig.metrics.read(asked, target(rig), 600)
    rig.push("user_satisfaction", value=8)

    assert rig.metrics.read(asked, target(rig), 600.4) == first == Reading(4)
    rig.clock.advance(FRESH_S)
    assert rig.metrics.read(asked, target(rig), 600).value == 6


def test_a_point_that_comes_late_counts_once_when_it_comes(rig: PushedRig) -> None:
    rig.clock.advance(120)
    rig.happen(NEW, 10, 1)
    before = totals_of(rig, ORDERS)
    rig.push("order_completion", NEW, ago_s=100, count=4, bad=2)

    after, again = totals_of(rig, ORDERS), totals_of(rig, ORDERS)

    assert (after.count - before.count, after.bad - before.bad) == (4, 2)
    assert again == after


def test_a_point_from_before_the_rollout_is_read_but_not_compared(rig: PushedRig) -> None:
    rig.happen(NEW, 10, 1)
    assert rig.push("order_completion", NEW, ago_s=500, count=90, bad=90) == "stored"

    assert totals_of(rig, ORDERS).bad == 1
    assert rig.value("order_completion", window_s=900) == Reading(0.09, 100)


def test_ratings_are_compared_by_their_sums(rig: PushedRig) -> None:
    rig.push("user_satisfaction", value=7)
    rig.push("user_satisfaction", count=3, total=24, squares=194)

    found = totals_of(rig, RATINGS)

    assert found == Totals(found.at_s, count=4, total=31, squares=243)


def test_a_value_outside_the_bounds_of_the_comparison_is_refused(rig: PushedRig) -> None:
    assert rig.push("user_satisfaction", value=11) == "refused"
    assert rig.metrics.totals(RATINGS, target(rig)) is None


def test_a_version_without_points_has_zeros_while_the_other_one_is_heard_of(rig: PushedRig) -> None:
    rig.happen(STABLE, 10, 1)

    found, stable = totals_of(rig, ORDERS, NEW), totals_of(rig, ORDERS, STABLE)

    assert (found.count, found.bad, found.at_s) == (0, 0, stable.at_s)


def test_silence_is_nothing_new_for_as_long_as_the_analysis_bears_it_and_no_data_then(rig: PushedRig) -> None:
    rig.push("order_completion", NEW, count=10, bad=1)
    began = rig.clock.monotonic_s()
    seen: list[float] = []
    for seconds in (0, 30, STALE_S, STALE_S + 1, 600):
        rig.clock.advance(began + seconds - rig.clock.monotonic_s())
        seen.append(totals_of(rig, ORDERS).at_s - began)

    assert seen == [0, 30, STALE_S, STALE_S, STALE_S]
    rig.push("order_completion", STABLE, count=10, bad=1)
    assert totals_of(rig, ORDERS).at_s - began == 600


def test_a_metric_may_bear_more_silence_than_the_analysis(rig: PushedRig) -> None:
    patient = replace(ORDERS, stale_s=3 * STALE_S)
    rig.push("order_completion", NEW, count=10, bad=1)
    began = rig.clock.monotonic_s()
    rig.clock.advance(600)

    assert totals_of(rig, patient).at_s - began == 3 * STALE_S
    assert totals_of(rig, ORDERS).at_s - began == STALE_S


def test_a_system_clock_that_jumps_does_not_make_a_silent_source_speak(rig: PushedRig) -> None:
    rig.happen(NEW, 10, 1)
    rig.clock.advance(STALE_S + 10)
    silent = totals_of(rig, ORDERS)
    rig.clock.set_wall(rig.row.created_at)

    assert totals_of(rig, ORDERS) == silent


def test_a_sender_that_speaks_every_minute_is_compared_without_loss(rig: PushedRig) -> None:
    counting = Counting(rig.row, rig.clock)
    for minute in range(3):
        rig.push("order_completion", STABLE, count=100, bad=1)
        rig.push("order_completion", NEW, count=10, bad=minute)
        for _ in range(10):
            counting.take(MetricSource.PUSH, rig.metrics)
            rig.clock.advance(5)

    intervals = [one.interval for one in counting.recent() if one.metric == "order_completion"]

    assert not any(interval.is_missing for interval in intervals)
    told = [(i.n0, i.x0, i.n1, i.x1) for i in intervals if isinstance(i, Interval) and i.n0 and i.n1]
    assert told == [(100, 1, 10, 1), (100, 1, 10, 2)]  # the first minute was there before the first look


def test_a_dead_sender_makes_intervals_missing(rig: PushedRig) -> None:
    counting = Counting(rig.row, rig.clock)
    rig.push("order_completion", STABLE, count=100, bad=1)
    for _ in range(20):
        counting.take(MetricSource.PUSH, rig.metrics)
        rig.clock.advance(5)

    missing = [one.interval.is_missing for one in counting.recent() if one.metric == "order_completion"]

    assert missing == [False] * 12 + [True] * 7


def test_what_criteria_and_triggers_name_is_read_over_ten_minutes() -> None:
    expression = "user_satisfaction_drop > 1"
    plan = a_plan(triggers=(Trigger("t", expression, expression, Action.ASK),))

    (found,) = (one for one in metrics_read(plan, ()) if one.source is MetricSource.PUSH)

    assert (found.name, found.window_s) == ("user_satisfaction", 600)


def test_points_are_there_after_a_restart(rig: PushedRig) -> None:
    rig.happen(NEW, 10, 1)
    rig.store.close()
    again: SqlStore = open_store(rig.path)
    provider = PushedMetrics(again, rig.clock)

    assert provider.read(spec("order_completion"), target(rig), 600) == Reading(0.9, 10)
    totals = provider.totals(ORDERS, target(rig))
    again.close()

    assert totals == Totals(rig.clock.monotonic_s(), count=10, bad=1)


def test_old_points_are_forgotten_and_totals_do_not_go_back(rig: PushedRig) -> None:
    rig.happen(NEW, 10, 1)
    rig.clock.advance(31 * 86_400)
    rig.happen(NEW, 5, 1)

    assert (rig.points.prune(), rig.points.prune()) == (1, 0)
    assert totals_of(rig, ORDERS).count == 15
