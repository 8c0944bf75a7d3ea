"""Reading the documentation as a program: its pages, links and fenced blocks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])

_FENCE = re.compile(r"^```(?P<language>\w*)(?P<options>[^\n]*)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
_TITLE = re.compile(r'title="([^"]*)"')
_LINK = re.compile(r"(?<!!)\[[^\]]+\]\((?P<target>[^)\s]+)\)")


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: its language, its title (file name or terminal) and its text."""

    language: str
    title: str
    body: str


def blocks(text: str) -> Iterator[Block]:
    """Yield the fenced blocks of a page in order."""
    for found in _FENCE.finditer(text):
        title = _TITLE.search(found["options"])
        yield Block(found["language"], title[1] if title else "", found["body"])


def links(text: str) -> Iterator[str]:
    """Yield the targets of a page's links, those inside fenced blocks aside."""
    for found in _LINK.finditer(_FENCE.sub("", text)):
        yield found["target"]
