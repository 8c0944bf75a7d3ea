"""What time it is, for everything that is not pure.

Two clocks: the *process clock* measures the plan (stages, windows, deadlines) and may run faster than real
time; real seconds measure samples, timeouts and leases.
"""

from __future__ import annotations

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    def now(self) -> datetime:
        """Return process time, aware UTC. Never goes backwards, also when the system clock does."""
        ...

    def wall(self) -> datetime:
        """Return the system's time, aware UTC; for showing and for stamping audit entries."""
        ...

    def monotonic_s(self) -> float:
        """Return real seconds since an arbitrary start; never goes backwards."""
        ...

    @property
    def speed(self) -> float:
        """Return how many process seconds pass in one real second (1 in production)."""
        ...

    def sleep(self, real_s: float) -> None:
        """Wait this many real seconds; a test clock advances itself instead."""
        ...
