"""Everything that applications are served of feature flags, put together for one server.

What it needs is made once, lives on the server's event loop, and hears of changes while the server runs.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from litestar import Litestar
from litestar.types import ControllerRouterHandler

from sluiceway.api.events import Shutdown
from sluiceway.api.flag_gate import Place, TokenGate
from sluiceway.api.flag_served import ServedSets
from sluiceway.api.flag_sets import flag_set
from sluiceway.api.flag_streams import FlagStreams, flag_events_route
from sluiceway.api.ofrep import ofrep_route
from sluiceway.domain.people.model import Principal
from sluiceway.services.flag_sets import FlagSets
from sluiceway.services.tokens import TokenService


class ForApplications:
    """The routes for applications and what stands behind them."""

    def __init__(self, tokens: TokenService, sets: FlagSets, shutdown: Shutdown) -> None:
        self._tokens = tokens
        self._sets = sets
        self.gate = TokenGate(self._identify, self._place_of)
        self.served_sets = ServedSets(sets)
        self.streams = FlagStreams(self.gate, self.served_sets, shutdown)
        self.handlers: tuple[ControllerRouterHandler, ...] = (
            ofrep_route(self.gate, self.served_sets),
            flag_set,
            flag_events_route(self.streams),
        )

    @asynccontextmanager
    async def listening(self, _app: Litestar) -> AsyncGenerator[None]:
        """Hear of changes while inside."""
        unsubscribe = self._sets.subscribe(self.streams.changed)
        try:
            yield
        finally:
            unsubscribe()

    def _identify(self, authorization: str) -> Principal:
        return self._tokens.authenticate(authorization)

    def _place_of(self, by: Principal) -> Place:
        return self._sets.for_principal(by)
