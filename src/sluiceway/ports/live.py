"""The latest figures of running rollouts, kept in memory by whoever measures them.

What was decided is in the store; what was measured a second ago is here and is gone after a restart.
"""

from __future__ import annotations

from typing import Protocol

from sluiceway.domain.rollouts.model import Observation, RolloutId


class LiveView(Protocol):
    def latest(self, rollout_id: RolloutId) -> Observation | None:
        """Return what the last tick measured; None before the first tick and for a finished rollout."""
        ...

    @property
    def is_running(self) -> bool:
        """Return whether somebody takes up people's acts and moves rollouts on."""
        ...

    def nudge(self) -> None:
        """Look for due rollouts at once, because a person has just acted."""
        ...
