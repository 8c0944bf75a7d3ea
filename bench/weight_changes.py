"""Part (a): how many requests are lost while the weights change 100 times under load. Must be 0."""

from __future__ import annotations

import statistics
import tempfile
import time
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from bench.rig import answers, child, free_port, load, read_records, shop, wait_until
from sluiceway.adapters.traffic.envoy import EnvoyTraffic
from sluiceway.domain.process.plan import Ingress, Sticky, Version
from sluiceway.domain.rollouts.model import SetTraffic
from sluiceway.ports.traffic import Endpoint

CHANGES = 100
RPS = 300
PAUSE_S = 0.1

STABLE, NEW = Version("1.0"), Version("2.0")


def measure() -> dict[str, float]:
    """Return the requests sent and lost, and how long a change took to be confirmed (ms)."""
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sluice-bench-")))
        ports = {version: free_port() for version in (STABLE, NEW)}
        for version, port in ports.items():
            stack.enter_context(child(shop(port, version)))
            wait_until(f"the shop {version}", partial(answers, port))
        backends = {version: [Endpoint("127.0.0.1", port)] for version, port in ports.items()}
        ingress = Ingress("bench", port=free_port(), sticky=Sticky(header="x-user-id"))
        traffic = EnvoyTraffic(home)
        stack.callback(traffic.stop, ingress)
        traffic.apply(ingress, SetTraffic(STABLE, None, 0), backends)
        wait_until("the proxy", lambda: answers(ingress.port))
        records = home / "records.jsonl"
        took_ms: list[float] = []
        with child(load(ingress.port, records, rps=RPS)):
            wait_until("the first answers", lambda: len(read_records(records)) > RPS)
            for number in range(CHANGES):
                weight_bp = (number * 3_700) % 10_001
                split = SetTraffic(STABLE, NEW if weight_bp else None, weight_bp)
                began_s = time.perf_counter()
                traffic.apply(ingress, split, backends)
                took_ms.append((time.perf_counter() - began_s) * 1_000)
                time.sleep(PAUSE_S)  # let the load meet each weight
        sent = read_records(records)
    # The shop itself answers two in a thousand with 500; lost is what got no answer from a version.
    lost = [record for record in sent if record.status == 0 or (record.is_failed and not record.version)]
    return {
        "weight_changes": CHANGES,
        "requests": len(sent),
        "lost": len(lost),
        "change_ms_median": round(statistics.median(took_ms), 2),
        "change_ms_worst": round(max(took_ms), 2),
    }
