"""The documentation keeps its promises: links lead somewhere, and what it tells people to type exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.docs.pages import PAGES, ROOT, links

NAMES = [str(page.relative_to(ROOT)) for page in PAGES]
TARGETS = set(re.findall(r"^([a-z-]+):.*##", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_links_of_a_page_lead_to_files_that_exist(page: Path) -> None:
    local = [
        target.partition("#")[0] for target in links(page.read_text(encoding="utf-8")) if "://" not in target
    ]

    assert [target for target in local if target and not (page.parent / target).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_make_targets_that_a_page_names_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    named = set(re.findall(r"(?:^ {4}|`)make ([a-z]+(?:-[a-z]+)*)\b", text, re.MULTILINE))

    assert named <= TARGETS


@pytest.mark.parametrize(
    "page", [page for page in PAGES if "how-to" in page.parts], ids=lambda page: page.stem
)
def test_a_guide_is_listed_on_the_front_page(page: Path) -> None:
    front = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")

    assert str(page.relative_to(ROOT / "docs")) in set(links(front))


def test_make_help_lists_every_target_of_the_foundation() -> None:
    assert {"setup", "demo", "serve", "test", "lint", "bench", "docs", "help", "lock"} <= TARGETS


def test_every_page_has_a_place_in_the_navigation() -> None:
    navigation = (ROOT / "zensical.toml").read_text(encoding="utf-8")
    pages = [str(page.relative_to(ROOT / "docs")) for page in PAGES if page.is_relative_to(ROOT / "docs")]

    missing = [page for page in pages if f'"{page}"' not in navigation]

    assert missing == [], "give them a place in the `nav` of zensical.toml"
