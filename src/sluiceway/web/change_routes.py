"""The addresses of change requests and boards: lists, a page for each, forms.

Reads only. Acts go through the API, which these pages call from the browser.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Protocol

from litestar import Response, Router, get
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, FromQuery, QueryParameter
from litestar.types import ControllerRouterHandler

from sluiceway.domain.changes.model import ChangeState
from sluiceway.domain.people.model import Principal
from sluiceway.services.change_views import (
    AgendaView,
    BoardView,
    ChangeFormView,
    ChangeSummary,
    ChangeView,
    SuccessView,
)
from sluiceway.services.release_views import Activity
from sluiceway.web.answers import html, user_of
from sluiceway.web.assets import Assets
from sluiceway.web.change_pages import ChangePages
from sluiceway.web.release_routes import Processes

_PAGE = 50
_ACTIVITY = 50
_Service = Annotated[str, QueryParameter(name="service", max_length=200)]


class Changes(Protocol):
    """What the console asks of the use cases of change requests."""

    def list(
        self,
        by: Principal,
        *,
        service: str = "",
        states: Sequence[ChangeState] = (),
        limit: int = 50,
        before: str | None = None,
    ) -> Sequence[ChangeSummary]: ...

    def get(self, change_id: str, by: Principal) -> ChangeView: ...

    def form(self, service: str, by: Principal) -> ChangeFormView: ...

    def history(
        self, change_id: str, by: Principal, *, before: int | None = None, limit: int = 100
    ) -> Activity: ...


class Boards(Protocol):
    """What the console asks of the use cases of boards."""

    def list(self, service: str, by: Principal) -> Sequence[BoardView]: ...

    def get(self, service: str, board: str, by: Principal) -> BoardView: ...

    def agenda(self, service: str, board: str, by: Principal) -> AgendaView: ...

    def success(self, service: str, by: Principal) -> SuccessView: ...


@dataclass(frozen=True, slots=True)
class ChangeConsole:
    """What the routes need."""

    changes: Changes
    boards: Boards
    processes: Processes
    pages: ChangePages


_Console = NamedDependency[ChangeConsole]
_By = NamedDependency[Principal]


def change_router(
    changes: Changes, boards: Boards, processes: Processes, assets: Assets
) -> ControllerRouterHandler:
    """Return the handlers of the pages of change requests and boards."""
    console = ChangeConsole(changes, boards, processes, ChangePages(assets))
    return Router(
        path="/",
        route_handlers=[
            list_page,
            new_page,
            import_page,
            change_page,
            edit_page,
            boards_page,
            board_page,
        ],
        dependencies={"console": Provide(lambda: console, sync_to_thread=False)},
    )


@get("/changes", sync_to_thread=True)
def list_page(
    console: _Console,
    by: _By,
    *,
    of: _Service = "",
    stand: Annotated[str, QueryParameter(name="state", max_length=50)] = "",
    before: FromQuery[str | None] = None,
) -> Response[str]:
    """Change requests by pages, newest first, of one service and state or of all."""
    states = tuple(one for one in ChangeState if one == stand)
    found = console.changes.list(by, service=of, states=states, limit=_PAGE + 1, before=before or None)
    return html(
        console.pages.list_page(
            found[:_PAGE],
            outlines=console.processes.outlines(by),
            service=of,
            state=stand,
            older_than=found[_PAGE - 1].id if len(found) > _PAGE else None,
            is_first_page=not before,
            user=user_of(by),
        )
    )


@get("/changes/new", sync_to_thread=True)
def new_page(console: _Console, by: _By, of: _Service = "") -> Response[str]:
    """The form that writes a request about a service."""
    outlines = console.processes.outlines(by)
    service = of or (outlines[0].service if len(outlines) == 1 else "")
    if not service:
        return html(console.pages.service_page(outlines, user=user_of(by)))
    return html(console.pages.new_page(console.changes.form(service, by), user=user_of(by)))


@get("/changes/import", sync_to_thread=True)
def import_page(console: _Console, by: _By, of: _Service = "") -> Response[str]:
    """The form that takes in a request written as YAML."""
    outlines = console.processes.outlines(by)
    service = of or (outlines[0].service if len(outlines) == 1 else "")
    if not service:
        return html(console.pages.service_page(outlines, user=user_of(by)))
    return html(console.pages.import_page(console.changes.form(service, by).service, user=user_of(by)))


@get("/changes/{change_id:str}", sync_to_thread=True)
def change_page(console: _Console, by: _By, change_id: FromPath[str]) -> Response[str]:
    """One change request, complete as it is now; a script keeps it up to date."""
    view = console.changes.get(change_id, by)
    activity = console.changes.history(view.summary.id, by, limit=_ACTIVITY)
    return html(console.pages.change_page(view, activity, user=user_of(by)))


@get("/changes/{change_id:str}/edit", sync_to_thread=True)
def edit_page(console: _Console, by: _By, change_id: FromPath[str]) -> Response[str]:
    """The form that changes what a request says."""
    return html(console.pages.edit_page(console.changes.get(change_id, by), user=user_of(by)))


@get("/boards", sync_to_thread=True)
def boards_page(console: _Console, by: _By, of: _Service = "") -> Response[str]:
    """The boards of a service, or of every one."""
    return html(console.pages.boards_page(console.boards.list(of, by), user=user_of(by)))


@get("/boards/{of:str}/{board:str}", sync_to_thread=True)
def board_page(console: _Console, by: _By, of: FromPath[str], board: FromPath[str]) -> Response[str]:
    """One board: its members, its agenda, its meetings."""
    view = console.boards.get(of, board, by)
    agenda, success = console.boards.agenda(of, board, by), console.boards.success(of, by)
    return html(console.pages.board_page(view, agenda, success, user=user_of(by)))
