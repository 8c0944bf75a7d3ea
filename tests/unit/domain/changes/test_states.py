"""A change request's way from draft to done: every step, and why one is refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from sluiceway.domain.changes.ids import change_id
from sluiceway.domain.changes.model import Change, ChangeFacts, ChangeState, Impact
from sluiceway.domain.changes.states import (
    MOVES,
    OPEN,
    begin,
    decided,
    draft,
    edit,
    finish,
    link,
    missing_fields,
    schedule,
    submit,
    take_back,
    unlink,
    withdraw,
)
from sluiceway.domain.changes.subjects import subject_of, submissions
from sluiceway.errors import IllegalMoveError, InvalidInputError, NotReadyError, RuleError
from tests.unit.domain.changes.requests import CONTROL, FACTS, NOW, after, approved, request, submitted


def done(number: int = 1, **facts: object) -> Change:
    running = begin(approved(number, **facts), CONTROL, "eve", after(2))
    return finish(running, "eve", after(3), ended_well=True)


def test_a_request_goes_from_draft_to_done_and_its_history_says_who_and_why() -> None:
    change = schedule(approved(), after(24), after(26), "wim", after(2))
    change = finish(begin(change, CONTROL, "eve", after(24)), "eve", after(25), ended_well=True)

    assert change.state is ChangeState.DONE
    assert [(by, state) for _, by, state, _ in change.history] == [
        *(("wim", "draft"), ("wim", "submitted"), ("carl", "approved"), ("wim", "scheduled")),
        *(("eve", "in-progress"), ("eve", "done")),
    ]
    assert change.history[3][3] == "from 2026-06-11 09:00 to 2026-06-11 11:00 UTC"


def test_a_request_without_its_fields_is_not_submitted_and_all_of_them_are_named() -> None:
    empty = draft(change_id(2026, 7), ChangeFacts("Tax", "ada"), "wim", "h", NOW)

    with pytest.raises(NotReadyError, match="CR-2026-007 can't be submitted yet") as refused:
        submit(empty, CONTROL, "wim", NOW)

    assert refused.value.missing == (
        *("description", "business justification", "scope of the impact", "acceptance criteria"),
    )


def test_an_emergency_needs_no_more_than_what_who_and_why() -> None:
    assert missing_fields(ChangeFacts("Leak", "ada", description="Plug it"), is_emergency=True) == ()
    assert missing_fields(ChangeFacts(" ", "ada"), is_emergency=True) == ("title", "description")


def test_a_kind_that_nobody_decides_on_can_not_be_submitted() -> None:
    with pytest.raises(RuleError, match=r"nobody could decide on CR-2026-001: .* for Orphan; add one"):
        submit(request(kind="orphan"), CONTROL, "wim", NOW)


def test_an_unknown_kind_is_named_with_the_nearest() -> None:
    with pytest.raises(InvalidInputError, match='unknown kind of change "norml"; did you mean "normal"'):
        submit(request(kind="norml"), CONTROL, "wim", NOW)


def test_a_refused_step_says_where_the_request_is_and_what_is_possible() -> None:
    with pytest.raises(IllegalMoveError) as refused:
        begin(submitted(), CONTROL, "eve", NOW)

    assert str(refused.value) == (
        "CR-2026-001 is submitted since 2026-06-10 09:00 UTC (by wim) and can't become in-progress; "
        "from here it can become approved, rejected, draft, withdrawn"
    )


@pytest.mark.parametrize("state", [state for state in ChangeState if not MOVES[state]])
def test_nothing_leads_out_of_an_end(state: ChangeState) -> None:
    ended = replace(request(), state=state)

    with pytest.raises(IllegalMoveError, match="it has ended"):
        withdraw(ended, "wim", "not needed", NOW)
    with pytest.raises(IllegalMoveError, match="can't be edited any more"):
        edit(ended, FACTS, CONTROL, "wim", NOW)
    with pytest.raises(IllegalMoveError, match="can't become part of a release"):
        link(ended, "REL-2026-0001", "wim", NOW)


def test_only_a_draft_is_submitted_by_hand() -> None:
    with pytest.raises(IllegalMoveError, match="can't become submitted"):
        submit(approved(), CONTROL, "wim", NOW)


@pytest.mark.parametrize(("step", "word"), [(take_back, "taken back"), (withdraw, "withdrawn")])
def test_giving_up_or_taking_back_needs_a_reason(step: object, word: str) -> None:
    assert callable(step)
    with pytest.raises(InvalidInputError, match=f"say why CR-2026-001 is {word}"):
        step(submitted(), "wim", "  ", NOW)


def test_an_edit_while_it_waits_keeps_it_waiting() -> None:
    change = edit(submitted(), replace(FACTS, description="Another law"), CONTROL, "wim", after(1))

    assert change.state is ChangeState.SUBMITTED
    assert change.facts.description == "Another law"


def test_a_change_to_what_was_approved_asks_again_and_says_what_changed() -> None:
    facts = replace(FACTS, impact=Impact(scope="major"))

    change = edit(approved(), facts, CONTROL, "wim", after(2))

    assert change.state is ChangeState.SUBMITTED
    assert change.history[-1] == (
        after(2),
        "wim",
        "submitted",
        'what was approved has changed: scope was "minor", is "major"',
    )


def test_an_edit_of_what_nobody_agreed_to_leaves_the_approval() -> None:
    change = edit(approved(), replace(FACTS, implementer="eve"), CONTROL, "wim", after(2))

    assert change.state is ChangeState.APPROVED
    assert change.facts.implementer == "eve"


def test_the_kind_stays_once_submitted() -> None:
    with pytest.raises(RuleError, match="was submitted as normal; take it back to draft to make it standard"):
        edit(submitted(), replace(FACTS, kind="standard"), CONTROL, "wim", NOW)


def test_a_pre_approved_request_that_changes_is_a_draft_again() -> None:
    template = done()
    change = submit(
        request(2, kind="standard", template=template.id), CONTROL, "wim", after(4), template=template
    )

    assert change.state is ChangeState.APPROVED
    assert change.history[-1][3] == "pre-approved by CR-2026-001"
    edited = edit(change, replace(change.facts, description="More"), CONTROL, "wim", after(5))
    assert edited.state is ChangeState.DRAFT


def test_a_request_that_is_not_pre_approved_stays_a_draft_with_the_reason() -> None:
    with pytest.raises(RuleError, match='CR-2026-002 is not pre-approved: its template "CR-2026-009" is not'):
        submit(request(2, kind="standard", template="CR-2026-009"), CONTROL, "wim", NOW)


def test_submitting_again_is_another_submission_also_word_for_word() -> None:
    first = submitted()
    again = submit(take_back(first, "wim", "a typo", NOW), CONTROL, "wim", NOW)

    assert (submissions(first), submissions(again)) == (1, 2)
    assert subject_of(first) != subject_of(again)
    assert submissions(edit(approved(), replace(FACTS, title="Taxes"), CONTROL, "wim", NOW)) == 1


def test_a_rejected_request_is_reworked_as_a_draft() -> None:
    rejected = decided(submitted(), is_approved=False, by="carl", now=NOW, why="too late")

    assert rejected.state is ChangeState.REJECTED
    assert take_back(rejected, "wim", "smaller now", NOW).state is ChangeState.DRAFT


def test_a_link_to_a_release_schedules_an_approved_request_and_losing_it_takes_that_back() -> None:
    linked = link(approved(), "REL-2026-0001", "wim", after(2))

    assert (linked.state, linked.releases) == (ChangeState.SCHEDULED, ("REL-2026-0001",))
    assert unlink(linked, "REL-2026-0001", "wim", after(3)).state is ChangeState.APPROVED
    timed = schedule(linked, after(24), after(26), "wim", after(3))
    assert unlink(timed, "REL-2026-0001", "wim", after(3)).state is ChangeState.SCHEDULED
    with pytest.raises(RuleError, match="is part of REL-2026-0001 already"):
        link(linked, "REL-2026-0001", "wim", NOW)
    with pytest.raises(RuleError, match="is not part of REL-2026-0002"):
        unlink(linked, "REL-2026-0002", "wim", NOW)


def test_a_draft_is_linked_and_stays_a_draft() -> None:
    assert link(request(), "REL-2026-0001", "wim", NOW).state is ChangeState.DRAFT


def test_a_scheduled_request_can_be_moved_but_not_into_the_past() -> None:
    change = schedule(approved(), after(24), after(26), "wim", after(2))

    assert schedule(change, after(48), after(50), "wim", after(3)).facts.starts_at == after(48)
    with pytest.raises(InvalidInputError, match="can't begin on 2026-06-10 08:00, which is past"):
        schedule(change, after(-1), after(1), "wim", NOW)
    with pytest.raises(IllegalMoveError, match="can't become scheduled"):
        schedule(submitted(), after(24), after(26), "wim", NOW)


def test_a_closed_calendar_refuses_all_but_emergencies() -> None:
    with pytest.raises(RuleError, match="CR-2026-001 can't begin now: it is frozen"):
        begin(approved(), CONTROL, "eve", NOW, closed="it is frozen")

    urgent = replace(approved(), facts=replace(FACTS, kind="emergency"))
    begun = begin(urgent, CONTROL, "eve", NOW, closed="it is frozen")
    assert begun.history[-1][3] == "as an emergency, although it is frozen"


def test_a_failed_change_says_why() -> None:
    running = begin(approved(), CONTROL, "eve", after(2))

    with pytest.raises(InvalidInputError, match="say why CR-2026-001 is failed"):
        finish(running, "eve", after(3), ended_well=False)
    failed = finish(running, "eve", after(3), ended_well=False, why="taken back: wrong totals")
    assert (failed.state, failed.history[-1][3]) == (ChangeState.FAILED, "taken back: wrong totals")


@pytest.mark.parametrize(
    ("starts_in", "ends_in", "message"),
    [
        (None, 1, "ends at a time and begins at none"),
        (2, 1, "it ends later than it begins"),
        (1, 1, "it ends later than it begins"),
        (1, 24 * 400, "within a year"),
        (24 * 366 * 300, None, "is outside the years 2000 to 2200"),
    ],
)
def test_times_that_can_not_be_are_refused(
    starts_in: float | None, ends_in: float | None, message: str
) -> None:
    def at(hours: float | None) -> object:
        return None if hours is None else NOW + timedelta(hours=hours)

    with pytest.raises(InvalidInputError, match=message):
        request(starts_at=at(starts_in), ends_at=at(ends_in))


def test_every_state_has_its_moves_and_what_is_open_can_still_happen() -> None:
    assert set(MOVES) == set(ChangeState)
    assert {state.value for state in OPEN} == {"draft", "submitted", "approved", "scheduled", "in-progress"}


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(InvalidInputError, match=r"2026-06-10 10:00 has no time zone; give one"):
        request(starts_at=datetime(2026, 6, 10, 10))  # noqa: DTZ001 -- what is refused
