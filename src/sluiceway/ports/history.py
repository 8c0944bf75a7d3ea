"""What is kept of every service minute by minute: counts of parts of it, and its figures.

Part of a store's transaction (`ports.store.Transaction`). Minutes are whole ones since 1970-01-01 UTC.
Contract: `sluiceway.testing.store_history_contract.StoreHistoryContract`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from sluiceway.domain.analysis.history import MinuteCount
from sluiceway.domain.rollouts.model import RolloutId


@dataclass(frozen=True, slots=True)
class CountSeries:
    """Whose counts: one metric of one service. Parts are stable's instances where `rollout` is None, else
    the two versions of that rollout."""

    service: str
    metric: str
    rollout: RolloutId | None = None


class HistoryTransaction(Protocol):
    """Reads and writes of history inside one transaction."""

    def add_counts(self, series: CountSeries, counts: Sequence[MinuteCount]) -> None:
        """Keep these; a part that has this minute already is replaced."""
        ...

    def counts(self, series: CountSeries, minutes: range) -> Sequence[MinuteCount]:
        """Return the series in these minutes, oldest first."""
        ...

    def counted_rollouts(self, service: str, metric: str) -> Sequence[RolloutId]:
        """Return the rollouts of which there is a series, oldest first."""
        ...

    def add_figures(self, service: str, minute: int, figures: Mapping[str, float]) -> None:
        """Keep a service's figures of one minute, by metric; one that is there already is replaced."""
        ...

    def figures(self, service: str, minutes: range) -> Mapping[str, Sequence[float]]:
        """Return each metric's figures in these minutes, oldest first."""
        ...

    def prune_history(self, *, before_minute: int) -> int:
        """Forget all that is older, of every service; return how many rows that were."""
        ...
