"""The grammar of criteria and trigger expressions: a subset of CEL, read into a small tree.

The tree serves the checks on load (types, names, columns) and the words for people; what an expression is
worth is computed by the CEL engine, in `expressions`. Subset: numbers, metric names, `baseline.NAME`,
`history.NAME`, `+ - * /`, comparisons, `&& || !`, `? :` and parentheses.
Source: github.com/google/cel-spec, doc/langdef.md, "Syntax".
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass

MAX_LENGTH = 500
MAX_DEPTH = 40

BASELINE, HISTORY = "baseline", "history"
SIDES = {BASELINE: BASELINE, "stable": BASELINE, HISTORY: HISTORY}  # as written: as the side is called
COMPARISONS = ("<=", ">=", "==", "!=", "<", ">")
RESERVED = frozenset({"true", "false", "null", "in", "as", "break", "const", "continue", "else", "for"}) | {
    *("function", "if", "import", "let", "loop", "package", "namespace", "return", "var", "void", "while"),
    *("baseline", "stable", "history", "new"),
}  # words that CEL or this grammar keeps for itself


@dataclass(frozen=True, slots=True)
class Number:
    value: float
    at: int


@dataclass(frozen=True, slots=True)
class Truth:
    value: bool
    at: int


@dataclass(frozen=True, slots=True)
class Name:
    """A metric. `side` is BASELINE for stable's now, HISTORY for stable's usual, "" for the new version's."""

    text: str
    side: str
    at: int


@dataclass(frozen=True, slots=True)
class Unary:
    operator: str
    operand: Node
    at: int


@dataclass(frozen=True, slots=True)
class Binary:
    operator: str
    left: Node
    right: Node
    at: int  # of the operator


@dataclass(frozen=True, slots=True)
class Choice:
    condition: Node
    then: Node
    otherwise: Node
    at: int  # of the question mark


Node = Number | Truth | Name | Unary | Binary | Choice


class ExpressionSyntaxError(Exception):
    """The text is not in the grammar; `at` is the offset of the first character that does not fit."""

    def __init__(self, at: int, message: str) -> None:
        super().__init__(message)
        self.at = at
        self.message = message


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str  # "number", "name", "op", "end"
    text: str
    at: int


_TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:\d+\.\d*|\.\d+|\d+)(?:[eE][+-]?\d+)?)|(?P<name>[A-Za-z_][A-Za-z0-9_]*)"
    r"|(?P<op>&&|\|\||<=|>=|==|!=|[<>!+\-*/()?:.]))"
)
_HINTS = {
    "%": "write a percentage as a share: 0.05 for 5 %",
    "=": "compare with ==",
    "&": "write && for and",
    "|": "write || for or",
    '"': "figures only, no text",
    "'": "figures only, no text",
    "[": "lists are not supported",
}


def _tokens(text: str) -> Iterator[_Token]:
    at = 0
    while True:
        match = _TOKEN.match(text, at)
        if match is None:
            rest = len(text) - len(text[at:].lstrip())
            if rest < len(text):
                hint = _HINTS.get(text[rest])
                raise ExpressionSyntaxError(
                    rest, f"{text[rest]} does not fit here{f'; {hint}' if hint else ''}"
                )
            yield _Token("end", "", len(text))
            return
        kind = match.lastgroup or "op"
        start = match.start(kind)
        following = text[match.end() : match.end() + 1]
        if kind == "number" and (following.isalpha() or following == "_"):
            raise ExpressionSyntaxError(
                match.end(), f'"{following}" follows a number; units are not written here'
            )
        yield _Token(kind, match.group(kind), start)
        at = match.end()


class _Parser:
    def __init__(self, text: str) -> None:
        self._tokens = list(_tokens(text))
        self._next = 0
        self._depth = 0

    def parse(self) -> Node:
        node = self._choice()
        token = self._peek()
        if token.kind != "end":
            raise ExpressionSyntaxError(
                token.at, f'"{token.text}" does not fit here; expected an operator or the end'
            )
        return node

    def _peek(self) -> _Token:
        return self._tokens[self._next]

    def _take(self) -> _Token:
        token = self._tokens[self._next]
        self._next += 1
        return token

    def _took(self, *operators: str) -> _Token | None:
        token = self._peek()
        if token.kind == "op" and token.text in operators:
            self._next += 1
            return token
        return None

    def _expect(self, operator: str) -> None:
        token = self._peek()
        if self._took(operator) is None:
            found = f'"{token.text}"' if token.text else "the end"
            raise ExpressionSyntaxError(token.at, f'found {found}, expected "{operator}"')

    def _choice(self) -> Node:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise ExpressionSyntaxError(self._peek().at, f"nested more than {MAX_DEPTH} deep")
        node = self._chain(0)
        mark = self._took("?")
        if mark is not None:
            then = self._choice()
            self._expect(":")
            node = Choice(node, then, self._choice(), mark.at)
        self._depth -= 1
        return node

    _LEVELS = (("||",), ("&&",), COMPARISONS, ("+", "-"), ("*", "/"))

    def _chain(self, level: int) -> Node:
        if level == len(self._LEVELS):
            return self._unary()
        node = self._chain(level + 1)
        while (token := self._took(*self._LEVELS[level])) is not None:
            node = Binary(token.text, node, self._chain(level + 1), token.at)
        return node

    def _unary(self) -> Node:
        token = self._took("!", "-")
        if token is None:
            return self._atom()
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise ExpressionSyntaxError(token.at, f"nested more than {MAX_DEPTH} deep")
        node = Unary(token.text, self._unary(), token.at)
        self._depth -= 1
        return node

    def _atom(self) -> Node:
        token = self._take()
        if token.kind == "number":
            value = float(token.text)
            if not math.isfinite(value):
                raise ExpressionSyntaxError(token.at, f"{token.text} is too large")
            return Number(value, token.at)
        if token.kind == "name":
            return self._name(token)
        if token.text == "(":
            node = self._choice()
            self._expect(")")
            return node
        found = f'"{token.text}"' if token.text else "the end"
        raise ExpressionSyntaxError(token.at, f"found {found}, expected a number, a metric or a parenthesis")

    def _name(self, token: _Token) -> Node:
        if token.text in {"true", "false"}:
            return Truth(token.text == "true", token.at)
        following = self._peek()
        if following.text == "(":
            raise ExpressionSyntaxError(
                token.at, f"{token.text}(...) is a function; only figures and operators are supported"
            )
        if following.text != ".":
            return Name(token.text, "", token.at)
        if token.text not in SIDES:
            raise ExpressionSyntaxError(
                token.at, f'"{token.text}." is unknown; expected baseline.METRIC or history.METRIC'
            )
        self._take()
        metric = self._take()
        if metric.kind != "name":
            raise ExpressionSyntaxError(metric.at, f"expected a metric after {token.text}.")
        return Name(metric.text, SIDES[token.text], token.at)


def parse(text: str) -> Node:
    """Return the tree of an expression. Raises ExpressionSyntaxError with the offset of what does not fit."""
    if len(text) > MAX_LENGTH:
        raise ExpressionSyntaxError(MAX_LENGTH, f"longer than {MAX_LENGTH} characters")
    return _Parser(text).parse()


def walk(node: Node) -> Iterator[Node]:
    """Yield the node and everything below it, in reading order."""
    match node:
        case Unary(operand=operand):
            yield node
            yield from walk(operand)
        case Binary(left=left, right=right):
            yield from walk(left)
            yield node
            yield from walk(right)
        case Choice(condition=condition, then=then, otherwise=otherwise):
            yield node
            yield from walk(condition)
            yield from walk(then)
            yield from walk(otherwise)
        case Number() | Truth() | Name():
            yield node
