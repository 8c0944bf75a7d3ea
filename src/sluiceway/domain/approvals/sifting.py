"""Which votes of a ballot stand: each person's latest, on what is in front of us now, by whoever may vote.

What stands is added up by `counting`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sluiceway.domain.approvals.model import Ballot, Subject, Void, Vote, VoteKind
from sluiceway.domain.approvals.rules import accepts, advisory_roles, leaves
from sluiceway.domain.approvals.subjects import subject_hash, what_changed
from sluiceway.domain.approvals.voters import Voters
from sluiceway.domain.approvals.wording import instant, listed
from sluiceway.domain.process.team import ApprovalPolicy


@dataclass(frozen=True, slots=True)
class Sifted:
    """Votes that stand, those that don't and why, those that are shown only; each oldest first."""

    standing: tuple[Vote, ...]
    void: tuple[Void, ...]
    advisory: tuple[Vote, ...]


def latest_votes(ballot: Ballot) -> tuple[Vote, ...]:
    """Return the last word of each person in each role, without those taken back, oldest first."""
    latest: dict[tuple[str, str], Vote] = {}
    for vote in ballot.votes:
        if vote.kind is VoteKind.COMMENT:
            continue
        latest.pop((vote.voter, vote.role), None)
        if vote.kind is not VoteKind.WITHDRAW:
            latest[vote.voter, vote.role] = vote
    return tuple(latest.values())


def sift(policy: ApprovalPolicy, ballot: Ballot, subject: Subject, voters: Voters) -> Sifted:
    """Return which votes stand under the policy for this subject."""
    standing: list[Vote] = []
    void: list[Void] = []
    advisory: list[Vote] = []
    advising = advisory_roles(policy.rule, voters)
    for vote in latest_votes(ballot):
        reason = _why_void(policy, ballot, vote, subject, voters)
        if reason:
            void.append(Void(vote, reason))
        elif vote.role in advising:
            advisory.append(vote)
        else:
            standing.append(vote)
    return Sifted(tuple(standing), tuple(void), tuple(advisory))


def expiry(policy: ApprovalPolicy, vote: Vote) -> datetime | None:
    """Return when an approval runs out, None when it never does. Rejections stay until taken back."""
    if not vote.agrees or policy.expires_s <= 0:
        return None
    return vote.at + timedelta(seconds=policy.expires_s)


def _why_void(
    policy: ApprovalPolicy, ballot: Ballot, vote: Vote, subject: Subject, voters: Voters
) -> str | None:
    if vote.subject_hash != subject_hash(subject):
        return _changed_since(ballot, vote, subject)
    asked = any(accepts(leaf, vote.role, vote.voter, voters) for leaf in leaves(policy.rule))
    if not asked and vote.role not in advisory_roles(policy.rule, voters):
        return (
            f"{policy.title} asks for no vote {f'as {voters.title(vote.role)}' if vote.role else 'by name'}"
        )
    for person in (vote.by, vote.voter):
        if person in voters.barred:
            return f"{person} {voters.barred[person]}"
    if vote.role and not voters.directory.holds(vote.voter, vote.role):
        return f"{vote.voter} is not {voters.title(vote.role)} any more"
    runs_out = expiry(policy, vote)
    if runs_out is not None and voters.now >= runs_out:
        return f"it ran out on {instant(runs_out)}"
    return None


def _changed_since(ballot: Ballot, vote: Vote, subject: Subject) -> str:
    kept = dict(ballot.subjects).get(vote.subject_hash)
    changes = what_changed(kept, subject) if kept is not None else ()
    detail = f": {listed(changes)}" if changes else ""
    return f"what it was given on has changed since{detail}"
