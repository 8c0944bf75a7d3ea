"""The routes of runbooks' runs: look at one, say how it goes on. They are started from their release."""

from __future__ import annotations

from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from litestar.status_codes import HTTP_200_OK

from sluiceway.api.release_requests import RunActRequest
from sluiceway.domain.people.model import Principal
from sluiceway.errors import InvalidInputError
from sluiceway.services.release_render_runs import RunAct
from sluiceway.services.release_views import RunView
from sluiceway.services.releases import ReleaseService

_Releases = NamedDependency[ReleaseService]
_By = NamedDependency[Principal]


class RunRoutes(Controller):
    path = "/api/runs/{run_id:str}"
    tags = ("releases",)

    @get(sync_to_thread=True, summary="A run, with every try of every step")
    def get_run(self, releases: _Releases, by: _By, run_id: FromPath[str]) -> RunView:
        return releases.run(run_id, by)

    @post("/{act:str}", sync_to_thread=True, status_code=HTTP_200_OK, summary="Say how it goes on")
    def act_on_run(
        self,
        releases: _Releases,
        by: _By,
        run_id: FromPath[str],
        act: FromPath[str],
        data: JSONBody[RunActRequest],
    ) -> RunView:
        return releases.act_on_run(run_id, _act(act), by, note=data.note, step=data.step)


def _act(text: str) -> RunAct:
    try:
        return RunAct(text)
    except ValueError as error:
        raise InvalidInputError(f"act is {text[:50]!r}; use one of: {', '.join(RunAct)}") from error
