"""Semantic versions and their precedence, as semver.org 2.0.0 defines them.

Strict on purpose: a leading `v` or a missing part is not a version. How services name their releases is the
business of `domain.releases`.
"""

from __future__ import annotations

import re
from typing import Final, TypeAlias

# Compares as versions do: numbers, then whether it is a release, then the identifiers of a pre-release.
Precedence: TypeAlias = tuple[int, int, int, bool, tuple[tuple[bool, int, str], ...]]

_LONGEST: Final = 256  # characters; longer is no version
_NUMBER: Final = r"(0|[1-9][0-9]*)"
_PRE: Final = r"(?:0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*)"
_SHAPE: Final = re.compile(
    rf"{_NUMBER}\.{_NUMBER}\.{_NUMBER}(?:-({_PRE}(?:\.{_PRE})*))?(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?"
)


def precedence(text: str) -> Precedence | None:
    """Return what a version compares by, None for what is no version. Build metadata doesn't count."""
    if len(text) > _LONGEST:
        return None
    found = _SHAPE.fullmatch(text)
    if found is None:
        return None
    major, minor, patch, pre = found.groups()
    identifiers = tuple(_identifier(one) for one in pre.split(".")) if pre else ()
    return int(major), int(minor), int(patch), pre is None, identifiers


def _identifier(text: str) -> tuple[bool, int, str]:
    """Numbers by their size and below words, words by their characters."""
    return (False, int(text), "") if text.isdecimal() else (True, 0, text)
