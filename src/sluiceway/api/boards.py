"""The routes of boards and their meetings, and of how a service's past changes went."""

from __future__ import annotations

from typing import Annotated

from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter
from litestar.status_codes import HTTP_200_OK, HTTP_201_CREATED

from sluiceway.api.change_bodies import MeetingBody, MinutesBody
from sluiceway.domain.people.model import Principal
from sluiceway.services.boards import BoardService
from sluiceway.services.change_views import AgendaView, BoardView, MeetingView, SuccessView

_Boards = NamedDependency[BoardService]
_By = NamedDependency[Principal]
_Service = Annotated[str, QueryParameter(name="service")]
_Limit = Annotated[int, QueryParameter(ge=1, le=200)]


class BoardRoutes(Controller):
    path = "/api/boards"
    tags = ("boards",)

    @get(sync_to_thread=True, summary="List boards with what waits for them")
    def list_boards(self, boards: _Boards, by: _By, of: _Service = "") -> list[BoardView]:
        return list(boards.list(of, by))

    @get("/{of:str}/{board:str}", sync_to_thread=True, summary="Everything about a service's board")
    def get_board(self, boards: _Boards, by: _By, of: FromPath[str], board: FromPath[str]) -> BoardView:
        return boards.get(of, board, by)

    @get("/{of:str}/{board:str}/agenda", sync_to_thread=True, summary="What its next meeting is about")
    def board_agenda(self, boards: _Boards, by: _By, of: FromPath[str], board: FromPath[str]) -> AgendaView:
        return boards.agenda(of, board, by)

    @post(
        "/{of:str}/{board:str}/meetings",
        sync_to_thread=True,
        status_code=HTTP_201_CREATED,
        summary="Call a meeting",
    )
    def call_meeting(
        self,
        boards: _Boards,
        by: _By,
        of: FromPath[str],
        board: FromPath[str],
        data: JSONBody[MeetingBody],
    ) -> MeetingView:
        return boards.call_meeting(
            of, board, by, kind=data.kind, at=data.at, reason=data.reason, changes=data.changes
        )


class MeetingRoutes(Controller):
    path = "/api/meetings"
    tags = ("boards",)

    @get(sync_to_thread=True, summary="List a service's meetings, latest first")
    def list_meetings(
        self,
        *,
        boards: _Boards,
        by: _By,
        of: _Service,
        board: Annotated[str, QueryParameter(name="board")] = "",
        is_open: Annotated[bool, QueryParameter(name="open")] = False,
        limit: _Limit = 20,
    ) -> list[MeetingView]:
        return list(boards.meetings(of, board, by, open_only=is_open, limit=limit))

    @get("/{meeting_id:str}", sync_to_thread=True, summary="A meeting with its agenda")
    def get_meeting(self, boards: _Boards, by: _By, meeting_id: FromPath[str]) -> MeetingView:
        return boards.meeting(meeting_id, by)

    @post(
        "/{meeting_id:str}/close",
        sync_to_thread=True,
        status_code=HTTP_200_OK,
        summary="Close a meeting with its minutes",
    )
    def close_meeting(
        self, boards: _Boards, by: _By, meeting_id: FromPath[str], data: JSONBody[MinutesBody]
    ) -> MeetingView:
        return boards.close_meeting(meeting_id, by, minutes=data.minutes)


@get(
    "/api/success/{of:str}",
    tags=["boards"],
    sync_to_thread=True,
    summary="How a service's changes of the last year went",
)
def change_success(boards: _Boards, by: _By, of: FromPath[str]) -> SuccessView:
    return boards.success(of, by)
