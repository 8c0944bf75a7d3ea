"""Votes, decisions, attestations and checklist items, as use cases take and keep them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from sluiceway.domain.approvals.model import VoteKind
from sluiceway.domain.releases.model import DecisionKind, GateEntry, ItemState
from sluiceway.errors import ConflictError, ForbiddenError, InvalidInputError, NotFoundError, RuleError
from sluiceway.services import again, release_base, release_saving
from sluiceway.services.release_facts import FactsPatch
from sluiceway.services.release_views import ApprovalView, GateView, ReleaseView
from tests.unit.services.road import Team, a_release, facts


def leads(view: ReleaseView) -> ApprovalView:
    return next(one for one in view.approvals if one.policy == "leads")


def quality(view: ReleaseView) -> GateView:
    return next(one for one in view.gates if one.id == "quality")


# Votes


def test_a_vote_is_kept_with_its_role_and_told_in_the_trail(team: Team) -> None:
    release_id = a_release(team)

    view = team.releases.vote(release_id, "leads", VoteKind.APPROVE, team.tom, comment="fine with me")

    (vote,) = leads(view).votes
    assert (vote.by, vote.role, vote.comment, vote.void_reason) == ("tom", "tech-lead", "fine with me", "")
    said = team.releases.history(release_id, team.ann)[0]
    assert (said.kind, said.actor) == ("vote-approve", "tom")
    assert said.why == "Leads: approve as tech-lead: fine with me"


def test_two_who_approve_at_the_same_moment_both_count(team: Team) -> None:
    release_id = a_release(team)
    barrier, failed = threading.Barrier(2), list[Exception]()

    def vote(by: Any) -> None:
        barrier.wait(20)
        try:
            team.releases.vote(release_id, "leads", VoteKind.APPROVE, by)
        except Exception as failure:
            failed.append(failure)

    threads = [threading.Thread(target=vote, args=(by,)) for by in (team.tom, team.quinn)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    found = leads(team.releases.get(release_id, team.ann))
    assert failed == []
    assert (found.standing, {vote.by for vote in found.votes}) == ("approved", {"tom", "quinn"})


def beaten(times: int, saved: list[int]) -> Callable[..., int]:
    """Return a `save` that somebody else is quicker than, so many times."""
    real = release_saving.save

    def save(*args: Any, **more: Any) -> int:
        saved.append(1)
        if len(saved) <= times:
            raise ConflictError("somebody saved it")
        return real(*args, **more)

    return save


def test_an_act_that_met_another_is_decided_anew_on_what_is_there_now(
    team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    release_id, saved = a_release(team), list[int]()
    monkeypatch.setattr(release_base, "save", beaten(again.TRIES - 1, saved))

    view = team.releases.vote(release_id, "leads", VoteKind.APPROVE, team.tom)

    assert len(saved) == again.TRIES
    assert [vote.by for vote in leads(view).votes] == ["tom"]


def test_an_act_that_always_meets_another_gives_up_in_the_end(
    team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    release_id, saved = a_release(team), list[int]()
    monkeypatch.setattr(release_base, "save", beaten(99, saved))

    with pytest.raises(ConflictError):
        team.releases.vote(release_id, "leads", VoteKind.APPROVE, team.tom)

    assert len(saved) == again.TRIES


def test_an_act_on_a_certain_version_is_not_tried_again(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    release_id, saved = a_release(team), list[int]()
    version = team.releases.get(release_id, team.ann).version
    monkeypatch.setattr(release_base, "save", beaten(1, saved))

    with pytest.raises(ConflictError):
        team.releases.edit(release_id, FactsPatch(title="Winter"), team.ann, expected_version=version)

    assert len(saved) == 1


def test_a_vote_on_what_has_changed_since_it_was_shown_is_refused(team: Team) -> None:
    release_id = a_release(team)
    seen = leads(team.releases.get(release_id, team.tom)).subject_hash
    team.releases.edit(release_id, FactsPatch(version="1.2.0"), team.ann)

    with pytest.raises(RuleError, match="it has changed since tom looked at it"):
        team.releases.vote(release_id, "leads", VoteKind.APPROVE, team.tom, seen=seen)

    now = leads(team.releases.get(release_id, team.tom)).subject_hash
    view = team.releases.vote(release_id, "leads", VoteKind.APPROVE, team.tom, seen=now)
    assert [vote.by for vote in leads(view).votes] == ["tom"]


def test_a_change_to_what_was_approved_asks_again_and_says_what_changed(team: Team) -> None:
    release_id = a_release(team)
    team.releases.vote(release_id, "leads", VoteKind.APPROVE, team.tom)

    view = team.releases.edit(release_id, FactsPatch(version="1.2.0"), team.ann)

    (vote,) = leads(view).votes
    assert leads(view).standing == "waiting"
    assert "version" in vote.void_reason


def test_the_author_does_not_approve_their_own_release(team: Team) -> None:
    both = team.office.person("both", "release-manager@checkout", "tech-lead@checkout")
    own = team.releases.new("checkout", facts(), both).summary.id

    with pytest.raises(RuleError, match="both wrote it, and the two are kept separate"):
        team.releases.vote(own, "leads", VoteKind.APPROVE, both)

    assert leads(team.releases.get(own, both)).my_refusal == "both wrote it"


def test_somebody_without_a_right_to_vote_is_told_so(team: Team) -> None:
    release_id = a_release(team)

    with pytest.raises(ForbiddenError, match="guest may not approve for checkout"):
        team.releases.vote(release_id, "leads", VoteKind.APPROVE, team.guest)
    view = team.releases.vote(release_id, "leads", VoteKind.COMMENT, team.guest, comment="why now?")

    assert [(vote.by, vote.kind) for vote in leads(view).votes] == [("guest", "comment")]


def test_an_unknown_approval_is_named(team: Team) -> None:
    with pytest.raises(NotFoundError, match='has no approval "board"'):
        team.releases.vote(a_release(team), "board", VoteKind.APPROVE, team.tom)


def test_a_role_taken_away_after_the_vote_voids_it(team: Team) -> None:
    release_id = a_release(team)
    team.releases.vote(release_id, "leads", VoteKind.APPROVE, team.tom)
    rosa = team.office.log_in("rosa")
    team.office.services.accounts.revoke("tom", "tech-lead", "checkout", rosa)

    (vote,) = leads(team.releases.get(release_id, team.ann)).votes

    assert "tom is not Tech Lead" in vote.void_reason


def test_a_condition_of_a_vote_is_met_by_somebody_and_once(team: Team) -> None:
    release_id = a_release(team)
    view = team.releases.vote(
        release_id, "leads", VoteKind.APPROVE_IF, team.tom, conditions=("  tell support ", "")
    )
    (condition,) = view.conditions

    met = team.releases.meet_condition(release_id, condition.id, team.ann, note="told on Monday")

    assert (condition.text, condition.by) == ("tell support", "tom")
    assert (met.conditions[0].is_done, met.conditions[0].done_by) == (True, "ann")
    assert team.releases.history(release_id, team.ann)[0].why == (
        'met the condition "tell support": told on Monday'
    )
    with pytest.raises(RuleError, match="ann met it on"):
        team.releases.meet_condition(release_id, condition.id, team.ann)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"comment": "x" * 5_001}, "the comment has 5001 characters; use at most 5000 and link to the rest"),
        ({"comment": "\x1b]0;gotcha\x07"}, "the comment holds a character that can't be seen"),
        ({"conditions": ("x",) * 21}, "there are 21 conditions; use at most 20"),
    ],
)
def test_a_vote_with_a_text_that_can_not_be_kept_is_refused(
    team: Team, more: dict[str, Any], words: str
) -> None:
    with pytest.raises(InvalidInputError, match=words.replace("(", r"\(")):
        team.releases.vote(a_release(team), "leads", VoteKind.APPROVE_IF, team.tom, **more)


# Decisions


def test_a_decision_goes_stale_when_the_scope_changes(team: Team) -> None:
    release_id = a_release(team)
    team.releases.decide(release_id, "go-no-go", DecisionKind.GO, team.ann, reason="all fine")

    view = team.releases.edit(release_id, FactsPatch(scope=()), team.ann)

    assert [(one.kind, one.is_stale) for one in view.decisions] == [("go", True)]


def test_a_decision_is_made_by_those_who_move_releases(team: Team) -> None:
    release_id = a_release(team)

    with pytest.raises(ForbiddenError, match="tom may not move"):
        team.releases.decide(release_id, "go-no-go", DecisionKind.GO, team.tom)
    assert team.releases.get(release_id, team.ann).wanted_decisions == ("go-no-go",)


# Gates


def test_an_attestation_is_signed_by_the_installation(team: Team) -> None:
    release_id = a_release(team)

    view = team.releases.attest(release_id, "quality", team.quinn, holds=True, statement="all green")

    found = quality(view)
    assert (found.standing, found.by, found.statement, found.is_signed) == (
        *("passed", "quinn", "all green"),
        True,
    )
    assert team.releases.history(release_id, team.ann)[0].why == "quality: holds: all green"


@pytest.mark.parametrize(
    "forge",
    [
        lambda entry: replace(entry, statement="all green, really"),
        lambda entry: replace(entry, by="rosa"),
        lambda entry: replace(entry, subject="1.2.0"),
        lambda entry: replace(entry, signature=""),
        lambda entry: replace(entry, signature="not base64 at all"),
    ],
)
def test_an_attestation_changed_in_the_database_is_shown_as_not_signed(
    team: Team, forge: Callable[[GateEntry], GateEntry]
) -> None:
    release_id = a_release(team)
    team.releases.attest(release_id, "quality", team.quinn, holds=True, statement="all green")
    with team.office.store.begin() as tx:
        row = tx.get_release(release_id)
        (entry,) = row.release.gates
        forged = replace(row.release, gates=(forge(entry),))
        tx.save_release(row, forged, is_open=True, due_at=None)

    assert not quality(team.releases.get(release_id, team.ann)).is_signed


def test_an_attestation_of_another_release_is_no_attestation_of_this_one(team: Team) -> None:
    first, second = a_release(team, "1.1.0"), a_release(team, "1.2.0")
    team.releases.attest(first, "quality", team.quinn, holds=True, statement="all green")
    with team.office.store.begin() as tx:
        (entry,) = tx.get_release(first).release.gates
        row = tx.get_release(second)
        copied = replace(row.release, gates=(replace(entry, subject="1.2.0"),))
        tx.save_release(row, copied, is_open=True, due_at=None)

    assert not quality(team.releases.get(second, team.ann)).is_signed


def test_a_waiver_ends_when_it_says(team: Team) -> None:
    release_id = a_release(team)
    until = team.office.clock.now() + timedelta(hours=2)

    waived = team.releases.waive(release_id, "quality", team.ann, reason="known flake", until=until)
    team.office.clock.advance(2 * 3_600)

    assert (quality(waived).standing, quality(waived).is_signed) == ("waived", True)
    assert quality(team.releases.get(release_id, team.ann)).standing != "waived"


def test_who_attests_does_not_waive(team: Team) -> None:
    with pytest.raises(ForbiddenError, match="quinn may not override"):
        team.releases.waive(a_release(team), "quality", team.quinn, reason="trust me")


def test_a_calendar_is_overridden_with_a_reason_that_is_kept(team: Team) -> None:
    release_id = a_release(team)

    team.releases.override_calendar(release_id, team.ann, reason="security fix")

    assert team.releases.history(release_id, team.ann)[0].why == (
        "may act while the calendar is closed: security fix"
    )


# Checklist items


def test_an_item_is_done_opened_again_and_done(team: Team) -> None:
    release_id = a_release(team)

    def check(state: ItemState, note: str) -> tuple[str, str, str, str]:
        view = team.releases.check(
            release_id, "before", "backup", state, team.ann, note=note, link="https://backups/1"
        )
        item = view.checklists[0].items[0]
        return item.state, item.by, item.note, item.link

    assert check(ItemState.DONE, "at night") == ("done", "ann", "at night", "https://backups/1")
    assert check(ItemState.OPEN, "it was empty") == ("open", "ann", "it was empty", "")
    assert check(ItemState.DONE, "again") == ("done", "ann", "again", "https://backups/1")


def test_nobody_says_that_an_item_failed(team: Team) -> None:
    with pytest.raises(InvalidInputError, match="only a check that answers by itself fails"):
        team.releases.check(a_release(team), "before", "backup", ItemState.FAILED, team.ann)


def test_an_item_of_another_role_is_left_to_it(team: Team) -> None:
    with pytest.raises(RuleError, match="is up to release-manager, and tom is not that"):
        team.releases.check(a_release(team), "before", "backup", ItemState.DONE, team.tom)


def test_whoever_plays_no_role_checks_nothing(team: Team) -> None:
    stranger = team.office.person("stranger")

    with pytest.raises(ForbiddenError, match="stranger may not check"):
        team.releases.check(a_release(team), "before", "backup", ItemState.DONE, stranger)
