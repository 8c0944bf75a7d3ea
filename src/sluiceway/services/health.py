"""Whether Sluiceway itself can do its work: for probes, for its own metrics and for `serve`."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from sluiceway import __version__
from sluiceway.domain.people.model import Principal
from sluiceway.domain.process.team import Permission
from sluiceway.domain.rollouts.model import Phase
from sluiceway.errors import StoreError
from sluiceway.ports.clock import Clock
from sluiceway.ports.live import LiveView
from sluiceway.ports.store import Store
from sluiceway.services import access

_MAX_COUNTED = 10_000


@dataclass(frozen=True, slots=True)
class Health:
    """`store_problem` is empty when the database answers; `active_rollouts` counts by phase."""

    ok: bool
    version: str
    store_problem: str
    reconciler_running: bool
    speed: float
    active_rollouts: dict[str, int] = field(default_factory=dict[str, int])


class HealthService:
    def __init__(self, store: Store, clock: Clock, live: LiveView) -> None:
        self._store = store
        self._clock = clock
        self._live = live

    def figures(self, by: Principal) -> Health:
        """Return what `check` does, to somebody who may read every service."""
        with self._store.read() as tx:
            access.require(tx, by, Permission.READ, "")
        return self.check()

    def check(self) -> Health:
        """Ask the database and the reconciler; never raises for what it is there to find.

        Open to everybody: a probe has no login.
        """
        counts: Counter[str] = Counter({phase.value: 0 for phase in Phase if not phase.is_terminal})
        problem = ""
        try:
            with self._store.read() as tx:
                rows = tx.list_rollouts(service=None, active_only=True, limit=_MAX_COUNTED, before=None)
            counts.update(row.state.phase.value for row in rows)
        except StoreError as error:
            problem = str(error)
        running = self._live.is_running
        return Health(
            ok=running and not problem,
            version=__version__,
            store_problem=problem,
            reconciler_running=running,
            speed=self._clock.speed,
            active_rollouts=dict(counts),
        )
