"""A traffic provider without a proxy: the split of each ingress is a state that tests can look at.

Passes `traffic_contract.TrafficProviderContract`.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from sluiceway.domain.process.plan import FULL_WEIGHT_BP, Ingress, Version
from sluiceway.domain.rollouts.model import SetTraffic, SplitSeen
from sluiceway.errors import PermanentProviderError, ProviderError
from sluiceway.ports.traffic import Backends, Endpoint


@dataclass(slots=True)
class FakeProxy:
    """One ingress's proxy. Tests change `runs` and `active` as they like."""

    split: SplitSeen
    backends: dict[Version, tuple[Endpoint, ...]]
    runs: bool = True
    active: Counter[Version] = field(default_factory=Counter[Version])  # requests in flight
    changes: int = 1  # how often its configuration really changed


@dataclass(slots=True)
class FakeProxies:
    """What outlives a restart of Sluiceway: the proxies by ingress."""

    by_ingress: dict[str, FakeProxy] = field(default_factory=dict[str, FakeProxy])
    lock: threading.RLock = field(default_factory=threading.RLock)

    def kill(self, ingress: Ingress) -> None:
        """Let the proxy crash now; what was in flight is lost. Raises ProcessLookupError without one."""
        with self.lock:
            proxy = self.by_ingress.get(ingress.name)
            if proxy is None or not proxy.runs:
                raise ProcessLookupError(f"no proxy runs for ingress {ingress.name!r}")
            proxy.runs = False
            proxy.active.clear()


class FakeTraffic:
    """Fits `ports.traffic.TrafficProvider`. A second one on the same `proxies` is Sluiceway started again.

    `trouble`, while set, is raised by every call.
    """

    name = "fake"

    def __init__(self, proxies: FakeProxies | None = None) -> None:
        self.proxies = proxies if proxies is not None else FakeProxies()
        self.trouble: ProviderError | None = None

    def apply(self, ingress: Ingress, split: SetTraffic, backends: Backends) -> None:
        with self._entered():
            _check(ingress, split, backends)
            versions = (split.stable, *([split.new] if split.new is not None else []))
            used = {version: tuple(backends.get(version, ())) for version in versions}
            seen = _as_seen(split)
            proxy = self.proxies.by_ingress.get(ingress.name)
            if proxy is None:
                self.proxies.by_ingress[ingress.name] = FakeProxy(seen, used)
            elif not proxy.runs or (proxy.split, proxy.backends) != (seen, used):
                proxy.split, proxy.backends, proxy.runs = seen, used, True
                proxy.changes += 1

    def observe(self, ingress: Ingress) -> SplitSeen | None:
        with self._entered():
            proxy = self.proxies.by_ingress.get(ingress.name)
            return proxy.split if proxy is not None and proxy.runs else None

    def active_requests(self, ingress: Ingress, version: Version) -> int | None:
        with self._entered():
            proxy = self.proxies.by_ingress.get(ingress.name)
            if proxy is None:
                return 0
            return proxy.active[version] if proxy.runs else None

    def keep_alive(self, ingress: Ingress) -> bool:
        with self._entered():
            proxy = self.proxies.by_ingress.get(ingress.name)
            if proxy is None or proxy.runs:
                return False
            proxy.runs = True
            return True

    def stop(self, ingress: Ingress) -> None:
        with self._entered():
            self.proxies.by_ingress.pop(ingress.name, None)

    def _entered(self) -> threading.RLock:
        if self.trouble is not None:
            raise self.trouble
        return self.proxies.lock


def _as_seen(split: SetTraffic) -> SplitSeen:
    """Return the split as a proxy reports it: without a new version there is no share to report."""
    if split.new is None:
        return SplitSeen(split.stable, None, 0)
    return SplitSeen(split.stable, split.new, split.new_weight_bp, split.audience, split.mirror_bp)


def _check(ingress: Ingress, split: SetTraffic, backends: Backends) -> None:
    if not 0 <= split.new_weight_bp <= FULL_WEIGHT_BP:
        raise PermanentProviderError(f"ingress {ingress.name!r}: {split.new_weight_bp} bp is no weight")
    serving: list[Version] = []
    if split.new is None or split.new_weight_bp < FULL_WEIGHT_BP:
        serving.append(split.stable)
    if split.new is not None and (split.new_weight_bp > 0 or split.audience):
        serving.append(split.new)
    for version in serving:
        endpoints: Sequence[Endpoint] = backends.get(version, ())
        if not endpoints:
            raise PermanentProviderError(f"ingress {ingress.name!r}: version {version!r} has no endpoint")
