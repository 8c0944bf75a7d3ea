"""Flags and clients for the scenarios in which a client meets a server."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sluiceway.domain.flags.model import Flag, FlagSet
from sluiceway.flags_sdk import Context, FlagClient, Timing
from tests.support.flag_server import TOKEN, FlagServer

ANN = Context("ann", country="DE", plan="pro")
SHOP = FlagSet("shop", "production", 1, (Flag("checkout", is_enabled=True), Flag("search")))
QUICK = Timing(timeout_s=10.0, idle_s=60.0, retry_s=0.01, flush_s=0.05)


def client(server: FlagServer | str, **options: Any) -> FlagClient:
    """Return a client that comes back quickly after failures, and gives slow machines time to begin."""
    url = server if isinstance(server, str) else server.url
    return FlagClient(url, TOKEN, **{"start_wait_s": 60.0, "poll_s": 0.05, "timing": QUICK, **options})


def switched(flags: FlagSet, flag: str, *, on: bool) -> FlagSet:
    """Return the next version of a set, with one flag on or off."""
    changed = tuple(replace(one, is_enabled=on) if one.id == flag else one for one in flags.flags)
    return replace(flags, version=flags.version + 1, flags=changed)
