"""People, policies and votes that tests of approvals share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sluiceway.domain.approvals.casting import cast, check_vote
from sluiceway.domain.approvals.counting import outcome
from sluiceway.domain.approvals.model import Ballot, Outcome, Standing, Subject, Vote, VoteKind
from sluiceway.domain.approvals.subjects import subject_hash
from sluiceway.domain.approvals.voters import Voters
from sluiceway.domain.people.model import Absence, Directory
from sluiceway.domain.process.control import Board
from sluiceway.domain.process.team import ApprovalPolicy, Rule

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SUBJECT: Subject = (("version", "2.0.0"), ("scope", "feature: search"))
OTHER: Subject = (("version", "2.1.0"), ("scope", "feature: search"))
TITLES = {"cto": "CTO", "qa-lead": "QA lead", "tech-lead": "Tech lead", "ux-lead": "UX lead"}
BOARD = Board(
    "ccb",
    "Change Control Board",
    chair="cto",
    voting=("cto", "qa-lead", "tech-lead", "product-owner"),
    advisory=("ux-lead",),
    quorum=3,
    emergency_quorum=2,
)
MEMBERS = (
    ("cto", ("ada",)),
    ("qa-lead", ("grace", "heidi")),
    ("tech-lead", ("bob", "cid")),
    ("product-owner", ("olga",)),
    ("engineer", ("bob", "cid", "dan", "eve")),
    ("ux-lead", ("uma",)),
)


def a_policy(
    rule: Rule,
    *,
    separate: tuple[str, ...] = ("author",),
    expires_s: float = 0.0,
    rejections: int = 1,
) -> ApprovalPolicy:
    return ApprovalPolicy(
        "sign-off", "Sign-off", rule, separate=separate, expires_s=expires_s, rejections=rejections
    )


def the_voters(
    *absences: Absence,
    members: tuple[tuple[str, tuple[str, ...]], ...] = MEMBERS,
    barred: dict[str, str] | None = None,
    board: Board = BOARD,
    now: datetime = NOW,
    is_open: bool = False,
    is_emergency: bool = False,
) -> Voters:
    people = Directory(() if is_open else members, absences, is_open=is_open)
    return Voters(people, now, barred or {}, {board.id: board}, TITLES, is_emergency)


def yes(by: str, role: str = "", *, for_: str = "", at: datetime = NOW, on: Subject = SUBJECT) -> Vote:
    return Vote(by, VoteKind.APPROVE, at, subject_hash(on), role, on_behalf_of=for_)


def no(by: str, role: str = "", why: str = "not ready", *, at: datetime = NOW, on: Subject = SUBJECT) -> Vote:
    return Vote(by, VoteKind.REJECT, at, subject_hash(on), role, why)


def said(kind: VoteKind, by: str, role: str = "", comment: str = "", for_: str = "") -> Vote:
    return Vote(by, kind, NOW, subject_hash(SUBJECT), role, comment, on_behalf_of=for_)


def only_if(by: str, role: str, *conditions: str) -> Vote:
    return replace(yes(by, role), kind=VoteKind.APPROVE_IF, conditions=conditions)


def ballot(*votes: Vote, on: Subject = SUBJECT) -> Ballot:
    found = Ballot("sign-off")
    for vote in votes:
        found = cast(found, vote, on)
    return found


def count(policy: ApprovalPolicy, *votes: Vote, voters: Voters | None = None) -> Outcome:
    return outcome(policy, ballot(*votes), SUBJECT, voters or the_voters())


def standing(policy: ApprovalPolicy, *votes: Vote, voters: Voters | None = None) -> Standing:
    return count(policy, *votes, voters=voters).standing


def refused(
    policy: ApprovalPolicy, vote: Vote, *before: Vote, voters: Voters | None = None, on: Subject = SUBJECT
) -> str | None:
    return check_vote(policy, ballot(*before), vote, on, voters or the_voters())


def taken(policy: ApprovalPolicy, votes: Sequence[Vote], voters: Voters) -> Ballot:
    """Return the ballot of those votes that were not refused, in order."""
    found = Ballot(policy.id)
    for vote in votes:
        if check_vote(policy, found, vote, SUBJECT, voters) is None:
            found = cast(found, vote, SUBJECT)
    return found


def away(person: str, alternate: str = "", *, days: int = 7) -> Absence:
    return Absence(person, NOW - timedelta(days=1), NOW + timedelta(days=days), alternate)
