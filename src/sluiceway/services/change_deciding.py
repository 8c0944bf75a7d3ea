"""What people say about a change request: scores, votes, a board's decision and its review."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from sluiceway.domain.approvals.casting import cast, check_vote
from sluiceway.domain.approvals.model import Vote, VoteKind
from sluiceway.domain.approvals.subjects import subject_hash
from sluiceway.domain.approvals.wording import listed
from sluiceway.domain.changes import deciding
from sluiceway.domain.changes.kinds import kind_of
from sluiceway.domain.changes.matrix import check_score
from sluiceway.domain.changes.model import BoardMeeting, Change, ChangeState, Score
from sluiceway.domain.changes.subjects import subject_of
from sluiceway.domain.people.model import Principal
from sluiceway.domain.process.team import ApprovalPolicy, Permission
from sluiceway.errors import IllegalMoveError, InvalidInputError, NotFoundError, RuleError
from sluiceway.ports.store import Transaction
from sluiceway.services.change_base import Changes
from sluiceway.services.change_rights import policies, score_roles, ways_to_vote
from sluiceway.services.change_scene import ChangeScene
from sluiceway.services.change_views import ChangeView
from sluiceway.services.saying import capacity, conditions_given, vote_words, with_reason
from sluiceway.services.texts import prose


class ChangeWords(Changes):
    """People's words, each recorded with who said it and in which role."""

    def score(
        self,
        change_id: str,
        points: Mapping[str, int],
        by: Principal,
        *,
        role: str = "",
        comment: str = "",
    ) -> ChangeView:
        """Score criteria of the decision matrix, id to points; in the first role one may unless named.

        A later score of the same member replaces the earlier one. Raises RuleError for somebody who is not
        asked, InvalidInputError for an unknown criterion or points outside its range.
        """
        words = prose(comment, "the comment")
        if not points:
            raise InvalidInputError("no criterion is scored; give each as CRITERION=POINTS")

        def decide(scene: ChangeScene, tx: Transaction) -> tuple[Change, str]:
            del tx
            change = scene.change
            _require_submitted(change, "scores are")
            part = _score_role(scene, by, role)
            for criterion, given in points.items():
                refusal = check_score(scene.team.changes.matrix, criterion, given)
                if refusal is not None:
                    raise InvalidInputError(refusal)
            new = tuple(
                Score(by.name, part, criterion, given, scene.now, words)
                for criterion, given in points.items()
            )
            kept = tuple(
                one
                for one in change.scores
                if (one.by, one.role) != (by.name, part) or one.criterion not in points
            )
            told = ", ".join(f"{criterion} {given}" for criterion, given in points.items())
            as_role = f" as {part}" if part else ""
            return replace(change, scores=(*kept, *new)), with_reason(f"scored{as_role}: {told}", words)

        return self._act(change_id, by, Permission.APPROVE, "change-scored", decide)

    def vote(
        self,
        change_id: str,
        kind: VoteKind,
        by: Principal,
        *,
        policy: str = "",
        role: str = "",
        comment: str = "",
        conditions: Sequence[str] = (),
        on_behalf_of: str = "",
        seen: str = "",
    ) -> ChangeView:
        """Vote as a member of its board or under an approval; in the first role one may unless named.

        Without `policy`, under the one that asks for this person's vote. `seen` is the hash of what the voter
        was shown; a vote on something else is refused. Approvals count at once, a board's votes once its vote
        is closed. Raises RuleError naming the rule that refuses it, NotFoundError for a policy that is not
        asked, IllegalMoveError unless the request waits for decisions; a comment is always taken.
        """
        texts, words = conditions_given(conditions), prose(comment, "the comment")

        def decide(scene: ChangeScene, tx: Transaction) -> tuple[Change, str]:
            del tx
            change = scene.change
            chosen = _policy(scene, policy, by)
            if kind is not VoteKind.COMMENT:
                _require_open_vote(scene, chosen)
            way = capacity(ways_to_vote(scene, chosen, by), role, on_behalf_of)
            subject = subject_of(change)
            given = Vote(
                by=by.name,
                kind=kind,
                at=scene.now,
                subject_hash=seen or subject_hash(subject),
                role=way.role,
                comment=words,
                conditions=texts,
                on_behalf_of=way.on_behalf_of,
            )
            directory = scene.current.directory
            voters = deciding.voters_for(change, scene.team, chosen, directory, scene.now)
            ballot = change.ballot(chosen.id)
            refusal = check_vote(chosen, ballot, given, subject, voters)
            if refusal is not None:
                raise RuleError(refusal)
            others = tuple(one for one in change.ballots if one.policy != chosen.id)
            voted = replace(change, ballots=(*others, cast(ballot, given, subject)))
            settled = deciding.settle(voted, scene.team, directory, by.name, scene.now)
            return settled, vote_words(chosen.title, given)

        needed = Permission.READ if kind is VoteKind.COMMENT else Permission.APPROVE
        return self._act(change_id, by, needed, f"vote-{kind}", decide)

    def decide(self, change_id: str, by: Principal, *, conditions: Sequence[str] = ()) -> ChangeView:
        """Close the vote of its board: what the votes add up to is the board's decision.

        `conditions` are the board's own, besides those of members. The decision belongs to the meeting that
        has the request on its agenda, if that is still open. Raises RuleError when the votes don't settle it
        yet, naming what is missing, IllegalMoveError unless the request waits for decisions.
        """
        texts = conditions_given(conditions)

        def close(scene: ChangeScene, tx: Transaction) -> tuple[Change, str]:
            closed = deciding.close_vote(
                scene.change,
                scene.team,
                scene.current.directory,
                by.name,
                scene.now,
                meeting=_meeting(tx, scene.change),
                conditions=texts,
            )
            decision = closed.decisions[-1]
            on = f", on condition: {'; '.join(decision.conditions)}" if decision.conditions else ""
            return closed, f"{decision.sentence}{on}"

        return self._act(change_id, by, Permission.BOARD, "change-decided", close)

    def review(self, change_id: str, by: Principal, *, agrees: bool, remarks: str) -> ChangeView:
        """Record the board's review of an emergency change after it was decided by fewer people.

        Raises RuleError when no review is due, or without remarks.
        """
        words = prose(remarks, "the review")

        def look_back(scene: ChangeScene, tx: Transaction) -> tuple[Change, str]:
            meeting = _meeting(tx, scene.change)
            reviewed = deciding.review(
                scene.change,
                scene.team,
                by.name,
                scene.now,
                agrees=agrees,
                remarks=words,
                meeting=meeting.id if meeting is not None else "",
            )
            return reviewed, reviewed.decisions[-1].sentence

        return self._act(change_id, by, Permission.BOARD, "change-reviewed", look_back)


def _policy(scene: ChangeScene, named: str, by: Principal) -> ApprovalPolicy:
    """Return the policy to vote under: the one named, else the first that asks for this person's vote."""
    kind_of(scene.team.changes, scene.change.facts.kind)
    asked = policies(scene)
    if named:
        found = next((one for one in asked if one.id == named), None)
        if found is None:
            ids = listed([one.id for one in asked]) or "nobody"
            raise NotFoundError(f'{scene.change.id} does not ask "{named}" for a decision; it asks {ids}')
        return found
    if not asked:
        raise RuleError(
            f"{scene.change.id} is {scene.change.facts.kind}; nobody votes on that kind of change"
        )
    return next((one for one in asked if ways_to_vote(scene, one, by)), asked[-1])


def _require_open_vote(scene: ChangeScene, policy: ApprovalPolicy) -> None:
    _require_submitted(scene.change, "votes are")
    decision = deciding.decision_of(scene.change, policy.id)
    if decision is not None:
        raise RuleError(f"the {policy.title} has decided on {scene.change.id}: {decision.sentence}")


def _require_submitted(change: Change, what: str) -> None:
    if change.state is not ChangeState.SUBMITTED:
        raise IllegalMoveError(f"{change.id} is {change.state.value}; {what} taken on submitted requests")


def _score_role(scene: ChangeScene, by: Principal, role: str) -> str:
    if not scene.team.changes.matrix:
        raise RuleError(f'the process "{scene.team.name}" has no decision matrix to score by')
    mine = score_roles(scene, by)
    if role in mine or (mine and not role):
        return role or mine[0]
    whose = [one.title for one in policies(scene)]
    asked = listed(whose) or "nobody"
    found = f"{by.name} is not a member as {role}" if role else f"{by.name} is not among them"
    if by.name in {scene.change.author, scene.change.facts.requestor, scene.change.facts.implementer}:
        found = f"it is {by.name}'s own, and nobody scores their own request"
    raise RuleError(f"{scene.change.id} is scored by the members of {asked}; {found}")


def _meeting(tx: Transaction, change: Change) -> BoardMeeting | None:
    """Return the meeting that has the request on its agenda and is still open, None when there is none."""
    if not change.meeting:
        return None
    meeting = tx.get_meeting(change.meeting).meeting
    return None if meeting.is_closed else meeting
