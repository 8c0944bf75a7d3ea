"""Who decides on a change request, what their votes add up to, and the decision.

Approvals count as soon as they are given; a board's vote counts once somebody closes it. A request is
approved when everybody its kind asks has agreed, and rejected when one refuses. How votes are counted is the
business of `domain.approvals`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sluiceway.domain.approvals.counting import outcome
from sluiceway.domain.approvals.model import Outcome, Standing
from sluiceway.domain.approvals.subjects import subject_hash
from sluiceway.domain.approvals.voters import Voters, barred_people
from sluiceway.domain.changes.kinds import kind_of, review_due_at
from sluiceway.domain.changes.model import BoardDecision, BoardMeeting, Change, ChangeState, MeetingKind
from sluiceway.domain.changes.states import decided
from sluiceway.domain.changes.subjects import subject_of
from sluiceway.domain.people.model import Directory
from sluiceway.domain.process.control import Board, ChangeKind
from sluiceway.domain.process.team import ApprovalPolicy, ByBoard, TeamProcess
from sluiceway.errors import IllegalMoveError, RuleError

_SEPARATE = ("author", "requestor", "implementer")  # nobody decides on their own change


@dataclass(frozen=True, slots=True)
class Verdict:
    """Where one of those who are asked stands. `decision` is the board's, once its vote was closed."""

    policy: ApprovalPolicy
    outcome: Outcome
    is_board: bool = False
    decision: BoardDecision | None = None

    @property
    def standing(self) -> Standing:
        if not self.is_board:
            return self.outcome.standing
        if self.decision is None:
            return Standing.WAITING
        return Standing.APPROVED if self.decision.is_approved else Standing.REJECTED

    @property
    def sentence(self) -> str:
        return self.decision.sentence if self.decision is not None else self.outcome.sentence


def policies_of(kind: ChangeKind, process: TeamProcess) -> tuple[ApprovalPolicy, ...]:
    """Return what a kind of change asks for: its approvals in order, then its board.

    Raises RuleError when the process lacks one that the kind names.
    """
    known = {policy.id: policy for policy in process.approvals}
    missing = [each for each in kind.approvals if each not in known]
    if missing:
        raise RuleError(f'{kind.title} asks for the approval "{missing[0]}", which the process does not have')
    board = (board_policy(board_of(process, kind.board)),) if kind.board else ()
    return (*(known[each] for each in kind.approvals), *board)


def board_of(process: TeamProcess, board: str) -> Board:
    """Return the board of this id. Raises RuleError when the process has none."""
    found = next((each for each in process.changes.boards if each.id == board), None)
    if found is None:
        raise RuleError(f'the process has no board "{board}"')
    return found


def board_policy(board: Board) -> ApprovalPolicy:
    """Return the policy under which a board votes on a change; its ballot goes by the board's id."""
    return ApprovalPolicy(board.id, board.title, ByBoard(board.id), separate=_SEPARATE)


def voters_for(
    change: Change, process: TeamProcess, policy: ApprovalPolicy, directory: Directory, now: datetime
) -> Voters:
    """Return who may vote on the change. Those whose own it is are barred; emergencies need fewer votes."""
    parts = {
        "author": [change.author],
        "requestor": [change.facts.requestor],
        "implementer": [change.facts.implementer],
    }
    return Voters(
        directory,
        now,
        barred_people(policy, parts),
        {board.id: board for board in process.changes.boards},
        {role.id: role.title for role in process.roles},
        is_emergency=kind_of(process.changes, change.facts.kind).is_emergency,
    )


def verdicts(
    change: Change, process: TeamProcess, directory: Directory, now: datetime
) -> tuple[Verdict, ...]:
    """Return where each of those who are asked stands; empty for a pre-approved kind."""
    kind = kind_of(process.changes, change.facts.kind)
    subject = subject_of(change)
    found: list[Verdict] = []
    for policy in policies_of(kind, process):
        voters = voters_for(change, process, policy, directory, now)
        counted = outcome(policy, change.ballot(policy.id), subject, voters)
        is_board = policy.id == kind.board
        found.append(
            Verdict(policy, counted, is_board, decision_of(change, kind.board) if is_board else None)
        )
    return tuple(found)


def decision_of(change: Change, board: str) -> BoardDecision | None:
    """Return the board's decision on the request as it is now, None while it has not decided on it."""
    hash_now = subject_hash(subject_of(change))
    return next(
        (
            each
            for each in reversed(change.decisions)
            if each.board == board and each.subject_hash == hash_now and not each.is_review
        ),
        None,
    )


def close_vote(
    change: Change,
    process: TeamProcess,
    directory: Directory,
    by: str,
    now: datetime,
    *,
    meeting: BoardMeeting | None = None,
    conditions: Sequence[str] = (),
) -> Change:
    """Return the request with its board's decision, and approved or rejected when that settles it.

    `conditions` are the board's own, besides those that members set. Raises IllegalMoveError unless it waits
    for decisions, RuleError when its kind asks no board, when the board has decided already, or when the
    votes don't settle it yet: that names the quorum and who has not voted.
    """
    if change.state is not ChangeState.SUBMITTED:
        raise IllegalMoveError(f"{change.id} is {change.state.value}; a board decides on submitted requests")
    verdict = next((each for each in verdicts(change, process, directory, now) if each.is_board), None)
    if verdict is None:
        raise RuleError(f"{change.id} is {change.facts.kind}; no board decides on that kind of change")
    if verdict.decision is not None:
        raise RuleError(f"the {verdict.policy.title} has decided on {change.id}: {verdict.sentence}")
    if verdict.outcome.standing is Standing.WAITING:
        raise RuleError(f"the vote on {change.id} can't be closed: {verdict.outcome.sentence}")
    decision = BoardDecision(
        board=verdict.policy.id,
        is_approved=verdict.outcome.standing is Standing.APPROVED,
        by=by,
        at=now,
        sentence=verdict.outcome.sentence,
        conditions=(*verdict.outcome.conditions, *(each for each in conditions if each.strip())),
        kind=meeting.kind if meeting else MeetingKind.REGULAR,
        meeting=meeting.id if meeting else "",
        subject_hash=subject_hash(subject_of(change)),
    )
    return settle(replace(change, decisions=(*change.decisions, decision)), process, directory, by, now)


def settle(change: Change, process: TeamProcess, directory: Directory, by: str, now: datetime) -> Change:
    """Return the request approved or rejected when what was said settles it, else as it is.

    To be called after each vote. `by` is whose act settled it.
    """
    if change.state is not ChangeState.SUBMITTED:
        return change
    found = verdicts(change, process, directory, now)
    refused = [each.sentence for each in found if each.standing is Standing.REJECTED]
    if refused:
        return decided(change, is_approved=False, by=by, now=now, why="; ".join(refused))
    if found and all(each.standing is Standing.APPROVED for each in found):
        why = "; ".join(each.sentence for each in found)
        approved = decided(change, is_approved=True, by=by, now=now, why=why)
        return replace(approved, conditions=conditions_of(found))
    return change


def conditions_of(verdicts_now: Sequence[Verdict]) -> tuple[tuple[str, str], ...]:
    """Return the conditions that were set, each once, with the id of the policy or board that set it."""
    found = (
        (each.policy.id, text)
        for each in verdicts_now
        if each.standing is Standing.APPROVED
        for text in (each.decision.conditions if each.decision else each.outcome.conditions)
    )
    return tuple(dict.fromkeys(found))


def review(
    change: Change, process: TeamProcess, by: str, now: datetime, *, agrees: bool, remarks: str, meeting: str
) -> Change:
    """Return an emergency change with the board's review of it, which is due after its decision.

    Raises RuleError when no review is due, or without remarks.
    """
    kind = kind_of(process.changes, change.facts.kind)
    if review_due_at(change, kind) is None:
        raise RuleError(f"no review of {change.id} is due")
    if not remarks.strip():
        raise RuleError(f"say what the review of {change.id} found")
    board = board_of(process, kind.board)
    words = "agrees with" if agrees else "does not agree with"
    sentence = f"the {board.title} {words} what was done: {remarks.strip()}"
    found = BoardDecision(board.id, agrees, by, now, sentence, meeting=meeting, is_review=True)
    return replace(change, decisions=(*change.decisions, found))
