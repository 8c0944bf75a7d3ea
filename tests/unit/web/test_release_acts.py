"""What a person is offered to do about a release, and in which words."""

from __future__ import annotations

from dataclasses import replace

from sluiceway.services.release_views import DecisionView, MoveView, PhaseView
from sluiceway.web.forms import Field, Form
from sluiceway.web.release_acts import can_start_rollout, decisions_of, head_forms, other_forms
from tests.unit.web.releases import (
    MISSING,
    NOW,
    a_gate,
    a_rollout,
    a_summary,
    a_view,
    an_approval,
)


def keys(forms: tuple[Form, ...]) -> list[str]:
    return [form.key for form in forms]


def form(forms: tuple[Form, ...], key: str) -> Form:
    return next(one for one in forms if one.key == key)


def fields(of: Form) -> dict[str, Field]:
    return {field.name: field for field in of.fields}


def test_what_goes_forward_comes_first_and_the_ways_back_last() -> None:
    assert keys(head_forms(a_view())) == ["move-rolling-out", "replan", "send-back", "cancel"]


def test_a_move_is_offered_only_when_nothing_is_missing() -> None:
    held = replace(a_view().moves[0], missing=(MISSING,))

    assert "move-rolling-out" not in keys(head_forms(a_view(moves=(held, *a_view().moves[1:]))))


def test_a_move_is_for_what_was_seen_only() -> None:
    move = form(head_forms(a_view()), "move-rolling-out")

    assert (move.url, move.fixed, move.is_for_version) == (
        "/releases/REL-2027-0001/move",
        (("to", "rolling-out"),),
        True,
    )


def test_whoever_only_reads_is_offered_a_comment_and_nothing_else() -> None:
    view = a_view(may=("read",), approvals=(an_approval(),), gates=(a_gate(),), wanted_decisions=("go",))

    assert (keys(head_forms(view)), keys(other_forms(view))) == ([], ["comment-readiness"])


def test_a_release_without_a_rollout_is_not_rolled_back() -> None:
    assert "roll-back" not in keys(head_forms(a_view()))
    assert "roll-back" in keys(head_forms(a_view(rollouts=(a_rollout(is_finished=True),))))


def test_a_rollback_says_whether_users_are_moved() -> None:
    live = form(head_forms(a_view(rollouts=(a_rollout(),))), "roll-back")
    over = form(head_forms(a_view(rollouts=(a_rollout(is_finished=True),))), "roll-back")

    assert live.consequences[0] == "The rollout to 2.4.0 is rolled back: everyone meets 2.3.1 again."
    assert over.consequences[0] == "No rollout of it is under way; what users meet does not change by this."


def test_whoever_may_only_roll_back_is_offered_just_that() -> None:
    view = a_view(may=("read", "roll-back"), rollouts=(a_rollout(),))

    assert keys(head_forms(view)) == ["roll-back"]


def test_sending_back_offers_phases_of_the_road_only() -> None:
    to = fields(form(head_forms(a_view()), "send-back"))["to"]

    assert [option.value for option in to.options] == ["in-development"]


def test_a_rollout_starts_in_the_phase_for_it_and_while_none_is_under_way() -> None:
    here = (PhaseView("rolling-out", "Rolling out", "", "current", kind="rollout"),)

    assert not can_start_rollout(a_view())
    assert can_start_rollout(a_view(phases=here))
    assert can_start_rollout(a_view(phases=here, rollouts=(a_rollout(is_finished=True),)))
    assert not can_start_rollout(a_view(phases=here, rollouts=(a_rollout(),)))
    assert not can_start_rollout(a_view(phases=here, may=("read", "plan")))


def test_a_vote_is_for_what_the_voter_saw() -> None:
    vote = form(other_forms(a_view(approvals=(an_approval(),))), "vote-readiness")

    assert vote.fixed == (("policy", "readiness"), ("seen", "abc"))
    assert vote.subject == (("version", "2.4.0"),)
    assert list(fields(vote)) == ["kind", "conditions", "comment"]


def test_whoever_plays_several_roles_says_in_which_they_vote() -> None:
    approval = an_approval(my_roles=("qa-lead", "cto"))
    vote = form(other_forms(a_view(approvals=(approval,))), "vote-readiness")

    assert [option.label for option in fields(vote)["role"].options] == ["QA lead", "CTO"]


def test_whoever_is_refused_a_vote_may_comment() -> None:
    approval = an_approval(my_roles=(), my_refusal="pia wrote it")

    found = keys(other_forms(a_view(approvals=(approval,))))

    assert "vote-readiness" not in found
    assert "comment-readiness" in found


def test_a_gate_that_passed_is_not_waived() -> None:
    passed = keys(other_forms(a_view(gates=(a_gate(standing="passed"),))))
    missing = keys(other_forms(a_view(gates=(a_gate(),))))

    assert "waive-testing" not in passed
    assert {"attest-testing", "waive-testing"} <= {*missing}


def test_decisions_are_named_once_those_that_are_wanted_first() -> None:
    taken = tuple(
        DecisionView(name, "go", "rita", "release-manager", NOW, "")
        for name in ("freeze", "go-no-go", "freeze")
    )

    assert decisions_of(a_view(wanted_decisions=("go-no-go",), decisions=taken)) == ("go-no-go", "freeze")


def test_the_calendar_is_overridden_only_while_it_is_closed() -> None:
    closed = a_view(calendar_closed="the year's end, until 3 January")

    assert "override-calendar" not in keys(other_forms(a_view()))
    assert form(other_forms(closed), "override-calendar").consequences[0] == (
        "Closed now: the year's end, until 3 January."
    )


def test_a_release_under_an_older_process_may_be_moved_to_the_one_in_force() -> None:
    assert "upgrade" in keys(other_forms(a_view(is_newest_process=False)))
    assert "upgrade" not in keys(other_forms(a_view()))


def test_an_ended_release_offers_nothing() -> None:
    ended = a_view(summary=a_summary(is_open=False), moves=(), may=())

    assert (head_forms(ended), other_forms(ended)) == ((), ())


def test_a_release_that_can_only_go_on_is_not_sent_back() -> None:
    only = (MoveView("rolling-out", "Rolling out", is_back=False),)

    assert keys(head_forms(a_view(moves=only))) == ["move-rolling-out", "replan"]
