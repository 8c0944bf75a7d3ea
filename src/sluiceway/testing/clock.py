"""A clock that only moves when told to.

Fits `sluiceway.ports.clock.Clock`. Safe to share between threads.
"""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

_START = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)


class ManualClock:
    """Stands still until `advance` or `sleep`; both count in real seconds, as the port does.

    Process time runs `speed` times as fast. Setting `speed` or `set_wall` changes only what comes after.
    """

    def __init__(self, start: datetime = _START, *, speed: float = 1.0) -> None:
        if start.tzinfo is None:
            raise ValueError(f"start {start.isoformat()} has no time zone; pass an aware UTC datetime")
        self._lock = threading.Lock()
        self._now = start
        self._wall = start
        self._monotonic_s = 0.0
        self._speed = _checked_speed(speed)

    def now(self) -> datetime:
        with self._lock:
            return self._now

    def wall(self) -> datetime:
        with self._lock:
            return self._wall

    def monotonic_s(self) -> float:
        with self._lock:
            return self._monotonic_s

    @property
    def speed(self) -> float:
        with self._lock:
            return self._speed

    @speed.setter
    def speed(self, factor: float) -> None:
        with self._lock:
            self._speed = _checked_speed(factor)

    def advance(self, real_s: float) -> None:
        """Let this many real seconds pass. Raises ValueError when negative: only wall time jumps back."""
        if real_s < 0:
            raise ValueError(f"can't advance by {real_s} s; use set_wall for a system clock that jumps back")
        with self._lock:
            self._monotonic_s += real_s
            self._wall += timedelta(seconds=real_s)
            self._now += timedelta(seconds=real_s * self._speed)

    def sleep(self, real_s: float) -> None:
        """Advance instead of waiting; a negative time passes at once, as with a real clock."""
        self.advance(max(0.0, real_s))

    def set_wall(self, at: datetime) -> None:
        """Let the system's clock jump, also backwards; process and monotonic time don't notice."""
        if at.tzinfo is None:
            raise ValueError(f"wall time {at.isoformat()} has no time zone; pass an aware UTC datetime")
        with self._lock:
            self._wall = at


def _checked_speed(factor: float) -> float:
    if factor <= 0:
        raise ValueError(f"speed is {factor}; it must be above 0")
    return factor
