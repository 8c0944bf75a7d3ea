"""Acts on a release in a process of its own and dies at a chosen moment, as `kill -9` would have it.

`python -m tests.scenario.mover DATABASE KEY move|rollout MOMENT RELEASE`. Moments: `saved` (the release is
written, its audit entry is not), `noted` (all is written, nothing committed), `committed`, `never`.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import NoReturn

from sluiceway.adapters.clock import SystemClock
from sluiceway.adapters.holidays import public_holidays
from sluiceway.adapters.signing import open_signer
from sluiceway.adapters.store import SqlStore, open_store
from sluiceway.adapters.store.transaction import SqlTransaction
from sluiceway.domain.audit.chain import AuditEntry, NewAuditEntry
from sluiceway.domain.people.model import Principal, open_principal
from sluiceway.domain.rollouts.model import Observation, RolloutId
from sluiceway.services.releases import ReleaseService

RITA: Principal = open_principal("rita")


class Quiet:
    """Fits `ports.live.LiveView`: nobody works here. Dies when nudged, which is right after a commit."""

    is_running = False

    def __init__(self, *, dies: bool = False) -> None:
        self._dies = dies

    def latest(self, rollout_id: RolloutId) -> Observation | None:
        del rollout_id
        return None

    def nudge(self) -> None:
        if self._dies:
            _die()


def service(store: SqlStore, key: Path, live: Quiet | None = None) -> ReleaseService:
    return ReleaseService(
        store, SystemClock(), live or Quiet(), signer=open_signer(key), holidays=public_holidays
    )


def main() -> None:
    database, key, act, moment, release = sys.argv[1:]
    store = open_store(Path(database), owner="mover")
    _plan_death(moment)
    releases = service(store, Path(key), Quiet(dies=moment == "committed"))
    if act == "move":
        releases.move(release, "rolling-out", RITA)
    else:
        releases.start_rollout(release, RITA, stable="1.0.0")
    print("alive")


def _plan_death(moment: str) -> None:
    append = SqlTransaction.append_audit

    def dying(self: SqlTransaction, entry: NewAuditEntry) -> AuditEntry:
        if moment == "saved":
            _die()
        kept = append(self, entry)
        if moment == "noted" and entry.subject.startswith("REL-"):
            _die()
        return kept

    SqlTransaction.append_audit = dying  # type: ignore[method-assign]


def _die() -> NoReturn:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("still alive")


if __name__ == "__main__":
    main()
