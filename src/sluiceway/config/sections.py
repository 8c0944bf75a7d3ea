"""Which keys a section of a process file may hold: the one list that reader, JSON Schema and docs test share.

`Section.read` hands out a mapping's values by key and reports unknown, missing and doubled keys. Turning a
value into a type is the business of `values`; the lists themselves stand in `vocabulary`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sluiceway.config.tree import ROOT, Value, nearest

Schema = dict[str, Any]

_MANY = 25  # more keys than that are not listed in a message


@dataclass(frozen=True, slots=True)
class Key:
    """One key: its JSON Schema, what it means, and other names it goes by."""

    name: str
    schema: Schema
    meaning: str
    synonyms: tuple[str, ...] = ()
    is_required: bool = False

    @property
    def may_be_empty(self) -> bool:
        """Whether it may stand there without a value, as when a list's items are commented out."""
        return {"type": "null"} in self.schema.get("anyOf", [])


@dataclass(frozen=True, slots=True)
class Section:
    """The keys of one kind of mapping. Keys that begin with `free_prefix` are left alone.

    `also` is what the JSON Schema asks for besides single keys.
    """

    title: str
    keys: tuple[Key, ...]
    free_prefix: str = ""
    also: Schema = field(default_factory=dict[str, Any])

    def read(self, value: Value) -> Fields:
        """Return the section's values by key; every unknown, doubled or missing key is a problem."""
        if not value.is_mapping:
            value.expected(
                f"a mapping with {_listed(tuple(key.name for key in self.keys if key.is_required))}"
            )
            return Fields(value, {}, is_mapping=False)
        by_word = {word: key for key in self.keys for word in (key.name, *key.synonyms)}
        found: dict[str, Value] = {}
        for key, entry in value.entries():
            if self.free_prefix and key.raw.startswith(self.free_prefix):
                continue
            known = by_word.get(key.raw)
            if known is None:
                near = nearest(key.raw, by_word)
                key.problem(f'unknown key "{key.raw}", expected {_one_of(self.keys)}{near}')
            elif known.name in found:
                key.problem(f'"{key.raw}" says the same as "{known.name}", expected one of them')
            else:
                found[known.name] = entry
                if entry.is_null and not known.may_be_empty:
                    entry.problem(f"found nothing, expected {known.meaning}")
        for missing in self.keys:
            if missing.is_required and missing.name not in found:
                value.problem(f'"{missing.name}" is missing, expected {missing.meaning}')
        return Fields(value, found)

    def schema(self) -> Schema:
        """Return the JSON Schema of this section."""
        properties: Schema = {}
        alternatives: list[Schema] = []
        for key in self.keys:
            for word in (key.name, *key.synonyms):
                properties[word] = {**key.schema, "description": key.meaning}
            if key.synonyms:
                words = (key.name, *key.synonyms)
                one = [{"required": [word]} for word in words]
                alternatives.append({"oneOf": one} if key.is_required else _at_most_one(words))
            elif key.is_required:
                alternatives.append({"required": [key.name]})
        schema: Schema = {"type": "object", "title": self.title, "properties": properties}
        if alternatives:
            schema["allOf"] = alternatives
        if self.free_prefix:
            schema["patternProperties"] = {f"^{self.free_prefix}": {}}
        return {**schema, **self.also, "additionalProperties": False}


def _at_most_one(words: tuple[str, ...]) -> Schema:
    pairs = [(a, b) for index, a in enumerate(words) for b in words[index + 1 :]]
    return {"not": {"anyOf": [{"required": [a, b]} for a, b in pairs]}}


def _one_of(keys: tuple[Key, ...]) -> str:
    if len(keys) > _MANY:
        return 'one of those that "sluice schema" lists'
    names = ", ".join(key.name for key in keys)
    return names if len(keys) == 1 else f"one of {names}"


def _listed(names: tuple[str, ...]) -> str:
    return " and ".join(names) if names else "keys and values"


@dataclass(frozen=True, slots=True)
class Fields:
    """A section that was read: the values of its known keys."""

    value: Value
    found: Mapping[str, Value] = field(default_factory=dict[str, Value])
    is_mapping: bool = True

    def get(self, name: str) -> Value | None:
        """Return the value of a key, None when it is absent or left empty."""
        value = self.found.get(name)
        return None if value is None or value.is_null else value

    def has(self, name: str) -> bool:
        """Return whether the key stands there, with or without a value."""
        return name in self.found

    def at(self, name: str) -> Value:
        """Return the value of a key, the section itself when absent: where to report a problem."""
        return self.found.get(name, self.value)

    def path(self, name: str) -> str:
        """Return the path of a key, present or not."""
        return name if self.value.path == ROOT else f"{self.value.path}.{name}"
