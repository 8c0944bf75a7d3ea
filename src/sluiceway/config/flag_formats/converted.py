"""What comes out of a conversion, either way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sluiceway.domain.flags.model import FlagSet, Json


@dataclass(frozen=True, slots=True)
class Converted:
    """A set of flags, and what people should know about how it differs from where it came from."""

    flags: FlagSet
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Exported:
    """Another tool's document, and what it could not be told."""

    document: Mapping[str, Json]
    notes: tuple[str, ...] = ()
