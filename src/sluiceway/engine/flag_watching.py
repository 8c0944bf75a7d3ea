"""Every second: thresholds of flags that are on, flags that were turned off under a rollout, schedules.

What is to be done is decided by `domain.flags`. A hold is committed before the threshold that wanted it is
forgotten, so a crash in between only makes the same hold come again, which changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache

import structlog

from sluiceway.domain.flags.guarding import NEW, Act, Guard, follow, look, name_of
from sluiceway.domain.flags.model import Flag, FlagSet, HeldOffBy, Hold, Threshold, ThresholdAction
from sluiceway.domain.flags.schedules import is_open, turns_between
from sluiceway.domain.process.expressions import names_in
from sluiceway.domain.process.plan import MetricSource
from sluiceway.engine.flag_figures import FlagFigures, Start
from sluiceway.engine.flag_pauses import FlagPauses
from sluiceway.engine.flag_records import (
    guards_of,
    keep_guards,
    note_schedules_followed,
    schedules_followed_until,
    worth_keeping,
)
from sluiceway.errors import InvalidInputError
from sluiceway.ports.clock import Clock
from sluiceway.ports.flag_reach import Flags, FlagWatch
from sluiceway.ports.metrics import MetricsProvider
from sluiceway.ports.store import Store

LOOK_S = 1.0  # real seconds
SCHEDULE_S = 0.5
NOTE_S = 60.0  # between notes of how far schedules were followed, for a restart

log = structlog.get_logger("sluiceway.flags")

Loop = tuple[str, Callable[[], None], float]
_Where = tuple[str, str]  # service and environment
_Guards = dict[tuple[str, str], Guard]  # by flag and threshold


def flag_loops(
    store: Store, clock: Clock, metrics: Mapping[MetricSource, MetricsProvider], flags: Flags
) -> tuple[Loop, ...]:
    """Return what the engine does about flags: the loops' names, what they do, and how often in seconds."""
    thresholds = Thresholds(store, clock, metrics, flags)
    schedules = Schedules(store, clock, flags)
    return (("flags", thresholds.look, LOOK_S), ("schedules", schedules.look, SCHEDULE_S))


class Thresholds:
    """Looks at every threshold. Called by one thread."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        metrics: Mapping[MetricSource, MetricsProvider],
        watch: FlagWatch,
        start: Start | None = None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._watch = watch
        self._figures = FlagFigures(metrics, clock, start)
        self._pauses = FlagPauses(store, clock)
        self._guards: dict[_Where, _Guards] = {}

    def look(self) -> None:
        """Do one round. Raises StoreError when the store can't be used: what was due is due again then."""
        sets = self._watch.live_sets()
        watched = {(one.service, one.environment): self._watched(one) for one in sets}
        names: dict[str, set[str]] = {}
        for (service, _), flags in watched.items():
            names.setdefault(service, set()).update(_named(flags))
        services = {service for service, of_service in names.items() if of_service}
        for service in services:
            measured = self._watch.measured(service)
            if measured is not None:
                self._figures.ask(service, measured, names[service])
        self._figures.forget(services)
        for where, flags in watched.items():
            self._look_at(where, flags)
        self._pauses.follow(sets)

    def _watched(self, flags: FlagSet) -> tuple[Flag, ...]:
        """Return the flags whose thresholds count: those that are on."""
        now = self._clock.wall()
        return tuple(
            one
            for one in flags.flags
            if one.thresholds and one.is_enabled and one.hold is None and is_open(one.window, now)
        )

    def _look_at(self, where: _Where, flags: Sequence[Flag]) -> None:
        before = self._known(where)
        after: _Guards = {}
        acts: list[tuple[Flag, Act]] = []
        figures = self._figures.latest(where[0])
        now, wall = self._clock.now(), self._clock.wall()
        for flag in flags:
            found: _Guards = {}
            wanted: list[Act] = []
            for threshold in flag.thresholds:
                seen = look(threshold, figures.readings, figures.number)
                key = (flag.id, threshold.id)
                found[key], act = follow(threshold, before.get(key, NEW), seen, now=now, wall=wall)
                wanted += [act] if act else []
            off = next((one for one in wanted if one.action is ThresholdAction.TURN_OFF), None)
            if off is not None:
                self._turn_off(where, flag, off)
                continue  # what is off is not watched: its thresholds begin anew when it is on again
            after.update(found)
            acts += [(flag, one) for one in wanted]
        if acts or worth_keeping(before) != worth_keeping(after):
            with self._store.begin() as tx:
                for flag, act in acts:
                    self._pauses.act(tx, where, flag, act)
                keep_guards(tx, *where, after)
        self._guards[where] = after

    def _known(self, where: _Where) -> _Guards:
        if where not in self._guards:
            with self._store.read() as tx:
                self._guards[where] = guards_of(tx, *where)
        return self._guards[where]

    def _turn_off(self, where: _Where, flag: Flag, act: Act) -> None:
        threshold = next(one for one in flag.thresholds if one.id == act.threshold)
        hold = Hold(HeldOffBy.THRESHOLD, act.why, name_of(threshold))
        self._watch.hold(*where, flag.id, hold, act.why)
        log.warning("a threshold turned a flag off", service=where[0], flag=flag.id, why=act.why)


class Schedules:
    """Records what schedules switched, and has clients told. Called by one thread."""

    def __init__(self, store: Store, clock: Clock, watch: FlagWatch) -> None:
        self._store = store
        self._clock = clock
        self._watch = watch
        self._followed: datetime | None = None
        self._noted: datetime | None = None

    def look(self) -> None:
        """Record every turn since the last look, also those that came while nobody looked. Raises StoreError.

        The evaluator asks a window itself, so a late look delays no switch. A crash between a record and the
        note of it makes the record come twice.
        """
        wall = self._clock.wall()
        since = self._since(wall)
        turns = [
            (turn, one, flag)
            for one in self._watch.live_sets()
            for flag in one.flags
            if flag.window is not None and flag.is_enabled
            for turn in turns_between(flag.window, since, wall)
        ]
        for turn, one, flag in turns:
            word = "opened" if turn.opened else "closed"
            why = f"its schedule {word} at {turn.at:%Y-%m-%d %H:%M:%S} UTC"
            self._watch.turned(one.service, one.environment, flag.id, why, opened=turn.opened)
        self._followed = wall
        if turns or self._noted is None or (wall - self._noted).total_seconds() >= NOTE_S:
            with self._store.begin() as tx:
                note_schedules_followed(tx, wall)
            self._noted = wall

    def _since(self, wall: datetime) -> datetime:
        """Return up to when turns were recorded; an installation that is new to this begins now."""
        if self._followed is None:
            with self._store.read() as tx:
                self._followed = schedules_followed_until(tx) or wall
        return self._followed


def _named(flags: Iterable[Flag]) -> Iterable[str]:
    for flag in flags:
        for threshold in flag.thresholds:
            yield from _names(threshold)


@lru_cache(maxsize=4_096)
def _names(threshold: Threshold) -> tuple[str, ...]:
    try:
        return names_in(threshold.when)
    except InvalidInputError:
        return ()  # what can't be read is no data, and acts as the threshold says
