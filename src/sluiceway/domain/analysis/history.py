"""What minutes of history say of a service: how noisy it is when nothing is wrong, and what is usual for it.

Turns recorded minutes into placebo comparisons for `noise.learn_noise`: each of stable's instances against
the rest, or, where a source doesn't tell instances apart, two versions of which the newer proved itself. What
can't be learned says why. Recording the minutes is the engine's business.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sluiceway.domain.analysis.counts import Interval, find_problem
from sluiceway.domain.analysis.noise import CAUTIOUS, MIN_MINUTES, MINUTE_S, Noise, learn_noise

DAY_MINUTES = 24 * 60  # how far back noise and usual figures look
RECENT_MINUTES = 2 * 60  # learned from apart, so that noise that has grown is not averaged away
KEPT_MINUTES = 7 * DAY_MINUTES
STALE_MINUTES = 30  # what was true longer ago may not be true now
MIN_BAD = 30  # bad requests; fewer don't show whether they come one by one or in bursts
MAX_GROUPS = 8  # more instances than these teach nothing new and cost time
# Taking an hour's mean out hides up to 4 tenths of the variance of what wanders for a quarter of an hour.
_MEAN_OUT = 1.3
_OF_ROLLOUTS = "its source does not tell instances apart, and the history of promoted rollouts"
_MIN_GAP_S, _MAX_GAP_S = 0.5 * MINUTE_S, 1.5 * MINUTE_S  # between two looks that make a minute


@dataclass(frozen=True, slots=True)
class MinuteCount:
    """What one part (an instance, or one version of two) counted in one minute: `count` requests, `bad` ones.

    `minute` is whole minutes since 1970-01-01 UTC.
    """

    minute: int
    part: str
    count: float
    bad: float


@dataclass(frozen=True, slots=True)
class Learned:
    """Noise that enough is known of."""

    noise: Noise


@dataclass(frozen=True, slots=True)
class Unknown:
    """Why noise is not known; shown to people."""

    why: str


def is_whole_minute(seconds: float) -> bool:
    """Return whether two looks this far apart count as one minute; others leave a gap."""
    return _MIN_GAP_S <= seconds <= _MAX_GAP_S


def is_too_soon(seconds: float) -> bool:
    """Return whether the earlier of two looks should be kept, to make a minute with a later one."""
    return 0.0 <= seconds < _MIN_GAP_S


def learn_from_instances(counts: Sequence[MinuteCount], now_minute: int) -> Learned | Unknown:
    """Return the noise of a metric, each instance against the rest, minute by minute.

    The whole series and its last two hours are learned from apart; the more careful figures hold, since noise
    that grew after it was learned breaks the promise. Source: docs/analysis.md, "Noise".
    """
    by_minute = _by_minute(count for count in counts if now_minute - DAY_MINUTES < count.minute <= now_minute)
    if not by_minute:
        return Unknown("no history of its instances has been recorded in the last 24 hours")
    compared = [minute for minute, parts in by_minute.items() if len(parts) > 1]
    newest = max(by_minute)
    if now_minute - newest > STALE_MINUTES:
        return Unknown(f"its history ends {now_minute - newest} minutes ago")
    if not compared or newest - max(compared) > STALE_MINUTES:
        return Unknown("stable has one instance, so nothing tells how much instances differ")
    found = _learn(_groups(by_minute), "history")
    if isinstance(found, Unknown):
        return found
    lately = {m: parts for m, parts in by_minute.items() if m > now_minute - RECENT_MINUTES}
    recent = _learn(_groups(lately), "history")
    return Learned(more_careful(found.noise, recent.noise)) if isinstance(recent, Learned) else found


def learn_from_rollouts(
    rollouts: Iterable[Sequence[MinuteCount]], new: str, stable: str
) -> Learned | Unknown:
    """Return the noise of a metric from rollouts that ended well: part `new` against part `stable` of each.

    Two versions are no placebo. Their lasting ratio is taken out of each rollout; what is left is noise, or
    more. But only rollouts that looked well got that far, so such a history never promises less than the
    cautious noise: it confirms that one, or raises it. Source: docs/analysis.md, "Noise".
    """
    groups = [_pairs(_by_minute(counts), new, stable) for counts in rollouts if counts]
    long_enough = [group for group in groups if len(_usable(group)) >= MIN_MINUTES]
    found = _learn([without_lasting_ratio(group) for group in long_enough or groups], _OF_ROLLOUTS)
    if isinstance(found, Unknown):
        return found
    noise = Noise(found.noise.burst, _MEAN_OUT * found.noise.slow_sd, found.noise.slow_s)
    return Learned(more_careful(noise, CAUTIOUS))


def more_careful(one: Noise, other: Noise) -> Noise:
    """Return the larger of each figure: bursts, wandering, and how long it lasts."""
    return Noise(
        burst=max(one.burst, other.burst),
        slow_sd=max(one.slow_sd, other.slow_sd),
        slow_s=max(one.slow_s, other.slow_s),
    )


def without_lasting_ratio(pairs: Sequence[Interval]) -> list[Interval]:
    """Return the minutes with side 1's requests weighted so that both sides have the same bad rate overall.

    Then the expected share of bad requests is the one that a lasting ratio of rates leads to, and residuals
    are what remains. A side that was never bad leaves nothing to compare: no minute is usable.
    """
    usable = _usable(pairs)
    bad_0, bad_1 = sum(pair.x0 for pair in usable), sum(pair.x1 for pair in usable)
    if bad_0 == 0 or bad_1 == 0:
        return [_missing() for _ in pairs]
    ratio = (bad_1 / sum(pair.n1 for pair in usable)) / (bad_0 / sum(pair.n0 for pair in usable))
    scale_0, scale_1 = max(1.0, 1.0 / ratio), max(1.0, ratio)  # counts only grow: bad never passes all
    return [
        Interval(pair.n0 * scale_0, pair.x0, pair.n1 * scale_1, pair.x1, pair.seconds)
        if find_problem(pair) is None
        else _missing()
        for pair in pairs
    ]


def usual(readings: Sequence[float]) -> float | None:
    """Return the median of minute readings, None (no data) with less than an hour of them."""
    return statistics.median(readings) if len(readings) >= MIN_MINUTES else None


def _by_minute(counts: Iterable[MinuteCount]) -> dict[int, dict[str, MinuteCount]]:
    by_minute: dict[int, dict[str, MinuteCount]] = {}
    for count in counts:
        by_minute.setdefault(count.minute, {})[count.part] = count
    return by_minute


def _groups(by_minute: Mapping[int, Mapping[str, MinuteCount]]) -> list[list[Interval]]:
    """Return a series of equal steps per instance: the rest on side 0, the instance on side 1."""
    if not by_minute:
        return []
    seen: dict[str, list[int]] = {}
    for minute in sorted(by_minute):
        parts = by_minute[minute]
        # Of two instances each is the other's mirror image: both would count the same evidence twice.
        for name in [min(parts)] if len(parts) == 2 else sorted(parts):
            seen.setdefault(name, []).append(minute)
    longest = sorted(seen, key=lambda name: (-len(seen[name]), name))[:MAX_GROUPS]
    return [
        [
            _against_rest(by_minute[minute], name) if minute in present else _missing()
            for minute in range(seen[name][0], seen[name][-1] + 1)
        ]
        for name in longest
        for present in (frozenset(seen[name]),)
    ]


def _against_rest(parts: Mapping[str, MinuteCount], name: str) -> Interval:
    mine = parts[name]
    rest = [part for part in parts.values() if part.part != name]
    return Interval(
        n0=sum(part.count for part in rest),
        x0=sum(part.bad for part in rest),
        n1=mine.count,
        x1=mine.bad,
        seconds=MINUTE_S,
        is_missing=not rest,
    )


def _pairs(by_minute: Mapping[int, Mapping[str, MinuteCount]], new: str, stable: str) -> list[Interval]:
    """Return a rollout's minutes in equal steps: stable on side 0, the new version on side 1."""
    minutes = range(min(by_minute), max(by_minute) + 1)
    both = [(by_minute.get(minute, {}).get(stable), by_minute.get(minute, {}).get(new)) for minute in minutes]
    return [
        Interval(theirs.count, theirs.bad, ours.count, ours.bad, MINUTE_S) if theirs and ours else _missing()
        for theirs, ours in both
    ]


def _missing() -> Interval:
    return Interval(0.0, 0.0, 0.0, 0.0, MINUTE_S, is_missing=True)


def _usable(group: Iterable[Interval]) -> list[Interval]:
    return [interval for interval in group if find_problem(interval) is None]


def _learn(groups: Sequence[Sequence[Interval]], whose: str) -> Learned | Unknown:
    usable = [_usable(group) for group in groups]
    longest = max((len(group) for group in usable), default=0)
    if longest < MIN_MINUTES:
        return Unknown(f"{whose} holds {longest} of the {MIN_MINUTES} minutes it takes")
    bad = max(sum(interval.x0 + interval.x1 for interval in group) for group in usable)
    if bad < MIN_BAD:
        return Unknown(f"{whose} holds {bad:.0f} of the {MIN_BAD} bad requests that show how they come")
    return Learned(learn_noise(groups))
