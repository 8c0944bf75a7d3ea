"""The addresses of releases: the list, a page per release with its chart, forms, and what waits for whom.

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

from sluiceway.domain.people.model import Principal
from sluiceway.errors import InvalidInputError
from sluiceway.ports.releases import ReleaseQuery
from sluiceway.services.processes import ProcessOutline
from sluiceway.services.release_views import (
    Activity,
    ExplainedReleaseView,
    ReleaseSummary,
    ReleaseView,
    RunView,
    TimelineView,
    WaitingView,
)
from sluiceway.web.answers import html, user_of
from sluiceway.web.assets import Assets
from sluiceway.web.release_pages import ReleasePages

_PAGE = 50
_ACTIVITY = 30
_WORK = 200

_Text = Annotated[str, QueryParameter(max_length=200)]


class Releases(Protocol):
    """What the console asks of the use cases of releases."""

    def list(
        self, query: ReleaseQuery, by: Principal, *, limit: int = 50, before: str | None = None
    ) -> Sequence[ReleaseSummary]: ...

    def get(self, release_id: str, by: Principal) -> ReleaseView: ...

    def explain(self, release_id: str, by: Principal, to: str = "") -> ExplainedReleaseView: ...

    def timeline(self, release_id: str, by: Principal) -> TimelineView: ...

    def run(self, run_id: str, by: Principal) -> RunView: ...

    def my_work(self, by: Principal, *, limit: int = 500) -> Sequence[WaitingView]: ...

    def waiting(self, by: Principal, service: str = "", *, limit: int = 500) -> Sequence[WaitingView]: ...

    def history(
        self, release_id: str, by: Principal, *, before: int | None = None, limit: int = 100
    ) -> Activity: ...


class Processes(Protocol):
    """What the console asks of the use cases of processes."""

    def outlines(self, by: Principal) -> Sequence[ProcessOutline]: ...


@dataclass(frozen=True, slots=True)
class ReleaseConsole:
    """What the routes need."""

    releases: Releases
    processes: Processes
    pages: ReleasePages


_Console = NamedDependency[ReleaseConsole]
_By = NamedDependency[Principal]


def release_router(releases: Releases, processes: Processes, assets: Assets) -> ControllerRouterHandler:
    """Return the handlers of the pages of releases and of their runs."""
    console = ReleaseConsole(releases, processes, ReleasePages(assets))
    return Router(
        path="/",
        route_handlers=[list_page, new_page, release_page, edit_page, timeline_svg, run_page, work_page],
        dependencies={"console": Provide(lambda: console, sync_to_thread=False)},
    )


@get("/releases", sync_to_thread=True)
def list_page(
    console: _Console,
    by: _By,
    *,
    of: Annotated[str, QueryParameter(name="service", max_length=200)] = "",
    kind: Annotated[str, QueryParameter(name="type", max_length=200)] = "",
    phase: _Text = "",
    text: _Text = "",
    stand: Annotated[str, QueryParameter(name="state", max_length=200)] = "",
    before: FromQuery[str | None] = None,
) -> Response[str]:
    """Releases by pages, newest first; `state` is "open" for those that have not ended."""
    query = ReleaseQuery(service=of, type=kind, phase=phase, text=text, open_only=stand == "open")
    found = console.releases.list(query, by, limit=_PAGE + 1, before=before or None)
    return html(
        console.pages.list_page(
            found[:_PAGE],
            outlines=console.processes.outlines(by),
            chosen={"text": text, "service": of, "type": kind, "phase": phase, "state": stand},
            older_than=found[_PAGE - 1].id if len(found) > _PAGE else None,
            is_first_page=not before,
            user=user_of(by),
        )
    )


@get("/releases/new", sync_to_thread=True)
def new_page(
    console: _Console,
    by: _By,
    of: Annotated[str, QueryParameter(name="service", max_length=200)] = "",
) -> Response[str]:
    """The form that makes a release of a service, whose process says which types there are."""
    return html(console.pages.new_page(console.processes.outlines(by), of, user=user_of(by)))


@get("/releases/{release_id:str}", sync_to_thread=True)
def release_page(
    console: _Console,
    by: _By,
    release_id: FromPath[str],
    before: FromQuery[int | None] = None,
) -> Response[str]:
    """One release, complete as it is now; a script keeps it up to date."""
    view = console.releases.get(release_id, by)
    found = view.summary.id
    activity = console.releases.history(found, by, before=before, limit=_ACTIVITY + 1)
    timeline, no_timeline = _timeline(console.releases, found, by)
    return html(
        console.pages.release_page(
            view,
            console.releases.explain(found, by),
            timeline,
            no_timeline,
            activity[:_ACTIVITY],
            older_than=activity[_ACTIVITY - 1].seq if len(activity) > _ACTIVITY else None,
            user=user_of(by),
        )
    )


@get("/releases/{release_id:str}/edit", sync_to_thread=True)
def edit_page(console: _Console, by: _By, release_id: FromPath[str]) -> Response[str]:
    """The form that changes what a release says."""
    view = console.releases.get(release_id, by)
    return html(console.pages.edit_page(view, console.processes.outlines(by), user=user_of(by)))


@get("/releases/{release_id:str}/timeline.svg", sync_to_thread=True)
def timeline_svg(
    console: _Console, by: _By, release_id: FromPath[str], narrow: FromQuery[bool] = False
) -> Response[str]:
    """Its milestones as a Gantt chart, wide or for a phone."""
    timeline = console.releases.timeline(release_id, by)
    headers = {
        "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-store",
    }
    drawn = timeline.narrow_svg if narrow else timeline.svg
    return Response(drawn, media_type="image/svg+xml", headers=headers)


@get("/runs/{run_id:str}", sync_to_thread=True)
def run_page(console: _Console, by: _By, run_id: FromPath[str]) -> Response[str]:
    """One run of a runbook, with every try of every step."""
    return html(console.pages.run_page(console.releases.run(run_id, by), user=user_of(by)))


@get("/work", sync_to_thread=True)
def work_page(console: _Console, by: _By) -> Response[str]:
    """What waits for the viewer, what they may do ahead of time, what waits for others."""
    mine = console.releases.my_work(by, limit=_WORK)
    others = console.releases.waiting(by, limit=_WORK)
    return html(console.pages.work_page(mine, others, user=user_of(by)))


def _timeline(releases: Releases, release_id: str, by: Principal) -> tuple[TimelineView | None, str]:
    """Return the timeline, or why there is none."""
    try:
        return releases.timeline(release_id, by), ""
    except InvalidInputError as reason:
        return None, str(reason)
