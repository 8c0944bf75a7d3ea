"""How versions of a service run: what a deploy provider must do.

Calls are absolute and safe to repeat. Contract: `sluiceway.testing.deploy_contract.DeployProviderContract`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from sluiceway.domain.process.plan import Service, Version
from sluiceway.ports.traffic import Endpoint


@dataclass(frozen=True, slots=True)
class Instance:
    """One running (or failed) copy of a version."""

    number: int  # 0 and up, stable over restarts
    endpoint: Endpoint
    pid: int | None
    ready: bool  # its health check answers now
    restarts: int
    failed: str = ""  # why it will not be started again by itself; "" while there is hope


@dataclass(frozen=True, slots=True)
class DeploymentSeen:
    """What runs of one version."""

    version: Version
    wanted: int
    instances: tuple[Instance, ...]

    @property
    def ready(self) -> int:
        return sum(instance.ready for instance in self.instances)


class DeployProvider(Protocol):
    name: str

    def ensure(self, service: Service, version: Version, instances: int) -> None:
        """Bring the version to this many instances and return at once; `observe` tells how far it is.

        Instances already running are kept (also those an earlier Sluiceway process started), crashed ones
        are started again with growing pauses by `supervise`. Raises PermanentProviderError when the command
        can't be run at all (not found, no such directory).
        """
        ...

    def observe(self, service: Service, version: Version) -> DeploymentSeen:
        """Return what runs now; `wanted` is 0 for a version nobody asked for."""
        ...

    def supervise(self, service: Service) -> None:
        """Restart what crashed and is due, give up on what never got healthy. Called about once a second."""
        ...

    def stop(self, service: Service, version: Version, *, force: bool = False) -> None:
        """End every instance: politely, then hard after the service's grace period (`force`: hard at once).

        Returns when they are gone. Safe to repeat; an unknown version is already gone.
        """
        ...
