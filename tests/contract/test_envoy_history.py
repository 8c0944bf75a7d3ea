"""What is recorded each minute of a service behind a real Envoy: its instances apart, and its figures."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from sluiceway.adapters.metrics.envoy import EnvoyMetrics
from sluiceway.adapters.store import open_store
from sluiceway.domain.process.plan import MetricSource
from sluiceway.domain.rollouts.model import Phase, SetTraffic
from sluiceway.engine.history import History
from sluiceway.ports.history import CountSeries
from sluiceway.testing.builders import a_row, a_setup, a_state
from sluiceway.testing.clock import ManualClock
from tests.support.backend import Backend
from tests.support.envoy_rig import V1, EnvoyRig
from tests.support.users import ask

pytestmark = pytest.mark.envoy

REQUESTS = 60
EVER = range(10**9)


def test_two_instances_behind_envoy_are_counted_apart_and_their_figures_kept(tmp_path: Path) -> None:
    rig, clock, store = EnvoyRig(tmp_path), ManualClock(), open_store(tmp_path / "sluiceway.sqlite")
    second = Backend(V1)
    second.start()
    backends = (rig.backend(V1), second)
    ingress = rig.ingress()
    rig.traffic.apply(ingress, SetTraffic(V1, None, 0), {V1: [each.endpoint for each in backends]})
    row = a_row(
        setup=replace(a_setup(), ingress=ingress),
        state=a_state(stable=V1, new="2.0", phase=Phase.ROLLED_BACK),
    )
    with store.begin() as tx:
        tx.insert_rollout(row)
    history = History(store, {MetricSource.ENVOY: EnvoyMetrics(tmp_path, clock.monotonic_s)}, clock)
    second.behaviour.status = 500

    try:
        history.record()
        answers = Counter(ask(ingress, {"x-user": str(number)}).status for number in range(REQUESTS))
        clock.advance(60.2)
        history.record()
    finally:
        second.kill()
        rig.close()

    with store.read() as tx:
        counts = tx.counts(CountSeries("checkout", "errors"), EVER)
        figures = tx.figures("checkout", EVER)
    store.close()
    by_bad = sorted(counts, key=lambda count: count.bad)
    assert [count.bad for count in by_bad] == [0, answers[500]]
    assert sum(count.count for count in counts) == REQUESTS
    assert answers[500] > 0
    assert list(figures["error_rate"]) == [pytest.approx(answers[500] / REQUESTS)]
    assert list(figures["requests"]) == [REQUESTS]
    assert figures["p95_ms"][0] > 0
