"""Boards: members, agendas, regular and emergency meetings, and how past changes went."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sluiceway.domain.approvals.model import VoteKind
from sluiceway.domain.changes.model import Impact, MeetingKind
from sluiceway.errors import (
    ForbiddenError,
    IllegalMoveError,
    InvalidInputError,
    NotFoundError,
    RuleError,
)
from sluiceway.services.change_views import MeetingView
from tests.unit.services.board_room import BOARD, PROCESS, SHOP, BoardRoom

TUESDAY = datetime(2026, 1, 6, 9, tzinfo=UTC)  # 10:00 in Berlin


def call(room: BoardRoom, **how: Any) -> MeetingView:
    return room.boards.call_meeting(SHOP, BOARD, room.carl, **how)


def test_a_board_shows_its_members_its_rules_and_what_waits_for_it(room: BoardRoom) -> None:
    change = room.submitted()

    board = room.boards.get(SHOP, BOARD, room.olga)

    assert [(one.title, one.people, one.is_voting, one.is_chair) for one in board.members] == [
        ("CTO", ("carl",), True, True),
        ("QA lead", ("quin",), True, False),
        ("Security lead", ("sam",), True, False),
        ("Support lead", ("sue",), False, False),
    ]
    assert (board.quorum, board.emergency_quorum, board.casting_vote) == (2, 1, True)
    assert board.meets == "every Tuesday at 10:00, for 30 minutes"
    assert (board.next_at, board.next_note, board.zone) == (TUESDAY, "", "Europe/Berlin")
    assert [one.id for one in board.waiting] == [change]
    assert (board.may, room.boards.get(SHOP, BOARD, room.carl).may) == ((), ("meet", "close"))


def test_the_agenda_has_the_riskiest_first_and_says_where_each_stands(room: BoardRoom) -> None:
    small, big = room.submitted(), room.submitted(title="Two *new* taxes", impact=Impact("major"))
    room.changes.vote(small, VoteKind.APPROVE, room.carl)
    room.changes.vote(small, VoteKind.REJECT, room.quin, comment="Too early")
    room.draft()

    agenda = room.boards.agenda(SHOP, BOARD, room.olga)

    assert [(one.change.id, one.votes_for, one.votes_against) for one in agenda.items] == [
        (big, 0, 0),
        (small, 1, 1),
    ]
    assert agenda.items[0].why == "risk High; will have waited 1 day"
    assert agenda.at == TUESDAY
    assert agenda.text.splitlines()[:6] == [
        "# Change board: agenda",
        "",
        "Tuesday 6 January 2026 at 10:00 (Europe/Berlin)",
        "",
        "## To decide",
        "",
    ]
    assert f"1. {big} Two \\*new\\* taxes" in agenda.text


def test_an_agenda_without_anything_says_so(room: BoardRoom) -> None:
    assert room.boards.agenda(SHOP, BOARD, room.olga).text.endswith("Nothing waits for the board.\n")


def test_a_meeting_takes_the_agenda_as_it_stands_and_the_decisions_made_in_it(room: BoardRoom) -> None:
    decided, left = room.submitted(), room.submitted()

    meeting = call(room)
    view = room.agree(decided)
    closed = room.boards.close_meeting(meeting.id.lower(), room.carl, minutes="One of two")

    assert (meeting.id, meeting.kind, meeting.at) == ("MTG-2026-001", "regular", TUESDAY)
    assert [one.change.id for one in meeting.agenda] == [decided, left]
    assert (view.meeting, view.decisions[0].meeting) == (meeting.id, meeting.id)
    assert (closed.is_closed, closed.minutes) == (True, "One of two")
    assert closed.agenda[0].sentence == "Change board agrees: 2 for, 0 against, 0 abstained"
    assert [one.change.id for one in room.boards.agenda(SHOP, BOARD, room.olga).items] == [left]
    with pytest.raises(IllegalMoveError, match=f"meeting {meeting.id} is closed"):
        room.boards.close_meeting(meeting.id, room.carl, minutes="")


def test_what_is_decided_after_a_meeting_was_closed_does_not_belong_to_it(room: BoardRoom) -> None:
    change = room.submitted()
    meeting = call(room)
    room.boards.close_meeting(meeting.id, room.carl, minutes="Nobody came")

    assert room.agree(change).decisions[0].meeting == ""


def test_a_meeting_that_was_called_is_the_next_one_and_then_the_week_after(room: BoardRoom) -> None:
    meeting = call(room, at=TUESDAY + timedelta(days=1))

    assert room.boards.get(SHOP, BOARD, room.olga).next_at == meeting.at
    room.boards.close_meeting(meeting.id, room.carl, minutes="")
    assert room.boards.get(SHOP, BOARD, room.olga).next_at == TUESDAY + timedelta(days=7)


def test_an_emergency_meeting_is_now_about_emergencies_and_says_why(room: BoardRoom) -> None:
    room.submitted()
    emergency = room.submitted(kind="emergency")
    with pytest.raises(RuleError, match="needs a reason and at least one change"):
        call(room, kind=MeetingKind.EMERGENCY)

    meeting = call(room, kind=MeetingKind.EMERGENCY, reason="Orders are lost")
    room.changes.vote(emergency, VoteKind.APPROVE, room.quin)
    view = room.changes.decide(emergency, room.carl)

    assert meeting.at == room.office.clock.now()
    assert [one.change.id for one in meeting.agenda] == [emergency]
    assert (view.summary.state, view.decisions[0].kind) == ("approved", "emergency")
    reviews = [one for one in room.boards.agenda(SHOP, BOARD, room.olga).items if one.purpose == "review"]
    assert [(one.change.id, one.why) for one in reviews] == [
        (emergency, "emergency change, to be reviewed by Monday 12 January 2026 at 10:00 (Europe/Berlin)")
    ]


def test_a_normal_change_keeps_its_quorum_in_an_emergency_meeting(room: BoardRoom) -> None:
    change = room.submitted()
    call(room, kind=MeetingKind.EMERGENCY, reason="It can't wait", changes=[change.lower()])
    room.changes.vote(change, VoteKind.APPROVE, room.carl)

    with pytest.raises(RuleError, match="1 more vote for the quorum of 2"):
        room.changes.decide(change, room.carl)


def test_a_meeting_is_refused_that_can_not_be(room: BoardRoom) -> None:
    draft = room.draft()

    with pytest.raises(RuleError, match=f"{draft} does not wait for the Change board; waiting: none"):
        call(room, changes=[draft])
    with pytest.raises(RuleError, match="would be in the past"):
        call(room, at=TUESDAY - timedelta(days=7))
    with pytest.raises(ForbiddenError, match="sam may not board for shop"):
        room.boards.call_meeting(SHOP, BOARD, room.sam)
    with pytest.raises(NotFoundError, match=r'has no board "cbb"; did you mean "ccb"\?'):
        room.boards.call_meeting(SHOP, "cbb", room.carl)
    with pytest.raises(NotFoundError, match="there is no meeting 'MTG-2026-009'"):
        room.boards.meeting("MTG-2026-009", room.olga)


def test_a_board_without_a_fixed_day_meets_when_it_is_told(room: BoardRoom) -> None:
    room.office.put_process(SHOP, PROCESS.replace('meets: {weekday: tue, at: "10:00", minutes: 30}, ', ""))

    assert room.boards.get(SHOP, BOARD, room.olga).next_at is None
    assert "no day is fixed" in room.boards.agenda(SHOP, BOARD, room.olga).text
    with pytest.raises(InvalidInputError, match="the Change board has no fixed day; say when it meets"):
        call(room)
    assert call(room, at=TUESDAY).at == TUESDAY


def test_boards_and_meetings_are_those_of_services_one_may_see(room: BoardRoom) -> None:
    room.office.put_process("till", PROCESS.replace("name: shop", "name: till"))
    tom = room.office.person("tom", "cto@till")
    call(room)
    room.boards.call_meeting("till", BOARD, tom)

    assert [one.service for one in room.boards.list("", tom)] == ["till"]
    assert [one.service for one in room.boards.list(SHOP, room.olga)] == [SHOP]
    assert [one.id for one in room.boards.meetings("till", "", tom)] == ["MTG-2026-002"]
    still_open = room.boards.meetings(SHOP, BOARD, room.olga, open_only=True)
    assert [one.id for one in still_open] == ["MTG-2026-001"]
    with pytest.raises(ForbiddenError):
        room.boards.list(SHOP, tom)
    with pytest.raises(ForbiddenError):
        room.boards.meeting("MTG-2026-001", tom)
    with pytest.raises(InvalidInputError, match="limit is 201; use 1 to 200"):
        room.boards.meetings(SHOP, BOARD, room.olga, limit=201)


def test_a_meeting_of_a_board_that_is_gone_is_still_shown(room: BoardRoom) -> None:
    change = room.submitted()
    meeting = call(room)
    room.office.put_process(SHOP, PROCESS.replace("id: ccb", "id: cab").replace("board: ccb", "board: cab"))

    shown = room.boards.meeting(meeting.id, room.olga)

    assert (shown.board, [one.change.id for one in shown.agenda]) == (BOARD, [change])
    assert room.boards.get(SHOP, "cab", room.olga).meetings == ()


def test_how_past_changes_went_is_told_with_what_is_known(room: BoardRoom) -> None:
    assert room.boards.success(SHOP, room.olga).sentence == "no change ended in the last 365 days"
    for ended_well in (True, True, True, False):
        change = room.approved()
        room.changes.start(change, room.olga)
        room.changes.finish(change, room.olga, ended_well=ended_well, reason="as it went")

    found = room.boards.success(SHOP, room.olga)

    assert (found.done, found.failed, found.share) == (3, 1, 0.75)
    assert found.score == pytest.approx(0.30, abs=0.005)
