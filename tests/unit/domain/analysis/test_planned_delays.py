"""The plan is true: simulated rollouts, judged by the real `evidence.update`, take about as long as planned.

Seeded. A few cells of the grid that docs/analysis.md reports; every one within a factor of two.
"""

from __future__ import annotations

import math
import random
import statistics
from collections.abc import Callable, Iterator

import pytest

from sluiceway.domain.analysis.counts import Interval
from sluiceway.domain.analysis.evidence import Evidence, Settings, start, update
from sluiceway.domain.analysis.growth import Traffic, mean_burst
from sluiceway.domain.analysis.noise import INDEPENDENT, Noise
from sluiceway.domain.analysis.planning import LIKELY, seconds_to_clear, seconds_to_see
from sluiceway.domain.analysis.verdict import is_regression, is_sound
from tests.unit.domain.analysis.rows import bursts, poisson

MILD = Noise(burst=2.0, slow_sd=0.1, slow_s=600.0)
NOISY = Noise(burst=5.0, slow_sd=0.25, slow_s=180.0)
RUNS = 41


def intervals(rng: random.Random, traffic: Traffic, ratio: float, noise: Noise) -> Iterator[Interval]:
    """Yield the counts of one rollout; the new version's rate wanders, bad requests come in bursts."""
    keep = math.exp(-traffic.interval_s / noise.slow_s)
    level = rng.gauss(0, noise.slow_sd)
    while True:
        rate = traffic.base_rate * ratio * math.exp(level - noise.slow_sd**2 / 2)
        all0, all1 = traffic.stable_rps * traffic.interval_s, traffic.new_rps * traffic.interval_s
        x0 = bursts(rng, all0 * traffic.base_rate, mean_burst(noise.burst))
        x1 = bursts(rng, all1 * rate, mean_burst(noise.burst))
        yield Interval(
            poisson(rng, all0 - all0 * traffic.base_rate) + x0,
            x0,
            poisson(rng, max(0.0, all1 - all1 * rate)) + x1,
            x1,
            traffic.interval_s,
        )
        level = keep * level + noise.slow_sd * math.sqrt(1 - keep * keep) * rng.gauss(0, 1)


def delays(
    traffic: Traffic,
    ratio: float,
    settings: Settings,
    *,
    longest_s: float,
    is_there: Callable[[Evidence], bool],
) -> list[float]:
    """Return the seconds that each of `RUNS` rollouts took, at most `longest_s`."""
    found: list[float] = []
    for run in range(RUNS):
        state = start(settings)
        for interval in intervals(random.Random(run), traffic, ratio, settings.noise):
            state = update(state, interval, settings)
            if is_there(state) or state.elapsed_s >= longest_s:
                break
        found.append(state.elapsed_s)
    return sorted(found)


@pytest.mark.parametrize(
    ("noise", "rps", "share", "base_rate", "ratio"),
    [
        (INDEPENDENT, 40, 0.05, 0.05, 5.0),
        (INDEPENDENT, 40, 0.25, 0.005, 10.0),
        (INDEPENDENT, 10, 0.01, 0.01, 60.0),
        (INDEPENDENT, 40, 0.5, 0.05, 2.0),
        (MILD, 40, 0.25, 0.01, 5.0),
        (MILD, 100, 0.05, 0.05, 3.0),
        (NOISY, 40, 0.5, 0.01, 10.0),
        (NOISY, 10, 0.25, 0.05, 5.0),
        (NOISY, 100, 0.1, 0.01, 10.0),
    ],
)
def test_a_regression_is_seen_as_soon_as_planned(
    noise: Noise, rps: float, share: float, base_rate: float, ratio: float
) -> None:
    traffic, settings = Traffic(rps, share, base_rate), Settings(noise=noise)
    planned = seconds_to_see(ratio, traffic, settings)
    most = seconds_to_see(ratio, traffic, settings, chance=LIKELY)
    assert planned is not None
    assert most is not None

    took = delays(
        traffic,
        ratio,
        settings,
        longest_s=3 * most,
        is_there=lambda state: is_regression(state, settings),
    )

    assert 0.5 <= planned / statistics.median(took) <= 2.0
    assert 0.5 <= most / took[round(0.9 * RUNS)] <= 2.0


@pytest.mark.parametrize(
    ("noise", "rps", "share", "base_rate"),
    [(INDEPENDENT, 40, 0.25, 0.05), (MILD, 100, 0.25, 0.05), (INDEPENDENT, 100, 0.05, 0.05)],
)
def test_a_version_that_is_no_worse_is_shown_so_as_soon_as_planned(
    noise: Noise, rps: float, share: float, base_rate: float
) -> None:
    traffic, settings = Traffic(rps, share, base_rate), Settings(noise=noise, min_bake_s=0.0)
    planned = seconds_to_clear(traffic, settings)
    assert planned is not None

    took = delays(
        traffic, 1.0, settings, longest_s=6 * planned, is_there=lambda state: is_sound(state, settings)
    )

    assert 0.5 <= planned / statistics.median(took) <= 2.0
