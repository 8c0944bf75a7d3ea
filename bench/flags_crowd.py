"""Many connected clients of flags in one process, and when each of them saw a flag change.

`python -m bench.flags_crowd URL TOKEN CLIENTS`. Prints a line once all are connected; then for each line `on`
or `off` that comes in, waits until `flag-0` is that for every client, and prints the monotonic instants at
which it became so, as a JSON list. Linux and macOS have one monotonic clock for all processes.
"""

from __future__ import annotations

import json
import sys
import time
from functools import partial
from threading import Condition

from sluiceway.flags_sdk import Context, FlagClient, State, Timing

FLAG = "flag-0"
WITHIN_S = 60.0
ANN = Context("ann", country="DE")


class Crowd:
    """The clients, and when each last saw the flag become something else."""

    def __init__(self, url: str, token: str, number: int) -> None:
        self._seen = Condition()
        self._at: dict[bool, dict[int, float]] = {True: {}, False: {}}
        self._clients = [
            FlagClient(url, token, start_wait_s=30.0, timing=Timing(timeout_s=30.0)) for _ in range(number)
        ]
        for index, client in enumerate(self._clients):
            client.on_change(partial(self._note, index, client))

    @property
    def live(self) -> int:
        return sum(one.status.state is State.LIVE for one in self._clients)

    def _note(self, index: int, client: FlagClient, _: tuple[str, ...]) -> None:
        is_on, at = client.boolean(FLAG, ANN), time.monotonic()
        with self._seen:
            self._at[is_on][index] = at
            self._seen.notify()

    def times(self, *, is_on: bool) -> list[float]:
        """Return when each saw it, once all did. Raises TimeoutError."""
        with self._seen:
            found = self._at[is_on]
            if not self._seen.wait_for(lambda: len(found) == len(self._clients), WITHIN_S):
                raise TimeoutError(f"{len(found)} of {len(self._clients)} clients saw it within {WITHIN_S} s")
            times = list(found.values())
            found.clear()
            return times

    def close(self) -> None:
        for one in self._clients:
            one.close(0.0)


def main() -> None:
    crowd = Crowd(sys.argv[1], sys.argv[2], int(sys.argv[3]))
    while crowd.live < int(sys.argv[3]):
        time.sleep(0.05)
    print("connected", flush=True)
    for line in sys.stdin:
        print(json.dumps(crowd.times(is_on=line.strip() == "on")), flush=True)
    crowd.close()


if __name__ == "__main__":
    main()
