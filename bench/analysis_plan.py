"""The planning bench: how near `sluice plan analysis` comes to what simulated rollouts need.

`make bench NAME=analysis_plan` (about ten minutes on one core; `ARGS=--quick` under two). Each cell is
planned, simulated with the noise that the plan reckons with, and judged by the analyser. The last line is one
JSON object: planned over simulated. See docs/analysis.md, "Planning".
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from bench.analysis_vector import run
from bench.analysis_worlds import Counts, Floats
from sluiceway.domain.analysis.evidence import Settings
from sluiceway.domain.analysis.growth import Traffic, mean_burst
from sluiceway.domain.analysis.noise import CAUTIOUS, INDEPENDENT, Noise
from sluiceway.domain.analysis.planning import EVEN, LIKELY, seconds_to_clear, seconds_to_see

STEP_S = 5.0
NOISES = {
    "independent": INDEPENDENT,
    "mild": Noise(burst=2.0, slow_sd=0.1, slow_s=600.0),
    "noisy": Noise(burst=5.0, slow_sd=0.25, slow_s=180.0),
    "cautious": CAUTIOUS,
}
RATIOS = (1.7, 2.0, 3.0, 5.0, 10.0, 20.0)
LONGEST_S = 6 * 3_600.0
LATE_S = 3 * 3_600.0
QUICK_EVERY = 8  # every how manyth cell is measured with --quick


@dataclass(frozen=True)
class Cell:
    """One question: `ratio` is 1 for "when is it shown to be no worse?"."""

    noise: str
    traffic: Traffic
    ratio: float
    onset_s: float = 0.0

    @property
    def what(self) -> str:
        if self.ratio == 1.0:
            return "no worse"
        return "late regression" if self.onset_s else "regression"

    @property
    def settings(self) -> Settings:
        return Settings(noise=NOISES[self.noise], min_bake_s=0.0)

    def planned(self, chance: float) -> float | None:
        if self.ratio == 1.0:
            return seconds_to_clear(self.traffic, self.settings, chance=chance)
        return seconds_to_see(
            self.ratio, self.traffic, self.settings, chance=chance, is_late=self.onset_s > 0
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="every eighth cell")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--runs", type=int, default=80)
    args = parser.parse_args()
    rng = np.random.default_rng(args.seed)
    found: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for number, cell in enumerate(cells()):
        if args.quick and number % QUICK_EVERY:
            continue
        half, most = cell.planned(EVEN), cell.planned(LIKELY)
        if half is None or most is None or half > LONGEST_S:
            continue
        took = simulate(cell, rng, runs=args.runs, seconds=2.0 * most + 60.0)
        ratios = half / quantile(took, EVEN), most / quantile(took, LIKELY)
        print(f"{cell}: planned {half:.0f} s, {most:.0f} s: {ratios[0]:.2f}, {ratios[1]:.2f} of simulated")
        found.setdefault((cell.what, cell.noise), []).append(ratios)
    print(json.dumps([summary(*key, ratios) for key, ratios in found.items()]))


def cells() -> Iterator[Cell]:
    grid = itertools.product(NOISES, (10, 100, 1_000), (0.001, 0.05, 0.5), (0.001, 0.01, 0.05))
    for noise, rps, share, base_rate in grid:
        traffic = Traffic(rps, share, base_rate, STEP_S)
        yield from (Cell(noise, traffic, ratio) for ratio in (1.0, *RATIOS) if ratio * base_rate < 1.0)
    late = itertools.product(NOISES, (100, 1_000), (0.01, 0.25), (0.005, 0.05), RATIOS[1:5])
    for noise, rps, share, base_rate, ratio in late:
        yield Cell(noise, Traffic(rps, share, base_rate, STEP_S), ratio, LATE_S)


def simulate(cell: Cell, rng: np.random.Generator, *, runs: int, seconds: float) -> Floats:
    """Return the seconds that each run took from the onset; infinite if more than `seconds`."""
    settings, traffic = cell.settings, cell.traffic
    steps = math.ceil((cell.onset_s + seconds) / STEP_S)
    ratio = np.where(np.arange(steps)[:, None] * STEP_S >= cell.onset_s, cell.ratio, 1.0)
    wander = _wander(settings.noise, rng, steps, runs)
    new = np.minimum(traffic.base_rate * ratio * wander, 1.0)
    n0, x0 = _count(traffic.stable_rps, np.full((steps, runs), traffic.base_rate), settings.noise, rng)
    n1, x1 = _count(traffic.new_rps, new, settings.noise, rng)
    wants_sound = cell.ratio == 1.0
    found = run(Counts(n0, x0, n1, x1), STEP_S, [settings.noise], settings, promote=wants_sound)
    took = (found.promote_s if wants_sound else found.rollback_s) - cell.onset_s
    return np.asarray(took[took > 0], dtype=float)


def quantile(took: Floats, share: float) -> float:
    return float(np.quantile(took, share, method="higher"))


def summary(what: str, noise: str, ratios: list[tuple[float, float]]) -> dict[str, object]:
    half, most = np.array(ratios).T
    return {
        "what": what,
        "noise": noise,
        "cells": len(ratios),
        "half": [round(float(np.quantile(half, q)), 2) for q in (0.05, 0.5, 0.95)],
        "most": [round(float(np.quantile(most, q)), 2) for q in (0.05, 0.5, 0.95)],
        "beyond_two": int(((half < 0.5) | (half > 2.0)).sum()),
    }


def _wander(noise: Noise, rng: np.random.Generator, steps: int, runs: int) -> Floats:
    keep = math.exp(-STEP_S / noise.slow_s)
    gain = noise.slow_sd * math.sqrt(1.0 - keep * keep)
    level = rng.normal(0.0, 1.0, runs) * noise.slow_sd
    out = np.empty((steps, runs))
    for i in range(steps):
        out[i] = level
        level = keep * level + gain * rng.normal(size=runs)
    return np.asarray(np.exp(out - noise.slow_sd**2 / 2), dtype=float)


def _count(rps: float, rate: Floats, noise: Noise, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Return requests and bad ones; a burst falls into one interval and brings its own requests."""
    size = mean_burst(noise.burst)
    groups = rng.poisson(rps * STEP_S * rate / size)
    more = np.zeros_like(groups)
    if size > 1.0:
        more[groups > 0] = rng.negative_binomial(groups[groups > 0], 1.0 / size)
    bad = np.asarray(groups + more, dtype=float)
    return rng.poisson(rps * STEP_S * (1.0 - rate)) + bad, bad


if __name__ == "__main__":
    main()
