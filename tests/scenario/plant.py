"""The rollout engine without threads: the real reconciler on a real store; what it acts on are fakes.

Time is moved by hand, so that a plan of weeks passes in seconds. Fits `ports.live.LiveView`. What happens to
a rollout is decided by `Reconciler.tick` alone; a test says what the figures are and when it looks.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from sluiceway.adapters.metrics.deploy_metrics import DeployMetrics
from sluiceway.adapters.simulated.store import WaitingEffects, scratch_store
from sluiceway.adapters.store import SqlStore
from sluiceway.domain.process.metrics import builtin
from sluiceway.domain.process.plan import FULL_WEIGHT_BP, MetricSource, Version
from sluiceway.domain.rollouts.model import Observation, RolloutId, RolloutState
from sluiceway.domain.rollouts.moves import current_stage
from sluiceway.domain.rollouts.progress import stage_time_left_s
from sluiceway.engine.delivery import Delivery
from sluiceway.engine.reconciler import Reconciler
from sluiceway.engine.sampling import Sampler
from sluiceway.ports.metrics import MetricsProvider, Totals
from sluiceway.ports.store import RolloutRow
from sluiceway.testing.clock import ManualClock
from sluiceway.testing.fake_deploy import FakeDeploy
from sluiceway.testing.fake_metrics import MIN_ANSWERS, FakeMetrics
from sluiceway.testing.fake_traffic import FakeTraffic

LEASE_S = 30.0
AT_ONCE = 20
STRIDES = 6  # looks on the way through a stage in which nothing happens
PATIENCE_S = 1_800.0
REQUESTS_S = 200.0  # of all users
SEEN = 10_000  # requests behind a figure of the proxy
USUAL_MS = 100.0


@dataclass(frozen=True, slots=True)
class Passage:
    """A stage as its users saw it: the share the proxy gave to the new version, and from when on."""

    stage: str
    weight_bp: int
    began_at: datetime


class Plant:
    """One machine with its proxy, and the engine that works on them.

    While something is awaited it looks every `close_s`; of a stage, the last `last_s` are seen like that.
    """

    def __init__(self, store: SqlStore, effects: WaitingEffects, clock: ManualClock) -> None:
        self.close_s = 5.0
        self.last_s = 120.0
        self.store = store
        self.clock = clock
        self.traffic = FakeTraffic()
        self.metrics = FakeMetrics(clock)
        self.follow: Callable[[], None] = lambda: None  # what else the engine does at a look
        self.passages: dict[str, list[Passage]] = {}
        self._effects = effects
        deploy = FakeDeploy(clock)
        self._providers: dict[MetricSource, MetricsProvider] = {
            MetricSource.ENVOY: self.metrics,
            MetricSource.PUSH: self.metrics,
            MetricSource.DEPLOY: DeployMetrics(deploy, clock),
        }
        self._samplers: dict[RolloutId, Sampler] = {}
        self._totals: dict[Version, tuple[float, float]] = {}
        self._delivery = Delivery(store, self.traffic, deploy, clock)
        self._reconciler = Reconciler(
            store=store,
            clock=clock,
            traffic=self.traffic,
            deploy=deploy,
            delivery=self._delivery,
            sampler_of=self._sampler,
            noise_of=lambda _row: {},
            usual_of=lambda _row: {},
        )

    @property
    def is_running(self) -> bool:
        return True

    def latest(self, rollout_id: RolloutId) -> Observation | None:
        return self._reconciler.latest(rollout_id)

    def nudge(self) -> None:
        self.look()

    def figures(self, version: str, figures: Mapping[str, float | None]) -> None:
        """Let the version's metrics be these from now on."""
        for name, value in figures.items():
            known = builtin(name)
            is_counted = known is not None and known.source is MetricSource.ENVOY
            self.metrics.set(Version(version), name, value, SEEN if is_counted else None)

    def look(self, after_s: float = 0.0) -> None:
        """Let time pass, then do once what the engine does: sample, tick what is due, deliver, follow."""
        self.clock.advance(after_s)
        with self.store.begin() as tx:
            tx.wake_all(self.clock.wall())
            rows = tx.claim_due(self.clock.wall(), LEASE_S, AT_ONCE)
        for row in rows:
            self._count(row, after_s)
            self._sampler(row).step()
            self._reconciler.tick(row)
            self._note_passage(self._row(row.id))
        self._effects.deliver(self.store, self._delivery, self.clock)
        self.follow()

    def state(self, rollout_id: str) -> RolloutState:
        return self._row(rollout_id).state

    def until(
        self,
        rollout_id: str,
        what: str,
        reached: Callable[[RolloutState], bool],
    ) -> RolloutState:
        """Look closely until the rollout is as wanted; fail with what it waits for."""
        ends_at = self.clock.now() + timedelta(seconds=self.last_s + PATIENCE_S)
        while not reached(state := self.state(rollout_id)):
            assert self.clock.now() < ends_at, f"not {what}: {state.phase} waits for {state.waits_for}"
            self.look(self.close_s)
        return state

    def until_phase(self, rollout_id: str, phase: str) -> RolloutState:
        return self.until(rollout_id, phase, lambda state: state.phase == phase)

    def until_stage(self, rollout_id: str, stage: str) -> RolloutState:
        """Look closely until the stage's share of the users is on the new version."""

        def runs(state: RolloutState) -> bool:
            running = current_stage(state)
            return running is not None and running.id == stage and state.stage_entered_at is not None

        return self.until(rollout_id, f"in stage {stage}", runs)

    def let_stage_last(self, rollout_id: str) -> None:
        """Let the running stage's time pass but for its last moment, with a look now and then."""
        left_s = stage_time_left_s(self.state(rollout_id), self.clock.now()) or 0.0
        for _ in range(STRIDES):
            self.look(max(0.0, left_s - self.last_s) / STRIDES)

    def passed(self, rollout_id: str) -> list[tuple[str, int]]:
        """Return the stages that were in force so far, with their share in basis points."""
        return [(one.stage, one.weight_bp) for one in self.passages.get(rollout_id, [])]

    def lasted_s(self, rollout_id: str, stage: str) -> float:
        """Return how long users had the stage's share before the next one's."""
        passages = self.passages[rollout_id]
        at = next(number for number, one in enumerate(passages) if one.stage == stage)
        return (passages[at + 1].began_at - passages[at].began_at).total_seconds()

    def split(self, ingress: str) -> tuple[str, str | None, int]:
        """Return what the proxy does: stable, new, and the new version's share in basis points."""
        split = self.traffic.proxies.by_ingress[ingress].split
        return split.stable, split.new, split.new_weight_bp

    def _row(self, rollout_id: str) -> RolloutRow:
        with self.store.read() as tx:
            return tx.get_rollout(RolloutId(rollout_id))

    def _sampler(self, row: RolloutRow) -> Sampler:
        if row.id not in self._samplers:
            self._samplers[row.id] = Sampler(row, self._providers, self.clock, lambda: None)
        return self._samplers[row.id]

    def _note_passage(self, row: RolloutRow) -> None:
        state, stage = row.state, current_stage(row.state)
        passages = self.passages.setdefault(row.id, [])
        if stage is None or state.stage_entered_at is None or (passages and passages[-1].stage == stage.id):
            return
        _, _, weight_bp = self.split(row.setup.ingress.name)
        passages.append(Passage(stage.id, weight_bp, self.clock.now()))

    def _count(self, row: RolloutRow, seconds: float) -> None:
        """Let the users' requests of the time that passed be counted, for plans that compare the versions."""
        analysis, state = row.state.plan.analysis, row.state
        if analysis is None:
            return
        if state.stable not in self._totals:
            self.metrics.count(row.setup.ingress, state.stable, MIN_ANSWERS, latency_ms=USUAL_MS)
        share = state.weight_bp / FULL_WEIGHT_BP
        for version, part in ((state.stable, 1.0 - share), (state.new, share)):
            error_rate = self.metrics.figures[version, "error_rate"].value or 0.0
            count, bad = self._totals.get(version, (0.0, 0.0))
            count, bad = count + REQUESTS_S * part * seconds, bad + REQUESTS_S * part * seconds * error_rate
            self._totals[version] = count, bad
            for metric in analysis.metrics:
                failed = bad if metric.name == "errors" else 0.05 * count
                self.metrics.given_totals[version, metric.name] = Totals(
                    self.clock.monotonic_s(), int(count), int(failed)
                )


@contextmanager
def open_plant(clock: ManualClock) -> Generator[Plant]:
    """Yield a plant with a store of its own, which nobody waits for to be safe on disk."""
    with scratch_store() as (store, effects):
        yield Plant(store, effects, clock)
