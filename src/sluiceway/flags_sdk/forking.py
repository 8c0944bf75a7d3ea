"""Clients in forked processes: a child has the parent's memory, but none of its threads.

Web servers load an application once and fork their workers from it, so this is the usual case.
"""

from __future__ import annotations

import logging
import os
import weakref
from typing import Final, Protocol

_log = logging.getLogger("sluiceway.flags")


class Forked(Protocol):
    def after_fork(self) -> None:
        """Become whole again in a child."""


_alive: Final[weakref.WeakSet[Forked]] = weakref.WeakSet()


def mind_forks_of(client: Forked) -> None:
    """Call `after_fork` of a client, as long as it is alive, in every child of this process."""
    _alive.add(client)


def _renew() -> None:
    for client in list(_alive):
        try:
            client.after_fork()
        except Exception:
            _log.exception("a client of flags could not be started again after a fork")


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew)
