"""The routes of rollouts: list, start, look, act. They only translate; the rules are the services'."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from litestar.status_codes import HTTP_200_OK, HTTP_201_CREATED

from sluiceway.api.requests import ActRequest, StartRequest
from sluiceway.domain.people.model import Principal
from sluiceway.domain.rollouts.model import CommandKind
from sluiceway.errors import InvalidInputError
from sluiceway.services.rollouts import RolloutService
from sluiceway.services.views import (
    AuditView,
    ExplanationView,
    RolloutSummary,
    RolloutView,
    SeriesView,
)

Limit = Annotated[int, QueryParameter(ge=1, le=500)]
By = NamedDependency[Principal]


class RolloutRoutes(Controller):
    path = "/api/rollouts"
    tags = ("rollouts",)

    @get(sync_to_thread=True, summary="List rollouts, newest first; `before` continues a page")
    def list_rollouts(
        self,
        *,
        service: NamedDependency[RolloutService],
        by: By,
        of: Annotated[str | None, QueryParameter(name="service")] = None,
        active: FromQuery[bool] = False,
        limit: Limit = 50,
        before: FromQuery[str | None] = None,
    ) -> list[RolloutSummary]:
        return list(service.list(by, service=of, active_only=active, limit=limit, before=before))

    @post(sync_to_thread=True, status_code=HTTP_201_CREATED, summary="Start a rollout")
    def start_rollout(
        self, service: NamedDependency[RolloutService], by: By, data: JSONBody[StartRequest]
    ) -> RolloutView:
        return service.start(
            data.process,
            data.path,
            data.new,
            data.stable,
            by,
            rollout=data.rollout,
            replace_serving=data.replace_serving,
        )

    @get("/{rollout_id:str}", sync_to_thread=True, summary="Everything about one rollout")
    def get_rollout(
        self, service: NamedDependency[RolloutService], by: By, rollout_id: FromPath[str]
    ) -> RolloutView:
        return service.get(rollout_id, by)

    @get("/{rollout_id:str}/explanation", sync_to_thread=True, summary="Why it is where it is")
    def explain_rollout(
        self, service: NamedDependency[RolloutService], by: By, rollout_id: FromPath[str]
    ) -> ExplanationView:
        return service.explain(rollout_id, by)

    @get("/{rollout_id:str}/history", sync_to_thread=True, summary="Its audit entries, oldest first")
    def rollout_history(
        self,
        service: NamedDependency[RolloutService],
        by: By,
        rollout_id: FromPath[str],
        after: Annotated[int, QueryParameter(ge=0)] = 0,
        limit: Limit = 200,
    ) -> list[AuditView]:
        return list(service.history(rollout_id, by, after=after, limit=limit))

    @get("/{rollout_id:str}/series", sync_to_thread=True, summary="Its plots; `after` in unix seconds")
    def rollout_series(
        self,
        service: NamedDependency[RolloutService],
        by: By,
        rollout_id: FromPath[str],
        after: FromQuery[float | None] = None,
        limit: Annotated[int, QueryParameter(ge=1, le=5_000)] = 600,
    ) -> SeriesView:
        since = _instant(after) if after is not None else None
        return service.series(rollout_id, by, after=since, limit=limit)

    @post(
        "/{rollout_id:str}/actions/{kind:str}",
        sync_to_thread=True,
        status_code=HTTP_200_OK,
        summary="Act on it: approve, pause, resume, promote, skip, abort, rollback, retry or edit",
    )
    def act_on_rollout(
        self,
        service: NamedDependency[RolloutService],
        by: By,
        rollout_id: FromPath[str],
        kind: FromPath[str],
        data: JSONBody[ActRequest],
    ) -> RolloutView:
        return service.act(
            rollout_id,
            _kind(kind),
            by,
            reason=data.reason,
            subject=data.subject,
            action=data.action,
            plan_text=data.process,
            expected_version=data.expected_version,
        )


def _kind(text: str) -> CommandKind:
    try:
        return CommandKind(text)
    except ValueError as error:
        known = ", ".join(CommandKind)
        raise InvalidInputError(f"act is {text[:50]!r}; use one of: {known}") from error


def _instant(unix_s: float) -> datetime:
    try:
        return datetime.fromtimestamp(unix_s, UTC)
    except (OverflowError, ValueError, OSError) as error:
        raise InvalidInputError(f"after is {unix_s}; use seconds since 1970") from error
