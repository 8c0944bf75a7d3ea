"""Boards, agendas and meetings as a terminal shows them. Pure: turns views into something Rich can draw."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.text import Text

from sluiceway.cli.change_shown import change_table
from sluiceway.cli.release_dates import in_zone, minute
from sluiceway.cli.release_shown import plain_table
from sluiceway.services.change_views import AgendaItemView, AgendaView, BoardView, MeetingView


def board_table(boards: Sequence[BoardView]) -> RenderableType:
    """Return a line per board."""
    table = plain_table("board", "service", "title", "next meeting", "waiting")
    for one in boards:
        next_at = in_zone(one.next_at, one.zone) or "when it is called"
        table.add_row(Text(one.id), Text(one.service), Text(one.title), Text(next_at), f"{len(one.waiting)}")
    return table


def board_panel(board: BoardView) -> RenderableType:
    """Return everything about a board."""
    parts: list[RenderableType] = [Text(_rules(board))]
    members = plain_table("member", "role", "people")
    for one in board.members:
        part = "chair" if one.is_chair else "votes" if one.is_voting else "advises"
        members.add_row(part, Text(one.title), Text(", ".join(one.people) or "nobody"))
    parts += [Text(""), members]
    if board.criteria:
        parts += [Text(""), Text("Looks at", style="bold cyan"), Text("\n".join(board.criteria))]
    if board.waiting:
        parts += [Text(""), Text("Waiting", style="bold cyan"), change_table(board.waiting)]
    if board.meetings:
        parts += [Text(""), Text("Meetings", style="bold cyan"), meeting_table(board.meetings)]
    title = Text(f"{board.title} of {board.service}")
    return Panel(Group(*parts), title=title, subtitle=Text(board.id), border_style="cyan")


def agenda_lines(agenda: AgendaView, zone: str) -> RenderableType:
    """Return the agenda of a board's next meeting."""
    when = in_zone(agenda.at, zone) or "no day is fixed"
    note = f" ({agenda.note})" if agenda.note else ""
    head = Text(f"{agenda.title}: {when}{note}", style="bold")
    return Group(head, Text(""), _items(agenda.items))


def meeting_lines(meeting: MeetingView) -> RenderableType:
    """Return a meeting with its agenda and minutes."""
    state = "closed" if meeting.is_closed else "open"
    why = f": {meeting.reason}" if meeting.reason else ""
    head = Text(f"{meeting.id} {meeting.kind}, {minute(meeting.at)}, {state}{why}", style="bold")
    parts: list[RenderableType] = [head, Text(""), _items(meeting.agenda)]
    if meeting.minutes:
        parts += [Text(""), Text(meeting.minutes)]
    return Group(*parts)


def meeting_table(meetings: Sequence[MeetingView]) -> RenderableType:
    """Return a line per meeting."""
    table = plain_table("id", "board", "at", "kind", "state", "about")
    for one in meetings:
        about = ", ".join(item.change.id for item in one.agenda) or "nothing"
        state = "closed" if one.is_closed else "open"
        table.add_row(one.id, Text(one.board), minute(one.at), one.kind, state, Text(about))
    return table


def _items(items: Sequence[AgendaItemView]) -> RenderableType:
    if not items:
        return Text("nothing waits for the board")
    table = plain_table("to", "change", "title", "why", "where it stands")
    for one in items:
        texts = (one.purpose, one.change.id, one.change.title, one.why, one.sentence)
        table.add_row(*(Text(text) for text in texts))
    return table


def _rules(board: BoardView) -> str:
    chair = "; the chair's vote settles a tie" if board.casting_vote else ""
    lines = [
        f"{board.quorum} votes are a quorum, {board.emergency_quorum} in an emergency{chair}",
        f"meets {board.meets}" if board.meets else "meets when it is called",
    ]
    if board.next_at is not None:
        note = f" ({board.next_note})" if board.next_note else ""
        lines.append(f"next on {in_zone(board.next_at, board.zone)}{note}")
    return "\n".join(lines)
