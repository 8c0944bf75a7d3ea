"""Which figures are read, and what becomes of those that are late or missing."""

from __future__ import annotations

import threading
import time
from dataclasses import replace

from sluiceway.domain.process.plan import Action, Ingress, MetricSource, MetricSpec, Trigger
from sluiceway.domain.rollouts.model import Reading
from sluiceway.engine.sampling import STALE_S, Sampler, metrics_read
from sluiceway.errors import TemporaryProviderError
from sluiceway.ports.metrics import MetricsProvider, Target
from sluiceway.testing.builders import T0, a_plan, a_row, a_setup, a_state
from sluiceway.testing.clock import ManualClock


class Figures:
    """A metrics provider whose answers the test sets; it fails while `failing` has words."""

    name = "figures"

    def __init__(self) -> None:
        self.failing = ""
        self.windows: set[float] = set()

    def collect(self, ingress: Ingress) -> None:
        if self.failing:
            raise TemporaryProviderError(self.failing)

    def read(self, spec: MetricSpec, target: Target, window_s: float) -> Reading:
        self.windows.add(window_s)
        return Reading(0.25 if target.version == "v2" else 0.125, 100)


class Watch:
    """Runs a sampler and waits for its samples."""

    def __init__(self, providers: dict[MetricSource, MetricsProvider]) -> None:
        self.clock = ManualClock(T0)
        self._count = threading.Semaphore(0)
        row = a_row(setup=a_setup(), state=a_state(plan=a_plan()))
        self.sampler = Sampler(row, providers, self.clock, self._count.release)

    def next_sample(self) -> None:
        assert self._count.acquire(timeout=10)

    def await_problem(self) -> None:
        until_s = time.monotonic() + 10
        while not self.sampler.latest().problems:
            assert time.monotonic() < until_s, "no source reported a problem within 10 s"
            time.sleep(0.01)


def a_trigger(expression: str) -> Trigger:
    return Trigger("t", expression, expression, Action.IMMEDIATE)


def test_what_criteria_and_triggers_name_is_read_beside_the_usual_figures() -> None:
    plan = a_plan(triggers=(a_trigger("orders_failed > 0.1"), a_trigger("p99_ms > 2.0 * baseline.p99_ms")))
    own = MetricSpec("orders_failed", MetricSource.PROMETHEUS, query="x", address="http://127.0.0.1:9090")

    names = {spec.name for spec in metrics_read(plan, (own,))}

    assert {"orders_failed", "p99_ms", "error_rate", "p95_ms", "request_rate"} <= names


def test_a_sample_holds_both_versions_over_the_short_window_and_the_stage() -> None:
    figures = Figures()
    watch = Watch({MetricSource.ENVOY: figures, MetricSource.DEPLOY: Figures()})
    watch.sampler.start()
    watch.next_sample()
    watch.sampler.stop()

    sample = watch.sampler.latest()

    assert sample.new["error_rate"] == Reading(0.25, 100)
    assert sample.stage_stable["error_rate"] == Reading(0.125, 100)
    assert sample.problems == ()


def test_a_source_that_fails_is_named_at_once_and_its_figures_go_when_they_are_stale() -> None:
    figures = Figures()
    watch = Watch({MetricSource.ENVOY: figures, MetricSource.DEPLOY: Figures()})
    watch.sampler.start()
    watch.next_sample()
    figures.failing = "the proxy does not answer"
    watch.await_problem()
    assert watch.sampler.latest().new["error_rate"] == Reading(0.25, 100)

    watch.clock.advance(STALE_S + 1)
    sample = watch.sampler.latest()
    watch.sampler.stop()

    assert "error_rate" not in sample.new
    assert any("the proxy does not answer" in problem for problem in sample.problems)


def test_a_source_without_a_provider_is_a_problem_and_not_a_pass() -> None:
    watch = Watch({MetricSource.DEPLOY: Figures()})
    watch.sampler.start()
    watch.await_problem()
    watch.sampler.stop()

    assert "no provider for envoy metrics is set up" in watch.sampler.latest().problems
    assert "error_rate" not in watch.sampler.latest().new


def test_an_unforeseen_failure_of_a_source_is_a_problem_too() -> None:
    class Broken(Figures):
        def read(self, spec: MetricSpec, target: Target, window_s: float) -> Reading:
            raise ZeroDivisionError("no window")

    watch = Watch({MetricSource.ENVOY: Broken(), MetricSource.DEPLOY: Figures()})
    watch.sampler.start()
    watch.await_problem()
    watch.sampler.stop()

    assert "ZeroDivisionError('no window')" in watch.sampler.latest().problems[0]


def test_another_plan_is_another_set_of_figures() -> None:
    row = a_row(setup=a_setup(), state=a_state(plan=a_plan()))
    sampler = Sampler(row, {}, ManualClock(T0), lambda: None)

    assert sampler.plan == row.state.plan
    assert sampler.plan != replace(row.state.plan, keep_old_s=1)
