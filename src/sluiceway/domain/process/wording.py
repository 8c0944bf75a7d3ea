"""Figures and conditions in words for people: "error_rate is 0.4 %, must be < 1 %".

What an expression is worth is computed in `expressions`.
"""

from __future__ import annotations

from collections.abc import Mapping

from sluiceway.domain.process import expressions, metrics, syntax


def show(value: float | None, unit: str = "") -> str:
    """Return a figure as people read it; shares become percent. None is "no data"."""
    if value is None:
        return "no data"
    if unit == metrics.SHARE:
        return f"{_plain(value * 100)} %"
    if unit == metrics.COUNT or not unit or unit == metrics.SCORE:
        return _plain(value)
    if unit == "x":
        return f"{_plain(value)} times"
    return f"{_plain(value)}{unit}" if unit.startswith("/") else f"{_plain(value)} {unit}"


def _plain(value: float) -> str:
    """Three significant digits, more only where whole numbers have them; never an exponent."""
    if value == 0:
        return "0"
    if abs(value) >= 100:
        return f"{value:.0f}"
    digits = f"{float(f'{value:.3g}'):.12f}".rstrip("0").rstrip(".")
    return digits if digits not in {"0", "-0", ""} else f"{value:.2g}"


def called(name: str) -> str:
    """Return what people call a name: `history.p95_ms` is "usual p95_ms", any other stays as it is."""
    side, _, metric = name.rpartition(".")
    return f"usual {metric}" if side == syntax.HISTORY else name


def _missing(name: str) -> str:
    words = called(name)
    return words if words == name else f"{words} (it takes an hour of history)"


def _operand(node: syntax.Node, unit: str, figures: Mapping[str, float]) -> str:
    if isinstance(node, syntax.Number):
        return show(node.value, unit)
    value = expressions.value_of(node, figures)
    text = _source(node)
    return text if value is None else f"{show(value, unit)} ({text})"


def _source(node: syntax.Node) -> str:
    match node:
        case syntax.Number(value=value):
            return _plain(value)
        case syntax.Name():
            return called(expressions.name_of(node))
        case syntax.Binary(operator=operator, left=left, right=right):
            return f"{_source(left)} {operator} {_source(right)}"
        case _:
            return expressions.render(node)


def _conditions(node: syntax.Node) -> list[syntax.Node]:
    if isinstance(node, syntax.Binary) and node.operator == "&&":
        return [*_conditions(node.left), *_conditions(node.right)]
    return [node]


def describe(
    evaluation: expressions.Evaluation,
    expression: str,
    units: Mapping[str, str] | None = None,
    *,
    breach: bool = False,
) -> str:
    """Return the figures of an evaluation in words: "error_rate is 0.4 %, must be < 1 %".

    With `breach` the expression is a trigger's, which is bad when it holds: "error_rate is 6 %, over the
    limit of 5 %". `units` are those of the process's own metrics.
    Raises InvalidInputError when the expression can't be read.
    """
    rule = f"{'fires when' if breach else 'must hold'}: {expression}"
    if evaluation.verdict is expressions.Verdict.NO_DATA:
        return f"no data for {', '.join(map(_missing, evaluation.missing))}; {rule}"
    figures = {name: value for name, value in evaluation.figures if value is not None}
    fires = evaluation.verdict is expressions.Verdict.MET if breach else None
    parts = [_one(node, figures, units, fires) for node in _conditions(expressions.tree_of(expression))]
    if all(parts):
        return "; ".join(part for part in parts if part)
    shown = ", ".join(
        f"{called(name)} is {show(value, metrics.unit_of(name, units))}" for name, value in figures.items()
    )
    return f"{shown}; {rule}"


def _one(
    node: syntax.Node, figures: Mapping[str, float], units: Mapping[str, str] | None, fires: bool | None
) -> str:
    """Return the words for one comparison with a metric on a side, "" for anything else.

    `fires` is None for a criterion, else whether the trigger's condition holds.
    """
    if not isinstance(node, syntax.Binary) or node.operator not in syntax.COMPARISONS:
        return ""
    left, right, operator = node.left, node.right, node.operator
    if isinstance(right, syntax.Name) and not isinstance(left, syntax.Name):
        left, right, operator = right, left, expressions.flipped(operator)
    if not isinstance(left, syntax.Name):
        return ""
    name = expressions.name_of(left)
    unit = metrics.unit_of(name, units)
    found = f"{called(name)} is {show(figures.get(name), unit)}"
    bound = _operand(right, unit, figures)
    if fires is None:
        return f"{found}, must be {operator} {bound}"
    if operator[0] not in "<>":
        return f"{found}, fires when {operator} {bound}"
    if not fires:
        return f"{found}, limit {bound}"
    return f"{found}, {'over' if operator[0] == '>' else 'under'} the limit of {bound}"
