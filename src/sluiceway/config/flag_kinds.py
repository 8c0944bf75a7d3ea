"""What single values of a flag file look like to editors, and how they become the JSON of `wire`.

Durations and instants can be wrong here; whether what results is a flag is decided by
`sluiceway.domain.flags.wire_reading`. Which key holds which is the business of `flag_vocabulary`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, cast

from sluiceway.config import shapes
from sluiceway.config.flag_times import parse_instant
from sluiceway.config.sections import Schema
from sluiceway.config.tree import Value
from sluiceway.domain.flags.model import (
    ValueType,
)
from sluiceway.domain.process.durations import parse_duration
from sluiceway.errors import InvalidInputError

Entries = Mapping[str, Value]  # a mapping's keys and values


@dataclass(slots=True)
class Places:
    """Where each part of a JSON document came from, by its path in that document."""

    by_path: dict[str, Value] = field(default_factory=dict[str, Value])
    zone: str = ""  # of times that name none: the window's, while it is read

    def find(self, problem: str) -> tuple[Value | None, str]:
        """Return the value that a problem (`path: what`) is about, or the nearest around it, and the rest."""
        path = problem
        while path:
            if path in self.by_path and problem[len(path) :][:1] in {":", ".", "[", ""}:
                return self.by_path[path], problem[len(path) :]
            path = path[:-1]
        return None, problem


@dataclass(frozen=True, slots=True)
class Kind:
    """What a value looks like, and how it becomes JSON."""

    schema: Schema
    read: Callable[[Value, str, Places], Any]


@dataclass(frozen=True, slots=True)
class Shape:
    """The keys of one kind of object. `renamed` are other words for keys; `scalar` the key of a mere text."""

    name: str
    kinds: Mapping[str, tuple[Kind, str]]
    required: tuple[str, ...] = ()
    renamed: Mapping[str, str] = field(default_factory=dict[str, str])
    scalar: str = ""

    def read(self, value: Value, path: str, places: Places) -> Any:
        places.by_path[path] = value
        if self.scalar and value.is_scalar:
            return {self.scalar: value.raw}
        if not value.is_mapping:
            return plain(value)
        return self.read_entries({key.raw: entry for key, entry in value.entries()}, path, places)

    def read_entries(self, entries: Entries, path: str, places: Places) -> dict[str, Any]:
        """Return the JSON object of these keys; unknown ones stay, for `wire_reading` to name them."""
        found: dict[str, Any] = {}
        for word, value in entries.items():
            key = self.renamed.get(word, word)
            kind = self.kinds.get(key)
            places.by_path[f"{path}.{key}"] = value
            if value.is_null:
                continue
            found[key] = kind[0].read(value, f"{path}.{key}", places) if kind else plain(value)
        return found

    def schema(self) -> Schema:
        short = {other: key for key, other in self.renamed.items()}
        properties = {
            short.get(key, key): {**kind.schema, "description": words}
            for key, (kind, words) in self.kinds.items()
        }
        found: Schema = {
            "type": "object",
            "properties": properties,
            "required": list(self.required),
            "additionalProperties": False,
        }
        return {"anyOf": [shapes.SCALAR, found]} if self.scalar else found

    def kind(self) -> Kind:
        return Kind(shapes.ref(self.name), self.read)

    def kinds_listed(self) -> Kind:
        return each(self.kind())


def plain(value: Value) -> Any:
    """Return a value as JSON; numbers and truths as YAML has them, the rest as text."""
    if value.is_mapping:
        return {key.raw: plain(entry) for key, entry in value.entries()}
    if value.is_list:
        return [plain(item) for item in value.items()]
    match value.kind:
        case "null":
            return None
        case "bool":
            return value.raw.lower() in {"true", "yes", "on"}
        case "int" | "float":
            return _number(value.raw)
        case _:
            return value.raw


def _number(raw: str) -> Any:
    for number in (int, float):
        try:
            found = number(raw)
        except ValueError:
            continue
        return found if math.isfinite(found) else raw
    return raw


def _text(value: Value, _path: str, _places: Places) -> Any:
    return value.raw if value.is_scalar else plain(value)


def _json(value: Value, _path: str, _places: Places) -> Any:
    return plain(value)


def _texts(value: Value, path: str, places: Places) -> Any:
    if value.is_scalar:
        return [value.raw]
    if not value.is_list:
        return plain(value)
    found = value.items()
    places.by_path.update({f"{path}[{at}]": item for at, item in enumerate(found)})
    return [item.raw if item.is_scalar else plain(item) for item in found]


def _seconds(value: Value, _path: str, _places: Places) -> Any:
    if not value.is_scalar or value.kind in {"int", "float"}:
        return plain(value)
    try:
        return parse_duration(value.raw)
    except InvalidInputError as problem:
        value.problem(str(problem))
        return 0


def _instant(value: Value, _path: str, places: Places) -> Any:
    if not value.is_scalar:
        return plain(value)
    try:
        found, zone = parse_instant(value.raw, places.zone or "UTC")
    except InvalidInputError as problem:
        value.problem(str(problem))
        return None
    places.zone = places.zone or zone
    return found.isoformat()


def each(kind: Kind) -> Kind:
    def read(value: Value, path: str, places: Places) -> Any:
        if not value.is_list:
            return plain(value)
        return [kind.read(item, f"{path}[{at}]", places) for at, item in enumerate(value.items())]

    return Kind(shapes.list_of(kind.schema), read)


def named(kind: Kind, name: str, worth: str, schema: Schema) -> Kind:
    """Return the kind of a list that may be a mapping from each item's `name` to what it is `worth`."""
    listed = each(kind)

    def read(value: Value, path: str, places: Places) -> Any:
        if not value.is_mapping:
            return listed.read(value, path, places)
        found: list[Any] = []
        for at, (key, entry) in enumerate(value.entries()):
            places.by_path.update({f"{path}[{at}]": key, f"{path}[{at}].{worth}": entry})
            found.append({name: key.raw, worth: plain(entry)})
        return found

    return Kind({"anyOf": [listed.schema, {"type": "object", "additionalProperties": schema}]}, read)


def word(words: type[StrEnum]) -> Kind:
    return Kind({"type": "string", "enum": [one.value for one in words]}, _text)


ANY: Schema = {}
TEXT = Kind(shapes.SCALAR, _text)
TEXTS = Kind({"anyOf": [shapes.SCALAR, shapes.list_of(shapes.SCALAR)]}, _texts)
TRUTH = Kind(shapes.TRUTH, _json)
JSON = Kind(ANY, _json)
OBJECT = Kind({"type": "object"}, _json)
WHOLE = Kind({"type": "integer", "minimum": 0}, _json)
PERCENT = Kind(
    {
        "anyOf": [
            {"type": "number", "minimum": 0, "maximum": 100},
            {"type": "string", "pattern": r"^(100(\.0+)?|\d{1,2}(\.\d{1,3})?)\s*%?$"},
        ],
        "examples": ["25%", "0.1%"],
    },
    _text,
)
SECONDS = Kind(
    {"anyOf": [{"type": "number", "minimum": 0}, {"type": "string"}], "examples": ["5m", "30s"]}, _seconds
)
INSTANT = Kind({"type": "string", "examples": ["2026-12-01 08:00 Europe/Berlin"]}, _instant)


def value_type_of(variants: Any) -> str:
    """Return the type that a flag's variants, as JSON, have: that of a flag which doesn't say it."""
    objects = [cast("Mapping[str, object]", one) for one in _listed(variants) if isinstance(one, Mapping)]
    worth = [one.get("value") for one in objects]
    if all(isinstance(one, bool) for one in worth):
        return ValueType.BOOLEAN.value
    if all(isinstance(one, str) for one in worth):
        return ValueType.STRING.value
    if all(isinstance(one, int | float) and not isinstance(one, bool) for one in worth):
        return ValueType.NUMBER.value
    return ValueType.OBJECT.value


def _listed(value: Any) -> list[object]:
    return cast("list[object]", value) if isinstance(value, list) else []


def merged_lists(base: Value, over: Value) -> Iterator[tuple[Value, Entries | None]]:
    """Yield the items of `over`; those whose id `base` has too with what they leave out taken from there."""
    known = {own.raw: item for item in base.items() if (own := item.entry("id")) is not None}
    for item in over.items():
        own = item.entry("id")
        parent = known.get(own.raw) if own is not None else None
        if parent is None:
            yield item, None
            continue
        entries = {key.raw: value for key, value in parent.entries()}
        yield item, {**entries, **{key.raw: value for key, value in item.entries()}}
