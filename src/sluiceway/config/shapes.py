"""What single values of a process file look like: their JSON Schema, and the words that choices go by.

Which key holds which is the business of `vocabulary`, reading them of `values`.
"""

from __future__ import annotations

from typing import Any

from sluiceway.config.sections import Schema
from sluiceway.domain.process.durations import UNIT_PATTERN
from sluiceway.domain.process.plan import Action, MetricSource, Strategy, UsualNoise, WhenInconclusive

ACTIONS: dict[str, Action] = {
    **{action.value: action for action in Action},
    "immediate_rollback": Action.IMMEDIATE,
    "gradual_rollback": Action.GRADUAL,
    "emergency_rollback": Action.EMERGENCY,
    "ask_person": Action.ASK,
}
STRATEGIES: dict[str, Strategy] = {strategy.value: strategy for strategy in Strategy}
INCONCLUSIVE: dict[str, WhenInconclusive] = {word.value: word for word in WhenInconclusive}
NOISES: dict[str, UsualNoise] = {word.value: word for word in UsualNoise}
SOURCES: dict[str, MetricSource] = {source.value: source for source in MetricSource}

TEXT: Schema = {"type": "string", "minLength": 1}
SCALAR: Schema = {"type": ["string", "number", "boolean"]}
NAME: Schema = {"type": ["string", "number"], "pattern": "^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$"}
TRUTH: Schema = {"type": "boolean"}
URL_PATH: Schema = {"type": "string", "pattern": r"^/\S*$"}
DURATION: Schema = {
    "anyOf": [
        {
            "type": "string",
            "pattern": rf"^\s*(for\s+)?(\d+(\.\d+)?\s*(consecutive\s+)?({UNIT_PATTERN})\s*,?\s*)+$|^0$",
        },
        {"const": 0},
    ],
    "examples": ["10m", "24h", "2d", "1 week"],
}
WEIGHT: Schema = {
    "anyOf": [
        {"type": "number", "minimum": 0, "maximum": 100},
        {"type": "string", "pattern": r"^\s*(100(\.0+)?|\d{1,2}(\.\d{1,2})?)\s*(%|percent)?\s*$"},
    ],
    "examples": ["5%", "0.1%"],
}
COMMAND: Schema = {
    "anyOf": [TEXT, {"type": "array", "items": SCALAR, "minItems": 1}],
    "examples": [["python3", "app.py", "--port", "{port}"]],
}
ENV: Schema = {
    "type": "object",
    "patternProperties": {"^[A-Za-z_][A-Za-z0-9_]*$": {"type": ["string", "number", "boolean", "null"]}},
    "additionalProperties": False,
}


def one_of(words: dict[str, Any]) -> Schema:
    return {"type": "string", "enum": list(words)}


def whole(least: int, most: int) -> Schema:
    return {"type": "integer", "minimum": least, "maximum": most}


def ref(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}


def maybe(schema: Schema) -> Schema:
    """A list or mapping whose content may be left out, as when its items are commented out."""
    return {"anyOf": [schema, {"type": "null"}]}


def list_of(schema: Schema) -> Schema:
    return {"type": "array", "items": schema}


def number(*, above: float | None = None, least: float | None = None, most: float) -> Schema:
    low: Schema = {} if least is None else {"minimum": least}
    bound: Schema = {} if above is None else {"exclusiveMinimum": above}
    return {"type": "number", **low, **bound, "maximum": most}


def _percent(upto: str, bounds: Schema, *, may_be_zero: bool) -> Schema:
    zero: Schema = {} if may_be_zero else {"not": {"pattern": r"^\s*0+(\.0+)?\s*(%|percent)?\s*$"}}
    low = {"minimum": 0} if may_be_zero else {"exclusiveMinimum": 0}
    text = {"type": "string", "pattern": rf"^\s*({upto})\s*(%|percent)?\s*$", **zero}
    return {"anyOf": [{"type": "number", **low, **bounds}, text]}


_BELOW_100 = r"\d{1,2}(\.\d+)?", {"exclusiveMaximum": 100}
SHARE = _percent(*_BELOW_100, may_be_zero=False)
SHARE_OR_NONE = _percent(*_BELOW_100, may_be_zero=True)
CHANCE = _percent(r"50(\.0+)?|[0-4]?\d(\.\d+)?", {"maximum": 50}, may_be_zero=False)
