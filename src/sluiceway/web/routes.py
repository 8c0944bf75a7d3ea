"""The console's addresses: the list, a live page per rollout, the parts of them that refresh, static files.

Reads only. Acts and live events go through the API, which these pages call from the browser.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Protocol

from litestar import MediaType, Request, Response, Router, get
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, HeaderParameter, QueryParameter
from litestar.response import Redirect
from litestar.types import ControllerRouterHandler

from sluiceway.errors import NotFoundError, SluicewayError
from sluiceway.services.views import AuditView, RolloutSummary, RolloutView
from sluiceway.web.assets import Assets, load_assets
from sluiceway.web.pages import Pages

_PAGE = 20
_MOST_ACTIVE = 200
_TRAIL_PAGE = 500

SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


class Rollouts(Protocol):
    """What the console asks of the use cases of rollouts."""

    def list(
        self,
        *,
        service: str | None = None,
        active_only: bool = False,
        limit: int = 50,
        before: str | None = None,
    ) -> Sequence[RolloutSummary]: ...

    def get(self, rollout_id: str) -> RolloutView: ...

    def history(self, rollout_id: str, *, after: int = 0, limit: int = 200) -> Sequence[AuditView]: ...


@dataclass(frozen=True, slots=True)
class Console:
    """What the routes need."""

    rollouts: Rollouts
    pages: Pages
    assets: Assets


_Console = NamedDependency[Console]
_Service = Annotated[str | None, QueryParameter(name="service", max_length=200)]
_Before = Annotated[str | None, QueryParameter(name="before", max_length=100)]


def web_handlers(rollouts: Rollouts) -> list[ControllerRouterHandler]:
    """Return the console's handlers, to be mounted at the root of the application."""
    assets = load_assets()
    console = Console(rollouts, Pages(assets), assets)
    return [
        Router(
            path="/",
            route_handlers=[
                list_page,
                list_redirect,
                rollout_page,
                rollout_fragment,
                trail_fragment,
                static_file,
                favicon,
            ],
            dependencies={"console": Provide(lambda: console, sync_to_thread=False)},
            exception_handlers={SluicewayError: _ProblemPage(console.pages)},
            include_in_schema=False,
        )
    ]


@get("/", sync_to_thread=True)
def list_page(console: _Console, of: _Service = None, before: _Before = None) -> Response[str]:
    """Unfinished rollouts first, then finished ones by pages."""
    active = _active(console.rollouts, of)
    finished, older_than = _finished_page(console.rollouts, of, before)
    return _html(
        console.pages.list_page(
            active=active,
            finished=finished,
            older_than=older_than,
            is_first_page=before is None,
            service=of,
        )
    )


@get("/rollouts", sync_to_thread=False)
def list_redirect() -> Redirect:
    return Redirect("/")


@get("/rollouts/{rollout_id:str}", sync_to_thread=True)
def rollout_page(console: _Console, rollout_id: FromPath[str]) -> Response[str]:
    """One rollout, complete as it is now; scripts keep it up to date."""
    view = console.rollouts.get(rollout_id)
    trail = console.rollouts.history(view.summary.id, limit=_TRAIL_PAGE)
    return _html(console.pages.rollout_page(view, trail))


@get("/fragments/rollouts/{rollout_id:str}", sync_to_thread=True)
def rollout_fragment(console: _Console, rollout_id: FromPath[str]) -> Response[str]:
    return _html(console.pages.rollout_fragment(console.rollouts.get(rollout_id)))


@get("/fragments/rollouts/{rollout_id:str}/trail", sync_to_thread=True)
def trail_fragment(
    console: _Console, rollout_id: FromPath[str], after: Annotated[int, QueryParameter(ge=0)] = 0
) -> Response[str]:
    """Audit entries that came after one already shown."""
    return _html(
        console.pages.trail_fragment(console.rollouts.history(rollout_id, after=after, limit=_TRAIL_PAGE))
    )


@get("/static/{digest:str}/{path:path}", sync_to_thread=False)
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


@get("/favicon.ico", sync_to_thread=False)
def favicon(console: _Console) -> Redirect:
    return Redirect(console.assets.url("logo.svg"))


def _active(rollouts: Rollouts, service: str | None) -> Sequence[RolloutSummary]:
    return rollouts.list(service=service, active_only=True, limit=_MOST_ACTIVE)


def _finished_page(
    rollouts: Rollouts, service: str | None, before: str | None
) -> tuple[list[RolloutSummary], str | None]:
    """Return a page of finished rollouts and the id the next page continues after."""
    found: list[RolloutSummary] = []
    while True:
        page = rollouts.list(service=service, limit=_PAGE * 2, before=before)
        found.extend(summary for summary in page if summary.is_finished)
        if len(found) > _PAGE:
            return found[:_PAGE], found[_PAGE - 1].id
        if len(page) < _PAGE * 2:
            return found, None
        before = page[-1].id


def _html(text: str, status: int = 200) -> Response[str]:
    return Response(
        text,
        status_code=status,
        media_type=MediaType.HTML,
        headers={**SECURITY_HEADERS, "Cache-Control": "no-store"},
    )


class _ProblemPage:
    """Answers an error of the tree with a page, so that a person with a stale link is not shown JSON."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages

    def __call__(self, _: Request[Any, Any, Any], error: SluicewayError) -> Response[str]:
        title = "No such rollout" if isinstance(error, NotFoundError) else "This can't be shown now"
        return _html(self._pages.problem_page(error.http_status, title, str(error)), error.http_status)
