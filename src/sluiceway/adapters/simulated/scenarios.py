"""Ten named days: what may be wrong with a new version, or with the day, and when.

Pure functions of the time since the first user met the new version and of how long the plan bakes. How
requests and failures are drawn from that is the business of `generated`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count, takewhile

DAY_S = 86_400.0


@dataclass(frozen=True, slots=True)
class Habits:
    """How restless requests are: failures come in bursts of mean size `burst`; each version's bad rate
    wanders by `own_sd`, both together by `common_sd` (standard deviations of the log), for `memory_s`."""

    burst: float = 1.0
    own_sd: float = 0.0
    common_sd: float = 0.0
    memory_s: float = 300.0


QUIET = Habits()
RESTLESS = Habits(burst=2.0, own_sd=0.12, common_sd=0.2)


@dataclass(frozen=True, slots=True)
class Moment:
    """What differs from the usual at one moment: factors, and shares of requests that fail on top."""

    requests: float = 1.0
    errors: float = 1.0
    failing: float = 0.0  # on both versions
    new_failing: float = 0.0
    new_slower: float = 1.0  # times as slow as stable
    is_silent: bool = False  # nothing is measured of the new version


USUAL = Moment()


@dataclass(frozen=True, slots=True)
class Scenario:
    """`at(since_s, bake_s)` is the moment so long after the first user of the new version.

    `turns_s(bake_s)` are the moments at which something begins or ends. From `crashes_from_s` on one of the
    new version's instances ends every `crash_every_s` seconds. Without a time in it the day starts at 00:00.
    """

    name: str
    sentence: str
    at: Callable[[float, float], Moment]
    turns_s: Callable[[float], tuple[float, ...]] = lambda _bake_s: ()
    habits: Habits = RESTLESS
    crash_every_s: float = 0.0
    crashes_from_s: float = 0.0


def rising(since_s: float, begin_s: float, end_s: float) -> float:
    """Return 0 before `begin_s`, 1 after `end_s`, and a straight line between them."""
    return min(max((since_s - begin_s) / max(end_s - begin_s, 1e-9), 0.0), 1.0)


def incident_s(bake_s: float) -> tuple[float, float]:
    """Return when the shared incident begins and ends: 20 minutes, less in a short plan."""
    begin = 0.3 * bake_s
    return begin, begin + min(1_200.0, 0.05 * bake_s)


def bad_turn_s(bake_s: float) -> tuple[float, float]:
    """Return how often a flapping version turns bad and for how long: two of ten minutes, or shorter."""
    cycle = min(600.0, max(30.0, bake_s / 40))
    return cycle, 0.2 * cycle


def _slow_burn(since_s: float, bake_s: float) -> Moment:
    return Moment(new_failing=0.03 * rising(since_s, 0.1 * bake_s, 0.6 * bake_s))


def _latency_creep(since_s: float, bake_s: float) -> Moment:
    return Moment(new_slower=1.0 + 1.5 * rising(since_s, 0.1 * bake_s, 0.6 * bake_s))


def _flapping(since_s: float, bake_s: float) -> Moment:
    cycle, bad = bad_turn_s(bake_s)
    return Moment(new_failing=0.08 if since_s >= cycle and since_s % cycle < bad else 0.0)


def _shared_incident(since_s: float, bake_s: float) -> Moment:
    begin, end = incident_s(bake_s)
    return Moment(failing=0.1 if begin <= since_s < end else 0.0)


def _crash_loop(since_s: float, bake_s: float) -> Moment:
    del bake_s
    is_down = since_s >= CRASHES_FROM_S and (since_s - CRASHES_FROM_S) % CRASH_EVERY_S < 8.0
    return Moment(new_failing=0.25 if is_down else 0.0)


def _diurnal_swing(since_s: float, bake_s: float) -> Moment:
    del bake_s
    angle = 2 * math.pi * since_s / DAY_S
    return Moment(requests=1 + 0.6 * math.sin(angle), errors=1 + 0.4 * math.sin(angle + 1))


def _turns_of_flapping(bake_s: float) -> tuple[float, ...]:
    cycle, _ = bad_turn_s(bake_s)
    return tuple(takewhile(lambda turn: turn <= min(bake_s, 3 * cycle), count(cycle, cycle)))


CRASHES_FROM_S, CRASH_EVERY_S = 20.0, 90.0

_ALL = (
    Scenario(
        "errors-at-once",
        "One request in ten fails on the new version from its first user on.",
        lambda _s, _b: Moment(new_failing=0.1),
        lambda _b: (0.0,),
    ),
    Scenario(
        "slow-burn",
        "Failures of the new version grow from none to 3 in 100 over half of the plan's time.",
        _slow_burn,
        lambda bake_s: (0.1 * bake_s,),
    ),
    Scenario(
        "latency-creep",
        "Answers of the new version get slower, up to 2.5 times, over half of the plan's time.",
        _latency_creep,
        lambda bake_s: (0.1 * bake_s,),
    ),
    Scenario(
        "low-traffic",
        "Nothing is wrong, but only one request comes where a hundred were expected.",
        lambda _s, _b: Moment(requests=0.01),
    ),
    Scenario(
        "no-data",
        "After a twentieth of the plan's time nothing is measured of the new version any more.",
        lambda since_s, bake_s: Moment(is_silent=since_s >= 0.05 * bake_s),
        lambda bake_s: (0.05 * bake_s,),
    ),
    Scenario(
        "flapping",
        "The new version is fine most of the time, but fails 8 requests in 100 for two minutes of every ten.",
        _flapping,
        _turns_of_flapping,
    ),
    Scenario(
        "shared-incident",
        "A database that both versions use fails for up to 20 minutes, and one request in ten with it.",
        _shared_incident,
        incident_s,
    ),
    Scenario(
        "crash-loop",
        "An instance of the new version crashes every 90 seconds, and its requests with it.",
        _crash_loop,
        lambda _b: (CRASHES_FROM_S,),
        crash_every_s=CRASH_EVERY_S,
        crashes_from_s=CRASHES_FROM_S,
    ),
    Scenario(
        "diurnal-swing",
        "Nothing is wrong; traffic and failures swing with day and night.",
        _diurnal_swing,
    ),
    Scenario("perfect", "Nothing is wrong on a quiet day.", lambda _s, _b: USUAL, habits=QUIET),
)

SCENARIOS: dict[str, Scenario] = {scenario.name: scenario for scenario in _ALL}
