"""Flags as lists show them, made once for each state of a service's sets.

Thousands of flags are looked at again and again by lists that follow what happens; what they show changes
with a set, and at the edges of windows.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sluiceway.domain.flags.model import BUCKETS, Flag, HeldOffBy
from sluiceway.domain.flags.proposals import ItemKind
from sluiceway.domain.flags.schedules import is_open
from sluiceway.domain.flags.wording import percent, serve_words
from sluiceway.services import flag_views as views
from sluiceway.services.flag_documents import Held
from sluiceway.services.flag_sets import LiveSet


@dataclass(frozen=True, slots=True)
class _Listed:
    sets: tuple[LiveSet, ...]
    flags: tuple[views.FlagSummary, ...]
    made_at: datetime
    until: datetime | None  # a window opens or closes then


class Listing:
    """Remembers the list of each service. Every method may be called from any thread."""

    def __init__(self) -> None:
        self._listed: dict[str, _Listed] = {}
        self._lock = threading.Lock()  # held while a list is made, so that many readers make it once

    def of(self, service: str, sets: Mapping[str, LiveSet], now: datetime) -> Sequence[views.FlagSummary]:
        """Return every flag of the sets, which are by environment, by id."""
        lives = tuple(sets.values())
        with self._lock:
            found = self._listed.get(service)
            if found is None or not _holds(found, lives, now):
                found = self._listed[service] = _listed(service, sets, now)
            return found.flags


def _holds(found: _Listed, lives: tuple[LiveSet, ...], now: datetime) -> bool:
    is_same = len(found.sets) == len(lives) and all(
        one is other for one, other in zip(found.sets, lives, strict=True)
    )
    return is_same and found.made_at <= now and (found.until is None or now < found.until)


def _listed(service: str, sets: Mapping[str, LiveSet], now: datetime) -> _Listed:
    by_id: dict[str, list[tuple[str, Held]]] = {}
    edges: list[datetime] = []
    for environment, live in sets.items():
        for (kind, item), held in live.items.items():
            if kind is ItemKind.FLAG and isinstance(held.item, Flag):
                by_id.setdefault(item, []).append((environment, held))
                window = held.item.window
                edges += [edge for edge in (window.on_at, window.off_at) if edge] if window else []
    flags = tuple(summary_of(service, by_id[item], now) for item in sorted(by_id))
    return _Listed(tuple(sets.values()), flags, now, min((one for one in edges if one > now), default=None))


def summary_of(service: str, found: Sequence[tuple[str, Held]], now: datetime) -> views.FlagSummary:
    """Return a flag with its state in each environment; what it says of itself is the first one's."""
    flag = flag_in(found[0][1])
    return views.FlagSummary(
        service=service,
        id=flag.id,
        name=flag.name,
        type=flag.type.value,
        value_type=flag.value_type.value,
        owner=flag.owner,
        tags=flag.tags,
        release=flag.release,
        expires_at=flag.expires_at,
        states=tuple(_state(environment, held, now) for environment, held in found),
    )


def _state(environment: str, held: Held, now: datetime) -> views.FlagStateView:
    flag = flag_in(held)
    return views.FlagStateView(
        environment=environment,
        version=held.version,
        is_enabled=flag.is_enabled,
        held_off_by=flag.hold.by.value if flag.hold is not None else "",
        held_off_why=flag.hold.why if flag.hold is not None else "",
        words=state_words(flag),
        changed_at=held.changed_at,
        changed_by=held.changed_by,
        standing=standing_of(flag, now),
    )


def standing_of(flag: Flag, now: datetime) -> str:
    """Return what is in force in one word: `on`, `off`, `killed`, `held` or `scheduled`."""
    if flag.hold is not None:
        return "killed" if flag.hold.by is HeldOffBy.KILL else "held"
    if not flag.is_enabled:
        return "off"
    return "on" if is_open(flag.window, now) else "scheduled"


def state_words(flag: Flag) -> str:
    """Return in a few words who gets what: `off`, `killed`, `on for 25%`, `on, 3 rules`."""
    if flag.hold is not None:
        return "killed" if not flag.hold.metric else f"turned off by {flag.hold.metric}"
    if not flag.is_enabled:
        return "off"
    if not flag.rules:
        return f"{serve_words(flag.serve)} for everyone"
    if len(flag.rules) == 1:
        (rule,) = flag.rules
        share = "" if rule.reach == BUCKETS else f"{percent(rule.reach)} of "
        whom = "some" if rule.constraints or rule.segments else "everyone"
        return f"on for {share}{whom}"
    return f"on, {len(flag.rules)} rules"


def flag_in(held: Held) -> Flag:
    """Return the flag of an item that is one."""
    assert isinstance(held.item, Flag)
    return held.item
