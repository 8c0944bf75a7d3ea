"""Foreign documents read with care: what was found where, and what was expected instead.

A flag that can't be carried over ends in `NotConvertible`, with its place: it is left out and named, never
carried over by half.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn, cast

import yaml

from sluiceway.config.flag_kinds import plain
from sluiceway.config.tree import ROOT, Findings, Value, compose
from sluiceway.domain.flags.model import Json, ValueType
from sluiceway.errors import FlagFileError, ProcessFileError

MAX_CHARS = 50_000_000
Document = Mapping[str, Any]


class NotConvertible(Exception):  # noqa: N818 - not an error: an answer about one flag
    """Something that flags here can't say, with its place."""


def refuse(where: str, why: str) -> NoReturn:
    """Raise NotConvertible."""
    raise NotConvertible(f"{where}: {why}")


def load(text: str, name: str = "flags") -> Any:
    """Return the data of a JSON or YAML text. Raises FlagFileError when it is neither."""
    if len(text) > MAX_CHARS:
        raise FlagFileError((f"{name}: {len(text)} characters, expected at most {MAX_CHARS}",))
    if text.lstrip()[:1] in {"{", "["}:
        try:
            return json.loads(text, parse_constant=lambda _word: math.nan)
        except (ValueError, RecursionError):
            pass  # YAML's flow style begins like JSON
    try:
        return plain(Value(compose(text, name), ROOT, Findings(name)))
    except ProcessFileError as error:
        raise FlagFileError(error.problems) from error


def mapping(value: object, where: str) -> Document:
    """Return a mapping with text keys. Raises NotConvertible for anything else."""
    if not isinstance(value, Mapping):
        refuse(where, f"is {shown(value)}, expected an object")
    return {str(key): one for key, one in cast("Mapping[object, Any]", value).items()}


def listed(value: object, where: str) -> list[Any]:
    """Return a list. Raises NotConvertible for anything else."""
    if not isinstance(value, list):
        refuse(where, f"is {shown(value)}, expected a list")
    return cast("list[object]", value)


def is_list(value: object) -> bool:
    """Return whether a value is a list; its type stays unknown to the reader."""
    return isinstance(value, list)


def texts(value: object, where: str) -> tuple[str, ...]:
    """Return a list of texts, numbers and truths as the texts that constraints compare."""
    found = listed(value, where) if is_list(value) else [value]
    return tuple(scalar_text(one, where) for one in found)


def scalar_text(value: object, where: str) -> str:
    """Return a text, number or truth as text. Raises NotConvertible for anything else."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float) and math.isfinite(value):
        return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(value)
    if isinstance(value, str):
        return value
    refuse(where, f"is {shown(value)}, expected a text or a number")


def value_type(values: Sequence[Json], where: str) -> ValueType:
    """Return the type of a flag's values. Raises NotConvertible when they are of several."""
    found = {_type_of(one) for one in values}
    if len(found) > 1:
        refuse(where, f"values are of several types ({', '.join(sorted(found))}), expected one")
    return found.pop() if found else ValueType.BOOLEAN


def _type_of(value: Json) -> ValueType:
    match value:
        case bool():
            return ValueType.BOOLEAN
        case str():
            return ValueType.STRING
        case int() | float():
            return ValueType.NUMBER
        case _:
            return ValueType.OBJECT


def shown(value: object) -> str:
    """Return a value for a message, shortened."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 80 else f"{text[:77]}..."


def yaml_text(document: Mapping[str, Json]) -> str:
    """Return a document as YAML."""
    copied = json.loads(json.dumps(document))  # shares nothing, so that no anchors are written
    return str(
        yaml.safe_dump(copied, sort_keys=False, allow_unicode=True, default_flow_style=None, width=100)
    )
