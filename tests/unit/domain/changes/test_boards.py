"""A board's meetings: the next one, its agenda in order, calling and closing one."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluiceway.domain.changes.boards import (
    MeetingDate,
    Purpose,
    agenda,
    call_meeting,
    close_meeting,
    next_meeting,
)
from sluiceway.domain.changes.deciding import close_vote
from sluiceway.domain.changes.model import Change, ChangeState, MeetingKind
from sluiceway.domain.changes.risk import assess
from sluiceway.domain.process.control import Board, Meeting
from sluiceway.domain.process.schedule import Calendar
from sluiceway.errors import IllegalMoveError, RuleError
from tests.unit.domain.changes.requests import (
    BOARD,
    CONTROL,
    NOW,
    PEOPLE,
    PROCESS,
    RISK,
    after,
    request,
    submitted,
    vote,
)

BERLIN = Calendar(zone="Europe/Berlin")
UTC_DAYS = Calendar()
HOLIDAYS = {date(2026, 6, 16): "Founder's day"}


def meeting_on(day: str, note: str = "") -> MeetingDate:
    return MeetingDate(datetime.fromisoformat(day).replace(tzinfo=UTC), note)


def every(weeks: int) -> Board:
    return replace(BOARD, meets=Meeting(weekday=1, at=time(10), weeks=weeks))


def test_the_next_meeting_is_the_next_such_weekday_at_local_time() -> None:
    assert next_meeting(BOARD, BERLIN, {}, NOW) == meeting_on("2026-06-16T08:00")
    tuesday = datetime(2026, 6, 16, 7, 59, tzinfo=UTC)
    assert next_meeting(BOARD, BERLIN, {}, tuesday) == meeting_on("2026-06-16T08:00")
    assert next_meeting(BOARD, BERLIN, {}, tuesday + timedelta(minutes=1)) == meeting_on("2026-06-23T08:00")


def test_a_meeting_on_a_holiday_is_held_on_the_next_working_day_and_says_so() -> None:
    moved = meeting_on("2026-06-17T10:00", "moved from Tuesday 16 June 2026, which is Founder's day")

    assert next_meeting(BOARD, UTC_DAYS, HOLIDAYS, NOW) == moved
    on_the_holiday = datetime(2026, 6, 16, 12, 0, tzinfo=UTC)
    assert next_meeting(BOARD, UTC_DAYS, HOLIDAYS, on_the_holiday) == moved


def test_a_board_that_meets_every_second_week_counts_from_its_last_meeting() -> None:
    last = datetime(2026, 6, 9, 10, 0, tzinfo=UTC)

    assert next_meeting(every(2), UTC_DAYS, {}, NOW, last) == meeting_on("2026-06-23T10:00")
    moved = last + timedelta(days=1)
    assert next_meeting(every(2), UTC_DAYS, {}, NOW, moved) == meeting_on("2026-06-23T10:00")
    assert next_meeting(every(2), UTC_DAYS, {}, NOW, last - timedelta(weeks=103)) == meeting_on(
        "2026-06-16T10:00"
    )


def test_a_meeting_held_early_in_its_week_is_not_held_twice() -> None:
    monday = datetime(2026, 6, 15, 9, 0, tzinfo=UTC)

    assert next_meeting(BOARD, UTC_DAYS, {}, monday, monday) == meeting_on("2026-06-23T10:00")


def test_a_board_without_a_day_meets_when_called() -> None:
    assert next_meeting(replace(BOARD, meets=None), UTC_DAYS, {}, NOW) is None


@given(hours=st.integers(0, 24 * 400), weeks=st.integers(1, 5), since=st.integers(0, 24 * 60))
def test_the_next_meeting_is_ahead_and_a_whole_number_of_turns_after_the_last(
    hours: int, weeks: int, since: int
) -> None:
    now = NOW + timedelta(hours=hours)
    last = datetime(2026, 6, 9, 10, 0, tzinfo=UTC)

    found = next_meeting(every(weeks), UTC_DAYS, {}, now, last)

    assert found is not None
    assert found.at > now
    assert (found.at - last) % timedelta(weeks=weeks) == timedelta(0)
    assert found.at - timedelta(weeks=weeks) <= max(now, last)


def listed(*changes: Change, board: Board = BOARD) -> list[tuple[str, Purpose, str]]:
    risks = {change.id: assess(RISK, change.facts) for change in changes}
    meets_at = datetime(2026, 6, 16, 10, 0, tzinfo=UTC)
    items = agenda(board, CONTROL, changes, risks, calendar=UTC_DAYS, meets_at=meets_at)
    return [(item.change, item.purpose, item.why) for item in items]


def answers(users: str) -> tuple[tuple[str, str], ...]:
    return (("users", users), ("way-back", "t"))


def test_the_agenda_goes_by_risk_then_by_when_it_begins_then_by_how_long_it_waited() -> None:
    found = listed(
        submitted(1, answers=answers("none"), at=after(-48)),
        submitted(2, answers=answers("none"), at=after(-72)),
        submitted(3, answers=answers("none"), starts_at=after(200)),
        submitted(4, answers=answers("all")),
        submitted(5, answers=answers("none"), starts_at=after(24)),
    )

    assert [change for change, _, _ in found] == [
        *("CR-2026-004", "CR-2026-005", "CR-2026-003", "CR-2026-002", "CR-2026-001"),
    ]
    assert [why for _, _, why in found] == [
        "risk High; will have waited 6 days",
        (
            "risk Low; is to begin on Thursday 11 June 2026 at 09:00 (UTC), before this meeting; "
            "will have waited 6 days"
        ),
        "risk Low; is to begin on Thursday 18 June 2026 at 17:00 (UTC); will have waited 6 days",
        "risk Low; will have waited 9 days",
        "risk Low; will have waited 8 days",
    ]


def test_only_what_waits_for_this_board_is_on_its_agenda() -> None:
    draft, gone = request(1), replace(submitted(2), state=ChangeState.WITHDRAWN)

    assert listed(draft, gone) == []
    assert listed(submitted(3), board=replace(BOARD, id="other")) == []


def test_a_request_of_a_kind_that_the_process_lost_is_not_forgotten() -> None:
    lost = replace(submitted(1), facts=replace(submitted(1).facts, kind="old"))

    assert [change for change, _, _ in listed(lost)] == ["CR-2026-001"]


def test_a_request_that_nobody_assessed_comes_with_the_most_risky() -> None:
    meets_at = datetime(2026, 6, 16, 10, 0, tzinfo=UTC)
    low, unknown = submitted(1, answers=answers("none")), submitted(2)

    items = agenda(
        BOARD,
        CONTROL,
        (low, unknown),
        {low.id: assess(RISK, low.facts)},
        calendar=UTC_DAYS,
        meets_at=meets_at,
    )

    assert [item.change for item in items] == ["CR-2026-002", "CR-2026-001"]
    assert items[0].why == "risk not assessed; will have waited 6 days"


def test_emergencies_to_be_reviewed_follow_by_when_they_are_due() -> None:
    def emergency(number: int, hours: float) -> Change:
        change = vote(submitted(number, kind="emergency"), "carl", "cto")
        return close_vote(change, PROCESS, PEOPLE, "carl", after(hours))

    found = listed(emergency(1, 2), emergency(2, -40), submitted(3))

    assert [(change, purpose) for change, purpose, _ in found] == [
        ("CR-2026-003", Purpose.DECIDE),
        ("CR-2026-002", Purpose.REVIEW),
        ("CR-2026-001", Purpose.REVIEW),
    ]
    assert found[1][2] == (
        "emergency change, to be reviewed by Monday 15 June 2026 at 17:00 (UTC), "
        "which this meeting is too late for"
    )


def test_an_emergency_meeting_needs_a_reason_and_something_to_decide() -> None:
    meeting = call_meeting(
        BOARD,
        "ccb-1",
        MeetingKind.EMERGENCY,
        after(1),
        called_by="carl",
        now=NOW,
        items=["CR-2026-001", "CR-2026-001"],
        reason=" payments fail ",
    )

    assert (meeting.board, meeting.agenda, meeting.reason) == ("ccb", ("CR-2026-001",), "payments fail")
    for items, reason in ((["CR-2026-001"], " "), ([], "payments fail")):
        with pytest.raises(RuleError, match="emergency meeting of the Change Control Board needs a reason"):
            call_meeting(
                BOARD,
                "ccb-2",
                MeetingKind.EMERGENCY,
                after(1),
                called_by="carl",
                now=NOW,
                items=items,
                reason=reason,
            )


def test_a_meeting_is_not_called_into_the_past() -> None:
    with pytest.raises(RuleError, match="on 2026-06-10 08:00 UTC would be in the past"):
        call_meeting(BOARD, "m", MeetingKind.REGULAR, after(-1), called_by="carl", now=NOW, items=[])


def test_a_meeting_is_closed_once() -> None:
    meeting = call_meeting(BOARD, "m", MeetingKind.REGULAR, NOW, called_by="carl", now=NOW, items=[])
    closed = close_meeting(meeting, " two agreed \n")

    assert (closed.is_closed, closed.minutes) == (True, "two agreed")
    with pytest.raises(IllegalMoveError, match="meeting m is closed; its minutes stand"):
        close_meeting(closed, "again")
