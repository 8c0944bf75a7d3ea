"""Moves of a release from phase to phase: what each lacks, the move itself, and what a rollout's end does.

What a phase asks for is found by `needs`. `can_move` is empty exactly when `move` with a reason succeeds.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sluiceway.domain.process.team import Permission, Phase, PhaseKind, TeamProcess
from sluiceway.domain.releases.model import Release, Stay
from sluiceway.domain.releases.needs import (
    Case,
    active_rollouts,
    lacking,
    newest_rollout,
    on_its_way,
    took_everyone,
)
from sluiceway.domain.releases.road import (
    Step,
    Way,
    find_phase,
    next_steps,
    path_of,
    phase_of,
    position,
    ways_words,
)
from sluiceway.domain.releases.world import Missing, MissingKind, OwnRollout, World
from sluiceway.domain.rollouts.model import Phase as RolloutPhase
from sluiceway.errors import IllegalMoveError, InvalidInputError, NotReadyError


def can_move(
    release: Release, process: TeamProcess, to: str, now: datetime, world: World
) -> tuple[Missing, ...]:
    """Return all that is missing for the move, empty when it can be made.

    A phase that the road does not lead to from here gives one Missing of kind ROAD. A way back asks for
    nothing but that no rollout is under way, except into a rollout phase or further on than the release has
    been. Raises NotFoundError when the process has no such phase. Source: docs/releases.md, "Moves".
    """
    case = Case(release, process, world, now)
    step = _step(release, process, find_phase(process, to))
    if step is None:
        text = f"{release.id} is in {release.phase}, which leads to: {ways_words(release, process)}"
        return (Missing(MissingKind.ROAD, to, text),)
    asked = () if _is_way_back(release, process, step) else lacking(case, step.to)
    return _once(*_held_by_rollout(case, step), *asked)


def move(
    release: Release, process: TeamProcess, to: str, now: datetime, world: World, *, by: str, why: str = ""
) -> Release:
    """Return the release in the phase `to`.

    Raises IllegalMoveError when the road does not lead there from here, NotReadyError with all that is
    missing, InvalidInputError without a reason for any move but forward, NotFoundError for an unknown phase.
    """
    step = _step(release, process, find_phase(process, to))
    missing = can_move(release, process, to, now, world)
    if step is None:
        raise IllegalMoveError(f"{to}: {missing[0].text}")
    if missing:
        raise NotReadyError(
            f"{release.id} can't move from {release.phase} to {to} yet:", tuple(map(missing_line, missing))
        )
    if step.way is not Way.FORWARD and not why.strip():
        raise InvalidInputError(f"{release.id} to {to} ({step.way}): say why; others read it later")
    return _enter(release, to, now, by, why)


def missing_line(missing: Missing) -> str:
    """Return what is missing and who can supply it, in one line."""
    who = ", ".join(missing.people) or ", ".join(missing.roles)
    if not who or missing.kind is MissingKind.APPROVAL:
        return missing.text  # the sentence of an approval names its people itself
    return f"{missing.text} (can be supplied by {who})"


def follow_rollout(release: Release, process: TeamProcess, now: datetime, world: World) -> Release | None:
    """Return the release moved by the end of its rollout, None when nothing moves.

    A rollback moves it whatever else is missing, from the rollout phase or from one after it: users are back
    already. A promotion moves it on when nothing that the next phase asks for is missing; until then it
    stays.
    """
    here = phase_of(release, process)
    case = Case(release, process, world, now)
    rollout = newest_rollout(case)
    if rollout is None or here.kind not in {PhaseKind.ROLLOUT, PhaseKind.WATCH}:
        return None
    began_in = _rollout_phase(release, process)
    if began_in is None:
        return None
    if rollout.phase in {RolloutPhase.ROLLED_BACK, RolloutPhase.ABORTED}:
        why = f"rollout {rollout.id} to {rollout.version} was {rollout.phase.replace('-', ' ')}"
        return _enter(release, began_in.on_rolled_back, now, "rollout", why)
    if rollout.phase is not RolloutPhase.PROMOTED or here.id != began_in.id:
        return None
    if lacking(case, find_phase(process, here.on_promoted)):
        return None
    return _enter(
        release, here.on_promoted, now, "rollout", f"rollout {rollout.id} took everyone to {rollout.version}"
    )


def can_roll_out(release: Release, process: TeamProcess, now: datetime, world: World) -> tuple[Missing, ...]:
    """Return what holds a new rollout of the release, empty when it may start.

    It may in a rollout phase, while everything that this phase asks for still holds and no other rollout of
    the release is under way.
    """
    case = Case(release, process, world, now)
    here = phase_of(release, process)
    if here.kind is not PhaseKind.ROLLOUT:
        names = [phase.id for phase in path_of(release, process) if phase.kind is PhaseKind.ROLLOUT]
        text = f"{release.id} is in {here.id}; it rolls out in {' or '.join(names) or 'no phase of its path'}"
        return (case.missing(MissingKind.ROAD, here.id, text, case.may(Permission.MOVE)),)
    under_way = tuple(_under_way(case, one) for one in active_rollouts(case))
    return _once(*under_way, *lacking(case, here))


def _once(*missing: Missing) -> tuple[Missing, ...]:
    """Return the first word on each thing that is missing."""
    return tuple({(one.kind, one.ref): one for one in reversed(missing)}.values())[::-1]


def _step(release: Release, process: TeamProcess, to: Phase) -> Step | None:
    return next((step for step in next_steps(release, process) if step.to.id == to.id), None)


def _is_way_back(release: Release, process: TeamProcess, step: Step) -> bool:
    if step.way is not Way.BACK or step.to.kind is PhaseKind.ROLLOUT:
        return False
    return path_of(release, process).index(step.to) <= position(release, process)


def _held_by_rollout(case: Case, step: Step) -> tuple[Missing, ...]:
    """Return the rollouts under way that the move would leave behind.

    Rolling back waits for nothing. A move on out of a rollout phase waits until everyone has the new version;
    one to an end, back or to `cancelled` until the rollout has ended.
    """
    if step.way is Way.ROLL_BACK:
        return ()
    goes_on = step.way is Way.FORWARD and step.to.kind is not PhaseKind.END
    active = active_rollouts(case)
    if goes_on:
        return tuple(on_its_way(case, one) for one in active if not took_everyone(one))
    return tuple(_under_way(case, one) for one in active)


def _under_way(case: Case, rollout: OwnRollout) -> Missing:
    text = f"rollout {rollout.id} is {rollout.phase}; abort it, roll it back or let it end first"
    return case.missing(MissingKind.ROLLOUT, rollout.id, text, case.may(Permission.ROLL_BACK))


def _rollout_phase(release: Release, process: TeamProcess) -> Phase | None:
    stays = (find_phase(process, stay.phase) for stay in reversed(release.stays))
    return next((phase for phase in stays if phase.kind is PhaseKind.ROLLOUT), None)


def _enter(release: Release, to: str, now: datetime, by: str, why: str) -> Release:
    stay = Stay(to, now, by, why, len(release.rollouts), len(release.runs))
    return replace(release, stays=(*release.stays, stay))
