"""Two versions behind a real Envoy whose figures are read, for the contracts of metrics providers."""

from __future__ import annotations

from pathlib import Path

from sluiceway.adapters.metrics.envoy import EnvoyMetrics
from sluiceway.domain.process.plan import Audience, Ingress, Version
from sluiceway.domain.rollouts.model import SetTraffic
from sluiceway.testing.clock import ManualClock
from sluiceway.testing.metrics_contract import NEW, STABLE
from tests.support.envoy_rig import EnvoyRig
from tests.support.users import ask

TEAM = Audience("header", "x-team", ("internal",))


class EnvoyServed:
    """The team meets the new version, everybody else the stable one."""

    def __init__(self, home: Path) -> None:
        self.envoy = EnvoyRig(home)
        self.clock = ManualClock()
        self.metrics = EnvoyMetrics(home, self.clock.monotonic_s)
        self.envoy.apply(SetTraffic(STABLE, NEW, 0, audience=(TEAM,)))

    @property
    def ingress(self) -> Ingress:
        return self.envoy.ingress()

    def serve(self, version: Version, requests: int, *, errors: int = 0, latency_ms: float = 1.0) -> None:
        behaviour = self.envoy.backend(version).behaviour
        behaviour.latency_s = latency_ms / 1_000
        for number in range(requests):
            behaviour.status = 500 if number < errors else 200
            ask(self.ingress, {"x-team": "internal"} if version == NEW else {})

    def pass_time(self, seconds: float) -> None:
        for _ in range(2 * round(seconds)):
            self.clock.advance(0.5)
            self.metrics.collect(self.ingress)

    def restart_source(self) -> None:
        self.envoy.kill_proxy(self.ingress)
        assert self.envoy.traffic.keep_alive(self.ingress)

    def lose_source(self) -> None:
        self.envoy.traffic.stop(self.ingress)
        self.clock.advance(1)
