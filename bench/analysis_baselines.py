"""What others do, on the same counts: checks each minute as their documentation sets them up.

Each returns the seconds to the first rollback of every run, infinite if never.
"""

from __future__ import annotations

import math

import numpy as np

from bench.analysis_worlds import Bools, Counts, Floats, Traffic

MINUTE_S = 60.0


def minutes(counts: Counts, step_s: float) -> Counts:
    """Return the counts per minute."""
    size = round(MINUTE_S / step_s)
    steps = counts.n0.shape[0] // size * size
    parts = (counts.n0, counts.x0, counts.n1, counts.x1)
    return Counts(*(each[:steps].reshape(-1, size, each.shape[1]).sum(1) for each in parts))


def argo(by_minute: Counts, traffic: Traffic, failure_limit: int) -> Floats:
    """Argo Rollouts: an AnalysisTemplate, interval 1m, error rate below a fixed limit of twice the base rate;
    more than `failure_limit` failed measurements (default 0) fail it. Empty results fail nothing."""
    failed = by_minute.x1 > 2 * traffic.base * by_minute.n1
    return _first(np.cumsum(failed, 0) > failure_limit)


def flagger(by_minute: Counts) -> Floats:
    """Flagger: request-success-rate at least 99 %, interval 1m, threshold 5 failed checks."""
    failed = by_minute.x1 > 0.01 * by_minute.n1
    return _first(np.cumsum(failed, 0) >= 5)


def naive(by_minute: Counts) -> Floats:
    """A 95 % interval of the difference of both rates so far, looked at each minute; above 0 rolls back."""
    n0, x0, n1, x1 = (np.cumsum(each, 0) for each in (by_minute.n0, by_minute.x0, by_minute.n1, by_minute.x1))
    n0, n1 = np.maximum(n0, 1), np.maximum(n1, 1)
    p0, p1 = x0 / n0, x1 / n1
    error = np.sqrt(p0 * (1 - p0) / n0 + p1 * (1 - p1) / n1)
    return _first((p1 - p0 > 1.96 * error) & (x1 >= 3))


def kayenta(by_minute: Counts, every: int) -> Floats:
    """Kayenta's NetflixACAJudge: Mann-Whitney on the minutes' rates so far at 98 % (two-sided), each `every`
    minutes; a rise of the mean by a quarter or more is needed as well. Normal approximation, ties halved."""
    r0 = by_minute.x0 / np.maximum(by_minute.n0, 1)
    r1 = by_minute.x1 / np.maximum(by_minute.n1, 1)
    steps, runs = r0.shape
    u = np.zeros(runs)
    found = np.full(runs, math.inf)
    for i in range(steps):
        u += (np.sign(r1[i] - r0[: i + 1]).sum(0) + np.sign(r1[:i] - r0[i]).sum(0)) / 2
        k = i + 1
        if k < 10 or k % every:
            continue
        z = u / math.sqrt(k * k * (2 * k + 1) / 12)
        is_high = (z > 2.326) & (r1[:k].mean(0) > 1.25 * r0[:k].mean(0)) & np.isinf(found)
        found[is_high] = k * MINUTE_S
    return found


def _first(fired: Bools) -> Floats:
    at = np.argmax(fired, 0).astype(float)
    return np.where(fired.any(0), (at + 1) * MINUTE_S, math.inf)
