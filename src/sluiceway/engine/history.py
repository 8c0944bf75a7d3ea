"""How noisy each service is for no reason, and what is usual for it: recorded all the time, asked by ticks.

Recording is in `history_record`, what is learned from it in `history_findings`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sluiceway.domain.analysis.noise import Noise
from sluiceway.domain.process.plan import MetricSource
from sluiceway.domain.rollouts.model import Reading
from sluiceway.engine.history_findings import Desk, in_background
from sluiceway.engine.history_record import Recorder
from sluiceway.ports.clock import Clock
from sluiceway.ports.metrics import MetricsProvider
from sluiceway.ports.store import RolloutRow, Store

HISTORY_S = 60.0  # real seconds between two records


class History:
    """Records, and tells what the records say. `record` is for one thread, the rest for any."""

    def __init__(
        self,
        store: Store,
        metrics: Mapping[MetricSource, MetricsProvider],
        clock: Clock,
        start: Callable[[Callable[[], None]], None] = in_background,
    ) -> None:
        """`start` runs what must not delay a tick."""
        self._recorder = Recorder(store, metrics, clock)
        self._desk = Desk(store, clock, start)

    def record(self) -> None:
        """Take one look at every service that is served. Raises StoreError when it can't be kept."""
        self._recorder.record()

    def noise_of(self, row: RolloutRow) -> Mapping[str, Noise]:
        """Return the usual noise of each analysed metric that enough is known of."""
        return self._desk.of(row).noise

    def why_unknown(self, row: RolloutRow) -> Mapping[str, str]:
        """Return why the noise of the other analysed metrics is not known, in words for people."""
        return self._desk.of(row).unknown

    def usual_of(self, row: RolloutRow) -> Mapping[str, Reading]:
        """Return what is usual for stable, of the metrics that the plan names as `history.NAME`."""
        return self._desk.of(row).usual
