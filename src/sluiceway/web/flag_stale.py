"""Which flags are stale, asked for seldom: it changes over days, and living pages ask all the time."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import Protocol

from sluiceway.domain.people.model import Principal
from sluiceway.services.flag_views import StaleFlagView

KEPT_S = 15.0
Key = tuple[str, str]  # service and flag


class Reports(Protocol):
    """What says which flags are stale."""

    def stale_report(self, service: str, by: Principal) -> Iterable[StaleFlagView]: ...


class StaleFlags:
    """Remembers a service's report for a while. Only for who was let in to the service's flags before."""

    def __init__(self, reports: Reports) -> None:
        self._reports = reports
        self._known: dict[str, tuple[float, dict[Key, tuple[str, ...]]]] = {}

    def of(self, service: str, by: Principal) -> Mapping[Key, tuple[str, ...]]:
        """Return why flags of a service are stale, by flag; it may be as old as KEPT_S."""
        now = time.monotonic()
        known = self._known.get(service)
        if known is not None and now - known[0] <= KEPT_S:
            return known[1]
        found = {
            (one.service, one.flag): tuple(reason.words for reason in one.reasons)
            for one in self._reports.stale_report(service, by)
        }
        self._known[service] = (now, found)
        return found
