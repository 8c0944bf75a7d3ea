"""The simulated proxy and deployments: splits in force at once, instances that crash as the world says."""

from __future__ import annotations

from dataclasses import dataclass

from sluiceway.adapters.simulated.world import Simulation
from sluiceway.domain.process.plan import Ingress, Service, Version
from sluiceway.domain.rollouts.model import SetTraffic, SplitSeen
from sluiceway.errors import PermanentProviderError
from sluiceway.ports.clock import Clock
from sluiceway.ports.deploy import DeploymentSeen, Instance
from sluiceway.ports.traffic import Backends, Endpoint

STARTS_IN_S = 5.0  # until an instance is healthy
DOWN_S = 8.0  # until a crashed one is healthy again


class SimulatedTraffic:
    """Fits `ports.traffic.TrafficProvider`."""

    name = "simulated"

    def __init__(self, simulation: Simulation, clock: Clock) -> None:
        self._simulation = simulation
        self._clock = clock

    def apply(self, ingress: Ingress, split: SetTraffic, backends: Backends) -> None:
        serving = [split.stable] if split.new is None or split.new_weight_bp < 10_000 else []
        if split.new is not None and (split.new_weight_bp > 0 or split.audience):
            serving.append(split.new)
        for version in serving:
            if not backends.get(version):
                raise PermanentProviderError(f"ingress {ingress.name!r}: version {version!r} has no endpoint")
        self._simulation.advance(self._clock.monotonic_s())  # until now the split was another
        self._simulation.split = (
            SplitSeen(split.stable, None, 0)
            if split.new is None
            else SplitSeen(split.stable, split.new, split.new_weight_bp, split.audience, split.mirror_bp)
        )

    def observe(self, ingress: Ingress) -> SplitSeen | None:  # noqa: ARG002 one world has one ingress
        return self._simulation.split

    def active_requests(self, ingress: Ingress, version: Version) -> int | None:  # noqa: ARG002
        return 0  # answers take no time here

    def keep_alive(self, ingress: Ingress) -> bool:  # noqa: ARG002
        return False

    def stop(self, ingress: Ingress) -> None:  # noqa: ARG002
        self._simulation.split = None


@dataclass(frozen=True, slots=True)
class _Deployment:
    instances: int
    since_s: float
    crashes_before: int  # of the version before these instances were started


class SimulatedDeploy:
    """Fits `ports.deploy.DeployProvider`. Instances get healthy after a while and crash as the world says."""

    name = "simulated"

    def __init__(self, simulation: Simulation, clock: Clock) -> None:
        self._simulation = simulation
        self._clock = clock
        self._running: dict[Version, _Deployment] = {}

    def ensure(self, service: Service, version: Version, instances: int) -> None:  # noqa: ARG002
        known = self._running.get(version)
        since_s = known.since_s if known else self._clock.monotonic_s()
        before = known.crashes_before if known else self._simulation.books[version].crashes
        self._running[version] = _Deployment(instances, since_s, before)

    def observe(self, service: Service, version: Version) -> DeploymentSeen:  # noqa: ARG002
        now_s = self._clock.monotonic_s()
        self._simulation.advance(now_s)
        known = self._running.get(version)
        if known is None:
            return DeploymentSeen(version, 0, ())
        book = self._simulation.books[version]
        crashes = book.crashes - known.crashes_before
        is_down = crashes > 0 and book.crashed_s is not None and now_s - book.crashed_s < DOWN_S
        is_up = now_s - known.since_s >= STARTS_IN_S
        # Crashes go round; the last one took the instance whose turn it was.
        last = (crashes - 1) % known.instances if known.instances else 0
        return DeploymentSeen(
            version,
            known.instances,
            tuple(
                Instance(
                    number=number,
                    endpoint=Endpoint("127.0.0.1", 20_000 + number),
                    pid=None if is_down and number == last else 10_000 + number,
                    ready=is_up and not (is_down and number == last),
                    restarts=(crashes + known.instances - 1 - number) // known.instances,
                )
                for number in range(known.instances)
            ),
        )

    def supervise(self, service: Service) -> None:
        """Crashed instances come back by themselves here."""

    def stop(self, service: Service, version: Version, *, force: bool = False) -> None:  # noqa: ARG002
        self._running.pop(version, None)
