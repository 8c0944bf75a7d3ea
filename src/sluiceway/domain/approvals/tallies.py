"""What the votes that stand add up to under each kind of rule.

Votes come in oldest first and are all valid (`sifting`); the whole policy is the business of `counting`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import assert_never

from sluiceway.domain.approvals.model import Standing, Vote, VoteKind, Wanted
from sluiceway.domain.approvals.rules import accepts, leaves
from sluiceway.domain.approvals.voters import Voters
from sluiceway.domain.approvals.wording import listed, quoted
from sluiceway.domain.process.control import Board
from sluiceway.domain.process.team import AllOf, AnyOf, ByBoard, ByPeople, ByRole, ByWeight, Rule


@dataclass(frozen=True, slots=True)
class Tally:
    """Where one rule stands. `words` says who gave it, what it waits for, or why it can't be met any more."""

    standing: Standing
    words: str
    counted: tuple[Vote, ...] = ()
    wanted: tuple[Wanted, ...] = ()
    ahead: tuple[Vote, ...] = ()  # of rules whose turn has not come


def tally(rule: Rule, votes: Sequence[Vote], voters: Voters) -> Tally:
    """Return where the rule stands. Raises RuleError for a board that the process does not have."""
    match rule:
        case ByRole(role=role, count=count):
            mine = _once(vote for vote in votes if vote.role == role)
            return _headcount(count, mine, voters, role=role, people=voters.directory.people_in(role))
        case ByPeople(people=people, count=count):
            mine = _once(vote for vote in votes if not vote.role and vote.voter in people)
            return _headcount(count, mine, voters, role="", people=people)
        case ByBoard(board=board):
            return _board(voters.board(board), votes, voters)
        case ByWeight():
            return _weight(rule, votes, voters)
        case AllOf():
            return _all_of(rule, votes, voters)
        case AnyOf():
            return _any_of(rule, votes, voters)
        case _:
            assert_never(rule)


def rejections(rule: Rule, votes: Sequence[Vote], voters: Voters) -> tuple[Vote, ...]:
    """Return the rejections that count against the whole policy: all but those inside a board's vote."""
    asked = [leaf for leaf in leaves(rule) if not isinstance(leaf, ByBoard)]
    return _once(
        vote
        for vote in votes
        if vote.kind is VoteKind.REJECT
        and any(accepts(leaf, vote.role, vote.voter, voters) for leaf in asked)
    )


def _once(votes: Iterable[Vote]) -> tuple[Vote, ...]:
    """Return the votes with each person counted once, by their newest, oldest first."""
    kept: list[Vote] = []
    seen: set[str] = set()
    for vote in reversed(list(votes)):
        if not {vote.by, vote.voter} & seen:
            seen |= {vote.by, vote.voter}
            kept.append(vote)
    return tuple(reversed(kept))


def _headcount(
    count: int, votes: tuple[Vote, ...], voters: Voters, *, role: str, people: tuple[str, ...]
) -> Tally:
    yes = [vote for vote in votes if vote.agrees]
    if len(yes) >= count:
        return Tally(Standing.APPROVED, _names(yes, voters), votes)
    spoken = {name for vote in votes if vote.kind is not VoteKind.ABSTAIN for name in (vote.by, vote.voter)}
    left = tuple(person for person in people if person not in spoken)
    able = tuple(person for person in voters.of(left) if person not in spoken)
    missing = count - len(yes)
    what = f"{missing} of {voters.title(role) if role else listed(left or people, 'or')}"
    words = what if able == left and able and not role else f"{what}{_who(able, left, people, voters)}"
    return Tally(Standing.WAITING, words, votes, (Wanted(what, role, able, missing),))


def _who(able: Sequence[str], left: Sequence[str], people: Sequence[str], voters: Voters) -> str:
    """Return in brackets who could give it now, or why nobody can."""
    if able:
        return f" ({listed(able, 'or')})"
    if voters.directory.is_open:
        return ""
    if not people:
        return " (nobody holds this role)"
    why = [reason for reason in map(voters.why_not, left) if reason]
    return f" (nobody can now: {'; '.join(why)})" if why else " (nobody is left who could)"


def _board(board: Board, votes: Sequence[Vote], voters: Voters) -> Tally:
    """Count one vote per seat, the newest of the role's holders; nobody sits on two seats.

    Abstentions count towards the quorum and for neither side. On a tie the chair's side wins where the
    board says so; otherwise it waits for a seat still to vote, and a tie of all seats is a refusal.
    """
    seats = {vote.role: vote for vote in _once(_newest_per_role(board, votes))}
    counted = tuple(seats.values())
    yes = sum(vote.agrees for vote in counted)
    no = sum(vote.kind is VoteKind.REJECT for vote in counted)
    score = f"{board.title}: {yes} for, {no} against, {len(counted) - yes - no} abstained"
    quorum = board.emergency_quorum if voters.is_emergency else board.quorum
    empty = [role for role in board.voting if role not in seats]
    if len(counted) < quorum:
        need = quorum - len(counted)
        what = f"{need} more {'vote' if need == 1 else 'votes'} for the quorum of {quorum}"
        return _board_waits(f"{what} of the {board.title}", empty, counted, voters)
    chair = seats.get(board.chair)
    if yes == no and board.casting_vote and chair and chair.kind is not VoteKind.ABSTAIN:
        yes, no = (yes + 1, no) if chair.agrees else (yes, no + 1)
        score = f"{score}; the chair's vote decides"
    if yes > no:
        return Tally(Standing.APPROVED, f"the {score}", counted)
    if no > yes or not empty:
        return Tally(Standing.REJECTED, f"the {score}", counted)
    return _board_waits(f"a vote that settles the tie of the {score}", empty, counted, voters)


def _newest_per_role(board: Board, votes: Sequence[Vote]) -> list[Vote]:
    newest: dict[str, Vote] = {}
    for vote in votes:
        if vote.role in board.voting:
            newest.pop(vote.role, None)
            newest[vote.role] = vote
    return list(newest.values())


def _board_waits(words: str, empty: Sequence[str], counted: tuple[Vote, ...], voters: Voters) -> Tally:
    spoken = {name for vote in counted for name in (vote.by, vote.voter)}
    wanted = tuple(
        Wanted(
            f"the vote of {voters.title(role)}",
            role,
            tuple(person for person in voters.in_role(role) if person not in spoken),
        )
        for role in empty
    )
    seats = listed([voters.title(role) for role in empty], "or")
    return Tally(Standing.WAITING, f"{words} ({seats})" if seats else words, counted, wanted)


def _weight(rule: ByWeight, votes: Sequence[Vote], voters: Voters) -> Tally:
    weights = dict(rule.weights)
    mine = [vote for vote in votes if vote.role in weights]
    lightest_first = sorted(mine, key=lambda vote: weights[vote.role] if vote.agrees else 0)
    counted = _once(lightest_first)
    reached = sum(weights[vote.role] for vote in counted if vote.agrees)
    if reached >= rule.at_least:
        yes = [vote for vote in counted if vote.agrees]
        return Tally(Standing.APPROVED, f"{_names(yes, voters)}, worth {reached}", counted)
    spoken = {name for vote in counted for name in (vote.by, vote.voter)}
    able = {
        role: tuple(person for person in voters.in_role(role) if person not in spoken)
        for role, _ in rule.weights
    }
    wanted = tuple(
        Wanted(f"the vote of {voters.title(role)}, worth {weight}", role, able[role])
        for role, weight in rule.weights
        if able[role] or voters.directory.is_open
    )
    each = [f"{voters.title(role)} {weight}" for role, weight in rule.weights]
    short = f"votes worth {rule.at_least - reached} more ({listed(each)})"
    nobody = "" if wanted else "; nobody is left who could give one"
    return Tally(Standing.WAITING, f"{short}{nobody}", counted, wanted)


def _all_of(rule: AllOf, votes: Sequence[Vote], voters: Voters) -> Tally:
    found = [tally(inner, votes, voters) for inner in rule.rules]
    lost = [one for one in found if one.standing is Standing.REJECTED]
    if lost:
        return Tally(Standing.REJECTED, _words(lost, "and"), _counted(found, votes))
    waiting = [index for index, one in enumerate(found) if one.standing is Standing.WAITING]
    if not waiting:
        return Tally(Standing.APPROVED, _words(found, "and"), _counted(found, votes))
    if not rule.in_order:
        short = [found[index] for index in waiting]
        return Tally(
            Standing.WAITING,
            _words(short, "and"),
            _counted(found, votes),
            _wanted(short),
            _ahead(found),
        )
    turn = found[waiting[0]]
    counted = _counted(found[: waiting[0] + 1], votes)
    later = (*turn.ahead, *_counted(found[waiting[0] + 1 :], votes))
    ahead = tuple(vote for vote in later if vote not in counted)
    return Tally(Standing.WAITING, turn.words, counted, turn.wanted, ahead)


def _any_of(rule: AnyOf, votes: Sequence[Vote], voters: Voters) -> Tally:
    found = [tally(inner, votes, voters) for inner in rule.rules]
    given = [one for one in found if one.standing is Standing.APPROVED]
    if len(given) >= rule.count:
        return Tally(Standing.APPROVED, _words(given, "and"), _counted(found, votes))
    lost = [one for one in found if one.standing is Standing.REJECTED]
    if len(found) - len(lost) < rule.count:
        return Tally(Standing.REJECTED, _words(lost, "and"), _counted(found, votes))
    short = [one for one in found if one.standing is Standing.WAITING]
    missing = rule.count - len(given)
    words = _words(short, "or")
    return Tally(
        Standing.WAITING,
        words if missing == 1 else f"{missing} of these: {words}",
        _counted(found, votes),
        _wanted(short),
        _ahead(found),
    )


def _names(votes: Sequence[Vote], voters: Voters) -> str:
    return listed([voters.words(vote) + quoted(vote.comment) for vote in votes])


def _words(found: Sequence[Tally], last: str) -> str:
    return listed([one.words for one in found], last)


def _counted(found: Sequence[Tally], votes: Sequence[Vote]) -> tuple[Vote, ...]:
    taken = [vote for one in found for vote in one.counted]
    return tuple(vote for vote in votes if vote in taken)


def _wanted(found: Sequence[Tally]) -> tuple[Wanted, ...]:
    return tuple(wanted for one in found for wanted in one.wanted)


def _ahead(found: Sequence[Tally]) -> tuple[Vote, ...]:
    return tuple(vote for one in found for vote in one.ahead)
