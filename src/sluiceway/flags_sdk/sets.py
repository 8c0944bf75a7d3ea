"""Sets of flags as they arrive: whole documents, patches to them, and which flags a new one changes.

Pure. Getting the bytes is the business of `transport`, using the set that of `client`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

from sluiceway.domain.flags.model import Flag, FlagSet, Json
from sluiceway.domain.flags.wire_reading import flag_from_json, set_from_json
from sluiceway.errors import FlagFileError


@dataclass(frozen=True, slots=True)
class Notice:
    """What an event says: which version the server is at and, for small changes, how to get there.

    `changed` and `removed` lead from `base` to `etag`; without a `base` the set has to be fetched.
    """

    etag: str
    version: int = 0
    base: str = ""
    changed: Sequence[object] = ()
    removed: frozenset[str] = frozenset()


def read_set(document: bytes) -> FlagSet:
    """Return the set in a JSON document. Raises FlagFileError naming what is wrong with it."""
    return set_from_json(_parsed(document), where="flag set")


def read_notice(data: str) -> Notice:
    """Return what the data of a `flag-set` event says. Raises FlagFileError when it isn't understood."""
    found = _parsed(data)
    if not isinstance(found, Mapping):
        raise FlagFileError(("event: is not an object",))
    values = cast("Mapping[str, Any]", found)
    etag, base, version = values.get("etag"), values.get("from"), values.get("version")
    if not isinstance(etag, str) or not etag:
        raise FlagFileError(("event.etag: is missing",))
    changed, removed = values.get("flags", []), values.get("removed", [])
    if not isinstance(base, str) or not isinstance(changed, list) or not isinstance(removed, list):
        return Notice(etag)
    return Notice(
        etag,
        version if type(version) is int else 0,
        base,
        cast("list[object]", changed),
        frozenset(str(one) for one in cast("list[object]", removed)),
    )


def patched(flags: FlagSet, notice: Notice) -> FlagSet:
    """Return the set after a notice's changes; new flags come last. Raises FlagFileError for a bad flag."""
    changed = {
        flag.id: flag
        for flag in (
            flag_from_json(one, where=f"event.flags[{at}]", is_strict=False)
            for at, one in enumerate(notice.changed)
        )
    }
    kept = tuple(changed.pop(one.id, one) for one in flags.flags if one.id not in notice.removed)
    return replace(flags, version=notice.version or flags.version + 1, flags=(*kept, *changed.values()))


def changed_flags(before: FlagSet | None, after: FlagSet) -> tuple[str, ...]:
    """Return the ids of flags that may decide otherwise than before, sorted.

    Those that differ, came or went; those that use a segment that did; and all that depend on one of these.
    """
    old = {one.id: one for one in before.flags} if before else {}
    new = {one.id: one for one in after.flags}
    touched = {key for key in old.keys() | new.keys() if _differ(old.get(key), new.get(key))}
    segments = _changed_segments(before, after)
    if segments:
        touched |= {one.id for one in after.flags if any(segments & {*rule.segments} for rule in one.rules)}
    return tuple(sorted(_with_dependents(touched, after.flags)))


def copied(value: Json) -> Json:
    """Return a JSON value that its receiver may change without changing the flag."""
    if isinstance(value, Mapping):
        return {key: copied(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [copied(one) for one in value]
    return value


def _differ(before: Flag | None, after: Flag | None) -> bool:
    return (
        before is not after and before != after
    )  # patches keep what they don't change: asking that is quick


def _changed_segments(before: FlagSet | None, after: FlagSet) -> set[str]:
    old = {one.id: one for one in before.segments} if before else {}
    new = {one.id: one for one in after.segments}
    return {key for key in old.keys() | new.keys() if old.get(key) != new.get(key)}


def _with_dependents(touched: set[str], flags: Sequence[Flag]) -> set[str]:
    dependents: dict[str, list[str]] = {}
    for flag in flags:
        for one in flag.dependencies:
            dependents.setdefault(one.flag, []).append(flag.id)
    found, ahead = set(touched), list(touched)
    while ahead:
        for key in dependents.get(ahead.pop(), ()):
            if key not in found:
                found.add(key)
                ahead.append(key)
    return found


def _parsed(document: bytes | str) -> object:
    try:
        return json.loads(document)
    except (ValueError, RecursionError) as error:
        raise FlagFileError((f"flag set: is not JSON ({error})",)) from error
