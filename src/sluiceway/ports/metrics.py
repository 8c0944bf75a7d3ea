"""Figures of one version of a service: what a metrics provider must do.

Contract: `sluiceway.testing.metrics_contract.MetricsProviderContract`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from sluiceway.domain.process.plan import AnalysedMetric, Ingress, MetricSpec, Service, Version
from sluiceway.domain.rollouts.model import Reading


@dataclass(frozen=True, slots=True)
class Target:
    """Whose figures are asked for."""

    service: Service
    ingress: Ingress
    version: Version


@dataclass(frozen=True, slots=True)
class Totals:
    """Running totals of one version since some fixed moment, as the source said at `at_s` (monotonic).

    COUNTS: `count` requests (or payments, sessions, ...) of which `bad` were bad. MEANS: `count` values that
    add up to `total`, their squares to `squares`. Two of them, subtracted, are an interval. A source whose
    totals begin anew may go back: the difference is negative then, and known as unusable by that.
    `slower_than_ms` is the bound that made an answer slow, where the source can't count exactly by the one
    that was asked for; 0 where it did.
    """

    at_s: float
    count: float
    bad: float = 0.0
    total: float = 0.0
    squares: float = 0.0
    slower_than_ms: float = 0.0


class MetricsProvider(Protocol):
    name: str

    def collect(self, ingress: Ingress) -> None:
        """Take a sample now, where figures come from counters that must be read regularly; else do nothing.

        Called about once a second. Raises TemporaryProviderError when the source does not answer.
        """
        ...

    def read(self, spec: MetricSpec, target: Target, window_s: float) -> Reading:
        """Return the metric over the last `window_s` real seconds.

        No data is `Reading(None)`: no requests, an empty result, NaN. A counter that went back (a restart)
        counts from zero. Raises TemporaryProviderError (timeout, 5xx, refused) or PermanentProviderError
        (malformed query, 4xx).
        """
        ...


@runtime_checkable
class CountsProvider(Protocol):
    """What the statistical comparison needs beyond readings; a metrics provider may be one as well.

    Contract: `sluiceway.testing.metrics_contract.CountsProviderContract`.
    """

    def totals(self, metric: AnalysedMetric, target: Target) -> Totals | None:
        """Return the running totals of the version at the last look; None when nothing is known of it yet.

        `metric.slower_than_ms` is set whenever a metric needs one. Raises as `MetricsProvider.read` does.
        """
        ...

    def usual_bound_ms(self, target: Target) -> float | None:
        """Return the time that 95 of 100 of the version's recent answers took at most, as a bound that can
        be counted exactly; None while too few are known."""
        ...

    def instance_totals(self, metric: AnalysedMetric, target: Target) -> Mapping[str, Totals]:
        """Return the running totals by instance of the version, empty where instances aren't told apart."""
        ...
