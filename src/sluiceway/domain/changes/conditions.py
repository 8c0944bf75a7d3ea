"""What the conditions of risk rules may say about a change request, and whether one holds.

Conditions are CEL over the names in `NAMES`: text, numbers and lists of text, with CEL's own operators and a
few of its functions. Criteria over metrics are another, smaller language (`domain.process.expressions`).
Whether a level follows from a condition is the business of `risk`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, cast

from sluiceway.domain.changes.condition_syntax import WORDS, explain_syntax
from sluiceway.domain.changes.model import ChangeFacts, RiskEntry
from sluiceway.domain.process.expressions import ExpressionProblem, did_you_mean
from sluiceway.domain.process.spans import parse_range
from sluiceway.domain.process.syntax import MAX_LENGTH
from sluiceway.errors import InvalidInputError

if TYPE_CHECKING:
    import cel

NAMES: dict[str, str] = {
    "scope": "how far the change reaches, in small letters: 'major'",
    "effort": "the effort as it was written: '8 weeks'",
    "effort_weeks": "the effort in weeks; of a range its upper end",
    "kind": "the id of the kind of change: 'normal'",
    "service": "the service it changes",
    "risk_count": "how many risks are named",
    "high_risks": "how many of them weigh 6 or more: probability times impact, low 1, medium 2, high 3",
    "technical": "the technical impact, a list of text",
    "business": "the business impact, a list of text",
    "dependencies": "what it depends on, a list of text",
    "has_rollback_plan": "whether a way back is written down",
    "answers": "the questionnaire: answers.QUESTION is the id of the answer, `-` in a question's id as `_`",
    "score": "the questionnaire's score, 0 to 100",
}
FUNCTIONS = frozenset({"size", "contains", "startsWith", "endsWith", "matches", "int", "double", "string"})
_MACROS = frozenset({"all", "exists", "exists_one", "filter", "map"})
_WORDS = frozenset({"true", "false", "null", "in"})
_NO_ANSWER = (RuntimeError, LookupError, ArithmeticError, TypeError, ValueError)  # what CEL raises for one
_KINDS: dict[type[object], str] = {
    str: "a text",
    int: "a whole number",
    float: "a decimal number such as 2.0",
    bool: "true or false",
    list: "a list of texts",
    dict: "the answers by question",
}
_HIGH_WEIGHT = 6
_WEIGHTS = {"low": 1, "medium": 2, "high": 3}
_WEEK_S = 604_800.0

_TOKEN = re.compile(
    r"(?P<text>[rR]?(?:\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'))|(?P<number>\d[\w.]*)"
    r"|(?P<field>\.\s*[A-Za-z_]\w*)|(?P<name>[A-Za-z_]\w*)"
)
_BOUND = re.compile(r"\.\s*(?:all|exists|exists_one|filter|map)\s*\(\s*([A-Za-z_]\w*)\s*,")
_BY_KEY = re.compile(r"\banswers\s*\[\s*(['\"])(?P<key>.*?)\1\s*\]")
_STOPPED = re.compile(r"<input>:(\d+):(\d+):")


def figures_of(facts: ChangeFacts, score: float) -> dict[str, object]:
    """Return what the names stand for. What the request leaves open is absent, never guessed."""
    answers: dict[str, object] = {}
    for question, answer in facts.answers:
        answers[question] = answers[_as_name(question)] = answer
    figures: dict[str, object] = {
        "kind": facts.kind,
        "risk_count": len(facts.impact.risks),
        "high_risks": sum(weight_of(risk) >= _HIGH_WEIGHT for risk in facts.impact.risks),
        "technical": list(facts.impact.technical),
        "business": list(facts.impact.business),
        "dependencies": list(facts.dependencies),
        "has_rollback_plan": bool(facts.rollback_plan.strip()),
        "answers": answers,
        "score": float(score),
    }
    texts = {
        "scope": facts.impact.scope.strip().lower(),
        "effort": facts.impact.effort_estimate.strip(),
        "service": facts.service,
    }
    figures |= {name: text for name, text in texts.items() if text}
    weeks = _weeks(texts["effort"])
    return figures if weeks is None else figures | {"effort_weeks": weeks}


def weight_of(risk: RiskEntry) -> int:
    """Return probability times impact, 1 to 9; what is not rated low, medium or high counts as high.

    Source: the three-by-three matrix of ISO/IEC 31010:2019, B.10.3.
    """
    rated = (_WEIGHTS.get(word.strip().lower(), 3) for word in (risk.probability, risk.impact))
    probability, impact = rated
    return probability * impact


def holds(condition: str, figures: Mapping[str, object]) -> bool | None:
    """Return whether the condition holds; None when it turns on something the request leaves open.

    What is open makes no difference where the rest decides alone: `kind == 'emergency' || scope == 'major'`
    holds for an emergency whatever its scope. Source: github.com/google/cel-spec, doc/langdef.md, "Logical
    Operators". Raises InvalidInputError when it is no condition at all; `check_condition` finds that on load.
    """
    try:
        answer = cast(object, _compile(condition).execute(dict(figures)))
    except _NO_ANSWER:
        return None
    if not isinstance(answer, bool):
        raise InvalidInputError(f'"{condition}" is not a condition, expected one such as scope == "major"')
    return answer


def check_condition(condition: str, questions: Collection[str]) -> tuple[ExpressionProblem, ...]:
    """Return everything wrong with a condition: grammar, unknown names, types; empty when it is sound.

    `questions` are the ids of the questionnaire's questions. Each problem's `at` is an offset into the text.
    """
    if len(condition) > MAX_LENGTH:
        return (ExpressionProblem(MAX_LENGTH, f"longer than {MAX_LENGTH} characters"),)
    try:
        program = _compile(condition)
    except InvalidInputError as problem:
        return (explain_syntax(condition, _stopped_at(condition, str(problem))),)
    unknown = tuple(_unknown_names(condition, questions))
    if unknown:
        return unknown
    try:
        answer = cast(object, program.execute(_sample(questions)))
    except (IndexError, ArithmeticError):
        return ()  # so it is of the sample, not of every change
    except _NO_ANSWER:
        return (ExpressionProblem(0, _misfit(condition)),)
    if not isinstance(answer, bool):
        return (ExpressionProblem(0, 'not a condition, expected one such as scope == "major"'),)
    if not any(token.lastgroup == "name" and token[0] in NAMES for token in _TOKEN.finditer(condition)):
        return (ExpressionProblem(0, "names nothing of the change, so it never differs"),)
    return ()


@lru_cache(maxsize=1_024)
def _compile(condition: str) -> cel.Program:
    import cel

    try:
        return cel.compile(condition)
    except ValueError as error:
        raise InvalidInputError(f'"{condition}" can\'t be read: {error}') from error


def _stopped_at(condition: str, said: str) -> int:
    """Return the offset at which the library stopped, the end where it does not say."""
    place = _STOPPED.search(said)
    if place is None:
        return len(condition)
    lines = condition.splitlines(keepends=True)
    return sum(map(len, lines[: int(place[1]) - 1])) + int(place[2]) - 1


def _unknown_names(condition: str, questions: Collection[str]) -> Iterator[ExpressionProblem]:
    bound = {match[1] for match in _BOUND.finditer(condition)}
    known_questions = {_as_name(question) for question in questions}
    owner = ""
    for token in _TOKEN.finditer(condition):
        word = token[0].lstrip(". \t\n")
        called = condition[token.end() :].lstrip().startswith("(")
        if called and token.lastgroup in {"field", "name"}:
            if word in WORDS:
                yield ExpressionProblem(token.start(), f"{word} does not fit here; {WORDS[word]}")
            elif word not in FUNCTIONS | _MACROS:
                yield ExpressionProblem(
                    token.start(), f'unknown function "{word}"{did_you_mean(word, FUNCTIONS | _MACROS)}'
                )
        elif token.lastgroup == "name" and word not in {*NAMES, *bound, *_WORDS}:
            yield ExpressionProblem(token.start(), f'unknown name "{word}"{did_you_mean(word, NAMES)}')
        elif token.lastgroup == "field" and (owner != "answers" or word not in known_questions):
            near = did_you_mean(word, known_questions) if owner == "answers" else ""
            yield ExpressionProblem(token.start(), f'no question "{word}" in the questionnaire{near}')
        owner = word if token.lastgroup == "name" else ""
    for match in _BY_KEY.finditer(condition):
        if match["key"] not in {*questions, *known_questions}:
            near = did_you_mean(match["key"], questions)
            yield ExpressionProblem(
                match.start("key"), f'no question "{match["key"]}" in the questionnaire{near}'
            )


def _sample(questions: Collection[str]) -> dict[str, object]:
    """A change with every field filled in, so that a wrong type shows on load."""
    answers = {name: "x" for question in questions for name in (question, _as_name(question))}
    texts = dict.fromkeys(("scope", "effort", "kind", "service"), "x")
    lists = {name: ["x"] for name in ("technical", "business", "dependencies")}
    numbers = {"effort_weeks": 1.0, "risk_count": 1, "high_risks": 1, "score": 50.0}
    return {**texts, **lists, **numbers, "has_rollback_plan": True, "answers": answers}


def _misfit(condition: str) -> str:
    """Say that the condition puts together what doesn't fit, with what its names stand for."""
    sample = _sample(())
    used = dict.fromkeys(token[0] for token in _TOKEN.finditer(condition) if token.lastgroup == "name")
    kinds = ", ".join(f"{name} is {_KINDS[type(sample[name])]}" for name in used if name in sample)
    of_these = f" ({kinds})" if kinds else ""
    return f"puts together what doesn't fit{of_these}; compare text with text, numbers with numbers"


def _as_name(question: str) -> str:
    return question.replace("-", "_")


def _weeks(effort: str) -> float | None:
    try:
        return parse_range(effort)[1] / _WEEK_S
    except InvalidInputError:
        return None
