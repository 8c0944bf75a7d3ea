"""How risky a change is: rules in order and a weighted questionnaire, the higher of the two counts.

What a condition may say is the business of `conditions`. What the request leaves open is taken at its worst
and named: a rule that turns on it counts as met, a question without an answer as the answer with most points.

The score is `100 * sum(weight * points / most points) / sum(weight)` over the questions, 0 to 100.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from sluiceway.domain.changes.conditions import figures_of, holds
from sluiceway.domain.changes.model import ChangeFacts
from sluiceway.domain.process.control import Question, RiskLevel, RiskModel
from sluiceway.errors import InvalidInputError


@dataclass(frozen=True, slots=True)
class Reason:
    """One rule or answer and what it does. `level` is the level a rule gives, "" for an answer."""

    text: str
    level: str = ""
    is_open: bool = False  # rests on something the request does not say


@dataclass(frozen=True, slots=True)
class Assessment:
    """The level that counts, the questionnaire's score (None without questions) and everything behind it.

    `rank` counts levels from 0, the lowest; `most` is the highest there is. `unanswered` holds question ids.
    """

    level: RiskLevel
    rank: int
    most: int
    score: float | None
    sentence: str
    reasons: tuple[Reason, ...]
    unanswered: tuple[str, ...] = ()


def assess(model: RiskModel, facts: ChangeFacts) -> Assessment:
    """Return how risky the change is and why.

    Raises InvalidInputError for a model without levels, or a rule that gives a level it does not have.
    """
    if not model.levels:
        raise InvalidInputError("the process has no levels of risk; name some under changes.risk.levels")
    answered = [_answered(question, facts) for question in model.questions]
    score = _score(answered)
    ruled = _ruled(model, facts, score or 0.0)
    by_score = model.levels[0] if score is None else _level_of(model.levels, score)
    levels = [by_score, *(_named(model.levels, reason.level) for reason in ruled)]
    rank = max(model.levels.index(level) for level in levels)
    level = model.levels[rank]
    reasons = [*ruled, *(each.reason for each in answered)]
    if score is not None:
        words = f"the questionnaire scores {score:.0f} of 100, which is {by_score.title}"
        reasons.insert(len(ruled), Reason(words, by_score.id, is_open=any(each.is_open for each in answered)))
    return Assessment(
        level=level,
        rank=rank,
        most=len(model.levels) - 1,
        score=score,
        sentence=_sentence(level, reasons),
        reasons=tuple(reasons),
        unanswered=tuple(each.question.id for each in answered if each.is_open),
    )


@dataclass(frozen=True, slots=True)
class _Answered:
    question: Question
    share: float  # of the question's most points, 0 to 1
    reason: Reason
    is_open: bool


def _answered(question: Question, facts: ChangeFacts) -> _Answered:
    most = max((answer.points for answer in question.answers), default=0.0)
    given = dict(facts.answers).get(question.id)
    answer = next((each for each in question.answers if each.id == given), None)
    if answer is None:
        found = "is not answered" if given is None else f'has no answer "{given}"'
        text = f"{question.text} {found}: counts as the worst, {most:g} points"
        return _Answered(question, 1.0 if most > 0 else 0.0, Reason(text, is_open=True), is_open=True)
    share = max(answer.points, 0.0) / most if most > 0 else 0.0
    text = f"{question.text} {answer.text}: {answer.points:g} of {most:g} points, weight {question.weight:g}"
    return _Answered(question, share, Reason(text), is_open=False)


def _score(answered: Sequence[_Answered]) -> float | None:
    weights = math.fsum(each.question.weight for each in answered)
    if weights <= 0:
        return None
    return 100 * math.fsum(each.question.weight * each.share for each in answered) / weights


def _ruled(model: RiskModel, facts: ChangeFacts, score: float) -> list[Reason]:
    """Return the first rule that holds, and before it those that can't be answered and may hold."""
    figures = figures_of(facts, score)
    reasons: list[Reason] = []
    for rule in model.rules:
        answer = holds(rule.condition, figures)
        words = rule.reason or rule.condition
        if answer is None:
            text = f"{words}: the request does not say, so it counts ({rule.condition})"
            reasons.append(Reason(text, rule.level, is_open=True))
        elif answer:
            reasons.append(Reason(f"{words} ({rule.condition})", rule.level))
            break
    return reasons


def _level_of(levels: Sequence[RiskLevel], score: float) -> RiskLevel:
    return next((level for level in reversed(levels) if score >= level.from_score), levels[0])


def _named(levels: Sequence[RiskLevel], level: str) -> RiskLevel:
    found = next((each for each in levels if each.id == level), None)
    if found is None:
        known = ", ".join(each.id for each in levels)
        raise InvalidInputError(f'a rule gives the level of risk "{level}", expected one of {known}')
    return found


def _sentence(level: RiskLevel, reasons: Sequence[Reason]) -> str:
    deciding = [reason.text for reason in reasons if reason.level == level.id]
    open_count = sum(reason.is_open for reason in reasons if not reason.level)
    because = f": {'; '.join(deciding)}" if deciding else ": no rule holds"
    if not open_count:
        return f"{level.title}{because}"
    plural = "question is" if open_count == 1 else "questions are"
    return f"{level.title}{because}; {open_count} {plural} not answered and counted as the worst"
