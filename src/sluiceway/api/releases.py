"""The routes of releases: list, make, look. What people do to one is in `release_acts`."""

from __future__ import annotations

from typing import Annotated

from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from litestar.status_codes import HTTP_201_CREATED

from sluiceway.api.release_requests import ReleaseRequest
from sluiceway.domain.people.model import Principal
from sluiceway.ports.releases import ReleaseQuery
from sluiceway.services.release_views import (
    ExplainedReleaseView,
    ReleaseSummary,
    ReleaseView,
    RunSummary,
    TimelineView,
)
from sluiceway.services.releases import ReleaseService
from sluiceway.services.views import AuditView

_Releases = NamedDependency[ReleaseService]
_By = NamedDependency[Principal]
_Limit = Annotated[int, QueryParameter(ge=1, le=200)]


class ReleaseRoutes(Controller):
    path = "/api/releases"
    tags = ("releases",)

    @get(sync_to_thread=True, summary="List releases, newest first; `before` continues a page")
    def list_releases(
        self,
        *,
        releases: _Releases,
        by: _By,
        of: Annotated[str, QueryParameter(name="service")] = "",
        phase: FromQuery[str] = "",
        kind: Annotated[str, QueryParameter(name="type")] = "",
        is_open: Annotated[bool, QueryParameter(name="open")] = False,
        text: FromQuery[str] = "",
        limit: _Limit = 50,
        before: FromQuery[str | None] = None,
    ) -> list[ReleaseSummary]:
        query = ReleaseQuery(service=of, phase=phase, type=kind, open_only=is_open, text=text)
        return list(releases.list(query, by, limit=limit, before=before))

    @post(sync_to_thread=True, status_code=HTTP_201_CREATED, summary="Make a release")
    def make_release(self, releases: _Releases, by: _By, data: JSONBody[ReleaseRequest]) -> ReleaseView:
        return releases.new(data.service, data.facts, by, process_text=data.process, process_path=data.path)

    @get("/{release_id:str}", sync_to_thread=True, summary="Everything about one release")
    def get_release(self, releases: _Releases, by: _By, release_id: FromPath[str]) -> ReleaseView:
        return releases.get(release_id, by)

    @get(
        "/{release_id:str}/explanation",
        sync_to_thread=True,
        summary="Why it waits, on whom; with `to` what holds the move to that phase",
    )
    def explain_release(
        self, releases: _Releases, by: _By, release_id: FromPath[str], to: FromQuery[str] = ""
    ) -> ExplainedReleaseView:
        return releases.explain(release_id, by, to)

    @get("/{release_id:str}/timeline", sync_to_thread=True, summary="Its dated milestones, drawn")
    def release_timeline(self, releases: _Releases, by: _By, release_id: FromPath[str]) -> TimelineView:
        return releases.timeline(release_id, by)

    @get("/{release_id:str}/history", sync_to_thread=True, summary="Its audit entries, newest first")
    def release_history(
        self,
        releases: _Releases,
        by: _By,
        release_id: FromPath[str],
        before: FromQuery[int | None] = None,
        limit: _Limit = 100,
    ) -> list[AuditView]:
        return list(releases.history(release_id, by, before=before, limit=limit))

    @get("/{release_id:str}/runs", sync_to_thread=True, summary="Runs for it, newest first")
    def release_runs(self, releases: _Releases, by: _By, release_id: FromPath[str]) -> list[RunSummary]:
        return list(releases.runs(release_id, by))
