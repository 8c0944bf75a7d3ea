"""What a rollout by flag does to its flag, and what the engine does to flags by itself.

Rollouts set who is reached, as a traffic provider sets who meets which version: calls are absolute and safe
to repeat. Thresholds and schedules are followed for every flag. What a flag is worth to whom is the business
of `domain.flags`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from sluiceway.domain.flags.model import FlagSet, Hold
from sluiceway.domain.process.plan import DrivenFlag, MetricSource, MetricSpec, Version
from sluiceway.domain.rollouts.model import RolloutId, SetTraffic, SplitSeen
from sluiceway.ports.metrics import Target

OF_INSTANCES = frozenset({MetricSource.ENVOY, MetricSource.DEPLOY})  # they know versions, not who has a flag


@dataclass(frozen=True, slots=True)
class FlagWay:
    """Which flag of which service a rollout drives, and what its two sides are called."""

    rollout: RolloutId
    service: str
    flag: DrivenFlag
    stable: Version
    new: Version


class FlagReach(Protocol):
    """Who a driven flag reaches."""

    def apply(self, way: FlagWay, split: SetTraffic) -> None:
        """Make the driven rule reach exactly this share and audience, and switch the flag on for a first one.

        Setting the same split twice changes nothing. Raises PermanentProviderError when there is no such
        flag, and when somebody turned it off while users were reached; TemporaryProviderError when the store
        can't be written.
        """
        ...

    def observe(self, way: FlagWay) -> SplitSeen | None:
        """Return the split that the flag in force makes; None when it can't be read.

        Raises PermanentProviderError when there is no such flag.
        """
        ...


@dataclass(frozen=True, slots=True)
class Measured:
    """Where the figures of a service that is watched come from, whether or not a rollout runs.

    `labelled` is what senders and queries label their figures with: the side with the flag while a rollout by
    flag runs, else the version that serves. `serving` is what Envoy and the deploy provider know, None where
    Sluiceway doesn't run the service.
    """

    specs: tuple[MetricSpec, ...]
    labelled: Target
    serving: Target | None = None

    def target_of(self, source: MetricSource) -> Target | None:
        """Return whose figures a source is asked for, None when it can't know any."""
        return self.serving if source in OF_INSTANCES else self.labelled


class FlagWatch(Protocol):
    """What thresholds and schedules look at and act on."""

    def live_sets(self) -> Sequence[FlagSet]:
        """Return the set in force of every service and environment. Raises StoreError."""
        ...

    def measured(self, service: str) -> Measured | None:
        """Return where the service's figures come from, None when nothing is known. Raises StoreError."""
        ...

    def hold(self, service: str, environment: str, flag: str, hold: Hold, why: str) -> None:
        """Turn a flag off until a person lets it on again; one that is held already stays as it is.

        Raises StoreError.
        """
        ...

    def turned(self, service: str, environment: str, flag: str, why: str, *, opened: bool) -> None:
        """Record that a flag's schedule has switched it, and have its clients told. Raises StoreError."""
        ...


class Flags(FlagReach, FlagWatch, Protocol):
    """All of it: what the engine is given."""
