"""A shop whose changes a board decides on: its process, its people, and a request with all its fields."""

from __future__ import annotations

import shutil
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sluiceway.domain.approvals.model import VoteKind
from sluiceway.domain.changes.model import ChangeFacts, Impact, RiskEntry
from sluiceway.domain.people.model import Principal
from sluiceway.domain.releases.model import Facts
from sluiceway.services.boards import BoardService
from sluiceway.services.change_views import ChangeView
from sluiceway.services.changes import ChangeService
from tests.unit.services.desk import Office, open_office

SHOP = "shop"
BOARD = "ccb"
PEOPLE = {"olga": "owner", "carl": "cto", "quin": "qa", "sam": "security", "sue": "support"}
PROCESS = """\
name: shop
roles:
  - {id: owner, title: Product owner, may: [change, plan]}
  - {id: cto, title: CTO, may: [approve, board, override]}
  - {id: qa, title: QA lead, may: [approve, check]}
  - {id: security, title: Security lead, may: [approve]}
  - {id: support, title: Support lead, may: [approve]}
types:
  - {id: minor, title: Minor, version: X.Y.0, path: [draft, closed]}
phases:
  - {id: draft, title: Draft}
  - {id: closed, title: Closed, kind: end}
calendar:
  zone: Europe/Berlin
  freezes: [{id: spring, title: Spring sale, first: 2026-03-02, last: 2026-03-06}]
approvals:
  - {id: tech, title: Technical sign-off, rule: {role: security}, separate: [author, requestor]}
changes:
  kinds:
    - {id: normal, title: Normal change, board: ccb}
    - {id: careful, title: Careful change, board: ccb, approvals: [tech]}
    - {id: standard, title: Standard change, preapproved: true}
    - {id: emergency, title: Emergency change, board: ccb, emergency: true, review_after: 1w}
  matrix:
    - {id: value, title: Business value, weight: 60%}
    - {id: complexity, title: Complexity, weight: 40%, higher_is_better: false}
  risk:
    levels: [{id: low, title: Low, from: 0}, {id: high, title: High, from: 50}]
    rules: [{id: major, condition: "scope == 'major'", level: high, reason: Its scope is major}]
    questions:
      - id: users
        text: How many users notice?
        weight: 1
        answers: [{id: none, text: None, points: 0}, {id: all, text: All, points: 10}]
  boards:
    - {id: ccb, title: Change board, chair: cto, voting: [cto, qa, security], advisory: [support], quorum: 2,
       emergency_quorum: 1, meets: {weekday: tue, at: "10:00", minutes: 30}, criteria: ["Is it worth it?"]}
"""
FACTS = ChangeFacts(
    title="Pay by invoice",
    requestor="",
    description="Customers may pay later",
    business_justification="They ask for it",
    impact=Impact("minor", "2 weeks", risks=(RiskEntry("Nobody pays", "low", "medium", "Limits"),)),
    acceptance_criteria=("An invoice arrives",),
    answers=(("users", "none"),),
)


@dataclass
class BoardRoom:
    """People with accounts: olga asks for changes; carl, quin and sam vote; sue advises."""

    office: Office
    olga: Principal
    carl: Principal
    quin: Principal
    sam: Principal
    sue: Principal

    @property
    def changes(self) -> ChangeService:
        return self.office.services.changes

    @property
    def boards(self) -> BoardService:
        return self.office.services.boards

    def draft(self, **facts: Any) -> str:
        """Return the id of a new request of olga's."""
        given = replace(FACTS, **facts)
        return self.changes.new(given, self.olga, service=SHOP).summary.id

    def submitted(self, **facts: Any) -> str:
        change = self.draft(**facts)
        self.changes.submit(change, self.olga)
        return change

    def agree(self, change: str, *conditions: str) -> ChangeView:
        """Let carl and quin vote for it, quin on conditions if there are any, and carl close the vote."""
        self.changes.vote(change, VoteKind.APPROVE, self.carl)
        kind = VoteKind.APPROVE_IF if conditions else VoteKind.APPROVE
        self.changes.vote(change, kind, self.quin, conditions=conditions)
        return self.changes.decide(change, self.carl)

    def approved(self, *conditions: str, **facts: Any) -> str:
        change = self.submitted(**facts)
        self.agree(change, *conditions)
        return change

    def release(self, version: str = "1.1.0", **facts: Any) -> str:
        given = replace(Facts(version, "minor"), **facts)
        return self.office.services.releases.new(SHOP, given, self.olga).summary.id


@dataclass(frozen=True)
class Furnished:
    """A folder with a database in which the process is in force and everybody has an account."""

    folder: Path
    people: dict[str, Principal]


def furnish(folder: Path) -> Furnished:
    """Set the shop up once; `open_room` works on copies."""
    with open_office(folder) as office:
        office.put_process(SHOP, PROCESS)
        people = {name: office.person(name, f"{role}@{SHOP}") for name, role in PEOPLE.items()}
    return Furnished(folder, people)


@contextmanager
def open_room(furnished: Furnished, folder: Path) -> Generator[BoardRoom]:
    """Yield a board room of its own, in an empty folder."""
    shutil.copytree(furnished.folder, folder, dirs_exist_ok=True)
    with open_office(folder) as office:
        yield BoardRoom(office, **furnished.people)
