"""The durable engine that delivers effects to the outside after they were committed.

An effect is queued through `Transaction.enqueue_effect`, in the transaction of the decision that wants it;
this port runs the queue. Delivery is at least once, so handlers are safe to repeat.
"""

from __future__ import annotations

from typing import Protocol

from sluiceway.domain.rollouts.model import Effect, RolloutId


class EffectHandler(Protocol):
    def deliver(self, rollout_id: RolloutId, gen: int, effect: Effect) -> None:
        """Carry one effect out, unless the rollout's stored state wants it no more.

        Raises TemporaryProviderError to be called again later, PermanentProviderError to give up.
        """
        ...


class WorkEngine(Protocol):
    def start(self, handler: EffectHandler) -> None:
        """Begin taking effects off the queue, also those an earlier process left."""
        ...

    def stop(self) -> None:
        """Take no more; return when nothing is being delivered."""
        ...
