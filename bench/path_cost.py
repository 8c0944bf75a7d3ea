"""Part (d): what Envoy's path costs against asking the service directly, as ratios in one run.

Closed loop, few connections, rounds interleaved so that a noisy moment hits both sides.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from bench.rig import answers, child, free_port, module, wait_until
from sluiceway.adapters.traffic.envoy import EnvoyTraffic
from sluiceway.domain.process.plan import Ingress, Version
from sluiceway.domain.rollouts.model import SetTraffic
from sluiceway.ports.traffic import Endpoint

ROUNDS = 8
CONNECTIONS = 4
REQUESTS = 600  # per connection and round
_ASK = b"GET / HTTP/1.1\r\nhost: bench\r\n\r\n"


async def _ask(port: int) -> list[float]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    took_ms: list[float] = []
    for _ in range(REQUESTS):
        began_s = time.perf_counter()
        writer.write(_ASK)
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(
            int(line.split(b":")[1])
            for line in head.lower().split(b"\r\n")
            if line.startswith(b"content-length")
        )
        await reader.readexactly(length)
        took_ms.append((time.perf_counter() - began_s) * 1_000)
    writer.close()
    return took_ms


async def _round(port: int) -> tuple[float, list[float]]:
    """Return requests per second and every latency (ms) of one round."""
    began_s = time.perf_counter()
    parts = await asyncio.gather(*(_ask(port) for _ in range(CONNECTIONS)))
    took_s = time.perf_counter() - began_s
    return CONNECTIONS * REQUESTS / took_s, [ms for part in parts for ms in part]


def measure() -> dict[str, float]:
    """Return throughput and median latency through Envoy relative to direct (1 is no cost)."""
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sluice-bench-")))
        port, version = free_port(), Version("1.0")
        stack.enter_context(child(module("bench.tiny_server", str(port))))
        wait_until("the tiny server", lambda: answers(port, "/"))
        ingress = Ingress("bench", port=free_port())
        traffic = EnvoyTraffic(home)
        stack.callback(traffic.stop, ingress)
        traffic.apply(ingress, SetTraffic(version, None, 0), {version: [Endpoint("127.0.0.1", port)]})
        wait_until("the proxy", lambda: answers(ingress.port, "/"))
        rates: dict[int, list[float]] = {port: [], ingress.port: []}
        latencies: dict[int, list[float]] = {port: [], ingress.port: []}
        for _ in range(ROUNDS):
            for side, kept in latencies.items():
                rate, took_ms = asyncio.run(_round(side))
                rates[side].append(rate)
                kept.extend(took_ms)
    direct_ms, envoy_ms = (statistics.median(latencies[side]) for side in (port, ingress.port))
    return {
        "throughput_ratio": round(statistics.median(rates[ingress.port]) / statistics.median(rates[port]), 3),
        "latency_ratio": round(envoy_ms / direct_ms, 2),
        "added_ms_median": round(envoy_ms - direct_ms, 3),
    }
