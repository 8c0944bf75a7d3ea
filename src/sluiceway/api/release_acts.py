"""The routes of what people do to a release: each act's answer is the release as it is after it.

They only translate; the rules are the domain's, who may act is asked by the services.
"""

from __future__ import annotations

from litestar import Controller, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from litestar.status_codes import HTTP_200_OK

from sluiceway.api.release_requests import (
    AttestRequest,
    CheckRequest,
    ConditionRequest,
    DecideRequest,
    EditRequest,
    LinkRequest,
    MoveRequest,
    OverrideRequest,
    ReasonRequest,
    ReleaseRolloutRequest,
    ReplanRequest,
    RunItemRequest,
    StartRunRequest,
    VoteRequest,
    WaiveRequest,
)
from sluiceway.api.requests import NoRequest
from sluiceway.domain.people.model import Principal
from sluiceway.services.release_views import ReleaseView, ReplanView, RunView
from sluiceway.services.releases import ReleaseService

_Releases = NamedDependency[ReleaseService]
_By = NamedDependency[Principal]
_Id = FromPath[str]


class ReleaseActRoutes(Controller):
    path = "/api/releases/{release_id:str}"
    tags = ("releases",)

    @post("/edit", sync_to_thread=True, status_code=HTTP_200_OK, summary="Change what it says")
    def edit_release(
        self, releases: _Releases, by: _By, release_id: _Id, data: JSONBody[EditRequest]
    ) -> ReleaseView:
        return releases.edit(release_id, data.facts, by, expected_version=data.expected_version)

    @post("/plan", sync_to_thread=True, status_code=HTTP_200_OK, summary="Move its target date")
    def replan_release(
        self, releases: _Releases, by: _By, release_id: _Id, data: JSONBody[ReplanRequest]
    ) -> ReplanView:
        return releases.replan(release_id, data.target_at, by, only_show=data.only_show)

    @post("/move", sync_to_thread=True, status_code=HTTP_200_OK, summary="Take it to another phase")
    def move_release(
        self, releases: _Releases, by: _By, release_id: _Id, data: JSONBody[MoveRequest]
    ) -> ReleaseView:
        return releases.move(
            release_id, data.to, by, reason=data.reason, expected_version=data.expected_version
        )

    @post("/cancel", sync_to_thread=True, status_code=HTTP_200_OK, summary="Give it up")
    def cancel_release(
        self, releases: _Releases, by: _By, release_id: _Id, data: JSONBody[ReasonRequest]
    ) -> ReleaseView:
        return releases.cancel(release_id, by, reason=data.reason)

    @post(
        "/rollback",
        sync_to_thread=True,
        status_code=HTTP_200_OK,
        summary="Take it back, and every rollout of it that is under way",
    )
    def roll_back_release(
        self, releases: _Releases, by: _By, release_id: _Id, data: JSONBody[ReasonRequest]
    ) -> ReleaseView:
        return releases.roll_back(release_id, by, reason=data.reason)

    @post("/vote", sync_to_thread=True, status_code=HTTP_200_OK, summary="Vote under an approval")
    def vote_on_release(
        self, releases: _Releases, by: _By, release_id: _Id, data: JSONBody[VoteRequest]
    ) -> ReleaseView:
        return releases.vote(
            release_id,
            data.policy,
            data.kind,
            by,
            role=data.role,
            comment=data.comment,
            conditions=data.conditions,
            on_behalf_of=data.on_behalf_of,
            seen=data.seen,
        )

    @post("/meet", sync_to_thread=True, status_code=HTTP_200_OK, summary="State that a condition is met")
    def meet_condition(
        self, releases: _Releases, by: _By, release_id: _Id, data: JSONBody[ConditionRequest]
    ) -> ReleaseView:
        return releases.meet_condition(release_id, data.condition, by, note=data.note)

    @post("/decide", sync_to_thread=True, status_code=HTTP_200_OK, summary="Record a go or no-go")
    def decide_release(
        self, releases: _Releases, by: _By, release_id: _Id, data: JSONBody[DecideRequest]
    ) -> ReleaseView:
        return releases.decide(release_id, data.decision, data.kind, by, reason=data.reason, role=data.role)

    @post("/attest", sync_to_thread=True, status_code=HTTP_200_OK, summary="State that a gate holds, or not")
    def attest_gate(
        self, releases: _Releases, by: _By, release_id: _Id, data: JSONBody[AttestRequest]
    ) -> ReleaseView:
        return releases.attest(
            release_id, data.gate, by, holds=data.holds, statement=data.statement, role=data.role
        )

    @post("/waive", sync_to_thread=True, status_code=HTTP_200_OK, summary="Let it pass a gate without it")
    def waive_gate(
        self, releases: _Releases, by: _By, release_id: _Id, data: JSONBody[WaiveRequest]
    ) -> ReleaseView:
        return releases.waive(release_id, data.gate, by, reason=data.reason, until=data.until, role=data.role)

    @post(
        "/override",
        sync_to_thread=True,
        status_code=HTTP_200_OK,
        summary="Permit it to act while the calendar is closed",
    )
    def override_calendar(
        self, releases: _Releases, by: _By, release_id: _Id, data: JSONBody[OverrideRequest]
    ) -> ReleaseView:
        return releases.override_calendar(
            release_id, by, reason=data.reason, until=data.until, role=data.role
        )

    @post("/check", sync_to_thread=True, status_code=HTTP_200_OK, summary="Say what became of an item")
    def check_item(
        self, releases: _Releases, by: _By, release_id: _Id, data: JSONBody[CheckRequest]
    ) -> ReleaseView:
        return releases.check(
            release_id, data.checklist, data.item, data.state, by, note=data.note, link=data.link
        )

    @post("/link", sync_to_thread=True, status_code=HTTP_200_OK, summary="Link a change request")
    def link_change(
        self, releases: _Releases, by: _By, release_id: _Id, data: JSONBody[LinkRequest]
    ) -> ReleaseView:
        return releases.link_change(release_id, data.change, by)

    @post("/unlink", sync_to_thread=True, status_code=HTTP_200_OK, summary="Take such a link away")
    def unlink_change(
        self, releases: _Releases, by: _By, release_id: _Id, data: JSONBody[LinkRequest]
    ) -> ReleaseView:
        return releases.unlink_change(release_id, data.change, by)

    @post("/rollout", sync_to_thread=True, status_code=HTTP_200_OK, summary="Start a rollout of it")
    def start_release_rollout(
        self, releases: _Releases, by: _By, release_id: _Id, data: JSONBody[ReleaseRolloutRequest]
    ) -> ReleaseView:
        return releases.start_rollout(release_id, by, name=data.name, stable=data.stable)

    @post(
        "/upgrade",
        sync_to_thread=True,
        status_code=HTTP_200_OK,
        summary="Move it to its service's process in force",
    )
    def upgrade_process(
        self,
        releases: _Releases,
        by: _By,
        release_id: _Id,
        data: JSONBody[NoRequest],  # noqa: ARG002 -- a body that holds anything is refused
    ) -> ReleaseView:
        return releases.upgrade_process(release_id, by)

    @post(
        "/run",
        sync_to_thread=True,
        status_code=HTTP_200_OK,
        summary="Carry out one of its runbooks; the answer is the run",
    )
    def start_run(
        self, releases: _Releases, by: _By, release_id: _Id, data: JSONBody[StartRunRequest]
    ) -> RunView:
        return releases.start_run(
            release_id, data.runbook, by, applies=data.applies, set_aside=data.set_aside
        )

    @post(
        "/run-item",
        sync_to_thread=True,
        status_code=HTTP_200_OK,
        summary="Have an item answered now that answers by itself",
    )
    def run_item(
        self, releases: _Releases, by: _By, release_id: _Id, data: JSONBody[RunItemRequest]
    ) -> ReleaseView:
        return releases.run_item(release_id, data.checklist, data.item, by)
