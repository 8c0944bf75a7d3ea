"""The keys of a flag file: what editors are told of each, and which kind of value it holds.

One declaration gives the JSON Schema and the reading. Shorter forms for people (`serve: on`, `for: 5m`,
`variants: {red: "#f00"}`) become the long ones here.
"""

from __future__ import annotations

from typing import Any

from sluiceway.config import shapes
from sluiceway.config.flag_kinds import (
    ANY,
    INSTANT,
    JSON,
    OBJECT,
    PERCENT,
    SECONDS,
    TEXT,
    TEXTS,
    TRUTH,
    WHOLE,
    Kind,
    Places,
    Shape,
    named,
    word,
)
from sluiceway.config.tree import Value
from sluiceway.domain.flags.model import (
    FlagType,
    HashVersion,
    NoData,
    Operator,
    ThresholdAction,
    ValueType,
)

SHARE = Shape("share", {"variant": (TEXT, "the variant"), "weight": (WHOLE, "its part of all weights")})
SERVE = Shape(
    "serve",
    {
        "variant": (TEXT, "one variant for everyone"),
        "split": (
            named(SHARE.kind(), "variant", "weight", WHOLE.schema),
            "several variants with weights",
        ),
        "by": (TEXTS, "attributes to split by; the targeting key when absent"),
        "salt": (TEXT, "the flag's when absent"),
    },
    scalar="variant",
)
VARIANT = Shape(
    "variant",
    {
        "name": (TEXT, "its name"),
        "value": (JSON, "what the flag is worth"),
        "extra": (OBJECT, "kept for another tool"),
    },
    required=("name",),
)
CONSTRAINT = Shape(
    "constraint",
    {
        "attribute": (TEXT, "of the context; targetingKey is who asks"),
        "operator": (word(Operator), "how values are compared; one that fits is enough"),
        "values": (TEXTS, "alternatives"),
        "inverted": (TRUTH, "true for those who don't fit"),
        "ignore_case": (TRUTH, "true when capitals make no difference"),
    },
    required=("attribute", "operator"),
)
RULE = Shape(
    "rule",
    {
        "id": (TEXT, "its id"),
        "title": (TEXT, "what people call it"),
        "constraints": (CONSTRAINT.kinds_listed(), "all must fit"),
        "segments": (TEXTS, "ids of segments; all must fit"),
        "reach": (PERCENT, "the share that is reached; everyone when absent"),
        "by": (TEXTS, "attributes to count by; the targeting key when absent"),
        "salt": (TEXT, "the flag's when absent"),
        "serve": (SERVE.kind(), "what they get; the flag's `serve` when absent"),
    },
    required=("id",),
)
SEGMENT = Shape(
    "segment",
    {
        "id": (TEXT, "its id"),
        "title": (TEXT, "what people call it"),
        "constraints": (CONSTRAINT.kinds_listed(), "all must fit"),
        "included": (TEXTS, "targeting keys that always belong"),
        "excluded": (TEXTS, "targeting keys that never belong"),
    },
    required=("id",),
)
DEPENDENCY = Shape(
    "dependency",
    {
        "flag": (TEXT, "another flag"),
        "on": (TRUTH, "false when it must be off"),
        "variants": (TEXTS, "it must be one of these"),
    },
    required=("flag",),
    scalar="flag",
)
WINDOW = Shape(
    "window",
    {
        "on_at": (INSTANT, "on from then"),
        "off_at": (INSTANT, "off again from then"),
        "zone": (TEXT, "time zone of times that name none"),
    },
)


def _window(value: Value, path: str, places: Places) -> Any:
    zone = value.entry("zone")
    inner = Places(places.by_path, zone.raw if zone is not None and zone.is_scalar else "")
    found = WINDOW.read(value, path, inner)
    if value.is_mapping and inner.zone:
        found.setdefault("zone", inner.zone)
    return found


THRESHOLD = Shape(
    "threshold",
    {
        "id": (TEXT, "its id"),
        "when": (TEXT, "a condition on metrics, such as p95_ms > 200"),
        "on_no_data": (word(NoData), "what to do while figures are missing"),
        "action": (word(ThresholdAction), "what to do while it holds; turn-off when absent"),
        "for_s": (SECONDS, "how long it must hold"),
        "clear_s": (SECONDS, "how long it must not hold to be over"),
        "no_data_after_s": (SECONDS, "how old figures may be; 1m when absent"),
        "metric": (TEXT, "what people call it"),
    },
    required=("id", "when", "on_no_data"),
    renamed={"for": "for_s", "clear": "clear_s", "no_data_after": "no_data_after_s"},
)
EXPERIMENT = Shape(
    "experiment",
    {
        "id": (TEXT, "its id"),
        "metrics": (TEXTS, "what variants are compared by"),
        "guards": (TEXTS, "metrics that must not get worse"),
        "control": (TEXT, "the variant the others are compared with"),
    },
    required=("id",),
)
FLAG = Shape(
    "flag",
    {
        "id": (TEXT, "what programs call it"),
        "name": (TEXT, "what people call it"),
        "description": (TEXT, "what it is for"),
        "type": (word(FlagType), "release when absent"),
        "owner": (TEXT, "who looks after it"),
        "tags": (TEXTS, "words to find it by"),
        "release": (TEXT, "the release it belongs to"),
        "expires_at": (INSTANT, "when it should be gone"),
        "enabled": (TRUTH, "whether it is on"),
        "value_type": (word(ValueType), "that of its variants when absent"),
        "variants": (
            named(VARIANT.kind(), "name", "value", ANY),
            "what it can be worth; on and off when absent",
        ),
        "rules": (RULE.kinds_listed(), "the first that fits and reaches decides"),
        "serve": (SERVE.kind(), "what rules serve that say nothing; on when absent"),
        "otherwise": (SERVE.kind(), "for those whom no rule reaches; off when absent"),
        "off_variant": (TEXT, 'while it is off; "" is the caller\'s default'),
        "dependencies": (DEPENDENCY.kinds_listed(), "flags that must be on or off"),
        "window": (Kind(shapes.ref("window"), _window), "when it is on"),
        "salt": (TEXT, "its id when absent; kept when it is renamed"),
        "hash_version": (word(HashVersion), "how keys become buckets"),
        "fallback": (JSON, "what callers should pass as their default"),
        "thresholds": (THRESHOLD.kinds_listed(), "metrics that turn it off"),
        "experiment": (EXPERIMENT.kind(), "what its variants are compared by"),
        "kill_switch": (TRUTH, "whether its kill switch is shown; true when absent"),
        "metadata": (OBJECT, "handed to callers"),
        "extra": (OBJECT, "kept for another tool"),
    },
    required=("id",),
)
SHAPES = (SHARE, SERVE, VARIANT, CONSTRAINT, RULE, SEGMENT, DEPENDENCY, WINDOW, THRESHOLD, EXPERIMENT, FLAG)


def flag_file_schema() -> dict[str, Any]:
    """Return the JSON Schema of flag files, for editors. Source: json-schema.org, draft 2020-12."""
    flag = FLAG.schema()
    override = {**flag, "required": list[str]()}
    own = {**flag["properties"], "environments": {"type": "object", "additionalProperties": override}}
    whole = {**flag, "properties": own}
    nameless = {**whole, "required": list[str]()}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Sluiceway flag file",
        "type": "object",
        "properties": {
            "service": {**shapes.SCALAR, "description": "the service whose flags these are"},
            "environments": {**shapes.list_of(shapes.SCALAR), "description": "where they are"},
            "flags": {
                "anyOf": [shapes.list_of(whole), {"type": "object", "additionalProperties": nameless}],
                "description": "by id, or as a list",
            },
            "segments": {**shapes.list_of(shapes.ref("segment")), "description": "audiences with a name"},
        },
        "required": ["flags"],
        "additionalProperties": False,
        "$defs": {shape.name: shape.schema() for shape in SHAPES},
    }
