"""How much stable's own instances differ for no reason: recorded all the time, learned from when asked.

Nothing is recorded yet by any provider that tells instances apart, so every metric's noise is unknown, and
the analysis asks a person where it would have acted.
"""

from __future__ import annotations

from collections.abc import Mapping

from sluiceway.domain.analysis.noise import Noise
from sluiceway.domain.process.plan import MetricSource
from sluiceway.ports.clock import Clock
from sluiceway.ports.metrics import MetricsProvider
from sluiceway.ports.store import RolloutRow, Store

HISTORY_S = 60.0  # real seconds between two records


class History:
    """Records and learns for every service that runs."""

    def __init__(self, store: Store, metrics: Mapping[MetricSource, MetricsProvider], clock: Clock) -> None:
        self._store = store
        self._metrics = metrics
        self._clock = clock

    def record(self) -> None:
        """Take one look at every service that runs."""

    def noise_of(self, row: RolloutRow) -> Mapping[str, Noise]:
        """Return the usual noise of each analysed metric that enough is known of."""
        del row
        return {}
