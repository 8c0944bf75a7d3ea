"""Doing something anew when somebody else was faster: load, decide and save once more."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from sluiceway.errors import ConflictError

TRIES = 5

T = TypeVar("T")


def again_on_conflict(act: Callable[[], T]) -> T:
    """Return what `act` does; on a ConflictError it is done anew, up to five times in all.

    `act` opens its own transaction, so that each try looks at what is there then.
    """
    for _ in range(TRIES - 1):
        try:
            return act()
        except ConflictError:
            continue
    return act()
