"""The rules of an approval policy taken apart: which votes each asks for, and how it reads to people."""

from __future__ import annotations

from collections.abc import Iterator
from typing import assert_never

from sluiceway.domain.approvals.voters import Voters
from sluiceway.domain.approvals.wording import listed
from sluiceway.domain.process.team import AllOf, AnyOf, ByBoard, ByPeople, ByRole, ByWeight, Rule

Leaf = ByRole | ByPeople | ByBoard | ByWeight  # the rules that count votes


def leaves(rule: Rule) -> Iterator[Leaf]:
    """Yield the rules that count votes, in reading order."""
    if isinstance(rule, AllOf | AnyOf):
        for inner in rule.rules:
            yield from leaves(inner)
    else:
        yield rule


def roles_asked(leaf: Leaf, voters: Voters) -> tuple[str, ...]:
    """Return the roles whose votes a rule counts; none when it names people."""
    match leaf:
        case ByRole(role=role):
            return (role,)
        case ByPeople():
            return ()
        case ByBoard(board=board):
            return voters.board(board).voting
        case ByWeight(weights=weights):
            return tuple(role for role, _ in weights)
        case _:
            assert_never(leaf)


def accepts(leaf: Leaf, role: str, voter: str, voters: Voters) -> bool:
    """Return whether the rule counts a vote that is `voter`'s, given in `role` ("" for by name)."""
    if isinstance(leaf, ByPeople):
        return not role and voter in leaf.people
    return role in roles_asked(leaf, voters)


def advisory_roles(rule: Rule, voters: Voters) -> tuple[str, ...]:
    """Return the roles whose votes a board of the rule hears and nothing in it counts."""
    counted = {role for leaf in leaves(rule) for role in roles_asked(leaf, voters)}
    heard = [
        role
        for leaf in leaves(rule)
        if isinstance(leaf, ByBoard)
        for role in voters.board(leaf.board).advisory
    ]
    return tuple(dict.fromkeys(role for role in heard if role not in counted))


def rule_words(rule: Rule, voters: Voters) -> str:
    """Return who must agree: `2 of QA lead, then the Change Control Board`."""
    match rule:
        case ByRole(role=role, count=count):
            return f"{count} of {voters.title(role)}"
        case ByPeople(people=people, count=count):
            return f"{count} of {listed(people, 'or')}"
        case ByBoard(board=board):
            return f"the {voters.board(board).title}"
        case ByWeight(weights=weights, at_least=least):
            each = [f"{voters.title(role)} {weight}" for role, weight in weights]
            return f"votes worth {least} ({listed(each)})"
        case AllOf(in_order=in_order):
            return _nested(rule, voters, ", then " if in_order else " and ")
        case AnyOf(rules=rules, count=count):
            words = _nested(rule, voters, " or ")
            return words if count == 1 else f"{count} of {len(rules)}: {words}"
        case _:
            assert_never(rule)


def _nested(rule: AllOf | AnyOf, voters: Voters, between: str) -> str:
    return between.join(
        f"({rule_words(inner, voters)})" if isinstance(inner, AllOf | AnyOf) else rule_words(inner, voters)
        for inner in rule.rules
    )
