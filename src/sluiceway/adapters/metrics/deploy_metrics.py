"""Figures that the deploy provider counts: crashes and instances that are not healthy.

Kept in memory as the running totals of each look, so a window is the difference of two looks; after a
restart of Sluiceway the first window begins anew.
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass

from sluiceway.domain.process.plan import Ingress, MetricSpec, Version
from sluiceway.domain.rollouts.model import Reading
from sluiceway.errors import PermanentProviderError
from sluiceway.ports.clock import Clock
from sluiceway.ports.deploy import DeployProvider
from sluiceway.ports.metrics import Target

KEEP_S = 900.0


@dataclass(frozen=True, slots=True)
class _Look:
    at_s: float
    crashes: int
    wanted: int
    ready: int


class DeployMetrics:
    """The metrics provider `deploy`: `crashes`, `crash_rate`, `health_failure_rate`."""

    name = "deploy"

    def __init__(self, deploy: DeployProvider, clock: Clock) -> None:
        self._deploy = deploy
        self._clock = clock
        self._lock = threading.Lock()
        self._looks: dict[tuple[str, Version], deque[_Look]] = {}

    def collect(self, ingress: Ingress) -> None:
        """See `MetricsProvider.collect`: nothing to do, a reading looks by itself."""

    def read(self, spec: MetricSpec, target: Target, window_s: float) -> Reading:
        """See `MetricsProvider.read`. A version nobody asked for has no data."""
        now_s = self._clock.monotonic_s()
        look = self._look(target, now_s)
        if look.wanted == 0:
            return Reading(None)
        with self._lock:
            looks = self._looks.setdefault((target.service.name, target.version), deque())
            looks.append(look)
            while looks and looks[0].at_s < now_s - KEEP_S:
                looks.popleft()
            first = next(old for old in looks if old.at_s >= now_s - window_s)
        # Totals fall when an instance is replaced by a new one: then what it counts is all there is.
        crashes = look.crashes - first.crashes if look.crashes >= first.crashes else look.crashes
        match spec.name:
            case "crashes":
                return Reading(float(crashes))
            case "crash_rate":
                return Reading(crashes / look.wanted)
            case "health_failure_rate":
                return Reading(1 - look.ready / look.wanted)
            case _:
                known = "crashes, crash_rate, health_failure_rate"
                raise PermanentProviderError(f"metric {spec.name!r} has source deploy, which knows {known}")

    def _look(self, target: Target, now_s: float) -> _Look:
        seen = self._deploy.observe(target.service, target.version)
        crashes = sum(instance.restarts for instance in seen.instances)
        return _Look(now_s, crashes, seen.wanted, seen.ready)
