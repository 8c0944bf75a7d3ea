"""Whether a vote is taken, in which roles a person may give one, and how it is put on the ballot.

A vote is refused before it is recorded, in words that name the policy and its rule. What recorded votes add
up to is the business of `counting`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from sluiceway.domain.approvals.model import Ballot, Subject, Vote, VoteKind
from sluiceway.domain.approvals.rules import accepts, advisory_roles, leaves, roles_asked, rule_words
from sluiceway.domain.approvals.sifting import latest_votes, sift
from sluiceway.domain.approvals.subjects import subject_hash
from sluiceway.domain.approvals.voters import Voters
from sluiceway.domain.approvals.wording import listed
from sluiceway.domain.process.team import ApprovalPolicy, ByPeople


@dataclass(frozen=True, slots=True)
class Capacity:
    """A way to vote: in a role, "" for by name; in place of somebody who is away, "" for oneself."""

    role: str
    on_behalf_of: str = ""


def capacities(policy: ApprovalPolicy, person: str, voters: Voters) -> tuple[Capacity, ...]:
    """Return the ways in which the person may vote under the policy now, their own before an alternate's.

    Roles that only advise come last. Empty for somebody who is barred.
    """
    if person in voters.barred:
        return ()
    rules = tuple(leaves(policy.rule))
    roles = dict.fromkeys(role for leaf in rules for role in roles_asked(leaf, voters))
    named = {name for leaf in rules if isinstance(leaf, ByPeople) for name in leaf.people}
    away = [
        gone
        for gone in voters.directory.stands_in_for(person, voters.now)
        if gone != person and gone not in voters.barred
    ]
    asked = [*roles, *advisory_roles(policy.rule, voters)]
    own = [Capacity(role) for role in asked if voters.directory.holds(person, role)]
    own += [Capacity("")] if person in named else []
    lent = [
        Capacity(role, gone) for gone in away for role in asked if gone in voters.directory.people_in(role)
    ]
    lent += [Capacity("", gone) for gone in away if gone in named]
    return (*own, *lent)


def check_vote(
    policy: ApprovalPolicy, ballot: Ballot, vote: Vote, subject: Subject, voters: Voters
) -> str | None:
    """Return why the vote can't be taken, naming the policy and its rule; None when it can.

    `voters.now` is when it is given. Whether the voter may vote at all for the service has been asked before.
    """
    refusal = _refusal(policy, ballot, vote, subject, voters)
    if refusal is None:
        return None
    return f"{policy.title}, which asks for {rule_words(policy.rule, voters)}: {refusal}"


def _refusal(
    policy: ApprovalPolicy, ballot: Ballot, vote: Vote, subject: Subject, voters: Voters
) -> str | None:
    malformed = _malformed(vote)
    if malformed or vote.kind is VoteKind.COMMENT:
        return malformed
    if vote.kind is VoteKind.WITHDRAW:
        return _withdrawal(ballot, vote, voters)
    if vote.subject_hash != subject_hash(subject):
        return f"it has changed since {vote.by} looked at it; look again and vote on what it is now"
    for person in (vote.by, vote.voter):
        if person in voters.barred:
            return f"{person} {voters.barred[person]}, and the two are kept separate; somebody else must vote"
    if Capacity(vote.role, vote.on_behalf_of) not in capacities(policy, vote.by, voters):
        return _not_in_this_capacity(policy, vote, voters)
    return _voted_already(policy, ballot, vote, subject, voters)


def _malformed(vote: Vote) -> str | None:
    if vote.kind is VoteKind.COMMENT and not vote.comment.strip():
        return "a comment needs words"
    if vote.kind is VoteKind.REJECT and not vote.comment.strip():
        return "a rejection needs a reason, so that others know what to mend"
    conditions = [text for text in vote.conditions if text.strip()]
    if vote.kind is VoteKind.APPROVE_IF and len(conditions) != max(1, len(vote.conditions)):
        return "an approval on conditions needs at least one condition, and words for each"
    if vote.kind is not VoteKind.APPROVE_IF and vote.conditions:
        return f'a vote "{vote.kind}" takes no conditions; use "{VoteKind.APPROVE_IF}"'
    return None


def _withdrawal(ballot: Ballot, vote: Vote, voters: Voters) -> str | None:
    for earlier in latest_votes(ballot):
        if (earlier.voter, earlier.role) == (vote.voter, vote.role):
            if vote.by in {earlier.by, earlier.voter}:
                return None
            return f"{voters.words(earlier)} voted; only they can take it back"
    given_in = f" as {voters.title(vote.role)}" if vote.role else ""
    return f"{vote.voter} has given no vote{given_in} that could be taken back"


def _not_in_this_capacity(policy: ApprovalPolicy, vote: Vote, voters: Voters) -> str:
    possible = capacities(policy, vote.by, voters)
    asked = {role for leaf in leaves(policy.rule) for role in roles_asked(leaf, voters)}
    title = voters.title(vote.role)
    if vote.role and vote.role not in {*asked, *advisory_roles(policy.rule, voters)}:
        found = f"nobody is asked as {title}"
    elif vote.on_behalf_of and vote.on_behalf_of not in voters.directory.stands_in_for(vote.by, voters.now):
        found = f"{vote.by} does not stand in for {vote.on_behalf_of} now"
    elif vote.role:
        found = f"{vote.voter} is not {title}"
    else:
        found = f"{vote.voter} is not asked by name"
    ways = listed([_way(one, voters) for one in possible], "or")
    return f"{found}; {vote.by} can vote {ways}" if ways else f"{found} and can't vote here"


def _way(capacity: Capacity, voters: Voters) -> str:
    words = f"as {voters.title(capacity.role)}" if capacity.role else "by name"
    return f"{words} for {capacity.on_behalf_of}" if capacity.on_behalf_of else words


def _voted_already(
    policy: ApprovalPolicy, ballot: Ballot, vote: Vote, subject: Subject, voters: Voters
) -> str | None:
    """Return the refusal of a second vote of one person, or for one person, under the same rule."""
    standing = sift(policy, ballot, subject, voters).standing
    for leaf in leaves(policy.rule):
        if not accepts(leaf, vote.role, vote.voter, voters):
            continue
        for other in standing:
            if not accepts(leaf, other.role, other.voter, voters):
                continue
            same_vote = (other.voter, other.role) == (vote.voter, vote.role)
            if same_vote and vote.by in {other.by, vote.voter}:
                continue
            if {other.by, other.voter} & {vote.by, vote.voter}:
                once = f"one person counts once for {rule_words(leaf, voters)}"
                return f"{voters.words(other)} has voted, and {once}; withdraw that vote first"
    return None


def cast(ballot: Ballot, vote: Vote, subject: Subject) -> Ballot:
    """Return the ballot with the vote at its end and what it was given on. Checks nothing."""
    subjects = dict(ballot.subjects)
    subjects.setdefault(subject_hash(subject), subject)
    return replace(ballot, votes=(*ballot.votes, vote), subjects=tuple(subjects.items()))
