"""Reading a pack's map: the page that says where every fact and figure of a source document went.

A page has the document's sections as headings (`## Release Types`, below it `### Major Releases`, deeper ones
joined by " › ") and one row per fact: what the document says, where that stands in the pack, the value there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import yaml

Figure = tuple[str, str]  # the number and its unit, "" without one: ("24", "h")
Node = str | list["Node"] | dict[str, "Node"]  # YAML as written: numbers stay texts

BEGINNING = "Before the first section"
NOT_IN_THE_PACK = ("to come", "example", "nothing to keep")

_UNITS = {
    "%": ("%", "percent"),
    "ms": ("ms", "milliseconds?"),
    "s": ("s", "secs?", "seconds?"),
    "m": ("m", "mins?", "minutes?"),
    "h": ("h", "hrs?", "hours?"),
    "d": ("d", "days?"),
    "w": ("w", "weeks?"),
    "x": ("x",),
}
_UNIT = "|".join(
    rf"(?P<u{at}>{'|'.join(words)}){'' if unit == '%' else chr(92) + 'b'}"
    for at, (unit, words) in enumerate(_UNITS.items())
)
# A digit right after a letter is part of a name (P95, v2.0.0, k6), not a figure.
_FIGURE = re.compile(
    r"(?<![A-Za-z_.\d])(?P<number>\d{4}-\d\d-\d\d|\d{1,3}(?:,\d{3})+|\d+(?:\.\d+)*)"
    rf"(?:[ -]?(?:{_UNIT}))?",
    re.IGNORECASE,
)
_WHOLE = re.compile(r"(\d+)\.0+")  # 4.0 is 4
_ORDINAL = re.compile(
    r"^[\s#>|+*/-]*\d+(?:\.\d+)*[.)]\s"  # "1. First", "## 2. Strategy"
    r"|^#+ \d+(?:\.\d+)+\s"  # "### 2.1 Channels"
    r"|\b(?:stage|gate|phase|step|section|cycle|scenario) \d+\b",
    re.IGNORECASE | re.MULTILINE,
)
_HEADING = re.compile(r"(?P<marks>#{1,6})\s+(?P<title>.+)")
_FENCE = re.compile(r"\s*(?P<fence>`{3,}|~{3,})")
_ENTRIES = re.compile(r"(\d+) (?:entry|entries)")
_NAMES = ("id", "name", "branch", "version", "points", "day", "risk", "title", "text")


@dataclass(frozen=True, slots=True)
class Row:
    """One row: `says` is the document's fact, `path` where it stands, or "to come: why", "example: why"."""

    section: str
    says: str
    path: str
    value: str

    @property
    def is_in_the_pack(self) -> bool:
        return not self.path.startswith(NOT_IN_THE_PACK)


def figures(text: str) -> set[Figure]:
    """Return the figures of a text with their units; ordinals of headings and lists are none."""
    found: set[Figure] = set()
    for match in _FIGURE.finditer(_ORDINAL.sub("", text)):
        unit = next((unit for at, unit in enumerate(_UNITS) if match[f"u{at}"]), "")
        whole = _WHOLE.fullmatch(match["number"])
        found.add((whole[1] if whole else match["number"], unit))
    return found


def lost(wanted: set[Figure], found: set[Figure]) -> set[Figure]:
    """Return the figures that are not among those found; one without a unit may have any there."""
    numbers = {number for number, _ in found}
    return {figure for figure in wanted - found if figure[1] or figure[0] not in numbers}


def sections(text: str) -> dict[str, str]:
    """Return the text under each heading path of a document, headings included, code listings kept whole."""
    found: dict[str, str] = {}
    path: list[str] = []
    fence = ""
    for line in text.splitlines():
        mark = _FENCE.match(line)
        if mark and (not fence or line.strip() == fence):
            fence = "" if fence else mark["fence"]
        heading = None if fence else _HEADING.fullmatch(line)
        if heading:
            depth = len(heading["marks"]) - 2
            if depth < 0:
                path = []
            else:
                path[depth:] = [_plain(heading["title"])]
        name = " › ".join(path) or BEGINNING
        found[name] = found.get(name, "") + line + "\n"
    return {name: body for name, body in found.items() if _says_something(body)}


def rows(page: str) -> Iterator[Row]:
    """Yield the rows of a map with their section."""
    top = deeper = ""
    for line in page.splitlines():
        heading = _HEADING.fullmatch(line)
        if heading and len(heading["marks"]) == 2:
            top, deeper = _plain(heading["title"]), ""
        elif heading and len(heading["marks"]) == 3:
            deeper = _plain(heading["title"])
        elif line.startswith("| ") and not line.startswith(("| ---", "| the document |")):
            cells = [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
            if len(cells) == 3:
                yield Row(f"{top} › {deeper}" if deeper else top, cells[0], cells[1].strip("`"), cells[2])


def holds(node: Node, value: str) -> bool:
    """Return whether the node is what a row's value cell says: a text in backticks, or "7 entries".

    What begins with a bracket, a brace or a quote is YAML. A text may be one of a list's, a mapping name only
    some of the keys.
    """
    entries = _ENTRIES.fullmatch(value)
    if entries:
        return isinstance(node, list | dict) and len(node) == int(entries[1])
    text = value.strip("`").strip()
    wanted: Node = yaml.load(text, yaml.BaseLoader) if text.startswith(("[", "{", '"')) else text
    return _covers(node, wanted)


def find(tree: Node, path: str) -> Node:
    """Return what stands at a dotted path of keys and ids. Raises LookupError, naming what is missing."""
    node = tree
    for part in path.split("."):
        if isinstance(node, dict) and part in node:
            node = node[part]
            continue
        entries = node if isinstance(node, list) else []
        for name in _NAMES:
            named = [entry for entry in entries if isinstance(entry, dict) and entry.get(name) == part]
            if named:
                node = named[0]
                break
        else:
            raise LookupError(part)
    return node


def _covers(node: Node, wanted: Node) -> bool:
    if isinstance(node, dict) and isinstance(wanted, dict):
        return all(key in node and _covers(node[key], part) for key, part in wanted.items())
    if isinstance(node, list) and not isinstance(wanted, list):
        return any(_covers(entry, wanted) or _is_called(entry, wanted) for entry in node)
    return node == wanted


def _is_called(node: Node, wanted: Node) -> bool:
    return isinstance(node, dict) and wanted in (node.get("text"), node.get("title"), node.get("topic"))


def _plain(title: str) -> str:
    return " ".join(re.sub(r"[^\x20-\x7e›→–—]|[*`]", "", title).split())


def _says_something(body: str) -> bool:
    lines = [line.strip() for line in body.splitlines()]
    return any(line and not _HEADING.fullmatch(line) and set(line) != {"-"} for line in lines)
