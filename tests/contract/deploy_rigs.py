"""Rigs for the contract of deploy providers: real processes, and the fake on a clock."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil

from sluiceway.adapters.clock import SystemClock
from sluiceway.adapters.deploy.local import LocalProcesses
from sluiceway.domain.process.plan import Service
from sluiceway.ports.clock import Clock
from sluiceway.testing import deploy_program

PROGRAM = (sys.executable, "-IS", str(Path(deploy_program.__file__)), "{port}")


class LocalRig:
    """Real processes in one data directory."""

    command: tuple[str, ...] = PROGRAM

    def __init__(self, home: Path, clock: Clock | None = None) -> None:
        self.cwd = str(home)
        self.data = home / "data"
        self.clock = clock or SystemClock()
        self.deploy = LocalProcesses(self.data, self.clock)
        self._services: dict[str, Service] = {}

    def restart(self) -> None:
        self.deploy.close()
        self.deploy = LocalProcesses(self.data, self.clock)

    def kill(self, pid: int) -> None:
        os.kill(pid, signal.SIGKILL)
        self.poll(lambda: not self.is_running(pid))

    def is_running(self, pid: int) -> bool:
        try:
            return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return False

    def wait(self, service: Service, until: Callable[[], bool]) -> None:
        def supervised() -> bool:
            self.deploy.supervise(service)
            return until()

        self.poll(supervised)

    def poll(self, until: Callable[[], bool], within_s: float = 30.0) -> None:
        deadline_s = time.monotonic() + within_s
        while not until():
            assert time.monotonic() < deadline_s, f"did not happen within {within_s:g} s"
            time.sleep(0.02)

    def close(self) -> None:
        """End what the provider's tags mark as ours, also what its records no longer name."""
        self.deploy.close()
        for process in psutil.process_iter():
            try:
                if f"{self.data}{os.sep}" in process.environ().get("SLUICEWAY_TAG", ""):
                    os.killpg(process.pid, signal.SIGKILL)
            except (psutil.Error, OSError):
                continue
