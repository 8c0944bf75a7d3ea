"""Our analyser on many simulated rollouts at once: `domain.analysis` in array form, for the bench alone.

`check` runs the product's own code on the same counts and compares, so that the two can't drift apart.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from bench.analysis_worlds import Bools, Counts, Floats
from sluiceway.domain.analysis.counts import Interval
from sluiceway.domain.analysis.evidence import (
    AT_START,
    SOUND,
    WORSE,
    Settings,
    evidence_of_regression,
    evidence_of_soundness,
    start,
    update,
)
from sluiceway.domain.analysis.noise import Noise, worth
from sluiceway.domain.analysis.verdict import is_regression, is_sound

NEVER = math.inf


@dataclass
class _Claims:
    """Arrays [runs, claims]."""

    factors: Floats
    phi: Floats
    log_evidence: Floats
    mean: Floats
    var: Floats
    null_mean: Floats
    null_var: Floats


@dataclass
class Result:
    """Seconds from the start to the first rollback and the first promotion of each run; infinite if never."""

    rollback_s: Floats
    promote_s: Floats


def run(
    counts: Counts, step_s: float, noises: list[Noise], settings: Settings, *, promote: bool = True
) -> Result:
    """Return what the analyser does on each run; run i has noise `noises[i % len(noises)]`."""
    steps, runs = counts.n0.shape
    which = np.arange(runs) % len(noises)
    sd = np.array([noise.slow_sd for noise in noises])[which][:, None]
    memory = np.array([noise.slow_s for noise in noises])[which][:, None]
    bursts = [noises[i].burst for i in which]
    keep = np.exp(-step_s / memory)
    gain = sd * sd * (1 - keep * keep)
    worse, sound = _claims(WORSE, AT_START, sd, bursts), _claims(SOUND, 1.0, sd, bursts)
    sound_margin = settings.sound_margin * np.exp(-0.5 * sd * sd)
    spent = np.full(runs, AT_START)
    rollback, promoted = np.full(runs, NEVER), np.full(runs, NEVER)
    n0 = n1 = bad1 = np.zeros(runs)
    calm = _Calm(runs, np.array(bursts))
    for i in range(steps):
        seen = (counts.n0[i] > 0) & (counts.n1[i] > 0)
        odds = np.log(np.where(seen, counts.n1[i], 1) / np.where(seen, counts.n0[i], 1))[:, None]
        x1 = np.where(seen, counts.x1[i], 0.0)
        x = np.where(seen, counts.x0[i] + counts.x1[i], 0.0)
        _weigh(worse, np.asarray(settings.margin), odds, x1, x, keep=keep, gain=gain)
        _forget(worse, sd * sd)
        now_s = (i + 1) * step_s
        saved = AT_START + (1 - AT_START) * min(now_s / settings.bake_s, 1) - spent
        is_high = _is_high(x1, x, odds[:, 0] + math.log(settings.margin), np.array(bursts), sd[:, 0])
        weight = np.where(seen & is_high, 0.25 * saved, 0)
        _pool(worse, weight[:, None], sd * sd)
        spent = spent + weight
        bad1 = bad1 + x1
        evidence = np.exp(worse.log_evidence).mean(1) + np.maximum(0.0, 1 - spent)
        hit = (evidence >= 1 / settings.alpha) & (bad1 >= settings.min_bad) & np.isinf(rollback)
        rollback[hit] = now_s
        if promote:
            _weigh(sound, sound_margin, odds, x1, x, keep=keep, gain=gain)
            n0, n1 = n0 + np.where(seen, counts.n0[i], 0), n1 + np.where(seen, counts.n1[i], 0)
            is_incident = calm.follow(counts, i, seen, step_s)
            fine = (np.exp(sound.log_evidence).mean(1) >= 1 / settings.beta) & (
                evidence < 0.1 / settings.alpha
            )
            fine &= (np.minimum(n0, n1) >= settings.min_requests) & seen & ~is_incident
            fine &= np.isinf(promoted) & (now_s >= settings.min_bake_s)
            promoted[fine] = now_s
        if not promote and not np.isinf(rollback).any():
            break
    return Result(rollback, promoted)


def check(counts: Counts, step_s: float, noises: list[Noise], settings: Settings, runs: int = 2) -> None:
    """Raise AssertionError if the product's own code decides differently on the first `runs` runs."""
    ours = run(counts, step_s, noises, settings)
    for i in range(runs):
        mine = replace(settings, noise=noises[i % len(noises)])
        state = start(mine)
        rollback = promoted = NEVER
        for j in range(counts.n0.shape[0]):
            n0, x0, n1, x1 = (float(each[j, i]) for each in (counts.n0, counts.x0, counts.n1, counts.x1))
            state = update(state, Interval(n0, x0, n1, x1, step_s), mine)
            if math.isinf(rollback) and is_regression(state, mine):
                rollback = (j + 1) * step_s
            if math.isinf(promoted) and is_sound(state, mine):
                promoted = (j + 1) * step_s
        found = (ours.rollback_s[i], ours.promote_s[i])
        assert found == (rollback, promoted), (
            f"run {i}: arrays say {found}, the product {(rollback, promoted)};"
            f" {evidence_of_regression(state)} {evidence_of_soundness(state)}"
        )


def _claims(factors: tuple[float, ...], weight: float, sd: Floats, bursts: list[float]) -> _Claims:
    phi = np.array([[worth(burst, factor) for factor in factors] for burst in bursts])
    zero, var = np.zeros_like(phi), sd * sd * np.ones_like(phi)
    return _Claims(np.array(factors), phi, zero + math.log(weight), zero, var, zero, var)


def _is_high(x1: Floats, x: Floats, at_margin: Floats, burst: Floats, sd: Floats) -> Bools:
    share = 1 / (1 + np.exp(-at_margin))
    independent = x * share * (1 - share)
    high = x * share + 2 * np.sqrt(burst * independent + (sd * independent) ** 2)
    return np.asarray(x1 > high)


def _pool(claims: _Claims, weight: Floats, unknown: Floats) -> None:
    total = np.logaddexp(claims.log_evidence, np.log(np.maximum(weight, 1e-300)))
    fresh = weight * np.exp(-total)
    claims.mean, claims.var = _mix(claims.mean, claims.var, unknown, fresh)
    claims.null_mean, claims.null_var = _mix(claims.null_mean, claims.null_var, unknown, fresh)
    claims.log_evidence = total


def _mix(mean: Floats, var: Floats, unknown: Floats, fresh: Floats) -> tuple[Floats, Floats]:
    mixed = (1 - fresh) * mean
    return mixed, (1 - fresh) * (var + (mean - mixed) ** 2) + fresh * (unknown + mixed**2)


def _forget(claims: _Claims, unknown: Floats) -> None:
    is_known = claims.null_mean >= 0
    claims.mean, claims.null_mean = (
        np.where(is_known, claims.mean, 0),
        np.where(is_known, claims.null_mean, 0),
    )
    claims.var = np.where(is_known, claims.var, unknown)
    claims.null_var = np.where(is_known, claims.null_var, unknown)


def _weigh(
    claims: _Claims, margin: Floats, odds: Floats, x1: Floats, x: Floats, *, keep: Floats, gain: Floats
) -> None:
    at = odds + np.log(margin)
    phi = np.minimum(claims.phi, np.maximum(x, 1)[:, None])  # as worth_here: steps are longer than bursts
    by_claim, mean, var = _learn(
        claims.mean, claims.var, at + np.log(claims.factors), bad1=x1, bad=x, phi=phi
    )
    by_null, null_mean, null_var = _learn(claims.null_mean, claims.null_var, at, bad1=x1, bad=x, phi=phi)
    claims.log_evidence = np.clip(claims.log_evidence + by_claim - by_null, -600, 600)
    claims.mean, claims.var = keep * mean, keep * keep * var + gain
    claims.null_mean, claims.null_var = keep * null_mean, keep * keep * null_var + gain


def _learn(
    mean: Floats, var: Floats, offset: Floats, *, bad1: Floats, bad: Floats, phi: Floats
) -> tuple[Floats, Floats, Floats]:
    x1, x = bad1[:, None], bad[:, None]
    at = mean
    for _ in range(8):
        share = 1 / (1 + np.exp(-(offset + at)))
        bend = 1 + var * x * share * (1 - share) / phi
        step = np.clip((var * (x1 - x * share) / phi - (at - mean)) / bend, -1.5, 1.5)
        at = at + step
        if np.abs(step).max() < 1e-7:
            break
    logit = offset + at
    share = 1 / (1 + np.exp(-logit))
    bend = 1 + var * x * share * (1 - share) / phi
    apart = np.where(var > 0, (at - mean) ** 2 / (2 * np.where(var > 0, var, 1)), 0)
    return (x1 * logit - x * np.logaddexp(0, logit)) / phi - 0.5 * np.log(bend) - apart, at, var / bend


class _Calm:
    """`domain.analysis.incidents` in array form."""

    def __init__(self, runs: int, burst: Floats) -> None:
        self._burst = burst
        self._short = np.zeros((4, runs))
        self._long = np.zeros((2, runs))
        self._seen_s = np.zeros(runs)

    def follow(self, counts: Counts, i: int, seen: Bools, step_s: float) -> Bools:
        now = np.stack([counts.n0[i], counts.x0[i], counts.n1[i], counts.x1[i]])
        self._short = np.where(seen, math.exp(-step_s / 30) * self._short + now, self._short)
        self._seen_s = self._seen_s + np.where(seen, step_s, 0)
        n0, x0, n1, x1 = self._short
        usual = self._long[1] / np.maximum(self._long[0], 1e-9)
        expected = np.maximum(usual * n0, 0.5)
        found = (self._seen_s >= 60) & (self._long[0] > 0) & (x0 >= np.maximum(5, 3 * expected))
        found &= (x0 - expected > 4 * np.sqrt(self._burst * expected)) & (x1 >= 1.5 * usual * n1)
        slower = np.where(found, 10.0, 1.0)
        after = np.exp(-step_s / (slower * 1_800)) * self._long + now[:2] / slower
        self._long = np.where(seen, after, self._long)
        return np.asarray(found)
