"""What somebody may do with a change request where it is, by the names of the acts.

The acts themselves ask again; this is for showing people only what can be done.
"""

from __future__ import annotations

from sluiceway.domain.approvals.casting import Capacity, capacities
from sluiceway.domain.changes.deciding import Verdict, board_of, board_policy, policies_of, voters_for
from sluiceway.domain.changes.kinds import review_due_at
from sluiceway.domain.changes.model import ChangeState
from sluiceway.domain.changes.states import MOVES, OPEN
from sluiceway.domain.people.model import Principal
from sluiceway.domain.process.team import ApprovalPolicy, Permission
from sluiceway.services.change_scene import ChangeScene

_EDITABLE = frozenset({ChangeState.DRAFT, ChangeState.SUBMITTED, ChangeState.APPROVED, ChangeState.SCHEDULED})
_MOVES = {
    "take-back": ChangeState.DRAFT,
    "withdraw": ChangeState.WITHDRAWN,
    "start": ChangeState.IN_PROGRESS,
    "finish": ChangeState.DONE,
}


def acts_of(scene: ChangeScene, by: Principal, rights: frozenset[str]) -> tuple[str, ...]:
    """Return the acts that are open to the viewer; `rights` are what they may do for the service."""
    change, following = scene.change, MOVES[scene.change.state]
    found: list[str] = []
    if Permission.CHANGE in rights:
        found += ["edit", "answer"] if change.state in _EDITABLE else []
        found += ["submit"] if change.state is ChangeState.DRAFT else []
        found += [act for act, state in _MOVES.items() if state in following]
        found += ["schedule"] if change.state in {ChangeState.APPROVED, ChangeState.SCHEDULED} else []
    if Permission.PLAN in rights:
        found += ["link"] if change.state in OPEN else []
        found += ["unlink"] if change.releases else []
    if Permission.APPROVE in rights and change.state is ChangeState.SUBMITTED:
        found += ["vote"] if any(ways_to_vote(scene, one, by) for one in policies(scene)) else []
        found += ["score"] if score_roles(scene, by) else []
    if Permission.BOARD in rights:
        found += ["decide"] if _has_open_vote(scene, scene.verdicts()) else []
        found += ["review"] if scene.kind and review_due_at(change, scene.kind) is not None else []
    if Permission.READ in rights:
        found.append("comment")
    return tuple(found)


def policies(scene: ChangeScene) -> tuple[ApprovalPolicy, ...]:
    """Return what the request's kind asks for, empty when the process has no such kind any more."""
    return () if scene.kind is None else policies_of(scene.kind, scene.team)


def ways_to_vote(scene: ChangeScene, policy: ApprovalPolicy, by: Principal) -> tuple[Capacity, ...]:
    """Return in which roles, and for whom, somebody may vote under one policy now."""
    voters = voters_for(scene.change, scene.team, policy, scene.current.directory, scene.now)
    return capacities(policy, by.name, voters)


def score_roles(scene: ChangeScene, by: Principal) -> tuple[str, ...]:
    """Return the roles in which somebody may score the request: theirs on its board, where there is one.

    Nobody scores their own request. Empty when the process has no matrix.
    """
    if not scene.team.changes.matrix or scene.kind is None:
        return ()
    if scene.kind.board:
        asked: tuple[ApprovalPolicy, ...] = (board_policy(board_of(scene.team, scene.kind.board)),)
    else:
        asked = policies(scene)
    ways = (way for policy in asked for way in ways_to_vote(scene, policy, by))
    return tuple(dict.fromkeys(way.role for way in ways if not way.on_behalf_of))


def _has_open_vote(scene: ChangeScene, verdicts: tuple[Verdict, ...]) -> bool:
    is_waiting = scene.change.state is ChangeState.SUBMITTED
    return is_waiting and any(one.is_board and one.decision is None for one in verdicts)
