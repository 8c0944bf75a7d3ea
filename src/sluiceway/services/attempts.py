"""How often a password may be tried: failures are counted in memory, by account and by address.

An attempt counts from its beginning, so that many at the same moment are no way around it.
"""

from __future__ import annotations

import math
import threading
from collections import OrderedDict, deque

from sluiceway.errors import TooManyAttemptsError
from sluiceway.ports.clock import Clock

WINDOW_S = 900.0
MOST_PER_ACCOUNT = 10
MOST_PER_ADDRESS = 30
_KEYS_KEPT = 10_000


class Attempts:
    """Counts by whatever is being tried. Safe to share between threads."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._failures: OrderedDict[str, deque[float]] = OrderedDict()
        self._lock = threading.Lock()

    def begin(self, account: str, address: str = "") -> None:
        """Count an attempt. Raises TooManyAttemptsError when there were too many that failed of late."""
        now = self._clock.monotonic_s()
        with self._lock:
            found = [(self._of(key, now), most) for key, most in _keys(account, address)]
            full = [times[-most] for times, most in found if len(times) >= most]
            if full:
                wait_s = max(full) + WINDOW_S - now
                raise TooManyAttemptsError(
                    f"too many wrong passwords; wait {math.ceil(wait_s / 60)} min, then try again",
                    math.ceil(wait_s),
                )
            for times, _ in found:
                times.append(now)

    def succeeded(self, account: str, address: str = "") -> None:
        """Take the attempt back; the account's failures are forgotten, those of the address are not."""
        with self._lock:
            self._failures.pop(_account_key(account), None)
            times = self._failures.get(_address_key(address))
            if times:
                times.pop()

    def _of(self, key: str, now: float) -> deque[float]:
        times = self._failures.setdefault(key, deque())
        self._failures.move_to_end(key)
        if len(self._failures) > _KEYS_KEPT:
            self._failures.popitem(last=False)
        while times and times[0] <= now - WINDOW_S:
            times.popleft()
        return times


def _keys(account: str, address: str) -> list[tuple[str, int]]:
    keys = [(_account_key(account), MOST_PER_ACCOUNT)]
    return [*keys, (_address_key(address), MOST_PER_ADDRESS)] if address else keys


def _account_key(account: str) -> str:
    return f"account {account[:100]}"


def _address_key(address: str) -> str:
    return f"address {address[:100]}"
