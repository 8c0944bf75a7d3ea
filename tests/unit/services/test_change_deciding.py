"""Scores, votes, a board's decision and its review, each by those who are asked; refused in clear words."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from sluiceway.domain.approvals.model import VoteKind
from sluiceway.errors import (
    ForbiddenError,
    IllegalMoveError,
    InvalidInputError,
    NotFoundError,
    RuleError,
)
from sluiceway.services.change_facts import ChangePatch
from tests.unit.services.board_room import BOARD, PROCESS, SHOP, BoardRoom


def test_members_scores_come_to_a_total_with_what_each_gave(room: BoardRoom) -> None:
    change = room.submitted()

    room.changes.score(change, {"value": 10, "complexity": 1}, room.carl)
    view = room.changes.score(change, {"value": 7, "complexity": 4}, room.sue, comment="Hard to explain")

    matrix = view.matrix
    assert matrix is not None
    assert matrix.totals == (("carl (CTO)", 10.0), ("sue (Support lead)", 7.0))
    assert (matrix.total, matrix.spread) == (8.5, 3.0)
    assert matrix.missing == ("QA lead", "Security lead")  # who only advises need not score
    assert matrix.criteria[0].scores == (
        ("carl", "cto", 10, ""),
        ("sue", "support", 7, "Hard to explain"),
    )
    assert room.changes.history(change, room.olga)[0].why == (
        "scored as support: value 7, complexity 4: Hard to explain"
    )


def test_a_later_score_replaces_the_earlier_one(room: BoardRoom) -> None:
    change = room.submitted()
    room.changes.score(change, {"value": 10, "complexity": 1}, room.carl)

    view = room.changes.score(change, {"value": 1}, room.carl)

    assert view.matrix is not None
    assert [one.scores for one in view.matrix.criteria] == [
        (("carl", "cto", 1, ""),),
        (("carl", "cto", 1, ""),),
    ]


def test_scores_are_refused_that_nobody_asked_for(room: BoardRoom) -> None:
    draft = room.draft()
    with pytest.raises(IllegalMoveError, match="is draft; scores are taken on submitted requests"):
        room.changes.score(draft, {"value": 5}, room.carl)
    room.changes.submit(draft, room.olga)

    with pytest.raises(InvalidInputError, match=r"Business value is scored from 1 to 10, not 11"):
        room.changes.score(draft, {"value": 11}, room.carl)
    with pytest.raises(InvalidInputError, match='unknown criterion "valu"; did you mean "value"'):
        room.changes.score(draft, {"valu": 5}, room.carl)
    with pytest.raises(InvalidInputError, match="no criterion is scored"):
        room.changes.score(draft, {}, room.carl)
    with pytest.raises(RuleError, match="scored by the members of Change board; carl is not a member as qa"):
        room.changes.score(draft, {"value": 5}, room.carl, role="qa")
    with pytest.raises(ForbiddenError, match="olga may not approve for shop"):
        room.changes.score(draft, {"value": 5}, room.olga)


def test_nobody_scores_or_votes_on_their_own_request(room: BoardRoom) -> None:
    change = room.submitted(implementer="quin")

    with pytest.raises(RuleError, match="it is quin's own, and nobody scores their own request"):
        room.changes.score(change, {"value": 9}, room.quin)
    with pytest.raises(RuleError, match="quin carries it out, and the two are kept separate"):
        room.changes.vote(change, VoteKind.APPROVE, room.quin, role="qa")
    seen = room.changes.get(change, room.quin)
    assert (seen.my_roles, seen.approvals[0].my_refusal) == ((), "quin carries it out")
    assert "vote" not in seen.may


def test_a_process_without_a_matrix_takes_no_scores(room: BoardRoom) -> None:
    before, rest = PROCESS.split("  matrix:")
    room.office.put_process(SHOP, before + rest[rest.index("  risk:") :])
    change = room.submitted()

    assert room.changes.get(change, room.carl).matrix is None
    with pytest.raises(RuleError, match='the process "shop" has no decision matrix'):
        room.changes.score(change, {"value": 9}, room.carl)


def test_a_boards_votes_count_once_its_vote_is_closed(room: BoardRoom) -> None:
    change = room.submitted()
    one = room.changes.vote(change, VoteKind.APPROVE, room.carl)
    assert one.summary.waits_for == "votes of the Change board"
    with pytest.raises(RuleError, match=r"vote on .* can't be closed: Change board waits for 1 more vote"):
        room.changes.decide(change, room.carl)

    two = room.changes.vote(change, VoteKind.APPROVE, room.quin)
    assert (two.summary.state, two.approvals[0].standing) == ("submitted", "waiting")
    assert two.summary.waits_for == "the vote of the Change board to be closed"
    assert two.approvals[0].sentence == (
        "Change board agrees: 2 for, 0 against, 0 abstained; it counts once the vote is closed"
    )

    closed = room.changes.decide(change, room.carl)
    assert (closed.summary.state, closed.approvals[0].standing) == ("approved", "approved")
    assert [(one.title, one.is_approved, one.kind) for one in closed.decisions] == [
        ("Change board", True, "regular")
    ]
    with pytest.raises(IllegalMoveError, match="votes are taken on submitted requests"):
        room.changes.vote(change, VoteKind.REJECT, room.sam, comment="too late")


def test_a_board_that_refuses_rejects_and_a_new_draft_is_voted_on_anew(room: BoardRoom) -> None:
    change = room.submitted()
    room.changes.vote(change, VoteKind.REJECT, room.carl, comment="Not now")
    room.changes.vote(change, VoteKind.REJECT, room.sam, comment="Not so")

    assert room.changes.decide(change, room.carl).summary.state == "rejected"

    room.changes.take_back(change, room.olga, reason="to mend it")
    again = room.changes.submit(change, room.olga)
    assert again.approvals[0].sentence.startswith("Change board waits for 2 more votes")
    assert room.agree(change).summary.state == "approved"


def test_a_kind_that_asks_an_approval_and_a_board_waits_for_both(room: BoardRoom) -> None:
    change = room.submitted(kind="careful")
    waiting = room.changes.get(change, room.sam)
    assert waiting.summary.waits_for == "Technical sign-off and votes of the Change board"
    assert waiting.boards == (BOARD,)

    room.agree(change)
    assert room.changes.get(change, room.sam).summary.state == "submitted"
    with pytest.raises(RuleError, match="the Change board has decided on"):
        room.changes.vote(change, VoteKind.APPROVE, room.sam, policy=BOARD)
    view = room.changes.vote(change, VoteKind.APPROVE, room.sam, policy="tech")

    assert view.summary.state == "approved"
    assert room.changes.history(change, room.olga)[0].why.endswith("it is approved now")


def test_a_vote_goes_where_the_voter_is_asked(room: BoardRoom) -> None:
    change = room.submitted(kind="careful")

    view = room.changes.vote(change, VoteKind.APPROVE, room.carl)

    assert [len(one.votes) for one in view.approvals] == [0, 1]
    with pytest.raises(NotFoundError, match=r'does not ask "cab" for a decision; it asks tech and ccb'):
        room.changes.vote(change, VoteKind.APPROVE, room.carl, policy="cab")
    with pytest.raises(RuleError, match="nobody votes on that kind of change"):
        room.changes.vote(room.draft(kind="standard"), VoteKind.APPROVE, room.carl)


def test_a_comment_is_taken_from_whoever_may_read_at_any_time(room: BoardRoom) -> None:
    change = room.draft()

    view = room.changes.vote(change, VoteKind.COMMENT, room.olga, comment="What do you think?")

    assert [(one.by, one.kind, one.comment) for one in view.approvals[0].votes] == [
        ("olga", "comment", "What do you think?")
    ]
    with pytest.raises(ForbiddenError, match="olga may not approve for shop"):
        room.changes.vote(change, VoteKind.APPROVE, room.olga)


def test_a_vote_on_what_has_changed_since_it_was_shown_is_refused(room: BoardRoom) -> None:
    change = room.submitted()
    seen = room.changes.get(change, room.carl).approvals[0].subject_hash
    room.changes.edit(change, ChangePatch(description="Something else"), room.olga)

    with pytest.raises(RuleError, match="it has changed since carl looked at it"):
        room.changes.vote(change, VoteKind.APPROVE, room.carl, seen=seen)


def test_two_members_vote_at_once_and_both_count(room: BoardRoom) -> None:
    change = room.submitted()

    with ThreadPoolExecutor(3) as pool:
        done = [
            pool.submit(room.changes.vote, change, VoteKind.APPROVE, member)
            for member in (room.carl, room.quin, room.sam)
        ]
        for one in done:
            one.result()

    view = room.changes.get(change, room.olga)
    assert sorted(one.by for one in view.approvals[0].votes) == ["carl", "quin", "sam"]
    assert view.approvals[0].sentence.startswith("Change board agrees: 3 for, 0 against")


def test_conditions_of_members_and_of_the_board_stand_with_the_decision(room: BoardRoom) -> None:
    change = room.submitted()
    room.changes.vote(change, VoteKind.APPROVE, room.carl)
    room.changes.vote(change, VoteKind.APPROVE_IF, room.quin, conditions=["A load test", " "])

    view = room.changes.decide(change, room.carl, conditions=["Tell support"])

    assert [(one.text, one.set_by, one.open_in) for one in view.conditions] == [
        ("A load test", "Change board", ()),
        ("Tell support", "Change board", ()),
    ]
    assert room.changes.history(change, room.olga)[0].why == (
        "Change board agrees: 2 for, 0 against, 0 abstained, on 1 condition, "
        "on condition: A load test; Tell support; it is approved now"
    )
    with pytest.raises(InvalidInputError, match="there are 21 conditions; use at most 20"):
        room.changes.decide(room.submitted(), room.carl, conditions=["x"] * 21)


def test_an_emergency_takes_fewer_votes_and_is_reviewed_afterwards(room: BoardRoom) -> None:
    change = room.submitted(kind="emergency", business_justification="", acceptance_criteria=())
    with pytest.raises(RuleError, match=r"no review of .* is due"):
        room.changes.review(change, room.carl, agrees=True, remarks="Fine")

    room.changes.vote(change, VoteKind.APPROVE, room.carl)
    decided = room.changes.decide(change, room.carl)
    assert decided.summary.state == "approved"
    assert decided.review_due_at == room.office.clock.now().replace(day=12)
    assert "review" in room.changes.get(change, room.carl).may

    with pytest.raises(RuleError, match="say what the review"):
        room.changes.review(change, room.carl, agrees=True, remarks=" ")
    reviewed = room.changes.review(change, room.carl, agrees=False, remarks="It could have waited")
    assert (reviewed.review_due_at, reviewed.decisions[-1].is_review) == (None, True)
    assert reviewed.decisions[-1].sentence == (
        "the Change board does not agree with what was done: It could have waited"
    )


def test_only_who_holds_a_board_closes_its_vote(room: BoardRoom) -> None:
    change = room.submitted()

    with pytest.raises(ForbiddenError, match="sam may not board for shop"):
        room.changes.decide(change, room.sam)
    with pytest.raises(ForbiddenError, match="sam may not board for shop"):
        room.changes.review(change, room.sam, agrees=True, remarks="x")
    assert "decide" not in room.changes.get(change, room.sam).may
    assert "decide" in room.changes.get(change, room.carl).may


def test_a_member_who_loses_the_role_before_the_vote_is_closed_does_not_count(room: BoardRoom) -> None:
    change = room.submitted()
    room.changes.vote(change, VoteKind.APPROVE, room.carl)
    room.changes.vote(change, VoteKind.APPROVE, room.quin)
    accounts = room.office.services.accounts
    accounts.revoke("quin", "qa", SHOP, room.office.log_in("rosa"))

    with pytest.raises(RuleError, match="quin's vote does not count: quin is not QA lead any more"):
        room.changes.decide(change, room.carl)
