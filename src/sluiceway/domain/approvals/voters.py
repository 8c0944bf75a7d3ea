"""Who may vote at one moment: roles held, people away and who stands in, who is barred.

Which votes a rule asks for is the business of `rules`, what they add up to that of `counting`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sluiceway.domain.approvals.model import Vote
from sluiceway.domain.approvals.wording import instant
from sluiceway.domain.people.model import Directory
from sluiceway.domain.process.control import Board
from sluiceway.domain.process.team import ApprovalPolicy
from sluiceway.errors import RuleError

_DUTIES = {
    "author": "wrote it",
    "manager": "manages it",
    "requestor": "asked for it",
    "implementer": "carries it out",
}


@dataclass(frozen=True, slots=True)
class Voters:
    """Everything about people that a rule is judged by.

    `barred` says of a person why they may not vote: "wrote it". `boards` and `titles` are looked up by id;
    a role without a title goes by its id. `is_emergency`: boards decide with their smaller quorum.
    """

    directory: Directory
    now: datetime
    barred: Mapping[str, str] = field(default_factory=dict[str, str])
    boards: Mapping[str, Board] = field(default_factory=dict[str, Board])
    titles: Mapping[str, str] = field(default_factory=dict[str, str])
    is_emergency: bool = False

    def title(self, role: str) -> str:
        return self.titles.get(role, role)

    def board(self, board: str) -> Board:
        """Return a board. Raises RuleError when the process has none of this id."""
        if board not in self.boards:
            raise RuleError(f'the approval asks the board "{board}", which the process does not have')
        return self.boards[board]

    def in_role(self, role: str) -> tuple[str, ...]:
        """Return who could vote in the role now: holders who are there, alternates of those who are away."""
        return self.of(self.directory.people_in(role))

    def of(self, people: Sequence[str]) -> tuple[str, ...]:
        """Return who could vote for these people now: nobody who is barred, nor for somebody who is."""
        if not self.directory.absences and not self.barred:
            return tuple(dict.fromkeys(people))
        found: dict[str, None] = {}
        for person in people:
            gone = self.directory.away(person, self.now)
            voter = gone.alternate if gone else person
            if voter and not {person, voter} & self.barred.keys():
                found[voter] = None
        return tuple(found)

    def why_not(self, person: str) -> str:
        """Return why neither this person nor an alternate can vote now, "" when one can."""
        if person in self.barred:
            return f"{person} {self.barred[person]}"
        gone = self.directory.away(person, self.now)
        if gone is None:
            return ""
        away = f"{person} is away until {instant(gone.until)}"
        if not gone.alternate:
            return f"{away} and nobody stands in"
        if gone.alternate in self.barred:
            return f"{away} and {gone.alternate}, who stands in, {self.barred[gone.alternate]}"
        return ""

    def words(self, vote: Vote) -> str:
        """Return who voted and as what: `ada (QA lead, for grace)`."""
        parts = [self.title(vote.role)] if vote.role else []
        parts += [f"for {vote.on_behalf_of}"] if vote.on_behalf_of else []
        return f"{vote.by} ({', '.join(parts)})" if parts else vote.by


def barred_people(policy: ApprovalPolicy, people: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Return who may not vote under the policy and why. `people` says who is the "author", the "manager"...

    A person with several of these parts is named with the first in the policy's order.
    """
    barred: dict[str, str] = {}
    for duty in policy.separate:
        for person in people.get(duty, ()):
            if person:
                barred.setdefault(person, _DUTIES.get(duty, f"is its {duty}"))
    return barred
