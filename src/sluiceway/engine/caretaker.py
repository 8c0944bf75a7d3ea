"""Keeps what runs running, whether or not a rollout is under way: crashed instances, a dead proxy.

It never starts what nobody asked for and never moves users between versions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

import structlog

from sluiceway.domain.process.plan import Ingress
from sluiceway.engine.delivery import Delivery
from sluiceway.errors import ProviderError
from sluiceway.ports.deploy import DeployProvider
from sluiceway.ports.store import RolloutRow, Store
from sluiceway.ports.traffic import TrafficProvider

log = structlog.get_logger("sluiceway.caretaker")


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
        """Do one round. A provider that fails is logged once, stops no other and is tried again."""
        for row in newest_rollouts(self._store):
            service, ingress = row.setup.service, row.setup.ingress
            self._tried(f"instances of {service.name}", partial(self._deploy.supervise, service))
            self._tried(f"proxy {ingress.name}", partial(self._keep_proxy, ingress))
            self._tried(f"backends of {ingress.name}", partial(self._delivery.refresh_backends, row))

    def _keep_proxy(self, ingress: Ingress) -> None:
        if self._traffic.keep_alive(ingress):
            log.warning("proxy started again", ingress=ingress.name)

    def _tried(self, what: str, do: Callable[[], None]) -> None:
        try:
            do()
        except ProviderError as failure:
            if self._troubles.get(what) != str(failure):
                log.warning("looking after failed", what=what, error=str(failure))
            self._troubles[what] = str(failure)
        else:
            self._troubles.pop(what, None)


def newest_rollouts(store: Store) -> Iterable[RolloutRow]:
    """Return the newest rollout of each service, finished or not: what Sluiceway serves."""
    with store.read() as tx:
        return tx.newest_rollouts()
