"""A running Sluiceway whose outside is in memory: real HTTP server, API, console, store and `decide`.

The world (proxy, versions, figures) is the one the domain's tests use, moved on by the test. Stopping the
host drops every connection, as a killed process would.
"""

from __future__ import annotations

import contextlib
import random
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import uvicorn

from sluiceway.adapters.store import SqlStore
from sluiceway.api.app import create_api
from sluiceway.api.events import Shutdown
from sluiceway.domain.analysis.counts import Interval
from sluiceway.domain.analysis.means import MeanInterval
from sluiceway.domain.process.plan import Comparison, RolloutPlan
from sluiceway.domain.rollouts.model import RolloutId
from sluiceway.domain.rollouts.plotting import point_of
from sluiceway.ports.store import SamplePoint
from sluiceway.services.rollouts import RolloutService
from sluiceway.testing.clock import ManualClock
from sluiceway.web.routes import web_handlers
from tests.support.databases import new_store
from tests.unit.domain.analysis.rows import poisson
from tests.unit.domain.rollouts.world import World
from tests.unit.services.desk import Desk, Office

HISTORY_S = 1_800


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Figures:
    """What both versions show, with a little noise; `shift` makes the new version worse."""

    error_rate: float = 0.004
    p95_ms: float = 180.0
    requests_per_s: float = 200.0
    new_error_rate: float = 0.005
    new_p95_ms: float = 176.0
    new_slow_rate: float = 0.05
    satisfaction: float = 4.1
    new_satisfaction: float = 4.1
    noise: random.Random = field(default_factory=lambda: random.Random(7))

    def put_into(self, world: World) -> None:
        share = world.state.weight_bp / 10_000
        for side, errors, p95, part in (
            ("stable", self.error_rate, self.p95_ms, 1 - share),
            ("new", self.new_error_rate, self.new_p95_ms, share),
        ):
            has_requests = part > 0
            values = {
                "error_rate": max(0.0, errors * self.noise.uniform(0.6, 1.4)),
                "p95_ms": p95 * self.noise.uniform(0.94, 1.07),
                "request_rate": self.requests_per_s * part * self.noise.uniform(0.96, 1.04),
            }
            world.figures(
                side=side,
                requests=round(self.requests_per_s * part * 10),
                **{name: value if has_requests else None for name, value in values.items()},
            )

    def count_into(self, world: World, seconds: float) -> None:
        """Count what both versions answered in the last seconds, for the metrics that the plan compares."""
        analysis = world.state.plan.analysis
        share = world.state.weight_bp / 10_000
        n0, n1 = (round(self.requests_per_s * part * seconds) for part in (1 - share, share))
        rates = {
            "errors": (self.error_rate, self.new_error_rate),
            "slow_requests": (0.05, self.new_slow_rate),
        }
        for metric in analysis.metrics if analysis else ():
            if metric.comparison is Comparison.MEANS:
                world.counts[metric.name] = MeanInterval(
                    *self._values(n0, self.satisfaction), *self._values(n1, self.new_satisfaction), seconds
                )
                continue
            bad0, bad1 = rates[metric.name]
            world.counts[metric.name] = Interval(
                n0, poisson(self.noise, n0 * bad0), n1, poisson(self.noise, n1 * bad1), seconds
            )

    def _values(self, requests: int, mean: float) -> tuple[int, float, float]:
        """Every tenth request is rated from 1 to 5: how often, the sum, the sum of squares."""
        values = [min(5.0, max(1.0, self.noise.gauss(mean, 0.8))) for _ in range(requests // 10)]
        return len(values), sum(values), sum(value * value for value in values)


class Host:
    """One server. `address` stays the same over `stop` and `start`."""

    def __init__(self, folder: Path) -> None:
        self.store: SqlStore = new_store(folder / "sluiceway.db")
        self.clock = ManualClock(datetime.now(UTC) - timedelta(seconds=HISTORY_S))
        self.desk = Desk(self.store, self.clock)
        self.office = Office(
            RolloutService(self.store, self.clock, self.desk), self.desk, self.store, self.clock
        )
        self.figures: dict[str, Figures] = {}
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        app = create_api(
            self.office.services,
            shutdown=Shutdown(),
            more_handlers=web_handlers(self.office.services),
        )
        config = uvicorn.Config(
            app,
            host="127.0.0.1",
            port=self.port,
            log_level="error",
            timeout_graceful_shutdown=0,
            lifespan="off",
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, name="host", daemon=True)
        self._thread.start()
        until = time.monotonic() + 20
        while not self._server.started:
            assert time.monotonic() < until, "the server did not start within 20 s"
            time.sleep(0.02)

    def stop(self) -> None:
        if self._server is None or self._thread is None:
            return
        self._server.should_exit = self._server.force_exit = True
        self._thread.join(timeout=30)
        assert not self._thread.is_alive(), "the server did not end within 30 s"
        self._server = None

    def put_rollout(self, plan: RolloutPlan, *, service: str = "checkout") -> str:
        """Insert a rollout that has just been started and return its id."""
        rollout_id = self.office.put_rollout(plan, service=service, port=8_000 + len(self.figures))
        self.figures[rollout_id] = Figures()
        return rollout_id

    def world(self, rollout_id: str) -> World:
        with self.store.read() as tx:
            return self.desk.world(tx.get_rollout(RolloutId(rollout_id)))

    def step(self, rollout_id: str, seconds: float = 10.0) -> None:
        """Let the world move: new figures, one tick, one point of the plots, then time passes."""
        world = self.world(rollout_id)
        self.figures[rollout_id].put_into(world)
        self.figures[rollout_id].count_into(world, seconds)
        key = RolloutId(rollout_id)
        with self.store.begin() as tx:
            tx.wake(key, self.clock.wall())
        self.desk.tick()
        with self.store.begin() as tx:
            tx.add_samples(key, [SamplePoint(self.clock.wall(), point_of(world.state, self.desk.seen[key]))])
        self.clock.advance(seconds)

    def step_until(self, rollout_id: str, phase: str, *, seconds: float = 10.0, steps: int = 400) -> None:
        for _ in range(steps):
            with self.store.read() as tx:
                if tx.get_rollout(RolloutId(rollout_id)).state.phase == phase:
                    return
            self.step(rollout_id, seconds)
        raise AssertionError(f"{rollout_id} never came to {phase}")

    def catch_up(self) -> None:
        """Bring the wall clock to now, so that new points count as live."""
        self.clock.set_wall(datetime.now(UTC))


@contextlib.contextmanager
def running_host(folder: Path) -> Iterator[Host]:
    """Yield a started host and end it, whatever happens."""
    host = Host(folder)
    try:
        host.start()
        yield host
    finally:
        host.stop()
        host.store.close()
