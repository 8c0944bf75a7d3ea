"""What each instance of a version was asked and how often it failed, from Envoy's own host statistics.

Counted are attempts at the instances of the version's own cluster: an answer below 500 is a success; a 5xx,
a connection that failed or broke, and a time-out are errors. A request that is tried again is an attempt at
each instance it was tried on. One that is in flight, or whose user gave up, is none. So the sums differ a
little from what users got; they tell instances apart, which nothing else does.

Source: Envoy docs, "Administration interface", `/clusters?format=json`, and "Cluster manager", host
statistics; what they count was tried with Envoy 1.40.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sluiceway.adapters.processes import ProcessRef
from sluiceway.adapters.traffic.envoy_names import Part, parse_cluster_name
from sluiceway.domain.process.plan import Version
from sluiceway.errors import PermanentProviderError
from sluiceway.ports.metrics import Totals

LOOK_S = 10.0  # between two looks: the answer is long where there are many instances
KEEP_S = 900.0  # how long an instance that is gone may come back and go on
CLUSTERS = f"^{Part.VERSION}/"  # RE2, for the names of clusters

Host = tuple[Version, str]


@dataclass(frozen=True, slots=True)
class Attempts:
    """Running totals of one instance since Envoy knows it."""

    count: float
    bad: float


@dataclass(slots=True)
class _Known:
    raw: Attempts  # as Envoy last said
    seen_s: float
    count: float = 0.0
    bad: float = 0.0


@dataclass(slots=True)
class HostTotals:
    """Totals of the instances behind one Envoy, which go on where they were when Envoy's begin anew.

    Used with `lock` held.
    """

    lock: threading.Lock = field(default_factory=threading.Lock)
    looked_s: float | None = None
    _process: ProcessRef | None = None
    _known: dict[Host, _Known] = field(default_factory=dict[Host, _Known])

    def is_due(self, now_s: float) -> bool:
        """Return whether the last look is too old to serve."""
        return self.looked_s is None or now_s - self.looked_s >= LOOK_S

    def add(self, hosts: Mapping[Host, Attempts], process: ProcessRef | None, now_s: float) -> None:
        """Take in what `process`, which is Envoy, said of its instances at `now_s`."""
        is_same = self._process == process
        for host, now in hosts.items():
            known = self._known.setdefault(host, _Known(Attempts(0, 0), now_s))
            fell = now.count < known.raw.count or now.bad < known.raw.bad
            before = known.raw if is_same and not fell else Attempts(0, 0)
            known.count += now.count - before.count
            known.bad += now.bad - before.bad
            known.raw, known.seen_s = now, now_s
        for host in [host for host, known in self._known.items() if known.seen_s < now_s - KEEP_S]:
            del self._known[host]
        self.looked_s, self._process = now_s, process

    def of(self, version: Version) -> dict[str, Totals]:
        """Return the totals of the instances that Envoy knows now, by their address."""
        return {
            address: Totals(known.seen_s, known.count, known.bad)
            for (its, address), known in self._known.items()
            if its == version and known.seen_s == self.looked_s
        }


def read_hosts(text: str) -> dict[Host, Attempts]:
    """Return the attempts at every instance. Raises PermanentProviderError when it is not Envoy's answer."""
    hosts: dict[Host, Attempts] = {}
    try:
        for cluster in json.loads(text).get("cluster_statuses", ()):
            parsed = parse_cluster_name(cluster["name"])
            if parsed is None or parsed[0] is not Part.VERSION:
                continue
            for host in cluster.get("host_statuses", ()):
                hosts[parsed[1], _address(host)] = _attempts(host)
    except (ValueError, KeyError, TypeError, AttributeError) as failure:
        raise PermanentProviderError(
            f"Envoy's /clusters is not as Sluiceway knows it ({failure!r}); run the Envoy that comes with it"
        ) from failure
    return hosts


def _address(host: Any) -> str:
    """Return `127.0.0.1:8080`, `[::1]:8080`; an endpoint with a name is known by its address too."""
    place = host["address"]["socket_address"]
    name = str(place["address"])
    return f"[{name}]:{place['port_value']}" if ":" in name else f"{name}:{place['port_value']}"


def _attempts(host: Any) -> Attempts:
    stats = {stat["name"]: float(stat.get("value", 0)) for stat in host["stats"]}
    return Attempts(stats["rq_success"] + stats["rq_error"], stats["rq_error"])
