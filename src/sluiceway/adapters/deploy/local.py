"""Versions of a service as processes on this machine: the deploy provider `local`.

Instances outlive Sluiceway. Each has a record on disk, from which the next Sluiceway knows it again; what
crashes is started again with growing pauses, what never gets healthy is given up with the reason. How one
instance is kept running is the business of `instance`.
"""

from __future__ import annotations

import threading
from pathlib import Path

import structlog

from sluiceway.adapters.deploy.ending import Ending
from sluiceway.adapters.deploy.instance import LocalInstance, processes_of
from sluiceway.adapters.deploy.launch import check_launch, launch_of
from sluiceway.adapters.deploy.records import Folder, Record, folder_of, versions_on_disk
from sluiceway.domain.process.plan import Service, Version
from sluiceway.errors import ProviderError
from sluiceway.ports.clock import Clock
from sluiceway.ports.deploy import DeploymentSeen

log = structlog.get_logger("sluiceway.deploy")


class LocalProcesses:
    """The deploy provider `local`. Safe to use from several threads; one Sluiceway per data directory."""

    name = "local"

    def __init__(self, data_dir: Path, clock: Clock) -> None:
        self._data_dir = data_dir.absolute()
        self._clock = clock
        self._guard = threading.Lock()
        self._deployments: dict[tuple[str, Version], _Deployment] = {}

    def ensure(self, service: Service, version: Version, instances: int) -> None:
        """See `DeployProvider.ensure`. An instance that was given up gets another chance."""
        deployment = self._deployment(service, version)
        with deployment.lock:
            for number in range(instances):
                deployment.want(service, number, self._ports())
            for number in [known for known in deployment.instances if known >= instances]:
                deployment.end(number, service.stop_grace_s)

    def observe(self, service: Service, version: Version) -> DeploymentSeen:
        """See `DeployProvider.observe`. Waits for nothing, whatever else is under way.

        While a version is being stopped nothing of it is wanted, and what still runs is seen, not ready.
        """
        deployment = self._deployment(service, version)
        instances = sorted(deployment.instances.items())
        if not instances:
            leaving = [ending.seen() for ending in deployment.endings]
            return DeploymentSeen(version, 0, tuple(seen for seen in leaving if seen is not None))
        return DeploymentSeen(version, len(instances), tuple(instance.seen() for _, instance in instances))

    def supervise(self, service: Service) -> None:
        """See `DeployProvider.supervise`. Also keeps the logs from growing without end.

        Looks after every instance, then raises the first ProviderError met on the way.
        """
        known = {version for name, version in tuple(self._deployments) if name == service.name}
        failures: list[ProviderError] = []
        for version in sorted(known | {Version(v) for v in versions_on_disk(self._data_dir, service.name)}):
            deployment = self._deployment(service, version)
            with deployment.lock:
                for instance in deployment.instances.values():
                    try:
                        instance.look_after(service, self._ports() - {instance.port})
                    except ProviderError as failure:
                        failures.append(failure)
        if failures:
            raise failures[0]

    def stop(self, service: Service, version: Version, *, force: bool = False) -> None:
        """See `DeployProvider.stop`. Others may be observed, started and supervised meanwhile."""
        deployment = self._deployment(service, version)
        with deployment.lock:
            for number in list(deployment.instances):
                deployment.end(number, 0.0 if force else service.stop_grace_s)
            endings = deployment.endings
        for ending in endings:
            if force:
                ending.hurry()
        for ending in endings:
            ending.wait()
        with deployment.lock:
            deployment.sweep()

    def close(self) -> None:
        """Watch nothing any more, as when Sluiceway ends; every process goes on."""
        for deployment in tuple(self._deployments.values()):
            for instance in deployment.instances.values():
                instance.close()

    def _ports(self) -> set[int]:
        """Return the ports of all instances, running or not."""
        return {
            instance.port
            for deployment in tuple(self._deployments.values())
            for instance in deployment.instances.values()
        }

    def _deployment(self, service: Service, version: Version) -> _Deployment:
        """Return what is known of a version, read from disk the first time it is asked for."""
        known = self._deployments.get((service.name, version))
        if known is not None:
            return known
        with self._guard:
            deployment = self._deployments.get((service.name, version))
            if deployment is None:
                folder = folder_of(self._data_dir, service.name, version)
                deployment = _Deployment(version, folder, self._clock)
                deployment.load(service)
                self._deployments[service.name, version] = deployment
            return deployment


class _Deployment:
    """The instances of one version. Its collections are replaced, never changed: reading needs no lock."""

    def __init__(self, version: Version, folder: Folder, clock: Clock) -> None:
        self.lock = threading.RLock()
        self.instances: dict[int, LocalInstance] = {}
        self.endings: tuple[Ending, ...] = ()
        self._version = version
        self._folder = folder
        self._clock = clock

    def load(self, service: Service) -> None:
        """Adopt what an earlier Sluiceway started, and go on ending what it was ending."""
        kept, ending = self._folder.load()
        for file, record in ending:
            self._end(record, file, service.stop_grace_s)
        instances = {record.number: self._instance(record) for record in kept}
        for instance in instances.values():
            instance.adopt(service.health)
        self.instances = instances

    def want(self, service: Service, number: int, ports: set[int]) -> None:
        """See that an instance of this number runs; one that can't be started at all leaves no trace."""
        instance = self.instances.get(number)
        if instance is not None:
            instance.want(service, ports - {instance.port})
            return
        check_launch(launch_of(service, self._version, 0), f"{service.name} {self._version}")
        instance = self._instance(Record(number))
        try:
            instance.want(service, ports)
        except ProviderError:
            if instance.record.process is None:
                self._folder.forget_number(number)
                raise
            self.instances = {**self.instances, number: instance}  # it runs, though unrecorded
            raise
        self.instances = {**self.instances, number: instance}

    def end(self, number: int, grace_s: float) -> None:
        """Begin to end an instance; it counts no more from now on."""
        instance = self.instances[number]
        instance.close()
        # First the one, then the other, so that nobody ever sees neither.
        self._end(instance.record, self._folder.mark_ending(instance.record), grace_s)
        self.instances = {known: kept for known, kept in self.instances.items() if known != number}

    def sweep(self) -> None:
        """Think no more of what is gone."""
        self.endings = tuple(ending for ending in self.endings if not ending.is_gone)

    def _end(self, record: Record, file: Path, grace_s: float) -> None:
        log.info("instance ends", version=self._version, number=record.number, port=record.port)
        processes = processes_of(record, self._folder)
        self.sweep()
        self.endings += (Ending(record, processes, grace_s, lambda: self._folder.forget(file)),)

    def _instance(self, record: Record) -> LocalInstance:
        return LocalInstance(self._version, record, self._folder, self._clock)
