"""Why a condition can't be read, in one sentence: what was found, where, and what to write instead.

The CEL library says where it stopped, in its grammar's words; what people mean there is told from the text.
What a condition that can be read says is the business of `conditions`.
"""

from __future__ import annotations

import re

from sluiceway.domain.process.expressions import ExpressionProblem

EXAMPLE = "such as scope == 'major' && risk_count > 2"

_PARTS = re.compile(
    r"\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'|(?P<quote>[\"'])|(?P<bracket>[()\[\]{}])"
    r"|(?P<symbol>[=<>!&|~]+|[^\w\s])|(?P<word>\w[\w.]*)"
)
_CLOSES = {"(": ")", "[": "]", "{": "}"}
_SYMBOLS = {
    "=": "write == to compare",
    "===": "write == to compare",
    "=<": "write <=",
    "=>": "write >=",
    "<>": "write !=",
    "=~": "write NAME.matches('...')",
    "~": "write NAME.matches('...')",
    "&": "write && for and",
    "|": "write || for or",
    "%": "write the number alone",
    ";": "leave it out",
}
WORDS = {  # of other languages, with what CEL has for them
    "and": "write && for and",
    "or": "write || for or",
    "not": "write ! for not",
    "is": "write == to compare",
    "if": "write the condition alone",
}


def explain_syntax(condition: str, at: int) -> ExpressionProblem:
    """Return what is wrong with a condition that its library could read up to about offset `at`."""
    if not condition.strip():
        return ExpressionProblem(0, f"is empty, expected a condition {EXAMPLE}")
    opened: list[re.Match[str]] = []
    before: re.Match[str] | None = None
    for part in _PARTS.finditer(condition):
        if found := _open_quote(part) or _extra_bracket(part, opened) or _misplaced(part, before, at):
            return found
        before = part
    if opened:
        last = opened[-1]
        return ExpressionProblem(
            last.start(), f"{last[0]} is not closed; write {_CLOSES[last[0]]} where it ends"
        )
    if before is not None and at >= before.end():
        return ExpressionProblem(before.end(), f"ends after {before[0]} too early, expected one {EXAMPLE}")
    return ExpressionProblem(min(at, len(condition)), f"can't be read from here on, expected one {EXAMPLE}")


def _open_quote(part: re.Match[str]) -> ExpressionProblem | None:
    quote = part["quote"]
    return ExpressionProblem(part.start(), f"begins a text; end it with {quote}") if quote else None


def _extra_bracket(part: re.Match[str], opened: list[re.Match[str]]) -> ExpressionProblem | None:
    """Keep account of the brackets in `opened`; return a problem for one that closes nothing."""
    if not part["bracket"]:
        return None
    if part[0] in _CLOSES:
        opened.append(part)
        return None
    if opened and _CLOSES[opened.pop()[0]] == part[0]:
        return None
    return ExpressionProblem(part.start(), f"{part[0]} closes nothing; leave it out")


def _misplaced(part: re.Match[str], before: re.Match[str] | None, at: int) -> ExpressionProblem | None:
    """Return the problem when the library stopped at this part, or right behind it at what it led to."""
    hint = _SYMBOLS.get(part["symbol"] or "") or WORDS.get(part["word"] or "")
    is_reached = part.start() <= at and not part.string[part.end() : at].strip()
    if hint and is_reached:
        return ExpressionProblem(part.start(), f"{part[0]} does not fit here; {hint}")
    if not part.start() <= at < part.end() or (before is None and not part["symbol"]):
        return None  # what begins a condition is wrong only in what follows
    if part["symbol"]:
        hint = "expected a name, a number or a text in quotes"
    else:
        hint = "write an operator such as == or && before it"
    return ExpressionProblem(part.start(), f"{part[0]} does not fit here; {hint}")
