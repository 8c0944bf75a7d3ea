"""The bench of means: how often a tolerable version is rolled back, and how soon another is.

`make bench NAME=analysis_means` (about six minutes of one core; `ARGS=--quick` about one). Ratings and times
on task are simulated value by value and handed over as sums of a minute, to the product's own code and to two
others: a t-interval looked at each minute, and Welch's test once, at the end of the bake. All three test the
same null hypothesis, a loss within the margin, at the same 1 percent. The last line is one JSON object. See
docs/analysis.md.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sluiceway.domain.analysis.mean_verdict import is_loss, is_no_loss
from sluiceway.domain.analysis.means import MeanInterval, MeanSettings, start_means, update_means
from sluiceway.domain.analysis.noise import INDEPENDENT, Noise

Floats = NDArray[np.float64]
Row = dict[str, Any]

STEP_S = 60.0
DAY, SIX_HOURS = 1_440, 360  # in steps
Z_99 = 2.326  # of the normal distribution, one-sided
STARS = np.arange(1.0, 6.0)
USUAL_STARS = np.array([0.06, 0.05, 0.10, 0.29, 0.50])
USUAL_S, SIGMA, LIMIT_S = 60.0, 0.8, 600.0
RATING = MeanSettings(
    low=1, high=5, margin=0.2, sound_margin=0.4, higher_is_worse=False, noise=INDEPENDENT, stale_s=900
)
TIME = MeanSettings(low=0, high=LIMIT_S, margin=5, sound_margin=10, noise=INDEPENDENT, stale_s=900)


@dataclass(frozen=True)
class World:
    """Where values come from: `per_min` of both versions together, `share` of them of the new one.

    They come in geometric clusters of mean size `cluster`; the new version's mean wanders by `slow_sd`
    standard deviations of a value with a memory of `slow_s`; both means swing over the day by `swing` of
    them. `noise` is what the method is told."""

    name: str
    settings: MeanSettings
    per_min: float = 100.0
    share: float = 0.05
    cluster: float = 1.0
    slow_sd: float = 0.0
    slow_s: float = 900.0
    swing: float = 0.0
    noise: Noise = INDEPENDENT

    @property
    def told(self) -> MeanSettings:
        return replace(self.settings, noise=self.noise)

    @property
    def value_sd(self) -> float:
        """Return the standard deviation of one of stable's values, in the metric's unit."""
        if self.settings.high == LIMIT_S:
            return USUAL_S * math.sqrt(math.exp(SIGMA**2) - 1.0)
        return math.sqrt(USUAL_STARS @ STARS**2 - (USUAL_STARS @ STARS) ** 2)


RATINGS = World("ratings", RATING)
TIMES = World("times", TIME)
CLUSTERS = Noise(burst=5.0, slow_sd=0.0, slow_s=900.0)  # of clusters that are geometric with mean 3
WANDERING = Noise(burst=1.0, slow_sd=0.1, slow_s=900.0)
NULL_WORLDS = (
    RATINGS,
    replace(RATINGS, name="ratings, few", per_min=10.0, share=0.2),
    replace(RATINGS, name="ratings, many", per_min=1_000.0),
    replace(RATINGS, name="ratings, half", per_min=20.0, share=0.5),
    replace(RATINGS, name="ratings, swing", swing=0.5),
    replace(RATINGS, name="ratings, clusters", cluster=3.0, noise=CLUSTERS),
    replace(RATINGS, name="ratings, wandering", slow_sd=0.1, noise=WANDERING),
    TIMES,
    replace(TIMES, name="times, half", per_min=20.0, share=0.5),
    replace(TIMES, name="times, swing", swing=0.3),
)
BROKEN_WORLDS = (
    replace(RATINGS, name="ratings, clusters not told", cluster=3.0),
    replace(RATINGS, name="ratings, wandering not told", slow_sd=0.1),
    replace(RATINGS, name="ratings, many, wandering not told", per_min=1_000.0, slow_sd=0.1),
    replace(RATINGS, name="ratings, wandering twice as told", slow_sd=0.2, noise=WANDERING),
)
EFFECTS = (
    (RATINGS, 0.6, 0),
    (RATINGS, 1.0, 0),
    (RATINGS, 1.0, SIX_HOURS),
    (replace(RATINGS, name="ratings, few", per_min=10.0, share=0.2), 1.0, 0),
    (replace(RATINGS, name="ratings, many", per_min=1_000.0), 0.6, 0),
    (replace(RATINGS, name="ratings, half", per_min=20.0, share=0.5), 1.0, 0),
    (replace(RATINGS, name="ratings, clusters", cluster=3.0, noise=CLUSTERS), 1.0, 0),
    (replace(RATINGS, name="ratings, wandering", slow_sd=0.1, noise=WANDERING), 1.0, 0),
    (TIMES, 20.0, 0),
    (TIMES, 40.0, 0),
    (TIMES, 40.0, SIX_HOURS),
    (replace(TIMES, name="times, half", per_min=20.0, share=0.5), 40.0, 0),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer runs")
    parser.add_argument("--seed", type=int, default=7)
    args = parser.parse_args()
    began = time.monotonic()
    rng = np.random.default_rng(args.seed)
    runs = 20 if args.quick else 100
    figures: Row = {
        "at_margin": [_nulls(world, rng, runs) for world in NULL_WORLDS],
        "assumptions_broken": [_broken(world, rng, runs) for world in BROKEN_WORLDS],
        "effects": [_effect(world, loss, onset, rng, runs) for world, loss, onset in EFFECTS],
        "promotion": [_promotion(world, rng, runs) for world in (RATINGS, TIMES)],
        "update_us": _update_us(rng),
        "seconds": round(time.monotonic() - began, 1),
    }
    print(json.dumps(figures))


def simulate(world: World, rng: np.random.Generator, steps: int, loss: float, onset: int = 0) -> Floats:
    """Return one run's sums, [steps, 6]: n, total and squares of stable, then of the new version."""
    settings, at = world.settings, np.arange(steps)
    sign = 1.0 if settings.higher_is_worse else -1.0
    swing = world.swing * world.value_sd * np.sin(2.0 * math.pi * at / DAY)
    lost = np.where(at >= onset, loss, 0.0) + world.value_sd * _wander(world, rng, steps)
    sums = np.empty((steps, 6))
    sums[:, :3] = _side(world, rng, world.per_min * (1.0 - world.share), sign * swing)
    sums[:, 3:] = _side(world, rng, world.per_min * world.share, sign * (swing + lost))
    return sums


def ours(sums: Floats, settings: MeanSettings, *, promote: bool = False) -> float:
    """Return the step with which the version is rolled back, or shown sound; infinite if never."""
    state = start_means()
    for step, row in enumerate(sums.tolist(), start=1):
        state = update_means(state, _interval(row), settings)
        if is_no_loss(state, settings) if promote else is_loss(state, settings):
            return step
    return math.inf


def each_minute(sums: Floats, settings: MeanSettings) -> float:
    """The naive rule: as soon as a 99 percent interval of all values so far lies beyond the margin."""
    beyond = _t(np.cumsum(sums, 0), settings) > Z_99
    return float(np.argmax(beyond)) + 1.0 if beyond.any() else math.inf


def at_the_end(sums: Floats, settings: MeanSettings) -> float:
    """Welch's test once, on all values of the bake."""
    return float(len(sums)) if _t(sums.sum(0, keepdims=True), settings)[0] > Z_99 else math.inf


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _interval(row: list[float]) -> MeanInterval:
    n0, total0, squares0, n1, total1, squares1 = row
    return MeanInterval(n0, total0, squares0, n1, total1, squares1, STEP_S)


def _t(totals: Floats, settings: MeanSettings) -> Floats:
    """Welch's statistic of the loss beyond the margin; 0 with fewer than five values on a side."""
    n0, total0, squares0, n1, total1, squares1 = totals.T
    with np.errstate(divide="ignore", invalid="ignore"):
        mean0, mean1 = total0 / n0, total1 / n1
        error = np.sqrt((squares0 / n0 - mean0**2) / (n0 - 1) + (squares1 / n1 - mean1**2) / (n1 - 1))
        lost = mean1 - mean0 if settings.higher_is_worse else mean0 - mean1
        found = (lost - settings.margin) / error
    return np.where((np.minimum(n0, n1) >= 5) & np.isfinite(found), found, 0.0)


def _wander(world: World, rng: np.random.Generator, steps: int) -> Floats:
    found = np.zeros(steps)
    if world.slow_sd:
        keep = math.exp(-STEP_S / world.slow_s)
        pushes = rng.standard_normal(steps)
        level = pushes[0]
        for i in range(steps):
            found[i] = world.slow_sd * level
            level = keep * level + math.sqrt(1.0 - keep * keep) * pushes[i]
    return found


def _side(world: World, rng: np.random.Generator, per_min: float, moved: Floats) -> Floats:
    """Sums per step of one version whose mean is `moved` away from the usual one."""
    clusters = rng.poisson(per_min / world.cluster, len(moved))
    step = np.repeat(np.arange(len(moved)), clusters)
    size = rng.geometric(1.0 / world.cluster, len(step)).astype(float)
    draw = _times if world.settings.high == LIMIT_S else _stars
    value = draw(rng, moved[step])
    parts = (size, size * value, size * value**2)
    return np.stack([np.bincount(step, part, minlength=len(moved)) for part in parts], axis=1)


def _stars(rng: np.random.Generator, moved: Floats) -> Floats:
    """Ratings as people give them; a better or worse mean comes of more fives or ones in their place."""
    usual = float(USUAL_STARS @ STARS)
    value = rng.choice(STARS, len(moved), p=USUAL_STARS)
    extreme = np.where(moved < 0.0, 1.0, 5.0)
    return np.where(rng.random(len(moved)) < moved / (extreme - usual), extreme, value)


def _times(rng: np.random.Generator, moved: Floats) -> Floats:
    """Log-normal times on task, clipped; what clipping takes from the mean is under 0.2 percent."""
    scale = (USUAL_S + moved) * math.exp(-0.5 * SIGMA**2)
    return np.minimum(scale * np.exp(SIGMA * rng.standard_normal(len(moved))), LIMIT_S)


def _runs(
    world: World, rng: np.random.Generator, runs: int, *, steps: int, loss: float, onset: int = 0
) -> Iterator[Floats]:
    for _ in range(runs):
        yield simulate(world, rng, steps, loss, onset)


def _nulls(world: World, rng: np.random.Generator, runs: int) -> Row:
    """At exactly the margin, for a day: how often each rule rolls back."""
    margin = world.settings.margin
    found = [
        (ours(sums, world.told), each_minute(sums, world.settings), at_the_end(sums, world.settings))
        for sums in _runs(world, rng, runs, steps=DAY, loss=margin)
    ]
    row: Row = {"world": world.name, "runs": runs}
    for name, times in zip(("sluiceway", "each_minute", "at_the_end"), zip(*found, strict=True), strict=True):
        row[name] = _share(times)
    say(str(row))
    return row


def _broken(world: World, rng: np.random.Generator, runs: int) -> Row:
    """What is promised no more: a day at exactly the margin, and with no loss at all."""
    row: Row = {"world": world.name, "runs": runs}
    for name, loss in (("at_margin", world.settings.margin), ("no_loss", 0.0)):
        row[name] = _share([ours(sums, world.told) for sums in _runs(world, rng, runs, steps=DAY, loss=loss)])
    say(str(row))
    return row


def _effect(world: World, loss: float, onset: int, rng: np.random.Generator, runs: int) -> Row:
    """Minutes from the onset, and values of the new version until then; the test at the end waits a day."""
    found: list[float] = []
    naive: list[float] = []
    for sums in _runs(world, rng, runs, steps=onset + SIX_HOURS * 2, loss=loss, onset=onset):
        found.append(_after(ours(sums, world.told), onset))
        naive.append(_after(each_minute(sums, world.settings), onset))
    row = {
        "world": world.name,
        "loss": loss,
        "from_min": onset,
        "sluiceway": _delays(found),
        "values": round(float(np.median(found)) * world.per_min * world.share),
        "each_minute": _delays(naive),
        "at_the_end": {"median_min": float(DAY - onset)},
    }
    say(str(row))
    return row


def _promotion(world: World, rng: np.random.Generator, runs: int) -> Row:
    """Minutes until no loss is shown, and how often in a day at a loss of exactly the margin of soundness."""
    equal = _runs(world, rng, runs, steps=SIX_HOURS, loss=0.0)
    at_limit = _runs(world, rng, runs, steps=DAY, loss=world.settings.sound_margin)
    row = {
        "world": world.name,
        "no_loss": _delays([ours(sums, world.told, promote=True) for sums in equal]),
        "false": _share([ours(sums, world.told, promote=True) for sums in at_limit]),
    }
    say(str(row))
    return row


def _after(step: float, onset: int) -> float:
    """Minutes from the onset; a false alarm before it is none of the change."""
    return step - onset if step > onset else math.inf


def _share(steps: Any) -> float:
    return round(float(np.mean(np.isfinite(np.array(steps)))), 4)


def _delays(minutes: list[float]) -> Row:
    ordered = sorted(minutes)
    at = [ordered[math.ceil(q * len(ordered)) - 1] for q in (0.5, 0.95)]
    shown = [round(each, 1) if math.isfinite(each) else None for each in at]
    return {"median_min": shown[0], "p95_min": shown[1], "share": _share(minutes)}


def _update_us(rng: np.random.Generator) -> float:
    """Microseconds of one update, the median of a day."""
    state, taken = start_means(), []
    for row in simulate(RATINGS, rng, DAY, 0.0).tolist():
        began = time.perf_counter()
        state = update_means(state, _interval(row), RATING)
        taken.append(time.perf_counter() - began)
    return round(1e6 * float(np.median(taken)), 1)


if __name__ == "__main__":
    main()
