"""Rollouts that drive a flag: paused and resumed by its thresholds, taken back when the flag was turned off.

Everything is asked of the rollout as a person would ask it, so its own rules decide what comes of it.
"""

from __future__ import annotations

from collections.abc import Sequence

from sluiceway.domain.audit.chain import NewAuditEntry
from sluiceway.domain.flags.driving import seen
from sluiceway.domain.flags.guarding import Act
from sluiceway.domain.flags.model import Flag, FlagSet, HeldOffBy, ThresholdAction
from sluiceway.domain.process.plan import Action, DrivenFlag
from sluiceway.domain.rollouts.commands import possible_commands
from sluiceway.domain.rollouts.model import Command, CommandKind, Phase
from sluiceway.ports.clock import Clock
from sluiceway.ports.store import RolloutRow, Store, Transaction


class FlagPauses:
    """Called by one thread."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def act(self, tx: Transaction, where: tuple[str, str], flag: Flag, act: Act) -> None:
        """Pause the rollout that drives a flag, or let it go on, and record it either way.

        Only a pause that the same threshold made is ended; without a rollout nothing moves.
        """
        row = _driver(tx, *where, flag.id)
        by = f"threshold:{act.threshold}"
        if act.action is ThresholdAction.PAUSE:
            kind, does = "flag-threshold-breached", CommandKind.PAUSE
        else:
            kind, does = "flag-threshold-clear", CommandKind.RESUME
        if row is not None and _may(row, does, by):
            self._ask(tx, row, does, by, f"flag {flag.id}: {act.why}")
        tx.append_audit(
            NewAuditEntry(
                at=self._clock.wall(),
                process_at=self._clock.now(),
                actor=by,
                kind=kind,
                subject=f"flag:{where[0]}/{flag.id}",
                why=f"{where[1]}: {act.why}",
                figures=act.figures,
            )
        )

    def follow(self, sets: Sequence[FlagSet]) -> None:
        """Take back every rollout whose flag was turned off, killed or held, since it reached somebody.

        Where the process wants no automatic rollback, it stands still instead.
        """
        off = {
            (one.service, one.environment, flag.id): flag
            for one in sets
            for flag in one.flags
            if flag.hold is not None or not flag.is_enabled
        }
        for service in sorted({service for service, _, _ in off}):
            with self._store.read() as tx:
                row = next(iter(_running(tx, service)), None)
            driven = row.state.plan.flag if row is not None else None
            flag = off.get((service, driven.environment, driven.id)) if driven is not None else None
            if row is not None and driven is not None and flag is not None and _reaches(flag, driven):
                self._take_back(row, flag)

    def _take_back(self, row: RolloutRow, flag: Flag) -> None:
        by, why = _who_turned_off(flag)
        does = CommandKind.ROLLBACK if row.state.plan.automatic_rollback else CommandKind.PAUSE
        if row.state.phase is Phase.ROLLING_BACK or not _may(row, does, by):
            return
        with self._store.begin() as tx:
            if all(one.command.kind is not does for one in tx.pending_commands(row.id)):
                self._ask(tx, row, does, by, why)

    def _ask(self, tx: Transaction, row: RolloutRow, does: CommandKind, by: str, why: str) -> None:
        tx.add_command(
            row.id, Command(kind=does, by=by, at=self._clock.now(), reason=why, action=Action.IMMEDIATE)
        )
        tx.wake(row.id, self._clock.wall())


def _running(tx: Transaction, service: str) -> Sequence[RolloutRow]:
    return tx.list_rollouts(service=service, active_only=True, limit=1, before=None)


def _driver(tx: Transaction, service: str, environment: str, flag: str) -> RolloutRow | None:
    """Return the unfinished rollout that drives a flag in an environment."""
    for row in _running(tx, service):
        driven = row.state.plan.flag
        if row.setup.is_by_flag and driven and (driven.id, driven.environment) == (flag, environment):
            return row
    return None


def _may(row: RolloutRow, does: CommandKind, by: str) -> bool:
    if does is CommandKind.RESUME:
        pause = row.state.pause
        return pause is not None and pause.by == by
    return does in possible_commands(row.state)


def _reaches(flag: Flag, driven: DrivenFlag) -> bool:
    """Return whether the rollout has let anybody in yet: a flag that waits for its first stage may be off."""
    return seen(flag, driven.rule).reaches_somebody


def _who_turned_off(flag: Flag) -> tuple[str, str]:
    hold = flag.hold
    if hold is None:
        return "flag", f"flag {flag.id} was turned off"
    if hold.by is HeldOffBy.THRESHOLD:
        return f"threshold:{hold.metric}", f"flag {flag.id} was turned off: {hold.why}"
    return "kill-switch", f"flag {flag.id} was killed{f': {hold.why}' if hold.why else ''}"
