"""What people do to a change request: `POST /api/changes/{change_id}/ACT`; each answers with the request.

They only translate; the rules are the domain's, who may act is asked by the services.
"""

from __future__ import annotations

from litestar import Controller, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from litestar.status_codes import HTTP_200_OK

from sluiceway.api.change_bodies import (
    AnswersBody,
    ChangeVoteBody,
    DecideBody,
    EditChangeBody,
    FinishBody,
    ReleaseBody,
    ReviewBody,
    ScheduleBody,
    ScoreBody,
    WhyBody,
)
from sluiceway.api.requests import NoRequest
from sluiceway.domain.people.model import Principal
from sluiceway.services.change_views import ChangeView
from sluiceway.services.changes import ChangeService

_Changes = NamedDependency[ChangeService]
_By = NamedDependency[Principal]
_Id = FromPath[str]


class ChangeActRoutes(Controller):
    path = "/api/changes/{change_id:str}"
    tags = ("changes",)

    @post("/edit", sync_to_thread=True, status_code=HTTP_200_OK, summary="Change what it says")
    def edit_change(
        self, changes: _Changes, by: _By, change_id: _Id, data: JSONBody[EditChangeBody]
    ) -> ChangeView:
        return changes.edit(change_id, data.facts, by, expected_version=data.expected_version)

    @post("/answer", sync_to_thread=True, status_code=HTTP_200_OK, summary="Answer its questionnaire")
    def answer_questions(
        self, changes: _Changes, by: _By, change_id: _Id, data: JSONBody[AnswersBody]
    ) -> ChangeView:
        return changes.answer(change_id, data.answers, by)

    @post("/submit", sync_to_thread=True, status_code=HTTP_200_OK, summary="Hand it in for decisions")
    def submit_change(
        self,
        changes: _Changes,
        by: _By,
        change_id: _Id,
        data: JSONBody[NoRequest],  # noqa: ARG002 -- a body that holds anything is refused
    ) -> ChangeView:
        return changes.submit(change_id, by)

    @post("/take-back", sync_to_thread=True, status_code=HTTP_200_OK, summary="Make it a draft again")
    def take_back_change(
        self, changes: _Changes, by: _By, change_id: _Id, data: JSONBody[WhyBody]
    ) -> ChangeView:
        return changes.take_back(change_id, by, reason=data.reason)

    @post("/withdraw", sync_to_thread=True, status_code=HTTP_200_OK, summary="Give it up for good")
    def withdraw_change(
        self, changes: _Changes, by: _By, change_id: _Id, data: JSONBody[WhyBody]
    ) -> ChangeView:
        return changes.withdraw(change_id, by, reason=data.reason)

    @post("/score", sync_to_thread=True, status_code=HTTP_200_OK, summary="Score criteria of the matrix")
    def score_change(
        self, changes: _Changes, by: _By, change_id: _Id, data: JSONBody[ScoreBody]
    ) -> ChangeView:
        return changes.score(change_id, data.points, by, role=data.role, comment=data.comment)

    @post(
        "/vote",
        sync_to_thread=True,
        status_code=HTTP_200_OK,
        summary="Vote on its board or under an approval",
    )
    def vote_on_change(
        self, changes: _Changes, by: _By, change_id: _Id, data: JSONBody[ChangeVoteBody]
    ) -> ChangeView:
        return changes.vote(
            change_id,
            data.kind,
            by,
            policy=data.policy,
            role=data.role,
            comment=data.comment,
            conditions=data.conditions,
            on_behalf_of=data.on_behalf_of,
            seen=data.seen,
        )

    @post("/decide", sync_to_thread=True, status_code=HTTP_200_OK, summary="Close its board's vote")
    def decide_change(
        self, changes: _Changes, by: _By, change_id: _Id, data: JSONBody[DecideBody]
    ) -> ChangeView:
        return changes.decide(change_id, by, conditions=data.conditions)

    @post("/review", sync_to_thread=True, status_code=HTTP_200_OK, summary="Review an emergency change")
    def review_change(
        self, changes: _Changes, by: _By, change_id: _Id, data: JSONBody[ReviewBody]
    ) -> ChangeView:
        return changes.review(change_id, by, agrees=data.agrees, remarks=data.remarks)

    @post("/schedule", sync_to_thread=True, status_code=HTTP_200_OK, summary="Give it its time")
    def schedule_change(
        self, changes: _Changes, by: _By, change_id: _Id, data: JSONBody[ScheduleBody]
    ) -> ChangeView:
        return changes.schedule(change_id, data.starts_at, data.ends_at, by)

    @post("/start", sync_to_thread=True, status_code=HTTP_200_OK, summary="Begin to carry it out")
    def start_change(
        self,
        changes: _Changes,
        by: _By,
        change_id: _Id,
        data: JSONBody[NoRequest],  # noqa: ARG002 -- a body that holds anything is refused
    ) -> ChangeView:
        return changes.start(change_id, by)

    @post("/finish", sync_to_thread=True, status_code=HTTP_200_OK, summary="Say how it ended")
    def finish_change(
        self, changes: _Changes, by: _By, change_id: _Id, data: JSONBody[FinishBody]
    ) -> ChangeView:
        return changes.finish(change_id, by, ended_well=data.ended_well, reason=data.reason)

    @post("/link", sync_to_thread=True, status_code=HTTP_200_OK, summary="Make it part of a release")
    def link_release(
        self, changes: _Changes, by: _By, change_id: _Id, data: JSONBody[ReleaseBody]
    ) -> ChangeView:
        return changes.link(change_id, data.release, by)

    @post("/unlink", sync_to_thread=True, status_code=HTTP_200_OK, summary="Take it out of a release")
    def unlink_release(
        self, changes: _Changes, by: _By, change_id: _Id, data: JSONBody[ReleaseBody]
    ) -> ChangeView:
        return changes.unlink(change_id, data.release, by)
