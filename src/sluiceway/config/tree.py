"""YAML text as a tree of values that know where they stand, and the list of problems found in it.

YAML itself is read by PyYAML, which keeps file, line and column of every value. What keys mean is the
business of the section modules, what a file takes from its parent that of `extends`. Values stay text until
somebody asks for a type, so `version: 1.10` is still "1.10".
"""

from __future__ import annotations

import difflib
import io
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import NoReturn

import yaml

from sluiceway.domain.process.plan import Note
from sluiceway.errors import ProcessFileError

MAX_CHARS = 262_144
MAX_VALUES = 20_000  # aliases counted each time they are used, so that an anchor bomb ends here
MAX_DEPTH = 30
MAX_PROBLEMS = 100

ROOT = "file"
_ONLY_CAREFULLY = re.compile(r"[\t\ufeff]|(?:^|[\s\[{,:?-])!", re.MULTILINE)  # tabs, byte order marks, tags


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """Something to mend, at a line and column counted from 1, in the file the value was written in."""

    file: str
    line: int
    column: int
    path: str
    message: str
    is_once: bool = False  # the message alone says it all: it is told once, wherever else it holds


@dataclass(slots=True)
class Findings:
    """What reading a file and its parents has found. `problems` stop it from being used, `notes` do not.

    `name` is the file that was asked for; its lines come before those of its parents.
    """

    name: str
    problems: list[Problem] = field(default_factory=list[Problem])
    notes: list[Problem] = field(default_factory=list[Problem])

    def _ordered(self, found: list[Problem]) -> list[Problem]:
        """Return each once, although aliases are read often: the asked file's first, then in file order."""
        by_place = {(p.file, p.line, p.column, p.message): p for p in reversed(found)}
        ordered = sorted(by_place.values(), key=lambda p: (p.file != self.name, p))
        by_message = {p.message: p for p in reversed(ordered) if p.is_once}
        return [p for p in ordered if not p.is_once or by_message[p.message] is p]

    def raise_problems(self) -> None:
        """Raise ProcessFileError with every problem in file order, if there is one."""
        if not self.problems:
            return
        ordered = self._ordered(self.problems)
        lines = tuple(f"{p.file}:{p.line}:{p.column}: {p.path}: {p.message}" for p in ordered)
        if len(lines) > MAX_PROBLEMS:
            more = f"{self.name}:1:1: {ROOT}: {len(lines) - MAX_PROBLEMS} more problems are not shown"
            lines = (*lines[:MAX_PROBLEMS], more)
        raise ProcessFileError(lines)

    def all_notes(self) -> tuple[Note, ...]:
        """Return the notes: those of the file that was asked for, then those of its parents."""
        return tuple(Note(p.file, p.line, p.column, p.path, p.message) for p in self._ordered(self.notes))


@dataclass(frozen=True, slots=True)
class Value:
    """One YAML value, the path that leads to it and the findings it reports to."""

    node: yaml.Node
    path: str
    findings: Findings

    @property
    def file(self) -> str:
        return str(self.node.start_mark.name)

    @property
    def line(self) -> int:
        return int(self.node.start_mark.line) + 1

    @property
    def column(self) -> int:
        return int(self.node.start_mark.column) + 1

    def problem(self, message: str, at: int | None = None) -> None:
        """Report a problem; `at` is an offset into a scalar's text."""
        self.findings.problems.append(Problem(self.file, self.line, self._column(at), self.path, message))

    def note(self, message: str, *, is_once: bool = False) -> None:
        """Report something worth knowing that is not a problem.

        With `is_once` a message is told once in a process, of its own file rather than of a parent.
        """
        self.findings.notes.append(Problem(self.file, self.line, self.column, self.path, message, is_once))

    def _column(self, at: int | None) -> int:
        node = self.node
        if at is None or not isinstance(node, yaml.ScalarNode) or node.start_mark.line != node.end_mark.line:
            return self.column
        quote = 1 if node.style in {'"', "'"} else 0
        width = int(node.end_mark.column) - int(node.start_mark.column) - 2 * quote
        # With escapes or an anchor in front, text and file no longer run in step.
        return self.column + quote + at if width == len(self.raw) else self.column

    @property
    def is_scalar(self) -> bool:
        return isinstance(self.node, yaml.ScalarNode) and not self.is_null

    @property
    def is_list(self) -> bool:
        return isinstance(self.node, yaml.SequenceNode)

    @property
    def is_mapping(self) -> bool:
        return isinstance(self.node, yaml.MappingNode)

    @property
    def is_null(self) -> bool:
        return self.node.tag == "tag:yaml.org,2002:null"

    @property
    def raw(self) -> str:
        """Return a scalar's text as written, quotes aside; "" for anything else."""
        return str(self.node.value) if isinstance(self.node, yaml.ScalarNode) else ""

    @property
    def kind(self) -> str:
        """Return the YAML type: "str", "int", "float", "bool", "null", "seq", "map" ..."""
        return str(self.node.tag).rpartition(":")[2]

    def describe(self) -> str:
        """Return what stands here, for a message."""
        if self.is_mapping:
            return "a mapping" if self.node.value else "an empty mapping"
        if self.is_list:
            return "a list" if self.node.value else "an empty list"
        if self.is_null:
            return "nothing"
        text = self.raw if len(self.raw) <= 60 else f"{self.raw[:57]}..."
        return text if self.kind in {"int", "float", "bool"} else f'"{text}"'

    def expected(self, what: str) -> None:
        """Report that something else was expected here."""
        self.problem(f"found {self.describe()}, expected {what}")

    def items(self) -> tuple[Value, ...]:
        """Return a list's items; a problem and nothing when this is no list."""
        if not isinstance(self.node, yaml.SequenceNode):
            self.expected("a list")
            return ()
        nodes: list[yaml.Node] = self.node.value
        return tuple(Value(node, f"{self.path}[{index}]", self.findings) for index, node in enumerate(nodes))

    def entries(self) -> tuple[tuple[Value, Value], ...]:
        """Return a mapping's keys and values, each key once; a problem and nothing when it is none."""
        if not isinstance(self.node, yaml.MappingNode):
            self.expected("a mapping of keys to values")
            return ()
        pairs: list[tuple[yaml.Node, yaml.Node]] = self.node.value
        seen: dict[str, Value] = {}
        found: list[tuple[Value, Value]] = []
        for key_node, node in pairs:
            key = Value(key_node, self.path, self.findings)
            if not isinstance(key_node, yaml.ScalarNode):
                key.problem(f"found {key.describe()} as a key, expected text; quote what begins with {{ or [")
                continue
            path = key.raw if self.path == ROOT else f"{self.path}.{key.raw}"
            key = Value(key_node, path, self.findings)
            if key.kind == "merge":
                key.problem("merge keys (<<) are not supported, expected the keys written out")
                continue
            if key.raw in seen:
                key.problem(f'"{key.raw}" stands here a second time, first on line {seen[key.raw].line}')
                continue
            seen[key.raw] = key
            found.append((key, Value(node, path, self.findings)))
        return tuple(found)

    def entry(self, word: str) -> Value | None:
        """Return what a mapping holds under a key, None without that key; nothing is reported."""
        pairs: list[tuple[yaml.Node, yaml.Node]] = self.node.value if self.is_mapping else []
        path = word if self.path == ROOT else f"{self.path}.{word}"
        found = (node for key, node in pairs if isinstance(key, yaml.ScalarNode) and key.value == word)
        return next((Value(node, path, self.findings) for node in found), None)


def nearest(word: str, known: Collection[str], cutoff: float = 0.6) -> str:
    """Return `; did you mean "..."?` for the nearest of the known words, "" when none is near."""
    near = difflib.get_close_matches(word, sorted(known), n=1, cutoff=cutoff)
    return f'; did you mean "{near[0]}"?' if near else ""


def compose(text: str, name: str, *, is_known: bool = False) -> yaml.Node:
    """Return the top of a file called `name`; a text that is known to be one is read ten times faster.

    Raises ProcessFileError when it is no YAML, empty, or far too large.
    """
    if len(text) > MAX_CHARS:
        _refuse(name, 1, 1, f"{len(text)} characters, expected at most {MAX_CHARS}")
    known = _compose_known(text, name) if is_known else None
    if known is not None:
        check_size(known)
        return known
    try:
        loader = yaml.SafeLoader(text)
        loader.name = name  # every mark of a node repeats it
        node = loader.get_single_node()
    except yaml.MarkedYAMLError as error:
        _refuse_syntax(name, error)
    except yaml.reader.ReaderError as error:
        before = text[: int(error.position)]
        line, column = before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1
        found = f"the unprintable character U+{ord(text[int(error.position)]):04X}"
        _refuse(name, line, column, f"found {found}, expected text without it")
    except (RecursionError, ValueError) as error:
        _refuse(name, 1, 1, f"found values nested too deep ({type(error).__name__}), expected a process")
    if node is None or (isinstance(node, yaml.ScalarNode) and node.tag == "tag:yaml.org,2002:null"):
        _refuse(name, 1, 1, "found nothing, expected a process with service, ingress and rollout")
    check_size(node)
    return node


class _NamedText(io.StringIO):
    """A text that the quick reader takes with the name for its marks."""

    def __init__(self, text: str, name: str) -> None:
        super().__init__(text, newline="")
        self.name = name


def _compose_known(text: str, name: str) -> yaml.Node | None:
    """Return what `compose` made of a text before, None when only the careful reader can tell.

    PyYAML's other reader, libyaml, takes some texts that are no YAML, and some tags for others; of what is
    left it makes the same tree, but for the columns of values that are empty.
    """
    if not yaml.__with_libyaml__ or _ONLY_CAREFULLY.search(text):
        return None
    try:
        return yaml.CSafeLoader(_NamedText(text, name)).get_single_node()
    except yaml.YAMLError:
        return None


def check_size(node: yaml.Node) -> None:
    """Raise ProcessFileError when the tree is nested too deep or holds too many values, aliases counted."""
    budget = [MAX_VALUES]
    for depth, part in _every(node, 0, budget):
        mark = part.start_mark
        if depth > MAX_DEPTH:
            _refuse(mark.name, mark.line + 1, mark.column + 1, f"nested more than {MAX_DEPTH} deep")
        if budget[0] < 0:
            _refuse(
                mark.name, mark.line + 1, mark.column + 1, f"more than {MAX_VALUES} values, aliases counted"
            )


def _every(node: yaml.Node, depth: int, budget: list[int]) -> Iterator[tuple[int, yaml.Node]]:
    budget[0] -= 1
    yield depth, node
    if isinstance(node, yaml.SequenceNode):
        children: list[yaml.Node] = node.value
        for child in children:
            yield from _every(child, depth + 1, budget)
    elif isinstance(node, yaml.MappingNode):
        pairs: list[tuple[yaml.Node, yaml.Node]] = node.value
        for pair in pairs:
            for child in pair:
                yield from _every(child, depth + 1, budget)


_SYNTAX_HINTS = (
    ("\\t", "found a tab, expected spaces for indentation"),
    ("cannot start any token", "found a character that can't begin a value, expected it in quotes"),
    (
        "mapping values are not allowed",
        'found ":" inside a value, expected the value in quotes or on its own line',
    ),
    ("expected a single document", "found a second document (---), expected one process in a file"),
    ("undefined alias", "found an alias (*name) without its anchor (&name), expected the anchor before it"),
    ("end of stream", "found the end of the file inside quotes, expected the closing quote"),
    ("<stream end>", "found the end of the file, expected the closing bracket or brace"),
    (
        "<block end>",
        "found a key or item that is not in line with those before it, expected the same indentation",
    ),
)


def _refuse_syntax(name: str, error: yaml.MarkedYAMLError) -> NoReturn:
    mark = error.problem_mark or error.context_mark
    said = str(error.problem or error.context or "not YAML")
    if mark is None:
        _refuse(name, 1, 1, f"not valid YAML: {said}")
    hint = next((hint for part, hint in _SYNTAX_HINTS if part in f"{said} {error.context}"), "")
    _refuse(name, mark.line + 1, mark.column + 1, hint or f"not valid YAML: {said}")


def _refuse(name: str, line: int, column: int, message: str) -> NoReturn:
    line_text = f"{name}:{line}:{column}: {ROOT}: {message}"
    raise ProcessFileError((line_text,))
