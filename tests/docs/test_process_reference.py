"""The reference of process files and expressions: nothing missing, and its examples are true."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sluiceway.config import json_schema, parse_process
from sluiceway.domain.process import metrics
from sluiceway.domain.process.conditions import Conditions, Expressed
from tests.docs.pages import ROOT, blocks

FILE, TEAM = (
    (ROOT / "docs" / "reference" / name).read_text(encoding="utf-8")
    for name in ("process-file.md", "process-file-team.md")
)
EXPRESSIONS = (ROOT / "docs" / "reference" / "expressions.md").read_text(encoding="utf-8")


def keys_of_the_schema() -> set[tuple[str, str]]:
    schema = json_schema()
    sections = {"The file": schema["else"], **schema["$defs"]}
    return {(title, key) for title, section in sections.items() for key in section["properties"]}


def keys_of_the_pages() -> set[tuple[str, str]]:
    found: set[tuple[str, str]] = set()
    title = ""
    for line in (*FILE.splitlines(), *TEAM.splitlines()):
        if line.startswith("#"):
            title = line.lstrip("# ")
        elif line.startswith("| `"):
            first_cell = line.split(" | ")[0]
            found |= {(title, key) for key in re.findall(r"`(\w+)`", first_cell)}
    return found


def test_every_key_of_the_schema_stands_in_its_section_of_the_reference() -> None:
    assert keys_of_the_schema() - keys_of_the_pages() == set()


def test_the_reference_names_no_key_that_does_not_exist() -> None:
    actions = {("trigger", word) for word in ("immediate", "gradual", "emergency", "pause", "ask")}
    values = {("extends", "null")}

    assert keys_of_the_pages() - keys_of_the_schema() == actions | values


@pytest.mark.parametrize(
    "text",
    [block.body for page in (FILE, TEAM) for block in blocks(page) if block.language == "yaml"],
    ids=lambda text: text[:20].strip(),
)
def test_the_examples_of_the_reference_are_valid(text: str, tmp_path: Path) -> None:
    for block in blocks(FILE):
        if block.title.endswith(".yaml"):
            (tmp_path / block.title).write_text(block.body, encoding="utf-8")

    assert parse_process(text, "example.yaml", tmp_path).content_hash


def rows(page: str) -> list[list[str]]:
    """Return the cells of every table row of a page."""
    lines = [line for line in page.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


SENTENCES = [
    (cells[0].strip("` "), cells[1])
    for cells in rows(EXPRESSIONS[EXPRESSIONS.index("## Sentences") : EXPRESSIONS.index("## What a person")])
    if cells[0].startswith("`")
]


@pytest.mark.parametrize(("sentence", "meaning"), SENTENCES, ids=lambda text: text)
def test_a_sentence_means_what_the_reference_says(sentence: str, meaning: str) -> None:
    found = Conditions().read(sentence)

    assert isinstance(found, Expressed)
    assert f"`{found.expression}`" in meaning


def test_every_metric_stands_in_the_reference_as_it_is() -> None:
    found = {cells[0].strip("`"): cells[1:] for cells in rows(EXPRESSIONS) if len(cells) >= 4}

    for metric in metrics.CATALOGUE:
        assert found[metric.name] == [metric.unit, metric.source, ", ".join(metric.phrases), metric.meaning]
    for derived in metrics.DERIVED:
        assert found[derived.name] == [derived.unit, f"`{derived.of}`", derived.meaning]
