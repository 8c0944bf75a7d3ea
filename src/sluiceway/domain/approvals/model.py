"""Votes on something that must be agreed to, and what they add up to.

What is voted on is a *subject*: named texts, known by the hash of them all. A vote counts for the subject it
was given on; when the subject changes it is asked for again. Who may vote is said by
`domain.process.team.ApprovalPolicy` and, for boards, `domain.process.control.Board`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

Subject = tuple[tuple[str, str], ...]  # name and text of each part, in a fixed order


class VoteKind(StrEnum):
    APPROVE = "approve"
    APPROVE_IF = "approve-if"  # on conditions, which become checklist items
    REJECT = "reject"
    ABSTAIN = "abstain"
    WITHDRAW = "withdraw"  # takes one's earlier vote back
    COMMENT = "comment"  # no vote


@dataclass(frozen=True, slots=True)
class Vote:
    """What one person said. A later vote of the same person in the same role replaces the earlier one.

    `role` is the role it was given in, "" when the rule names people. `on_behalf_of` is the person who is
    away and whose alternate voted. `subject_hash` is the SHA-256 (hex) of what was in front of the voter.
    """

    by: str
    kind: VoteKind
    at: datetime
    subject_hash: str
    role: str = ""
    comment: str = ""
    conditions: tuple[str, ...] = ()
    on_behalf_of: str = ""

    @property
    def voter(self) -> str:
        """Whose vote it is: the person who is away, when an alternate gave it."""
        return self.on_behalf_of or self.by

    @property
    def agrees(self) -> bool:
        return self.kind in {VoteKind.APPROVE, VoteKind.APPROVE_IF}


@dataclass(frozen=True, slots=True)
class Ballot:
    """The votes under one policy. `subjects` keeps what each hash stood for, to say what has changed."""

    policy: str
    votes: tuple[Vote, ...] = ()
    subjects: tuple[tuple[str, Subject], ...] = ()


class Standing(StrEnum):
    WAITING = "waiting"
    APPROVED = "approved"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A vote that is missing: in which role or from which people, how many, and who could give it now."""

    what: str  # for people: "1 of QA lead"
    role: str = ""
    people: tuple[str, ...] = ()
    count: int = 1


@dataclass(frozen=True, slots=True)
class Void:
    """A vote that does not count and why: not this role any more, expired, what was approved changed."""

    vote: Vote
    reason: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a ballot adds up to. `sentence` says it to people and names the policy.

    `ahead` holds valid votes of rules whose turn has not come, `advisory` those that are shown only.
    """

    standing: Standing
    sentence: str
    counted: tuple[Vote, ...] = ()
    void: tuple[Void, ...] = ()
    wanted: tuple[Wanted, ...] = ()
    conditions: tuple[str, ...] = ()
    expires_at: datetime | None = None  # when the first counted vote runs out
    ahead: tuple[Vote, ...] = ()
    advisory: tuple[Vote, ...] = ()
