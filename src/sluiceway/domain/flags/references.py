"""Where flags are named in texts: certain mentions of their keys in quotes, and likely ones.

A key in quotes (`"new-checkout"`) is certain. A key without quotes, or the same words written otherwise
(`newCheckout`, `new_checkout`, `NEW_CHECKOUT`), is likely: a constant, a method, a file's name. A key of one
word counts only in quotes, since any text holds such words. Texts come from whoever reads files.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

MAX_LINE_CHARS = 2_000  # longer lines are machine-made: minified code, data
SHOWN_CHARS = 200
_QUOTES = "\"'`"
_EDGE = r"A-Za-z0-9_"
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_]+")


@dataclass(frozen=True, slots=True)
class Reference:
    """One mention. `line` counts from 1, `text` is the line itself, shortened."""

    flag: str
    path: str
    line: int
    text: str
    is_certain: bool


class Finder:
    """Looks for many flags' keys at once: one regular expression, run once over each text."""

    def __init__(self, flags: Iterable[str]) -> None:
        self._by_spelling: dict[str, tuple[str, ...]] = {}
        self._single_words: set[str] = set()
        for flag in sorted({one for one in flags if one}):
            if not spellings(flag):
                self._single_words.add(flag)
            for word in {flag, *spellings(flag)}:
                self._by_spelling[word] = (*self._by_spelling.get(word, ()), flag)
        words = sorted(self._by_spelling, key=lambda word: (-len(word), word))
        whole = "|".join(re.escape(word) for word in words)
        self._pattern = re.compile(rf"(?<![{_EDGE}])(?:{whole})(?![{_EDGE}])") if words else None

    def references(self, path: str, text: str) -> Iterator[Reference]:
        """Yield each mention in a text, once a flag and line, in order; certain ones win over likely ones."""
        if self._pattern is None or not self._pattern.search(text):
            return
        for number, line in enumerate(text.splitlines(), start=1):
            if len(line) <= MAX_LINE_CHARS:
                yield from self._in_line(path, number, line)

    def _in_line(self, path: str, number: int, line: str) -> Iterator[Reference]:
        assert self._pattern is not None  # `references` looked first
        found: dict[str, bool] = {}
        for match in self._pattern.finditer(line):
            if _is_part_of_more(line, match.start(), match.end()):
                continue
            is_quoted = _is_quoted(line, match.start(), match.end())
            for flag in self._by_spelling[match[0]]:
                if is_quoted or flag not in self._single_words:
                    found[flag] = found.get(flag, False) or (is_quoted and match[0] == flag)
        shown = line.strip()
        shown = shown if len(shown) <= SHOWN_CHARS else f"{shown[: SHOWN_CHARS - 3]}..."
        yield from (Reference(flag, path, number, shown, is_certain) for flag, is_certain in found.items())


def spellings(key: str) -> frozenset[str]:
    """Return how else programs write a key: camelCase, PascalCase, snake_case, kebab-case, CONSTANT_CASE."""
    words = [word.lower() for word in _WORDS.findall(key)]
    if len(words) < 2:
        return frozenset()
    capitals = [word.capitalize() for word in words]
    snake = "_".join(words)
    return frozenset(
        {snake, snake.upper(), "-".join(words), "".join(capitals), words[0] + "".join(capitals[1:])} - {key}
    )


def _is_quoted(line: str, begin: int, end: int) -> bool:
    return begin > 0 and end < len(line) and line[begin - 1] in _QUOTES and line[end] == line[begin - 1]


def _is_part_of_more(line: str, begin: int, end: int) -> bool:
    """Return whether a hyphen before or after makes the word a piece of another one."""
    before = begin > 1 and line[begin - 1] == "-" and line[begin - 2].isalnum()
    after = end + 1 < len(line) and line[end] == "-" and line[end + 1].isalnum()
    return before or after
