"""Versions of a service as processes on this machine: the deploy provider `local`.

Instances outlive Sluiceway. Each has a record on disk, from which the next Sluiceway knows it again; what
crashes is started again with growing pauses, what never gets healthy is given up with the reason.
"""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from sluiceway.adapters.deploy.instance import LocalInstance
from sluiceway.adapters.deploy.records import Folder, Record, folder_of, versions_on_disk
from sluiceway.domain.process.plan import Service, Version
from sluiceway.ports.clock import Clock
from sluiceway.ports.deploy import DeploymentSeen


class _Deployment:
    """The instances of one version."""

    def __init__(self, folder: Folder) -> None:
        self.folder = folder
        self.lock = threading.RLock()
        self.instances: dict[int, LocalInstance] = {}


class LocalProcesses:
    """The deploy provider `local`. Safe to use from several threads; one Sluiceway per data directory."""

    name = "local"

    def __init__(self, data_dir: Path, clock: Clock) -> None:
        self._data_dir = data_dir
        self._clock = clock
        self._guard = threading.Lock()
        self._deployments: dict[tuple[str, Version], _Deployment] = {}

    def ensure(self, service: Service, version: Version, instances: int) -> None:
        """See `DeployProvider.ensure`. An instance that was given up gets another chance."""
        deployment = self._deployment(service, version)
        with deployment.lock:
            for number in range(instances):
                instance = deployment.instances.get(number)
                if instance is None:
                    instance = LocalInstance(
                        service, version, Record(number, 0), deployment.folder, self._clock
                    )
                    deployment.instances[number] = instance
                instance.want(service)
            surplus = [n for n in deployment.instances if n >= instances]
            for number in surplus:
                deployment.instances.pop(number).end(service.stop_grace_s)

    def observe(self, service: Service, version: Version) -> DeploymentSeen:
        """See `DeployProvider.observe`."""
        deployment = self._deployment(service, version)
        instances = sorted(deployment.instances.copy().items())
        return DeploymentSeen(version, len(instances), tuple(instance.seen() for _, instance in instances))

    def supervise(self, service: Service) -> None:
        """See `DeployProvider.supervise`. Also keeps the logs from growing without end."""
        known = {version for name, version in self._deployments if name == service.name}
        for version in known | {Version(v) for v in versions_on_disk(self._data_dir, service.name)}:
            deployment = self._deployment(service, version)
            with deployment.lock:
                for instance in deployment.instances.values():
                    instance.look_after(service)

    def stop(self, service: Service, version: Version, *, force: bool = False) -> None:
        """See `DeployProvider.stop`."""
        deployment = self._deployment(service, version)
        with deployment.lock:
            instances = list(deployment.instances.values())
            if not instances:
                return
            grace_s = 0.0 if force else service.stop_grace_s
            with ThreadPoolExecutor(len(instances)) as pool:
                for ended in [pool.submit(instance.end, grace_s) for instance in instances]:
                    ended.result()
            deployment.instances.clear()

    def _deployment(self, service: Service, version: Version) -> _Deployment:
        """Return what is known of a version, read from disk the first time it is asked for."""
        with self._guard:
            deployment = self._deployments.get((service.name, version))
            if deployment is None:
                deployment = _Deployment(folder_of(self._data_dir, service.name, version))
                for record in deployment.folder.load():
                    deployment.instances[record.number] = LocalInstance(
                        service, version, record, deployment.folder, self._clock
                    )
                self._deployments[service.name, version] = deployment
            return deployment
