"""Every case of Unleash's client specification, converted and decided by our own engine."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from sluiceway.config.flag_formats.unleash import (
    KEPT,
    context_from_unleash,
    flags_from_unleash,
    said_name,
)
from sluiceway.config.flag_formats.unleash_export import flags_to_unleash
from sluiceway.domain.flags.compiling import Evaluator, compile_set
from sluiceway.domain.flags.model import Evaluation, FlagSet
from sluiceway.domain.flags.wire import set_to_json
from sluiceway.domain.flags.wire_reading import set_from_json

SPECIFICATIONS = Path(__file__).resolve().parents[3] / "shared" / "conformance" / "unleash" / "specifications"
WAYS = ("as it is", "through our JSON", "written and read again", "written anew and read again")
CASES_IN_ALL = 279
AT_S = 1_700_000_000.0


def files() -> list[str]:
    index = SPECIFICATIONS / "index.json"
    return json.loads(index.read_text(encoding="utf-8")) if index.is_file() else []


def cases() -> Iterator[Any]:
    for file in files():
        document = json.loads((SPECIFICATIONS / file).read_text(encoding="utf-8"))
        for key in ("tests", "variantTests"):
            for at, case in enumerate(document.get(key, [])):
                yield pytest.param(file, key, case, id=f"{file.removesuffix('.json')}-{key}-{at}")


def found_cases() -> list[Any]:
    why = f"needs {SPECIFICATIONS}: Unleash's specification is not part of this repository"
    return list(cases()) or [pytest.param("", "", {}, id="none", marks=pytest.mark.skip(reason=why))]


@cache
def converted(file: str) -> FlagSet:
    document = json.loads((SPECIFICATIONS / file).read_text(encoding="utf-8"))
    return flags_from_unleash(document["state"]).flags


@cache
def evaluator(file: str, way: str) -> Evaluator:
    flags = converted(file)
    if way == "through our JSON":
        flags = set_from_json(json.loads(json.dumps(set_to_json(flags))))
    elif way == "written and read again":
        flags = flags_from_unleash(flags_to_unleash(flags).document).flags
    elif way == "written anew and read again":
        edited = replace(flags, flags=tuple(replace(one, extra={}) for one in flags.flags))
        flags = flags_from_unleash(flags_to_unleash(edited).document).flags
    return compile_set(flags, now=lambda: AT_S, chance=lambda: 0.5)


def as_variant(found: Evaluation, flags: FlagSet) -> Mapping[str, Any]:
    """Return an evaluation in the words of Unleash's variants."""
    flag = next((one for one in flags.flags if one.id == found.flag), None)
    variants = {one.name: one for one in flag.variants} if flag else {}
    variant = variants.get(found.variant)
    kept = variant.extra.get(KEPT) if variant and found.is_on else None
    if variant is None or not isinstance(kept, Mapping):
        return {"name": "disabled", "enabled": False, "feature_enabled": found.is_on}
    payload = {"payload": kept["payload"]} if "payload" in kept else {}
    return {"name": said_name(variant), **payload, "enabled": True, "feature_enabled": True}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("file", "kind", "case"), found_cases())
def test_it_answers_as_unleash_does(file: str, kind: str, case: Mapping[str, Any], way: str) -> None:
    asked = evaluator(file, way)

    found = asked.evaluate(case["toggleName"], context_from_unleash(case["context"]))

    if kind == "tests":
        assert found.is_on is case["expectedResult"], asked.explain(found.flag, case["context"]).summary
    else:
        assert as_variant(found, asked.flag_set) == case["expectedResult"]


def test_every_case_is_asked() -> None:
    if not files():
        pytest.skip(f"needs {SPECIFICATIONS}")

    assert len(list(cases())) == CASES_IN_ALL


@pytest.mark.parametrize("file", files())
def test_features_that_nobody_edited_are_written_as_they_were(file: str) -> None:
    state = json.loads((SPECIFICATIONS / file).read_text(encoding="utf-8"))["state"]
    if "features" not in state:
        pytest.skip("a delta is written as the features it leads to")

    assert flags_to_unleash(converted(file)).document["features"] == state["features"]
