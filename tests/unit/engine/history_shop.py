"""A service whose instances count requests as a test says, on a real store and a clock that tests move."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from sluiceway.adapters.store import SqlStore, open_store
from sluiceway.domain.process.plan import (
    AnalysedMetric,
    Analysis,
    Ingress,
    MetricSource,
    MetricSpec,
    RolloutPlan,
    Trigger,
    Version,
)
from sluiceway.domain.rollouts.model import Phase, Reading, RolloutState
from sluiceway.engine.history import History
from sluiceway.errors import ProviderError
from sluiceway.ports.metrics import MetricsProvider, Target, Totals
from sluiceway.ports.store import RolloutRow
from sluiceway.testing.builders import T0, a_plan, a_row, a_setup, a_state, at
from sluiceway.testing.clock import ManualClock
from tests.support.databases import new_store

ERRORS = AnalysedMetric("errors", MetricSource.ENVOY)
SLOW = AnalysedMetric("slow_requests", MetricSource.ENVOY, slower_than_ms=250.0)
REQUESTS_A_MINUTE = 3_000.0


def a_compared_plan(*metrics: AnalysedMetric, triggers: tuple[Trigger, ...] = ()) -> RolloutPlan:
    return replace(a_plan(triggers=triggers), analysis=Analysis(metrics or (ERRORS,)))


@dataclass
class Counter:
    """Running totals of one instance or version."""

    count: float = 0.0
    bad: float = 0.0


@dataclass
class Instances:
    """A counting metrics provider. Each `pass_minute` adds to what it tells apart: instances by version, and
    versions as a whole."""

    clock: ManualClock
    name: str = "instances"
    by_version: dict[Version, dict[str, Counter]] = field(default_factory=dict[Version, dict[str, Counter]])
    whole: dict[Version, Counter] = field(default_factory=dict[Version, Counter])
    readings: dict[tuple[Version, str], float | None] = field(
        default_factory=dict[tuple[Version, str], float | None]
    )
    trouble: ProviderError | None = None
    trouble_of: dict[str, ProviderError] = field(default_factory=dict[str, ProviderError])  # by metric
    collected: int = 0
    windows: set[float] = field(default_factory=set[float])
    rng: random.Random = field(default_factory=lambda: random.Random(11))

    def serve(self, version: str, *instances: str) -> None:
        """Let exactly these instances run from now on; those that did keep their totals."""
        old = self.by_version.get(Version(version), {})
        self.by_version[Version(version)] = {name: old.get(name, Counter()) for name in instances}

    def pass_minute(self, *, bad: float = 30.0, size: int = 1) -> None:
        """Add a minute of requests, `bad` of each instance's failing on average, `size` at a time."""
        for counter in (*self.whole.values(), *(c for i in self.by_version.values() for c in i.values())):
            counter.count += REQUESTS_A_MINUTE
            tries = round(2 * bad / size)
            counter.bad += size * sum(self.rng.random() < 0.5 for _ in range(tries))

    def collect(self, ingress: Ingress) -> None:
        self.collected += 1
        if self.trouble is not None:
            raise self.trouble

    def read(self, spec: MetricSpec, target: Target, window_s: float) -> Reading:
        self.windows.add(window_s)
        if spec.name in self.trouble_of:
            raise self.trouble_of[spec.name]
        return Reading(self.readings.get((target.version, spec.name)))

    def totals(self, metric: AnalysedMetric, target: Target) -> Totals | None:
        counter = self.whole.get(target.version)
        return Totals(self.clock.monotonic_s(), counter.count, counter.bad) if counter else None

    def usual_bound_ms(self, target: Target) -> float | None:
        return None

    def instance_totals(self, metric: AnalysedMetric, target: Target) -> Mapping[str, Totals]:
        if metric.name != "errors":
            return {}
        found = self.by_version.get(target.version, {})
        now_s = self.clock.monotonic_s()
        return {name: Totals(now_s, counter.count, counter.bad) for name, counter in found.items()}


class Shop:
    """One service with its newest rollout, its provider and its history."""

    def __init__(self, path: Path, plan: RolloutPlan | None = None) -> None:
        self.path = path
        self.clock = ManualClock(T0)
        self.provider = Instances(self.clock)
        self.store: SqlStore = new_store(path)
        self.history = self.a_history()
        self.row = self.begin(plan or a_compared_plan())

    def a_history(self) -> History:
        """Return one as a new process would have it, that works things out when it is asked."""
        sources: dict[MetricSource, MetricsProvider] = {MetricSource.ENVOY: self.provider}
        return History(self.store, sources, self.clock, start=lambda job: job())

    def begin(self, plan: RolloutPlan, *, weight_bp: int = 1_000) -> RolloutRow:
        """Start a rollout of v2, with users on both versions."""
        state = a_state(plan=plan, phase=Phase.PROGRESSING, weight_bp=weight_bp)
        row = a_row(setup=a_setup(), state=state)
        with self.store.begin() as tx:
            tx.insert_rollout(row)
        return row

    def become(self, state: RolloutState) -> RolloutRow:
        """Save this state of the newest rollout."""
        with self.store.begin() as tx:
            tx.wake(self.row.id, at(0))
            (claimed,) = tx.claim_due(at(0), 30, 1)
            assert tx.save_claimed(claimed, state, None if state.phase.is_terminal else at(0))
            self.row = tx.get_rollout(self.row.id)
        return self.row

    def restart(self) -> None:
        """Open the store anew, as after a crash: only what was kept is known."""
        self.store.close()
        self.store = open_store(self.path)
        self.history = self.a_history()

    def live(self, minutes: int, *, bad: float = 30.0, size: int = 1) -> None:
        """Let minutes pass, each with its requests and its record."""
        for _ in range(minutes):
            self.provider.pass_minute(bad=bad, size=size)
            self.clock.advance(60)
            self.history.record()

    def pause(self, minutes: int) -> None:
        """Let minutes pass that nobody records."""
        self.clock.advance(60 * minutes)
