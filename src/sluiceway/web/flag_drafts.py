"""What the editor sends and is shown: a draft read from JSON, users read from lines, problems by place.

What a draft would do is the business of `services.flag_drafts`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, cast

from pydantic import BaseModel, ConfigDict, Field

from sluiceway.domain.flags.model import TARGETING_KEY, Flag, Json, Operator, Segment
from sluiceway.domain.flags.wire import flag_to_json
from sluiceway.domain.flags.wire_reading import flag_from_json, segment_from_json
from sluiceway.errors import FlagFileError
from sluiceway.services.flag_drafts import MAX_SAMPLES

MAX_SAMPLE_CHARS: Final = 4_000
_SUGGESTED: Final = 3
# What the editor has fields for; the rest of a document is edited as JSON.
_WITH_FIELDS: Final = frozenset(
    {
        "id",
        "enabled",
        "value_type",
        "variants",
        "rules",
        "serve",
        "otherwise",
        "off_variant",
        "dependencies",
        "window",
        "hold",
        "name",
        "description",
        "owner",
        "tags",
        "expires_at",
        "type",
    }
)


class DraftBody(BaseModel):
    """A draft. `base` is the document it was begun with, `samples` are texts of lines."""

    model_config = ConfigDict(extra="forbid")

    document: dict[str, object]
    base: dict[str, object] | None = None
    samples: list[str] = Field(default_factory=list[str], max_length=MAX_SAMPLES)


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong; `place` is where in the document: `rules[0].constraints[1].values`."""

    place: str
    words: str


def flag_draft(document: Mapping[str, object]) -> Flag | tuple[Problem, ...]:
    """Return the flag of a draft, or what keeps it from being one."""
    try:
        return flag_from_json(document, where="")
    except FlagFileError as error:
        return problems_of(error.problems)


def segment_draft(document: Mapping[str, object]) -> Segment | tuple[Problem, ...]:
    """Return the segment of a draft, or what keeps it from being one."""
    try:
        return segment_from_json(document, where="")
    except FlagFileError as error:
        return problems_of(error.problems)


def flag_as_begun(document: Mapping[str, object] | None) -> Flag | None:
    """Return the flag that a draft was begun with, None where that can't be told."""
    if document is None:
        return None
    found = flag_draft(document)
    return found if isinstance(found, Flag) else None


def problems_of(lines: Sequence[str]) -> tuple[Problem, ...]:
    """Return lines such as `rules[0].reach: is 7` with the place apart."""
    return tuple(_problem(line) for line in lines)


def rest_of(flag: Flag) -> str:
    """Return what the editor has no fields for, as the JSON that people edit."""
    rest = {key: value for key, value in flag_to_json(flag).items() if key not in _WITH_FIELDS}
    return json.dumps(rest, ensure_ascii=False, indent=2)


def context_of(text: str, key: str = "") -> dict[str, object]:
    """Return a context from lines such as `country = DE`; `key` is who asks.

    Values are read as JSON where they are numbers, truths, lists or quoted, else as the text they are. A line
    without `=` is an attribute that is there and says nothing.
    """
    found: dict[str, object] = {}
    for line in text[:MAX_SAMPLE_CHARS].splitlines():
        name, _, value = line.partition("=")
        if name.strip():
            found[name.strip()] = _value(value.strip())
    if key.strip():
        found[TARGETING_KEY] = key.strip()
    return found


def suggested_samples(flag: Flag) -> tuple[str, ...]:
    """Return texts of users to try a flag with: nobody in particular, and one for whom each rule is meant."""
    fitting = [
        "\n".join(
            f"{one.attribute} = {one.values[0]}"
            for one in rule.constraints
            if one.operator is Operator.IN and one.values and not one.is_inverted
        )
        for rule in flag.rules
    ]
    return tuple(dict.fromkeys(["", *(one for one in fitting if one)]))[: _SUGGESTED + 1]


def _problem(line: str) -> Problem:
    place, colon, words = line.partition(": ")
    return Problem(place.lstrip("."), words) if colon and " " not in place else Problem("", line)


def _value(text: str) -> Json:
    try:
        found: object = json.loads(text)
    except (ValueError, RecursionError):
        return text
    is_plain = isinstance(found, bool | int | float | str | list) and text not in {
        "NaN",
        "Infinity",
        "-Infinity",
    }
    return cast("Json", found) if is_plain else text
