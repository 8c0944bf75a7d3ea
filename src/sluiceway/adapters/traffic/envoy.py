"""Traffic through Envoy: one proxy process per ingress, steered by files that it watches.

A change goes in steps, each confirmed by Envoy before the next: the clusters it needs are added, then the
routes are changed; clusters that nobody uses any more go later, when their last request has ended. So no
request ever meets a route without its cluster, and a version that lost its users keeps what is in flight.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sluiceway.adapters.traffic.envoy_admin import ingress_folder
from sluiceway.adapters.traffic.envoy_bootstrap import ROUTES_FILE, Config, bootstrap
from sluiceway.adapters.traffic.envoy_clusters import cluster_names, clusters_for
from sluiceway.adapters.traffic.envoy_files import CLUSTERS, KINDS, LISTENERS, ROUTES, EnvoyFiles, Kind
from sluiceway.adapters.traffic.envoy_names import Part, stat_name
from sluiceway.adapters.traffic.envoy_process import EnvoyProcess, check_port_free
from sluiceway.adapters.traffic.envoy_routes import ROUTES_NAME, listener_for, routes_for
from sluiceway.adapters.traffic.envoy_split import read_split
from sluiceway.domain.process.plan import FULL_WEIGHT_BP, Ingress, Version
from sluiceway.domain.rollouts.model import SetTraffic, SplitSeen
from sluiceway.errors import PermanentProviderError, TemporaryProviderError
from sluiceway.ports.traffic import Backends


@dataclass(frozen=True, slots=True)
class _Proxy:
    """One ingress's Envoy. `lock` is held while it is changed, not while it is only asked."""

    lock: threading.RLock
    process: EnvoyProcess
    files: EnvoyFiles


class EnvoyTraffic:
    """The traffic provider `envoy`. Safe to use from several threads; one Sluiceway per data directory."""

    name = "envoy"

    def __init__(self, data_dir: Path, binary: Path | None = None, confirm_within_s: float = 5.0) -> None:
        self._data_dir = data_dir
        self._binary = binary
        self._confirm_within_s = confirm_within_s
        self._proxies: dict[str, _Proxy] = {}
        self._guard = threading.Lock()

    def apply(self, ingress: Ingress, split: SetTraffic, backends: Backends) -> None:
        """See `TrafficProvider.apply`."""
        _check(ingress, split, backends)
        proxy = self._proxy(ingress)
        clusters = {str(cluster["name"]): cluster for cluster in clusters_for(split, backends)}
        listener = listener_for(ingress, proxy.files.folder / ROUTES_FILE)
        routes = routes_for(ingress, split)
        with proxy.lock:
            if not (proxy.process.is_running() or proxy.process.adopt()):
                self._start(
                    ingress,
                    proxy,
                    {CLUSTERS: list(clusters.values()), LISTENERS: [listener], ROUTES: [routes]},
                )
                return
            if proxy.files.resources(LISTENERS).keys() != {listener["name"]}:
                check_port_free(ingress)
            proxy.files.put(CLUSTERS, {**_still_used(proxy), **clusters}.values())
            proxy.files.put(ROUTES, [routes])
            proxy.files.put(LISTENERS, [listener])

    def observe(self, ingress: Ingress) -> SplitSeen | None:
        """See `TrafficProvider.observe`."""
        proxy = self._proxy(ingress)
        if not proxy.process.was_started():
            return None
        try:
            reported = proxy.process.admin.active_routes(ROUTES_NAME)
        except TemporaryProviderError:
            return None
        return read_split(reported) if reported is not None else None

    def active_requests(self, ingress: Ingress, version: Version) -> int | None:
        """See `TrafficProvider.active_requests`. Mirrored requests don't count: nobody waits for them.

        A fallback's requests are with the stable version of its split, so they count for every version but
        the fallback's own.
        """
        proxy = self._proxy(ingress)
        if not proxy.process.was_started():
            return 0
        try:
            active = _active(proxy.process)
        except TemporaryProviderError:
            return None
        own_fallback = stat_name(Part.FALLBACK, version)
        return sum(
            count
            for cluster, count in active.items()
            if cluster == stat_name(Part.VERSION, version)
            or (cluster.startswith(f"{Part.FALLBACK}/") and cluster != own_fallback)
        )

    def keep_alive(self, ingress: Ingress) -> bool:
        """See `TrafficProvider.keep_alive`. Also drops clusters whose last request has ended."""
        proxy = self._proxy(ingress)
        with proxy.lock:
            if not proxy.process.was_started():
                return False
            if proxy.process.is_running():
                proxy.files.put(CLUSTERS, _still_used(proxy).values())
                return False
            if proxy.process.adopt():
                return False
            self._start(ingress, proxy, {kind: list(proxy.files.resources(kind).values()) for kind in KINDS})
            return True

    def stop(self, ingress: Ingress) -> None:
        """See `TrafficProvider.stop`."""
        proxy = self._proxy(ingress)
        with proxy.lock:
            proxy.process.stop()

    def _proxy(self, ingress: Ingress) -> _Proxy:
        with self._guard:
            proxy = self._proxies.get(ingress.name)
            if proxy is None:
                folder = ingress_folder(self._data_dir, ingress.name)
                process = EnvoyProcess(folder, self._binary)
                files = EnvoyFiles(folder, process, self._confirm_within_s)
                proxy = self._proxies[ingress.name] = _Proxy(threading.RLock(), process, files)
            return proxy

    @staticmethod
    def _start(ingress: Ingress, proxy: _Proxy, configs: Mapping[Kind, list[Config]]) -> None:
        check_port_free(ingress)
        versions = {kind: proxy.files.write(kind, resources) for kind, resources in configs.items()}
        offset = proxy.process.log_size()
        proxy.process.start(bootstrap(proxy.process.node_id, proxy.process.socket, proxy.files.folder))
        proxy.files.await_versions(versions, {}, offset)


def _still_used(proxy: _Proxy) -> dict[str, Config]:
    """Return the clusters of the file that a route names or a request is in flight to."""
    in_file = proxy.files.resources(CLUSTERS)
    routes = proxy.files.resources(ROUTES).get(ROUTES_NAME)
    named = cluster_names(read_split(routes)) if routes is not None else set[str]()
    if in_file.keys() <= named:
        return in_file
    active = _active(proxy.process)
    return {
        name: cluster
        for name, cluster in in_file.items()
        if name in named or active.get(str(cluster["alt_stat_name"]), 0)
    }


def _active(process: EnvoyProcess) -> dict[str, int]:
    """Return the requests in flight by the statistics name of the cluster they are with."""
    stats = process.admin.stats(rf"cluster\.(?:{Part.VERSION}|{Part.FALLBACK})/[^.]+\.upstream_rq_active")
    return {name.split(".")[1]: int(value) for name, value in stats.items()}


def _check(ingress: Ingress, split: SetTraffic, backends: Backends) -> None:
    if not 0 <= split.new_weight_bp <= FULL_WEIGHT_BP:
        raise PermanentProviderError(
            f"ingress {ingress.name!r}: a weight of {split.new_weight_bp} bp is outside 0 to {FULL_WEIGHT_BP}"
        )
    serving: list[Version] = []
    if split.new is None or split.new_weight_bp < FULL_WEIGHT_BP:
        serving.append(split.stable)
    if split.new is not None and (split.new_weight_bp or split.audience):
        serving.append(split.new)
    for version in serving:
        if not backends.get(version):
            raise PermanentProviderError(
                f"ingress {ingress.name!r}: version {version!r} has no endpoint to send its users to;"
                " start an instance of it first"
            )
