"""Flags as the engine sees and moves them: whom a rollout lets in, what thresholds hold off.

What is to be done is decided elsewhere; here it becomes a change of a set of flags, with its history and its
audit entry, served to clients by the commit.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace

from sluiceway.domain.flags.driving import driven, finished, seen
from sluiceway.domain.flags.model import Flag, FlagSet, Hold
from sluiceway.domain.process.plan import FULL_WEIGHT_BP, Service, Version
from sluiceway.domain.rollouts.model import RolloutId, SetTraffic, SplitSeen
from sluiceway.domain.rollouts.moves import percent
from sluiceway.errors import (
    FlagFileError,
    InvalidInputError,
    NotFoundError,
    PermanentProviderError,
    ProcessFileError,
    StoreError,
    TemporaryProviderError,
)
from sluiceway.ports.clock import Clock
from sluiceway.ports.flag_reach import FlagWay, Measured
from sluiceway.ports.metrics import Target
from sluiceway.ports.store import RolloutRow, Store
from sluiceway.services.flag_drivers import SERVED_BY_NEW, nowhere, what_serves
from sluiceway.services.flag_sets import FlagSets
from sluiceway.services.flags import FlagService
from sluiceway.services.kept_processes import parsed


class FlagDriving:
    """Fits `ports.flag_reach.Flags`. Every method may be called from any thread."""

    def __init__(self, store: Store, clock: Clock, sets: FlagSets, flags: FlagService) -> None:
        self._store = store
        self._clock = clock
        self._sets = sets
        self._flags = flags

    def apply(self, way: FlagWay, split: SetTraffic) -> None:
        """See `FlagReach.apply`."""
        with _as_provider():
            self._flags.drive(
                way.service,
                way.flag.environment,
                way.flag.id,
                self._changed(way, split),
                f"rollout:{way.rollout}",
                why=_said(way, split),
            )

    def observe(self, way: FlagWay) -> SplitSeen | None:
        """See `FlagReach.observe`."""
        with _as_provider():
            flag = self._flag(way)
        now = seen(flag, way.flag.rule)
        is_all = now.weight_bp == FULL_WEIGHT_BP and not now.audience
        if is_all and flag.full_since is not None:
            return SplitSeen(way.new, None, 0)
        if not now.reaches_somebody:
            return SplitSeen(way.stable, None, 0)
        return SplitSeen(way.stable, way.new, now.weight_bp, now.audience)

    def live_sets(self) -> Sequence[FlagSet]:
        """See `FlagWatch.live_sets`."""
        with self._store.read() as tx:
            keys = sorted(tx.flag_set_versions())
        found: list[FlagSet] = []
        for key in keys:
            with suppress(NotFoundError):  # an environment that the process no longer has: nobody is served
                found.append(self._sets.current(*key).evaluator.flag_set)
        return found

    def measured(self, service: str) -> Measured | None:
        """See `FlagWatch.measured`."""
        with self._store.read() as tx:
            row = tx.current_process(service)
            rows = tx.list_rollouts(service=service, active_only=False, limit=1, before=None)
            serving = what_serves(tx, service)
        specs = rows[0].setup.metrics if rows else ()
        if row is not None:
            with suppress(ProcessFileError):  # of an older version of Sluiceway, which this one can't read
                specs = parsed(row.text, row.path).metrics
        elif not rows:
            return None
        label = _label(rows[0]) if rows else Version("")
        labelled = Target(Service(service, (), ""), nowhere(service), label)
        return Measured(
            specs, labelled, Target(serving.service, serving.ingress, serving.version) if serving else None
        )

    def hold(self, service: str, environment: str, flag: str, hold: Hold, why: str) -> None:
        """See `FlagWatch.hold`."""
        with suppress(NotFoundError):  # archived in this moment: it is off for good
            self._flags.hold(service, environment, flag, hold, f"threshold:{hold.metric}", why=why)

    def turned(self, service: str, environment: str, flag: str, why: str, *, opened: bool) -> None:
        """See `FlagWatch.turned`."""
        with suppress(NotFoundError):
            self._flags.note_schedule(service, environment, flag, opened=opened, why=why)

    def _flag(self, way: FlagWay) -> Flag:
        live = self._sets.current(way.service, way.flag.environment)
        for flag in live.evaluator.flag_set.flags:
            if flag.id == way.flag.id:
                return flag
        raise NotFoundError(
            f"{way.service} has no flag {way.flag.id} in {way.flag.environment} any more; undo what took it "
            "away, or roll back"
        )

    def _changed(self, way: FlagWay, split: SetTraffic) -> Callable[[Flag], Flag]:
        rule, wall = way.flag.rule, self._clock.wall()
        if split.new is None and split.stable == way.new:
            return lambda flag: finished(flag, rule, wall)
        weight_bp = split.new_weight_bp if split.new is not None else 0

        def change(flag: Flag) -> Flag:
            before, after = seen(flag, rule), driven(flag, rule, weight_bp, split.audience)
            if flag.is_enabled or not seen(after, rule).reaches_somebody:
                return after
            if not before.reaches_somebody:
                return replace(after, is_enabled=True)
            if weight_bp <= before.weight_bp:
                return after
            raise PermanentProviderError(
                f"flag {flag.id} was turned off in {way.flag.environment} while {percent(before.weight_bp)} "
                "of its users had it; turn it on again, or roll back"
            )

        return change


def _label(newest: RolloutRow) -> Version:
    state = newest.state
    has_new = state.phase in SERVED_BY_NEW or (newest.setup.is_by_flag and not state.phase.is_terminal)
    return state.new if has_new else state.stable


def _said(way: FlagWay, split: SetTraffic) -> str:
    rollout: RolloutId = way.rollout
    if split.new is None:
        return f"rollout {rollout}: everyone is on {split.stable}"
    audience = " and its audience" if split.audience else ""
    return f"rollout {rollout}: {percent(split.new_weight_bp)}{audience} on {split.new}"


@contextmanager
def _as_provider() -> Generator[None]:
    """Raise what can pass as TemporaryProviderError, what a person must mend as PermanentProviderError."""
    try:
        yield
    except (NotFoundError, FlagFileError, InvalidInputError) as failure:
        raise PermanentProviderError(str(failure)) from failure
    except StoreError as failure:
        raise TemporaryProviderError(f"flags can't be reached: {failure}") from failure
