"""Turns a change request's scene into what people are shown of it. Reads only; sentences come from the rules.

What one may do is worked out in `change_rights`, boards are in `board_rendering`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sluiceway.domain.approvals.casting import capacities
from sluiceway.domain.approvals.model import Standing
from sluiceway.domain.approvals.subjects import subject_hash
from sluiceway.domain.approvals.wording import instant, listed
from sluiceway.domain.changes.conflicts import Conflict
from sluiceway.domain.changes.deciding import Verdict, voters_for
from sluiceway.domain.changes.kinds import review_due_at
from sluiceway.domain.changes.matrix import CriterionResult, tally
from sluiceway.domain.changes.model import BoardDecision, Change, ChangeFacts, ChangeState
from sluiceway.domain.changes.risk import Assessment
from sluiceway.domain.changes.subjects import subject_of
from sluiceway.domain.people.model import Principal
from sluiceway.domain.process.control import ChangeControl
from sluiceway.domain.releases.model import Release
from sluiceway.services.change_rights import acts_of, score_roles
from sluiceway.services.change_scene import ChangeScene
from sluiceway.services.change_views import (
    BoardDecisionView,
    ChangeConditionView,
    ChangeSummary,
    ChangeView,
    ConflictView,
    CriterionScoreView,
    MatrixView,
    QuestionView,
    RiskView,
)
from sluiceway.services.release_render_words import vote_view
from sluiceway.services.release_views import ApprovalView


def render_change(
    scene: ChangeScene,
    by: Principal,
    *,
    rights: frozenset[str],
    conflicts: Sequence[Conflict],
    releases: Mapping[str, Release],
) -> ChangeView:
    """Return everything about one request. `rights` are what the viewer may do for its service."""
    change, kind, current = scene.change, scene.kind, scene.current
    found = scene.verdicts()
    return ChangeView(
        summary=render_change_summary(scene, found),
        version=scene.row.version,
        facts=change.facts,
        risk=_risk(scene.risk()),
        questions=questions(scene.team.changes, change.facts),
        matrix=_matrix(scene),
        approvals=tuple(_approval(scene, one, by) for one in found),
        boards=tuple(one.policy.id for one in found if one.is_board),
        decisions=tuple(_decision(scene, one) for one in change.decisions),
        conflicts=tuple(_conflict(change, one) for one in conflicts),
        releases=change.releases,
        meeting=change.meeting,
        history=change.history,
        may=acts_of(scene, by, rights),
        kind_title=kind.title if kind is not None else change.facts.kind,
        kinds=tuple((one.id, one.title) for one in scene.team.changes.kinds),
        conditions=_conditions(scene, releases),
        my_roles=score_roles(scene, by),
        review_due_at=review_due_at(change, kind) if kind is not None else None,
        calendar_closed=scene.closed() or "",
        zone=current.calendar.zone,
    )


def render_change_summary(
    scene: ChangeScene, verdicts: Sequence[Verdict] | None = None, risk: Assessment | None = None
) -> ChangeSummary:
    """Return one line of a list; what is known already need not be worked out anew."""
    change = scene.change
    assessed = risk or scene.risk()
    return ChangeSummary(
        id=change.id,
        title=change.facts.title,
        service=change.facts.service,
        kind=change.facts.kind,
        state=change.state.value,
        risk=assessed.level.title if assessed is not None else "",
        requestor=change.facts.requestor,
        author=change.author,
        created_at=change.created_at,
        waits_for=_waits_for(scene, scene.verdicts() if verdicts is None else verdicts),
    )


def questions(control: ChangeControl, facts: ChangeFacts | None = None) -> tuple[QuestionView, ...]:
    """Return the questionnaire with the request's answers, if there is one yet."""
    answered = dict(facts.answers) if facts is not None else {}
    asked = control.risk.questions if control.risk is not None else ()
    return tuple(
        QuestionView(
            one.id, one.text, tuple((each.id, each.text) for each in one.answers), answered.get(one.id, "")
        )
        for one in asked
    )


def _waits_for(scene: ChangeScene, verdicts: Sequence[Verdict]) -> str:
    change, kind = scene.change, scene.kind
    match change.state:
        case ChangeState.DRAFT:
            return f"{change.author} to submit it"
        case ChangeState.SUBMITTED:
            waiting = [_wanted(one) for one in verdicts if one.standing is Standing.WAITING]
            return listed(waiting) or "somebody who could decide on it"
        case ChangeState.APPROVED:
            return "a time or a release"
        case ChangeState.SCHEDULED:
            starts_at = change.facts.starts_at
            return "its release" if starts_at is None else f"its beginning on {instant(starts_at)}"
        case ChangeState.IN_PROGRESS:
            return "its end"
        case ChangeState.DONE | ChangeState.FAILED:
            due_at = review_due_at(change, kind) if kind is not None else None
            return "" if due_at is None else f"its review by {instant(due_at)}"
        case ChangeState.REJECTED | ChangeState.WITHDRAWN:
            return ""


def _wanted(verdict: Verdict) -> str:
    """Return in a few words what one of those who are asked still has to do."""
    if not verdict.is_board:
        return verdict.policy.title
    is_settled = verdict.outcome.standing is not Standing.WAITING
    title = verdict.policy.title
    return f"the vote of the {title} to be closed" if is_settled else f"votes of the {title}"


def standing_words(verdict: Verdict) -> str:
    """Return where one of those who are asked stands; of a board also that its vote is still open."""
    is_settled = verdict.outcome.standing is not Standing.WAITING
    if verdict.is_board and verdict.decision is None and is_settled:
        return f"{verdict.outcome.sentence}; it counts once the vote is closed"
    return verdict.sentence


def _risk(assessed: Assessment | None) -> RiskView:
    if assessed is None:
        return RiskView("", "", None, "the process does not say how risk is told")
    lines = tuple(reason.text for reason in assessed.reasons)
    return RiskView(assessed.level.id, assessed.level.title, assessed.score, assessed.sentence, lines)


def _matrix(scene: ChangeScene) -> MatrixView | None:
    matrix = scene.team.changes.matrix
    if not matrix:
        return None
    kind, control = scene.kind, scene.team.changes
    board = next((one for one in control.boards if kind is not None and one.id == kind.board), None)
    titles = {role.id: role.title for role in scene.team.roles}
    found = tally(matrix, scene.change.scores, board.voting if board is not None else (), titles)
    return MatrixView(
        criteria=tuple(_criterion(one) for one in found.criteria),
        totals=tuple(
            (f"{one.by} ({titles.get(one.role, one.role)})" if one.role else one.by, one.total)
            for one in found.members
            if one.total is not None
        ),
        total=found.total,
        spread=found.spread,
        missing=tuple(titles.get(role, role) for role in found.missing),
        sentence=found.sentence,
    )


def _criterion(found: CriterionResult) -> CriterionScoreView:
    one = found.criterion
    return CriterionScoreView(
        id=one.id,
        title=one.title,
        weight_percent=one.weight_percent,
        low=one.low,
        high=one.high,
        higher_is_better=one.higher_is_better,
        description=one.description,
        scores=tuple((score.by, score.role, score.points, score.comment) for score in found.scores),
        mean=found.mean,
        spread=found.spread,
    )


def _approval(scene: ChangeScene, verdict: Verdict, by: Principal) -> ApprovalView:
    change, policy, found = scene.change, verdict.policy, verdict.outcome
    voters = voters_for(change, scene.team, policy, scene.current.directory, scene.now)
    reasons = {void.vote: void.reason for void in found.void}
    mine = capacities(policy, by.name, voters)
    subject = subject_of(change)
    conditions = verdict.decision.conditions if verdict.decision is not None else found.conditions
    return ApprovalView(
        policy=policy.id,
        title=policy.title,
        standing=verdict.standing.value,
        sentence=standing_words(verdict),
        votes=tuple(vote_view(vote, reasons.get(vote, "")) for vote in change.ballot(policy.id).votes),
        wanted=tuple(wanted.what for wanted in found.wanted),
        conditions=conditions,
        expires_at=found.expires_at,
        subject=subject,
        subject_hash=subject_hash(subject),
        my_roles=tuple(dict.fromkeys(one.role for one in mine)),
        my_refusal="" if mine else voters.why_not(by.name),
    )


def _decision(scene: ChangeScene, one: BoardDecision) -> BoardDecisionView:
    boards = {board.id: board.title for board in scene.team.changes.boards}
    return BoardDecisionView(
        board=one.board,
        is_approved=one.is_approved,
        by=one.by,
        at=one.at,
        sentence=one.sentence,
        conditions=one.conditions,
        kind=one.kind.value,
        title=boards.get(one.board, one.board),
        meeting=one.meeting,
        is_review=one.is_review,
        is_current=one.is_review or one.subject_hash == subject_hash(subject_of(scene.change)),
    )


def _conditions(scene: ChangeScene, releases: Mapping[str, Release]) -> tuple[ChangeConditionView, ...]:
    views: list[ChangeConditionView] = []
    for set_by, text in scene.conditions():
        taken = [
            (release_id, one.done_at is not None)
            for release_id, release in releases.items()
            for one in release.conditions
            if (one.policy, one.by, one.text) == (scene.change.id, set_by, text)
        ]
        open_in = tuple(release_id for release_id, is_met in taken if not is_met)
        met_in = tuple(release_id for release_id, is_met in taken if is_met)
        views.append(ChangeConditionView(text, set_by, open_in, met_in))
    return tuple(views)


def _conflict(change: Change, found: Conflict) -> ConflictView:
    other = next((one for one in found.changes if one != change.id), "")
    return ConflictView(other, found.kind.value, found.text)
