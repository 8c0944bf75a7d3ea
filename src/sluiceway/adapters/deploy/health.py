"""Whether an instance answers its health check, asked over and over on a thread of its own.

A check that hangs therefore delays nobody, and asking for the answer costs nothing.
"""

from __future__ import annotations

import threading
import time

import httpx

from sluiceway.domain.process.plan import HealthCheck
from sluiceway.ports.traffic import Endpoint

FIRST_INTERVAL_S = 0.1  # until it is healthy for the first time, so that a quick start is seen at once
FAILURES_TO_BE_SICK = 2  # one lost answer of a healthy instance is not yet a sick one


class HealthWatch:
    """Watches one instance until stopped."""

    def __init__(self, endpoint: Endpoint, check: HealthCheck) -> None:
        self._url = f"http://{endpoint.host}:{endpoint.port}{check.path}"
        self._check = check
        self._stop = threading.Event()
        self.ready = False
        self.ready_since_s: float | None = None  # monotonic
        self.last_answer = "no answer yet"
        self._failures = 0
        threading.Thread(target=self._run, name=f"health-{endpoint.port}", daemon=True).start()

    def stop(self) -> None:
        """Ask no more; the instance counts as not ready from now on."""
        self._stop.set()
        self.ready = False
        self.ready_since_s = None

    def _run(self) -> None:
        with httpx.Client(timeout=self._check.timeout_s, trust_env=False) as client:
            while not self._stop.is_set():
                self._note(self._ask(client))
                healthy_once = self.ready_since_s is not None
                self._stop.wait(self._check.interval_s if healthy_once else FIRST_INTERVAL_S)

    def _ask(self, client: httpx.Client) -> bool:
        try:
            answer = client.get(self._url)
        except httpx.HTTPError as failure:
            self.last_answer = f"no answer ({type(failure).__name__})"
            return False
        self.last_answer = f"status {answer.status_code}"
        return answer.is_success

    def _note(self, healthy: bool) -> None:
        if self._stop.is_set():
            return
        if healthy:
            self._failures = 0
            self.ready_since_s = self.ready_since_s or time.monotonic()
            self.ready = True
            return
        self._failures += 1
        if self._failures >= FAILURES_TO_BE_SICK or not self.ready:
            self.ready = False
            self.ready_since_s = None
