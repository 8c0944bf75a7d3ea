"""Keeps what runs running, whether or not a rollout is under way: crashed instances, a dead proxy.

It never starts what nobody asked for and never moves users between versions.
"""

from __future__ import annotations

from collections.abc import Iterable

import structlog

from sluiceway.engine.delivery import Delivery
from sluiceway.errors import ProviderError
from sluiceway.ports.deploy import DeployProvider
from sluiceway.ports.store import RolloutRow, Store
from sluiceway.ports.traffic import TrafficProvider

log = structlog.get_logger("sluiceway.caretaker")

_LOOK_BACK = 500  # rollouts; more services than that are served by more than one Sluiceway


class Caretaker:
    """Looks after the newest rollout's setup of every service."""

    def __init__(
        self, store: Store, traffic: TrafficProvider, deploy: DeployProvider, delivery: Delivery
    ) -> None:
        self._store = store
        self._traffic = traffic
        self._deploy = deploy
        self._delivery = delivery
        self._troubles: dict[str, str] = {}

    def look_after(self) -> None:
        """Do one round; a provider's trouble is logged once and tried again next round."""
        for row in self.charges():
            name = row.setup.service.name
            try:
                self._deploy.supervise(row.setup.service)
                if self._traffic.keep_alive(row.setup.ingress):
                    log.warning("proxy started again", ingress=row.setup.ingress.name)
                self._delivery.refresh_backends(row)
            except ProviderError as failure:
                if self._troubles.get(name) != str(failure):
                    log.warning("looking after a service failed", service=name, error=str(failure))
                self._troubles[name] = str(failure)
            else:
                self._troubles.pop(name, None)

    def charges(self) -> Iterable[RolloutRow]:
        """Return the newest rollout of each service."""
        with self._store.read() as tx:
            rows = tx.list_rollouts(service=None, active_only=False, limit=_LOOK_BACK, before=None)
        newest: dict[str, RolloutRow] = {}
        for row in rows:
            newest.setdefault(row.setup.service.name, row)
        return newest.values()
