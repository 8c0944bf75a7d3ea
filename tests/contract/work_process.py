"""A process that delivers effects into a text file, to be killed by `test_work_kill`.

    python work_process.py DATABASE DELIVERIES [hang]

A line `begin KEY` is written when a delivery begins, `end KEY` when it is done; with `hang` it never is.
`ready` on standard output says that the queue is being worked.
"""

from __future__ import annotations

import sys
import threading
from pathlib import Path

from sluiceway.adapters.clock import SystemClock
from sluiceway.adapters.store import open_store
from sluiceway.adapters.work.dbos_work import DbosWork
from sluiceway.domain.rollouts.model import Effect, RolloutId


class FileHandler:
    def __init__(self, deliveries: Path, *, hang: bool) -> None:
        self._deliveries = deliveries
        self._hang = hang
        self._lock = threading.Lock()

    def deliver(self, rollout_id: RolloutId, gen: int, effect: Effect) -> None:
        self._write(f"begin {gen} {effect}")
        if self._hang:
            threading.Event().wait()
        self._write(f"end {gen} {effect}")

    def _write(self, line: str) -> None:
        with self._lock, self._deliveries.open("a", encoding="utf-8") as file:
            file.write(line + "\n")


def main() -> None:
    database, deliveries, *rest = sys.argv[1:]
    store = open_store(database)
    DbosWork(store, SystemClock()).start(FileHandler(Path(deliveries), hang="hang" in rest))
    print("ready", flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    main()
