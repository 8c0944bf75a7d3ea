"""The JSON Schema of process files, for editors: put together from the same key lists the reader uses.

It checks shape; what only a reader of the whole can know (names of metrics, falling weights) is left to
`sluice validate`. A file that extends another may leave anything out, so for such a file nothing is required.
Source: json-schema.org, draft 2020-12.
"""

from __future__ import annotations

from typing import Any, cast

from sluiceway.config import vocabulary
from sluiceway.config.sections import Schema

_OF_A_WHOLE = frozenset(  # what asks for something to be there, or for one of several things
    {"required", "minItems", "minProperties", "dependentRequired", "oneOf", "allOf", "not"}
)
_REMOVE = {"const": True, "description": "takes the parent's item out"}
_DEFINITIONS = "#/$defs/"
_PARTIAL_DEFINITIONS = "#/then/$defs/"


def json_schema() -> dict[str, Any]:
    """Return the schema as plain data, ready for `json.dumps`.

    What a whole file holds stands under `else` and `$defs`, what one that extends another may, under `then`.
    """
    whole = vocabulary.PROCESS.schema()
    definitions = {name: section.schema() for name, section in vocabulary.SECTIONS.items()}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": whole["title"],
        "type": "object",
        "if": {"required": ["extends"]},
        "then": {
            **_partial(whole),
            "$defs": {name: _partial(definition) for name, definition in definitions.items()},
        },
        "else": whole,
        "$defs": definitions,
    }


def _partial(schema: Schema) -> Schema:
    """Return the schema of what goes over a parent's value: parts of it, `null`, items to remove."""
    is_container = schema.get("type") in ("object", "array")
    dropped = _OF_A_WHOLE if is_container else frozenset[str]()
    found = {key: _partial_word(key, value) for key, value in schema.items() if key not in dropped}
    properties = cast(Schema | None, found.get("properties"))
    if properties is not None and "id" in properties:
        found["properties"] = {**properties, "remove": _REMOVE}
    return found


def _partial_word(key: str, value: Any) -> Any:
    match key:
        case "properties" | "patternProperties":
            return {name: _or_nothing(_partial(schema)) for name, schema in value.items()}
        case "anyOf":
            return [_partial(schema) for schema in value]
        case "items" | "additionalProperties" if isinstance(value, dict):
            return _partial(cast(Schema, value))
        case "$ref":
            return str(value).replace(_DEFINITIONS, _PARTIAL_DEFINITIONS)
        case _:
            return value


def _or_nothing(schema: Schema) -> Schema:
    described = {"description": schema["description"]} if "description" in schema else {}
    return {"anyOf": [schema, {"type": "null"}], **described}
