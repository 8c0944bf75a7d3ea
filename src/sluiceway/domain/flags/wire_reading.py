"""JSON objects read as flags, segments and sets of flags, with every problem named by its place.

Shape only: whether a served variant exists, or a dependency leads in a circle, is the business of `checking`.
Readers of sets skip keys they don't know, so that a newer server can say more to older clients.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, TypeVar, cast

from sluiceway.domain.flags.model import (
    BUCKETS,
    Constraint,
    Dependency,
    Experiment,
    Flag,
    FlagSet,
    FlagType,
    HashVersion,
    HeldOffBy,
    Hold,
    Json,
    NoData,
    Operator,
    Rule,
    Segment,
    Serve,
    Share,
    Threshold,
    ThresholdAction,
    ValueType,
    Variant,
    Window,
)
from sluiceway.domain.flags.wire import EMPTY, FORMAT, PER_PERCENT, as_text
from sluiceway.errors import FlagFileError

_T = TypeVar("_T")
_E = TypeVar("_E", bound=StrEnum)


def set_from_json(document: object, *, where: str = "flags") -> FlagSet:
    """Return the set that a JSON object holds; keys it should not have are skipped.

    Raises FlagFileError with every problem, each with its place below `where`.
    """
    problems: list[str] = []
    top = _Part(document, where, problems, is_strict=False)
    found_format = top.whole("format", FORMAT)
    if found_format > FORMAT:
        top.problem(
            "format", f"is {found_format}, newer than {FORMAT}, the newest this version can read; update it"
        )
    found = FlagSet(
        service=top.text("service"),
        environment=top.text("environment"),
        version=top.whole("version", 0),
        flags=tuple(top.each("flags", _read_flag)),
        segments=tuple(top.each("segments", _read_segment)),
    )
    return _unless(problems, found)


def flag_from_json(document: object, *, where: str = "flag", is_strict: bool = True) -> Flag:
    """Return the flag that a JSON object holds. Raises FlagFileError with every problem and its place."""
    problems: list[str] = []
    return _unless(problems, _read_flag(_Part(document, where, problems, is_strict=is_strict)))


def segment_from_json(document: object, *, where: str = "segment", is_strict: bool = True) -> Segment:
    """Return the segment that a JSON object holds. Raises FlagFileError with every problem and its place."""
    problems: list[str] = []
    return _unless(problems, _read_segment(_Part(document, where, problems, is_strict=is_strict)))


def _unless(problems: Sequence[str], found: _T) -> _T:
    if problems:
        raise FlagFileError(tuple(problems))
    return found


class _Part:
    """One JSON object, read key by key; what is wrong is noted with its place, and reading goes on."""

    def __init__(self, document: object, where: str, problems: list[str], *, is_strict: bool) -> None:
        self._where = where
        self._problems = problems
        self._is_strict = is_strict
        self._known: set[str] = set()
        self._values: Mapping[str, Any] = {}
        if isinstance(document, Mapping):
            self._values = cast("Mapping[str, Any]", document)
        else:
            self._problems.append(f"{where}: is {_kind(document)}, expected an object")

    def problem(self, key: str, text: str) -> None:
        self._problems.append(f"{self._where}.{key}: {text}" if key else f"{self._where}: {text}")

    def end(self) -> None:
        """Note the keys that nobody asked for."""
        for key in self._values.keys() - self._known if self._is_strict else ():
            near = difflib.get_close_matches(str(key), self._known, n=1)
            hint = f'did you mean "{near[0]}"?' if near else f"known are {', '.join(sorted(self._known))}"
            self.problem(str(key)[:100], f"is not known; {hint}")

    def value(self, key: str, default: _T, fits: Callable[[Any], bool], expected: str) -> Any | _T:
        self._known.add(key)
        found = self._values.get(key)
        if found is None:
            return default
        if not fits(found):
            self.problem(key, f"is {_shown(found)}, expected {expected}")
            return default
        return found

    def text(self, key: str, default: str = "", *, is_required: bool = False) -> str:
        if is_required and not self._values.get(key):
            self.problem(key, "is missing")
        return self.value(key, default, lambda one: isinstance(one, str), "a text")

    def truth(self, key: str, default: bool) -> bool:
        return self.value(key, default, lambda one: isinstance(one, bool), "true or false")

    def whole(self, key: str, default: int) -> int:
        return self.value(key, default, lambda one: type(one) is int and one >= 0, "a whole number from 0 up")

    def number(self, key: str, default: float) -> float:
        return float(self.value(key, default, _is_number, "a number from 0 up"))

    def texts(self, key: str) -> tuple[str, ...]:
        """Read a list of texts; numbers and truths become the text JSON writes them with."""
        found = self._list(key, "a list of texts")
        wrong = [one for one in found if not isinstance(one, str | int | float)]
        if wrong:
            self.problem(key, f"holds {_shown(wrong[0])}, expected only texts")
        return () if wrong else tuple(as_text(one) for one in found)

    def word(self, key: str, kind: type[_E], default: _E | None) -> _E:
        known = [one.value for one in kind]
        if default is None and self._values.get(key) is None:
            self.problem(key, f"is missing; expected one of {', '.join(known)}")
        found: str | None = self.value(key, None, lambda one: one in known, f"one of {', '.join(known)}")
        return kind(found) if found is not None else (default or next(iter(kind)))

    def instant(self, key: str) -> datetime | None:
        text = self.text(key)
        if not text:
            return None
        try:
            found = datetime.fromisoformat(text)
        except ValueError:
            found = None
        if found is None or found.tzinfo is None:
            self.problem(key, f"is {_shown(text)}, expected an instant such as 2026-11-21T08:00:00Z")
            return None
        return found.astimezone(UTC)

    def json(self, key: str) -> Json:
        self._known.add(key)
        return self._values.get(key)

    def mapping(self, key: str) -> dict[str, Json]:
        nothing: dict[str, Json] = {}
        found = self.value(key, nothing, lambda one: isinstance(one, Mapping), "an object")
        return dict(cast("Mapping[str, Json]", found))

    def part(self, key: str, read: Callable[[_Part], _T]) -> _T | None:
        self._known.add(key)
        found = self._values.get(key)
        return None if found is None else self._read(found, f"{self._where}.{key}", read)

    def each(self, key: str, read: Callable[[_Part], _T]) -> list[_T]:
        found = self._list(key, "a list")
        return [self._read(one, f"{self._where}.{key}[{at}]", read) for at, one in enumerate(found)]

    def _list(self, key: str, expected: str) -> list[Any]:
        nothing: list[Any] = []
        return cast("list[Any]", self.value(key, nothing, lambda one: isinstance(one, list), expected))

    def reach(self, key: str) -> int:
        found = self.value(key, 100, _is_share, "a percentage from 0 to 100, in steps of 0.001")
        percent = float(str(found).removesuffix("%"))
        return round(percent * PER_PERCENT)

    def _read(self, found: object, where: str, read: Callable[[_Part], _T]) -> _T:
        inner = _Part(found, where, self._problems, is_strict=self._is_strict)
        result = read(inner)
        if isinstance(found, Mapping):
            inner.end()
        return result


def _read_flag(part: _Part) -> Flag:
    empty = EMPTY
    flag = Flag(
        id=part.text("id", is_required=True),
        value_type=part.word("value_type", ValueType, ValueType.BOOLEAN),
        is_enabled=part.truth("enabled", default=False),
        variants=tuple(part.each("variants", _read_variant)) or empty.variants,
        rules=tuple(part.each("rules", _read_rule)),
        serve=part.part("serve", _read_serve) or empty.serve,
        otherwise=part.part("otherwise", _read_serve) or empty.otherwise,
        off_variant=part.text("off_variant", empty.off_variant),
        dependencies=tuple(part.each("dependencies", _read_dependency)),
        window=part.part("window", _read_window),
        hold=part.part("hold", _read_hold),
        salt=part.text("salt"),
        hash_version=part.word("hash_version", HashVersion, HashVersion.SLUICE_1),
        name=part.text("name"),
        description=part.text("description"),
        type=part.word("type", FlagType, FlagType.RELEASE),
        owner=part.text("owner"),
        tags=part.texts("tags"),
        release=part.text("release"),
        expires_at=part.instant("expires_at"),
        full_since=part.instant("full_since"),
        fallback=part.json("fallback"),
        thresholds=tuple(part.each("thresholds", _read_threshold)),
        experiment=part.part("experiment", _read_experiment),
        has_kill_switch=part.truth("kill_switch", default=True),
        metadata=_read_metadata(part),
        extra=part.mapping("extra"),
    )
    part.end()
    return flag


def _read_metadata(part: _Part) -> dict[str, str | bool | int | float]:
    found = part.mapping("metadata")
    good = {key: one for key, one in found.items() if isinstance(one, str | bool | int | float)}
    for key in found.keys() - good.keys():
        part.problem(f"metadata.{key}", f"is {_kind(found[key])}, expected a text, number or truth")
    return good


def _read_variant(part: _Part) -> Variant:
    return Variant(part.text("name", is_required=True), part.json("value"), part.mapping("extra"))


def _read_rule(part: _Part) -> Rule:
    return Rule(
        id=part.text("id"),
        title=part.text("title"),
        constraints=tuple(part.each("constraints", _read_constraint)),
        segments=part.texts("segments"),
        reach=part.reach("reach"),
        by=part.texts("by"),
        salt=part.text("salt"),
        serve=part.part("serve", _read_serve) or Serve(),
    )


def _read_serve(part: _Part) -> Serve:
    return Serve(
        variant=part.text("variant"),
        split=tuple(part.each("split", _read_share)),
        by=part.texts("by"),
        salt=part.text("salt"),
    )


def _read_share(part: _Part) -> Share:
    return Share(part.text("variant", is_required=True), part.whole("weight", 0))


def _read_constraint(part: _Part) -> Constraint:
    return Constraint(
        attribute=part.text("attribute", is_required=True),
        operator=part.word("operator", Operator, None),
        values=part.texts("values"),
        is_inverted=part.truth("inverted", default=False),
        ignores_case=part.truth("ignore_case", default=False),
    )


def _read_segment(part: _Part) -> Segment:
    segment = Segment(
        id=part.text("id", is_required=True),
        title=part.text("title"),
        constraints=tuple(part.each("constraints", _read_constraint)),
        included=part.texts("included"),
        excluded=part.texts("excluded"),
    )
    part.end()
    return segment


def _read_dependency(part: _Part) -> Dependency:
    return Dependency(
        part.text("flag", is_required=True), part.truth("on", default=True), part.texts("variants")
    )


def _read_window(part: _Part) -> Window:
    return Window(part.instant("on_at"), part.instant("off_at"), part.text("zone", "UTC"))


def _read_hold(part: _Part) -> Hold:
    return Hold(part.word("by", HeldOffBy, None), part.text("why"), part.text("metric"))


def _read_threshold(part: _Part) -> Threshold:
    return Threshold(
        id=part.text("id", is_required=True),
        when=part.text("when", is_required=True),
        on_no_data=part.word("on_no_data", NoData, None),
        action=part.word("action", ThresholdAction, ThresholdAction.TURN_OFF),
        for_s=part.number("for_s", 0.0),
        clear_s=part.number("clear_s", 0.0),
        no_data_after_s=part.number("no_data_after_s", 60.0),
        metric=part.text("metric"),
    )


def _read_experiment(part: _Part) -> Experiment:
    return Experiment(
        part.text("id", is_required=True), part.texts("metrics"), part.texts("guards"), part.text("control")
    )


def _is_number(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return 0 <= value < math.inf


def _is_share(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return False
    try:
        steps = float(str(value).removesuffix("%")) * PER_PERCENT
    except ValueError:
        return False
    return 0 <= steps <= BUCKETS and math.isclose(steps, round(steps))


def _kind(value: object) -> str:
    match value:
        case None:
            return "nothing"
        case bool():
            return "a truth"
        case str():
            return "a text"
        case list():
            return "a list"
        case Mapping():
            return "an object"
        case _:
            return "a number"


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
