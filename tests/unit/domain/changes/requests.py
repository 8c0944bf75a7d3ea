"""A change request, the process that controls it and the people in it, for the tests of this package."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any

from sluiceway.domain.approvals.casting import cast, check_vote
from sluiceway.domain.approvals.model import Vote, VoteKind
from sluiceway.domain.approvals.subjects import subject_hash
from sluiceway.domain.changes.deciding import close_vote, policies_of, settle, voters_for
from sluiceway.domain.changes.ids import change_id
from sluiceway.domain.changes.kinds import kind_of
from sluiceway.domain.changes.model import Change, ChangeFacts, Impact
from sluiceway.domain.changes.states import draft, submit
from sluiceway.domain.changes.subjects import subject_of
from sluiceway.domain.people.model import Directory
from sluiceway.domain.process.control import (
    Answer,
    Board,
    ChangeControl,
    ChangeKind,
    MatrixCriterion,
    Meeting,
    Question,
    RiskLevel,
    RiskModel,
    RiskRule,
)
from sluiceway.domain.process.team import ApprovalPolicy, ByRole, TeamProcess

NOW = datetime(2026, 6, 10, 9, 0, tzinfo=UTC)  # a Wednesday

BOARD = Board(
    "ccb",
    "Change Control Board",
    chair="cto",
    voting=("cto", "product", "engineering", "qa", "security"),
    advisory=("support",),
    quorum=3,
    emergency_quorum=1,
    meets=Meeting(weekday=1, at=time(10)),
)
RISK = RiskModel(
    levels=(RiskLevel("low", "Low", 0), RiskLevel("medium", "Medium", 35), RiskLevel("high", "High", 70)),
    rules=(
        RiskRule("risks", "high_risks > 0", "high", "At least one of its risks is high"),
        RiskRule("scope", "scope == 'major'", "medium", "Its scope is major"),
    ),
    questions=(
        Question(
            "users",
            "How many users notice?",
            3,
            (Answer("none", "None", 0), Answer("some", "Some", 2), Answer("all", "All", 4)),
        ),
        Question(
            "way-back", "How is it taken back?", 1, (Answer("t", "By traffic", 0), Answer("d", "Not", 10))
        ),
    ),
)
MATRIX = (
    MatrixCriterion("value", "Business value", 30),
    MatrixCriterion("complexity", "Complexity", 20, higher_is_better=False),
    MatrixCriterion("fit", "Fit", 50, low=0, high=4),
)
CONTROL = ChangeControl(
    kinds=(
        ChangeKind("normal", "Normal change", board="ccb", approvals=("tech",)),
        ChangeKind("standard", "Standard change", is_preapproved=True),
        ChangeKind("emergency", "Emergency", board="ccb", is_emergency=True, review_after_s=7 * 86_400),
        ChangeKind("orphan", "Orphan"),
    ),
    matrix=MATRIX,
    risk=RISK,
    boards=(BOARD,),
)
PROCESS = TeamProcess(
    "shop", "h", approvals=(ApprovalPolicy("tech", "Tech lead", ByRole("tech-lead")),), changes=CONTROL
)
PEOPLE = Directory(
    (
        ("tech-lead", ("tess",)),
        ("cto", ("carl",)),
        ("product", ("pia",)),
        ("engineering", ("eve",)),
        ("qa", ("quin",)),
        ("security", ("sam", "ada")),
        ("support", ("sue",)),
    )
)
FACTS = ChangeFacts(
    title="New tax rules",
    requestor="ada",
    description="Invoices follow the new law",
    business_justification="The law changes",
    impact=Impact(scope="minor"),
    acceptance_criteria=("All examples of the law pass",),
    service="billing",
    answers=(("users", "some"), ("way-back", "t")),
)


def after(hours: float) -> datetime:
    return NOW + timedelta(hours=hours)


def request(number: int = 1, *, author: str = "wim", **facts: Any) -> Change:
    """Return a draft with these facts changed."""
    return draft(change_id(2026, number), replace(FACTS, **facts), author, "h", NOW)


def submitted(number: int = 1, *, at: datetime = NOW, **facts: Any) -> Change:
    return submit(request(number, **facts), CONTROL, "wim", at)


def vote(
    change: Change,
    by: str,
    role: str,
    kind: VoteKind = VoteKind.APPROVE,
    *,
    conditions: Sequence[str] = (),
    at: datetime = NOW,
    people: Directory = PEOPLE,
) -> Change:
    """Return the change with a vote that must be taken, settled when that settles it."""
    policies = policies_of(kind_of(CONTROL, change.facts.kind), PROCESS)
    policy = next(each for each in policies if (role == "tech-lead") == (each.id == "tech"))
    subject = subject_of(change)
    given = Vote(by, kind, at, subject_hash(subject), role, "as I see it", tuple(conditions))
    voters = voters_for(change, PROCESS, policy, people, at)
    assert check_vote(policy, change.ballot(policy.id), given, subject, voters) is None
    ballot = cast(change.ballot(policy.id), given, subject)
    others = tuple(each for each in change.ballots if each.policy != policy.id)
    return settle(replace(change, ballots=(*others, ballot)), PROCESS, people, by, at)


def approved(number: int = 1, **facts: Any) -> Change:
    """Return a change that its tech lead and its board agreed to."""
    change = vote(submitted(number, **facts), "tess", "tech-lead")
    for by, role in (("carl", "cto"), ("pia", "product"), ("quin", "qa")):
        change = vote(change, by, role)
    return close_vote(change, PROCESS, PEOPLE, "carl", after(1))
