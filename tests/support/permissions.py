"""What a route or command can ask of whoever uses it, and the process whose roles the permission walk plays.

`needs(RIGHT)` is the rule; `Known` (any login will do) and `Open` (strangers too) carry the reason why they
are exceptions, `Local` why a command asks no server. See `permissions_of_routes` and `_of_commands`.
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass
from itertools import combinations

from sluiceway.domain.process.team import Permission

SERVICE = "checkout"


@dataclass(frozen=True)
class Open:
    """Strangers are let in."""

    reason: str


@dataclass(frozen=True)
class Local:
    """The command asks no server: it works on files that whoever runs it can read and write anyway."""

    reason: str


@dataclass(frozen=True)
class Known:
    """Everybody with a login may."""

    reason: str


@dataclass(frozen=True)
class Needs:
    """Somebody with all the `wrong` roles is refused, somebody with the `right` ones is not."""

    wrong: tuple[str, ...]
    right: tuple[str, ...]


Rule = Open | Local | Known | Needs


def needs(right: Permission, *or_else: Permission) -> Needs:
    """Return the rule of a right for SERVICE: all others together are not enough, this one alone is.

    `or_else` are rights that would be enough as well.
    """
    if right is Permission.READ:  # whoever plays a role of the process may read
        return Needs((f"sender@{SERVICE}", "viewer@another"), (f"viewer@{SERVICE}",))
    wrong = _all_but({right, *or_else})
    return Needs((f"{wrong}@{SERVICE}", "admin@another"), (f"only-{right}@{SERVICE}",))


def and_also(rule: Needs, right: Permission) -> Needs:
    """Return a rule that asks for a second right, too."""
    return Needs(rule.wrong, (*rule.right, f"only-{right}@{SERVICE}"))


def needs_everywhere(right: Permission) -> Needs:
    """Return the rule of a right that a service's own administrator does not have."""
    if right is Permission.READ:
        return Needs((f"admin@{SERVICE}", "sender"), ("viewer",))
    return Needs((f"admin@{SERVICE}", "operator", "viewer", "sender"), ("admin",))


_CONTAINING = ((Permission.ROLLOUT, Permission.ROLL_BACK), (Permission.FLAG, Permission.KILL))


def walk_process() -> str:
    """Return a process with a role for each right alone, and one for all the others."""
    lines = [f"name: {SERVICE}", "roles:"]
    lines += [f"  - {{id: only-{right}, title: Only {right}, may: [{right}]}}" for right in Permission]
    for without in [{right} for right in Permission] + [{*pair} for pair in combinations(Permission, 2)]:
        # Whoever may roll out may roll back, and so on: that is what is left without the latter.
        left = without | {more for more, less in _CONTAINING if less in without}
        others = ", ".join(one for one in Permission if one not in left)
        lines.append(f"  - {{id: {_all_but(without)}, title: All but some, may: [{others}]}}")
    lines += [
        "types:",
        "  - {id: minor, title: Minor, version: X.Y.0, path: [draft, closed]}",
        "changes:",
        "  kinds: [{id: normal, title: Normal, board: board}]",
        "  boards: [{id: board, title: Board, chair: only-board, voting: [only-board]}]",
        "approvals:",
        "  - {id: flags, title: Flags, rule: {role: only-approve}}",
        "flags: {environments: {staging: {approval: flags}}}",
        "phases:",
        "  - {id: draft, title: Draft}",
        "  - {id: closed, title: Closed, kind: end}",
        "checklists:",
        "  - {id: before, title: Before, at: T, items: [{id: backup, text: Data is backed up}]}",
        "runbooks:",
        "  - {id: drill, title: Drill, steps: [{id: look, title: Look, manual: true}]}",
    ]
    return "\n".join(lines) + "\n"


def _all_but(rights: Set[Permission]) -> str:
    return f"all-but-{'-'.join(sorted(rights))}"


READ, ADMIN = needs(Permission.READ), needs_everywhere(Permission.ADMIN)
FLAG, KILL = needs(Permission.FLAG), needs(Permission.KILL)
