"""Ids made of texts."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluiceway.config.slugs import MAX_CHARS, slug


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Rollback procedure is ready", "rollback-procedure-is-ready"),
        ("business_value", "business-value"),
        ("  Error rate < 0.1% (p95)  ", "error-rate-0-1-p95"),
        ("Café à Paris", "cafe-a-paris"),
        ("x" * 80, "x" * 63),
        ("发布", "item-b61f333b"),
    ],
)
def test_a_texts_words_are_its_id(text: str, wanted: str) -> None:
    assert slug(text) == wanted


def test_a_long_text_is_cut_after_a_whole_word() -> None:
    text = "Everybody who is on call this week knows how the database is put back"

    assert slug(text) == "everybody-who-is-on-call-this-week-knows-how-the-database-is"


@given(text=st.text())
def test_every_text_has_an_id_that_is_its_own_id(text: str) -> None:
    found = slug(text)

    assert re.fullmatch(r"[a-z0-9][a-z0-9-]*", found)
    assert len(found) <= MAX_CHARS
    assert slug(found) == found
