"""The real clock: process time that never goes backwards, wall time as the system has it.

Process time is anchored once, at the start, and from there on advances with the machine's monotonic clock
times the speed factor. A system clock that jumps (daylight saving set by hand, a bad NTP answer) changes
what `wall` shows and nothing else.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

from sluiceway.errors import InvalidInputError


class SystemClock:
    """Fits `ports.clock.Clock`. `last_process` is the newest process time an earlier run has recorded.

    Starting from the later of `last_process` and the system's time keeps both promises: time that Sluiceway
    was switched off counts towards a stage, and a system clock that was set back does not undo any of it.
    """

    def __init__(self, speed: float = 1.0, last_process: datetime | None = None) -> None:
        if not 0 < speed <= 1_000_000:
            raise InvalidInputError(f"speed is {speed}; use a number above 0, at most 1000000")
        self._speed = speed
        start = self.wall()
        self._anchor = start if last_process is None else max(start, last_process.astimezone(UTC))
        self._anchor_monotonic_s = time.monotonic()

    @property
    def speed(self) -> float:
        return self._speed

    def now(self) -> datetime:
        elapsed_s = time.monotonic() - self._anchor_monotonic_s
        return self._anchor + timedelta(seconds=elapsed_s * self._speed)

    def wall(self) -> datetime:
        return datetime.now(UTC)

    def monotonic_s(self) -> float:
        return time.monotonic()

    def sleep(self, real_s: float) -> None:
        if real_s > 0:
            time.sleep(real_s)
