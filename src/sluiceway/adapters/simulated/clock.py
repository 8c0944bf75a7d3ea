"""A clock that stands still until it is moved: a plan of days passes in seconds.

Process time, wall time and real seconds are one here, at speed 1, so that everything that counts in real
seconds (samples, windows, counted intervals) sees a day as long as it is.
"""

from __future__ import annotations

from datetime import datetime, timedelta


class VirtualClock:
    """Fits `ports.clock.Clock`. For one thread."""

    speed = 1.0

    def __init__(self, start: datetime) -> None:
        self._start = start
        self._elapsed_s = 0.0

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self._elapsed_s)

    def wall(self) -> datetime:
        return self.now()

    def monotonic_s(self) -> float:
        return self._elapsed_s

    def sleep(self, real_s: float) -> None:
        """Let this much time pass at once; a negative one passes unnoticed, as with a real clock."""
        self._elapsed_s += max(0.0, real_s)
