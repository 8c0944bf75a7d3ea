"""A tree of values written out as YAML that stands by itself: what a release keeps, and what people look at.

Values stay as they were written, so `version: 1.10` is still "1.10"; comments, anchors and layout are lost.
The same tree always gives the same text.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import yaml

_ODD_BREAKS = frozenset("\x85\u2028\u2029")
_WIDTH = 1_000_000  # one value, one line: long texts aren't folded


def yaml_text(node: yaml.Node) -> str:
    """Return the YAML text of a tree."""
    text = yaml.serialize(  # pyright: ignore[reportUnknownMemberType]
        _plain(node), Dumper=yaml.SafeDumper, allow_unicode=True, width=_WIDTH
    )
    return str(text)


def annotated_text(node: yaml.Node) -> str:
    """Return the YAML text of a file's tree, each top part below a comment naming its files."""
    if not isinstance(node, yaml.MappingNode):
        return yaml_text(node)
    pairs: list[tuple[yaml.Node, yaml.Node]] = node.value
    parts: list[str] = []
    for key, value in pairs:
        one = yaml.MappingNode(node.tag, [(key, value)], node.start_mark, node.end_mark, flow_style=False)
        files = dict.fromkeys((*_files(key), *_files(value)))
        parts.append(f"# from {', '.join(files)}\n{yaml_text(one)}")
    return "\n".join(parts)


def plain_data(node: yaml.Node) -> Any:
    """Return a tree as dicts, lists and scalars; numbers only where nothing of what was written is lost."""
    if isinstance(node, yaml.MappingNode):
        pairs: list[tuple[yaml.Node, yaml.Node]] = node.value
        return {str(key.value): plain_data(value) for key, value in pairs}
    if isinstance(node, yaml.SequenceNode):
        items: list[yaml.Node] = node.value
        return [plain_data(item) for item in items]
    text, kind = str(node.value), str(node.tag).rpartition(":")[2]
    if kind == "null":
        return None
    if kind == "bool":
        return text.lower() in {"true", "yes", "on"}
    for number in (int, float):
        if kind in {"int", "float"} and _reads_back(number, text):
            return number(text)
    return text


def short_text(value: Any, most: int) -> str:
    """Return plain data on one line of at most `most` characters, "" for nothing."""
    if value is None:
        return ""
    if isinstance(value, str):
        text = " ".join(value.split())
    else:
        dumped = yaml.safe_dump(
            value, default_flow_style=True, sort_keys=False, allow_unicode=True, width=_WIDTH
        )
        text = dumped.removesuffix("...\n").strip()
    return text if len(text) <= most else f"{text[: most - 3]}..."


def _reads_back(number: type[int] | type[float], text: str) -> bool:
    try:
        return str(number(text)) == text
    except ValueError:
        return False


def _files(node: yaml.Node) -> Iterator[str]:
    if isinstance(node, yaml.ScalarNode):
        yield str(node.start_mark.name)
    elif isinstance(node, yaml.SequenceNode):
        items: list[yaml.Node] = node.value
        for item in items:
            yield from _files(item)
    elif isinstance(node, yaml.MappingNode):
        pairs: list[tuple[yaml.Node, yaml.Node]] = node.value
        for key, value in pairs:
            yield from _files(key)
            yield from _files(value)


def _plain(node: yaml.Node) -> yaml.Node:
    """Return a copy that shares nothing, so that no anchors are written, and is laid out in one way."""
    if isinstance(node, yaml.MappingNode):
        pairs: list[tuple[yaml.Node, yaml.Node]] = node.value
        return yaml.MappingNode(
            node.tag, [(_plain(key), _plain(value)) for key, value in pairs], flow_style=not pairs
        )
    if isinstance(node, yaml.SequenceNode):
        items: list[yaml.Node] = node.value
        is_short = all(isinstance(item, yaml.ScalarNode) for item in items)
        return yaml.SequenceNode(node.tag, [_plain(item) for item in items], flow_style=is_short)
    style = node.style if isinstance(node, yaml.ScalarNode) else None
    if _ODD_BREAKS & set(str(node.value)):
        style = '"'  # any other style would fold them into spaces
    return yaml.ScalarNode(node.tag, node.value, style=style)
