"""A rig for the contract of traffic providers: real Envoys in front of small real backends."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

import psutil

from sluiceway.adapters.processes import load_ref
from sluiceway.adapters.traffic.envoy import EnvoyTraffic
from sluiceway.adapters.traffic.envoy_admin import ingress_folder
from sluiceway.domain.process.plan import Ingress, Sticky, Version
from sluiceway.domain.rollouts.model import SetTraffic
from sluiceway.ports.traffic import Endpoint
from tests.support.backend import Backend, free_port
from tests.support.users import USER, ask

V1, V2 = Version("1.0"), Version("2.0")


class EnvoyRig:
    """Envoys in one data directory, and a backend for each version that is asked for."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.traffic = EnvoyTraffic(home)
        self._ingresses: dict[str, Ingress] = {}
        self._backends: dict[Version, Backend] = {}

    def ingress(self, name: str = "shop") -> Ingress:
        if name not in self._ingresses:
            self._ingresses[name] = Ingress(name, port=free_port(), sticky=Sticky(header=USER))
        return self._ingresses[name]

    def backend(self, version: Version) -> Backend:
        if version not in self._backends:
            backend = self._backends[version] = Backend(version if version.isascii() else "odd")
            backend.start()
        return self._backends[version]

    def endpoint(self, version: Version) -> Endpoint:
        return self.backend(version).endpoint

    def apply(self, split: SetTraffic, ingress: Ingress | None = None) -> None:
        """Set a split with one endpoint for each of its versions."""
        versions = (split.stable, *([split.new] if split.new is not None else []))
        backends = {version: [self.endpoint(version)] for version in versions}
        self.traffic.apply(ingress or self.ingress(), split, backends)

    def restart(self) -> None:
        self.traffic = EnvoyTraffic(self.home)

    def folder(self, ingress: Ingress | None = None) -> Path:
        return ingress_folder(self.home, (ingress or self.ingress()).name)

    def pid(self, ingress: Ingress | None = None) -> int:
        ref = load_ref(self.folder(ingress) / "process.json")
        assert ref is not None, "no Envoy was recorded"
        return ref.pid

    def kill_proxy(self, ingress: Ingress) -> None:
        pid = self.pid(ingress)
        os.kill(pid, signal.SIGKILL)
        poll(lambda: not runs(pid))

    @contextmanager
    def request_in_flight(self, ingress: Ingress, version: Version) -> Generator[None]:
        backend = self.backend(version)
        before = len(backend.received)
        backend.behaviour.hold.clear()
        user = threading.Thread(target=ask, args=(ingress,), daemon=True)
        user.start()
        try:
            poll(lambda: len(backend.received) > before)
            yield
        finally:
            backend.behaviour.hold.set()
            user.join(30)

    def close(self) -> None:
        for ingress in self._ingresses.values():
            self.traffic.stop(ingress)
        for backend in self._backends.values():
            backend.behaviour.hold.set()
            backend.kill()


def runs(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def poll(until: Callable[[], bool], within_s: float = 20.0) -> None:
    """Wait until it holds. Raises AssertionError when it never does."""
    deadline_s = time.monotonic() + within_s
    while not until():
        assert time.monotonic() < deadline_s, f"did not happen within {within_s:g} s"
        time.sleep(0.01)
