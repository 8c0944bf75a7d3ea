"""The flags of OpenFeature's test suite (`test-flags.json`) as a set of ours.

Every flag there has variants, a default variant, and perhaps a `contextEvaluator`: an expression that names a
variant or, with '', the default one. The few shapes these have (`a == 'x'`, `a > 10`, `!a`, joined by `&&`)
become the constraints of one rule; anything else is an error here, never a flag that means something else.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from sluiceway.domain.flags.model import (
    Constraint,
    Flag,
    FlagSet,
    Operator,
    Rule,
    Serve,
    ValueType,
    Variant,
)

FOLDER = Path(__file__).resolve().parents[3] / "shared" / "conformance" / "openfeature"
_TYPES = {
    bool: ValueType.BOOLEAN,
    str: ValueType.STRING,
    int: ValueType.NUMBER,
    float: ValueType.NUMBER,
    dict: ValueType.OBJECT,
}
_EVALUATOR = re.compile(r"(?P<claims>.+) \? '(?P<variant>[^']+)' : ''")
_CLAIM = re.compile(r"!(?P<absent>\w+)|(?P<text>\w+) == '(?P<equal>[^']*)'|(?P<number>\w+) > (?P<above>\d+)")


def converted(path: Path) -> FlagSet:
    """Return the suite's flags; one without a default variant is not on anybody's way and left out."""
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return FlagSet(
        "suite",
        "test",
        1,
        tuple(_flag(key, one) for key, one in found.items() if one.get("defaultVariant") is not None),
    )


def _flag(key: str, said: dict[str, Any]) -> Flag:
    usual = Serve(said["defaultVariant"])
    evaluator = said.get("contextEvaluator")
    return Flag(
        id=key,
        value_type=_TYPES[type(next(iter(said["variants"].values())))],
        is_enabled=not said.get("disabled", False),
        variants=tuple(Variant(name, value) for name, value in said["variants"].items()),
        rules=(_rule(evaluator),) if evaluator else (),
        serve=usual,
        otherwise=usual,
        off_variant="",  # a disabled flag of the suite is worth the caller's default
        metadata=said.get("flagMetadata") or {},
    )


def _rule(evaluator: str) -> Rule:
    found = _EVALUATOR.fullmatch(evaluator)
    assert found, f"an expression of another shape: {evaluator}"
    claims = tuple(_constraint(one) for one in found["claims"].split(" && "))
    return Rule("suite", constraints=claims, serve=Serve(found["variant"]))


def _constraint(claim: str) -> Constraint:
    found = _CLAIM.fullmatch(claim)
    assert found, f"a claim of another shape: {claim}"
    if found["absent"]:
        return Constraint(found["absent"], Operator.IN, ("true",), is_inverted=True)
    if found["text"]:
        return Constraint(found["text"], Operator.IN, (found["equal"],))
    return Constraint(found["number"], Operator.GREATER, (found["above"],))
