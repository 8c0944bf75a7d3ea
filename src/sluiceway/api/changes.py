"""The routes of change requests: list, make, look. What people do to one is in `change_acts`."""

from __future__ import annotations

from typing import Annotated

from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from litestar.status_codes import HTTP_201_CREATED

from sluiceway.api.change_bodies import ImportBody, NewChangeBody
from sluiceway.domain.changes.model import ChangeFacts, ChangeState
from sluiceway.domain.people.model import Principal
from sluiceway.services.change_views import ChangeFormView, ChangeSummary, ChangeView
from sluiceway.services.changes import ChangeService
from sluiceway.services.views import AuditView

_Changes = NamedDependency[ChangeService]
_By = NamedDependency[Principal]
_Limit = Annotated[int, QueryParameter(ge=1, le=200)]
_Service = Annotated[str, QueryParameter(name="service")]


class ChangeRoutes(Controller):
    path = "/api/changes"
    tags = ("changes",)

    @get(sync_to_thread=True, summary="List change requests, newest first; `before` continues a page")
    def list_changes(
        self,
        *,
        changes: _Changes,
        by: _By,
        of: _Service = "",
        states: Annotated[list[ChangeState] | None, QueryParameter(name="state")] = None,
        limit: _Limit = 50,
        before: FromQuery[str | None] = None,
    ) -> list[ChangeSummary]:
        return list(changes.list(by, service=of, states=states or (), limit=limit, before=before))

    @post(sync_to_thread=True, status_code=HTTP_201_CREATED, summary="Make a draft")
    def make_change(self, changes: _Changes, by: _By, data: JSONBody[NewChangeBody]) -> ChangeView:
        return changes.new(data.facts.of(ChangeFacts(title="", requestor="")), by, service=data.service)

    @post(
        "/import",
        sync_to_thread=True,
        status_code=HTTP_201_CREATED,
        summary="Make a draft of a request written as YAML",
    )
    def import_change(self, changes: _Changes, by: _By, data: JSONBody[ImportBody]) -> ChangeView:
        return changes.import_text(data.text, data.path, by, service=data.service)

    @get("/form", sync_to_thread=True, summary="What a form for a new request of a service asks")
    def change_form(self, changes: _Changes, by: _By, of: _Service) -> ChangeFormView:
        return changes.form(of, by)

    @get("/{change_id:str}", sync_to_thread=True, summary="Everything about one change request")
    def get_change(self, changes: _Changes, by: _By, change_id: FromPath[str]) -> ChangeView:
        return changes.get(change_id, by)

    @get("/{change_id:str}/history", sync_to_thread=True, summary="Its audit entries, newest first")
    def change_history(
        self,
        changes: _Changes,
        by: _By,
        change_id: FromPath[str],
        before: FromQuery[int | None] = None,
        limit: _Limit = 100,
    ) -> list[AuditView]:
        return list(changes.history(change_id, by, before=before, limit=limit))
