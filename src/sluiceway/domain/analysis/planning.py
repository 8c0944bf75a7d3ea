"""How much data a question needs: before the start for a stage, and while it runs for what is undecided.

Expected growth of the evidence, not simulation: right within a factor of two, and said as such.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from sluiceway.domain.analysis.evidence import AT_START, SOUND, WORSE, Evidence, Settings
from sluiceway.domain.analysis.noise import Noise, worth

LONGEST_S = 90 * 86_400.0
_SMALLEST, _LARGEST = 1.01, 1_000.0


@dataclass(frozen=True, slots=True)
class Need:
    """About `seconds` more at the present traffic and `requests` more of the new version; None when unknown
    or out of reach. `words` say so."""

    seconds: float | None
    requests: float | None
    words: str


def seconds_to_see(
    ratio: float, *, rps: float, share: float, base_rate: float, settings: Settings, is_late: bool = False
) -> float | None:
    """Return about how long a bad rate of `ratio` times stable's takes to be rolled back, in seconds.

    `rps` of both versions together, `share` (0 to 1) of it on the new one, `base_rate` stable's bad rate.
    `is_late` when it begins long after the start. None when it would take more than 90 days or never.
    """
    if ratio <= settings.margin or min(rps, share, base_rate) <= 0 or share >= 1:
        return None
    factor = ratio / settings.margin
    weight = (1.0 - AT_START) * 300.0 / settings.bake_s if is_late else AT_START
    nats = math.log(len(WORSE) / (settings.alpha * min(1.0, weight)))
    found = _seconds(
        factor, settings.margin, rps=rps, share=share, base_rate=base_rate, noise=settings.noise, nats=nats
    )
    if found is None:
        return None
    return max(found, settings.min_bad / (rps * share * min(1.0, base_rate * ratio)))


def seconds_to_clear(*, rps: float, share: float, base_rate: float, settings: Settings) -> float | None:
    """Return about how long a version exactly as good as stable takes to be shown sound, in seconds."""
    if min(rps, share, base_rate) <= 0 or share >= 1:
        return None
    nats = math.log(len(SOUND) / settings.beta)
    margin = settings.sound_margin
    found = _seconds(
        1.0 / margin, margin, rps=rps, share=share, base_rate=base_rate, noise=settings.noise, nats=nats
    )
    return None if found is None else max(found, settings.min_bake_s)


def smallest_seen(
    within_s: float, *, rps: float, share: float, base_rate: float, settings: Settings
) -> float | None:
    """Return the smallest ratio that would probably be rolled back within `within_s`, None if none would."""

    def is_seen(ratio: float) -> bool:
        took = seconds_to_see(ratio, rps=rps, share=share, base_rate=base_rate, settings=settings)
        return took is not None and took <= within_s

    if not is_seen(_LARGEST):
        return None
    low, high = settings.margin * _SMALLEST, _LARGEST
    for _ in range(50):
        middle = math.sqrt(low * high)
        if is_seen(middle):
            high = middle
        else:
            low = middle
    return high


def still_needed(state: Evidence, settings: Settings) -> Need:
    """Return how much more data would settle it: as a regression when it looks like one, else as sound."""
    seconds, requests = state.elapsed_s, state.n0 + state.n1
    if requests <= 0 or seconds <= 0 or state.x0 + state.x1 <= 0:
        return Need(None, None, "nothing bad was seen on either version, so there is nothing to compare")
    rps, share = requests / seconds, state.n1 / requests
    base_rate = (state.x0 + state.x1) / requests
    ratio = math.exp(state.ratios.overall.ratio.mean)
    if ratio > math.sqrt(settings.margin * settings.sound_margin):
        whole = seconds_to_see(ratio, rps=rps, share=share, base_rate=base_rate, settings=settings)
    else:
        whole = seconds_to_clear(rps=rps, share=share, base_rate=base_rate, settings=settings)
    if whole is None:
        return Need(None, None, "traffic is too low to ever tell")
    # What is there counts; a version that is slightly worse than stable needs more, hence never "0 s".
    left = max(whole - seconds, 0.1 * whole)
    return Need(left, left * rps * share, f"about {_duration(left)} more at this traffic")


def _seconds(
    factor: float, margin: float, *, rps: float, share: float, base_rate: float, noise: Noise, nats: float
) -> float | None:
    """Solve for the time at which expected evidence reaches `nats`.

    Counts alone give `pace` per second; wandering noise caps what a time may give at D^2 (2 + t / memory) / 4
    sd^2, the information on the mean of such a process (D the log of the factor). They combine as resistors
    do in parallel.
    """
    phi = worth(noise.burst, factor)
    odds = share / (1.0 - share)
    truth, null = odds * factor * margin, odds * margin
    bad_per_s = rps * base_rate * (1.0 - share) * (1.0 + truth)
    split = truth / (1.0 + truth)
    pace = bad_per_s * _divergence(split, null / (1.0 + null)) / phi
    if pace <= 0:
        return None
    distance = math.log(factor) ** 2

    def expected(t: float) -> float:
        by_counts = pace * t
        if noise.slow_sd <= 0:
            return by_counts
        by_drift = distance * (2.0 + t / noise.slow_s) / (4.0 * noise.slow_sd**2)
        return by_counts * by_drift / (by_counts + by_drift)

    if expected(LONGEST_S) < nats:
        return None
    low, high = 0.0, LONGEST_S
    for _ in range(60):
        middle = (low + high) / 2.0
        if expected(middle) < nats:
            low = middle
        else:
            high = middle
    return high


def _divergence(p: float, q: float) -> float:
    return p * math.log(p / q) + (1.0 - p) * math.log((1.0 - p) / (1.0 - q))


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    if seconds < 5_400:
        return f"{round(seconds / 60)} min"
    if seconds < 172_800:
        return f"{round(seconds / 3_600)} h"
    return f"{round(seconds / 86_400)} days"
