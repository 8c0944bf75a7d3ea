"""Whoever a pack asks for something may do it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sluiceway.config import parse_process
from sluiceway.domain.process.team import (
    AllOf,
    AnyOf,
    ByBoard,
    ByPeople,
    ByRole,
    ByWeight,
    Permission,
    Rule,
    TeamProcess,
)
from sluiceway.packs import pack_names, pack_text


def asked(team: TeamProcess) -> Iterator[tuple[str, str, Permission]]:
    """Yield what a role is asked for, the role, and what it must be allowed for it."""
    for gate in team.gates:
        yield from ((f"gate {gate.id}", role, Permission.ATTEST) for role in gate.attested_by)
        yield from ((f"waiver of {gate.id}", role, Permission.OVERRIDE) for role in gate.waived_by)
    for policy in team.approvals:
        yield from ((f"approval {policy.id}", role, Permission.APPROVE) for role in roles_of(policy.rule))
    for board in team.changes.boards:
        yield from ((f"board {board.id}", role, Permission.APPROVE) for role in board.voting)
        yield f"chair of {board.id}", board.chair, Permission.BOARD
    for checklist in team.checklists:
        owners = {item.owner or checklist.owner for item in checklist.items} - {""}
        yield from ((f"checklist {checklist.id}", role, Permission.CHECK) for role in sorted(owners))
    for runbook in team.runbooks:
        owners = {step.owner or runbook.owner for step in runbook.steps} - {""}
        yield from ((f"runbook {runbook.id}", role, Permission.CHECK) for role in sorted(owners))


def roles_of(rule: Rule) -> Iterator[str]:
    match rule:
        case ByRole(role=role):
            yield role
        case ByWeight(weights=weights):
            yield from (role for role, _ in weights)
        case AllOf(rules=rules) | AnyOf(rules=rules):
            for each in rules:
                yield from roles_of(each)
        case ByBoard() | ByPeople():
            return


@pytest.mark.parametrize("pack", pack_names())
def test_whoever_is_asked_may_do_it(pack: str) -> None:
    team = parse_process(pack_text(pack), f"{pack}.yaml").team
    assert team is not None
    may = {role.id: role.may for role in team.roles}

    assert [(what, role, needed.value) for what, role, needed in asked(team) if needed not in may[role]] == []
