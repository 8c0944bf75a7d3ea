"""How long a client waits for what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds. The defaults suit nearly everybody.

    `timeout_s`: the longest wait for the server to connect or say the next thing. `idle_s`: a stream on
    which nothing comes for so long is dead (a server comments every 10). `retry_s`: the first pause after a
    failure; it doubles up to `poll_s` and is spread by chance. `safety_poll_s`: how often the set is asked
    for although the stream works. `stale_after_s`: without a word from the server for longer, a set is stale.
    `flush_s`: how often exposures are sent.
    """

    timeout_s: float = 5.0
    idle_s: float = 30.0
    retry_s: float = 0.5
    safety_poll_s: float = 300.0
    stale_after_s: float = 60.0
    flush_s: float = 30.0


USUAL: Final = Timing()
