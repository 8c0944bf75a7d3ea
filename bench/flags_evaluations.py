"""Evaluations per second, p99 per call and memory: our engine beside others, on the same flag and users.

The flag is on for those whose country is one of five and whose plan is pro, of them for 25 percent. Engines
take turns, a block of users each, so that a slow minute of the machine slows all of them; time is this
process's CPU time. Contexts are made beforehand, in each engine's own shape. Memory is that of a fresh
process with 100 such flags, beyond a bare interpreter.
"""

from __future__ import annotations

import gc
import json
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from bench.flags_peers import ENGINES, FLOOR, OURS, User
from bench.rig import module, say

Ask: TypeAlias = Callable[[Any], object]

USERS, QUICK_USERS = 100_000, 10_000
ROUNDS, QUICK_ROUNDS = 5, 3
BLOCK = 5_000
TIMED_CALLS = 20_000
_COUNTRIES = ("de", "fr", "se", "no", "dk", "us", "gb", "it", "es", "pl")
_PLANS = ("pro", "free")


def measure(*, quick: bool = False) -> dict[str, object]:
    """Return what each engine does, and what ours is to GrowthBook's and to the floor."""
    users = people(QUICK_USERS if quick else USERS)
    asked: dict[str, Ask] = {}
    contexts: dict[str, list[Any]] = {}
    for name, engine in ENGINES.items():
        ask, context = engine(1)
        asked[name], contexts[name] = ask, [context(user) for user in users]
    shares = {name: _share(ask, contexts[name]) for name, ask in asked.items()}
    per_second = _rates(asked, contexts, QUICK_ROUNDS if quick else ROUNDS)
    engines: dict[str, dict[str, object]] = {}
    for name, ask in asked.items():
        engines[name] = {
            "per_second": round(per_second[name]),
            "to_floor": round(per_second[name] / per_second[FLOOR], 4),
            "p99_us": _p99_us(ask, contexts[name]),
            "share_on": shares[name],
            **_memory(name),
        }
        say(f"{name}: {engines[name]}")
    ours = per_second[OURS]
    return {
        "users": len(users),
        "to_floor": round(ours / per_second[FLOOR], 3),
        "times_others": {name: round(ours / rate, 1) for name, rate in per_second.items() if name != OURS},
        "engines": engines,
    }


def people(count: int) -> list[User]:
    """Return users of ten countries and two plans, always the same."""
    rng = random.Random(7)
    return [User(f"user-{at}", rng.choice(_COUNTRIES), rng.choice(_PLANS)) for at in range(count)]


def _share(ask: Ask, contexts: Sequence[Any]) -> float:
    """The share of users that have the flag: half, of them half, and of them a quarter."""
    share = sum(bool(ask(context)) for context in contexts) / len(contexts)
    if not 0.04 < share < 0.09:
        raise RuntimeError(f"an engine gives the flag to {share:.1%} of users; about 6.25 % should have it")
    return round(share, 4)


def _rates(asked: dict[str, Ask], contexts: dict[str, list[Any]], rounds: int) -> dict[str, float]:
    """Evaluations per CPU second of each engine: the median of rounds, every round through all users."""
    count = len(next(iter(contexts.values())))
    found: dict[str, list[float]] = {name: [] for name in asked}
    for at in range(rounds):
        spent_s = dict.fromkeys(asked, 0.0)
        gc.collect()
        for first in range(0, count, BLOCK):
            for name, ask in asked.items():
                block = contexts[name][first : first + BLOCK]
                began_s = time.process_time()
                for context in block:
                    ask(context)
                spent_s[name] += time.process_time() - began_s
        for name, each_s in spent_s.items():
            found[name].append(count / each_s)
        say(f"round {at + 1} of {rounds}: ours {spent_s[OURS]:.3f} s, the floor {spent_s[FLOOR]:.3f} s")
    return {name: statistics.median(rates) for name, rates in found.items()}


def _p99_us(ask: Ask, contexts: Sequence[Any]) -> float:
    """The 99th percentile of single calls in microseconds, the two readings of the clock included."""
    took: list[int] = []
    for context in contexts[:TIMED_CALLS]:
        began_ns = time.perf_counter_ns()
        ask(context)
        took.append(time.perf_counter_ns() - began_ns)
    return round(sorted(took)[int(0.99 * len(took))] / 1_000, 2)


def _memory(name: str) -> dict[str, object]:
    run = subprocess.run(module("bench.flags_memory", name), capture_output=True, text=True, check=False)
    if run.returncode:
        raise RuntimeError(f"{name} could not be weighed: {run.stderr[-500:]}")
    figures: dict[str, object] = json.loads(run.stdout.splitlines()[-1])
    return figures


if __name__ == "__main__":
    print(json.dumps(measure(quick="--quick" in sys.argv)))
