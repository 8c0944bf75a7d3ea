"""A rollout by flag without a server: real store, rules, flags and evaluator; figures and time by hand."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field

from sluiceway.adapters.simulated.store import WaitingEffects, scratch_store
from sluiceway.adapters.store import SqlStore
from sluiceway.domain.flags.model import Evaluation, Flag
from sluiceway.domain.people.model import open_principal
from sluiceway.domain.process.plan import MetricSource
from sluiceway.domain.rollouts.model import CommandKind, RolloutId
from sluiceway.engine.delivery import Delivery
from sluiceway.engine.flag_watching import Schedules, Thresholds
from sluiceway.engine.reconciler import Reconciler
from sluiceway.engine.sampling import Sampler
from sluiceway.ports.store import RolloutRow
from sluiceway.services.flag_driving import FlagDriving
from sluiceway.services.flag_sets import FlagSets
from sluiceway.services.flags import FlagService
from sluiceway.services.rollouts import RolloutService
from sluiceway.testing.clock import ManualClock
from sluiceway.testing.fake_deploy import FakeDeploy
from sluiceway.testing.fake_metrics import FakeMetrics
from sluiceway.testing.fake_traffic import FakeTraffic

ADA = open_principal("ada")
SERVICE, PLACE = "shop", "production"
USERS = tuple(f"user-{number}" for number in range(4_000))
PROCESS = """\
name: shop
metrics:
  slowness: {source: push, unit: ms}
rollout:
  strategy: feature-flag
  flag: new-search
  stages:
    - {name: alpha, weight: 0.1%, duration: 1m}
    - {name: beta, weight: 10%, duration: 1m, audience: [{attribute: plan, equals: beta}]}
    - {name: half, weight: 50%, duration: 1m}
    - {name: all, weight: 100%, duration: 1m}
"""


@dataclass
class FlagBench:
    """Whoever looks at `share` sees what clients see. `crash` is the server killed and started again."""

    store: SqlStore
    effects: WaitingEffects
    clock: ManualClock
    metrics: FakeMetrics
    is_running: bool = False
    samplers: dict[RolloutId, Sampler] = field(default_factory=dict[RolloutId, Sampler])

    def __post_init__(self) -> None:
        self.sets = FlagSets(self.store, self.clock)
        self.flags = FlagService(self.store, self.clock, self.sets)
        self.driving = FlagDriving(self.store, self.clock, self.sets, self.flags)
        self.rollouts = RolloutService(self.store, self.clock, self)
        traffic, deploy = FakeTraffic(), FakeDeploy(self.clock)
        self.delivery = Delivery(self.store, traffic, deploy, self.clock, flags=self.driving)
        self.reconciler = Reconciler(
            store=self.store,
            clock=self.clock,
            traffic=traffic,
            deploy=deploy,
            delivery=self.delivery,
            sampler_of=self._sampler,
            noise_of=lambda _row: {},
            usual_of=lambda _row: {},
            flags=self.driving,
        )
        self.start_watching()

    def start_watching(self) -> None:
        """Begin as a new process does: nothing is remembered but what the store keeps."""
        self.thresholds = Thresholds(
            self.store,
            self.clock,
            {MetricSource.PUSH: self.metrics},
            self.driving,
            start=lambda job: job(),
        )
        self.schedules = Schedules(self.store, self.clock, self.driving)

    def crash(self) -> None:
        self.samplers.clear()
        self.__post_init__()
        with self.store.begin() as tx:
            tx.release_leases()

    def latest(self, rollout_id: RolloutId) -> None:
        """Fits `ports.live.LiveView`."""
        del rollout_id

    def nudge(self) -> None:
        """Nothing runs by itself here."""

    def make(self, flag: Flag) -> None:
        self.flags.create(SERVICE, flag, ADA)

    def start(self, process: str = PROCESS, version: str = "2.4.0") -> RolloutId:
        return RolloutId(self.rollouts.start(process, "p.yaml", version, None, ADA).summary.id)

    def tick(self) -> None:
        with self.store.begin() as tx:
            for row in tx.list_rollouts(service=None, active_only=True, limit=10, before=None):
                tx.wake(row.id, self.clock.wall())
            rows = tx.claim_due(self.clock.wall(), 30.0, 10)
        for row in rows:
            self._sampler(row).step()
            self.reconciler.tick(row)
        self.effects.deliver(self.store, self.delivery, self.clock)

    def run(self, seconds: float, *, watch: bool = True) -> None:
        """Let the engine do its work for a while, a look a second."""
        for _ in range(round(seconds)):
            self.tick()
            if watch:
                self.schedules.look()
                self.thresholds.look()
            self.clock.advance(1)

    def run_until(self, rollout_id: RolloutId, *phases: str) -> None:
        for _ in range(600):
            if self.row(rollout_id).state.phase in phases:
                return
            self.run(1)
        raise AssertionError(f"never came to {phases}: {self.row(rollout_id).state}")

    def row(self, rollout_id: RolloutId) -> RolloutRow:
        with self.store.read() as tx:
            return tx.get_rollout(rollout_id)

    def act(self, rollout_id: RolloutId, kind: CommandKind) -> None:
        self.rollouts.act(rollout_id, kind, ADA)

    def flag(self, flag: str = "new-search") -> Flag:
        found = self.sets.current(SERVICE, PLACE).evaluator.flag_set.flags
        return next(one for one in found if one.id == flag)

    def evaluate(self, user: str, flag: str = "new-search", **attributes: str) -> Evaluation:
        context = {"targetingKey": user, **attributes}
        return self.sets.current(SERVICE, PLACE).evaluator.evaluate(flag, context)

    def reached(self) -> frozenset[str]:
        return frozenset(user for user in USERS if self.evaluate(user).value is True)

    def trail(self, kind: str) -> list[str]:
        with self.store.read() as tx:
            entries = tx.audit_entries(rollout_id=None, after=0, limit=500)
        return [one.content.why for one in entries if one.content.kind == kind]

    def _sampler(self, row: RolloutRow) -> Sampler:
        if row.id not in self.samplers:
            providers = {MetricSource.PUSH: self.metrics}
            self.samplers[row.id] = Sampler(row, providers, self.clock, lambda: None)
        return self.samplers[row.id]


@contextmanager
def open_bench() -> Generator[FlagBench]:
    clock = ManualClock()
    with scratch_store() as (store, effects):
        yield FlagBench(store, effects, clock, FakeMetrics(clock))
