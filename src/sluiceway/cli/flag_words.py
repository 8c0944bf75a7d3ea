"""What people type about flags, read: constraints, attributes of users, variants. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from sluiceway.domain.flags.model import TARGETING_KEY, Json, Operator
from sluiceway.errors import InvalidInputError

_EXAMPLES = "'country in DE, FR', 'not plan in free', 'app_version semver->= 2.1.0' or 'beta is-present'"
_SPELLINGS = {spelling: one for one in Operator for spelling in (one.value, one.value.replace("-", " "))} | {
    f"semver {one.value.removeprefix('semver-')}": one for one in Operator if one.value.startswith("semver-")
}
# Longest first, so that `<=` is not read as `<`.
_OPERATORS = "|".join(re.escape(one) for one in sorted(_SPELLINGS, key=len, reverse=True))
_CLAIM = re.compile(
    rf"(?P<no>not\s+)?(?P<attribute>\S+)\s+(?P<operator>{_OPERATORS})(?:\s+(?P<values>.*))?", re.DOTALL
)


def constraint_of(text: str) -> dict[str, Json]:
    """Return the document of a constraint such as `country in DE, FR`.

    Raises InvalidInputError for what is none, and for values that are missing or too many.
    """
    match = _CLAIM.fullmatch(text.strip())
    if match is None:
        raise InvalidInputError(f"{text!r} is no constraint; write it as {_EXAMPLES}")
    operator = _SPELLINGS[match["operator"]]
    values = _values(match["values"] or "")
    if bool(values) is (operator is Operator.IS_PRESENT):
        wrong = "takes no values" if values else "needs a value"
        raise InvalidInputError(f"{text!r}: {operator} {wrong}; write it as {_EXAMPLES}")
    found: dict[str, Json] = {"attribute": match["attribute"], "operator": operator.value}
    if values:
        found["values"] = values
    return {**found, "inverted": True} if match["no"] else found


def _values(text: str) -> list[str]:
    return [value for part in text.split(",") if (value := part.strip())]


def context_of(key: str | None, attributes: Sequence[str]) -> dict[str, Any]:
    """Return the context of somebody with these attributes, each `NAME=VALUE`.

    A value is a text, which numbers and truths compare equal to, or JSON where it is a list or an object.
    Raises InvalidInputError for an attribute without a name or with JSON that can't be read.
    """
    found: dict[str, Any] = {} if key is None else {TARGETING_KEY: key}
    for text in attributes:
        name, sign, value = text.partition("=")
        if not sign or not name.strip():
            raise InvalidInputError(f"--attribute is {text!r}; write NAME=VALUE, such as country=DE")
        found[name.strip()] = _json(value, text) if value[:1] in {"[", "{"} else value
    return found


def _json(value: str, text: str) -> Any:
    try:
        return json.loads(value)
    except ValueError as failure:
        raise InvalidInputError(
            f"--attribute {text!r} begins like JSON and can't be read ({failure})"
        ) from failure


def variants_of(texts: Sequence[str]) -> list[dict[str, Json]]:
    """Return the documents of variants, each `NAME=VALUE` with a value in JSON or else a text.

    Raises InvalidInputError for one without a name or value.
    """
    found: list[dict[str, Json]] = []
    for text in texts:
        name, sign, value = text.partition("=")
        if not sign or not name.strip():
            raise InvalidInputError(f"--variant is {text!r}; write NAME=VALUE, such as blue=#00f or many=25")
        found.append({"name": name.strip(), "value": _value(value)})
    return found


def _value(text: str) -> Json:
    try:
        found: Json = json.loads(text)
    except ValueError:
        return text
    return text if found is None else found
