"""The routes around feature flags, for people: changes that wait or are taken back, segments, files of flags.

Each has a path of its own beside `/api/flags`, where any name may be a flag's.
"""

from __future__ import annotations

from typing import Annotated

from litestar import Controller, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from litestar.status_codes import HTTP_200_OK

from sluiceway.api.flag_bodies import (
    EverywhereBody,
    FlagFileBody,
    FlagVoteBody,
    ReasonBody,
    SegmentBody,
)
from sluiceway.domain.flags.wire_reading import segment_from_json
from sluiceway.domain.people.model import Principal
from sluiceway.errors import InvalidInputError
from sluiceway.services.flag_views import (
    FilePlanView,
    FlagChange,
    FlagServiceView,
    FlagVersionView,
    ProposalView,
    SegmentView,
    StaleFlagView,
)
from sluiceway.services.flags import FlagService

_Flags = NamedDependency[FlagService]
_By = NamedDependency[Principal]
_Of = FromPath[str]
_Service = Annotated[str, QueryParameter(name="service")]


class FlagProposalRoutes(Controller):
    path = "/api/flag-proposals"
    tags = ("flags",)

    @get(sync_to_thread=True, summary="Changes that wait for an approval, of one service or of all one sees")
    def list_proposals(self, flags: _Flags, by: _By, of: _Service = "") -> list[ProposalView]:
        return list(flags.proposed(of, by))

    @get("/{proposal:str}", sync_to_thread=True, summary="One of them, whatever became of it")
    def get_proposal(self, flags: _Flags, by: _By, proposal: FromPath[str]) -> ProposalView:
        return flags.proposal(proposal, by)

    @post(
        "/{proposal:str}/approve",
        sync_to_thread=True,
        status_code=HTTP_200_OK,
        summary="Vote for it; the last vote that is asked for applies it",
    )
    def approve_proposal(
        self, flags: _Flags, by: _By, proposal: FromPath[str], data: JSONBody[FlagVoteBody]
    ) -> ProposalView:
        return flags.approve(
            proposal,
            by,
            comment=data.reason,
            role=data.role,
            on_behalf_of=data.on_behalf_of,
            seen=data.seen,
        )

    @post(
        "/{proposal:str}/reject",
        sync_to_thread=True,
        status_code=HTTP_200_OK,
        summary="Vote against it, with the reason",
    )
    def reject_proposal(
        self, flags: _Flags, by: _By, proposal: FromPath[str], data: JSONBody[FlagVoteBody]
    ) -> ProposalView:
        return flags.reject(
            proposal, by, data.reason, role=data.role, on_behalf_of=data.on_behalf_of, seen=data.seen
        )

    @post(
        "/{proposal:str}/withdraw",
        sync_to_thread=True,
        status_code=HTTP_200_OK,
        summary="Give it up",
    )
    def withdraw_proposal(
        self, flags: _Flags, by: _By, proposal: FromPath[str], data: JSONBody[ReasonBody]
    ) -> ProposalView:
        return flags.withdraw(proposal, by, data.reason)


class FlagHistoryRoutes(Controller):
    path = "/api/flag-changes/{of:str}"
    tags = ("flags",)

    @get(sync_to_thread=True, summary="Changes of all flags and segments of a service, newest first")
    def list_changes_of_flags(
        self,
        *,
        flags: _Flags,
        by: _By,
        of: _Of,
        environment: FromQuery[str] = "",
        before: FromQuery[int | None] = None,
        limit: FromQuery[int] = 100,
    ) -> list[FlagVersionView]:
        return list(flags.history(of, "", by, environment=environment, before=before, limit=limit))

    @post("/{change:int}/undo", sync_to_thread=True, status_code=HTTP_200_OK, summary="Take one back")
    def undo_change(
        self, flags: _Flags, by: _By, of: _Of, change: FromPath[int], data: JSONBody[ReasonBody]
    ) -> FlagChange:
        return flags.undo(of, change, by, data.reason)


class FlagSegmentRoutes(Controller):
    path = "/api/flag-segments/{of:str}"
    tags = ("flags",)

    @get(sync_to_thread=True, summary="The segments of a service, with the flags that use them")
    def list_segments(
        self, flags: _Flags, by: _By, of: _Of, environment: FromQuery[str] = ""
    ) -> list[SegmentView]:
        return list(flags.list_segments(of, by, environment=environment))

    @put("/{segment:str}", sync_to_thread=True, summary="Put a whole segment in place; a new one is made")
    def save_segment(
        self, flags: _Flags, by: _By, of: _Of, segment: FromPath[str], data: JSONBody[SegmentBody]
    ) -> list[FlagChange]:
        wanted = segment_from_json({"id": segment, **data.segment})
        if wanted.id != segment:
            raise InvalidInputError(
                f'segment.id is "{wanted.id[:100]}", but the path names {segment[:100]}; an id stays what it '
                "is, only `title` can change"
            )
        return list(
            flags.save_segment(
                of,
                wanted,
                by,
                environment=data.environment,
                expected_version=data.expected_version,
                why=data.reason,
            )
        )

    @post(
        "/{segment:str}/delete",
        sync_to_thread=True,
        status_code=HTTP_200_OK,
        summary="Take a segment away that no flag uses",
    )
    def delete_segment(
        self, flags: _Flags, by: _By, of: _Of, segment: FromPath[str], data: JSONBody[EverywhereBody]
    ) -> list[FlagChange]:
        return list(flags.delete_segment(of, segment, by, environment=data.environment, why=data.reason))


class FlagFileRoutes(Controller):
    path = "/api/flag-files/{of:str}"
    tags = ("flags",)

    @get(
        sync_to_thread=True,
        media_type="text/yaml",
        summary="A file of the flags in force, in one environment or in each",
    )
    def export_flags(self, flags: _Flags, by: _By, of: _Of, environment: FromQuery[str] = "") -> str:
        return flags.export(of, by, environment=environment)

    @post(
        "/plan",
        sync_to_thread=True,
        status_code=HTTP_200_OK,
        summary="What applying a file of flags would do; nothing is done",
    )
    def plan_flags(self, flags: _Flags, by: _By, of: _Of, data: JSONBody[FlagFileBody]) -> list[FilePlanView]:
        return list(
            flags.plan(
                of,
                data.text,
                by,
                environment=data.environment,
                path=data.path,
                only_adds=data.only_adds,
            )
        )

    @post(
        "/apply",
        sync_to_thread=True,
        status_code=HTTP_200_OK,
        summary="Make flags what a file says; a 409 shows what was edited elsewhere",
    )
    def apply_flags(self, flags: _Flags, by: _By, of: _Of, data: JSONBody[FlagFileBody]) -> list[FlagChange]:
        return list(
            flags.apply(
                of,
                data.text,
                by,
                environment=data.environment,
                path=data.path,
                why=data.reason,
                only_adds=data.only_adds,
            )
        )


@get(
    "/api/flag-services",
    sync_to_thread=True,
    summary="The services that have flags or a process, with their environments",
    tags=["flags"],
)
def flag_services(flags: _Flags, by: _By) -> list[FlagServiceView]:
    return [FlagServiceView(one, tuple(flags.environments(one, by))) for one in flags.services(by)]


@get(
    "/api/stale-flags/{of:str}",
    sync_to_thread=True,
    summary="Flags that have done their work, each with why",
    tags=["flags"],
)
def stale_flags(flags: _Flags, by: _By, of: _Of) -> list[StaleFlagView]:
    return list(flags.stale_report(of, by))
