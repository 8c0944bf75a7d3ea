"""The reference of change request files names every key, and no other."""

from __future__ import annotations

import re

from sluiceway.config.change_request import SECTIONS
from tests.docs.pages import ROOT

PAGE = (ROOT / "docs" / "reference" / "change-request-file.md").read_text(encoding="utf-8")


def test_the_page_lists_the_keys_of_each_section_in_order() -> None:
    tables = [
        re.findall(r"^\| `(\w+)` \|", part, re.MULTILINE)
        for part in re.split(r"^## ", PAGE, flags=re.MULTILINE)
    ]

    assert tables == [[key.name for key in section.keys] for section in SECTIONS.values()]
