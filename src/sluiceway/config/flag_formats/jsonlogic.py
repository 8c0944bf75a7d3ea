"""JSONLogic, as flagd has it, read as conditions on a context and as what comes out of them.

The subset that rules can say: `if`, `and`, `or`, `!`, `fractional`, `$ref` and what `jsonlogic_claims` reads.
Anything else is refused by its place.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

from sluiceway.config.flag_formats.jsonlogic_claims import CLAIMS, fractional, only, operation
from sluiceway.config.flag_formats.logic import ALWAYS, NEVER, All, Expression, Not, Some
from sluiceway.config.flag_formats.reading import Document, NotConvertible, refuse, scalar_text
from sluiceway.domain.flags.model import Serve

_MAX_DEPTH: Final = 50


@dataclass(frozen=True, slots=True)
class Branch:
    """What those get who fit `when` and no branch before; a `serve` of None is the default variant."""

    when: Expression
    serve: Serve | None


class Logic:
    """Reads one flag's targeting. `evaluators` are what `$ref` names."""

    def __init__(self, evaluators: Document) -> None:
        self._evaluators = evaluators

    def branches(self, rule: object, where: str) -> tuple[Branch, ...]:
        """Return what comes out of a rule, the first branch that fits deciding; the last always fits.

        Raises NotConvertible for what rules can't say.
        """
        return tuple(self._branches(rule, where, ALWAYS, 0))

    def condition(self, rule: object, where: str, depth: int = 0) -> Expression:
        """Return when a rule is true. Raises NotConvertible for what rules can't say."""
        if depth > _MAX_DEPTH:
            refuse(where, "is nested too deep")
        if isinstance(rule, bool) or not isinstance(rule, Mapping):
            return ALWAYS if rule else NEVER
        name, args = operation(cast("object", rule), where)
        place = f"{where}.{name}"
        match name:
            case "$ref":
                return self.condition(self._referred(args, place), place, depth + 1)
            case "and":
                return All(tuple(self._each(args, place, depth)))
            case "or":
                return Some(tuple(self._each(args, place, depth)))
            case "!":
                return Not(self.condition(only(args, place), place, depth + 1))
            case "!!":
                return self.condition(only(args, place), place, depth + 1)
            case _ if name in CLAIMS:
                return CLAIMS[name](args, place)
            case _:
                raise NotConvertible(f"{place}: has no equal among rules here")

    def _each(self, args: list[Any], where: str, depth: int) -> list[Expression]:
        return [self.condition(one, f"{where}[{at}]", depth + 1) for at, one in enumerate(args)]

    def _branches(self, rule: object, where: str, when: Expression, depth: int) -> list[Branch]:
        if depth > _MAX_DEPTH:
            refuse(where, "is nested too deep")
        if rule is None or isinstance(rule, str | bool):
            return [Branch(when, None if rule is None else Serve(scalar_text(rule, where)))]
        name, args = operation(rule, where)
        place = f"{where}.{name}"
        match name:
            case "$ref":
                return self._branches(self._referred(args, place), place, when, depth + 1)
            case "if" | "?:":
                return self._choice(args, place, when, depth)
            case "fractional":
                return [Branch(when, fractional(args, place))]
            case _:
                is_true = self.condition(rule, where, depth)
                return [Branch(All((when, is_true)), Serve("true")), Branch(when, Serve("false"))]

    def _choice(self, args: list[Any], where: str, when: Expression, depth: int) -> list[Branch]:
        found: list[Branch] = []
        for at in range(0, len(args) - 1, 2):
            holds = self.condition(args[at], f"{where}[{at}]", depth + 1)
            found += self._branches(args[at + 1], f"{where}[{at + 1}]", All((when, holds)), depth + 1)
        last = args[-1] if len(args) % 2 else None
        return [*found, *self._branches(last, f"{where}[{len(args) - 1}]", when, depth + 1)]

    def _referred(self, args: list[Any], where: str) -> object:
        name = str(args[0]) if args else ""
        if name not in self._evaluators:
            refuse(where, f'there is no "{name}" below $evaluators')
        return self._evaluators[name]
