"""What the votes of a ballot add up to under an approval policy, in figures and in words.

Each rule is counted by `tallies`; whether a vote is accepted in the first place is the business of `casting`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sluiceway.domain.approvals.model import Ballot, Outcome, Standing, Subject, Void, Vote, VoteKind
from sluiceway.domain.approvals.sifting import Sifted, expiry, sift
from sluiceway.domain.approvals.tallies import Tally, rejections, tally
from sluiceway.domain.approvals.voters import Voters
from sluiceway.domain.approvals.wording import instant, listed, quoted
from sluiceway.domain.people.model import Directory
from sluiceway.domain.process.control import Board
from sluiceway.domain.process.team import ApprovalPolicy


def count_votes(
    policy: ApprovalPolicy,
    ballot: Ballot,
    subject: Subject,
    directory: Directory,
    now: datetime,
    *,
    barred: Mapping[str, str] | None = None,
    boards: Mapping[str, Board] | None = None,
    titles: Mapping[str, str] | None = None,
    is_emergency: bool = False,
) -> Outcome:
    """Return what the ballot adds up to for this subject at `now`.

    `barred` says of a person why they may not vote (`voters.barred_people` finds out), `boards` holds the
    process's boards by id, `titles` those of roles. With `is_emergency` boards use their smaller quorum.
    Raises RuleError when the policy asks a board that is not among `boards`. Source: docs/approvals.md.
    """
    return outcome(
        policy,
        ballot,
        subject,
        Voters(directory, now, barred or {}, boards or {}, titles or {}, is_emergency),
    )


def outcome(policy: ApprovalPolicy, ballot: Ballot, subject: Subject, voters: Voters) -> Outcome:
    """Return what `count_votes` does, for those who have `Voters` already."""
    sifted = sift(policy, ballot, subject, voters)
    found = tally(policy.rule, sifted.standing, voters)
    against = rejections(policy.rule, sifted.standing, voters)
    is_refused = 0 < policy.rejections <= len(against)
    counted = tuple(vote for vote in sifted.standing if vote in (*found.counted, *against))
    runs_out = [at for vote in counted if (at := expiry(policy, vote)) is not None]
    conditions = tuple(
        condition for vote in counted if vote.kind is VoteKind.APPROVE_IF for condition in vote.conditions
    )
    void = (*sifted.void, *_doubled(sifted, found, counted))
    expires_at = min(runs_out, default=None)
    if is_refused:
        standing, words = Standing.REJECTED, _rejected(policy, against, voters)
    else:
        standing, words = found.standing, _sentence(policy, found, conditions, expires_at, void)
    return Outcome(
        standing,
        words,
        counted,
        void,
        found.wanted if standing is Standing.WAITING else (),
        conditions,
        expires_at,
        tuple(vote for vote in found.ahead if vote not in counted),
        sifted.advisory,
    )


def _doubled(sifted: Sifted, found: Tally, counted: tuple[Vote, ...]) -> tuple[Void, ...]:
    """Return the votes that stand and are in nobody's count: their voter or seat counts by another one."""
    used = (*counted, *found.ahead)
    return tuple(
        Void(vote, "another vote counts in its place: one per person, and per seat of a board")
        for vote in sifted.standing
        if vote not in used
    )


def _rejected(policy: ApprovalPolicy, against: tuple[Vote, ...], voters: Voters) -> str:
    who = listed([f"{voters.words(vote)}{quoted(vote.comment)}" for vote in against])
    return f"{policy.title} is refused by {who}"


def _sentence(
    policy: ApprovalPolicy,
    found: Tally,
    conditions: tuple[str, ...],
    expires_at: datetime | None,
    void: tuple[Void, ...],
) -> str:
    own = f"the {policy.title}: "  # an approval that goes by its board's name says so once
    figures = found.words.removeprefix(own)
    if found.standing is Standing.REJECTED:
        by = f"refuses: {figures}" if figures != found.words else f"is refused by {found.words}"
        return f"{policy.title} {by}"
    if found.standing is Standing.APPROVED:
        by = f"agrees: {figures}" if figures != found.words else f"is given by {found.words}"
        plural = "condition" if len(conditions) == 1 else "conditions"
        on = f", on {len(conditions)} {plural}" if conditions else ""
        until = f", until {instant(expires_at)}" if expires_at else ""
        return f"{policy.title} {by}{on}{until}"
    lost = "".join(f"; {one.vote.by}'s vote does not count: {one.reason}" for one in void)
    return f"{policy.title} waits for {found.words}{lost}"
