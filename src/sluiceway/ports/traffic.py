"""How users are spread over versions: what a traffic provider must do.

Calls are absolute ("this is the split") and safe to repeat. The contract every provider passes is
`sluiceway.testing.traffic_contract.TrafficProviderContract`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from sluiceway.domain.process.plan import Ingress, Version
from sluiceway.domain.rollouts.model import SetTraffic, SplitSeen


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One instance that serves requests."""

    host: str
    port: int


Backends = Mapping[Version, Sequence[Endpoint]]


class TrafficProvider(Protocol):
    name: str

    def apply(self, ingress: Ingress, split: SetTraffic, backends: Backends) -> None:
        """Put the split in force and return when the proxy has confirmed it (starting the proxy if need be).

        Setting the same split twice changes nothing. `backends` must hold at least one endpoint for every
        version with a share of the traffic, else PermanentProviderError is raised and nothing changes.
        Raises TemporaryProviderError when the proxy does not confirm in time, PermanentProviderError when
        it refuses the configuration or can't start (port taken).
        """
        ...

    def observe(self, ingress: Ingress) -> SplitSeen | None:
        """Return the split the proxy itself reports, or None when it does not answer or was never set."""
        ...

    def active_requests(self, ingress: Ingress, version: Version) -> int | None:
        """Return the requests in flight to the version, or None when unknown. 0 when it has no route."""
        ...

    def keep_alive(self, ingress: Ingress) -> bool:
        """Start the proxy again if it died, with its last configuration; return whether it had to.

        Does nothing for an ingress that was never applied.
        """
        ...

    def stop(self, ingress: Ingress) -> None:
        """End the proxy, for demos and tests. Safe to repeat."""
        ...
