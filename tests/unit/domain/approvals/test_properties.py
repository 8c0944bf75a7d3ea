"""What must hold for every ballot: random rules, random people, random votes in random order."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from sluiceway.domain.approvals.casting import cast, check_vote
from sluiceway.domain.approvals.counting import outcome
from sluiceway.domain.approvals.model import Ballot, Standing, Subject, Vote, VoteKind
from sluiceway.domain.approvals.rules import leaves
from sluiceway.domain.approvals.sifting import latest_votes
from sluiceway.domain.approvals.subjects import subject_hash
from sluiceway.domain.process.control import Board
from sluiceway.domain.process.team import (
    AllOf,
    AnyOf,
    ApprovalPolicy,
    ByBoard,
    ByPeople,
    ByRole,
    ByWeight,
    Rule,
)
from tests.unit.domain.approvals.votes import NOW, OTHER, SUBJECT, a_policy, away, taken, the_voters

PEOPLE = ("ada", "bob", "cid", "dan")
ROLES = ("r1", "r2", "r3")
BOARD = Board("ccb", "Board", chair="r1", voting=("r1", "r2"), advisory=("r3",), quorum=2)
VOTERS = the_voters(
    away("cid", "dan"),
    members=(("r1", ("ada", "bob")), ("r2", ("bob", "cid")), ("r3", ("cid", "dan", "ada"))),
    board=BOARD,
)

single_rules: st.SearchStrategy[Rule] = st.one_of(
    st.builds(ByRole, st.sampled_from(ROLES), st.integers(1, 2)),
    st.builds(ByPeople, st.sampled_from([("ada",), ("bob", "cid"), PEOPLE]), st.integers(1, 2)),
    st.just(ByBoard("ccb")),
    st.builds(ByWeight, st.just((("r1", 2), ("r2", 1), ("r3", 1))), st.integers(1, 4)),
)


def _nested(inner: st.SearchStrategy[Rule]) -> st.SearchStrategy[Rule]:
    several = st.lists(inner, min_size=1, max_size=3).map(tuple)
    return st.one_of(
        st.builds(AllOf, several, st.booleans()),
        several.flatmap(lambda rules: st.builds(AnyOf, st.just(rules), st.integers(1, len(rules)))),
    )


rules = st.recursive(single_rules, _nested, max_leaves=4)
policies = st.builds(
    lambda rule, rejections, expires_s: a_policy(rule, rejections=rejections, expires_s=expires_s),
    rules,
    st.integers(1, 2),
    st.sampled_from([0.0, 3_600.0]),
)


def _vote(by: str, kind: VoteKind, role: str, for_: str) -> Vote:
    conditions = ("mend it",) if kind is VoteKind.APPROVE_IF else ()
    return Vote(by, kind, NOW, subject_hash(SUBJECT), role, "because", conditions, for_)


votes = st.builds(
    _vote,
    st.sampled_from(PEOPLE),
    st.sampled_from([*VoteKind, VoteKind.APPROVE, VoteKind.APPROVE]),
    st.sampled_from((*ROLES, "")),
    st.sampled_from(("", "", "cid")),
)
many_votes = st.lists(votes, max_size=12)
agreeing = st.builds(
    _vote, st.sampled_from(PEOPLE), st.just(VoteKind.APPROVE), st.sampled_from(ROLES), st.just("")
)
many_agreeing = st.lists(st.one_of(agreeing, agreeing, votes), min_size=3, max_size=12)


def standing(policy: ApprovalPolicy, ballot: Ballot, subject: Subject = SUBJECT) -> Standing:
    return outcome(policy, ballot, subject, VOTERS).standing


@given(policies, many_votes, st.randoms())
def test_the_order_in_which_different_people_vote_makes_no_difference(
    policy: ApprovalPolicy, given_votes: list[Vote], chance: Random
) -> None:
    ballot = taken(policy, given_votes, VOTERS)
    last = list(latest_votes(ballot))
    seats = [vote.role for vote in last if any(isinstance(leaf, ByBoard) for leaf in leaves(policy.rule))]
    if len(seats) != len(set(seats)):
        return  # of two holders of one seat the newer counts
    chance.shuffle(last)

    assert standing(policy, replace(ballot, votes=tuple(last))) is standing(policy, ballot)


@given(policies, many_agreeing)
def test_one_more_yes_never_turns_approved_into_waiting(
    policy: ApprovalPolicy, given_votes: list[Vote]
) -> None:
    ballot = Ballot(policy.id)
    was = standing(policy, ballot)
    for vote in given_votes:
        if check_vote(policy, ballot, vote, SUBJECT, VOTERS) is not None:
            continue
        ballot = cast(ballot, vote, SUBJECT)
        found = standing(policy, ballot)
        if vote.agrees and was is Standing.APPROVED:
            assert found is Standing.APPROVED
        was = found


@given(policies, many_votes, st.one_of(agreeing, votes))
def test_withdrawing_restores_what_was_before_the_vote(
    policy: ApprovalPolicy, given_votes: list[Vote], vote: Vote
) -> None:
    ballot = taken(policy, given_votes, VOTERS)
    voted = {(one.voter, one.role) for one in latest_votes(ballot)}
    is_first = vote.kind not in {VoteKind.WITHDRAW, VoteKind.COMMENT} and (vote.voter, vote.role) not in voted
    if not is_first or check_vote(policy, ballot, vote, SUBJECT, VOTERS) is not None:
        return
    back = replace(vote, kind=VoteKind.WITHDRAW, conditions=())

    with_vote = cast(ballot, vote, SUBJECT)
    assert check_vote(policy, with_vote, back, SUBJECT, VOTERS) is None

    assert outcome(policy, cast(with_vote, back, SUBJECT), SUBJECT, VOTERS) == outcome(
        policy, ballot, SUBJECT, VOTERS
    )


@given(policies, many_votes)
def test_what_has_changed_is_never_still_approved(policy: ApprovalPolicy, given_votes: list[Vote]) -> None:
    ballot = taken(policy, given_votes, VOTERS)

    found = outcome(policy, ballot, OTHER, VOTERS)

    assert found.standing is Standing.WAITING
    assert len(found.void) == len(latest_votes(ballot))


@given(policies, many_votes)
def test_every_latest_vote_is_counted_ahead_advisory_or_void_and_only_one_of_them(
    policy: ApprovalPolicy, given_votes: list[Vote]
) -> None:
    ballot = replace(Ballot(policy.id), votes=tuple(given_votes))

    found = outcome(policy, ballot, SUBJECT, VOTERS)

    places = [*found.counted, *found.ahead, *found.advisory, *(one.vote for one in found.void)]
    assert sorted(map(repr, places)) == sorted(map(repr, latest_votes(ballot)))


@given(policies, many_agreeing)
def test_nothing_that_runs_out_is_approved_after_its_time(
    policy: ApprovalPolicy, given_votes: list[Vote]
) -> None:
    runs_out = replace(policy, expires_s=3_600.0)
    ballot = taken(runs_out, given_votes, VOTERS)
    end = NOW + timedelta(hours=1)

    if standing(runs_out, ballot) is Standing.APPROVED:
        assert outcome(runs_out, ballot, SUBJECT, VOTERS).expires_at == end
    assert outcome(runs_out, ballot, SUBJECT, replace(VOTERS, now=end)).standing is not Standing.APPROVED
