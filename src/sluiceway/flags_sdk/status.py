"""How a client stands with its server, for health pages and alarms."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    STARTING = "starting"  # no set so far: every evaluation gives the caller's default
    LIVE = "live"  # hears of every change as it happens
    POLLING = "polling"  # no event stream; asks for changes every `poll_s`
    STALE = "stale"  # answers from the last known set; nothing heard for longer than `stale_after_s`
    REFUSED = "refused"  # the server does not take the token; the last known set stays in use
    OFFLINE = "offline"  # made without a server
    CLOSED = "closed"  # answers from the last known set, which no longer changes


class Source(StrEnum):
    NONE = "none"
    FILE = "file"  # kept on disk by an earlier run
    SERVER = "server"
    GIVEN = "given"  # handed to `FlagClient.offline`


@dataclass(frozen=True, slots=True)
class Status:
    """`heard_s` is how many seconds ago the server last said anything; None while it never did.

    `problem` is the last failure in one sentence, "" once it is over. `lost_exposures` counts what was not
    recorded or not sent because a bound was reached.
    """

    state: State
    source: Source
    version: int
    etag: str
    heard_s: float | None
    problem: str
    lost_exposures: int
