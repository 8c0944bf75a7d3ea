"""A small shop behind a real Envoy, and users who note what they get, for tests that count on both ends."""

from __future__ import annotations

import http.client
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from sluiceway.adapters.metrics.envoy import EnvoyMetrics
from sluiceway.domain.process.plan import AnalysedMetric, Audience, Ingress, MetricSource, Version
from sluiceway.domain.rollouts.model import SetTraffic
from sluiceway.testing.clock import ManualClock
from sluiceway.testing.metrics_contract import ERRORS, NEW, STABLE, target, totals_of
from tests.support.backend import Backend
from tests.support.envoy_rig import EnvoyRig
from tests.support.users import USER

TEAM = Audience("header", "x-team", ("internal",))
MEMBER = {"x-team": "internal"}
SLOW = AnalysedMetric("slow_requests", MetricSource.ENVOY, slower_than_ms=250)  # counted above 270
USERS = 6  # at the same time


@dataclass(frozen=True, slots=True)
class Got:
    """One answer as a user saw it. `instance` is which backend gave it."""

    instance: str
    status: int
    lasted_ms: float


class Shop:
    """Two instances of stable, `1.0/a` and `1.0/b`, and one of the new version behind a real Envoy."""

    def __init__(self, home: Path) -> None:
        self.envoy = EnvoyRig(home)
        self.clock = ManualClock()
        self.metrics = EnvoyMetrics(home, self.clock.monotonic_s)
        self.a, self.b, self.new = Backend("1.0/a"), Backend("1.0/b"), Backend("2.0")
        for backend in (self.a, self.b, self.new):
            backend.start()
        self.split(0)
        self.look()

    @property
    def ingress(self) -> Ingress:
        return self.envoy.ingress()

    def split(self, weight_bp: int, ingress: Ingress | None = None) -> None:
        backends = {STABLE: [self.a.endpoint, self.b.endpoint], NEW: [self.new.endpoint]}
        self.envoy.traffic.apply(
            ingress or self.ingress, SetTraffic(STABLE, NEW, weight_bp, audience=(TEAM,)), backends
        )

    def look(self, after_s: float = 1.0) -> None:
        self.clock.advance(after_s)
        self.metrics.collect(self.ingress)

    def totals(self, metric: AnalysedMetric, version: Version) -> tuple[float, float]:
        found = totals_of(self, metric, version)
        return found.count, found.bad

    def by_instance(self, version: Version = STABLE) -> dict[str, tuple[float, float]]:
        """Return attempts and failed ones of each backend, by its name."""
        self.clock.advance(10)
        names = {f"{one.endpoint.host}:{one.endpoint.port}": one.name for one in (self.a, self.b, self.new)}
        found = self.metrics.instance_totals(ERRORS, target(self, version))
        return {names[address]: (totals.count, totals.bad) for address, totals in found.items()}

    def close(self) -> None:
        self.envoy.close()
        for backend in (self.a, self.b, self.new):
            backend.behaviour.hold.set()
            backend.kill()


def load(ingress: Ingress, requests_each: int = 100) -> list[Got]:
    """Let some users ask at the same time, each request as somebody else; return what they got."""
    got: list[Got] = []
    lock = threading.Lock()

    def be_user(number: int) -> None:
        connection = http.client.HTTPConnection(ingress.host, ingress.port, timeout=30)
        for request in range(requests_each):
            began_s = time.monotonic()
            connection.request("GET", "/", headers={USER: f"{number}-{request}"})
            answer = connection.getresponse()
            answer.read()
            lasted_ms = 1_000 * (time.monotonic() - began_s)
            with lock:
                got.append(Got(answer.getheader("x-version", ""), answer.status, lasted_ms))
        connection.close()

    users = [threading.Thread(target=be_user, args=(number,)) for number in range(USERS)]
    for user in users:
        user.start()
    for user in users:
        user.join(120)
    return got
