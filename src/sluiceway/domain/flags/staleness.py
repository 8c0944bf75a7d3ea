"""Which flags have done their work and should leave the code, and why one says so.

A flag is judged by what is in force in each environment, since when, and by what its callers saw lately.
Operational flags are there to stay, and often say the same for years: they are stale only when nobody asks
for them, past their expiry, or when their release is closed. Where flags stand in code says `references`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sluiceway.domain.flags.model import BUCKETS, Flag, FlagType, Serve

_DAY = timedelta(days=1)


class StaleReason(StrEnum):
    """Why a flag is stale. The values are stable: reports and gates name them."""

    EVERYONE = "everyone"  # everyone has had the same for long
    CONSTANT = "constant"  # still asked for, and always the same answer
    NEVER_CALLED = "never-called"
    EXPIRED = "expired"
    RELEASE_CLOSED = "release-closed"


@dataclass(frozen=True, slots=True)
class StaleRules:
    """How long is long, in days."""

    everyone_days: float = 30.0
    constant_days: float = 30.0
    unused_days: float = 30.0


@dataclass(frozen=True, slots=True)
class FlagState:
    """A flag in one environment, and the last time it changed there (aware).

    Since when everyone is reached says the flag itself where a rollout drove it.
    """

    environment: str
    flag: Flag
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class Usage:
    """What the callers in one environment saw since `watched_since`, when counting began."""

    watched_since: datetime
    last_evaluated_at: datetime | None = None
    variants: frozenset[str] = frozenset()  # seen during `constant_days`


@dataclass(frozen=True, slots=True)
class Stale:
    """One reason, with the sentence that people read. `environment` is "" where it holds for all of them."""

    reason: StaleReason
    words: str
    environment: str = ""


def stale(
    states: Sequence[FlagState],
    usage: Mapping[str, Usage],
    now: datetime,
    *,
    rules: StaleRules = StaleRules(),
    closed_releases: frozenset[str] = frozenset(),
) -> tuple[Stale, ...]:
    """Return every reason why a flag is stale, () while there is none.

    `states` are those of one flag, one for each environment; `usage` is by environment, and an environment
    that nobody watches says nothing. Only what holds in every environment makes a flag stale "for everyone".
    """
    if not states:
        return ()
    flag = states[0].flag
    reasons = [
        _expired(flag, now),
        _release_closed(flag, closed_releases),
        _never_called(usage, now, rules),
    ]
    if flag.type is not FlagType.OPERATIONAL:
        reasons += [_everyone(states, now, rules), *_constant(states, usage, now, rules)]
    return tuple(one for one in reasons if one is not None)


def is_same_for_everyone(flag: Flag) -> bool:
    """Return whether everyone gets one variant for good: no rule, split or window makes a difference."""
    return everyones_variant(flag) is not None


def everyones_variant(flag: Flag) -> str | None:
    """Return the variant everyone gets of a flag that is on, None when it depends on who asks or when."""
    if not flag.is_enabled or flag.hold is not None or flag.window is not None or flag.dependencies:
        return None
    if not flag.rules:
        return _only(flag.serve)
    first = flag.rules[0]
    reaches_all = not first.constraints and not first.segments and first.reach == BUCKETS
    if reaches_all:
        return _only(flag.serve if first.serve == Serve() else first.serve)
    served = {_only(flag.serve if rule.serve == Serve() else rule.serve) for rule in flag.rules}
    served.add(_only(flag.otherwise))
    return served.pop() if len(served) == 1 else None


def _only(serve: Serve) -> str | None:
    weighing = [share.variant for share in serve.split if share.weight]
    if serve.split:
        return weighing[0] if len(set(weighing)) == 1 else None
    return serve.variant or None


def _expired(flag: Flag, now: datetime) -> Stale | None:
    if flag.expires_at is None or now < flag.expires_at:
        return None
    return Stale(StaleReason.EXPIRED, f"expired on {flag.expires_at:%Y-%m-%d}, {_ago(flag.expires_at, now)}")


def _release_closed(flag: Flag, closed: frozenset[str]) -> Stale | None:
    if not flag.release or flag.release not in closed:
        return None
    return Stale(StaleReason.RELEASE_CLOSED, f"its release {flag.release} is closed")


def _everyone(states: Sequence[FlagState], now: datetime, rules: StaleRules) -> Stale | None:
    variants = {everyones_variant(one.flag) for one in states}
    since = max(one.flag.full_since or one.changed_at for one in states)
    if None in variants or len(variants) != 1 or now - since < rules.everyone_days * _DAY:
        return None
    (variant,) = variants
    return Stale(
        StaleReason.EVERYONE, f'everyone has had "{variant}" since {since:%Y-%m-%d}, {_ago(since, now)}'
    )


def _never_called(usage: Mapping[str, Usage], now: datetime, rules: StaleRules) -> Stale | None:
    if not usage:
        return None
    quiet_since = max(one.last_evaluated_at or one.watched_since for one in usage.values())
    if now - quiet_since < rules.unused_days * _DAY:
        return None
    if any(one.last_evaluated_at for one in usage.values()):
        words = f"nobody has asked for it since {quiet_since:%Y-%m-%d}, {_ago(quiet_since, now)}"
    else:
        words = f"nobody has ever asked for it, counted since {quiet_since:%Y-%m-%d}"
    return Stale(StaleReason.NEVER_CALLED, words)


def _constant(
    states: Sequence[FlagState], usage: Mapping[str, Usage], now: datetime, rules: StaleRules
) -> list[Stale]:
    """Return the environments in which one variant came out all the time although others could have."""
    found: list[Stale] = []
    for state in states:
        seen = usage.get(state.environment)
        if seen is None or seen.last_evaluated_at is None or len(seen.variants) != 1:
            continue
        began = max(seen.watched_since, state.changed_at)
        is_called = now - seen.last_evaluated_at < rules.unused_days * _DAY
        if not is_called or now - began < rules.constant_days * _DAY:
            continue
        (variant,) = seen.variants
        words = f'still asked for in {state.environment}, and always "{variant}" for {_days(now - began)}'
        found.append(Stale(StaleReason.CONSTANT, words, state.environment))
    return found


def _ago(then: datetime, now: datetime) -> str:
    return f"{_days(now - then)} ago"


def _days(span: timedelta) -> str:
    days = span // _DAY
    return "1 day" if days == 1 else f"{days} days"
