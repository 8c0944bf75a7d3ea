"""Records: one declaration of a mapping's keys gives its JSON Schema, its reading and its problems.

A `Reader` is what a value looks like to editors together with how it becomes a type. A `Record` is a mapping
whose keys each have a reader and fill one field of a dataclass. What may be named from elsewhere in the file
(roles, phases, gates ...) is in the `Scope`: collected before anything is read, so that an item with a
problem of its own is not called unknown as well. Single values are read by `plain`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

from sluiceway.config import shapes, values
from sluiceway.config.sections import Fields, Key, Schema, Section
from sluiceway.config.slugs import slug
from sluiceway.config.tree import Value, nearest

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

_MANY = 12  # more names than that are not listed in a message


@dataclass(frozen=True, slots=True)
class Scope:
    """What parts of one file may name, and how a condition on figures is read.

    `known` holds ids by what they are: "role", "phase" ... `condition` returns CEL, None after a problem.
    """

    known: Mapping[str, frozenset[str]]
    condition: Callable[[Value], str | None]

    def knowing(self, more: Mapping[str, frozenset[str]]) -> Scope:
        """Return the scope with further ids."""
        return replace(self, known={**self.known, **more})


@dataclass(frozen=True, slots=True)
class Reader(Generic[T_co]):
    """What a value looks like, and how it is read; None after a problem was reported."""

    schema: Schema
    read: Callable[[Value, Scope], T_co | None]


@dataclass(frozen=True, slots=True)
class Part:
    """One key of a record and the field it fills."""

    key: Key
    field: str
    reader: Reader[object]


def part(
    name: str,
    reader: Reader[object],
    meaning: str,
    *,
    to: str = "",
    is_required: bool = False,
    synonyms: tuple[str, ...] = (),
) -> Part:
    """Return a part; `to` names the field when it is not called as the key is."""
    return Part(Key(name, reader.schema, meaning, synonyms, is_required), to or name, reader)


@dataclass(frozen=True, slots=True)
class OneOf:
    """Of these keys only one may stand in a mapping, or must where `is_required`."""

    keys: tuple[str, ...]
    is_required: bool = False

    @property
    def schema(self) -> Schema:
        each = [{"required": [key]} for key in self.keys]
        if self.is_required:
            return {"oneOf": each}
        return {"oneOf": [*each, {"not": {"anyOf": each}}]}

    def is_kept(self, fields: Fields) -> bool:
        """Return whether the mapping keeps to it; report a problem where it does not."""
        found = [key for key in self.keys if fields.has(key)]
        if len(found) > 1:
            named = " and ".join(f'"{key}"' for key in found)
            fields.at(found[1]).problem(f"found {named}, expected one of them")
        elif not found and self.is_required:
            fields.value.problem(f"found none of {', '.join(self.keys)}, expected one of them")
        return len(found) == 1 or not (found or self.is_required)


@dataclass(frozen=True, slots=True)
class Record(Generic[T]):
    """A kind of mapping. `name` is what the JSON Schema and the docs call it.

    `declares` says which ids this mapping makes known to what is below it: what they are, and the key of
    their list. Things that go by the text under `plain` may leave their id out, which is then made of it, and
    in a list such a text may stand alone.
    `check` looks at the whole once it is read.
    """

    name: str
    title: str
    build: Callable[..., T]
    parts: tuple[Part, ...]
    one_of: OneOf | None = None
    declares: tuple[tuple[str, str], ...] = ()
    plain: str = ""
    check: Callable[[Fields, T, Scope], None] | None = None

    @property
    def section(self) -> Section:
        also = self.one_of.schema if self.one_of else {}
        return Section(self.title, tuple(one.key for one in self.parts), also=also)

    @property
    def schema(self) -> Schema:
        mapping = shapes.ref(self.name)
        return {"anyOf": [mapping, shapes.TEXT]} if self.plain else mapping

    @property
    def reader(self) -> Reader[T]:
        """Return how a value of this kind is read."""
        return Reader(self.schema, self.read)

    def read(self, value: Value, scope: Scope) -> T | None:
        """Return what the mapping builds, None after a problem in it was reported."""
        if self.plain and value.is_scalar:
            return self._read_plain(value)
        fields = self.section.read(value)
        if not fields.is_mapping:
            return None
        is_kept = self.one_of is None or self.one_of.is_kept(fields)
        declared = {kind: ids_of(fields.get(key)) for kind, key in self.declares}
        given = read_parts(fields, self.parts, scope.knowing(declared) if declared else scope)
        if given is None or not is_kept:
            return None
        if self.plain in given:
            given.setdefault("id", slug(given[self.plain]))
        if "id" in given and any(one.field == "title" for one in self.parts):
            given.setdefault("title", title_of(str(given["id"])))
        made = self.build(**given)
        if self.check is not None:
            self.check(fields, made, scope)
        return made

    def _read_plain(self, value: Value) -> T | None:
        text = values.text(value)
        return None if text is None else self.build(**{"id": slug(text), self.plain: text.strip()})


def read_parts(fields: Fields, parts: Sequence[Part], scope: Scope) -> dict[str, Any] | None:
    """Return the fields that a mapping gives, those absent left out; None after a problem was reported."""
    given: dict[str, Any] = {}
    is_complete = True
    for one in parts:
        entry = fields.get(one.key.name)
        if entry is None:
            is_complete = is_complete and not one.key.is_required and not fields.has(one.key.name)
            continue
        found = one.reader.read(entry, scope)
        if found is None:
            is_complete = False
        else:
            given[one.field] = found
    return given if is_complete else None


def title_of(item_id: str) -> str:
    """Return the title of something that has none: "release-manager" is "Release manager"."""
    return item_id.replace("-", " ").capitalize()


def ids_of(value: Value | None) -> frozenset[str]:
    """Return the ids of a list's items or a mapping's keys as far as they can be told, without problems."""
    if value is None:
        return frozenset()
    if value.is_mapping:
        return frozenset(key.raw for key, _ in value.entries())
    items = value.items() if value.is_list else ()
    return frozenset(found for item in items if (found := _id_of(item)[0]))


def with_article(noun: str) -> str:
    """Return the noun with "a" or "an" before it."""
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"


def one_of_these(names: Collection[str]) -> str:
    """Return "one of ada, bob", or the only name; too many are counted instead."""
    if len(names) > _MANY:
        return f"one of the {len(names)} that this process has"
    return f"{'' if len(names) == 1 else 'one of '}{', '.join(sorted(names))}"


def _id_of(item: Value) -> tuple[str, Value]:
    """Return an item's id and where it stands: made of its text where it has none, "" without both."""
    if item.is_scalar:
        return slug(item.raw) if item.raw.strip() else "", item
    by_word = {key.raw: entry for key, entry in item.entries()} if item.is_mapping else {}
    if "id" in by_word:
        return by_word["id"].raw, by_word["id"]
    text = by_word.get("text")
    return (slug(text.raw), text) if text is not None and text.raw.strip() else ("", item)


def listed(record: Record[T], *, least: int = 0, what: str = "") -> Reader[tuple[T, ...]]:
    """Return the reader of a list of records, whose ids differ. `what` says what one of them is called."""
    noun = what or record.name.replace("_", " ")

    def read(value: Value, scope: Scope) -> tuple[T, ...] | None:
        if not value.is_list:
            value.expected(f"a list of which each item is {with_article(noun)}")
            return None
        items = value.items()
        if len(items) < least:
            value.problem(f"found no {noun}, expected at least one")
            return None
        is_sound = _are_different(items, noun)
        found = [record.read(item, scope) for item in items]
        if not is_sound or None in found:
            return None
        return tuple(one for one in found if one is not None)

    least_schema = {"minItems": least} if least else {}
    return Reader({**shapes.list_of(record.schema), **least_schema}, read)


def _are_different(items: tuple[Value, ...], noun: str) -> bool:
    first: dict[str, Value] = {}
    is_sound = True
    for item in items:
        item_id, at = _id_of(item)
        if not item_id:
            continue
        if item_id in first:
            at.problem(
                f'a second {noun} has the id "{item_id}", first on line {first[item_id].line}; '
                "expected different ids"
            )
            is_sound = False
        first.setdefault(item_id, at)
    return is_sound


def named(kind: str, *, besides: tuple[str, ...] = ()) -> Reader[str]:
    """Return the reader of an id that something of this kind has; words in `besides` are understood too."""

    def read(value: Value, scope: Scope) -> str | None:
        if not value.is_scalar:
            value.expected(f"the id of {with_article(kind)}")
            return None
        known = scope.known.get(kind, frozenset[str]())
        if value.raw in known or value.raw in besides:
            return value.raw
        expected = _expected(kind, known)
        value.problem(f'unknown {kind} "{value.raw}"{nearest(value.raw, (*known, *besides)) or expected}')
        return None

    return Reader({"type": "string"}, read)


def _expected(kind: str, known: frozenset[str]) -> str:
    if not known:
        return f", expected the id of {with_article(kind)}, of which this process has none"
    return f", expected {one_of_these(known)}"


def cycle_in(links: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """Return the ids along a way that leads back to where it began, () when there is none."""
    done: set[str] = set()
    for start in links:
        way = {start: iter(links[start])}
        while way:
            last = next(reversed(way))
            following = next(way[last], None)
            if following is None:
                done.add(last)
                del way[last]
            elif following in way:
                ids = list(way)
                return (*ids[ids.index(following) :], following)
            elif following not in done:
                way[following] = iter(links.get(following, ()))
    return ()
