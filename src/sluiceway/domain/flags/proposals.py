"""Edits of flags and segments, and proposals of edits that wait for somebody's yes.

What an edit holds are documents as `wire` writes them, so that what was agreed to is what is applied, letter
by letter. Who may agree is said by an approval policy of the process; votes are counted by `approvals`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from sluiceway.domain.approvals.model import Ballot, Subject


class ItemKind(StrEnum):
    """What a set of flags is made of."""

    FLAG = "flag"
    SEGMENT = "segment"


@dataclass(frozen=True, slots=True)
class ItemEdit:
    """One flag or segment before and after; "" where it is not there.

    `base` is the version it had when the edit was written, 0 when it was not there.
    """

    kind: ItemKind
    id: str
    base: int
    before: str
    after: str


class ProposalState(StrEnum):
    WAITING = "waiting"
    APPLIED = "applied"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Proposal:
    """Edits of one service's set in one environment that wait for an approval, or did.

    `policy` is the id of the approval policy in the process. `act` is what the edits do, as the audit trail
    calls it.
    """

    id: str
    service: str
    environment: str
    act: str
    edits: tuple[ItemEdit, ...]
    lines: tuple[str, ...]  # what it would change, for people
    by: str
    at: datetime
    why: str
    policy: str
    state: ProposalState = ProposalState.WAITING
    ballot: Ballot = field(default_factory=lambda: Ballot(""))
    settled_at: datetime | None = None
    settled_by: str = ""
    settled_why: str = ""
    undoes: int | None = None


def subject_of(proposal: Proposal) -> Subject:
    """Return what a vote on the proposal is given on: every document, and the versions it is written for."""
    edits = "\n".join(f"{one.kind} {one.id} {one.base}\n{one.before}\n{one.after}" for one in proposal.edits)
    return (("service", proposal.service), ("environment", proposal.environment), ("edits", edits))
