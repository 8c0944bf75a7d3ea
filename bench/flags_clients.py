"""How fast a kill switch reaches a thousand connected clients of one server process, over loopback.

Real `FlagClient`s in a few processes, a real server, the kill by REST. What counts is the time from the
kill's answer until a client's own evaluation is off; clients may well be ahead of the answer. Everything
shares this machine's cores, clients included.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, cast

import httpx

from bench.flags_server import ENVIRONMENT, SERVICE
from bench.rig import answers, free_port, module, say, wait_until

CLIENTS, QUICK_CLIENTS = 1_000, 100
PROCESSES = 4
ROUNDS, QUICK_ROUNDS = 10, 3
FLAGS = 100
_HEADERS = {"X-Sluice-Client": "bench", "X-Sluice-Actor": "bench"}


def measure(*, quick: bool = False) -> dict[str, object]:
    """Return the slowest and the 99th of 100 clients, in milliseconds, over all kills."""
    clients, rounds = (QUICK_CLIENTS, QUICK_ROUNDS) if quick else (CLIENTS, ROUNDS)
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        port = free_port()
        server = stack.enter_context(_speaking("bench.flags_server", folder, str(port), str(FLAGS)))
        token = json.loads(_line(server))["token"]
        wait_until("the server", lambda: answers(port))
        url = f"http://127.0.0.1:{port}"
        began_at = time.monotonic()
        crowds = [
            stack.enter_context(_speaking("bench.flags_crowd", url, token, str(clients // PROCESSES)))
            for _ in range(PROCESSES)
        ]
        for crowd in crowds:
            _line(crowd)
        say(f"{clients} clients connected in {time.monotonic() - began_at:.1f} s")
        http = stack.enter_context(httpx.Client(base_url=url, headers=_HEADERS, trust_env=False))
        kills: list[Sequence[float]] = []
        for _ in range(rounds):
            kills.append(_round(http, crowds, "kill", "off"))
            _round(http, crowds, "restore", "on")
    return summary(clients, kills)


def summary(clients: int, kills: Sequence[Sequence[float]]) -> dict[str, object]:
    """Return the figures of several kills, each with the seconds that every client took."""
    every = sorted(took for kill in kills for took in kill)
    slowest = [max(kill) for kill in kills]
    found: dict[str, object] = {
        "clients": clients,
        "kills": len(kills),
        "p50_ms": _ms(every[len(every) // 2]),
        "p99_ms": _ms(every[int(len(every) * 0.99)]),
        "max_ms": _ms(max(slowest)),
        "slowest_of_each_ms": [_ms(one) for one in slowest],
        "is_within_1_s": max(slowest) <= 1.0,
    }
    say(f"a kill: {found}")
    return found


def _round(
    http: httpx.Client, crowds: Sequence[subprocess.Popen[str]], act: str, becomes: str
) -> Sequence[float]:
    answer = http.post(
        f"/api/flags/{SERVICE}/flag-0/{act}", json={"environment": ENVIRONMENT, "reason": "bench"}
    )
    answered_at = time.monotonic()
    answer.raise_for_status()
    for crowd in crowds:
        stdin = cast("IO[str]", crowd.stdin)
        stdin.write(f"{becomes}\n")
        stdin.flush()
    times: list[float] = [at for crowd in crowds for at in json.loads(_line(crowd))]
    return [max(0.0, at - answered_at) for at in times]


def _line(process: subprocess.Popen[str]) -> str:
    line = cast("IO[str]", process.stdout).readline()
    if not line:
        raise RuntimeError(f"{process.args!r} ended with {process.wait(10)}")
    return line


@contextlib.contextmanager
def _speaking(name: str, *words: str) -> Iterator[subprocess.Popen[str]]:
    """Run a module that reads and writes lines, and end it at the end of the block."""
    process = subprocess.Popen(
        module(name, *words), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=Path.cwd()
    )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(5)


def _ms(seconds: float) -> float:
    return round(seconds * 1_000, 1)
