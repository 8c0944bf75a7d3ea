"""The durable engine that delivers effects to the outside, and carries runbook steps out, after the commit.

An effect is queued through `Transaction.enqueue_effect`, a step through `Transaction.enqueue_step`, in the
transaction of the decision that wants it; this port runs the queues. Delivery is at least once, so handlers
are safe to repeat.
"""

from __future__ import annotations

from typing import Protocol

from sluiceway.domain.checklists.model import RunId
from sluiceway.domain.rollouts.model import Effect, RolloutId


class EffectHandler(Protocol):
    def deliver(self, rollout_id: RolloutId, gen: int, effect: Effect) -> None:
        """Carry one effect out, unless the rollout's stored state wants it no more.

        Raises TemporaryProviderError to be called again later, PermanentProviderError to give up.
        """
        ...


class StepHandler(Protocol):
    def carry_out(self, run_id: RunId, key: str) -> None:
        """Carry out the step that a run wants now, begun under `key`, and note its outcome.

        Called again with the same key when a crash came in between. Raises StoreError, to be called again
        later, when the outcome can't be noted.
        """
        ...


class WorkEngine(Protocol):
    def start(self, handler: EffectHandler, steps: StepHandler | None = None) -> None:
        """Begin taking effects and steps off their queues, also those an earlier process left."""
        ...

    def stop(self) -> None:
        """Take no more; return when nothing is being delivered or carried out."""
        ...
