"""Flags as code: a YAML or JSON text read as the flags of each environment, or every problem with its place.

A flag's keys hold everywhere; under its `environments` stand those that differ in one. A rule or threshold
there that has an id of the flag's own takes what it leaves out from that one. Writing such a file is the
business of `flag_file_writing`; comparing it with what is in force that of `sluiceway.domain.flags.planning`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from sluiceway.config import values
from sluiceway.config.flag_kinds import Entries, Places, Shape, merged_lists, value_type_of
from sluiceway.config.flag_vocabulary import FLAG, RULE, SEGMENT, THRESHOLD
from sluiceway.config.tree import ROOT, Findings, Problem, Value, compose, nearest
from sluiceway.domain.flags.checking import problems_of_set
from sluiceway.domain.flags.model import Flag, FlagSet, Segment
from sluiceway.domain.flags.wire_reading import flag_from_json, segment_from_json
from sluiceway.errors import FlagFileError, ProcessFileError

_T = TypeVar("_T")
_KEYS = ("service", "environments", "flags", "segments")
_ACTS = {
    "hold": "kills are acts, not definitions; use `sluice flags kill`",
    "full_since": "it is kept by the rollout that drives the flag",
}
_LISTS: Mapping[str, Shape] = {"rules": RULE, "thresholds": THRESHOLD}


@dataclass(frozen=True, slots=True)
class FlagFile:
    """The flags of each environment, in the file's order, and the segments that all of them share.

    `service` is "" when the file doesn't say it.
    """

    service: str = ""
    environments: Mapping[str, tuple[Flag, ...]] = field(default_factory=dict[str, tuple[Flag, ...]])
    segments: tuple[Segment, ...] = ()

    def flag_set(self, environment: str, service: str = "") -> FlagSet:
        """Return the set of one environment, at version 0."""
        flags = self.environments[environment]
        return FlagSet(service or self.service, environment, flags=flags, segments=self.segments)


def parse_flag_file(
    text: str, name: str = "flags.yaml", environments: Sequence[str] = (), *, is_whole: bool = True
) -> FlagFile:
    """Return what a file of flags says.

    `environments` are those that the service has; () takes those that the file names. `name` stands in
    messages. What is not a whole file may name flags, segments and variants that it doesn't hold.
    Raises FlagFileError with every problem, each as `name:line:column: path: what`.
    """
    if all(not line.strip() or line.lstrip().startswith("#") for line in text.splitlines()):
        raise FlagFileError(
            (f"{name}:1:1: file: is empty, expected `flags:` and below it at least one flag",)
        )
    findings = Findings(name)
    try:
        found = _read(Value(compose(text, name), ROOT, findings), tuple(environments), is_whole=is_whole)
        findings.raise_problems()
    except ProcessFileError as problem:
        raise FlagFileError(problem.problems) from problem
    return found


def _read(top: Value, known: tuple[str, ...], *, is_whole: bool) -> FlagFile:
    parts = _top(top)
    service = values.text(parts["service"]) if "service" in parts else ""
    flags = _flag_values(parts["flags"]) if "flags" in parts else ()
    environments = _environments(parts.get("environments"), flags, known)
    segments = _segments(parts["segments"]) if "segments" in parts else ()
    _once([(value, _id_of(value, own)) for own, value in flags])
    by_environment = {name: [_flag(value, own, name) for own, value in flags] for name in environments}
    found = FlagFile(
        service or "",
        {name: tuple(one.flag for one in read if one.flag) for name, read in by_environment.items()},
        segments,
    )
    if (
        is_whole and not top.findings.problems
    ):  # a flag with a problem of its own is not called unknown as well
        for name, read in by_environment.items():
            _check(found.flag_set(name), read, top)
    return found


def _check(flags: FlagSet, read: Sequence[_Read], top: Value) -> None:
    """Report what is wrong with flags that are whole by themselves, where it stands in the file."""
    for problem in problems_of_set(flags):
        about = next((one for one in read if problem.startswith(f"flags.{one.id}: ")), None)
        if about is None:
            kind, _, rest = problem.partition(".")
            own, _, message = rest.partition(": ")
            segments = top.entry(kind)
            items = segments.items() if segments is not None and segments.is_list else ()
            place = next((item for item in items if _id_of(item, "") == own), top)
            report(place, f".{message}" if place is not top else f": {problem}")
            continue
        path = f"{about.value.path}.{problem.removeprefix(f'flags.{about.id}: ')}"
        value, rest = about.places.find(path)
        report(value or about.value, rest)


def _top(top: Value) -> dict[str, Value]:
    found: dict[str, Value] = {}
    for key, value in top.entries():
        if key.raw not in _KEYS:
            key.problem(f"is not known, expected {', '.join(_KEYS)}{nearest(key.raw, _KEYS)}")
        elif not value.is_null:
            found[key.raw] = value
    if top.is_mapping and "flags" not in found:
        top.problem("`flags` is missing: a list of flags, or a mapping from ids to flags")
    return found


def _segments(value: Value) -> tuple[Segment, ...]:
    items = value.items()
    _once([(item, _id_of(item, "")) for item in items])
    found = (_segment(item) for item in items)
    return tuple(one for one in found if one is not None)


def _segment(value: Value) -> Segment | None:
    places = Places()
    document = SEGMENT.read(value, value.path, places)
    return _built(places, lambda: segment_from_json(document, where=value.path), value)


def _flag_values(value: Value) -> tuple[tuple[str, Value], ...]:
    """Return each flag with the id that its key gives it, "" in a list."""
    if value.is_mapping:
        return tuple((key.raw, entry) for key, entry in value.entries())
    return tuple(("", item) for item in value.items())


def _environments(
    listed: Value | None, flags: Sequence[tuple[str, Value]], known: tuple[str, ...]
) -> tuple[str, ...]:
    """Return the environments there are, with a problem for each that is named and not known."""
    in_file = [(one, one.raw) for one in (listed.items() if listed else ()) if values.name(one)]
    overrides = [
        (key, key.raw)
        for _, flag in flags
        if (part := flag.entry("environments")) is not None and not part.is_null
        for key, _ in part.entries()
    ]
    names = dict.fromkeys(name for _, name in in_file)
    allowed = known or tuple(names) or tuple(dict.fromkeys(name for _, name in overrides))
    for value, name in (*in_file, *overrides):
        if name not in allowed:
            value.problem(
                f'unknown environment "{name}", expected {_one_of(allowed)}{nearest(name, allowed)}'
            )
    if not allowed and listed is None:
        return ("production",)
    return tuple(name for name in allowed if name in names) if known and names else allowed


def _one_of(words: Sequence[str]) -> str:
    return ", ".join(words) or "none"


def _id_of(value: Value, own: str) -> str:
    said = value.entry("id")
    return own or (said.raw if said is not None else "")


def _once(named: Sequence[tuple[Value, str]]) -> None:
    seen: dict[str, Value] = {}
    for value, own in named:
        if own and own in seen:
            value.problem(f'the id "{own}" stands here a second time, first on line {seen[own].line}')
        seen.setdefault(own, value)


@dataclass(frozen=True, slots=True)
class _Read:
    """A flag in one environment, None after a problem or where it is absent, and where its parts stand."""

    value: Value
    flag: Flag | None = None
    places: Places = field(default_factory=Places)

    @property
    def id(self) -> str:
        return self.flag.id if self.flag else ""


def _flag(value: Value, own: str, environment: str) -> _Read:
    if not value.is_mapping:
        value.expected("a flag: a mapping of keys to values")
        return _Read(value)
    entries = {key.raw: entry for key, entry in value.entries()}
    overrides = entries.pop("environments", None)
    override = overrides.entry(environment) if overrides is not None else None
    over: dict[str, Value] = {}
    if override is not None and not override.is_null:
        over = {key.raw: entry for key, entry in override.entries()}
    if _is_absent(over.pop("absent", None)):
        return _Read(value)
    for one in (entries, over):
        _refuse_acts(one)
    places = Places({value.path: value})
    document = FLAG.read_entries({**entries, **over}, value.path, places)
    for key, shape in _LISTS.items():
        if key in entries and key in over and entries[key].is_list and over[key].is_list:
            document[key] = _merged(entries[key], over[key], f"{value.path}.{key}", shape, places)
    if own:
        document.setdefault("id", own)
    document.setdefault("value_type", value_type_of(document.get("variants")))
    return _Read(value, _built(places, lambda: flag_from_json(document, where=value.path), value), places)


def _is_absent(value: Value | None) -> bool:
    return value is not None and values.truth(value) is True


def _refuse_acts(entries: Entries) -> None:
    for key, why in _ACTS.items():
        if key in entries:
            entries[key].problem(f"does not belong into a file: {why}")


def _merged(base: Value, over: Value, path: str, shape: Shape, places: Places) -> list[Any]:
    found: list[Any] = []
    for at, (item, entries) in enumerate(merged_lists(base, over)):
        where = f"{path}[{at}]"
        places.by_path[where] = item
        read = shape.read(item, where, places) if entries is None else None
        found.append(read if entries is None else shape.read_entries(entries, where, places))
    return found


def _built(places: Places, build: Callable[[], _T], around: Value) -> _T | None:
    """Return what is built, None after its problems were reported where they stand in the file."""
    try:
        return build()
    except FlagFileError as error:
        for problem in error.problems:
            value, rest = places.find(problem)
            report(value or around, rest)
        return None


def report(value: Value, rest: str) -> None:
    """Report a problem whose text begins below the value's own path: `.reach: is "x", expected ...`."""
    inner, _, message = rest.partition(": ")
    path = f"{value.path}{inner}"
    value.findings.problems.append(Problem(value.file, value.line, value.column, path, message))
