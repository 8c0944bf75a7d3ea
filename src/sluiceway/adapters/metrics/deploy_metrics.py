"""Figures that the deploy provider counts: crashes, and instances that are not healthy.

Every look adds the crashes since the look before to a running total, so a window is the difference of two
looks. Kept in memory: after a restart of Sluiceway windows and totals begin anew.
"""

from __future__ import annotations

import threading
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field

from sluiceway.domain.process.plan import AnalysedMetric, Comparison, Ingress, MetricSpec, Version
from sluiceway.domain.rollouts.model import Reading
from sluiceway.errors import PermanentProviderError
from sluiceway.ports.clock import Clock
from sluiceway.ports.deploy import DeploymentSeen, DeployProvider
from sluiceway.ports.metrics import Target, Totals

KEEP_S = 900.0  # longer than any window that is asked for
_KNOWN = frozenset({"crashes", "crash_rate", "health_failure_rate"})
FRESH_S = 0.25  # a look this young serves all metrics of one sample


@dataclass(slots=True)
class _History:
    """What was seen of one version. `times_s[i]` belongs to `totals[i]`."""

    target: Target
    asked_s: float
    times_s: list[float] = field(default_factory=list[float])
    totals: list[int] = field(default_factory=list[int])
    restarts: dict[int, int] = field(default_factory=dict[int, int])
    seen: DeploymentSeen | None = None
    instance_s: float = 0.0  # seconds that instances were wanted, of all of them together

    def add(self, seen: DeploymentSeen, now_s: float) -> None:
        restarts = {instance.number: instance.restarts for instance in seen.instances}
        crashed = 0
        if self.seen is not None:  # crashes before the first look belong to no window
            for number, count in restarts.items():
                before = self.restarts.get(number, 0)
                crashed += count - before if count >= before else count  # a new instance counts from zero
            self.instance_s += self.seen.wanted * (now_s - self.times_s[-1])
        self.times_s.append(now_s)
        self.totals.append((self.totals[-1] if self.totals else 0) + crashed)
        self.restarts, self.seen = restarts, seen
        old = bisect_right(self.times_s, now_s - KEEP_S)
        if old > 1:  # one look before the longest window is its base
            del self.times_s[: old - 1], self.totals[: old - 1]

    def crashes(self, window_s: float, now_s: float) -> int:
        """Return the crashes since the last look at or before the window's start."""
        base = max(0, bisect_right(self.times_s, now_s - window_s) - 1)
        return self.totals[-1] - self.totals[base]


class DeployMetrics:
    """The metrics provider `deploy`: `crashes`, `crash_rate`, `health_failure_rate`."""

    name = "deploy"

    def __init__(self, deploy: DeployProvider, clock: Clock) -> None:
        self._deploy = deploy
        self._clock = clock
        self._lock = threading.Lock()
        self._histories: dict[tuple[str, Version], _History] = {}

    def collect(self, ingress: Ingress) -> None:
        """Look at every version behind this ingress that was asked about lately.

        Raises what the deploy provider raises.
        """
        now_s = self._clock.monotonic_s()
        with self._lock:
            for key, history in list(self._histories.items()):
                if now_s - history.asked_s > KEEP_S:
                    del self._histories[key]
                elif history.target.ingress.name == ingress.name:
                    self._look(history, now_s)

    def read(self, spec: MetricSpec, target: Target, window_s: float) -> Reading:
        """See `MetricsProvider.read`. A version nobody asked for has no data."""
        if spec.name not in _KNOWN:
            raise PermanentProviderError(
                f"metric {spec.name}: source deploy has no such metric; "
                "it has crashes, crash_rate and health_failure_rate"
            )
        now_s = self._clock.monotonic_s()
        with self._lock:
            history, seen = self._looked(target, now_s)
            crashes = history.crashes(window_s, now_s)
        if seen.wanted == 0:
            return Reading(None)
        match spec.name:
            case "crashes":
                return Reading(float(crashes))
            case "crash_rate":
                return Reading(crashes / seen.wanted)
            case _:
                return Reading(1 - seen.ready / seen.wanted)

    def totals(self, metric: AnalysedMetric, target: Target) -> Totals | None:
        """See `CountsProvider.totals`: `crashes` of the seconds for which instances were wanted.

        Two instances make two of them in a second. Crashes before the first look are not among them. None
        for a version that was not wanted since. Raises PermanentProviderError for another metric, and what
        the deploy provider raises.
        """
        if metric.name != "crashes" or metric.comparison is not Comparison.COUNTS:
            raise PermanentProviderError(
                f"metric {metric.name}: source deploy can count crashes only; take it out of the analysis"
            )
        with self._lock:
            history, seen = self._looked(target, self._clock.monotonic_s())
            if seen.wanted == 0 and history.instance_s == 0:
                return None
            return Totals(history.times_s[-1], history.instance_s, history.totals[-1])

    def usual_bound_ms(self, target: Target) -> float | None:  # noqa: ARG002 deployments have no latencies
        """See `CountsProvider.usual_bound_ms`: none is ever known."""
        return None

    def instance_totals(
        self,
        metric: AnalysedMetric,  # noqa: ARG002 whatever it is
        target: Target,  # noqa: ARG002 whoever's
    ) -> Mapping[str, Totals]:
        """See `CountsProvider.instance_totals`: a crash says too little of one instance to learn from."""
        return {}

    def _looked(self, target: Target, now_s: float) -> tuple[_History, DeploymentSeen]:
        history = self._histories.setdefault((target.service.name, target.version), _History(target, now_s))
        history.target, history.asked_s = target, now_s
        return history, self._look(history, now_s)

    def _look(self, history: _History, now_s: float) -> DeploymentSeen:
        if history.seen is None or now_s - history.times_s[-1] >= FRESH_S:
            seen = self._deploy.observe(history.target.service, history.target.version)
            history.add(seen, now_s)
            return seen
        return history.seen
