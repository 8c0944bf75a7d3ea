"""The decision matrix: what each member's scores come to, their mean, and where members disagree.

Points are brought to one scale from 1 to 10, `1 + 9 * (points - low) / (high - low)`, turned round where a
low score is the good one, so 10 always speaks for the change. A member's total is the mean of the criteria by
their weights; it stands once every criterion is scored.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sluiceway.domain.changes.model import Score
from sluiceway.domain.process.control import MatrixCriterion
from sluiceway.domain.process.expressions import did_you_mean

LEAST, MOST = 1.0, 10.0


@dataclass(frozen=True, slots=True)
class Member:
    """What one member scored. `total` is 1 to 10, None while criteria are missing."""

    by: str
    role: str
    total: float | None
    missing: tuple[str, ...]  # criterion ids


@dataclass(frozen=True, slots=True)
class CriterionResult:
    """What all members gave for one criterion, in its own points; `scores` oldest first, one a member."""

    criterion: MatrixCriterion
    scores: tuple[Score, ...]
    mean: float | None
    spread: int | None  # highest less lowest


@dataclass(frozen=True, slots=True)
class Tally:
    """`total` is the mean of the members' totals, `spread` the highest less the lowest of them."""

    criteria: tuple[CriterionResult, ...]
    members: tuple[Member, ...]
    missing: tuple[str, ...]  # roles of which nobody has scored everything
    total: float | None
    spread: float | None
    sentence: str


def check_score(matrix: Sequence[MatrixCriterion], criterion: str, points: int) -> str | None:
    """Return why a score can't be taken, naming the criterion and its range; None when it can."""
    found = next((each for each in matrix if each.id == criterion), None)
    if found is None:
        ids = [each.id for each in matrix]
        near = did_you_mean(criterion, ids) or f"; use {', '.join(ids)}"
        return f'unknown criterion "{criterion}"{near}'
    if not found.low <= points <= found.high:
        return f"{found.title} is scored from {found.low} to {found.high}, not {points}"
    return None


def tally(
    matrix: Sequence[MatrixCriterion],
    scores: Sequence[Score],
    roles: Sequence[str],
    titles: Mapping[str, str] | None = None,
) -> Tally:
    """Return what the scores come to; the newest of a member for a criterion counts.

    `roles` are those whose members should score. Scores of criteria that are no longer in the matrix, and
    points outside their range, are passed over. A role without one in `titles` goes by its id.
    """
    newest: dict[tuple[str, str, str], Score] = {}
    for score in scores:
        if check_score(matrix, score.criterion, score.points) is None:
            newest[score.by, score.role, score.criterion] = score
    members = tuple(
        _member(matrix, newest, by, role) for by, role in dict.fromkeys((by, role) for by, role, _ in newest)
    )
    complete = [member for member in members if member.total is not None]
    totals = [member.total for member in complete if member.total is not None]
    criteria = tuple(_criterion(each, newest) for each in matrix)
    missing = tuple(role for role in roles if all(member.role != role for member in complete))
    total = math.fsum(totals) / len(totals) if totals else None
    spread = max(totals) - min(totals) if totals else None
    named = [(titles or {}).get(role, role) for role in missing]
    sentence = _sentence(criteria, total, spread, totals, named)
    return Tally(criteria, members, missing, total, spread, sentence)


def value_of(criterion: MatrixCriterion, points: int) -> float:
    """Return points on the scale from 1 to 10 on which 10 speaks for the change."""
    good = points - criterion.low if criterion.higher_is_better else criterion.high - points
    return LEAST + (MOST - LEAST) * good / (criterion.high - criterion.low)


def _member(
    matrix: Sequence[MatrixCriterion], newest: dict[tuple[str, str, str], Score], by: str, role: str
) -> Member:
    missing = tuple(each.id for each in matrix if (by, role, each.id) not in newest)
    if missing:
        return Member(by, role, None, missing)
    weighted = [each.weight_percent * value_of(each, newest[by, role, each.id].points) for each in matrix]
    return Member(by, role, math.fsum(weighted) / sum(each.weight_percent for each in matrix), ())


def _criterion(criterion: MatrixCriterion, newest: dict[tuple[str, str, str], Score]) -> CriterionResult:
    scores = tuple(score for (_, _, named), score in newest.items() if named == criterion.id)
    points = [score.points for score in scores]
    if not points:
        return CriterionResult(criterion, (), None, None)
    return CriterionResult(criterion, scores, sum(points) / len(points), max(points) - min(points))


def _sentence(
    criteria: Sequence[CriterionResult],
    total: float | None,
    spread: float | None,
    totals: Sequence[float],
    missing: Sequence[str],
) -> str:
    waits = f"; still to score: {', '.join(missing)}" if missing else ""
    if total is None or spread is None:
        return f"nobody has scored every criterion yet{waits}"
    if len(totals) == 1:
        return f"{total:.2f} of 10, by one member{waits}"
    parted = max(criteria, key=lambda each: each.spread or 0)
    apart = f", furthest on {parted.criterion.title} ({parted.spread} points)" if parted.spread else ""
    return f"{total:.2f} of 10 by {len(totals)} members, who are {spread:.2f} apart{apart}{waits}"
