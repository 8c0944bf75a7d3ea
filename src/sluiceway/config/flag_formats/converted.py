"""What comes out of a conversion, either way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sluiceway.domain.flags.model import FlagSet, Json


@dataclass(frozen=True, slots=True)
class Converted:
    """A set of flags, and what people should know about how it differs from where it came from.

    `problems` name what could not be carried over at all: flags that are therefore not in the set.
    """

    flags: FlagSet
    notes: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Exported:
    """Another tool's document, and what it could not be told. `problems` name flags left out of it."""

    document: Mapping[str, Json]
    notes: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
