"""Simulated traffic of two versions: the worlds in which analysers are compared.

Twenty replicas share the traffic; the new version has its share of them, at least one. `noisy` has failures
in bursts, replicas that wander each on its own and all together, a day-night swing and shared incidents.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
REPLICAS = 20
DAY_S = 86_400.0
PLACEBO_GROUPS = 4


@dataclass(frozen=True)
class World:
    """`own_sd`, `common_sd`: wandering of a replica's log bad rate alone, and of all; `memory_s` of both.
    `burst`: mean size of geometric bursts. `swing`: day-night, as a share. `incidents`: shared, per day."""

    name: str = "ideal"
    own_sd: float = 0.0
    common_sd: float = 0.0
    memory_s: float = 180.0
    burst: float = 1.0
    swing: float = 0.0
    incidents: float = 0.0
    is_heavy: bool = False  # wandering in jumps with a Laplace distribution, not as a normal process


IDEAL = World()
SHARED = World("shared", incidents=6.0)
SWING = World("swing", swing=0.6)
NOISY = World("noisy", own_sd=0.2, common_sd=0.25, burst=3.0, swing=0.5, incidents=3.0)
LASTING = replace(NOISY, name="noisy, memory 1 h", memory_s=3_600.0)
WORLDS = (IDEAL, SHARED, SWING, NOISY)
ODD_WORLDS = (
    replace(NOISY, name="noisier", own_sd=0.3),
    replace(NOISY, name="noisier-fast", own_sd=0.3, memory_s=30.0),
    replace(NOISY, name="noisier-slow", own_sd=0.3, memory_s=1_800.0),
    replace(NOISY, name="heavy-tails", own_sd=0.3, is_heavy=True),
    replace(NOISY, name="big-bursts", burst=8.0),
)


@dataclass(frozen=True)
class Traffic:
    rps: float = 1_000.0
    share: float = 0.05
    base: float = 0.01


@dataclass(frozen=True)
class Counts:
    """Arrays [steps, runs]: requests and bad ones of stable (0) and the new version (1)."""

    n0: Floats
    x0: Floats
    n1: Floats
    x1: Floats


Ratio = float | Callable[[Floats], Floats]


def simulate(
    world: World, traffic: Traffic, rng: np.random.Generator, *, runs: int, seconds: float, step_s: float,
    ratio: Ratio = 1.0,
) -> Counts:  # fmt: skip
    """Return counts per `step_s` of `runs` rollouts; `ratio` may depend on the seconds since the start."""
    steps = round(seconds / step_s)
    t = np.arange(steps, dtype=float)[:, None] * step_s
    phase = rng.uniform(0, 2 * math.pi, runs)
    load = 1 + world.swing * np.sin(2 * math.pi * t / DAY_S + phase)
    rate = traffic.base * (1 + 0.6 * world.swing * np.sin(2 * math.pi * t / DAY_S + phase + 1))
    rate = np.broadcast_to(rate, (steps, runs)).copy()
    _add_incidents(rate, world, rng, step_s)
    rate *= _wander(world, world.common_sd, rng, steps=steps, runs=runs, step_s=step_s)
    replicas = max(1, round(traffic.share * REPLICAS))
    own = _wander(world, world.own_sd / math.sqrt(replicas), rng, steps=steps, runs=runs, step_s=step_s)
    rest = _wander(
        world,
        world.own_sd / math.sqrt(max(1, REPLICAS - replicas)),
        rng,
        steps=steps,
        runs=runs,
        step_s=step_s,
    )
    n1 = rng.poisson(traffic.rps * traffic.share * step_s * load, (steps, runs)).astype(float)
    n0 = rng.poisson(traffic.rps * (1 - traffic.share) * step_s * load, (steps, runs)).astype(float)
    times = ratio(t) if callable(ratio) else ratio
    return Counts(n0, _bad(n0, rate * rest, world, rng), n1, _bad(n1, rate * own * times, world, rng))


def placebo(world: World, traffic: Traffic, rng: np.random.Generator, minutes: int = 1_440) -> NDArray[Any]:
    """Return A/A counts [minutes, groups, 4] of the same world: single replicas, or a quarter at most."""
    group = replace(traffic, share=min(0.25, max(1 / REPLICAS, traffic.share)))
    step_s = 10.0
    counts = simulate(world, group, rng, runs=PLACEBO_GROUPS, seconds=minutes * 60, step_s=step_s)
    parts = (counts.n0, counts.x0, counts.n1, counts.x1)
    return np.stack([each.reshape(minutes, 6, PLACEBO_GROUPS).sum(1) for each in parts], -1).astype(int)


def _wander(
    world: World, sd: float, rng: np.random.Generator, *, steps: int, runs: int, step_s: float
) -> Floats:
    if sd == 0:
        return np.ones((steps, runs))
    out = np.empty((steps, runs))
    if world.is_heavy:
        level = rng.laplace(0, sd / math.sqrt(2), runs)
        for i in range(steps):
            fresh = rng.laplace(0, sd / math.sqrt(2), runs)
            level = np.where(rng.random(runs) < step_s / world.memory_s, fresh, level)
            out[i] = level
        return np.asarray(np.exp(out) * (1 - sd * sd / 2), dtype=float)
    keep = math.exp(-step_s / world.memory_s)
    level = rng.normal(0, sd, runs)
    for i in range(steps):
        out[i] = level
        level = keep * level + sd * math.sqrt(1 - keep * keep) * rng.normal(size=runs)
    return np.asarray(np.exp(out - sd * sd / 2), dtype=float)


def _add_incidents(rate: Floats, world: World, rng: np.random.Generator, step_s: float) -> None:
    steps, runs = rate.shape
    for run in range(runs if world.incidents else 0):
        for _ in range(rng.poisson(world.incidents * steps * step_s / DAY_S)):
            begin, lasts = int(rng.integers(0, steps)), int(rng.uniform(60, 900) / step_s)
            rate[begin : begin + lasts, run] *= rng.uniform(3, 20)


def _bad(n: Floats, rate: Floats, world: World, rng: np.random.Generator) -> Floats:
    expected = n * np.minimum(rate, 0.9)
    if world.burst <= 1:
        return np.minimum(rng.poisson(expected), n).astype(float)
    bursts = rng.poisson(expected / world.burst)
    more = np.zeros_like(bursts)
    some = bursts > 0
    more[some] = rng.negative_binomial(bursts[some], 1 / world.burst)
    return np.asarray(np.minimum(bursts + more, n), dtype=float)
