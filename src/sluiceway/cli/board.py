"""`sluice board list|show|agenda|meetings|meet|close|success`: who decides on changes, and when."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated
from urllib.parse import quote

import typer

from sluiceway.cli.board_shown import (
    agenda_lines,
    board_panel,
    board_table,
    meeting_lines,
    meeting_table,
)
from sluiceway.cli.client import Client
from sluiceway.cli.options import AsJson, Reason, Server, connect
from sluiceway.cli.output import out, print_json, say, tell
from sluiceway.cli.release_dates import instant
from sluiceway.domain.changes.model import MeetingKind
from sluiceway.errors import InvalidInputError, NotFoundError
from sluiceway.services.change_views import AgendaView, BoardView, MeetingView, SuccessView

app = typer.Typer(
    help="Boards: who decides on changes, what waits for them, their meetings.", no_args_is_help=True
)
_Board = Annotated[
    str | None,
    typer.Argument(metavar="[BOARD]", help="Its id; may be left out while there is one.", show_default=False),
]
_Service = Annotated[
    str | None,
    typer.Option("--service", help="Whose board it is; else of any service.", show_default=False),
]


@app.command("list")
def list_boards(*, service: _Service = None, server: Server = None, as_json: AsJson = False) -> None:
    """List boards, with when they meet and how much waits for them."""
    found = connect(server).get("/api/boards", list[BoardView], service=service)
    if as_json:
        print_json(found, list[BoardView])
    elif found:
        out().print(board_table(found))
    else:
        say("no boards; a process names them under `changes.boards`")


@app.command("show")
def show(
    board: _Board = None, *, service: _Service = None, server: Server = None, as_json: AsJson = False
) -> None:
    """Show a board: its members, its rules, what waits for it, its meetings."""
    found = _pick(connect(server), board, service)
    if as_json:
        print_json(found, BoardView)
    else:
        out().print(board_panel(found))


@app.command("agenda")
def agenda(
    board: _Board = None,
    *,
    service: _Service = None,
    as_markdown: Annotated[bool, typer.Option("--markdown", help="Write Markdown, to be sent.")] = False,
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Show what a board's next meeting is about, most pressing first."""
    if as_markdown and as_json:
        raise InvalidInputError("--markdown prints Markdown and --json JSON; choose one of them")
    client = connect(server)
    picked = _pick(client, board, service)
    found = client.get(f"{_path(picked)}/agenda", AgendaView)
    if as_json:
        print_json(found, AgendaView)
    elif as_markdown:
        tell(found.text.rstrip("\n"))
    else:
        out().print(agenda_lines(found, picked.zone))


@app.command("meetings")
def meetings(
    board: _Board = None,
    *,
    service: _Service = None,
    is_open: Annotated[bool, typer.Option("--open", help="Only those that are not closed.")] = False,
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """List a board's meetings, latest first."""
    client = connect(server)
    picked = _pick(client, board, service)
    found = client.get(
        "/api/meetings", list[MeetingView], service=picked.service, board=picked.id, open=is_open
    )
    if as_json:
        print_json(found, list[MeetingView])
    elif found:
        out().print(meeting_table(found))
    else:
        say(f"the {picked.title} has not met; call a meeting with `sluice board meet`")


@app.command("meet")
def meet(
    board: _Board = None,
    *,
    service: _Service = None,
    emergency: Annotated[bool, typer.Option("--emergency", help="Meet now; takes a reason.")] = False,
    at: Annotated[
        str | None,
        typer.Option(
            "--at",
            help="When: '2026-12-01 10:00' (in the process's zone), '1 hour'; else the next regular one.",
            show_default=False,
        ),
    ] = None,
    changes: Annotated[
        list[str] | None,
        typer.Option(
            "--change", help="What it is about; else the agenda. May be repeated.", show_default=False
        ),
    ] = None,
    reason: Reason = "",
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Call a meeting of a board with its agenda."""
    client = connect(server)
    picked = _pick(client, board, service)
    when = instant(at, picked.zone, "--at", datetime.now(UTC)) if at is not None else None
    body = {
        "kind": (MeetingKind.EMERGENCY if emergency else MeetingKind.REGULAR).value,
        "at": when.isoformat() if when is not None else None,
        "reason": reason,
        "changes": changes or [],
    }
    _shown(client.post(f"{_path(picked)}/meetings", MeetingView, body), as_json=as_json)


@app.command("close")
def close(
    meeting: Annotated[str, typer.Argument(metavar="MEETING", help="Its id, such as MTG-2026-001.")],
    *,
    minutes: Annotated[str, typer.Option("--minutes", "-m", help="What is to be kept of it.")] = "",
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Close a meeting; what it left undecided is on the next agenda by itself."""
    name = meeting.strip()
    if not name or any(character in name for character in "/?#"):
        raise NotFoundError(f"{meeting!r} is no meeting; `sluice board meetings` shows them")
    path = f"/api/meetings/{quote(name)}/close"
    _shown(connect(server).post(path, MeetingView, {"minutes": minutes}), as_json=as_json)


@app.command("success")
def success(
    service: Annotated[str, typer.Argument(metavar="SERVICE", help="Whose changes.")],
    *,
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Say how a service's changes of the last year went."""
    found = connect(server).get(f"/api/success/{quote(service, safe='')}", SuccessView)
    if as_json:
        print_json(found, SuccessView)
    else:
        tell(found.sentence)


def _pick(client: Client, given: str | None, service: str | None) -> BoardView:
    """Return the board meant: the one of this id, else the only one.

    Raises NotFoundError when there is none, InvalidInputError when there are several.
    """
    found = client.get("/api/boards", list[BoardView], service=service)
    mine = [one for one in found if given is None or one.id == given]
    if len(mine) == 1:
        return mine[0]
    known = ", ".join(f"{one.id} of {one.service}" for one in found) or "none"
    if mine:
        raise InvalidInputError(f"{len(mine)} boards fit, name one, with --service: {known}")
    named = f"no board {given!r}" if given else "no board"
    raise NotFoundError(f"there is {named}; there are: {known}")


def _path(board: BoardView) -> str:
    return f"/api/boards/{quote(board.service, safe='')}/{quote(board.id, safe='')}"


def _shown(meeting: MeetingView, *, as_json: bool) -> None:
    if as_json:
        print_json(meeting, MeetingView)
    else:
        out().print(meeting_lines(meeting))
