"""What may be wrong with the new version of the sample shop, and from when on.

A fault belongs to the process it was started with (`SHOP_FAULT` in its environment), so a stable version
next to it stays sound. Serving requests is the business of `shop`.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from sluiceway.errors import InvalidInputError

BASE_ERROR_SHARE = 0.002
ERRORS_SHARE = 0.20
LATENCY_FACTOR = 3.0
SLOW_BURN_SHARE = 0.12
SLOW_BURN_RAMP_S = 40.0
CRASH_AFTER_S = (0.4, 2.0)  # the process dies this long after its first request, at random
CRASH_MIN_REQUESTS = 3

_POLL_S = 0.1


class Fault(StrEnum):
    """What is wrong with a version."""

    NONE = "none"
    ERRORS = "errors"  # a fifth of the answers are 500
    LATENCY = "latency"  # every answer takes three times as long
    CRASH = "crash"  # the process dies again and again, a second or two after its first request
    SLOW_BURN = "slow-burn"  # the share of 500s climbs from nothing to 12 percent in 40 s


def error_share(fault: Fault, since_s: float | None) -> float:
    """Return the share (0 to 1) of answers that are 500, `since_s` real seconds after the fault began.

    None means that it has not begun: then only the base rate, which every version has.
    """
    if since_s is None:
        return BASE_ERROR_SHARE
    if fault is Fault.ERRORS:
        return ERRORS_SHARE
    if fault is Fault.SLOW_BURN:
        ramp = min(1.0, max(0.0, since_s) / SLOW_BURN_RAMP_S)
        return BASE_ERROR_SHARE + (SLOW_BURN_SHARE - BASE_ERROR_SHARE) * ramp
    return BASE_ERROR_SHARE


def latency_factor(fault: Fault, since_s: float | None) -> float:
    """Return by how much an answer's time is multiplied, `since_s` seconds after the fault began."""
    return LATENCY_FACTOR if fault is Fault.LATENCY and since_s is not None else 1.0


@dataclass(slots=True)
class FaultSwitch:
    """Says since when the fault acts.

    With a `file` it acts once the file exists, counted from the file's time of change, so that it goes on
    where it was when a crashed process starts again. Without one it acts `after_s` seconds after the first
    request of a user.
    """

    fault: Fault = Fault.NONE
    file: Path | None = None
    after_s: float = 0.0
    now: Callable[[], float] = time.time
    _began_at: float | None = field(default=None, init=False)
    _polled_at: float | None = field(default=None, init=False)
    _first_request_at: float | None = field(default=None, init=False)
    _was_noted: bool = field(default=False, init=False)

    def since_s(self) -> float | None:
        """Return for how many seconds the fault has been acting; None while it does not.

        Called once per request: the first call is the first request. Looks at the file at most every 100 ms.
        """
        if self.fault is Fault.NONE:
            return None
        now = self.now()
        if self._began_at is None:
            self._began_at = self._look(now)
        if self._began_at is None or now < self._began_at:
            return None
        return now - self._began_at

    def note_first(self) -> None:
        """Leave the time of the first harm next to the file, for who measures how fast help came."""
        if self.file is None or self._was_noted:
            return
        self._was_noted = True
        with contextlib.suppress(FileExistsError), first_harm_file(self.file).open("x") as note:
            note.write(f"{self.now():.6f}\n")

    def _look(self, now: float) -> float | None:
        if self.file is None:
            if self._first_request_at is None:
                self._first_request_at = now
            return self._first_request_at + self.after_s
        if self._polled_at is not None and 0 <= now - self._polled_at < _POLL_S:
            return None
        self._polled_at = now
        try:
            return self.file.stat().st_mtime
        except OSError:
            return None


def first_harm_file(fault_file: Path) -> Path:
    """Return where a shop notes when its fault first did harm (unix seconds)."""
    return fault_file.with_name(fault_file.name + ".first")


def read_first_harm(fault_file: Path) -> float | None:
    """Return when the fault first did harm (unix seconds), None if it has not."""
    try:
        return float(first_harm_file(fault_file).read_text())
    except (OSError, ValueError):
        return None


def switch_from_environment(environ: Mapping[str, str] = os.environ) -> FaultSwitch:
    """Read `SHOP_FAULT`, `SHOP_FAULT_FILE` and `SHOP_FAULT_AFTER` (seconds).

    Raises InvalidInputError for an unknown fault or a time that is no number.
    """
    name = environ.get("SHOP_FAULT") or Fault.NONE.value
    try:
        fault = Fault(name)
    except ValueError as failure:
        known = ", ".join(Fault)
        raise InvalidInputError(f"SHOP_FAULT is {name!r}; use one of {known}") from failure
    after = environ.get("SHOP_FAULT_AFTER") or "0"
    try:
        after_s = float(after)
    except ValueError as failure:
        raise InvalidInputError(f"SHOP_FAULT_AFTER is {after!r}; use a number of seconds") from failure
    file = environ.get("SHOP_FAULT_FILE")
    return FaultSwitch(fault, Path(file) if file else None, after_s)
