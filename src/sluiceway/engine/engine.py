"""The durable loop: ticks due rollouts and runbooks, samples figures, looks after what runs.

All state that matters is in the store; every thread here may die at any moment without loss.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import structlog

from sluiceway.domain.process.plan import MetricSource
from sluiceway.domain.rollouts.model import Observation, RolloutId
from sluiceway.domain.rollouts.plotting import point_of
from sluiceway.engine.caretaker import Caretaker
from sluiceway.engine.delivery import Delivery
from sluiceway.engine.flag_watching import flag_loops
from sluiceway.engine.history import HISTORY_S, History
from sluiceway.engine.items import LOOK_S, Items, ProcessOf, StaleFlags
from sluiceway.engine.reconciler import CLOCK_KEY, Reconciler
from sluiceway.engine.releases import LOOK_S as FOLLOW_S
from sluiceway.engine.releases import Following, WorldOf
from sluiceway.engine.runs import TICK_S, Runs
from sluiceway.engine.sampling import Sampler
from sluiceway.errors import StoreError
from sluiceway.ports.clock import Clock
from sluiceway.ports.deploy import DeployProvider
from sluiceway.ports.execution import Execution
from sluiceway.ports.flag_reach import Flags
from sluiceway.ports.metrics import MetricsProvider
from sluiceway.ports.store import RolloutRow, SamplePoint, Store
from sluiceway.ports.tracing import NoTracer, Tracer
from sluiceway.ports.traffic import TrafficProvider
from sluiceway.ports.work import WorkEngine

LEASE_S = 30.0
POLL_S = 0.05
CARE_S = 0.5
POINT_S = 1.0  # real seconds between two stored points of the plots
CLOCK_NOTE_S = 2.0
CLOCK_JUMP_S = 5.0  # a system clock set back by more than this makes due times lie in the future
TROUBLE_S = 0.2  # between tries while the store can't be used
WORKERS = 4

log = structlog.get_logger("sluiceway.engine")


class Engine:
    """Runs until stopped. Also the live view of what the last ticks measured."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        traffic: TrafficProvider,
        deploy: DeployProvider,
        metrics: Mapping[MetricSource, MetricsProvider],
        work: WorkEngine,
        execution: Execution,
        process_of: ProcessOf,
        world_of: WorldOf,
        stale_flags: StaleFlags,
        tracer: Tracer | None = None,
        make_room: Callable[[], None] = lambda: None,
        flags: Flags | None = None,
    ) -> None:
        """`make_room` is called when the store can't be written, to free what was kept for that moment.

        `process_of` reads the process that a release keeps, `world_of` that and what its moves depend on,
        `stale_flags` the flags of a service that have done their work.
        """
        self._store = store
        self._make_room = make_room
        self._clock = clock
        self._metrics = metrics
        self._work = work
        self._tracer = tracer or NoTracer()
        self._delivery = Delivery(store, traffic, deploy, clock, self._tracer, flags=flags)
        self._flag_loops = flag_loops(store, clock, metrics, flags) if flags is not None else ()
        self._caretaker = Caretaker(store, traffic, deploy, self._delivery)
        self._history = History(store, metrics, clock)
        self._runs = Runs(store, clock, execution)
        self._items = Items(store, clock, process_of, stale_flags)
        self._following = Following(store, clock, world_of)
        self._reconciler = Reconciler(
            store=store,
            clock=clock,
            traffic=traffic,
            deploy=deploy,
            delivery=self._delivery,
            sampler_of=self._sampler,
            noise_of=self._history.noise_of,
            why_unknown=self._history.why_unknown,
            usual_of=self._history.usual_of,
            flags=flags,
        )
        self._guard = threading.Lock()
        self._samplers: dict[RolloutId, Sampler] = {}
        self._active: dict[RolloutId, RolloutRow] = {}
        self._fresh: set[RolloutId] = set()  # rollouts with a sample no tick has seen
        self._busy = 0  # ticks under way
        self._holds_lost_leases = False  # a tick could not be saved, so its lease stands for nothing
        self._noted_wall: datetime | None = None
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []
        self._pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="tick")

    def start(self) -> None:
        """Take up all that is unfinished, and begin. Raises StoreError when the store can't be used."""
        with self._store.begin() as tx:
            tx.release_leases()
            tx.wake_all(self._clock.wall())
            tx.wake_runs(self._clock.wall())
        self._work.start(self._delivery, self._runs)
        for name, step, every_s in (
            ("reconcile", self._claim_and_tick, POLL_S),
            ("caretaker", self._caretaker.look_after, CARE_S),
            ("points", self._store_points, POINT_S),
            ("clock", self._note_clock, CLOCK_NOTE_S),
            ("history", self._history.record, HISTORY_S),
            ("runs", self._runs.tick, TICK_S),
            ("items", self._items.look, LOOK_S),
            ("releases", self._following.look, FOLLOW_S),
            *self._flag_loops,
        ):
            thread = threading.Thread(target=self._loop, args=(name, step, every_s), name=name, daemon=True)
            self._threads.append(thread)
            thread.start()

    def stop(self) -> None:
        """Finish the ticks under way and end the threads. What runs outside keeps running."""
        self._stop.set()
        self._wake.set()
        self._runs.wind_down()
        for thread in self._threads:
            thread.join(timeout=10)
        self._pool.shutdown(wait=True)
        self._work.stop()
        for sampler in self._samplers.values():
            sampler.stop()

    @property
    def is_running(self) -> bool:
        return bool(self._threads) and not self._stop.is_set()

    def latest(self, rollout_id: RolloutId) -> Observation | None:
        return self._reconciler.latest(rollout_id)

    def nudge(self) -> None:
        """Look for due rollouts now rather than at the next poll."""
        self._wake.set()

    def _loop(self, name: str, step: Callable[[], None], every_s: float) -> None:
        trouble = ""
        waits_on = self._wake if name == "reconcile" else self._stop
        while not self._stop.is_set():
            try:
                step()
                trouble = ""
            except StoreError as failure:
                if str(failure) != trouble:
                    log.warning("the store can't be used", loop=name, error=str(failure))
                trouble = str(failure)
                self._make_room()
            except Exception:
                log.exception("unexpected failure", loop=name)
            waits_on.wait(every_s if not trouble else max(every_s, TROUBLE_S))
            if waits_on is self._wake:
                self._wake.clear()

    def _claim_and_tick(self) -> None:
        wall = self._clock.wall()
        with self._guard:
            free = WORKERS - self._busy
            if free <= 0:
                return
            fresh, self._fresh = self._fresh, set()
            releases = self._holds_lost_leases and self._busy == 0
        with self._store.begin() as tx:
            if releases:
                tx.release_leases()
            for rollout_id in fresh & self._active.keys():
                tx.wake(rollout_id, wall)
            rows = tx.claim_due(wall, LEASE_S, free)
        if releases:
            self._holds_lost_leases = False
        for row in rows:
            with self._guard:
                self._busy += 1
            self._pool.submit(self._tick, row)

    def _tick(self, row: RolloutRow) -> None:
        try:
            with self._tracer.span("tick", rollout=row.id, gen=row.gen, phase=row.state.phase.value):
                is_finished = self._reconciler.tick(row)
            if is_finished:
                self._retire(row.id)
        except StoreError as failure:
            log.warning("a decision could not be saved", rollout=row.id, error=str(failure))
            self._holds_lost_leases = True
            self._make_room()
        except Exception:
            # The lease keeps a rollout whose tick is broken from spinning; the log says what to mend.
            log.exception("tick failed", rollout=row.id)
        finally:
            with self._guard:
                self._busy -= 1
            self._wake.set()

    def _sampler(self, row: RolloutRow) -> Sampler:
        with self._guard:
            self._active[row.id] = row
            sampler = self._samplers.get(row.id)
            if sampler is None or sampler.plan != row.state.plan:
                if sampler:
                    sampler.stop()
                sampler = Sampler(row, self._metrics, self._clock, lambda: self._sampled(row.id))
                self._samplers[row.id] = sampler
                sampler.start()
            return sampler

    def _sampled(self, rollout_id: RolloutId) -> None:
        with self._guard:
            self._fresh.add(rollout_id)
        self._wake.set()

    def _retire(self, rollout_id: RolloutId) -> None:
        self._store_points()
        with self._guard:
            self._active.pop(rollout_id, None)
            sampler = self._samplers.pop(rollout_id, None)
        if sampler:
            sampler.stop()

    def _store_points(self) -> None:
        with self._guard:
            rows = list(self._active.values())
        wall = self._clock.wall()
        points = [(row, point) for row in rows if (point := self._point(row, wall)) is not None]
        if points:
            with self._store.begin() as tx:
                for row, point in points:
                    tx.add_samples(row.id, [point])

    def _point(self, row: RolloutRow, wall: datetime) -> SamplePoint | None:
        seen = self._reconciler.latest(row.id)
        return SamplePoint(wall, point_of(row.state, seen)) if seen is not None else None

    def _note_clock(self) -> None:
        """Remember process time, so that a restart (or a clock set back) never lets it go backwards."""
        wall = self._clock.wall()
        with self._store.begin() as tx:
            tx.set_meta(CLOCK_KEY, self._clock.now().isoformat())
            if self._noted_wall is not None and (self._noted_wall - wall).total_seconds() > CLOCK_JUMP_S:
                log.warning("the system clock was set back", before=str(self._noted_wall), now=str(wall))
                tx.release_leases()
                tx.wake_all(wall)
                tx.wake_runs(wall)
        self._noted_wall = wall


def last_process_time(store: Store) -> datetime | None:
    """Return the newest process time an earlier run has noted, for the clock to go on from."""
    with store.read() as tx:
        noted = tx.get_meta(CLOCK_KEY)
    return datetime.fromisoformat(noted) if noted else None
