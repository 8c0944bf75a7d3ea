"""Votes, decisions, attestations, waivers, conditions and overrides: who may, and how each is refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from sluiceway.domain.approvals.model import Standing, VoteKind
from sluiceway.domain.changes.model import ChangeState
from sluiceway.domain.people.model import Absence, Directory
from sluiceway.domain.releases.agreeing import attest, decide, meet_condition, override_calendar, vote, waive
from sluiceway.domain.releases.ballots import outcome_of
from sluiceway.domain.releases.model import Decision, DecisionKind, GateResult, Override, Release
from sluiceway.domain.releases.road import policy_of
from sluiceway.domain.releases.world import LinkedChange, World
from sluiceway.errors import InvalidInputError, NotFoundError, RuleError
from tests.unit.domain.releases.roads import (
    DIRECTORY,
    HOUR,
    NOW,
    PROCESS,
    SIGN_OFF,
    WORLD,
    a_process,
    a_release,
    a_vote,
)

OPEN = Directory(is_open=True)


def voted(
    release: Release, by: str, role: str, kind: VoteKind = VoteKind.APPROVE, *conditions: str
) -> Release:
    return vote(release, PROCESS, "sign-off", a_vote(release, by, role, kind, *conditions), WORLD)


def decided(kind: DecisionKind = DecisionKind.GO, **given: Any) -> Release:
    how = {"by": "mia", "reason": "", "now": NOW, "directory": DIRECTORY, **given}
    return decide(a_release("build"), PROCESS, how.pop("name", "code-freeze"), kind, **how)


def attested(**given: Any) -> Release:
    how = {
        "holds": True,
        "by": "quinn",
        "statement": "all green",
        "now": NOW,
        "directory": DIRECTORY,
        **given,
    }
    return attest(a_release("build"), PROCESS, how.pop("gate", "quality"), **how)


def waived(**given: Any) -> Release:
    how = {"by": "carl", "reason": "a leak", "until": NOW + HOUR, "now": NOW, "directory": DIRECTORY, **given}
    return waive(a_release("build"), how.pop("process", PROCESS), "quality", **how)


def overridden(**given: Any) -> Release:
    how = {"by": "carl", "reason": "a leak", "until": NOW + HOUR, "now": NOW, "directory": DIRECTORY, **given}
    return override_calendar(a_release("build"), how.pop("process", PROCESS), **how)


def test_votes_are_taken_ahead_of_time() -> None:
    release = voted(voted(a_release("draft"), "quinn", "qa"), "carl", "cto")

    assert outcome_of(release, PROCESS, SIGN_OFF, WORLD, NOW).standing is Standing.APPROVED
    assert len(release.ballots) == 1


def test_a_vote_that_the_policy_does_not_ask_for_is_refused_by_name() -> None:
    with pytest.raises(
        RuleError, match="Sign-off, which asks for 1 of QA lead and 1 of CTO: eli is not QA lead"
    ):
        voted(a_release(), "eli", "qa")
    with pytest.raises(NotFoundError, match='the process "tests" has no approval "blessing"'):
        vote(a_release(), PROCESS, "blessing", a_vote(a_release(), "quinn", "qa"), WORLD)


def test_the_author_does_not_approve_their_own_release() -> None:
    with pytest.raises(RuleError, match="quinn wrote it, and the two are kept separate"):
        voted(replace(a_release(), author="quinn"), "quinn", "qa")


@pytest.mark.parametrize(
    ("duty", "why"),
    [("manager", "manages it"), ("requestor", "asked for it"), ("implementer", "carries it out")],
)
def test_manager_requestor_and_implementer_are_kept_apart_where_the_policy_says_so(
    duty: str, why: str
) -> None:
    process = a_process(approvals=(replace(SIGN_OFF, separate=(duty,)),))
    release = a_release(manager="quinn", changes=("CR-2026-001", "CR-2026-002"))
    change = LinkedChange(
        "CR-2026-001", "Index", ChangeState.APPROVED, requestor="quinn", implementer="quinn"
    )
    world = World(DIRECTORY, changes={"CR-2026-001": change})

    with pytest.raises(RuleError, match=f"quinn {why}"):
        vote(release, process, "sign-off", a_vote(release, "quinn", "qa"), world)


def test_a_vote_on_what_has_changed_meanwhile_is_refused() -> None:
    seen = a_vote(a_release(), "quinn", "qa")

    with pytest.raises(RuleError, match="it has changed since quinn looked at it"):
        vote(a_release(version="1.6.0"), PROCESS, "sign-off", seen, WORLD)


def test_conditions_become_items_and_are_met_once() -> None:
    release = voted(a_release("build"), "carl", "cto", VoteKind.APPROVE_IF, "tell support", "watch the disk")

    met = meet_condition(release, PROCESS, "sign-off-1-2", by="eli", note="alert set", now=NOW)

    assert [(one.id, one.text, one.by) for one in release.conditions] == [
        ("sign-off-1-1", "tell support", "carl"),
        ("sign-off-1-2", "watch the disk", "carl"),
    ]
    assert [(one.done_by, one.done_at, one.note) for one in met.conditions] == [
        ("", None, ""),
        ("eli", NOW, "alert set"),
    ]
    with pytest.raises(RuleError, match="sign-off-1-2: eli met it on 2026-03-02 09:00 UTC already"):
        meet_condition(met, PROCESS, "sign-off-1-2", by="ben", note="", now=NOW)
    with pytest.raises(NotFoundError, match='no condition "cake"; open: sign-off-1-1'):
        meet_condition(met, PROCESS, "cake", by="ben", note="", now=NOW)


def test_a_new_vote_takes_its_open_conditions_along_and_leaves_met_ones() -> None:
    release = voted(a_release("build"), "carl", "cto", VoteKind.APPROVE_IF, "tell support", "watch the disk")
    release = voted(release, "quinn", "qa", VoteKind.APPROVE_IF, "one more test")
    release = meet_condition(release, PROCESS, "sign-off-1-1", by="eli", note="", now=NOW)

    commented = voted(release, "carl", "cto", VoteKind.APPROVE)

    assert [one.text for one in commented.conditions] == ["tell support", "one more test"]
    back = replace(a_vote(release, "quinn", "qa"), kind=VoteKind.WITHDRAW)
    assert [one.text for one in vote(release, PROCESS, "sign-off", back, WORLD).conditions] == [
        "tell support",
        "watch the disk",
    ]


def test_a_comment_leaves_conditions_alone() -> None:
    release = voted(a_release("build"), "carl", "cto", VoteKind.APPROVE_IF, "tell support")
    comment = replace(a_vote(release, "carl", "cto"), kind=VoteKind.COMMENT, comment="soon")

    assert vote(release, PROCESS, "sign-off", comment, WORLD).conditions == release.conditions


def test_a_decision_is_recorded_with_role_and_what_it_was_about() -> None:
    (decision,) = decided().decisions

    assert decision == Decision(
        "code-freeze", DecisionKind.GO, "mia", "manager", NOW, "", decision.subject_hash
    )
    assert len(decision.subject_hash) == 64


@pytest.mark.parametrize(
    ("given", "error", "words"),
    [
        ({"by": "eli"}, RuleError, 'the decision "code-freeze" is up to manager; eli is not among them'),
        ({"role": "cto"}, RuleError, "is up to manager; mia as cto is not among them"),
        (
            {"name": "lunch"},
            NotFoundError,
            'asks for the decision "lunch"; asked for: code-freeze and go-no-go',
        ),
        ({"kind": DecisionKind.NO_GO}, InvalidInputError, "code-freeze: a no-go needs a reason"),
    ],
)
def test_a_decision_is_refused(given: dict[str, Any], error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        decided(**given)


def test_an_alternate_decides_for_the_manager_who_is_away() -> None:
    gone = Absence("mia", NOW - HOUR, NOW + HOUR, "eli")

    assert decided(by="eli", directory=Directory(DIRECTORY.members, (gone,))).decisions[0].role == "manager"


def test_in_the_open_anybody_decides_also_without_roles() -> None:
    without_roles = a_process(roles=())

    assert decided(by="anybody", directory=OPEN).decisions[0].role == "manager"
    release = decide(
        a_release("build"),
        without_roles,
        "code-freeze",
        DecisionKind.GO,
        by="anybody",
        reason="",
        now=NOW,
        directory=OPEN,
    )
    assert release.decisions[0].role == ""


def test_a_gate_is_attested_for_the_version_of_the_release() -> None:
    (entry,) = attested(holds=False, statement="two tests fail", signature="sig").gates

    assert (entry.gate, entry.result, entry.by, entry.role) == ("quality", GateResult.FAILED, "quinn", "qa")
    assert (entry.subject, entry.statement, entry.signature) == ("1.5.0", "two tests fail", "sig")


@pytest.mark.parametrize(
    ("given", "error", "words"),
    [
        ({"by": "eli"}, RuleError, "attesting Code quality is up to qa; eli is not among them"),
        ({"statement": " "}, InvalidInputError, "Code quality: state what you looked at and found"),
        ({"gate": "style"}, NotFoundError, 'the process "tests" has no gate "style"'),
    ],
)
def test_an_attestation_is_refused(given: dict[str, Any], error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        attested(**given)


def test_a_waiver_says_why_and_until_when() -> None:
    (entry,) = waived().gates

    assert (entry.result, entry.role, entry.statement) == (GateResult.WAIVED, "cto", "a leak")
    assert (entry.subject, entry.until) == ("1.5.0", NOW + HOUR)


@pytest.mark.parametrize(
    ("given", "error", "words"),
    [
        ({"by": "quinn"}, RuleError, "waiving Code quality is up to cto; quinn is not among them"),
        ({"reason": ""}, InvalidInputError, "waiving Code quality: say why; it is recorded"),
        ({"until": NOW}, InvalidInputError, "it would end on 2026-03-02 09:00 UTC, which is not after now"),
        (
            {"process": a_process(gates=(replace(PROCESS.gates[0], waived_by=()),))},
            RuleError,
            "Code quality can't be waived",
        ),
    ],
)
def test_a_waiver_is_refused(given: dict[str, Any], error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        waived(**given)


def test_an_override_of_the_calendar_is_recorded() -> None:
    assert overridden(until=None).overrides == (Override("calendar", "carl", "cto", NOW, "a leak", None),)


@pytest.mark.parametrize(
    ("given", "error", "words"),
    [
        ({"by": "mia"}, RuleError, "acting while the calendar is closed is up to cto; mia is not among them"),
        ({"reason": " "}, InvalidInputError, "acting while the calendar is closed: say why"),
        ({"until": NOW - HOUR}, InvalidInputError, "which is not after now"),
        ({"process": a_process(roles=PROCESS.roles[:1])}, RuleError, "up to nobody: no role has the right"),
    ],
)
def test_an_override_is_refused(given: dict[str, Any], error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        overridden(**given)


def test_nothing_is_said_about_a_release_that_has_ended() -> None:
    ended = a_release("closed")

    with pytest.raises(RuleError, match="is closed and can't be changed any more"):
        voted(ended, "quinn", "qa")
    with pytest.raises(RuleError, match="is closed and can't be changed any more"):
        attest(
            ended, PROCESS, "quality", holds=True, by="quinn", statement="ok", now=NOW, directory=DIRECTORY
        )


def test_an_approval_that_runs_out_asks_again() -> None:
    process = a_process(approvals=(replace(SIGN_OFF, expires_s=3_600.0),))
    release = voted(voted(a_release(), "quinn", "qa"), "carl", "cto")
    policy = policy_of(process, "sign-off")

    assert (
        outcome_of(release, process, policy, WORLD, NOW + timedelta(minutes=59)).standing is Standing.APPROVED
    )
    assert outcome_of(release, process, policy, WORLD, NOW + HOUR).standing is Standing.WAITING
