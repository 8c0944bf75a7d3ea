"""Deciding what a criterion or a trigger's condition is: an expression, a sentence, the analysis's or a
person's to judge.

Order: a criterion that goes by name, else CEL if it parses as a comparison, else the phrase grammar, else,
when it has no comparison of one name with something, a sentence that only a person can attest. A misspelt
metric is a problem, never manual.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass

from sluiceway.domain.process import comparable, expressions, metrics, phrases, syntax
from sluiceway.domain.process.expressions import ExpressionProblem
from sluiceway.domain.process.plan import MetricSpec
from sluiceway.errors import InvalidInputError

NO_REGRESSION = "no_performance_regression"

# Criteria by name with their meaning, as some processes write them: `no_performance_regression: true`.
NAMED_CRITERIA: dict[str, str] = {
    NO_REGRESSION: "the analysis shows of every metric that the new version is within the margin"
}


@dataclass(frozen=True, slots=True)
class Expressed:
    """A condition that figures can answer. `window_s` only when a sentence names one."""

    expression: str
    metrics: tuple[str, ...]
    window_s: float | None = None


@dataclass(frozen=True, slots=True)
class Compared:
    """A criterion that the statistical comparison of both versions answers. `name` is as in the process."""

    name: str


@dataclass(frozen=True, slots=True)
class Manual:
    """A sentence that a person must attest."""

    text: str


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Neither: it looks like a condition and is wrong."""

    problems: tuple[ExpressionProblem, ...]


Condition = Expressed | Compared | Manual | Unreadable


class Conditions:
    """Reads conditions that may name the catalogue's metrics and these own ones."""

    def __init__(self, own: Iterable[MetricSpec] = ()) -> None:
        specs = tuple(own)
        self._known = metrics.known_names(spec.name for spec in specs)
        self._only_compared = frozenset(spec.name for spec in specs if comparable.is_only_compared(spec))
        self._vocabulary = phrases.Vocabulary(
            phrases.KnownMetric(spec.name, spec.unit, spec.higher_is_worse) for spec in specs
        )

    def read(self, text: str) -> Condition:
        """Return what the text is; see the module."""
        named = re.sub(r"[\s_\-]+", "_", text.strip()).lower().rstrip(".")
        if named in NAMED_CRITERIA:
            return Compared(named)
        syntax_problem: ExpressionProblem | None = None
        try:
            tree = syntax.parse(text)
        except syntax.ExpressionSyntaxError as problem:
            syntax_problem = ExpressionProblem(problem.at, problem.message)
        else:
            if _compares(tree) or any(name in self._known for name in expressions.names_of(tree)):
                return self._checked(text)
        try:
            phrase = phrases.read(text, self._vocabulary)
        except InvalidInputError as problem:
            return Unreadable((ExpressionProblem(0, str(problem)),))
        if phrase is not None:
            read = self._checked(phrase.expression, phrase.window_s)
            if isinstance(read, Unreadable):  # offsets are into the expression, not into the sentence
                return Unreadable(tuple(ExpressionProblem(0, problem.message) for problem in read.problems))
            return read
        return self._unread(text, syntax_problem)

    def _compares_a_metric(self, text: str) -> bool:
        names = (metrics.canonical(word) for word in re.findall(r"\w+", text) if "_" in word)
        return bool(re.search(r"[<>=]", text)) and any(name in self._known for name in names)

    def _checked(self, expression: str, window_s: float | None = None) -> Condition:
        problems = expressions.check(expression, self._known) or self._without_figure(expression)
        if problems:
            return Unreadable(problems)
        return Expressed(expression, expressions.names_in(expression), window_s)

    def _without_figure(self, expression: str) -> tuple[ExpressionProblem, ...]:
        if not self._only_compared:
            return ()
        found: list[ExpressionProblem] = []
        for node in syntax.walk(syntax.parse(expression)):
            name = metrics.canonical(node.text) if isinstance(node, syntax.Name) else ""
            made_of = metrics.derived(name)
            source_name = made_of.of if made_of else name
            if source_name in self._only_compared:
                message = (
                    f"{source_name} has no query, only bad and all for the analysis; "
                    "give it a query to use it here"
                )
                found.append(ExpressionProblem(node.at, message))
        return tuple(found)

    def _unread(self, text: str, syntax_problem: ExpressionProblem | None) -> Condition:
        if syntax_problem is not None and (_looks_like_an_expression(text) or self._compares_a_metric(text)):
            named = _lone_name(text)
            if named and metrics.canonical(named) not in self._known:
                near = expressions.did_you_mean(metrics.canonical(named), self._known)
                return Unreadable((ExpressionProblem(0, f'unknown metric "{named}"{near}'),))
            return Unreadable((syntax_problem,))
        words = phrases.metric_words(text).lower()
        if not words:
            return Manual(text)
        metric = self._vocabulary.find(words)
        if metric is not None:
            hint = f"the limit on {metric.name} can't be read, expected one such as 5%, 200 ms or 2x baseline"
            return Unreadable((ExpressionProblem(0, hint),))
        near_words = difflib.get_close_matches(words, self._vocabulary.words, n=1, cutoff=0.8)
        if near_words:
            hint = f'unknown metric "{words}"; did you mean "{near_words[0]}"?'
            return Unreadable((ExpressionProblem(0, hint),))
        return Manual(text)


def _compares(tree: syntax.Node) -> bool:
    operators = (*syntax.COMPARISONS, "&&", "||")
    return any(isinstance(node, syntax.Binary) and node.operator in operators for node in syntax.walk(tree))


def _lone_name(text: str) -> str:
    match = re.match(r"\s*([A-Za-z_]\w*)\s*[<>=]", text)
    return match[1] if match else ""


def _looks_like_an_expression(text: str) -> bool:
    """Whether a person meant figures to answer it: joined conditions, or one name compared."""
    return bool(re.search(r"&&|\|\||[<>=!]=|\b(?:baseline|history)\.|^\w+\(", text)) or bool(_lone_name(text))
