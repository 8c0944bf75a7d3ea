"""The console's addresses: the list, a live page per rollout, the parts of them that refresh, static files.

Those of releases are in `release_routes`, of change requests and boards in `change_routes`, of flags in
`flag_routes`. A stranger is sent to the login page, and from there back to where they wanted to go. Reads
only. Acts and live events go through the API, which these pages call from the browser.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Protocol, cast
from urllib.parse import quote

from litestar import MediaType, Request, Response, Router, get
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, HeaderParameter, QueryParameter
from litestar.response import Redirect
from litestar.types import ControllerRouterHandler

from sluiceway.domain.people.model import Principal
from sluiceway.errors import ForbiddenError, NotFoundError, SluicewayError, UnauthorisedError
from sluiceway.services.views import AuditView, RolloutSummary, RolloutView
from sluiceway.web.answers import html, user_of
from sluiceway.web.assets import Assets, load_assets
from sluiceway.web.change_routes import Boards, Changes, change_router
from sluiceway.web.experiment_routes import Experiments, experiment_router
from sluiceway.web.flag_routes import Flags, flag_router
from sluiceway.web.pages import Pages
from sluiceway.web.release_routes import Processes, Releases, release_router

_PAGE = 20
_MOST_ACTIVE = 200
_TRAIL_PAGE = 500
_OPEN = {"open": True}  # the application lets strangers in here
_SCRIPT_HEADER = "x-sluice-client"  # what asks is a script of ours, not a person's browser going to a page


class Rollouts(Protocol):
    """What the console asks of the use cases of rollouts."""

    def list(
        self,
        by: Principal,
        *,
        service: str | None = None,
        active_only: bool = False,
        limit: int = 50,
        before: str | None = None,
    ) -> Sequence[RolloutSummary]: ...

    def get(self, rollout_id: str, by: Principal) -> RolloutView: ...

    def history(
        self, rollout_id: str, by: Principal, *, after: int = 0, limit: int = 200
    ) -> Sequence[AuditView]: ...


@dataclass(frozen=True, slots=True)
class Console:
    """What the routes need."""

    rollouts: Rollouts
    pages: Pages
    assets: Assets


_Console = NamedDependency[Console]
_By = NamedDependency[Principal]
_Service = Annotated[str | None, QueryParameter(name="service", max_length=200)]
_Before = Annotated[str | None, QueryParameter(name="before", max_length=100)]


class UseCases(Protocol):
    """The use cases that the console's pages ask."""

    @property
    def rollouts(self) -> Rollouts: ...

    @property
    def releases(self) -> Releases: ...

    @property
    def processes(self) -> Processes: ...

    @property
    def changes(self) -> Changes: ...

    @property
    def boards(self) -> Boards: ...

    @property
    def flags(self) -> Flags: ...

    @property
    def experiments(self) -> Experiments: ...


def web_handlers(use_cases: UseCases) -> list[ControllerRouterHandler]:
    """Return the console's handlers, to be mounted at the root of the application."""
    assets = load_assets()
    console = Console(use_cases.rollouts, Pages(assets), assets)
    return [
        Router(
            path="/",
            route_handlers=[
                list_page,
                list_redirect,
                rollout_page,
                rollout_fragment,
                trail_fragment,
                login_page,
                static_file,
                favicon,
                release_router(use_cases.releases, use_cases.processes, assets),
                experiment_router(use_cases.experiments, assets),
                change_router(use_cases.changes, use_cases.boards, use_cases.processes, assets),
                flag_router(use_cases.flags, assets),
            ],
            dependencies={"console": Provide(lambda: console, sync_to_thread=False)},
            exception_handlers={SluicewayError: _ProblemPage(console.pages)},
            include_in_schema=False,
        )
    ]


@get("/", sync_to_thread=True)
def list_page(console: _Console, by: _By, of: _Service = None, before: _Before = None) -> Response[str]:
    """Unfinished rollouts first, then finished ones by pages."""
    active = _active(console.rollouts, by, of)
    finished, older_than = _finished_page(console.rollouts, by, of, before)
    return html(
        console.pages.list_page(
            active=active,
            finished=finished,
            older_than=older_than,
            is_first_page=before is None,
            service=of,
            user=user_of(by),
        )
    )


@get("/rollouts", sync_to_thread=False)
def list_redirect() -> Redirect:
    return Redirect("/")


@get("/rollouts/{rollout_id:str}", sync_to_thread=True)
def rollout_page(console: _Console, by: _By, rollout_id: FromPath[str]) -> Response[str]:
    """One rollout, complete as it is now; scripts keep it up to date."""
    view = console.rollouts.get(rollout_id, by)
    trail = console.rollouts.history(view.summary.id, by, limit=_TRAIL_PAGE)
    return html(console.pages.rollout_page(view, trail, user=user_of(by)))


@get("/fragments/rollouts/{rollout_id:str}", sync_to_thread=True)
def rollout_fragment(console: _Console, by: _By, rollout_id: FromPath[str]) -> Response[str]:
    return html(console.pages.rollout_fragment(console.rollouts.get(rollout_id, by)))


@get("/fragments/rollouts/{rollout_id:str}/trail", sync_to_thread=True)
def trail_fragment(
    console: _Console, by: _By, rollout_id: FromPath[str], after: Annotated[int, QueryParameter(ge=0)] = 0
) -> Response[str]:
    """Audit entries that came after one already shown."""
    entries = console.rollouts.history(rollout_id, by, after=after, limit=_TRAIL_PAGE)
    return html(console.pages.trail_fragment(entries))


@get("/login", sync_to_thread=True, opt=_OPEN)
def login_page(
    console: _Console, then: Annotated[str, QueryParameter(name="next", max_length=2_000)] = "/"
) -> Response[str]:
    """Asks for name and password; its script logs in through the API, then goes on to `next`."""
    return html(console.pages.login_page(then if is_own_path(then) else "/"))


@get("/static/{digest:str}/{path:path}", sync_to_thread=False, opt=_OPEN)
def static_file(
    console: _Console,
    digest: FromPath[str],
    path: FromPath[str],
    if_none_match: Annotated[str, HeaderParameter(name="If-None-Match")] = "",
) -> Response[bytes]:
    """A file of the console; kept by browsers for ever when asked for by its content's digest."""
    asset = console.assets.by_path.get(path.lstrip("/"))
    if asset is None:
        return Response(b"no such file", status_code=404, media_type=MediaType.TEXT)
    etag = f'"{console.assets.digest}"'
    is_current = digest == console.assets.digest
    headers = {
        "Cache-Control": "public, max-age=31536000, immutable" if is_current else "no-cache",
        "ETag": etag,
        "X-Content-Type-Options": "nosniff",
    }
    if if_none_match == etag:
        return Response(b"", status_code=304, headers=headers, media_type=asset.media_type)
    return Response(asset.content, headers=headers, media_type=asset.media_type)


@get("/favicon.ico", sync_to_thread=False, opt=_OPEN)
def favicon(console: _Console) -> Redirect:
    return Redirect(console.assets.url("logo.svg"))


def is_own_path(text: str) -> bool:
    """Return whether a text is a path of this console, which no browser takes for another site's address."""
    return text.startswith("/") and not text.startswith(("//", "/\\")) and text.isprintable()


def _active(rollouts: Rollouts, by: Principal, service: str | None) -> Sequence[RolloutSummary]:
    return rollouts.list(by, service=service, active_only=True, limit=_MOST_ACTIVE)


def _finished_page(
    rollouts: Rollouts, by: Principal, service: str | None, before: str | None
) -> tuple[list[RolloutSummary], str | None]:
    """Return a page of finished rollouts and the id the next page continues after."""
    found: list[RolloutSummary] = []
    while True:
        page = rollouts.list(by, service=service, limit=_PAGE * 2, before=before)
        found.extend(summary for summary in page if summary.is_finished)
        if len(found) > _PAGE:
            return found[:_PAGE], found[_PAGE - 1].id
        if len(page) < _PAGE * 2:
            return found, None
        before = page[-1].id


class _ProblemPage:
    """Answers an error of the tree with a page, so that a person with a stale link is not shown JSON.

    A stranger goes to the login page; a script of ours gets the status, and sends its person there itself.
    """

    def __init__(self, pages: Pages) -> None:
        self._pages = pages

    def __call__(self, request: Request[Any, Any, Any], error: SluicewayError) -> Response[Any]:
        if isinstance(error, UnauthorisedError) and not request.headers.get(_SCRIPT_HEADER):
            wanted = f"{request.url.path}?{request.url.query}" if request.url.query else request.url.path
            return Redirect(f"/login?next={quote(wanted, safe='')}", headers={"Cache-Control": "no-store"})
        match error:
            case NotFoundError():
                title = "There is nothing here"
            case ForbiddenError():
                title = "This is not for you to see"
            case _:
                title = "This can't be shown now"
        user = cast("Mapping[str, object]", request.scope).get("user")
        shown = user_of(user) if isinstance(user, Principal) else ""
        page = self._pages.problem_page(error.http_status, title, str(error), user=shown)
        return html(page, error.http_status)
