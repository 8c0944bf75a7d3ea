"""Ends processes in the background, so that a service that hangs on shutdown holds up nobody else."""

from __future__ import annotations

import threading
from collections.abc import Callable

import structlog

from sluiceway.adapters.deploy.launch import HOST
from sluiceway.adapters.deploy.records import Record
from sluiceway.adapters.processes import ProcessRef, is_alive, terminate
from sluiceway.errors import ProviderError
from sluiceway.ports.deploy import Instance
from sluiceway.ports.traffic import Endpoint

log = structlog.get_logger("sluiceway.deploy")


class Ending:
    """One instance on its way out: SIGTERM to its group, SIGKILL after `grace_s`, then `forget`."""

    def __init__(
        self,
        record: Record,
        processes: tuple[ProcessRef, ...],
        grace_s: float,
        forget: Callable[[], None],
    ) -> None:
        self._record = record
        self._processes = processes
        self._forget = forget
        self._gone = threading.Event()
        self._failure: ProviderError | None = None
        threading.Thread(target=self._run, args=(grace_s,), name="ending", daemon=True).start()

    @property
    def is_gone(self) -> bool:
        return self._gone.is_set() and self._failure is None

    def seen(self) -> Instance | None:
        """Return the instance while it still runs, never ready."""
        pids = [process.pid for process in self._processes if is_alive(process)]
        if not pids:
            return None
        record = self._record
        return Instance(
            number=record.number,
            endpoint=Endpoint(HOST, record.port),
            pid=pids[0],
            ready=False,
            restarts=record.restarts,
        )

    def hurry(self) -> None:
        """Kill at once, also when a polite ending is under way."""
        for process in self._processes:
            terminate(process, 0)

    def wait(self) -> None:
        """Return when the processes are gone. Raises PermanentProviderError when they can't be ended."""
        self._gone.wait()
        if self._failure is None:
            return
        # Somebody may have helped meanwhile; if not, the same failure is raised again.
        self.hurry()
        self._failure = None
        self._forget()

    def _run(self, grace_s: float) -> None:
        try:
            for process in self._processes:
                terminate(process, grace_s)
            self._forget()
        except ProviderError as failure:
            log.warning("an instance does not end", error=str(failure))
            self._failure = failure
        finally:
            self._gone.set()
