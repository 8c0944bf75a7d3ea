"""Part (c): reconciler ticks per second on SQLite, against the floor of bare commits on the same disk.

A tick is the whole of it: claim, observe, decide, save with the audit entry, all durable. The providers are
the shipped fakes, so that what is measured is Sluiceway and not a proxy. What the statistical comparison adds
is `analysed_ticks`.
"""

from __future__ import annotations

import tempfile
import time
from dataclasses import replace
from pathlib import Path

from bench import analysed_ticks
from sluiceway.adapters.store import open_store
from sluiceway.engine.delivery import Delivery
from sluiceway.engine.history import History
from sluiceway.engine.reconciler import Reconciler
from sluiceway.engine.sampling import Sampler
from sluiceway.ports.store import RolloutRow
from sluiceway.testing.builders import T0, a_plan, a_row, a_setup, a_state
from sluiceway.testing.clock import ManualClock
from sluiceway.testing.fake_deploy import FakeDeploy
from sluiceway.testing.fake_traffic import FakeTraffic

ROLLOUTS = 50
SECONDS = 5.0
LEASE_S = 30.0


def measure() -> dict[str, float]:
    """Return ticks and floor commits per second, and their ratio."""
    with tempfile.TemporaryDirectory(prefix="sluice-bench-") as home:
        store = open_store(Path(home) / "bench.db")
        clock = ManualClock(T0)
        traffic, deploy = FakeTraffic(), FakeDeploy(clock)
        history = History(store, {}, clock)
        reconciler = Reconciler(
            store=store,
            clock=clock,
            traffic=traffic,
            deploy=deploy,
            delivery=Delivery(store, traffic, deploy, clock),
            sampler_of=lambda row: Sampler(row, {}, clock, lambda: None),
            noise_of=history.noise_of,
            why_unknown=history.why_unknown,
            usual_of=history.usual_of,
        )
        with store.begin() as tx:
            for number in range(ROLLOUTS):
                plan = a_plan(1_000, 10_000, duration_s=1e9)
                setup = a_setup(service=f"service-{number}", port=20_000 + number)
                tx.insert_rollout(replace(a_row(setup=setup), state=a_state(plan=plan), due_at=clock.wall()))
        ticks, began_s = 0, time.perf_counter()
        while time.perf_counter() - began_s < SECONDS:
            with store.begin() as tx:
                rows: list[RolloutRow] = list(tx.claim_due(clock.wall(), LEASE_S, ROLLOUTS))
            for row in rows:
                reconciler.tick(row)
            ticks += len(rows)
            clock.advance(2)
        tick_rate = ticks / (time.perf_counter() - began_s)
        commits, began_s = 0, time.perf_counter()
        while time.perf_counter() - began_s < SECONDS / 2:
            with store.begin() as tx:
                tx.set_meta("bench", str(commits))
            commits += 1
        floor = commits / (time.perf_counter() - began_s)
        store.close()
    return {
        "ticks_per_s": round(tick_rate),
        "floor_commits_per_s": round(floor),
        "ticks_to_floor": round(tick_rate / floor, 3),
        **analysed_ticks.measure().figures,
    }
