"""The routes of what waits: for whoever asks, and for whom over all releases and change requests."""

from __future__ import annotations

from typing import Annotated

from litestar import get
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from sluiceway.domain.people.model import Principal
from sluiceway.services.release_views import WaitingView
from sluiceway.services.releases import ReleaseService

_Releases = NamedDependency[ReleaseService]
_By = NamedDependency[Principal]
_Limit = Annotated[int, QueryParameter(ge=1, le=500)]


@get("/api/work", tags=("releases",), sync_to_thread=True, summary="What waits for you, most urgent first")
def my_work(releases: _Releases, by: _By, limit: _Limit = 200) -> list[WaitingView]:
    return list(releases.my_work(by, limit=limit))


@get("/api/waiting", tags=("releases",), sync_to_thread=True, summary="What waits for whom")
def waiting(
    releases: _Releases,
    by: _By,
    of: Annotated[str, QueryParameter(name="service")] = "",
    limit: _Limit = 200,
) -> list[WaitingView]:
    return list(releases.waiting(by, of, limit=limit))
