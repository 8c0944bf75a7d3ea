"""A board's meetings: when the next one is, what is on its agenda in which order, calling and closing one.

What a board decides is the business of `deciding`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum

from sluiceway.domain.calendars.days import (
    day_of,
    holiday_on,
    instant_of,
    show_day,
    show_instant,
    working_day_at_or_after,
)
from sluiceway.domain.changes.kinds import review_due_at
from sluiceway.domain.changes.model import BoardMeeting, Change, ChangeId, ChangeState, MeetingKind
from sluiceway.domain.changes.risk import Assessment
from sluiceway.domain.process.control import Board, ChangeControl
from sluiceway.domain.process.schedule import Calendar
from sluiceway.errors import IllegalMoveError, RuleError

_FAR_AWAY = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class MeetingDate:
    """When a board meets next. `note` says from where it was moved, "" when it stands on its own day."""

    at: datetime
    note: str = ""


class Purpose(StrEnum):
    DECIDE = "decide"
    REVIEW = "review"  # of an emergency change that was decided on by fewer people


@dataclass(frozen=True, slots=True)
class AgendaItem:
    """A change on the agenda; `why` says why it stands there."""

    change: str
    purpose: Purpose
    why: str


def next_meeting(
    board: Board,
    calendar: Calendar,
    holidays: Mapping[date, str],
    now: datetime,
    last: datetime | None = None,
) -> MeetingDate | None:
    """Return the board's next regular meeting after `now`; None when it has no fixed day.

    A board that meets every second week or less often counts from the week of its `last` regular meeting, or
    from this week when there was none. A meeting on a holiday is held on the next working day.
    """
    meets = board.meets
    if meets is None:
        return None
    today = day_of(calendar, now)
    week = _monday(today if last is None else day_of(calendar, last))
    every = timedelta(weeks=meets.weeks)
    week += every * max((_monday(today) - week) // every - 1, 0)
    while True:
        day = week + timedelta(days=meets.weekday)
        holiday = holiday_on(calendar, holidays, day)
        held = working_day_at_or_after(calendar, holidays, day) if holiday else day
        at = instant_of(calendar, held, meets.at)
        if at > now and (last is None or week > _monday(day_of(calendar, last))):
            moved = f"moved from {show_day(day)}, which is {holiday}" if holiday else ""
            return MeetingDate(at, moved)
        week += every


def agenda(
    board: Board,
    control: ChangeControl,
    changes: Sequence[Change],
    risks: Mapping[ChangeId, Assessment],
    *,
    calendar: Calendar,
    meets_at: datetime,
) -> tuple[AgendaItem, ...]:
    """Return what the board talks about at a meeting, most pressing first.

    Submitted requests of the kinds it decides on come by risk, then by when they are to begin, then by how
    long they have waited; emergency changes to be reviewed follow by when their review is due. A request
    without an assessment in `risks` comes with those of the highest level. One whose kind the process no
    longer has is on every board's agenda, so that it is not forgotten.
    """
    mine = {kind.id: kind for kind in control.kinds if kind.board == board.id}
    others = {kind.id for kind in control.kinds if kind.board != board.id}
    waiting = [
        each for each in changes if each.state is ChangeState.SUBMITTED and each.facts.kind not in others
    ]
    waiting.sort(
        key=lambda each: (
            -_rank(each, risks),
            each.facts.starts_at or _FAR_AWAY,
            submitted_at(each),
            each.id,
        )
    )
    items = [
        AgendaItem(each.id, Purpose.DECIDE, _why(each, risks.get(each.id), calendar, meets_at))
        for each in waiting
    ]
    reviews = sorted(
        (due_at, each.id)
        for each in changes
        if each.facts.kind in mine and (due_at := review_due_at(each, mine[each.facts.kind])) is not None
    )
    for due_at, change in reviews:
        late = ", which this meeting is too late for" if due_at < meets_at else ""
        items.append(
            AgendaItem(
                change,
                Purpose.REVIEW,
                f"emergency change, to be reviewed by {show_instant(calendar, due_at)}{late}",
            )
        )
    return tuple(items)


def call_meeting(
    board: Board,
    meeting_id: str,
    kind: MeetingKind,
    at: datetime,
    *,
    called_by: str,
    now: datetime,
    items: Sequence[str],
    reason: str = "",
) -> BoardMeeting:
    """Return a new meeting with its agenda, change ids in order.

    Raises RuleError for an emergency meeting without a reason or without a change to decide on, and for one
    that would have been in the past.
    """
    if at < now:
        raise RuleError(f"a meeting of the {board.title} on {at:%Y-%m-%d %H:%M} UTC would be in the past")
    if kind is MeetingKind.EMERGENCY and not (reason.strip() and items):
        raise RuleError(
            f"an emergency meeting of the {board.title} needs a reason and at least one change to decide on"
        )
    return BoardMeeting(
        meeting_id, board.id, kind, at, called_by, reason.strip(), tuple(dict.fromkeys(items))
    )


def close_meeting(meeting: BoardMeeting, minutes: str) -> BoardMeeting:
    """Return the meeting closed; what it left undecided is on the next agenda by itself.

    Raises IllegalMoveError when it was closed before.
    """
    if meeting.is_closed:
        raise IllegalMoveError(f"meeting {meeting.id} is closed; its minutes stand")
    return replace(meeting, is_closed=True, minutes=minutes.strip())


def submitted_at(change: Change) -> datetime:
    """Return when the request was last submitted, when it was made if never."""
    return next(
        (at for at, _, state, _ in reversed(change.history) if state == ChangeState.SUBMITTED),
        change.created_at,
    )


def _rank(change: Change, risks: Mapping[ChangeId, Assessment]) -> float:
    assessed = risks.get(change.id)
    return 1.0 if assessed is None else assessed.rank / max(assessed.most, 1)


def _why(change: Change, assessed: Assessment | None, calendar: Calendar, meets_at: datetime) -> str:
    risk = "risk not assessed" if assessed is None else f"risk {assessed.level.title}"
    starts_at = change.facts.starts_at
    begins = "" if starts_at is None else f"; is to begin on {show_instant(calendar, starts_at)}"
    too_late = ", before this meeting" if starts_at is not None and starts_at < meets_at else ""
    waited = max((meets_at - submitted_at(change)).days, 0)
    days = "1 day" if waited == 1 else f"{waited} days"
    return f"{risk}{begins}{too_late}; will have waited {days}"


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())
