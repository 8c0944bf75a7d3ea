"""The maps of the packs: no section and no figure of a source document got lost on its way into a pack."""

from __future__ import annotations

import re
from functools import cache

import pytest
import yaml

from sluiceway.config import parse_process
from sluiceway.domain.process.plan import Process
from sluiceway.packs import pack_names, pack_text
from tests.docs.pack_maps import Node, Row, figures, find, holds, lost, rows, sections
from tests.docs.pages import ROOT

SEEDS = ROOT.parent / "shared" / "seeds"
DOCS = ROOT / "docs" / "packs"
PACKS = list(pack_names())
_SHARED = re.compile(r"^Sections that are not here are mapped in \[.+\]\((\w+)\.md\)\.$", re.MULTILINE)

each_pack = pytest.mark.parametrize("pack", PACKS)


@cache
def process(pack: str) -> Process:
    return parse_process(pack_text(pack), f"{pack}.yaml")


@cache
def tree(pack: str) -> Node:
    """Return a pack as it is written, together with what it extends."""
    found: Node = yaml.load(process(pack).text, yaml.BaseLoader)
    return found


def map_of(pack: str) -> list[Row]:
    """Return the rows of a pack's map, and those of the map it says it shares for sections it has not."""
    page = (DOCS / f"{pack}.md").read_text(encoding="utf-8")
    own = list(rows(page))
    here = {row.section for row in own}
    shared = _SHARED.search(page)
    return own + [row for row in map_of(shared[1]) if row.section not in here] if shared else own


def document(pack: str) -> dict[str, str]:
    """Return the sections of a pack's source document; skip where it is absent."""
    found = sorted(SEEDS.glob(f"{pack}-*.md"))
    if not found:
        pytest.skip(f"needs {SEEDS}/{pack}-*.md: the source documents are not part of this repository")
    return sections(found[0].read_text(encoding="utf-8"))


def words(found: set[tuple[str, str]]) -> str:
    return ", ".join(sorted(number + unit for number, unit in found))


def wrong_values(of: list[Row], pack: Node) -> list[str]:
    wrong: list[str] = []
    for row in of:
        if not row.is_in_the_pack:
            continue
        try:
            node = find(pack, row.path)
        except LookupError as nowhere:
            wrong.append(f"{row.path}: there is no {nowhere}")
            continue
        if not holds(node, row.value):
            wrong.append(f"{row.path}: the map says {row.value}, the pack {node!r}")
        if missing := lost(figures(row.says), figures(row.value) | figures(row.path.replace(".", " "))):
            wrong.append(f"{row.path}: the document says {words(missing)}, the value does not")
    return wrong


def wrong_figures(of: list[Row], source: dict[str, str]) -> list[str]:
    mapped: dict[str, set[tuple[str, str]]] = {}
    for row in of:
        mapped.setdefault(row.section, set()).update(figures(row.says))
    wrong = [f'"{name}" is no section of the document' for name in mapped if name not in source]
    for name, body in source.items():
        if name not in mapped:
            wrong.append(f'"{name}" is not mapped')
            continue
        if missing := figures(body) - mapped[name]:
            wrong.append(f'"{name}": {words(missing)} not mapped')
        if invented := mapped[name] - figures(body):
            wrong.append(f'"{name}": {words(invented)} not in the document')
    return wrong


@each_pack
def test_every_row_of_a_map_holds_in_the_pack(pack: str) -> None:
    of = map_of(pack)

    assert of
    assert wrong_values(of, tree(pack)) == []


@each_pack
def test_every_section_and_figure_of_the_document_is_in_the_map(pack: str) -> None:
    source = document(pack)

    assert wrong_figures(map_of(pack), source) == []


@each_pack
def test_what_is_not_in_the_pack_says_why(pack: str) -> None:
    bare = [row for row in map_of(pack) if not row.is_in_the_pack and not row.path.partition(":")[2].strip()]

    assert bare == []


NOTES = (r"(\w+) has no source in this process", '"(.+)" is not about known')


def told(pack: str) -> list[set[str]]:
    """Return what a pack's notes are about: figures to push, things to attest."""
    notes = [str(note) for note in process(pack).notes]
    return [{found[1] for note in notes if (found := re.search(pattern, note))} for pattern in NOTES]


@each_pack
def test_the_index_names_what_loading_a_pack_tells(pack: str) -> None:
    index = (DOCS / "index.md").read_text(encoding="utf-8")
    table = index[index.index("## What loading a pack tells") :]
    (line,) = [line for line in table.splitlines() if f"({pack}.md)" in line]

    assert [set(re.findall("`([^`]+)`", cell)) for cell in line.split(" | ")[1:]] == told(pack)


def test_there_is_a_map_for_every_pack_and_a_pack_for_every_map() -> None:
    assert sorted(path.stem for path in DOCS.glob("*.md") if path.stem != "index") == PACKS


def test_the_index_links_every_map() -> None:
    index = (DOCS / "index.md").read_text(encoding="utf-8")

    assert [pack for pack in PACKS if f"({pack}.md)" not in index] == []


SOURCE = """\
# Guide

## Stages

### Stage 1: Few (1%)

1. Wait 24 hours
2. Error rate < 0.5%, P95 below 200ms

```bash
# not a heading, sleep 30s
```
"""
PAGE = """\
## Stages

### Stage 1: Few (1%)

| the document | in the pack | value |
| --- | --- | --- |
| 1% | `stages.few.weight` | `1%` |
| 24 hours | `stages.few.duration` | `24h` |
| < 0.5% | `stages.few.criteria` | `Error rate < 0.5%` |
| below 200ms | `stages.few.criteria` | `p95 < 200ms` |
| pause of 30s | example: of the listing | |
"""
PACK: Node = {
    "stages": [
        {"name": "few", "weight": "1%", "duration": "24h", "criteria": ["Error rate < 0.5%", "p95 < 200ms"]}
    ]
}


def test_a_faithful_map_has_nothing_wrong() -> None:
    of = list(rows(PAGE))

    assert wrong_values(of, PACK) == []
    assert wrong_figures(of, sections(SOURCE)) == []


@pytest.mark.parametrize(
    ("said", "instead", "wrong"),
    [
        ("| 24 hours | `stages.few.duration` | `24h` |\n", "", ["24h not mapped"]),
        ("| 24 hours |", "| 24 days |", ["24h not mapped", "24d not in the document"]),
    ],
    ids=["a row is missing", "another unit"],
)
def test_a_map_that_lost_a_figure_is_told(said: str, instead: str, wrong: list[str]) -> None:
    of = list(rows(PAGE.replace(said, instead, 1)))

    assert wrong_figures(of, sections(SOURCE)) == [f'"Stages › Stage 1: Few (1%)": {text}' for text in wrong]


def test_a_map_of_sections_the_document_has_not_is_told() -> None:
    of = list(rows(PAGE.replace("## Stages", "## Steps")))

    assert wrong_figures(of, sections(SOURCE)) == [
        '"Steps › Stage 1: Few (1%)" is no section of the document',
        '"Stages › Stage 1: Few (1%)" is not mapped',
    ]


@pytest.mark.parametrize(
    ("said", "instead", "wrong"),
    [
        (
            "| `24h` |",
            "| `48h` |",
            [
                "stages.few.duration: the map says `48h`, the pack '24h'",
                "stages.few.duration: the document says 24h, the value does not",
            ],
        ),
        ("few.weight", "full.weight", ["stages.full.weight: there is no full"]),
        ("| < 0.5% |", "| < 0.6% |", ["stages.few.criteria: the document says 0.6%, the value does not"]),
    ],
    ids=["another value", "a path that leads nowhere", "a fact of another figure"],
)
def test_a_map_that_is_not_true_of_the_pack_is_told(said: str, instead: str, wrong: list[str]) -> None:
    of = list(rows(PAGE.replace(said, instead, 1)))

    assert wrong_values(of, PACK) == wrong


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("24 hours, 24h", "24h"),
        ("1-2 week turnaround", "1, 2w"),
        ("Error rate > 5x baseline for 10 minutes", "10m, 5x"),
        ("2,547 users since 2024-03-15", "2,547, 2024-03-15"),
        ("P95 of v2.0.0 with k6", ""),
        ("### 2.1 Channels", ""),
        ("### 3 Days Before Release", "3d"),
        ("3. Third of 4", "4"),
        ("0.1% of 1.5.0", "0.1%, 1.5.0"),
        ("4.0 and 10.0%", "10%, 4"),
    ],
)
def test_figures_are_numbers_with_units_but_no_names_and_no_ordinals(text: str, found: str) -> None:
    assert words(figures(text)) == found
