"""Who decides on a request: approvals at once, the board when its vote is closed."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from sluiceway.domain.approvals.casting import check_vote
from sluiceway.domain.approvals.model import Standing, Vote, VoteKind
from sluiceway.domain.approvals.subjects import subject_hash
from sluiceway.domain.changes.boards import call_meeting
from sluiceway.domain.changes.deciding import (
    board_of,
    board_policy,
    close_vote,
    conditions_of,
    decision_of,
    policies_of,
    review,
    settle,
    verdicts,
    voters_for,
)
from sluiceway.domain.changes.kinds import kind_of, review_due_at
from sluiceway.domain.changes.model import Change, ChangeState, MeetingKind
from sluiceway.domain.changes.states import edit, submit, take_back
from sluiceway.domain.changes.subjects import subject_of
from sluiceway.domain.process.control import ChangeKind
from sluiceway.errors import IllegalMoveError, RuleError
from tests.unit.domain.changes.requests import (
    BOARD,
    CONTROL,
    FACTS,
    NOW,
    PEOPLE,
    PROCESS,
    after,
    approved,
    request,
    submitted,
    vote,
)


def with_votes(change: Change, *votes: tuple[str, str, VoteKind]) -> Change:
    for by, role, kind in votes:
        change = vote(change, by, role, kind)
    return change


YES, NO, ABSTAIN = VoteKind.APPROVE, VoteKind.REJECT, VoteKind.ABSTAIN
THREE = (("carl", "cto", YES), ("pia", "product", YES), ("eve", "engineering", YES))


def test_a_request_waits_until_everybody_its_kind_asks_has_agreed() -> None:
    change = with_votes(
        submitted(), ("tess", "tech-lead", YES), ("carl", "cto", YES), ("pia", "product", YES)
    )
    change = vote(change, "quin", "qa", NO)

    assert change.state is ChangeState.SUBMITTED, "a board's vote counts once it is closed"
    assert [each.standing for each in verdicts(change, PROCESS, PEOPLE, NOW)] == [
        Standing.APPROVED,
        Standing.WAITING,
    ]
    change = close_vote(change, PROCESS, PEOPLE, "carl", after(1))

    assert change.state is ChangeState.APPROVED
    decision = decision_of(change, "ccb")
    assert decision is not None
    assert (decision.is_approved, decision.by, decision.at) == (True, "carl", after(1))
    assert "2 for, 1 against, 0 abstained" in decision.sentence


def test_the_board_first_and_the_approval_later_settle_it_as_well() -> None:
    change = with_votes(
        submitted(), ("carl", "cto", YES), ("pia", "product", YES), ("eve", "engineering", YES)
    )
    change = close_vote(change, PROCESS, PEOPLE, "carl", NOW)

    assert change.state is ChangeState.SUBMITTED
    assert vote(change, "tess", "tech-lead").state is ChangeState.APPROVED


def test_a_board_that_votes_against_it_rejects_it_with_the_count() -> None:
    change = with_votes(submitted(), ("carl", "cto", NO), ("pia", "product", NO), ("eve", "engineering", YES))

    change = close_vote(change, PROCESS, PEOPLE, "carl", NOW)

    assert change.state is ChangeState.REJECTED
    assert "1 for, 2 against" in change.history[-1][3]


def test_one_rejected_approval_rejects_the_request_at_once() -> None:
    change = vote(submitted(), "tess", "tech-lead", NO)

    assert change.state is ChangeState.REJECTED
    assert "Tech lead is refused by tess" in change.history[-1][3]


def test_a_vote_below_the_quorum_can_not_be_closed() -> None:
    change = with_votes(submitted(), ("carl", "cto", YES), ("pia", "product", ABSTAIN))

    with pytest.raises(
        RuleError, match=r"the vote on CR-2026-001 can't be closed: .*1 more vote for the quorum"
    ):
        close_vote(change, PROCESS, PEOPLE, "carl", NOW)


def test_an_emergency_is_decided_by_the_smaller_quorum_and_reviewed_later() -> None:
    change = close_vote(vote(submitted(kind="emergency"), "carl", "cto"), PROCESS, PEOPLE, "carl", after(1))
    kind = kind_of(CONTROL, "emergency")

    assert change.state is ChangeState.APPROVED
    assert review_due_at(change, kind) == after(1) + timedelta(days=7)
    reviewed = review(
        change, PROCESS, "carl", after(50), agrees=False, remarks="no test first", meeting="ccb-2026-06-16"
    )
    assert review_due_at(reviewed, kind) is None
    assert reviewed.decisions[-1].sentence == (
        "the Change Control Board does not agree with what was done: no test first"
    )
    assert decision_of(reviewed, "ccb") == change.decisions[0], "a review decides nothing anew"


def test_what_needs_no_review_is_not_reviewed() -> None:
    urgent = close_vote(vote(submitted(kind="emergency"), "carl", "cto"), PROCESS, PEOPLE, "carl", NOW)

    with pytest.raises(RuleError, match="no review of CR-2026-001 is due"):
        review(approved(), PROCESS, "carl", NOW, agrees=True, remarks="fine", meeting="m")
    with pytest.raises(RuleError, match="say what the review of CR-2026-001 found"):
        review(urgent, PROCESS, "carl", NOW, agrees=True, remarks=" ", meeting="m")


def test_a_normal_change_keeps_its_quorum_in_an_emergency_meeting() -> None:
    meeting = call_meeting(
        BOARD,
        "m",
        MeetingKind.EMERGENCY,
        NOW,
        called_by="carl",
        now=NOW,
        items=["CR-2026-001"],
        reason="fire",
    )

    with pytest.raises(RuleError, match="for the quorum of 3"):
        close_vote(vote(submitted(), "carl", "cto"), PROCESS, PEOPLE, "carl", NOW, meeting=meeting)


def test_nobody_decides_on_their_own_request() -> None:
    change = submitted()  # ada, of security, asked for it
    policy = board_policy(BOARD)
    own = Vote("ada", YES, NOW, subject_hash(subject_of(change)), "security")
    voters = voters_for(change, PROCESS, policy, PEOPLE, NOW)

    refusal = check_vote(policy, change.ballot("ccb"), own, subject_of(change), voters)

    assert refusal is not None
    assert "ada asked for it" in refusal
    carried_out = replace(change, facts=replace(FACTS, implementer="sam"))
    assert voters_for(carried_out, PROCESS, policy, PEOPLE, NOW).barred == {
        "wim": "wrote it",
        "ada": "asked for it",
        "sam": "carries it out",
    }


def test_conditions_of_members_and_of_the_board_are_kept_with_who_set_them() -> None:
    change = vote(submitted(), "tess", "tech-lead", VoteKind.APPROVE_IF, conditions=["load test first"])
    change = vote(change, "carl", "cto", VoteKind.APPROVE_IF, conditions=["tell support"])
    change = with_votes(change, ("pia", "product", YES), ("quin", "qa", YES))

    change = close_vote(change, PROCESS, PEOPLE, "carl", NOW, conditions=["only at night", " "])

    assert change.decisions[0].conditions == ("tell support", "only at night")
    assert conditions_of(verdicts(change, PROCESS, PEOPLE, NOW)) == (
        ("tech", "load test first"),
        ("ccb", "tell support"),
        ("ccb", "only at night"),
    )


def test_a_change_to_the_request_makes_votes_and_decision_void() -> None:
    change = edit(approved(), replace(FACTS, description="Twice as much"), CONTROL, "wim", after(2))

    assert decision_of(change, "ccb") is None
    assert settle(change, PROCESS, PEOPLE, "wim", after(2)).state is ChangeState.SUBMITTED
    assert [each.standing for each in verdicts(change, PROCESS, PEOPLE, after(2))] == [
        Standing.WAITING,
        Standing.WAITING,
    ]
    assert len(verdicts(change, PROCESS, PEOPLE, after(2))[1].outcome.void) == 3


def test_a_rejected_request_that_is_submitted_again_unchanged_is_voted_on_anew() -> None:
    rejected = vote(submitted(), "tess", "tech-lead", NO)
    again = submit(take_back(rejected, "wim", "please look again", NOW), CONTROL, "wim", after(1))

    assert settle(again, PROCESS, PEOPLE, "wim", after(1)).state is ChangeState.SUBMITTED
    assert vote(again, "tess", "tech-lead").state is ChangeState.SUBMITTED


def test_a_vote_is_closed_once_and_only_while_the_request_waits() -> None:
    change = with_votes(
        submitted(), ("carl", "cto", YES), ("pia", "product", YES), ("eve", "engineering", YES)
    )
    closed = close_vote(change, PROCESS, PEOPLE, "carl", NOW)

    with pytest.raises(RuleError, match="the Change Control Board has decided on CR-2026-001"):
        close_vote(closed, PROCESS, PEOPLE, "carl", NOW)
    with pytest.raises(IllegalMoveError, match="CR-2026-001 is draft; a board decides on submitted requests"):
        close_vote(request(), PROCESS, PEOPLE, "carl", NOW)


def test_a_kind_without_a_board_has_no_vote_to_close() -> None:
    process = replace(
        PROCESS, changes=replace(CONTROL, kinds=(ChangeKind("normal", "Normal", approvals=("tech",)),))
    )

    with pytest.raises(RuleError, match="no board decides on that kind of change"):
        close_vote(submitted(), process, PEOPLE, "carl", NOW)


def test_what_the_process_lacks_is_named() -> None:
    with pytest.raises(RuleError, match='Odd asks for the approval "ceo", which the process does not have'):
        policies_of(ChangeKind("odd", "Odd", approvals=("ceo",)), PROCESS)
    with pytest.raises(RuleError, match='the process has no board "cab"'):
        board_of(PROCESS, "cab")


def test_the_conditions_of_an_approval_stay_with_the_request_until_it_waits_again() -> None:
    change = vote(submitted(), "tess", "tech-lead", VoteKind.APPROVE_IF, conditions=("Tell support",))
    for by, role in (("carl", "cto"), ("pia", "product"), ("quin", "qa")):
        change = vote(change, by, role)
    change = close_vote(change, PROCESS, PEOPLE, "carl", after(1), conditions=("A load test",))

    assert change.conditions == (("tech", "Tell support"), ("ccb", "A load test"))
    assert take_back(change, "wim", "to mend it", after(2)).conditions == ()
