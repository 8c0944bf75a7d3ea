"""Precedence as semver.org 2.0.0 defines it, with its own examples."""

from __future__ import annotations

from itertools import pairwise

import pytest

from sluiceway.domain.flags.semver import precedence

ASCENDING = (
    "0.9.9",
    "1.0.0-alpha",
    "1.0.0-alpha.1",
    "1.0.0-alpha.beta",
    "1.0.0-beta",
    "1.0.0-beta.2",
    "1.0.0-beta.11",
    "1.0.0-rc.1",
    "1.0.0",
    "1.2.0",
    "1.10.0",
    "2.0.0",
)


@pytest.mark.parametrize(("lower", "higher"), list(pairwise(ASCENDING)))
def test_versions_are_ordered_as_the_standard_says(lower: str, higher: str) -> None:
    one, other = precedence(lower), precedence(higher)

    assert one is not None
    assert other is not None
    assert one < other


def test_build_metadata_does_not_count() -> None:
    assert precedence("1.0.0+build.7") == precedence("1.0.0")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1",
        "1.2",
        "v1.2.3",
        "01.2.3",
        "1.2.3-01",
        "1.2.3-",
        "1.2.3\n",
        "1.2.3 ",
        "a.b.c",
        "1.2.3-ü",
        "9" * 300,
    ],
)
def test_anything_else_is_no_version(text: str) -> None:
    assert precedence(text) is None
