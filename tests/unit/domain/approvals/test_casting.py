"""Which votes are taken, and how each refusal names the policy, its rule and the way out."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sluiceway.domain.approvals.casting import Capacity, capacities, cast
from sluiceway.domain.approvals.model import Ballot, Vote, VoteKind
from sluiceway.domain.approvals.subjects import subject_hash
from sluiceway.domain.approvals.voters import Voters, barred_people
from sluiceway.domain.process.team import AllOf, AnyOf, ApprovalPolicy, ByBoard, ByPeople, ByRole, ByWeight
from tests.unit.domain.approvals.votes import (
    OTHER,
    SUBJECT,
    a_policy,
    away,
    ballot,
    no,
    only_if,
    refused,
    said,
    the_voters,
    yes,
)

QA = a_policy(ByRole("qa-lead"))
ENGINEERS = a_policy(ByRole("engineer", 2))
NAMED = a_policy(ByPeople(("ada", "bob")))
BY_BOARD = a_policy(ByBoard("ccb"))


@pytest.mark.parametrize(
    ("policy", "vote"),
    [
        (QA, yes("grace", "qa-lead")),
        (QA, no("grace", "qa-lead")),
        (QA, only_if("grace", "qa-lead", "fix the index")),
        (QA, said(VoteKind.ABSTAIN, "grace", "qa-lead")),
        (QA, said(VoteKind.COMMENT, "anybody", comment="why now?")),
        (NAMED, yes("ada")),
        (BY_BOARD, yes("uma", "ux-lead")),
    ],
)
def test_a_vote_that_is_asked_for_is_taken(policy: ApprovalPolicy, vote: Vote) -> None:
    assert refused(policy, vote) is None


@pytest.mark.parametrize(
    ("vote", "words"),
    [
        (yes("bob", "qa-lead"), "bob is not QA lead and can't vote here"),
        (yes("ada", "cto"), "nobody is asked as CTO and can't vote here"),
        (yes("grace"), "grace is not asked by name; grace can vote as QA lead"),
        (
            yes("grace", "qa-lead", for_="heidi"),
            "grace does not stand in for heidi now; grace can vote as QA lead",
        ),
        (no("grace", "qa-lead", " "), "a rejection needs a reason, so that others know what to mend"),
        (said(VoteKind.COMMENT, "grace"), "a comment needs words"),
        (
            only_if("grace", "qa-lead"),
            "an approval on conditions needs at least one condition, and words for each",
        ),
        (
            only_if("grace", "qa-lead", "fix it", " "),
            "an approval on conditions needs at least one condition, and words for each",
        ),
        (
            replace(yes("grace", "qa-lead"), conditions=("fix it",)),
            'a vote "approve" takes no conditions; use "approve-if"',
        ),
        (
            said(VoteKind.WITHDRAW, "grace", "qa-lead"),
            "grace has given no vote as QA lead that could be taken back",
        ),
    ],
)
def test_a_refusal_names_the_policy_its_rule_and_what_is_wrong(vote: Vote, words: str) -> None:
    assert refused(QA, vote) == f"Sign-off, which asks for 1 of QA lead: {words}"


def test_nobody_votes_on_what_has_changed_under_their_eyes() -> None:
    assert refused(QA, yes("grace", "qa-lead"), on=OTHER) == (
        "Sign-off, which asks for 1 of QA lead: it has changed since grace looked at it; "
        "look again and vote on what it is now"
    )


def test_the_author_is_kept_out_also_through_an_alternate() -> None:
    barred = {"grace": "wrote it"}

    own = refused(QA, yes("grace", "qa-lead"), voters=the_voters(barred=barred))
    through = refused(
        QA, yes("heidi", "qa-lead", for_="grace"), voters=the_voters(away("grace", "heidi"), barred=barred)
    )

    assert own is not None
    assert own == through
    assert own.endswith("grace wrote it, and the two are kept separate; somebody else must vote")


def test_an_alternate_is_taken_while_the_person_is_away_and_in_roles_that_person_has() -> None:
    voters = the_voters(away("grace", "olga"))

    assert refused(QA, yes("olga", "qa-lead", for_="grace"), voters=voters) is None
    assert refused(QA, yes("olga", "qa-lead"), voters=voters) == (
        "Sign-off, which asks for 1 of QA lead: olga is not QA lead; olga can vote as QA lead for grace"
    )
    assert refused(a_policy(ByRole("cto")), yes("olga", "cto", for_="grace"), voters=voters) == (
        "Sign-off, which asks for 1 of CTO: grace is not CTO and can't vote here"
    )


@pytest.mark.parametrize(
    ("before", "vote"),
    [
        (yes("bob", "engineer"), yes("bob", "engineer", for_="dan")),
        (yes("bob", "engineer", for_="dan"), yes("bob", "engineer")),
        (yes("dan", "engineer"), yes("bob", "engineer", for_="dan")),
    ],
)
def test_one_person_counts_once_under_a_rule(before: Vote, vote: Vote) -> None:
    found = refused(ENGINEERS, vote, before, voters=the_voters(away("dan", "bob")))

    assert found is not None
    assert found.endswith("has voted, and one person counts once for 2 of engineer; withdraw that vote first")


def test_a_person_who_is_back_replaces_what_their_alternate_said() -> None:
    assert refused(ENGINEERS, no("dan", "engineer"), yes("bob", "engineer", for_="dan")) is None


@pytest.mark.parametrize("rule", [ByBoard("ccb"), ByWeight((("cto", 2), ("qa-lead", 1)), 3)])
def test_nobody_fills_two_seats(rule: ByBoard | ByWeight) -> None:
    voters = the_voters(members=(("cto", ("ada",)), ("qa-lead", ("ada",))))

    found = refused(a_policy(rule), yes("ada", "qa-lead"), yes("ada", "cto"), voters=voters)

    assert found is not None
    assert "ada (CTO) has voted, and one person counts once" in found


def test_only_who_gave_a_vote_or_whose_it_is_takes_it_back() -> None:
    before = yes("bob", "engineer", for_="dan")

    def back(by: str) -> str | None:
        return refused(
            ENGINEERS, said(VoteKind.WITHDRAW, by, "engineer", for_="dan" if by != "dan" else ""), before
        )

    assert back("bob") is None
    assert back("dan") is None
    assert back("eve") == (
        "Sign-off, which asks for 2 of engineer: bob (engineer, for dan) voted; only they can take it back"
    )


def test_a_vote_may_be_taken_back_by_somebody_who_lost_the_role() -> None:
    assert refused(QA, said(VoteKind.WITHDRAW, "zoe", "qa-lead"), yes("zoe", "qa-lead")) is None


def test_rules_inside_rules_read_as_a_sentence() -> None:
    rule = AllOf(
        (AnyOf((ByRole("cto"), ByPeople(("olga", "ada"), 2))), AnyOf((ByBoard("ccb"), ByRole("qa-lead")), 2)),
        in_order=True,
    )

    assert (refused(a_policy(rule), said(VoteKind.COMMENT, "ada")) or "").startswith(
        "Sign-off, which asks for (1 of CTO or 2 of olga or ada), "
        "then (2 of 2: the Change Control Board or 1 of QA lead): "
    )
    weight = a_policy(ByWeight((("cto", 2), ("qa-lead", 1)), 3))
    assert "asks for votes worth 3 (CTO 2 and QA lead 1): " in (refused(weight, yes("bob", "cto")) or "")


@pytest.mark.parametrize(
    ("person", "voters", "ways"),
    [
        ("bob", the_voters(), (Capacity("tech-lead"),)),
        ("uma", the_voters(), (Capacity("ux-lead"),)),
        (
            "bob",
            the_voters(away("ada", "bob")),
            (Capacity("tech-lead"), Capacity("cto", "ada"), Capacity("", "ada")),
        ),
        ("ada", the_voters(), (Capacity("cto"), Capacity(""))),
        ("ada", the_voters(barred={"ada": "wrote it"}), ()),
        ("bob", the_voters(away("ada", "bob"), barred={"ada": "wrote it"}), (Capacity("tech-lead"),)),
        ("dan", the_voters(), ()),
    ],
)
def test_the_ways_in_which_somebody_may_vote(person: str, voters: Voters, ways: tuple[Capacity, ...]) -> None:
    policy = a_policy(AllOf((ByBoard("ccb"), ByPeople(("ada",)))))

    assert capacities(policy, person, voters) == ways


def test_a_cast_vote_keeps_what_it_was_given_on_once() -> None:
    votes = cast(cast(Ballot("sign-off"), yes("grace", "qa-lead"), SUBJECT), yes("heidi", "qa-lead"), SUBJECT)

    assert votes.subjects == ((subject_hash(SUBJECT), SUBJECT),)
    assert [vote.by for vote in votes.votes] == ["grace", "heidi"]
    assert len(cast(votes, yes("eve"), OTHER).subjects) == 2
    assert ballot() == Ballot("sign-off")


def test_who_is_kept_apart_comes_from_the_policy() -> None:
    people = {"author": ["ada"], "manager": ["ada", "bob"], "requestor": ["cid"], "implementer": [""]}

    assert barred_people(a_policy(ByRole("cto")), people) == {"ada": "wrote it"}
    assert barred_people(
        a_policy(ByRole("cto"), separate=("manager", "author", "implementer", "auditor")),
        {**people, "auditor": ["eve"]},
    ) == {"ada": "manages it", "bob": "manages it", "eve": "is its auditor"}
