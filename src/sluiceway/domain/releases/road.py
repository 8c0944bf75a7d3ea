"""The road of one release in its process: type, phases, where it is, where it can turn, what it is asked for.

Knows nothing of what holds a move; that is the business of `needs` and `moves`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from sluiceway.domain.process.team import (
    CANCELLED,
    ROLLED_BACK,
    ApprovalPolicy,
    Gate,
    Need,
    NeedKind,
    Permission,
    Phase,
    PhaseKind,
    ReleaseType,
    TeamProcess,
)
from sluiceway.domain.releases.model import Release
from sluiceway.errors import NotFoundError, RuleError

OF_THE_TYPE = "type"  # a need that names it means the approvals or gates of the release's own type


class Way(StrEnum):
    """How a phase is reached from where a release is."""

    FORWARD = "forward"
    BACK = "back"
    ROLL_BACK = "roll-back"
    CANCEL = "cancel"


@dataclass(frozen=True, slots=True)
class Step:
    """A phase that a release can go to next, other things being met."""

    to: Phase
    way: Way


def type_of(release: Release, process: TeamProcess) -> ReleaseType:
    """Return the release's type. Raises RuleError when the process has none of this id."""
    return find_type(process, release.facts.type)


def find_type(process: TeamProcess, type_id: str) -> ReleaseType:
    """Return a type by its id. Raises RuleError naming those there are."""
    found = next((one for one in process.types if one.id == type_id), None)
    if found is None:
        known = ", ".join(one.id for one in process.types) or "none"
        raise RuleError(f'type: found "{type_id}", expected one of the process "{process.name}": {known}')
    return found


def find_phase(process: TeamProcess, phase_id: str) -> Phase:
    """Return a phase by its id. Raises NotFoundError naming those there are."""
    found = next((one for one in process.phases if one.id == phase_id), None)
    if found is None:
        known = ", ".join(one.id for one in process.phases) or "none"
        raise NotFoundError(f'the process "{process.name}" has no phase "{phase_id}"; it has: {known}')
    return found


def phase_of(release: Release, process: TeamProcess) -> Phase:
    """Return the phase the release is in. Raises NotFoundError when the process has none of this id."""
    return find_phase(process, release.phase)


def path_of(release: Release, process: TeamProcess) -> tuple[Phase, ...]:
    """Return the phases of the release's type, in order."""
    return tuple(find_phase(process, one) for one in type_of(release, process).path)


def position(release: Release, process: TeamProcess) -> int:
    """Return how far along its path the release is: of the last stay on it, while it is off it. -1: never."""
    path = type_of(release, process).path
    return next((path.index(stay.phase) for stay in reversed(release.stays) if stay.phase in path), -1)


def has_ended(release: Release, process: TeamProcess) -> bool:
    """Return whether the release has reached an end."""
    return phase_of(release, process).kind is PhaseKind.END


def scope_is_frozen(release: Release, process: TeamProcess) -> bool:
    """Return whether what the release holds can't change: it is in or past a phase that freezes it."""
    path = path_of(release, process)
    return any(
        one.freezes_scope for one in (*path[: position(release, process) + 1], phase_of(release, process))
    )


def next_steps(release: Release, process: TeamProcess) -> tuple[Step, ...]:
    """Return where the release can go from here: forward first, then back, rolled back, cancelled.

    From an end only its own ways back are open.
    """
    here = phase_of(release, process)
    steps: list[Step] = []
    path = path_of(release, process)
    ids = [one.id for one in path]
    if here.id in ids and here.id != ids[-1]:
        steps.append(Step(path[ids.index(here.id) + 1], Way.FORWARD))
    aside = {CANCELLED: Way.CANCEL, ROLLED_BACK: Way.ROLL_BACK}
    steps += [
        Step(find_phase(process, back), aside.get(back, Way.BACK))
        for back in here.back_to
        if back in ids or back in aside
    ]
    if here.kind is not PhaseKind.END:
        steps += [
            Step(find_phase(process, one), way) for one, way in reversed(aside.items()) if one != here.id
        ]
    return tuple({step.to.id: step for step in steps}.values())


def next_phases(release: Release, process: TeamProcess) -> tuple[str, ...]:
    """Return the ids of the phases the release can go to from here, forward first."""
    return tuple(step.to.id for step in next_steps(release, process))


def ways_words(release: Release, process: TeamProcess) -> str:
    """Return where the release can go from here, in words."""
    return ", ".join(f"{step.to.id} ({step.way})" for step in next_steps(release, process)) or "nowhere"


def needs_of(release: Release, process: TeamProcess, phase: Phase) -> tuple[Need, ...]:
    """Return what the phase asks of this release, with `type` replaced by what its type names; none twice."""
    kind = type_of(release, process)
    found: list[Need] = []
    for need in phase.needs:
        if need.types and kind.id not in need.types:
            continue
        if need.ref == OF_THE_TYPE and need.kind in {NeedKind.APPROVAL, NeedKind.GATE}:
            refs = kind.approvals if need.kind is NeedKind.APPROVAL else kind.gates
            found += [Need(need.kind, ref) for ref in refs]
        else:
            found.append(Need(need.kind, need.ref))
    return tuple(dict.fromkeys(found))


def asked_on_the_way(release: Release, process: TeamProcess, kind: NeedKind) -> tuple[tuple[str, Phase], ...]:
    """Return what the whole path asks for of one kind: its id and the first phase that needs it, in order."""
    found: dict[str, Phase] = {}
    for phase in path_of(release, process):
        for need in needs_of(release, process, phase):
            if need.kind is kind:
                found.setdefault(need.ref, phase)
    return tuple(found.items())


def policy_of(process: TeamProcess, policy_id: str) -> ApprovalPolicy:
    """Return an approval policy. Raises NotFoundError when the process has none of this id."""
    found = next((one for one in process.approvals if one.id == policy_id), None)
    if found is None:
        raise NotFoundError(f'the process "{process.name}" has no approval "{policy_id}"')
    return found


def gate_of(process: TeamProcess, gate_id: str) -> Gate:
    """Return a gate. Raises NotFoundError when the process has none of this id."""
    found = next((one for one in process.gates if one.id == gate_id), None)
    if found is None:
        raise NotFoundError(f'the process "{process.name}" has no gate "{gate_id}"')
    return found


def roles_that_may(process: TeamProcess, permission: Permission) -> tuple[str, ...]:
    """Return the roles of the process that hold a permission, in its order."""
    return tuple(role.id for role in process.roles if permission in role.may)
