"""Follows one rollout to its end: breaks the new version on time, and notes what happened when.

Knows the server only through the view it is given, so that tests can play one.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from sluiceway.services.views import DecisionView, RolloutView

FAULT_FROM_PERCENT = 10.0
ROLLBACK_KIND = "rollback-decided"


@dataclass(slots=True)
class Timeline:
    """When things happened, in unix seconds; None for what has not."""

    exposed_at: float | None = None  # the new version first had users
    fault_at: float | None = None
    decided_at: float | None = None
    empty_at: float | None = None  # after the decision: the proxy was seen to send nobody to the new version
    finished_at: float | None = None
    phase: str = ""
    outcome: str = ""
    seen: set[tuple[datetime, str, str]] = field(default_factory=set[tuple[datetime, str, str]])


class Follower:
    """Takes views in the order they were read and keeps the timeline.

    `break_new` makes the fault begin; it is called once, when the proxy is first seen to give the new
    version a tenth of the users or more. `on_decision` is told of each decision once, oldest first.
    """

    def __init__(
        self,
        break_new: Callable[[], None] | None,
        on_decision: Callable[[DecisionView], None],
        now: Callable[[], float] = time.time,
    ) -> None:
        self.timeline = Timeline()
        self._break_new = break_new
        self._on_decision = on_decision
        self._now = now

    def take(self, view: RolloutView) -> None:
        """Note what a view adds to what was known."""
        line = self.timeline
        now = self._now()
        line.phase = view.summary.phase
        self._take_decisions(view)
        observed = view.weight_observed_percent
        if observed:
            line.exposed_at = line.exposed_at or now
        is_tenth = observed is not None and observed >= FAULT_FROM_PERCENT
        if is_tenth and line.fault_at is None and line.decided_at is None and self._break_new is not None:
            self._break_new()
            line.fault_at = self._now()
        if line.decided_at is not None and observed == 0 and line.empty_at is None:
            line.empty_at = now
        if view.summary.is_finished:
            line.finished_at = now
            line.outcome = view.summary.phase.replace("-", "_")
            if line.decided_at is not None and line.empty_at is None and view.summary.phase != "promoted":
                line.empty_at = now

    def _take_decisions(self, view: RolloutView) -> None:
        line = self.timeline
        for decision in reversed(view.decisions):
            key = (decision.at, decision.kind, decision.why)
            if key in line.seen:
                continue
            line.seen.add(key)
            self._on_decision(decision)
            if decision.kind == ROLLBACK_KIND and line.decided_at is None:
                line.decided_at = decision.at.timestamp()


def make_breaker(fault_file: Path) -> Callable[[], None]:
    """Return a function that makes the fault begin: the shop watches for this file."""
    return fault_file.touch
