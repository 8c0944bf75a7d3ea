"""The bench of noise that grows: how often versions that are alike are rolled back, learning anew or once.

`make bench NAME=growing_noise` (about ten minutes on one core; `ARGS="--runs 10"` two). Two instances a side,
each with its own wandering; noise is learned as the product learns it, from stable's instances. The last line
is one JSON object. See docs/analysis.md, "Where the placebo comes from".
"""

from __future__ import annotations

import argparse
import json
import math
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from sluiceway.domain.analysis.counts import Interval
from sluiceway.domain.analysis.evidence import Settings, evidence_of_regression, start, update
from sluiceway.domain.analysis.history import DAY_MINUTES, Learned, MinuteCount, learn_from_instances
from sluiceway.domain.analysis.noise import Noise

STEP_S, STEPS_A_MINUTE = 10.0, 6
BAKE_MINUTES = 4 * 60
RELEARN_STEPS = 10 * STEPS_A_MINUTE  # the product does it each minute; ten keep the bench short
MEMORY_S = 300.0
STABLE, NEW = 28_500.0, 1_500.0  # requests of each instance a minute: 1,000 requests/s, 5 percent share
BASE = 0.01
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Case:
    """Wandering of each instance (standard deviation of its log rate) before and after it grew."""

    before: float
    after: float
    grew_min: int  # minutes before the rollout's start
    learns_anew: bool


CASES = (
    Case(0.3, 0.3, 0, learns_anew=True),
    Case(0.15, 0.4, 0, learns_anew=True),
    Case(0.3, 0.5, 0, learns_anew=True),
    Case(0.1, 0.8, 180, learns_anew=True),
    Case(0.1, 0.8, 0, learns_anew=True),
    Case(0.1, 0.8, 0, learns_anew=False),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=60)
    args = parser.parse_args()
    found: list[dict[str, object]] = []
    for case in CASES:
        after_s = [rolled_back_s(case, seed) for seed in range(args.runs)]
        lost = sorted(each for each in after_s if each is not None)
        found.append({**asdict(case), "runs": args.runs, "rolled_back": len(lost), "after_s": lost})
        print(found[-1], flush=True)
    print(json.dumps(found))


def rolled_back_s(case: Case, seed: int) -> float | None:
    """Return after how many seconds a version that is no different is rolled back, None when it is not."""
    rng = np.random.default_rng(seed)
    minutes = DAY_MINUTES + BAKE_MINUTES
    has_grown = np.arange(minutes * STEPS_A_MINUTE) >= (DAY_MINUTES - case.grew_min) * STEPS_A_MINUTE
    sd = np.where(has_grown, case.after, case.before)
    bad = [
        rng.poisson(requests * BASE / STEPS_A_MINUTE * np.exp(sd * _wandering(rng, len(sd)) - sd**2 / 2))
        for requests in (STABLE, STABLE, NEW, NEW)
    ]
    history = _history(bad[:2])
    noise = _learn(history, DAY_MINUTES - 1)
    state = start(Settings(noise=noise, bake_s=BAKE_MINUTES * 60.0))
    for step in range(BAKE_MINUTES * STEPS_A_MINUTE):
        if case.learns_anew and step % RELEARN_STEPS == 0:
            noise = _learn(history, DAY_MINUTES - 1 + step // STEPS_A_MINUTE)
        settings = Settings(noise=noise, bake_s=BAKE_MINUTES * 60.0)
        first, second, third, fourth = (float(each[DAY_MINUTES * STEPS_A_MINUTE + step]) for each in bad)
        n0, n1 = 2 * STABLE / STEPS_A_MINUTE, 2 * NEW / STEPS_A_MINUTE
        state = update(state, Interval(n0, first + second, n1, third + fourth, STEP_S), settings)
        if evidence_of_regression(state) >= 1.0 / settings.alpha:
            return (step + 1) * STEP_S
    return None


def _wandering(rng: np.random.Generator, steps: int) -> Floats:
    """An Ornstein-Uhlenbeck process of standard deviation 1."""
    keep = math.exp(-STEP_S / MEMORY_S)
    pushes = rng.normal(0.0, math.sqrt(1 - keep * keep), steps)
    levels = np.empty(steps)
    level = float(rng.normal())
    for step in range(steps):
        level = keep * level + pushes[step]
        levels[step] = level
    return levels


def _history(bad: list[NDArray[np.int64]]) -> list[tuple[MinuteCount, ...]]:
    by_minute = [each.reshape(-1, STEPS_A_MINUTE).sum(axis=1) for each in bad]
    return [
        tuple(
            MinuteCount(minute, part, STABLE, float(counts[minute]))
            for part, counts in zip("ab", by_minute, strict=True)
        )
        for minute in range(len(by_minute[0]))
    ]


def _learn(history: list[tuple[MinuteCount, ...]], now: int) -> Noise:
    seen = [count for parts in history[max(0, now - DAY_MINUTES + 1) : now + 1] for count in parts]
    found = learn_from_instances(seen, now)
    assert isinstance(found, Learned), found
    return found.noise


if __name__ == "__main__":
    main()
