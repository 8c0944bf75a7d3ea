"""Turns boards, their agendas and meetings into what people are shown of them. Reads only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sluiceway.domain.approvals.model import VoteKind
from sluiceway.domain.approvals.sifting import sift
from sluiceway.domain.calendars.days import WEEKDAYS, show_instant
from sluiceway.domain.changes.boards import AgendaItem, MeetingDate, Purpose, agenda
from sluiceway.domain.changes.deciding import Verdict, decision_of, voters_for
from sluiceway.domain.changes.model import BoardMeeting, ChangeId
from sluiceway.domain.changes.risk import Assessment
from sluiceway.domain.changes.subjects import subject_of
from sluiceway.domain.changes.success import Success
from sluiceway.domain.people.model import Directory
from sluiceway.domain.process.control import Board, Meeting
from sluiceway.domain.process.schedule import Calendar
from sluiceway.domain.process.team import TeamProcess
from sluiceway.services.change_rendering import render_change_summary, standing_words
from sluiceway.services.change_scene import ChangeScene, Current
from sluiceway.services.change_views import (
    AgendaItemView,
    AgendaView,
    BoardView,
    MeetingView,
    MemberView,
    SuccessView,
)


def render_board(
    board: Board,
    current: Current,
    *,
    waiting: Sequence[AgendaItemView],
    meetings: Sequence[MeetingView],
    next_at: MeetingDate | None,
    may: Sequence[str],
) -> BoardView:
    """Return everything about one board. `waiting` is its agenda as it stands."""
    return BoardView(
        id=board.id,
        title=board.title,
        service=current.service,
        quorum=board.quorum,
        emergency_quorum=board.emergency_quorum,
        casting_vote=board.casting_vote,
        members=_members(board, current.team, current.directory),
        criteria=board.criteria,
        meets=meets_words(board.meets),
        next_at=next_at.at if next_at is not None else None,
        waiting=tuple(one.change for one in waiting),
        meetings=tuple(meetings),
        may=tuple(may),
        next_note=next_at.note if next_at is not None else "",
        minutes=board.meets.minutes if board.meets is not None else 0,
        zone=current.calendar.zone,
    )


def render_agenda(
    board: Board, current: Current, items: Sequence[AgendaItemView], next_at: MeetingDate | None
) -> AgendaView:
    """Return the agenda of the board's next meeting, also as a text to send."""
    return AgendaView(
        service=current.service,
        board=board.id,
        title=board.title,
        at=next_at.at if next_at is not None else None,
        note=next_at.note if next_at is not None else "",
        items=tuple(items),
        text=_agenda_text(board, current.calendar, items, next_at),
    )


def agenda_items(
    board: Board, current: Current, scenes: Mapping[ChangeId, ChangeScene], meets_at: datetime
) -> tuple[AgendaItemView, ...]:
    """Return what these requests put on the board's agenda, most pressing first."""
    risks = {key: risk for key, scene in scenes.items() if (risk := scene.risk()) is not None}
    found = agenda(
        board,
        current.team.changes,
        [scene.change for scene in scenes.values()],
        risks,
        calendar=current.calendar,
        meets_at=meets_at,
    )
    return tuple(
        _item(scenes[key], board, one, risks.get(key)) for one in found for key in (ChangeId(one.change),)
    )


def render_meeting(
    meeting: BoardMeeting,
    board: Board,
    current: Current,
    scenes: Mapping[ChangeId, ChangeScene],
) -> MeetingView:
    """Return a meeting; `scenes` holds the requests of its agenda. One that is gone is left out."""
    pressing = {one.change.id: one for one in agenda_items(board, current, scenes, meeting.at)}
    items = [
        pressing.get(one) or _settled(scenes[ChangeId(one)], board)
        for one in meeting.agenda
        if ChangeId(one) in scenes
    ]
    return MeetingView(
        id=meeting.id,
        board=meeting.board,
        kind=meeting.kind.value,
        at=meeting.at,
        called_by=meeting.called_by,
        reason=meeting.reason,
        is_closed=meeting.is_closed,
        minutes=meeting.minutes,
        agenda=tuple(items),
        service=meeting.service,
    )


def render_success(service: str, found: Success) -> SuccessView:
    return SuccessView(service, found.done, found.failed, found.share, found.score, found.sentence)


def meets_words(meets: Meeting | None) -> str:
    """Return when a board meets: "every Tuesday at 10:00, for 60 minutes", "" when it has no fixed day."""
    if meets is None:
        return ""
    day = WEEKDAYS[meets.weekday]
    often = f"every {day}" if meets.weeks == 1 else f"every {meets.weeks} weeks on {day}"
    return f"{often} at {meets.at:%H:%M}, for {meets.minutes} minutes"


def _members(board: Board, team: TeamProcess, directory: Directory) -> tuple[MemberView, ...]:
    titles = {role.id: role.title for role in team.roles}
    return tuple(
        MemberView(
            role=role,
            title=titles.get(role, role),
            people=directory.people_in(role),
            is_voting=role in board.voting,
            is_chair=role == board.chair,
        )
        for role in dict.fromkeys((*board.voting, *board.advisory))
    )


def _item(scene: ChangeScene, board: Board, item: AgendaItem, risk: Assessment | None) -> AgendaItemView:
    found = scene.verdicts()
    yes, no = _votes(scene, board, found)
    of_board = next((one for one in found if one.policy.id == board.id), None)
    return AgendaItemView(
        change=render_change_summary(scene, found, risk),
        why=item.why,
        votes_for=yes,
        votes_against=no,
        sentence=standing_words(of_board) if of_board is not None else "",
        purpose=item.purpose.value,
    )


def _settled(scene: ChangeScene, board: Board) -> AgendaItemView:
    """Return the item of a request that the board need not talk about any more."""
    found, decision = scene.verdicts(), decision_of(scene.change, board.id)
    yes, no = _votes(scene, board, found)
    words = decision.sentence if decision is not None else f"it is {scene.change.state}"
    return AgendaItemView(render_change_summary(scene, found), "", yes, no, words)


def _votes(scene: ChangeScene, board: Board, verdicts: Sequence[Verdict]) -> tuple[int, int]:
    """Return the votes of the board that stand: for and against."""
    verdict = next((one for one in verdicts if one.policy.id == board.id), None)
    if verdict is None:
        return 0, 0
    change = scene.change
    voters = voters_for(change, scene.team, verdict.policy, scene.current.directory, scene.now)
    standing = sift(verdict.policy, change.ballot(board.id), subject_of(change), voters).standing
    return sum(vote.agrees for vote in standing), sum(vote.kind is VoteKind.REJECT for vote in standing)


def _agenda_text(
    board: Board, calendar: Calendar, items: Sequence[AgendaItemView], next_at: MeetingDate | None
) -> str:
    when = show_instant(calendar, next_at.at) if next_at is not None else "no day is fixed"
    moved = f" ({next_at.note})" if next_at is not None and next_at.note else ""
    lines = [f"# {board.title}: agenda", "", f"{when}{moved}", ""]
    if not items:
        return "\n".join([*lines, "Nothing waits for the board.", ""])
    for purpose, heading in ((Purpose.DECIDE, "To decide"), (Purpose.REVIEW, "To review")):
        mine = [one for one in items if one.purpose == purpose]
        lines += [f"## {heading}", ""] if mine else []
        for number, one in enumerate(mine, start=1):
            lines.append(f"{number}. {one.change.id} {_flat(one.change.title)}")
            lines.append(f"   - {one.why}")
            lines += [f"   - {_flat(one.sentence)}"] if one.sentence else []
        lines += [""] if mine else []
    return "\n".join(lines)


def _flat(text: str) -> str:
    """Return people's text as one line that Markdown takes for text and nothing else."""
    words = " ".join(text.split())
    return "".join(f"\\{char}" if char in "\\`*_[]<>#|" else char for char in words)
