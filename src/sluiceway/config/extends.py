"""One process out of several files: the file that was asked for over the parent it extends, and so on up.

A parent is a pack, by name, or a file beside the one that names it. How two trees become one is the business
of `merge`, what the keys mean that of the section modules.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import NoReturn

import yaml

from sluiceway.config.change_request import CHANGE_REQUEST
from sluiceway.config.files import decode, read_bytes, why_unreadable
from sluiceway.config.merge import merge
from sluiceway.config.resolved import yaml_text
from sluiceway.config.snippets import translated
from sluiceway.config.tree import MAX_CHARS, ROOT, Findings, Value, check_size, compose, nearest
from sluiceway.errors import ProcessFileError
from sluiceway.packs import pack_names, pack_text

EXTENDS = "extends"
MAX_FILES = 10

_Pair = tuple[yaml.Node, yaml.Node]

_FILES_OWN = frozenset({EXTENDS, "name", "description"})  # said of one file, never of those that extend it


@dataclass(frozen=True, slots=True)
class Resolved:
    """A process put together. `text` is the file's own when it has no parent, else YAML of the whole."""

    node: yaml.Node
    text: str
    files: tuple[str, ...]  # the file itself, its parent, that one's parent ...


@dataclass(frozen=True, slots=True)
class _Source:
    name: str  # as messages show it
    key: str  # tells whether two sources are the same file; "" for a text that came without one
    node: yaml.Node
    folder: Path | None  # where its relative parents are; None when it may not name files


def resolve(text: str, findings: Findings, folder: Path | None, *, is_known: bool = False) -> Resolved:
    """Return the process in a text with all that it extends; what can't be merged is added to `findings`.

    `folder` is where the text comes from; without one it can extend packs only. Raises ProcessFileError when
    the text or a parent is no YAML, and for a parent that is unknown, unreadable or extends itself.
    """
    own = _composed(text, findings.name, findings, is_known=is_known)
    sources = [_Source(findings.name, _key(folder, findings.name), own, folder)]
    while at := Value(sources[-1].node, ROOT, findings).entry(EXTENDS):
        parent = _parent(at, sources[-1].folder)
        known = [source.key for source in sources]
        if parent.key in known:
            circle = [source.name for source in sources[known.index(parent.key) :]]
            _refuse(at, f"goes in a circle: {' -> '.join([*circle, circle[0]])}")
        if len(sources) == MAX_FILES:
            _refuse(at, f"more than {MAX_FILES} files extend one another, expected fewer")
        sources.append(parent)
    files = tuple(source.name for source in sources)
    node = sources.pop().node
    if not sources:
        return Resolved(node, text, files)
    while sources:
        child = sources.pop().node
        node = _without(merge(_without(node, _FILES_OWN), Value(child, ROOT, findings)), frozenset({EXTENDS}))
    node = _titled(node)
    check_size(node)
    resolved = yaml_text(node)
    if len(resolved) > MAX_CHARS:
        found = f"{len(resolved)} characters with all that it extends"
        raise ProcessFileError((f"{findings.name}:1:1: {ROOT}: {found}, expected at most {MAX_CHARS}",))
    return Resolved(node, resolved, files)


def put_together(text: str, name: str, folder: Path | None) -> Resolved:
    """Return the process in a text with all that it extends, put together but not read.

    Raises ProcessFileError as `resolve` does, and for what can't be merged.
    """
    findings = Findings(name)
    resolved = resolve(text, findings, folder)
    findings.raise_problems()
    return resolved


def extends_something(text: str) -> bool:
    """Return whether a process text names a parent; False when it is no YAML."""
    try:
        node = compose(text, "")
    except ProcessFileError:
        return False
    return Value(node, ROOT, Findings("")).entry(EXTENDS) is not None


def _composed(text: str, name: str, findings: Findings, *, is_known: bool = False) -> yaml.Node:
    top = Value(compose(text, name, is_known=is_known), ROOT, findings)
    if at := top.entry(CHANGE_REQUEST):
        _refuse(at, "a change request is no part of a process, expected it in a file of its own")
    return translated(top)


def _parent(at: Value, folder: Path | None) -> _Source:
    found = at.raw.strip()
    if not at.is_scalar or not found:
        _refuse(at, f"found {at.describe()}, expected the name of a pack or a file such as ./team.yaml")
    if "/" in found or found.endswith((".yaml", ".yml")):
        return _file(at, found, folder)
    if found not in pack_names():
        known = ", ".join(pack_names()) or "none"
        _refuse(
            at,
            f'unknown pack "{found}", expected one of {known} or a file such as ./team.yaml'
            f"{nearest(found, pack_names())}",
        )
    node = translated(Value(pack_node(found), ROOT, at.findings))
    return _Source(pack_file(found), pack_file(found), node, None)


def _file(at: Value, found: str, folder: Path | None) -> _Source:
    if folder is None:
        _refuse(
            at,
            f'"{found}" can\'t be read from here, expected the name of a pack or the whole process: '
            "`sluice process show --resolved` prints it",
        )
    path = Path(os.path.normpath(folder / found))
    try:
        data = read_bytes(path)
    except OSError as error:
        _refuse(at, f"{path} {why_unreadable(error)}", error)
    except ValueError as error:
        _refuse(at, f"{found!r} can't name a file ({error}), expected one such as ./team.yaml", error)
    node = _composed(decode(data, str(path)), str(path), at.findings)
    return _Source(str(path), _key(path.parent, path.name), node, path.parent)


def _key(folder: Path | None, name: str) -> str:
    return str((folder / Path(name).name).resolve()) if folder is not None else ""


@lru_cache(maxsize=32)
def pack_node(name: str) -> yaml.Node:
    """Return the tree of a pack that exists. It is shared: nobody changes it."""
    return compose(pack_text(name), pack_file(name), is_known=True)


def pack_file(name: str) -> str:
    """Return the name that messages give a pack's file."""
    return f"packs/{name}.yaml"


def _titled(node: yaml.Node) -> yaml.Node:
    """Return a tree with the file's own name and description before what it takes over."""
    if not isinstance(node, yaml.MappingNode):
        return node
    pairs: list[_Pair] = sorted(node.value, key=lambda pair: not _is_one_of(pair, _FILES_OWN))
    return yaml.MappingNode(node.tag, pairs, node.start_mark, node.end_mark, flow_style=node.flow_style)


def _without(node: yaml.Node, words: frozenset[str]) -> yaml.Node:
    if not isinstance(node, yaml.MappingNode):
        return node
    pairs: list[_Pair] = [pair for pair in node.value if not _is_one_of(pair, words)]
    return yaml.MappingNode(node.tag, pairs, node.start_mark, node.end_mark, flow_style=node.flow_style)


def _is_one_of(pair: _Pair, words: frozenset[str]) -> bool:
    return isinstance(pair[0], yaml.ScalarNode) and pair[0].value in words


def _refuse(at: Value, message: str, cause: Exception | None = None) -> NoReturn:
    raise ProcessFileError((f"{at.file}:{at.line}:{at.column}: {at.path}: {message}",)) from cause
