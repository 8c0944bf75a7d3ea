"""The analysis bench: how often analysers roll back a version that is fine, and how soon one that isn't.

`make bench NAME=analysis` (about half an hour on one core; `ARGS=--quick` under two minutes). All analysers
see the same simulated counts. `ARGS="--judge module:function"` adds another analyser, called as
`bench.analysis_judge:judge` is. The last line is one JSON object. See docs/analysis.md.
"""

from __future__ import annotations

import argparse
import importlib
import json
import math
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from bench import analysis_baselines as others
from bench.analysis_judge import learn_placebo
from bench.analysis_vector import check, run
from bench.analysis_worlds import (
    IDEAL,
    LASTING,
    NOISY,
    ODD_WORLDS,
    WORLDS,
    Bools,
    Counts,
    Floats,
    Ratio,
    Traffic,
    World,
    placebo,
    simulate,
)
from sluiceway.domain.analysis.evidence import Settings
from sluiceway.domain.analysis.noise import INDEPENDENT, Noise

STEP_S = 10.0
HOUR_S, DAY_S = 3_600.0, 86_400.0
EFFECT_S = 4 * HOUR_S
LATENCY_BASE, LATENCY_TIMES = 0.05, 4.04  # log-normal, sigma 0.5, bound at p95: 50 % slower is 4.04 as many
SETTINGS = Settings()
NO_ROLLBACK = 1e-30  # an alpha that no evidence reaches: what would be promoted if nothing were rolled back
Figures = dict[str, Any]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one traffic and fewer runs")
    parser.add_argument(
        "--judge", metavar="MODULE:FUNCTION", help="another analyser to run on the same counts"
    )
    parser.add_argument("--seed", type=int, default=7)
    args = parser.parse_args()
    bench = Bench(quick=args.quick, seed=args.seed, judge=_load(args.judge) if args.judge else None)
    print(json.dumps(bench.measure()))


class Bench:
    """One run of everything, in an order that is fixed by the seed."""

    def __init__(self, *, quick: bool, seed: int, judge: Callable[..., str] | None) -> None:
        self._quick = quick
        self._rng = np.random.default_rng(seed)
        self._judge = judge
        self._placebos: list[Any] = []
        self._null_runs = 60 if quick else 200
        self._grid_runs = 100
        self._runs = 100 if quick else 300

    def measure(self) -> Figures:
        began = time.monotonic()
        self._check()
        figures: Figures = {"targets": self._targets()}
        figures["moving"] = [self._moving(world) for world in (IDEAL, NOISY, LASTING)]
        figures["worlds"] = [self._cell(Traffic(), world, self._null_runs) for world in WORLDS]
        if not self._quick:
            figures["odd_worlds"] = [self._odd(world) for world in ODD_WORLDS]
            figures["grid"] = [
                self._cell(traffic, world, self._grid_runs) for traffic in _grid() for world in (IDEAL, NOISY)
            ]
            figures["grid_summary"] = _summary(figures["grid"])
        figures["seconds"] = round(time.monotonic() - began, 1)
        return figures

    def _check(self) -> None:
        """The arrays decide as the product's own code does, in the quietest and the noisiest world."""
        for world in (IDEAL, NOISY):
            counts = self._simulate(world, Traffic(), 4, HOUR_S / 2, 2.0)
            check(counts, STEP_S, self._noises(world, Traffic(), 2), SETTINGS)

    def _targets(self) -> list[Figures]:
        """The figures that are promised at 1,000 rps, 5 percent share, base 1 percent."""
        rows: list[Figures] = []
        late = _from(6 * HOUR_S, 5.0)
        latency = Traffic(base=LATENCY_BASE)
        for world in (IDEAL, NOISY):
            rows += [
                self._delay("errors x5 (1 % to 5 %)", world, Traffic(), 5.0, EFFECT_S),
                self._delay("x5 from hour 6", world, Traffic(), late, 6.5 * HOUR_S, onset_s=6 * HOUR_S),
                self._delay("latency +50 %", world, latency, LATENCY_TIMES, EFFECT_S),
                self._delay("x2", world, Traffic(), 2.0, EFFECT_S),
                self._delay("100 rps, x5", world, Traffic(rps=100), 5.0, EFFECT_S),
                self._promotion(world),
                self._at_margin(world),
            ]
        for row in rows:
            say(str(row))
        return rows

    def _delay(
        self, what: str, world: World, traffic: Traffic, ratio: Ratio, seconds: float, *, onset_s: float = 0.0
    ) -> Figures:
        counts = self._simulate(world, traffic, self._runs, seconds, ratio)
        found = run(counts, STEP_S, self._noises(world, traffic), SETTINGS, promote=False).rollback_s
        return {"what": what, "world": world.name, **_delays(found, counts, onset_s)}

    def _promotion(self, world: World) -> Figures:
        counts = self._simulate(world, Traffic(), self._runs, EFFECT_S, 1.0)
        found = run(counts, STEP_S, self._noises(world, Traffic()), SETTINGS).promote_s
        return {"what": "no worse: promoted", "world": world.name, **_times(found)}

    def _at_margin(self, world: World) -> Figures:
        """False answers exactly at the limits: rolled back at 1.25 in 24 h, promoted at 1.5 in 4 h."""
        noises = self._noises(world, Traffic())
        runs = self._null_runs if self._quick else 600
        at_limit = self._simulate(world, Traffic(), runs, DAY_S, SETTINGS.margin)
        rolled = run(at_limit, STEP_S, noises, SETTINGS, promote=False).rollback_s
        at_sound = self._simulate(world, Traffic(), self._runs, EFFECT_S, SETTINGS.sound_margin)
        promoted = run(at_sound, STEP_S, noises, SETTINGS).promote_s
        return {
            "what": "exactly at the limit",
            "world": world.name,
            "runs": runs,
            "false_rollback_24h": _share(np.isfinite(rolled)),
            "false_promotion_4h": _share(np.isfinite(promoted)),
        }

    def _moving(self, world: World) -> Figures:
        """Ratios that move but never pass what is tolerated: false answers, and x5 after an hour at 0.3."""
        noises = self._noises(world, Traffic())
        row: Figures = {"world": world.name}
        for name, ratio in MOVING.items():
            counts = self._simulate(world, Traffic(), self._null_runs, DAY_S, ratio)
            found = run(counts, STEP_S, noises, SETTINGS, promote=False).rollback_s
            row[name] = _share(np.isfinite(found))
        counts = self._simulate(
            world, Traffic(), self._runs, EFFECT_S, _from(HOUR_S, SETTINGS.sound_margin, before=3.0)
        )
        found = run(counts, STEP_S, noises, replace(SETTINGS, alpha=NO_ROLLBACK)).promote_s
        row["promoted: 3 for 1 h, then 1.5"] = _share(np.isfinite(found))
        row["x5"] = self._delay(
            "x5 after 1 h at 0.3",
            world,
            Traffic(),
            _from(HOUR_S, 5.0, before=0.3),
            HOUR_S + EFFECT_S,
            onset_s=HOUR_S,
        )
        say(str(row))
        return row

    def _cell(self, traffic: Traffic, world: World, runs: int) -> Figures:
        """All analysers on one world and traffic: false rollbacks, then detection of x2, x5 and x10."""
        rows: Figures = {}
        noises = self._noises(world, traffic)
        null = self._simulate(world, traffic, runs, DAY_S, 1.0)
        for name, found in self._everyone(null, traffic, noises):
            rows[name] = {"false_1h": _share(found <= HOUR_S), "false_24h": _share(np.isfinite(found))}
        for ratio in (2.0, 5.0, 10.0):
            counts = self._simulate(world, traffic, runs, EFFECT_S, ratio)
            for name, found in self._everyone(counts, traffic, noises):
                rows[name][f"x{ratio:g}"] = _delays(found, counts, 0.0)
        cell = {"rps": traffic.rps, "share": traffic.share, "base": traffic.base, "world": world.name}
        for name, row in rows.items():
            say(f"{cell} {name}: {row}")
        return {**cell, "analysers": rows}

    def _odd(self, world: World) -> Figures:
        """Worlds that break our assumptions: false rollbacks at no difference and at the limit, and delay."""
        noises = self._noises(world, Traffic())
        row: Figures = {"world": world.name}
        for name, ratio in (("false_24h", 1.0), ("false_24h_at_limit", SETTINGS.margin)):
            counts = self._simulate(world, Traffic(), self._null_runs, DAY_S, ratio)
            found = run(counts, STEP_S, noises, SETTINGS, promote=False).rollback_s
            row[name] = _share(np.isfinite(found))
        row["x5"] = self._delay("x5", world, Traffic(), 5.0, EFFECT_S)
        say(str(row))
        return row

    def _everyone(
        self, counts: Counts, traffic: Traffic, noises: list[Noise]
    ) -> Iterator[tuple[str, Floats]]:
        by_minute = others.minutes(counts, STEP_S)
        yield "sluiceway", run(counts, STEP_S, noises, SETTINGS, promote=False).rollback_s
        yield "argo, limit 0", others.argo(by_minute, traffic, 0)
        yield "argo, limit 5", others.argo(by_minute, traffic, 5)
        yield "flagger", others.flagger(by_minute)
        yield "rank test, each minute", others.kayenta(by_minute, 1)
        yield "rank test, hourly", others.kayenta(by_minute, 60)
        yield "naive interval", others.naive(by_minute)
        yield "coin-flip sequential", run(counts, STEP_S, [INDEPENDENT], SETTINGS, promote=False).rollback_s
        if self._judge is not None:
            yield "plugged in", _plugged(self._judge, counts, traffic, self._placebos)

    def _simulate(self, world: World, traffic: Traffic, runs: int, seconds: float, ratio: Ratio) -> Counts:
        return simulate(world, traffic, self._rng, runs=runs, seconds=seconds, step_s=STEP_S, ratio=ratio)

    def _noises(self, world: World, traffic: Traffic, histories: int = 6) -> list[Noise]:
        """Each run learned from one of a few days of placebo, as it would have in the days before."""
        self._placebos = [placebo(world, traffic, self._rng) for _ in range(histories)]
        return [learn_placebo(each) for each in self._placebos]


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _from(onset_s: float, ratio: float, *, before: float = 1.0) -> Callable[[Floats], Floats]:
    return lambda t: np.where(t >= onset_s, ratio, before)


def _in_turns(one: float, other: float, each_s: float) -> Callable[[Floats], Floats]:
    return lambda t: np.where(t % (2 * each_s) < each_s, one, other)


def _grid() -> Iterator[Traffic]:
    for rps in (10.0, 100.0, 1_000.0):
        for share in (0.001, 0.05, 0.5):
            for base in (0.001, 0.01):
                yield Traffic(rps, share, base)


def _share(true: Bools) -> float:
    return round(float(np.mean(true)), 4)


def _times(found_s: Floats) -> Figures:
    """Median and 95th percentile in seconds, None where that many never came."""
    ordered = np.sort(found_s)
    at = [float(ordered[min(len(ordered) - 1, math.ceil(q * len(ordered)) - 1)]) for q in (0.5, 0.95)]
    return {"median_s": _finite(at[0]), "p95_s": _finite(at[1]), "share": _share(np.isfinite(found_s))}


def _finite(value: float) -> float | None:
    return round(value, 1) if math.isfinite(value) else None


def _delays(found_s: Floats, counts: Counts, onset_s: float) -> Figures:
    """Delays since the onset of those that were right, and bad requests of the new version until then."""
    is_early = found_s <= onset_s
    delay = np.where(is_early, math.inf, found_s - onset_s)
    onset = round(onset_s / STEP_S)
    harmed = np.cumsum(counts.x1[onset:], 0)
    last = harmed.shape[0]
    step = np.where(np.isfinite(delay), np.minimum(delay / STEP_S, last), last).astype(int) - 1
    failed = harmed[step, np.arange(harmed.shape[1])]
    return {**_times(delay), "failed": float(np.median(failed)), "false_before": _share(is_early)}


def _summary(cells: list[Figures]) -> Figures:
    """Of all cells: how many each analyser fails by false rollbacks, and where ours is not the soonest."""
    limit = SETTINGS.alpha
    names = list(cells[0]["analysers"])
    above = {name: sum(cell["analysers"][name]["false_24h"] > limit for cell in cells) for name in names}
    slower: list[str] = []
    for cell in cells:
        ours = cell["analysers"]["sluiceway"]
        for name in names[1:]:
            theirs = cell["analysers"][name]
            if theirs["false_24h"] >= 0.05:
                continue
            for effect in ("x2", "x5", "x10"):
                if _is_worse(ours[effect], theirs[effect]):
                    place = f"{cell['world']} {cell['rps']:g} rps {cell['share']:g} {cell['base']:g}"
                    slower.append(f"{place} {effect}: {name}")
    return {"cells": len(cells), "above_alpha": above, "beaten_by": slower}


def _is_worse(ours: Figures, theirs: Figures) -> bool:
    """Slower at the median, and more harm; a median that never came is slower than any."""
    mine, other = (each["median_s"] if each["median_s"] is not None else math.inf for each in (ours, theirs))
    return bool(mine > other and ours["failed"] > theirs["failed"])


def _load(name: str) -> Callable[..., str]:
    module, _, function = name.partition(":")
    found: Callable[..., str] = getattr(importlib.import_module(module), function)
    return found


def _plugged(
    judge: Callable[..., str], counts: Counts, traffic: Traffic, placebos: list[Any], runs: int = 20
) -> Floats:
    """Call another analyser interval by interval; on the first `runs` runs, which stand for all."""
    steps, all_runs = counts.n0.shape
    found = np.full(min(runs, all_runs), math.inf)
    for i in range(len(found)):
        history: Figures = {"metric": "error", "interval_s": STEP_S, "share": traffic.share, "bake_s": DAY_S}
        history.update({"intervals": [], "placebo": placebos[i % len(placebos)], "state": {}})
        for j in range(steps):
            history["t"] = (j + 1) * STEP_S
            stable = {"requests": int(counts.n0[j, i]), "bad": int(counts.x0[j, i])}
            canary = {"requests": int(counts.n1[j, i]), "bad": int(counts.x1[j, i])}
            if judge(stable, canary, history) == "rollback":
                found[i] = (j + 1) * STEP_S
                break
            history["intervals"].append((stable, canary))
    return np.resize(found, all_runs)


MOVING = {
    "0.3 for 1 h, then 1": _from(HOUR_S, 1.0, before=0.3),
    "0.3 for 1 h, then 1.25": _from(HOUR_S, SETTINGS.margin, before=0.3),
    "0.9 for 1 h, then 1.25": _from(HOUR_S, SETTINGS.margin, before=0.9),
    "0.5 and 1.25 in turns of 30 min": _in_turns(0.5, SETTINGS.margin, HOUR_S / 2),
    "0.5 and 1.25 in turns of 3 min": _in_turns(0.5, SETTINGS.margin, HOUR_S / 20),
}


if __name__ == "__main__":
    main()
