"""What the statistical comparison adds to a tick: two rollouts in a stage, one of them with three metrics.

Ticked in turn on one store, every 5 s of process time, so that the cost is a ratio of the same minutes.
Looking at the sources happens on other threads in the product and is left out here.
"""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from sluiceway.adapters.store import open_store
from sluiceway.adapters.store.codec import state_text
from sluiceway.domain.process.plan import AnalysedMetric, Analysis, MetricSource, Version
from sluiceway.domain.rollouts.model import Phase, RolloutId, SetTraffic
from sluiceway.engine.delivery import Delivery
from sluiceway.engine.history import History
from sluiceway.engine.reconciler import Reconciler
from sluiceway.engine.sampling import Sampler
from sluiceway.ports.metrics import Totals
from sluiceway.ports.store import RolloutRow
from sluiceway.ports.traffic import Endpoint
from sluiceway.testing.builders import T0, a_plan, a_row, a_setup, a_state
from sluiceway.testing.clock import ManualClock
from sluiceway.testing.fake_deploy import FakeDeploy
from sluiceway.testing.fake_metrics import FakeMetrics
from sluiceway.testing.fake_traffic import FakeTraffic

NEW, STABLE = Version("v2"), Version("v1")
NAMES = ("errors", "slow_requests", "declines")
STEP_S, STEPS, WARM_UP = 5, 600, 60
LEASE_S = 30.0
_NEW_REQUESTS = 1_000  # of the new version in a step; nine times as many of stable, 1 in 100 is bad


@dataclass(frozen=True)
class Cost:
    """Medians of processor time in milliseconds, and the bytes of a state with three metrics as JSON."""

    plain_ms: float
    analysed_ms: float
    early_bytes: int
    late_bytes: int

    @property
    def figures(self) -> dict[str, float]:
        """Return what a bench prints."""
        return {
            "plain_tick_ms": round(self.plain_ms, 2),
            "tick_with_3_metrics_ms": round(self.analysed_ms, 2),
            "with_to_without": round(self.analysed_ms / self.plain_ms, 2),
            "state_bytes_after_5_min": self.early_bytes,
            "state_bytes_at_the_end": self.late_bytes,
        }


def measure(steps: int = STEPS) -> Cost:
    """Return what a tick costs with and without the comparison, and how the state grows in `steps` of 5 s."""
    with TemporaryDirectory(prefix="sluice-bench-") as home:
        store = open_store(Path(home) / "bench.db")
        clock = ManualClock(T0)
        traffic, deploy, metrics = FakeTraffic(), FakeDeploy(clock), FakeMetrics(clock)
        rows = (_a_rollout("plain", 20_000, None), _a_rollout("analysed", 20_001, _analysis()))
        samplers: dict[RolloutId, Sampler] = {}
        with store.begin() as tx:
            for row in rows:
                tx.insert_rollout(row)
                samplers[row.id] = Sampler(row, {MetricSource.ENVOY: metrics}, clock, lambda: None)
                for version in (NEW, STABLE):
                    deploy.ensure(row.setup.service, version, 1)
                at = (Endpoint("127.0.0.1", 9),)
                split = SetTraffic(STABLE, NEW, 1_000)
                traffic.apply(row.setup.ingress, split, {STABLE: at, NEW: at})
        history = History(store, {}, clock)
        reconciler = Reconciler(
            store=store,
            clock=clock,
            traffic=traffic,
            deploy=deploy,
            delivery=Delivery(store, traffic, deploy, clock),
            sampler_of=lambda row: samplers[row.id],
            noise_of=history.noise_of,
            why_unknown=history.why_unknown,
            usual_of=history.usual_of,
        )
        took_ms: dict[RolloutId, list[float]] = {row.id: [] for row in rows}
        sizes: list[int] = []
        for step in range(WARM_UP + steps):
            clock.advance(STEP_S)
            _count(metrics, clock, step)
            for row in rows:
                samplers[row.id].step()
                with store.begin() as tx:
                    tx.wake(row.id, clock.wall())
                    (claimed,) = tx.claim_due(clock.wall(), LEASE_S, 1)
                began_s = time.thread_time()
                reconciler.tick(claimed)
                took_ms[row.id].append(1_000 * (time.thread_time() - began_s))
            with store.read() as tx:
                sizes.append(len(state_text(tx.get_rollout(rows[1].id).state)))
        store.close()
    plain, analysed = (statistics.median(took_ms[row.id][WARM_UP:]) for row in rows)
    return Cost(plain, analysed, sizes[WARM_UP - 1], sizes[-1])


def _analysis() -> Analysis:
    metrics = (AnalysedMetric(name, MetricSource.ENVOY, slower_than_ms=100.0) for name in NAMES)
    return Analysis(tuple(metrics), interval_s=STEP_S)


def _a_rollout(name: str, port: int, analysis: Analysis | None) -> RolloutRow:
    plan = replace(a_plan(1_000, 10_000, duration_s=1e9), analysis=analysis)
    state = a_state(plan=plan, phase=Phase.PROGRESSING, stable=STABLE, new=NEW, weight_bp=1_000)
    return replace(a_row(setup=a_setup(service=name, port=port), state=state), due_at=T0)


def _count(metrics: FakeMetrics, clock: ManualClock, step: int) -> None:
    for version, requests in ((STABLE, 9 * _NEW_REQUESTS), (NEW, _NEW_REQUESTS)):
        totals = Totals(clock.monotonic_s(), step * requests, step * requests // 100)
        for name in NAMES:
            metrics.given_totals[version, name] = totals
