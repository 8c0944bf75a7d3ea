"""Whether an instance answers its health check, asked over and over on a thread of its own.

A check that hangs therefore delays nobody, and reading the answer costs nothing.
"""

from __future__ import annotations

import http.client
import threading
import time

from sluiceway.domain.process.plan import HealthCheck
from sluiceway.ports.traffic import Endpoint

HURRIED_INTERVAL_S = 0.1  # until it is healthy, and after a first failure: both are worth knowing at once
FAILURES_TO_BE_SICK = 2  # one lost answer of a healthy instance is not yet a sick one
_SLACK_S = 1.0


class HealthWatch:
    """Watches one process until stopped. Its properties may be read from any thread."""

    def __init__(self, endpoint: Endpoint, check: HealthCheck) -> None:
        self._endpoint = endpoint
        self._check = check
        self._stop = threading.Event()
        self._is_ready = False
        self._asked_s = time.monotonic()
        self._answer = "not asked yet"
        self._was_ready = False
        self._failures = 0
        threading.Thread(target=self._run, name=f"health-{endpoint.port}", daemon=True).start()

    def stop(self) -> None:
        """Ask no more; the instance counts as not ready from now on."""
        self._stop.set()

    @property
    def ready(self) -> bool:
        """Return whether it answers now."""
        return self._is_ready and not self._stop.is_set() and not self._is_stuck()

    @property
    def was_ready(self) -> bool:
        """Return whether it ever was ready."""
        return self._was_ready

    @property
    def last_answer(self) -> str:
        """Return in words what the newest check found."""
        return "the answer does not end" if self._is_stuck() else self._answer

    def _is_stuck(self) -> bool:
        # A timeout limits each read, not their sum: an answer that drips in could hold the check for hours.
        return (
            time.monotonic() - self._asked_s > self._check.interval_s + 2 * self._check.timeout_s + _SLACK_S
        )

    def _run(self) -> None:
        while not self._stop.is_set():
            self._asked_s = time.monotonic()
            is_healthy, self._answer = ask(self._endpoint, self._check)
            self._stop.wait(self._note(is_healthy=is_healthy))

    def _note(self, *, is_healthy: bool) -> float:
        """Take an answer in and return the seconds until the next check."""
        if is_healthy:
            self._failures = 0
            self._is_ready = self._was_ready = True
            return self._check.interval_s
        self._failures += 1
        if self._is_ready and self._failures < FAILURES_TO_BE_SICK:
            return min(HURRIED_INTERVAL_S, self._check.interval_s)
        self._is_ready = False
        return self._check.interval_s if self._was_ready else min(HURRIED_INTERVAL_S, self._check.interval_s)


def ask(endpoint: Endpoint, check: HealthCheck) -> tuple[bool, str]:
    """Ask once: return whether the answer was 2xx, and in words what came back."""
    # A connection per check: one that is kept open would hold a server that serves one at a time.
    connection = http.client.HTTPConnection(endpoint.host, endpoint.port, timeout=check.timeout_s)
    try:
        connection.request(
            "GET", check.path, headers={"Connection": "close", "User-Agent": "sluiceway-health"}
        )
        status = connection.getresponse().status
    except TimeoutError:
        return False, f"no answer within {check.timeout_s:g} s"
    except ConnectionRefusedError:
        return False, f"connection refused, nothing listens on {endpoint.host}:{endpoint.port}"
    except (OSError, http.client.HTTPException, ValueError) as failure:
        return False, f"no answer ({failure or type(failure).__name__})"
    finally:
        connection.close()
    return 200 <= status < 300, f"status {status}"
