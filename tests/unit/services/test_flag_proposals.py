"""Changes of flags where the process asks for an approval."""

from __future__ import annotations

import pytest

from sluiceway.domain.flags.model import Flag, HeldOffBy, Hold, Reason
from sluiceway.errors import ConflictError, ForbiddenError, IllegalMoveError, RuleError
from sluiceway.services.flag_views import Outcome
from tests.unit.services.desk import Office
from tests.unit.services.flag_desk import PRODUCTION, SERVICE, FlagDesk, a_flag_desk


@pytest.fixture
def desk(office: Office) -> FlagDesk:
    return a_flag_desk(office)


def propose(desk: FlagDesk) -> str:
    """Return the id of the proposal of dev's to turn a new flag on in production."""
    desk.flags.create(SERVICE, Flag("new"), desk.dev)
    return desk.flags.toggle(SERVICE, PRODUCTION, "new", True, desk.dev, why="ready").proposal


def test_a_change_waits_where_the_process_says_so_and_nowhere_else(desk: FlagDesk) -> None:
    desk.flags.create(SERVICE, Flag("new"), desk.dev)

    staged = desk.flags.toggle(SERVICE, "staging", "new", True, desk.dev)
    waiting = desk.flags.toggle(SERVICE, PRODUCTION, "new", True, desk.dev)

    assert staged.outcome is Outcome.APPLIED
    assert (waiting.outcome, waiting.lines) == (Outcome.WAITING, ("new: turned on",))
    assert "1 of Product Owner" in waiting.waits_for
    assert desk.served("new").reason is Reason.DISABLED
    (shown,) = desk.flags.proposed(SERVICE, desk.guest)
    assert (shown.id, shown.by, shown.items) == (waiting.proposal, "dev", ("new",))
    assert desk.flags.get(SERVICE, "new", desk.guest).waiting == (shown,)


def test_an_approval_applies_what_was_proposed(desk: FlagDesk) -> None:
    proposal = propose(desk)
    seen = desk.flags.proposal(proposal, desk.owner).subject

    settled = desk.flags.approve(proposal, desk.owner, comment="go", seen=seen)

    assert settled.state == "applied"
    assert desk.served("new").value is True
    assert desk.flags.proposed(SERVICE, desk.guest) == ()
    newest = desk.flags.history(SERVICE, "new", desk.guest)[0]
    assert (newest.by, newest.environment, newest.lines) == ("dev", PRODUCTION, ("turned on",))
    assert "Flag change is given by" in newest.why
    kinds = [kind for kind, _, _ in desk.office.trail()][-3:]
    assert kinds == ["flag-change-proposed", "flag-vote-approve", "flag-turned-on"]


def test_whoever_proposed_it_can_not_agree_alone(desk: FlagDesk) -> None:
    desk.flags.create(SERVICE, Flag("new"), desk.owner)
    proposal = desk.flags.toggle(SERVICE, PRODUCTION, "new", True, desk.owner).proposal

    with pytest.raises(RuleError, match="olga wrote it, and the two are kept separate"):
        desk.flags.approve(proposal, desk.owner)
    with pytest.raises(RuleError, match="dev is not asked by name and can't vote here"):
        desk.flags.approve(proposal, desk.dev)
    with pytest.raises(ForbiddenError):
        desk.flags.approve(proposal, desk.guest)
    assert desk.served("new").reason is Reason.DISABLED


def test_a_rejection_ends_a_proposal_with_its_reason(desk: FlagDesk) -> None:
    proposal = propose(desk)

    settled = desk.flags.reject(proposal, desk.owner, "not before the feast")

    assert settled.state == "rejected"
    assert "not before the feast" in settled.sentence
    with pytest.raises(IllegalMoveError, match="is rejected already"):
        desk.flags.approve(proposal, desk.owner)


def test_a_proposal_whose_flag_has_changed_says_what_and_is_not_applied(desk: FlagDesk) -> None:
    proposal = propose(desk)
    desk.flags.kill(SERVICE, PRODUCTION, "new", desk.helper, why="orders are lost")

    with pytest.raises(ConflictError, match=r"new: killed: orders are lost \(sue, 2026-01-05") as caught:
        desk.flags.approve(proposal, desk.owner)

    assert "propose the change anew" in str(caught.value)
    assert desk.flags.proposal(proposal, desk.guest).outdated != ()
    assert desk.served("new").value is False


def test_a_vote_on_something_else_than_was_shown_is_refused(desk: FlagDesk) -> None:
    proposal = propose(desk)

    with pytest.raises(RuleError, match="it has changed since olga looked at it"):
        desk.flags.approve(proposal, desk.owner, seen="0" * 64)


def test_a_proposal_is_withdrawn_by_its_author(desk: FlagDesk) -> None:
    proposal = propose(desk)
    with pytest.raises(ForbiddenError):
        desk.flags.withdraw(proposal, desk.guest)

    assert desk.flags.withdraw(proposal, desk.dev, "later").state == "withdrawn"


def test_kills_and_the_engine_ask_nobody_but_the_way_back_does(desk: FlagDesk) -> None:
    desk.put_on()

    desk.flags.kill(SERVICE, PRODUCTION, "new", desk.helper)
    assert desk.served("new").reason is Reason.KILLED
    (released,) = desk.flags.release_kill(SERVICE, PRODUCTION, "new", desk.dev)
    assert released.outcome is Outcome.WAITING
    desk.flags.approve(released.proposal, desk.owner)
    assert desk.served("new").value is True
    desk.flags.hold(SERVICE, PRODUCTION, "new", Hold(HeldOffBy.THRESHOLD, "slow", "p95_ms"), "engine")
    assert desk.served("new").reason is Reason.THRESHOLD


def test_a_flag_that_is_on_is_not_archived_past_those_who_agree(desk: FlagDesk) -> None:
    desk.put_on()

    with pytest.raises(IllegalMoveError, match="on in production, where Flag change agrees to changes"):
        desk.flags.archive(SERVICE, "new", desk.dev)
