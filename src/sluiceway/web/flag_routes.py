"""The addresses of flags and segments: lists, a page for each, the editors and what they are told of a draft.

Reads only: also looking at a draft writes nothing. Acts go through the API, which these pages call from the
browser.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Protocol

from litestar import Response, Router, get, post
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, JSONBody, QueryParameter
from litestar.status_codes import HTTP_200_OK
from litestar.types import ControllerRouterHandler

from sluiceway.domain.flags.explaining import Explanation
from sluiceway.domain.flags.model import Flag, Segment
from sluiceway.domain.people.model import Principal
from sluiceway.errors import NotFoundError
from sluiceway.services.flag_drafts import DraftReview
from sluiceway.services.flag_relations import Relations
from sluiceway.services.flag_views import (
    FlagSummary,
    FlagVersionView,
    FlagView,
    SegmentView,
    StaleFlagView,
)
from sluiceway.web.answers import html, user_of
from sluiceway.web.assets import Assets
from sluiceway.web.flag_drafts import DraftBody, context_of, flag_as_begun, flag_draft, segment_draft
from sluiceway.web.flag_pages import Asked, FlagPages
from sluiceway.web.flag_rows import Wanted
from sluiceway.web.flag_stale import StaleFlags

_HISTORY = 20
_Words = Annotated[str, QueryParameter(name="q", max_length=200)]
_Service = Annotated[str, QueryParameter(name="service", max_length=200)]


class Flags(Protocol):
    """What the console asks of the use cases of flags."""

    def services(self, by: Principal) -> Sequence[str]: ...

    def environments(self, service: str, by: Principal) -> Sequence[str]: ...

    def list(self, service: str, by: Principal) -> Sequence[FlagSummary]: ...

    def get(self, service: str, flag: str, by: Principal) -> FlagView: ...

    def relations(self, service: str, flag: str, by: Principal) -> Relations: ...

    def history(
        self,
        service: str,
        flag: str,
        by: Principal,
        *,
        environment: str = "",
        before: int | None = None,
        limit: int = 100,
    ) -> Sequence[FlagVersionView]: ...

    def explain(
        self, service: str, environment: str, flag: str, context: Mapping[str, object], by: Principal
    ) -> Explanation: ...

    def review(
        self,
        service: str,
        environment: str,
        draft: Flag,
        by: Principal,
        *,
        base: Flag | None = None,
        samples: Sequence[Mapping[str, object]] = (),
    ) -> DraftReview: ...

    def review_segment(
        self, service: str, environment: str, draft: Segment, by: Principal
    ) -> DraftReview: ...

    def list_segments(
        self, service: str, by: Principal, *, environment: str = ""
    ) -> Sequence[SegmentView]: ...

    def stale_report(self, service: str, by: Principal) -> Sequence[StaleFlagView]: ...


@dataclass(frozen=True, slots=True)
class FlagConsole:
    """What the routes need."""

    flags: Flags
    stale: StaleFlags
    pages: FlagPages


_Console = NamedDependency[FlagConsole]
_By = NamedDependency[Principal]


def flag_router(flags: Flags, assets: Assets) -> ControllerRouterHandler:
    """Return the handlers of the pages of flags and segments."""
    console = FlagConsole(flags, StaleFlags(flags), FlagPages(assets))
    return Router(
        path="/",
        route_handlers=[
            list_page,
            new_page,
            flag_page,
            explain_page,
            edit_page,
            review_fragment,
            segments_page,
            new_segment_page,
            segment_page,
            segment_review_fragment,
        ],
        dependencies={"console": Provide(lambda: console, sync_to_thread=False)},
    )


@get("/flags", sync_to_thread=True)
def list_page(
    console: _Console,
    by: _By,
    *,
    of: _Service = "",
    words: _Words = "",
    kind: Annotated[str, QueryParameter(name="type", max_length=50)] = "",
    stand: Annotated[str, QueryParameter(name="state", max_length=50)] = "",
    environment: Annotated[str, QueryParameter(max_length=200)] = "",
    owner: Annotated[str, QueryParameter(max_length=200)] = "",
    stale: Annotated[str, QueryParameter(max_length=10)] = "",
    after: Annotated[str, QueryParameter(max_length=400)] = "",
) -> Response[str]:
    """Flags by pages, of one service and kind or of all that somebody may see."""
    flags = console.flags
    services = flags.services(by)
    chosen = (of,) if of else services
    found = [flag for service in chosen for flag in flags.list(service, by)]
    wanted = Wanted(of, words, kind, stand, environment, owner, stale)
    return html(
        console.pages.list_page(
            found,
            wanted,
            services=services,
            environments={state.environment for flag in found for state in flag.states},
            stale={key: why for service in chosen for key, why in console.stale.of(service, by).items()},
            after=after,
            user=user_of(by),
        )
    )


@get("/flags/new", sync_to_thread=True)
def new_page(console: _Console, by: _By, of: _Service = "") -> Response[str]:
    """The editor that makes a flag of a service."""
    services = console.flags.services(by)
    service = of or (services[0] if len(services) == 1 else "")
    if not service:
        return html(console.pages.service_page(services, for_segments=False, user=user_of(by)))
    environment = console.flags.environments(service, by)[0]
    segments = console.flags.list_segments(service, by, environment=environment)
    return html(console.pages.new_page(service, environment, segments, user=user_of(by)))


@get("/flags/{of:str}/{flag:str}", sync_to_thread=True)
def flag_page(
    console: _Console,
    by: _By,
    of: FromPath[str],
    flag: FromPath[str],
    before: Annotated[int | None, QueryParameter(ge=1)] = None,
) -> Response[str]:
    """One flag in every environment, complete as it is now; a script keeps it up to date."""
    view = console.flags.get(of, flag, by)
    history = console.flags.history(of, flag, by, before=before, limit=_HISTORY + 1)
    return html(
        console.pages.flag_page(
            view,
            console.flags.relations(of, flag, by),
            history[:_HISTORY],
            stale=console.stale.of(of, by).get((of, flag), ()),
            older_than=history[_HISTORY - 1].id if len(history) > _HISTORY else None,
            user=user_of(by),
        )
    )


@get("/flags/{of:str}/{flag:str}/explain", sync_to_thread=True)
def explain_page(
    console: _Console,
    by: _By,
    *,
    of: FromPath[str],
    flag: FromPath[str],
    environment: Annotated[str, QueryParameter(max_length=200)] = "",
    key: Annotated[str, QueryParameter(max_length=1_000)] = "",
    attributes: Annotated[str, QueryParameter(max_length=4_000)] = "",
) -> Response[str]:
    """Why somebody gets what they get; before anything was asked only the form that asks."""
    view = console.flags.get(of, flag, by)
    asked = Asked(environment or view.definitions[0].environment, key, attributes)
    context = context_of(attributes, key)
    found = console.flags.explain(of, asked.environment, flag, context, by) if context else None
    return html(console.pages.explain_page(view, asked, found, user=user_of(by)))


@get("/flags/{of:str}/{flag:str}/{environment:str}/edit", sync_to_thread=True)
def edit_page(
    console: _Console, by: _By, of: FromPath[str], flag: FromPath[str], environment: FromPath[str]
) -> Response[str]:
    """The rule editor."""
    view = console.flags.get(of, flag, by)
    segments = console.flags.list_segments(of, by)
    return html(console.pages.edit_page(view, environment, segments, user=user_of(by)))


@post("/fragments/flags/{of:str}/{environment:str}/review", sync_to_thread=True, status_code=HTTP_200_OK)
def review_fragment(
    console: _Console, by: _By, of: FromPath[str], environment: FromPath[str], data: JSONBody[DraftBody]
) -> Response[str]:
    """What is known of a draft that somebody is typing."""
    draft = flag_draft(data.document)
    if not isinstance(draft, Flag):
        return html(console.pages.review_fragment(draft))
    review = console.flags.review(
        of,
        environment,
        draft,
        by,
        base=flag_as_begun(data.base),
        samples=[context_of(text) for text in data.samples],
    )
    return html(console.pages.review_fragment(review, data.samples))


@get("/segments", sync_to_thread=True)
def segments_page(console: _Console, by: _By, of: _Service = "") -> Response[str]:
    """The segments of a service in each environment."""
    services = console.flags.services(by)
    service = of or (services[0] if len(services) == 1 else "")
    if not service:
        return html(console.pages.service_page(services, for_segments=True, user=user_of(by)))
    segments = console.flags.list_segments(service, by)
    environments = console.flags.environments(service, by)
    return html(console.pages.segments_page(service, segments, environments, user=user_of(by)))


@get("/segments/{of:str}/{environment:str}/new", sync_to_thread=True)
def new_segment_page(
    console: _Console, by: _By, of: FromPath[str], environment: FromPath[str]
) -> Response[str]:
    """The form that makes a segment."""
    console.flags.list_segments(of, by, environment=environment)  # refuses where there is nothing to make
    return html(console.pages.segment_page(of, environment, None, user=user_of(by)))


@get("/segments/{of:str}/{environment:str}/edit/{segment:str}", sync_to_thread=True)
def segment_page(
    console: _Console, by: _By, of: FromPath[str], environment: FromPath[str], segment: FromPath[str]
) -> Response[str]:
    """The form that changes a segment. Raises NotFoundError."""
    found = console.flags.list_segments(of, by, environment=environment)
    view = next((one for one in found if one.id == segment), None)
    if view is None:
        raise NotFoundError(f"{of} has no segment {segment[:100]!r} in {environment}")
    return html(console.pages.segment_page(of, environment, view, user=user_of(by)))


@post("/fragments/segments/{of:str}/{environment:str}/review", sync_to_thread=True, status_code=HTTP_200_OK)
def segment_review_fragment(
    console: _Console, by: _By, of: FromPath[str], environment: FromPath[str], data: JSONBody[DraftBody]
) -> Response[str]:
    """What is known of a segment that somebody is typing."""
    draft = segment_draft(data.document)
    if not isinstance(draft, Segment):
        return html(console.pages.review_fragment(draft))
    return html(console.pages.review_fragment(console.flags.review_segment(of, environment, draft, by)))
