"""How much data a question needs: before the start for a stage, and while it runs for what is undecided.

Every answer is to "with which chance by then": half of such rollouts need less than `EVEN`, 9 in 10 less than
`LIKELY`. Expected growth of the evidence (`growth`), not simulation; how near it comes: docs/analysis.md.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sluiceway.domain.analysis.evidence import AT_START, SOUND, WORSE, Evidence, Settings
from sluiceway.domain.analysis.growth import Claimed, Growth, Traffic, chance_of_count, mean_burst, passed
from sluiceway.domain.analysis.noise import worth

EVEN, LIKELY = 0.5, 0.9
LONGEST_S = 90 * 86_400.0
_LARGEST = 1_000.0
_SHORTEST_S = 0.01
_HALVINGS = 18
_NEAREST = 2  # claims that may be first; the others expect too much or too little


@dataclass(frozen=True, slots=True)
class Spell:
    """`seconds` of steady traffic, as in a stage."""

    traffic: Traffic
    seconds: float


@dataclass(frozen=True, slots=True)
class Need:
    """About `seconds` more at the present traffic and `requests` more of the new version; None when unknown
    or out of reach. `words` say so."""

    seconds: float | None
    requests: float | None
    words: str


def chance_to_see(
    ratio: float, spells: Sequence[Spell], settings: Settings, *, is_late: bool = False
) -> float:
    """Return the chance (0 to 1) that a bad rate of `ratio` times stable's is rolled back within `spells`.

    `is_late` when it begins with the spells but the rollout began long before. 0 where nothing can be
    compared, the ratio is tolerated or too small to be acted on, or more than every request would be bad.
    """
    fit = [spell for spell in spells if spell.traffic.is_comparable]
    if not fit or ratio <= settings.margin:
        return 0.0
    base_rate = max(spell.traffic.base_rate for spell in fit)
    if ratio * base_rate > 1.0 + 1e-9 or (ratio - 1.0) * base_rate < settings.min_effect:
        return 0.0
    bursts = sum(s.seconds * s.traffic.new_rps * s.traffic.base_rate * ratio for s in fit)
    bursts /= mean_burst(settings.noise.burst)
    enough_bad = chance_of_count(bursts, settings.min_bad / mean_burst(settings.noise.burst))
    if enough_bad == 0.0:
        return 0.0
    truth = ratio / settings.margin
    nearest = sorted(WORSE, key=lambda factor: abs(math.log(factor / truth)))[:_NEAREST]
    chances = [
        _chance_of_claim(Claimed(factor, truth, settings.margin), fit, settings, is_late)
        for factor in nearest
    ]
    return min(enough_bad, max(chances))


def seconds_to_see(
    ratio: float, traffic: Traffic, settings: Settings, *, chance: float = EVEN, is_late: bool = False
) -> float | None:
    """Return how long a bad rate of `ratio` times stable's takes to be rolled back with this chance, in
    seconds; None when that would take more than 90 days or never comes."""
    return _first(
        lambda seconds: chance_to_see(ratio, [Spell(traffic, seconds)], settings, is_late=is_late),
        chance,
        traffic.interval_s,
    )


def smallest_seen(
    spells: Sequence[Spell], settings: Settings, *, chance: float = EVEN, is_late: bool = False
) -> float | None:
    """Return the smallest ratio that is rolled back within `spells` with this chance, None if none is."""
    rates = [spell.traffic.base_rate for spell in spells if spell.traffic.is_comparable]
    low, high = settings.margin, min(_LARGEST, 1.0 / max(rates)) if rates else 0.0

    def is_seen(ratio: float) -> bool:
        return chance_to_see(ratio, spells, settings, is_late=is_late) >= chance

    if high <= low or not is_seen(high):
        return None
    for _ in range(_HALVINGS):
        middle = math.sqrt(low * high)
        low, high = (low, middle) if is_seen(middle) else (middle, high)
    return high


def chance_to_clear(spells: Sequence[Spell], settings: Settings) -> float:
    """Return the chance (0 to 1) that a version exactly as good as stable is shown to be sound by the end."""
    fit = [spell for spell in spells if spell.traffic.is_comparable]
    requests = [
        sum(s.seconds * s.traffic.new_rps for s in fit),
        sum(s.seconds * s.traffic.stable_rps for s in fit),
    ]
    if not fit or min(requests) < settings.min_requests:
        return 0.0
    # The margin is of mean rates, on the log scale it is lower: see `evidence.update`.
    margin = settings.sound_margin * math.exp(-0.5 * settings.noise.slow_sd**2)
    nats = math.log((len(SOUND) - 1) / settings.beta)  # neighbouring claims grow together
    chances = [
        claim.chance(_grown(claim, fit, settings), nats, settings.noise)
        for claim in (Claimed(factor, 1.0 / margin, margin) for factor in SOUND)
    ]
    return max(*chances, _chance_of_low_rate(fit, settings))


def seconds_to_clear(
    traffic: Traffic, settings: Settings, *, before: Sequence[Spell] = (), chance: float = EVEN
) -> float | None:
    """Return how long a version exactly as good as stable takes to be shown sound with this chance, in
    seconds after what came `before`; None when that would take more than 90 days or never comes."""
    found = _first(
        lambda seconds: chance_to_clear([*before, Spell(traffic, seconds)], settings),
        chance,
        traffic.interval_s,
    )
    return None if found is None else max(found, settings.min_bake_s)


def still_needed(state: Evidence, settings: Settings) -> Need:
    """Return how much more data would settle it: as a regression when it looks like one, else as sound."""
    seconds, requests = state.elapsed_s, state.n0 + state.n1
    if requests <= 0 or seconds <= 0 or state.x0 + state.x1 <= 0:
        return Need(None, None, "nothing bad was seen on either version, so there is nothing to compare")
    traffic = Traffic(requests / seconds, state.n1 / requests, (state.x0 + state.x1) / requests)
    ratio = math.exp(state.ratios.overall.ratio.mean)
    if ratio > math.sqrt(settings.margin * settings.sound_margin):
        base_rate = traffic.base_rate / (1.0 + traffic.share * (ratio - 1.0))
        whole = seconds_to_see(
            min(ratio, 1.0 / base_rate), Traffic(traffic.rps, traffic.share, base_rate), settings
        )
    else:
        whole = seconds_to_clear(traffic, settings)
    if whole is None:
        return Need(None, None, "too little is counted to ever tell")
    # What is there counts; a version that is slightly worse than stable needs more, hence never "0 s".
    left = max(whole - seconds, 0.1 * whole)
    return Need(left, left * traffic.new_rps, f"about {rough_duration(left)} more at this pace")


def _chance_of_claim(claim: Claimed, spells: Sequence[Spell], settings: Settings, is_late: bool) -> float:
    grown = _grown(claim, spells, settings)
    weight, followed = AT_START, 0.0
    if is_late:
        # The weight that is spent while the evidence grows by one nat: what started earlier has lost as much.
        one_nat_s = max(spells[0].traffic.interval_s, grown.seconds / max(grown.mean, 1.0))
        weight = min(AT_START, (1.0 - AT_START) * one_nat_s / settings.bake_s)
        calm = Claimed(claim.factor, 1.0 / settings.margin, settings.margin)
        followed = calm.followed(spells[0].traffic, settings.noise)
    nats = math.log(len(WORSE) / (settings.alpha * weight))
    return claim.chance(grown, nats, settings.noise, followed=followed)


def _grown(claim: Claimed, spells: Sequence[Spell], settings: Settings) -> Growth:
    grown = Growth()
    for spell in spells:
        grown = grown.after(spell.seconds, claim.pace(spell.traffic, settings.noise))
    return grown


def _chance_of_low_rate(spells: Sequence[Spell], settings: Settings) -> float:
    """Return the chance that the rate itself is shown to stay below the limit of the process."""
    limit = settings.limit_rate
    if limit is None:
        return 0.0
    requests = sum(spell.seconds * spell.traffic.new_rps for spell in spells)
    bad = sum(spell.seconds * spell.traffic.new_rps * spell.traffic.base_rate for spell in spells)
    nats, chances = math.log(len(SOUND) / settings.beta), [0.0]
    for factor in SOUND:
        phi = worth(settings.noise.burst, factor)
        mean = (bad * math.log(factor) + requests * limit * (1.0 - factor)) / phi
        var = bad * math.log(factor) ** 2 / phi
        chances.append(passed(mean, var, nats))
    return max(chances)


def _first(chance_by: Callable[[float], float], chance: float, interval_s: float) -> float | None:
    """Return the first look at which the chance is reached, in seconds; None within `LONGEST_S`."""
    if chance_by(LONGEST_S) < chance:
        return None
    low, high = _SHORTEST_S, LONGEST_S
    for _ in range(_HALVINGS):
        middle = math.sqrt(low * high)
        low, high = (low, middle) if chance_by(middle) >= chance else (middle, high)
    return math.ceil(high / interval_s - 1e-3) * interval_s


def rough_duration(seconds: float) -> str:
    """Return a time, rounded to what a forecast is worth: "50 s", "25 min", "8 h", "3 days"."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    if seconds < 5_400:
        return f"{round(seconds / 60)} min"
    if seconds < 172_800:
        return f"{round(seconds / 3_600)} h"
    return f"{round(seconds / 86_400)} days"
