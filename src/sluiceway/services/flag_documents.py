"""Flags and segments as the store keeps them: JSON texts, read once and kept beside what they say."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sluiceway.domain.flags.model import Flag, Segment
from sluiceway.domain.flags.proposals import ItemKind
from sluiceway.domain.flags.wire import flag_to_json, segment_to_json
from sluiceway.domain.flags.wire_reading import flag_from_json, segment_from_json
from sluiceway.errors import FlagFileError, InvalidInputError, StoreError
from sluiceway.ports.flags import FlagRow, ItemKey

Item = Flag | Segment


@dataclass(frozen=True, slots=True)
class Held:
    """A flag or segment of a set as it stands, None once it was taken away."""

    item: Item | None
    text: str
    version: int
    changed_at: datetime
    changed_by: str


Items = Mapping[ItemKey, Held]


def text_of(item: Item | None) -> str:
    """Return the document that the store keeps, "" for None.

    Raises InvalidInputError for a text that can't be sent as UTF-8.
    """
    if item is None:
        return ""
    document = flag_to_json(item) if isinstance(item, Flag) else segment_to_json(item)
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise InvalidInputError(
            f"{key_of(item)[0]} {item.id[:100]!a} holds half of a surrogate pair, which is no character"
        ) from error
    if "\\u0000" in text:
        raise InvalidInputError(f"{key_of(item)[0]} {item.id[:100]!a} holds a NUL character; leave it out")
    return text


def key_of(item: Item) -> ItemKey:
    """Return the kind and id by which an item is known in its set."""
    return (ItemKind.FLAG if isinstance(item, Flag) else ItemKind.SEGMENT), item.id


def item_of(kind: ItemKind, text: str) -> Item | None:
    """Return what a document says, None for "". Raises StoreError for one that can't be read."""
    if not text:
        return None
    try:
        document = json.loads(text)
        if kind is ItemKind.FLAG:
            return flag_from_json(document, is_strict=False)
        return segment_from_json(document, is_strict=False)
    except (ValueError, FlagFileError) as error:
        raise StoreError(
            f"the database holds a {kind} that can't be read ({error}); restore a copy"
        ) from error


def held(row: FlagRow) -> Held:
    """Return a stored row, read. Raises StoreError."""
    item = item_of(row.kind, row.document)
    return Held(item, row.document, row.version, row.changed_at, row.changed_by)


def flags_of(items: Items) -> tuple[Flag, ...]:
    """Return the flags that are there, by id."""
    found = [one.item for one in items.values() if isinstance(one.item, Flag)]
    return tuple(sorted(found, key=lambda flag: flag.id))


def segments_of(items: Items) -> tuple[Segment, ...]:
    """Return the segments that are there, by id."""
    found = [one.item for one in items.values() if isinstance(one.item, Segment)]
    return tuple(sorted(found, key=lambda segment: segment.id))
