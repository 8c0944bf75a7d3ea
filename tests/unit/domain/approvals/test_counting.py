"""What ballots add up to under each kind of rule, and how it is said."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from sluiceway.domain.approvals.counting import count_votes, outcome
from sluiceway.domain.approvals.model import Ballot, Standing, VoteKind
from sluiceway.domain.approvals.voters import Voters
from sluiceway.domain.people.model import Directory
from sluiceway.domain.process.team import AllOf, AnyOf, ByBoard, ByPeople, ByRole, ByWeight
from sluiceway.errors import RuleError
from tests.unit.domain.approvals.votes import (
    BOARD,
    MEMBERS,
    NOW,
    OTHER,
    SUBJECT,
    a_policy,
    away,
    ballot,
    count,
    no,
    only_if,
    said,
    standing,
    the_voters,
    yes,
)

QA = ByRole("qa-lead")
CTO = ByRole("cto")
TWO_ENGINEERS = a_policy(ByRole("engineer", 2))
BY_WEIGHT = a_policy(ByWeight((("cto", 2), ("qa-lead", 1), ("tech-lead", 1)), 3))
BY_BOARD = a_policy(ByBoard("ccb"))


def test_an_empty_ballot_says_who_can_give_what_is_missing() -> None:
    found = count(a_policy(QA))

    assert found.standing is Standing.WAITING
    assert found.sentence == "Sign-off waits for 1 of QA lead (grace or heidi)"
    assert [(one.role, one.people, one.count) for one in found.wanted] == [("qa-lead", ("grace", "heidi"), 1)]


def test_n_of_m_needs_that_many_different_people() -> None:
    once = count(TWO_ENGINEERS, yes("bob", "engineer"), yes("bob", "engineer"))
    twice = count(TWO_ENGINEERS, yes("bob", "engineer"), yes("dan", "engineer"))

    assert once.sentence == "Sign-off waits for 1 of engineer (cid, dan or eve)"
    assert twice.standing is Standing.APPROVED
    assert twice.sentence == "Sign-off is given by bob (engineer) and dan (engineer)"


def test_named_people_vote_by_name_and_each_counts_once() -> None:
    policy = a_policy(ByPeople(("ada", "bob", "olga"), 2))

    assert count(policy, yes("ada")).sentence == "Sign-off waits for 1 of bob or olga"
    assert standing(policy, yes("ada"), yes("eve")) is Standing.WAITING
    assert standing(policy, yes("ada"), yes("olga")) is Standing.APPROVED


def test_all_of_names_every_rule_that_is_still_open() -> None:
    policy = a_policy(AllOf((QA, CTO, ByRole("product-owner"))))

    found = count(policy, yes("ada", "cto"))

    assert found.sentence == (
        "Sign-off waits for 1 of QA lead (grace or heidi) and 1 of product-owner (olga)"
    )
    assert [one.role for one in found.wanted] == ["qa-lead", "product-owner"]


def test_any_of_is_given_by_as_many_rules_as_it_asks_for() -> None:
    policy = a_policy(AnyOf((QA, CTO, ByRole("product-owner")), 2))

    one = count(policy, yes("ada", "cto"))

    assert one.sentence == "Sign-off waits for 1 of QA lead (grace or heidi) or 1 of product-owner (olga)"
    assert standing(policy, yes("ada", "cto"), yes("olga", "product-owner")) is Standing.APPROVED


def test_a_vote_beyond_what_was_needed_counts_with_its_condition() -> None:
    policy = a_policy(AnyOf((QA, ByRole("engineer", 2))))

    found = count(policy, yes("grace", "qa-lead"), only_if("bob", "engineer", "watch the disk"))

    assert found.sentence == "Sign-off is given by grace (QA lead), on 1 condition"
    assert (len(found.counted), found.void, found.conditions) == (2, (), ("watch the disk",))


def test_in_order_waits_for_the_first_rule_only_and_keeps_early_votes_for_their_turn() -> None:
    policy = a_policy(AllOf((QA, CTO), in_order=True))
    early = yes("ada", "cto")

    before = count(policy, early)
    after = count(policy, early, yes("grace", "qa-lead"))

    assert before.sentence == "Sign-off waits for 1 of QA lead (grace or heidi)"
    assert [one.role for one in before.wanted] == ["qa-lead"]
    assert (before.counted, before.ahead, before.void) == ((), (early,), ())
    assert after.standing is Standing.APPROVED
    assert after.ahead == ()


def test_a_rejection_ahead_of_its_turn_refuses_at_once() -> None:
    policy = a_policy(AllOf((QA, CTO), in_order=True))

    assert standing(policy, no("ada", "cto")) is Standing.REJECTED


def test_one_person_with_two_roles_may_vote_once_in_each() -> None:
    policy = a_policy(AllOf((ByRole("tech-lead"), ByRole("engineer"))))

    assert standing(policy, yes("bob", "tech-lead"), yes("bob", "engineer")) is Standing.APPROVED


def test_weights_of_roles_that_agree_add_up() -> None:
    short = count(BY_WEIGHT, yes("ada", "cto"))

    assert short.sentence == "Sign-off waits for votes worth 1 more (CTO 2, QA lead 1 and Tech lead 1)"
    assert [(one.role, one.people) for one in short.wanted] == [
        ("qa-lead", ("grace", "heidi")),
        ("tech-lead", ("bob", "cid")),
    ]
    assert standing(BY_WEIGHT, yes("ada", "cto"), yes("grace", "qa-lead")) is Standing.APPROVED


def test_a_person_counts_in_their_heaviest_role_only() -> None:
    members = (("cto", ("ada",)), ("qa-lead", ("ada", "grace")), ("tech-lead", ("ada",)))
    votes = (yes("ada", "cto"), yes("ada", "qa-lead"), yes("ada", "tech-lead"))

    found = count(BY_WEIGHT, *votes, voters=the_voters(members=members))

    assert found.standing is Standing.WAITING
    assert [vote.role for vote in found.counted] == ["cto"]
    assert [one.vote.role for one in found.void] == ["qa-lead", "tech-lead"]


def test_a_rejection_refuses_and_is_quoted() -> None:
    found = count(TWO_ENGINEERS, yes("bob", "engineer"), no("dan", "engineer", "the index is missing"))

    assert found.standing is Standing.REJECTED
    assert found.sentence == 'Sign-off is refused by dan (engineer): "the index is missing"'
    assert found.wanted == ()


def test_a_policy_may_bear_a_rejection() -> None:
    policy = a_policy(ByRole("engineer", 2), rejections=2)
    votes = (yes("bob", "engineer"), yes("cid", "engineer"), no("dan", "engineer"))

    assert standing(policy, *votes) is Standing.APPROVED
    assert standing(policy, *votes, no("eve", "engineer")) is Standing.REJECTED


def test_the_latest_vote_of_a_person_counts() -> None:
    policy = a_policy(QA)

    assert standing(policy, no("grace", "qa-lead"), yes("grace", "qa-lead")) is Standing.APPROVED
    assert standing(policy, yes("grace", "qa-lead"), no("grace", "qa-lead")) is Standing.REJECTED


def test_a_withdrawn_vote_leaves_nothing_behind() -> None:
    policy = a_policy(QA)
    back = said(VoteKind.WITHDRAW, "grace", "qa-lead")

    assert count(policy, no("grace", "qa-lead"), back) == count(policy)


def test_a_comment_and_an_abstention_are_no_votes_of_a_headcount() -> None:
    comment = said(VoteKind.COMMENT, "grace", "qa-lead", "looking at it")
    abstained = count(a_policy(QA), said(VoteKind.ABSTAIN, "grace", "qa-lead"))

    assert count(a_policy(QA), comment).counted == ()
    assert abstained.standing is Standing.WAITING
    assert abstained.wanted[0].people == ("grace", "heidi")


def test_conditions_of_those_who_agree_are_collected() -> None:
    policy = a_policy(AllOf((QA, CTO)))

    found = count(
        policy, only_if("grace", "qa-lead", "fix the flaky test"), only_if("ada", "cto", "tell support")
    )

    assert found.standing is Standing.APPROVED
    assert found.conditions == ("fix the flaky test", "tell support")
    assert found.sentence == "Sign-off is given by grace (QA lead) and ada (CTO), on 2 conditions"


def test_an_approval_runs_out_at_the_very_second() -> None:
    policy = a_policy(QA, expires_s=86_400)
    end = NOW + timedelta(days=1)

    fresh = count(policy, yes("grace", "qa-lead"), voters=the_voters(now=end - timedelta(seconds=1)))
    stale = count(policy, yes("grace", "qa-lead"), voters=the_voters(now=end))

    assert fresh.standing is Standing.APPROVED
    assert fresh.expires_at == end
    assert fresh.sentence == "Sign-off is given by grace (QA lead), until 2026-03-03 09:00 UTC"
    assert stale.standing is Standing.WAITING
    assert [one.reason for one in stale.void] == ["it ran out on 2026-03-03 09:00 UTC"]


def test_a_rejection_never_runs_out() -> None:
    policy = a_policy(QA, expires_s=60)

    assert standing(policy, no("grace", "qa-lead"), voters=the_voters(now=NOW + timedelta(days=9))) is (
        Standing.REJECTED
    )


def test_a_changed_subject_asks_again_and_says_what_changed() -> None:
    found = outcome(a_policy(QA), ballot(yes("grace", "qa-lead")), OTHER, the_voters())

    assert found.standing is Standing.WAITING
    assert found.sentence == (
        "Sign-off waits for 1 of QA lead (grace or heidi); grace's vote does not count: "
        'what it was given on has changed since: version was "2.0.0", is "2.1.0"'
    )


def test_a_vote_counts_again_when_the_change_is_taken_back() -> None:
    votes = ballot(yes("grace", "qa-lead"))

    assert outcome(a_policy(QA), votes, OTHER, the_voters()).standing is Standing.WAITING
    assert outcome(a_policy(QA), votes, SUBJECT, the_voters()).standing is Standing.APPROVED


def test_a_role_lost_after_the_vote_voids_it() -> None:
    members = tuple((role, ("heidi",) if role == "qa-lead" else people) for role, people in MEMBERS)

    found = count(a_policy(QA), yes("grace", "qa-lead"), voters=the_voters(members=members))

    assert found.standing is Standing.WAITING
    assert [one.reason for one in found.void] == ["grace is not QA lead any more"]


def test_the_author_does_not_count_whatever_they_voted() -> None:
    voters = the_voters(barred={"grace": "wrote it"})

    assert [one.reason for one in count(a_policy(QA), yes("grace", "qa-lead"), voters=voters).void] == [
        "grace wrote it"
    ]
    assert standing(a_policy(QA), no("grace", "qa-lead"), voters=voters) is Standing.WAITING


def test_what_a_new_process_no_longer_asks_for_is_void() -> None:
    found = count(a_policy(QA), yes("ada", "cto"))

    assert [one.reason for one in found.void] == ["Sign-off asks for no vote as CTO"]


@pytest.mark.parametrize(
    ("voters", "words"),
    [
        (the_voters(members=()), "1 of CTO (nobody holds this role)"),
        (the_voters(barred={"ada": "wrote it"}), "1 of CTO (nobody can now: ada wrote it)"),
        (
            the_voters(away("ada")),
            "1 of CTO (nobody can now: ada is away until 2026-03-09 09:00 UTC and nobody stands in)",
        ),
        (
            the_voters(away("ada", "bob"), barred={"bob": "wrote it"}),
            (
                "1 of CTO (nobody can now: ada is away until 2026-03-09 09:00 UTC "
                "and bob, who stands in, wrote it)"
            ),
        ),
        (the_voters(away("ada", "bob")), "1 of CTO (bob)"),
        (the_voters(is_open=True), "1 of CTO"),
    ],
)
def test_a_wanted_vote_names_who_can_give_it_or_why_nobody_can(voters: Voters, words: str) -> None:
    assert count(a_policy(CTO), voters=voters).sentence == f"Sign-off waits for {words}"


def test_an_alternate_votes_for_the_person_who_is_away() -> None:
    found = count(a_policy(CTO), yes("bob", "cto", for_="ada"), voters=the_voters(away("ada", "bob")))

    assert found.sentence == "Sign-off is given by bob (CTO, for ada)"


def test_an_alternates_vote_stays_when_the_person_is_back_but_not_when_they_lost_the_role() -> None:
    vote = yes("bob", "cto", for_="ada")
    without_ada = tuple((role, people) for role, people in MEMBERS if role != "cto")

    assert standing(a_policy(CTO), vote, voters=the_voters()) is Standing.APPROVED
    assert standing(a_policy(CTO), vote, voters=the_voters(members=without_ada)) is Standing.WAITING


def test_one_person_does_not_count_for_themself_and_for_somebody_away() -> None:
    found = count(TWO_ENGINEERS, yes("bob", "engineer"), yes("bob", "engineer", for_="dan"))

    assert found.standing is Standing.WAITING
    assert [one.reason for one in found.void] == [
        "another vote counts in its place: one per person, and per seat of a board"
    ]


def test_a_board_decides_with_its_quorum_and_more_for_than_against() -> None:
    two = count(BY_BOARD, yes("ada", "cto"), yes("grace", "qa-lead"))
    three = count(BY_BOARD, yes("ada", "cto"), yes("grace", "qa-lead"), no("bob", "tech-lead"))

    assert two.sentence == (
        "Sign-off waits for 1 more vote for the quorum of 3 of the Change Control Board "
        "(Tech lead or product-owner)"
    )
    assert [(one.role, one.people) for one in two.wanted] == [
        ("tech-lead", ("bob", "cid")),
        ("product-owner", ("olga",)),
    ]
    assert three.sentence == "Sign-off is given by the Change Control Board: 2 for, 1 against, 0 abstained"


def test_a_board_refuses_by_majority_whatever_the_policy_says_of_rejections() -> None:
    votes = (yes("ada", "cto"), no("grace", "qa-lead"), no("bob", "tech-lead"))

    assert standing(BY_BOARD, *votes[:2]) is Standing.WAITING
    assert count(BY_BOARD, *votes).sentence == (
        "Sign-off is refused by the Change Control Board: 1 for, 2 against, 0 abstained"
    )


def test_an_approval_that_goes_by_its_boards_name_says_it_once() -> None:
    policy = replace(BY_BOARD, title="Change Control Board")
    against = (no("ada", "cto"), no("grace", "qa-lead"), yes("bob", "tech-lead"))

    assert count(policy, yes("ada", "cto"), yes("grace", "qa-lead"), no("bob", "tech-lead")).sentence == (
        "Change Control Board agrees: 2 for, 1 against, 0 abstained"
    )
    assert count(policy, *against).sentence == "Change Control Board refuses: 1 for, 2 against, 0 abstained"


def test_abstentions_make_a_quorum_and_no_majority() -> None:
    abstained = (said(VoteKind.ABSTAIN, "grace", "qa-lead"), said(VoteKind.ABSTAIN, "bob", "tech-lead"))

    assert standing(BY_BOARD, *abstained, yes("ada", "cto")) is Standing.APPROVED
    assert count(BY_BOARD, *abstained, said(VoteKind.ABSTAIN, "ada", "cto")).sentence == (
        "Sign-off waits for a vote that settles the tie of the Change Control Board: "
        "0 for, 0 against, 3 abstained (product-owner)"
    )


def test_the_chair_settles_a_tie_where_the_board_says_so() -> None:
    tie = (
        yes("ada", "cto"),
        no("grace", "qa-lead"),
        said(VoteKind.ABSTAIN, "bob", "tech-lead"),
    )
    without = the_voters(board=replace(BOARD, casting_vote=False))

    assert count(BY_BOARD, *tie).sentence == (
        "Sign-off is given by the Change Control Board: 1 for, 1 against, 1 abstained; "
        "the chair's vote decides"
    )
    assert standing(BY_BOARD, *tie, voters=without) is Standing.WAITING
    assert standing(BY_BOARD, *tie, said(VoteKind.ABSTAIN, "olga", "product-owner"), voters=without) is (
        Standing.REJECTED
    )


def test_each_seat_of_a_board_has_one_vote_the_newest() -> None:
    found = count(BY_BOARD, no("grace", "qa-lead"), yes("heidi", "qa-lead"), yes("ada", "cto"))

    assert [vote.by for vote in found.counted] == ["heidi", "ada"]
    assert [one.vote.by for one in found.void] == ["grace"]


def test_advisory_votes_are_shown_and_not_counted() -> None:
    advice = no("uma", "ux-lead", "the contrast is poor")

    found = count(BY_BOARD, advice, yes("ada", "cto"), yes("grace", "qa-lead"), yes("olga", "product-owner"))

    assert found.standing is Standing.APPROVED
    assert found.advisory == (advice,)
    assert advice not in found.counted


def test_an_emergency_meeting_has_its_own_quorum() -> None:
    votes = (yes("ada", "cto"), yes("grace", "qa-lead"))

    assert standing(BY_BOARD, *votes, voters=the_voters(is_emergency=True)) is Standing.APPROVED


def test_a_board_among_other_rules_refuses_for_all() -> None:
    policy = a_policy(AllOf((ByBoard("ccb"), CTO)))
    votes = (no("grace", "qa-lead"), no("bob", "tech-lead"), yes("ada", "cto"))

    assert standing(policy, *votes) is Standing.REJECTED


def test_an_unknown_board_is_named() -> None:
    with pytest.raises(RuleError, match='asks the board "senate", which the process does not have'):
        count(a_policy(ByBoard("senate")))


def test_in_the_open_everybody_plays_every_role_but_not_their_own_judge() -> None:
    voters = the_voters(is_open=True, barred={"ada": "wrote it"})

    assert standing(a_policy(QA), yes("anybody", "qa-lead"), voters=voters) is Standing.APPROVED
    assert standing(a_policy(QA), yes("ada", "qa-lead"), voters=voters) is Standing.WAITING


def test_count_votes_takes_people_and_boards_one_by_one() -> None:
    votes = ballot(yes("ada", "cto"), yes("grace", "qa-lead"))
    directory = Directory(MEMBERS)

    ordinary = count_votes(BY_BOARD, votes, SUBJECT, directory, NOW, boards={"ccb": BOARD})
    emergency = count_votes(
        BY_BOARD, votes, SUBJECT, directory, NOW, boards={"ccb": BOARD}, is_emergency=True
    )

    assert ordinary.standing is Standing.WAITING
    assert emergency.standing is Standing.APPROVED
    assert count_votes(a_policy(QA), Ballot("sign-off"), SUBJECT, directory, NOW).sentence == (
        "Sign-off waits for 1 of qa-lead (grace or heidi)"
    )
