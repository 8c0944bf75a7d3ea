"""The routes of feature flags, for people: list, make, change, turn on and off, and understand.

They only translate; the rules are the domain's, who may act is asked by the services. What applications use
is in `ofrep`, `flag_sets`, `flag_streams` and `flag_exposures`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from litestar import Controller, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from litestar.status_codes import HTTP_200_OK, HTTP_201_CREATED

from sluiceway.api.flag_bodies import (
    EditFlagBody,
    EverywhereBody,
    ExplainBody,
    NewFlagBody,
    PreviewBody,
    ReasonBody,
    ToggleBody,
)
from sluiceway.domain.flags.explaining import Explanation
from sluiceway.domain.flags.model import Flag
from sluiceway.domain.flags.wire_reading import flag_from_json
from sluiceway.domain.people.model import Principal
from sluiceway.errors import InvalidInputError
from sluiceway.services.flag_drafts import DraftReview
from sluiceway.services.flag_views import FlagChange, FlagSummary, FlagVersionView, FlagView
from sluiceway.services.flags import FlagService

_Flags = NamedDependency[FlagService]
_By = NamedDependency[Principal]
_Of = FromPath[str]
_Limit = Annotated[int, QueryParameter(ge=1, le=200)]


class FlagRoutes(Controller):
    path = "/api/flags/{of:str}"
    tags = ("flags",)

    @get(sync_to_thread=True, summary="The flags of a service, with their state in each environment")
    def list_flags(self, flags: _Flags, by: _By, of: _Of) -> list[FlagSummary]:
        return list(flags.list(of, by))

    @post(sync_to_thread=True, status_code=HTTP_201_CREATED, summary="Make a flag in every environment")
    def make_flag(self, flags: _Flags, by: _By, of: _Of, data: JSONBody[NewFlagBody]) -> list[FlagChange]:
        return list(flags.create(of, flag_from_json(data.flag), by, data.reason))

    @get("/{flag:str}", sync_to_thread=True, summary="Everything about one flag")
    def get_flag(self, flags: _Flags, by: _By, of: _Of, flag: FromPath[str]) -> FlagView:
        return flags.get(of, flag, by)

    @put(
        "/{flag:str}/environments/{environment:str}",
        sync_to_thread=True,
        summary="Put a whole flag in place of what it is in one environment",
    )
    def edit_flag(
        self,
        *,
        flags: _Flags,
        by: _By,
        of: _Of,
        flag: FromPath[str],
        environment: FromPath[str],
        data: JSONBody[EditFlagBody],
    ) -> FlagChange:
        wanted = _flag(data.flag, flag)
        return flags.edit(
            of, environment, wanted, by, expected_version=data.expected_version, why=data.reason
        )

    @post(
        "/{flag:str}/toggle",
        sync_to_thread=True,
        status_code=HTTP_200_OK,
        summary="Turn it on or off in one environment",
    )
    def toggle_flag(
        self, flags: _Flags, by: _By, of: _Of, flag: FromPath[str], data: JSONBody[ToggleBody]
    ) -> FlagChange:
        return flags.toggle(of, data.environment, flag, data.on, by, why=data.reason)

    @post(
        "/{flag:str}/kill",
        sync_to_thread=True,
        status_code=HTTP_200_OK,
        summary="Turn it off at once, whatever it says; nobody is asked",
    )
    def kill_flag(
        self, flags: _Flags, by: _By, of: _Of, flag: FromPath[str], data: JSONBody[EverywhereBody]
    ) -> list[FlagChange]:
        return list(flags.kill(of, data.environment, flag, by, data.reason))

    @post(
        "/{flag:str}/restore",
        sync_to_thread=True,
        status_code=HTTP_200_OK,
        summary="Let it be what it says again, after a kill or a threshold",
    )
    def restore_flag(
        self, flags: _Flags, by: _By, of: _Of, flag: FromPath[str], data: JSONBody[EverywhereBody]
    ) -> list[FlagChange]:
        return list(flags.release_kill(of, data.environment, flag, by, data.reason))

    @post(
        "/{flag:str}/archive",
        sync_to_thread=True,
        status_code=HTTP_200_OK,
        summary="Take it away in every environment; its history stays",
    )
    def archive_flag(
        self, flags: _Flags, by: _By, of: _Of, flag: FromPath[str], data: JSONBody[ReasonBody]
    ) -> list[FlagChange]:
        return list(flags.archive(of, flag, by, data.reason))

    @get("/{flag:str}/history", sync_to_thread=True, summary="Its changes, newest first")
    def flag_history(
        self,
        *,
        flags: _Flags,
        by: _By,
        of: _Of,
        flag: FromPath[str],
        environment: FromQuery[str] = "",
        before: FromQuery[int | None] = None,
        limit: _Limit = 100,
    ) -> list[FlagVersionView]:
        return list(flags.history(of, flag, by, environment=environment, before=before, limit=limit))

    @post(
        "/{flag:str}/explain",
        sync_to_thread=True,
        status_code=HTTP_200_OK,
        summary="Why a user gets what they get, step by step",
    )
    def explain_flag(
        self, flags: _Flags, by: _By, of: _Of, flag: FromPath[str], data: JSONBody[ExplainBody]
    ) -> Explanation:
        return flags.explain(of, data.environment, flag, data.context, by)

    @post(
        "/{flag:str}/preview",
        sync_to_thread=True,
        status_code=HTTP_200_OK,
        summary="What saving a draft would change, and whom it would reach; nothing is saved",
    )
    def preview_flag(
        self, flags: _Flags, by: _By, of: _Of, flag: FromPath[str], data: JSONBody[PreviewBody]
    ) -> DraftReview:
        base = None if data.base is None else _flag(data.base, flag, where="base")
        draft = _flag(data.flag, flag)
        return flags.review(of, data.environment, draft, by, base=base, samples=data.samples)


def _flag(document: Mapping[str, Any], flag: str, *, where: str = "flag") -> Flag:
    """Return the flag of a document that may leave its id to the path. Raises FlagFileError."""
    found = flag_from_json({"id": flag, **document}, where=where)
    if found.id != flag:
        raise InvalidInputError(
            f'{where}.id is "{found.id[:100]}", but the path names {flag[:100]}; an id stays what it is, '
            "only `name` can change"
        )
    return found
