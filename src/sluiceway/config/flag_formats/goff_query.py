"""Queries of GO Feature Flag's rules, `tier eq "pro" and not (age lt 18)`, as claims about a context.

What compares a missing attribute is false, also `ne`; `not` turns that round.
Source: gofeatureflag.org/docs/configure_flag/target-with-flags; github.com/nikunjy/rules.
"""

from __future__ import annotations

import re
from typing import Final

from sluiceway.config.flag_formats.logic import All, Expression, Not, Some, is_present
from sluiceway.config.flag_formats.reading import NotConvertible, refuse
from sluiceway.domain.flags.model import TARGETING_KEY, Constraint, Operator

_TOKEN = re.compile(
    r"""\s*(?:(?P<text>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')|(?P<sign>[()\[\],]|[<>]=?|[=!]=)|(?P<word>[^\s()\[\],<>=!"']+))"""
)
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?")
_VERSION = re.compile(r"\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?")
_SIGNS: Final = {"==": "eq", "!=": "ne", "<": "lt", ">": "gt", "<=": "le", ">=": "ge"}
_NUMBERS: Final = {
    "eq": Operator.EQUALS,
    "lt": Operator.LESS,
    "le": Operator.AT_MOST,
    "gt": Operator.GREATER,
    "ge": Operator.AT_LEAST,
}
_VERSIONS: Final = {
    "eq": Operator.SEMVER_EQUALS,
    "lt": Operator.SEMVER_LESS,
    "le": Operator.SEMVER_AT_MOST,
    "gt": Operator.SEMVER_GREATER,
    "ge": Operator.SEMVER_AT_LEAST,
}
_TEXTS: Final = {"sw": Operator.STARTS_WITH, "ew": Operator.ENDS_WITH, "co": Operator.CONTAINS}
_KEYS: Final = frozenset({"key", "targetingKey"})
_MAX_DEPTH: Final = 50


def parse_query(query: str, where: str) -> Expression:
    """Return when a query holds. Raises NotConvertible for what it can't be read as."""
    return _Query(query, where).whole()


class _Query:
    """A query on its way from words to an expression; `not` binds before `and`, `and` before `or`."""

    def __init__(self, query: str, where: str) -> None:
        self._where = where
        self._tokens: list[tuple[str, str]] = []
        self._at = 0
        self._depth = 0
        end = 0
        while query[end:].strip():
            match = _TOKEN.match(query, end)
            if match is None:
                refuse(where, f"can't be read from `{query[end : end + 40].strip()}` on")
            kind = str(match.lastgroup)
            self._tokens.append((kind, match[kind]))
            end = match.end()

    def whole(self) -> Expression:
        found = self._any()
        if self._at < len(self._tokens):
            refuse(
                self._where, f"has `{self._tokens[self._at][1]}` where `and`, `or` or the end was expected"
            )
        return found

    def _any(self) -> Expression:
        parts = [self._every()]
        while self._takes("or"):
            parts.append(self._every())
        return parts[0] if len(parts) == 1 else Some(tuple(parts))

    def _every(self) -> Expression:
        parts = [self._one()]
        while self._takes("and"):
            parts.append(self._one())
        return parts[0] if len(parts) == 1 else All(tuple(parts))

    def _one(self) -> Expression:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            refuse(self._where, "is nested too deep")
        try:
            if self._takes("not"):
                return Not(self._one())
            if self._takes("("):
                found = self._any()
                self._expect(")")
                return found
            return self._claim()
        finally:
            self._depth -= 1

    def _claim(self) -> Expression:
        kind, name = self._next("an attribute")
        if kind != "word":
            refuse(self._where, f"has `{name}` where an attribute was expected")
        attribute = TARGETING_KEY if name in _KEYS else name
        _, said = self._next("an operator")
        operator = _SIGNS.get(said, said.lower())
        if operator == "pr":
            return is_present(attribute)
        if operator == "in":
            return Constraint(attribute, Operator.IN, self._list())
        kind, value = self._next("a value")
        if operator == "ne":
            return All((is_present(attribute), Not(self._compared("eq", attribute, kind, value))))
        return self._compared(operator, attribute, kind, value)

    def _compared(self, operator: str, attribute: str, kind: str, value: str) -> Expression:
        text = _unquoted(value) if kind == "text" else value
        if operator in _TEXTS:
            return Constraint(attribute, _TEXTS[operator], (text,))
        if kind == "word" and operator in _VERSIONS and _VERSION.fullmatch(value):
            return Constraint(attribute, _VERSIONS[operator], (value,))
        if kind == "word" and operator in _NUMBERS and _NUMBER.fullmatch(value):
            return Constraint(attribute, _NUMBERS[operator], (value,))
        if operator == "eq" and (kind == "text" or value in {"true", "false"}):
            return Constraint(attribute, Operator.IN, (text,))
        raise NotConvertible(f"{self._where}: `{attribute} {operator} {value}` has no equal among rules here")

    def _list(self) -> tuple[str, ...]:
        self._expect("[")
        found: list[str] = []
        while not self._takes("]"):
            kind, value = self._next("a value or ]")
            found.append(_unquoted(value) if kind == "text" else value)
            self._takes(",")
        return tuple(found)

    def _takes(self, word: str) -> bool:
        is_next = self._at < len(self._tokens) and self._tokens[self._at][1].lower() == word
        self._at += is_next
        return is_next

    def _expect(self, sign: str) -> None:
        if not self._takes(sign):
            refuse(self._where, f"lacks a `{sign}`")

    def _next(self, what: str) -> tuple[str, str]:
        if self._at >= len(self._tokens):
            refuse(self._where, f"ends where {what} was expected")
        self._at += 1
        return self._tokens[self._at - 1]


def _unquoted(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text[1:-1])
