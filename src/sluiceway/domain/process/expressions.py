"""What criteria and trigger expressions are worth, which metrics they name, and whether they make sense.

Expressions are CEL over the new version's metrics by name, the stable version's as `baseline.NAME`
(`stable.NAME` is the same), and what was usual for stable in the last 24 hours as `history.NAME`. No data is
never a verdict: one missing figure makes the answer NO_DATA. The grammar is in `syntax`, the metrics in
`metrics`, the words for people in `wording`.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING, assert_never, cast

from sluiceway.domain.process import metrics, syntax
from sluiceway.domain.rollouts.model import Reading
from sluiceway.errors import InvalidInputError

if TYPE_CHECKING:
    import cel

_FLIPPED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}


class Verdict(StrEnum):
    """The answer to an expression."""

    MET = "met"
    NOT_MET = "not-met"
    NO_DATA = "no-data"  # a figure is missing, or it divides by zero; never a pass and never a breach


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A verdict and the figures it rests on; `missing` names what had no data.

    `requests` is the smallest number of the new version's requests behind any figure, those that a derived
    figure is made of included; None when no figure is made of requests.
    """

    verdict: Verdict
    missing: tuple[str, ...]
    figures: tuple[tuple[str, float | None], ...]
    requests: int | None = None


@dataclass(frozen=True, slots=True)
class ExpressionProblem:
    """Something wrong with an expression; `at` is the offset of the character where it is."""

    at: int
    message: str


@dataclass(frozen=True, slots=True)
class _Compiled:
    tree: syntax.Node
    names: tuple[str, ...]
    program: cel.Program
    divisors: tuple[tuple[str, cel.Program], ...]


def render(node: syntax.Node) -> str:
    """Return a tree as CEL text: numbers as doubles, names in the catalogue's spelling."""
    match node:
        case syntax.Number(value=value):
            text = repr(value)
            return text if value >= 0 else f"({text})"
        case syntax.Truth(value=value):
            return "true" if value else "false"
        case syntax.Name():
            return name_of(node)
        case syntax.Unary(operator=operator, operand=operand):
            return f"({operator}({render(operand)}))"
        case syntax.Binary(operator=operator, left=left, right=right):
            return f"({render(left)} {operator} {render(right)})"
        case syntax.Choice(condition=condition, then=then, otherwise=otherwise):
            return f"({render(condition)} ? {render(then)} : {render(otherwise)})"
        case _:
            assert_never(node)


def name_of(node: syntax.Name) -> str:
    """Return a name in the catalogue's spelling, its side (`baseline.`, `history.`) in front."""
    name = metrics.canonical(node.text)
    return f"{node.side}.{name}" if node.side else name


def names_of(tree: syntax.Node) -> tuple[str, ...]:
    """Return the metrics that a tree names, each once, in the catalogue's spelling."""
    return tuple(dict.fromkeys(name_of(node) for node in syntax.walk(tree) if isinstance(node, syntax.Name)))


@lru_cache(maxsize=4_096)
def tree_of(expression: str) -> syntax.Node:
    """Return the expression's tree. Raises InvalidInputError when it can't be read."""
    try:
        return syntax.parse(expression)
    except syntax.ExpressionSyntaxError as problem:
        raise InvalidInputError(
            f'"{expression}" at character {problem.at + 1}: {problem.message}'
        ) from problem


@lru_cache(maxsize=4_096)
def _compile(expression: str) -> _Compiled:
    import cel

    tree = tree_of(expression)
    divisors = tuple(
        (" ".join(names_of(node.right)) or "0", cel.compile(render(node.right)))
        for node in syntax.walk(tree)
        if isinstance(node, syntax.Binary) and node.operator == "/"
    )
    return _Compiled(tree, names_of(tree), cel.compile(render(tree)), divisors)


def names_in(expression: str) -> tuple[str, ...]:
    """Return the metrics it reads, each once, `baseline.` or `history.` in front of the stable side's.

    Raises InvalidInputError when the expression can't be read.
    """
    return names_of(tree_of(expression))


@dataclass(frozen=True, slots=True)
class _Readings:
    """What names stand for: the new version's figures, stable's now, stable's usual ones."""

    new: Mapping[str, Reading]
    stable: Mapping[str, Reading]
    history: Mapping[str, Reading]

    def look_up(self, name: str) -> float | None:
        side, dot, metric = name.rpartition(".")
        readings = {"": self.new, syntax.BASELINE: self.stable, syntax.HISTORY: self.history}[side]
        reading = readings.get(metric)
        if not metrics.is_data(reading) and not dot:
            reading = metrics.derive(metric, self.new, self.stable) or reading
        return reading.value if reading is not None and metrics.is_data(reading) else None


def _requests_behind(names: tuple[str, ...], new: Mapping[str, Reading]) -> int | None:
    counts: list[int] = []
    for name in names:
        made_of = metrics.derived(name)
        reading = new.get(name) or (new.get(made_of.of) if made_of else None)
        if reading is not None and reading.requests is not None:
            counts.append(reading.requests)
    return min(counts) if counts else None


def _context(figures: Mapping[str, float]) -> dict[str, object]:
    context: dict[str, object] = {}
    sides: dict[str, dict[str, float]] = {}
    for name, value in figures.items():
        side, _, metric = name.rpartition(".")
        if side:
            sides.setdefault(side, {})[metric] = value
        else:
            context[metric] = value
    return {**context, **sides}


def evaluate(
    expression: str,
    new: Mapping[str, Reading],
    stable: Mapping[str, Reading],
    history: Mapping[str, Reading] | None = None,
) -> Evaluation:
    """Return whether the expression holds on these readings; `history` holds what is usual for stable.

    Any figure it names that is absent, None, NaN or infinite makes it NO_DATA, also where `&&` or `||` would
    not have looked at it; so does a division by zero. Derived metrics are computed when not supplied.
    Raises InvalidInputError when the expression is not a readable condition (see `check`).
    """
    compiled = _compile(expression)
    readings = _Readings(new, stable, history or {})
    found = {name: readings.look_up(name) for name in compiled.names}
    figures = tuple(found.items())
    requests = _requests_behind(compiled.names, new)
    missing = tuple(name for name, value in figures if value is None)
    if missing:
        return Evaluation(Verdict.NO_DATA, missing, figures, requests)
    context = _context({name: value for name, value in found.items() if value is not None})
    by_zero = tuple(names for names, divisor in compiled.divisors if divisor.execute(context) == 0)
    if by_zero:
        return Evaluation(Verdict.NO_DATA, by_zero, figures, requests)
    try:
        answer = cast(object, compiled.program.execute(context))
    except (TypeError, ValueError, RuntimeError, KeyError) as error:
        raise InvalidInputError(f'"{expression}" can\'t be evaluated: {error}') from error
    if not isinstance(answer, bool):
        raise InvalidInputError(f'"{expression}" is a number; expected a condition such as error_rate < 0.01')
    return Evaluation(Verdict.MET if answer else Verdict.NOT_MET, (), figures, requests)


def value_of(node: syntax.Node, figures: Mapping[str, float]) -> float | None:
    """Return the number that part of an expression stands for, None when a figure is missing."""
    names = names_of(node)
    if any(name not in figures for name in names):
        return None
    compiled = _compile(render(node))
    context = _context({name: figures[name] for name in names})
    if any(divisor.execute(context) == 0 for _, divisor in compiled.divisors):
        return None
    answer = cast(object, compiled.program.execute(context))
    return float(answer) if isinstance(answer, (int, float)) and not isinstance(answer, bool) else None


def limit_on(expression: str, metric: str) -> float | None:
    """Return the fixed bound of an expression like `metric < number`, to be drawn; None for others."""
    tree = tree_of(expression)
    if not isinstance(tree, syntax.Binary) or tree.operator not in _FLIPPED:
        return None
    for name, bound in ((tree.left, tree.right), (tree.right, tree.left)):
        if (
            isinstance(name, syntax.Name)
            and name_of(name) == metrics.canonical(metric)
            and not names_of(bound)
        ):
            return value_of(bound, {})
    return None


def flipped(operator: str) -> str:
    """Return the comparison that says the same with its sides swapped."""
    return _FLIPPED[operator]


class _Checker:
    def __init__(self, known: Collection[str]) -> None:
        self._known = frozenset(known)
        self.problems: list[ExpressionProblem] = []

    def _report(self, at: int, message: str) -> None:
        self.problems.append(ExpressionProblem(at, message))

    def kind(self, node: syntax.Node) -> str:
        """Return "number" or "truth"; report what is wrong below."""
        match node:
            case syntax.Number():
                return "number"
            case syntax.Truth():
                return "truth"
            case syntax.Name():
                self._check_name(node)
                return "number"
            case syntax.Unary(operator=operator, operand=operand):
                wanted = "truth" if operator == "!" else "number"
                self._want(operand, wanted, operator)
                return wanted
            case syntax.Binary(operator=operator, left=left, right=right):
                return self._binary(node, operator, left, right)
            case syntax.Choice(condition=condition, then=then, otherwise=otherwise):
                self._want(condition, "truth", "?")
                first = self.kind(then)
                self._want(otherwise, first, ":")
                return first
            case _:
                assert_never(node)

    def _binary(self, node: syntax.Binary, operator: str, left: syntax.Node, right: syntax.Node) -> str:
        if operator in {"&&", "||"}:
            self._want(left, "truth", operator)
            self._want(right, "truth", operator)
            return "truth"
        if operator in {"==", "!="}:
            self._want(right, self.kind(left), operator)
            return "truth"
        self._want(left, "number", operator)
        self._want(right, "number", operator)
        if operator in _FLIPPED:
            self._check_share(node)
            return "truth"
        if operator == "/" and isinstance(right, syntax.Number) and right.value == 0:
            self._report(right.at, "divides by zero")
        return "number"

    def _want(self, node: syntax.Node, wanted: str, operator: str) -> None:
        if self.kind(node) != wanted:
            words = {"number": "a number", "truth": "a condition"}
            found = words["truth" if wanted == "number" else "number"]
            self._report(start_of(node), f'found {found}, expected {words[wanted]} beside "{operator}"')

    def _check_name(self, node: syntax.Name) -> None:
        if not node.side and node.text in syntax.SIDES:
            self._report(node.at, f"{node.text} stands alone, expected {node.text}.METRIC")
            return
        name = metrics.canonical(node.text)
        if name in self._known and not (node.side and metrics.derived(name)):
            return
        at = node.at
        if name in self._known:
            self._report(at, f"{name} already compares with the baseline, expected it alone")
            return
        self._report(at, f'unknown metric "{node.text}"{did_you_mean(name, self._known)}')

    def _check_share(self, node: syntax.Binary) -> None:
        """A share compared with 5 when 5 % was meant would never fire."""
        for name, bound in ((node.left, node.right), (node.right, node.left)):
            if not isinstance(name, syntax.Name) or not isinstance(bound, syntax.Number):
                continue
            metric = metrics.builtin(metrics.canonical(name.text))
            if metric is None or metric.unit != metrics.SHARE or metric.name == "crash_rate":
                continue
            if bound.value > 1 or (bound.value == 1 and metric.higher_is_worse):
                self._report(
                    bound.at,
                    f"{metric.name} is a share from 0 to 1, so {bound.value:g} is {bound.value * 100:g} %; "
                    f"expected {bound.value / 100:g} for {bound.value:g} %",
                )


def start_of(node: syntax.Node) -> int:
    """Return the offset of the first character of this part of an expression."""
    return min(part.at for part in syntax.walk(node))


def did_you_mean(name: str, known: Collection[str]) -> str:
    """Return `; did you mean "..."?` for the nearest known name, "" when none is near."""
    near = difflib.get_close_matches(name, sorted(known), n=1, cutoff=0.6)
    return f'; did you mean "{near[0]}"?' if near else ""


def check(expression: str, known: Collection[str]) -> tuple[ExpressionProblem, ...]:
    """Return everything wrong with an expression: grammar, types, names outside `known`; empty when sound."""
    try:
        tree = syntax.parse(expression)
    except syntax.ExpressionSyntaxError as problem:
        return (ExpressionProblem(problem.at, problem.message),)
    checker = _Checker(known)
    if checker.kind(tree) != "truth":
        message = "found a number, expected a condition such as error_rate < 0.01"
        checker.problems.insert(0, ExpressionProblem(start_of(tree), message))
    if not checker.problems and not names_of(tree):
        checker.problems.append(ExpressionProblem(0, "names no metric, so it never changes"))
    return tuple(sorted(checker.problems, key=lambda problem: problem.at))


def describe(
    evaluation: Evaluation, expression: str, units: Mapping[str, str] | None = None, *, breach: bool = False
) -> str:
    """Return the figures in words, e.g. "error_rate is 0.4 %, must be < 1 %"; see `wording.describe`."""
    from sluiceway.domain.process import wording

    return wording.describe(evaluation, expression, units, breach=breach)
