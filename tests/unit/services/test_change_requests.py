"""A change request's way: made, imported, edited, submitted, scheduled, carried out; what is refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sluiceway.domain.changes.model import ChangeFacts, ChangeState, Impact, RiskEntry
from sluiceway.errors import (
    ConflictError,
    ForbiddenError,
    IllegalMoveError,
    InvalidInputError,
    NotFoundError,
    NotReadyError,
    ProcessFileError,
    RuleError,
)
from sluiceway.services.change_facts import ChangePatch
from tests.unit.services.board_room import FACTS, PROCESS, SHOP, BoardRoom
from tests.unit.services.desk import ADA, Office

REQUEST = """\
change_request:
  id: CR-2026-002
  title: Pay by invoice
  requestor: Sales
"""


def later(room: BoardRoom, **span: float) -> datetime:
    return room.office.clock.now() + timedelta(**span)


def test_a_draft_names_who_asks_and_tells_what_it_waits_for(room: BoardRoom) -> None:
    view = room.changes.new(FACTS, room.olga, service=SHOP)

    assert (view.summary.id, view.summary.state, view.summary.requestor) == ("CR-2026-001", "draft", "olga")
    assert view.summary.waits_for == "olga to submit it"
    assert (view.summary.risk, view.risk.score) == ("Low", 0.0)
    assert view.may == ("edit", "answer", "submit", "withdraw", "link", "comment")
    assert [one.kind for one in room.changes.history("CR-2026-001", room.olga)] == ["change-made"]


def test_a_request_needs_a_service_with_a_process_that_knows_its_kind(room: BoardRoom) -> None:
    with pytest.raises(InvalidInputError, match="names no service; say which one it changes"):
        room.changes.new(FACTS, room.olga)
    with pytest.raises(InvalidInputError, match=r'unknown kind of change "nornal"; did you mean "normal"\?'):
        room.draft(kind="nornal")
    with pytest.raises(InvalidInputError, match="is about shop, not about till"):
        room.changes.new(replace(FACTS, service=SHOP), room.olga, service="till")
    with pytest.raises(ForbiddenError, match="olga may not change for till"):
        room.changes.new(FACTS, room.olga, service="till")


def test_a_service_without_a_process_has_no_change_requests(office: Office) -> None:
    with pytest.raises(NotFoundError, match="'till' has no process in force"):
        office.services.changes.new(FACTS, ADA, service="till")


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"title": " "}, "has no title"),
        ({"title": "x" * 201}, "the title has 201 characters"),
        ({"description": "red\x1b[31m"}, "the description holds a character that can't be seen, the 4."),
        ({"dependencies": ("x",) * 201}, "dependencies has 201 entries; use at most 200"),
        ({"fields": (("area", "\u202e"),)}, "fields: area holds a character that can't be seen"),
        ({"impact": Impact(risks=(RiskEntry("x\x00"),))}, "risk 1 holds a character"),
        (
            {"answers": (("users", "al"),)},
            '"How many users notice\\?" has no answer "al"; did you mean "all"',
        ),
        ({"answers": (("user", "all"),)}, 'unknown question "user"; did you mean "users"'),
        ({"starts_at": datetime(2026, 6, 1)}, "has no time zone"),  # noqa: DTZ001 -- what is refused
    ],
)
def test_what_can_not_be_kept_is_refused(room: BoardRoom, facts: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidInputError, match=words):
        room.draft(**facts)


def test_markup_is_kept_as_it_was_written(room: BoardRoom) -> None:
    hostile = "<script>alert(1)</script> {{ 7 * 7 }} '; drop table changes; --"
    change = room.draft(title=hostile, description=hostile)

    assert room.changes.get(change, room.olga).facts.title == hostile


def test_an_imported_request_keeps_its_id_and_others_go_around_it(room: BoardRoom) -> None:
    imported = room.changes.import_text(REQUEST, "cr.yaml", room.olga, service=SHOP)

    assert (imported.summary.id, imported.summary.requestor) == ("CR-2026-002", "Sales")
    assert [room.draft(), room.draft()] == ["CR-2026-001", "CR-2026-003"]
    with pytest.raises(ConflictError, match="there is a change request CR-2026-002 already"):
        room.changes.import_text(REQUEST, "cr.yaml", room.olga, service=SHOP)


def test_an_import_tells_every_problem_of_its_text(room: BoardRoom) -> None:
    with pytest.raises(ProcessFileError) as refused:
        room.changes.import_text("change_request: {titel: x}", "cr.yaml", room.olga, service=SHOP)

    assert 'unknown key "titel"' in str(refused.value)
    assert 'did you mean "title"?' in str(refused.value)
    assert len(refused.value.problems) == 3  # title and requestor are missing


def test_the_form_asks_what_the_process_in_force_asks(room: BoardRoom) -> None:
    form = room.changes.form(SHOP, room.olga)

    assert form.kinds[0] == ("normal", "Normal change")
    assert [(one.id, one.answers) for one in form.questions] == [
        ("users", (("none", "None"), ("all", "All")))
    ]
    assert (form.templates, form.zone) == ((), "Europe/Berlin")


def test_a_list_shows_what_one_may_read_newest_first_and_page_by_page(room: BoardRoom) -> None:
    for title in ("One", "Two", "Three"):
        room.draft(title=title)
    room.changes.submit("CR-2026-002", room.olga)
    room.office.put_process("till", PROCESS.replace("name: shop", "name: till"))
    elsewhere = room.office.person("tom", "owner@till")
    room.changes.new(replace(FACTS, title="Till"), elsewhere, service="till")

    page = room.changes.list(room.olga, limit=2)
    rest = room.changes.list(room.olga, limit=2, before=page[-1].id)
    drafts = room.changes.list(room.olga, service=SHOP, states=(ChangeState.DRAFT,))

    assert [one.title for one in (*page, *rest)] == ["Three", "Two", "One"]
    assert [one.title for one in drafts] == ["Three", "One"]
    assert [one.title for one in room.changes.list(elsewhere)] == ["Till"]
    with pytest.raises(ForbiddenError):
        room.changes.list(room.olga, service="till")
    with pytest.raises(InvalidInputError, match="limit is 0; use 1 to 200"):
        room.changes.list(room.olga, limit=0)


def test_an_id_is_read_as_people_type_it(room: BoardRoom) -> None:
    room.draft()

    assert room.changes.get(" cr-2026-001 ", room.olga).summary.id == "CR-2026-001"
    with pytest.raises(NotFoundError, match="there is no change request 'CR-2026-009'"):
        room.changes.get("CR-2026-009", room.olga)
    with pytest.raises(InvalidInputError, match="expected an id such as CR-2026-001"):
        room.changes.get("1", room.olga)


def test_an_edit_changes_what_it_names_and_says_so(room: BoardRoom) -> None:
    change = room.draft()

    view = room.changes.edit(change, ChangePatch(title="Pay later", implementer="dan"), room.olga)

    assert (view.facts.title, view.facts.implementer) == ("Pay later", "dan")
    assert view.facts.description == FACTS.description
    assert room.changes.history(change, room.olga)[0].why == "changed: title, implementer"


def test_an_edit_of_what_somebody_changed_since_is_refused(room: BoardRoom) -> None:
    change = room.draft()
    seen = room.changes.get(change, room.olga).version
    room.changes.edit(change, ChangePatch(title="Pay later"), room.olga)

    with pytest.raises(ConflictError, match="at version 2, not 1: somebody changed it since you looked"):
        room.changes.edit(change, ChangePatch(title="Pay never"), room.olga, expected_version=seen)


def test_an_edit_that_changes_nothing_leaves_no_trace(room: BoardRoom) -> None:
    change = room.draft()

    view = room.changes.edit(change, ChangePatch(title=FACTS.title), room.olga)

    assert view.version == 1
    assert len(room.changes.history(change, room.olga)) == 1


def test_an_answer_the_process_had_once_does_not_hold_up_other_edits(room: BoardRoom) -> None:
    change = room.draft()
    room.office.put_process(SHOP, PROCESS.replace("{id: none, text: None, points: 0}, ", ""))

    assert room.changes.edit(change, ChangePatch(title="Later"), room.olga).facts.title == "Later"


def test_answers_tell_the_risk(room: BoardRoom) -> None:
    change = room.draft(answers=())

    unknown = room.changes.get(change, room.olga).risk
    answered = room.changes.answer(change, {"users": "none"}, room.olga)

    assert (unknown.level, unknown.score) == ("high", 100.0)
    assert unknown.sentence.endswith("1 question is not answered and counted as the worst")
    assert (answered.risk.level, answered.questions[0].answered) == ("low", "none")
    with pytest.raises(InvalidInputError, match='unknown question "x"'):
        room.changes.answer(change, {"x": "none"}, room.olga)


def test_what_is_missing_is_told_before_it_is_submitted(room: BoardRoom) -> None:
    change = room.draft(description="", acceptance_criteria=())

    with pytest.raises(NotReadyError) as refused:
        room.changes.submit(change, room.olga)

    assert refused.value.missing == ("description", "acceptance criteria")


def test_a_request_keeps_the_process_it_was_submitted_under(room: BoardRoom) -> None:
    draft, submitted = room.draft(), room.submitted()
    room.office.put_process(SHOP, PROCESS.replace("Business value", "Value for all"))

    def criterion(change: str) -> str:
        matrix = room.changes.get(change, room.olga).matrix
        assert matrix is not None
        return matrix.criteria[0].title

    assert [criterion(draft), criterion(submitted)] == ["Value for all", "Business value"]


def test_a_submitted_request_has_its_day_and_can_be_taken_back_or_given_up(room: BoardRoom) -> None:
    change = room.submitted()

    assert str(room.changes.get(change, room.olga).facts.date_submitted) == "2026-01-05"
    with pytest.raises(InvalidInputError, match="say why"):
        room.changes.take_back(change, room.olga, reason=" ")
    assert room.changes.take_back(change, room.olga, reason="to mend it").summary.state == "draft"
    ended = room.changes.withdraw(change, room.olga, reason="nobody wants it")
    assert (ended.summary.state, ended.summary.waits_for, ended.may) == ("withdrawn", "", ("comment",))


def test_editing_what_was_approved_asks_for_a_decision_again(room: BoardRoom) -> None:
    change = room.approved("A load test")

    view = room.changes.edit(change, ChangePatch(description="Customers pay never"), room.olga)

    assert view.summary.state == "submitted"
    assert view.history[-1][3].startswith("what was approved has changed: description was")
    assert view.conditions == ()
    assert [one.void_reason.startswith("what it was given on") for one in view.approvals[0].votes] == [
        True,
        True,
    ]
    assert [one.is_current for one in view.decisions] == [False]


def test_a_standard_change_follows_one_that_went_well(room: BoardRoom) -> None:
    template = room.approved()
    room.changes.start(template, room.olga)
    follower = room.draft(kind="standard", template=template)
    with pytest.raises(RuleError, match="only one that is done shows the way"):
        room.changes.submit(follower, room.olga)

    room.changes.finish(template, room.olga, ended_well=True)

    assert room.changes.form(SHOP, room.olga).templates == ((template, "Pay by invoice"),)
    assert room.changes.submit(follower, room.olga).summary.state == "approved"
    room.changes.start(follower, room.olga)
    room.changes.finish(follower, room.olga, ended_well=False, reason="it hurt")
    again = room.draft(kind="standard", template=template)
    with pytest.raises(RuleError, match=f"{follower}, which followed the template {template}, failed"):
        room.changes.submit(again, room.olga)


def test_what_is_in_the_way_is_told_when_it_gets_its_time(room: BoardRoom) -> None:
    first, second = room.approved(), room.approved()
    monday = datetime(2026, 3, 2, 9, tzinfo=UTC)
    room.changes.schedule(first, monday, monday + timedelta(hours=2), room.olga)

    view = room.changes.schedule(second, monday + timedelta(hours=1), monday + timedelta(hours=3), room.olga)

    assert [(one.with_id, one.kind) for one in view.conflicts] == [(first, "same-service"), ("", "closed")]
    assert view.conflicts[0].sentence == (
        f"{first} and {second} both change shop at the same time, from 2026-03-02 10:00 UTC"
    )
    with pytest.raises(InvalidInputError, match="which is past"):
        room.changes.schedule(first, later(room, hours=-1), later(room, hours=1), room.olga)


def test_nothing_begins_in_a_freeze_but_an_emergency(room: BoardRoom) -> None:
    change = room.approved()
    emergency = room.submitted(kind="emergency")
    room.agree(emergency)
    room.office.clock.advance((datetime(2026, 3, 3, tzinfo=UTC) - later(room)).total_seconds())

    assert "Spring sale" in room.changes.get(change, room.olga).calendar_closed
    with pytest.raises(RuleError, match=f"{change} can't begin now: .*Spring sale"):
        room.changes.start(change, room.olga)
    begun = room.changes.start(emergency, room.olga)
    assert begun.history[-1][3].startswith("as an emergency, although")


def test_how_it_ended_is_kept(room: BoardRoom) -> None:
    change = room.approved()
    with pytest.raises(IllegalMoveError, match=r"is approved since .* and can't become done"):
        room.changes.finish(change, room.olga, ended_well=True)
    room.changes.start(change, room.olga)

    with pytest.raises(InvalidInputError, match="say why"):
        room.changes.finish(change, room.olga, ended_well=False)
    failed = room.changes.finish(change, room.olga, ended_well=False, reason="orders were lost")

    assert (failed.summary.state, failed.history[-1][3]) == ("failed", "orders were lost")
    assert room.changes.history(change, room.olga)[0].why == ("failed: orders were lost; it is failed now")


def test_each_act_asks_for_its_right(room: BoardRoom) -> None:
    change = room.submitted()
    start, end = later(room, hours=1), later(room, hours=2)

    for act in (
        lambda: room.changes.edit(change, ChangePatch(title="x"), room.sue),
        lambda: room.changes.answer(change, {"users": "all"}, room.sue),
        lambda: room.changes.submit(change, room.sue),
        lambda: room.changes.take_back(change, room.sue, reason="x"),
        lambda: room.changes.withdraw(change, room.sue, reason="x"),
        lambda: room.changes.schedule(change, start, end, room.sue),
        lambda: room.changes.start(change, room.sue),
        lambda: room.changes.finish(change, room.sue, ended_well=True),
        lambda: room.changes.form(SHOP, room.sue),
    ):
        with pytest.raises(ForbiddenError, match="sue may not change for shop"):
            act()


def test_facts_with_only_a_title_make_a_draft(room: BoardRoom) -> None:
    view = room.changes.new(ChangeFacts("A title", ""), room.olga, service=SHOP)

    assert view.summary.state == "draft"
