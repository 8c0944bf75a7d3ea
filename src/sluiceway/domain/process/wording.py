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
            return expressions.name_of(node)
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
    """Return the figures of an evaluation in words.

    `units` are those of the process's own metrics. A criterion reads "must be < 1 %"; with `breach` the same
    words fit a trigger: "limit > 5 %". Raises InvalidInputError when the expression can't be read.
    """
    if evaluation.verdict is expressions.Verdict.NO_DATA:
        return (
            f"no data for {', '.join(evaluation.missing)}; {'limit' if breach else 'must hold'}: {expression}"
        )
    figures = {name: value for name, value in evaluation.figures if value is not None}
    parts = [
        _one(node, figures, units, breach=breach) for node in _conditions(expressions.tree_of(expression))
    ]
    if all(part is not None for part in parts):
        return "; ".join(part for part in parts if part is not None)
    shown = ", ".join(
        f"{name} is {show(value, metrics.unit_of(name, units))}" for name, value in figures.items()
    )
    return f"{shown}; {'limit' if breach else 'must hold'}: {expression}"


def _one(
    node: syntax.Node, figures: Mapping[str, float], units: Mapping[str, str] | None, *, breach: bool
) -> str | None:
    if not isinstance(node, syntax.Binary) or node.operator not in syntax.COMPARISONS:
        return None
    left, right, operator = node.left, node.right, node.operator
    if isinstance(right, syntax.Name) and not isinstance(left, syntax.Name):
        left, right, operator = right, left, expressions.flipped(operator)
    if not isinstance(left, syntax.Name):
        return None
    name = expressions.name_of(left)
    unit = metrics.unit_of(name, units)
    bound = _operand(right, unit, figures)
    return f"{name} is {show(figures.get(name), unit)}, {'limit' if breach else 'must be'} {operator} {bound}"
