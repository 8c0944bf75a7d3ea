"""Figures of one version of a service: what a metrics provider must do.

Contract: `sluiceway.testing.metrics_contract.MetricsProviderContract`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from sluiceway.domain.process.plan import Ingress, MetricSpec, Service, Version
from sluiceway.domain.rollouts.model import Reading


@dataclass(frozen=True, slots=True)
class Target:
    """Whose figures are asked for."""

    service: Service
    ingress: Ingress
    version: Version


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
