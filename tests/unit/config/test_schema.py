"""The JSON Schema agrees with the reader: good files pass, bad shapes do not, every key is described."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from sluiceway.config import json_schema
from sluiceway.config.sections import Section
from sluiceway.config.vocabulary import PROCESS, SECTIONS
from tests.unit.config.test_seeds import block

HERE = Path(__file__).parent
BAD = sorted((HERE / "bad").glob("*.yaml"))
GOOD = sorted((HERE / "good").glob("*.yaml"))

# What a schema can't tell: YAML itself, and rules over more than one value or over the meaning of a text.
NEEDS_THE_READER = {
    *(
        "analysis-bad-of-score",
        "analysis-bare-share",
        "analysis-bounds",
        "analysis-bounds-missing",
        "analysis-effect-of-crashes",
        "analysis-effect-of-score",
    ),
    *("analysis-interval", "analysis-limit-of-score", "analysis-loss", "analysis-loss-sound"),
    *("analysis-metric-events", "analysis-metric-gauge", "analysis-metric-query-only"),
    *("analysis-metric-twice", "analysis-metric-unknown", "analysis-never-compared"),
    *(
        "analysis-slower-than-bounds",
        "analysis-stale-short",
        "criterion-named-never-compared",
        "criterion-named-too-early",
    ),
    *("metric-totals-for-push", "metric-totals-no-query", "metric-totals-placeholder", "trigger-named"),
    *("anchor-bomb", "canary-falls", "canary-no-time", "canary-routing-first", "canary-routing-sum"),
    *("canary-zero", "command-no-port", "command-placeholder", "command-quotes"),
    *("criterion-baseline-metric", "criterion-constant", "criterion-function", "criterion-limit"),
    *("criterion-metric", "criterion-number", "criterion-phrase-metric", "criterion-share"),
    *("criterion-syntax", "criterion-text", "criterion-twice", "criterion-types", "criterion-unit"),
    *("duplicate-key", "duplicate-stage", "duration-long", "listen-port", "listen-word", "merge-key"),
    *("metric-envoy", "metric-no-address", "metric-no-query", "metric-password", "metric-placeholder"),
    *("metric-query-for-envoy", "metric-times", "metric-unit", "nested-deep", "no-stages"),
    *("stage-no-duration", "sticky-names", "stop-grace", "trigger-manual", "trigger-metric"),
    *("trigger-twice", "trigger-two-windows", "weight-zero", "weights-fall"),
    *("team-environment-cycle", "team-item-cycle", "team-matrix", "team-milestone-cycle"),
    *("team-path-kinds", "team-phase-references", "team-risk-conditions", "team-risk-levels"),
    *("team-calendar-type", "team-stage-role", "team-type-references"),
}
ENDLESS = {"anchor-in-itself"}  # no finite data that a schema could look at


def plain(value: Any) -> Any:
    """Return YAML data as JSON would hold it: keys and days are texts."""
    if isinstance(value, dict):
        return {str(key): plain(entry) for key, entry in value.items()}
    if isinstance(value, date):
        return value.isoformat()
    return [plain(item) for item in value] if isinstance(value, list) else value


def is_valid(text: str) -> bool:
    try:
        data = yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError, TypeError):
        return False
    return jsonschema.Draft202012Validator(json_schema()).is_valid(plain(data))


def test_the_schema_is_itself_valid_and_plain_json() -> None:
    schema = json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)

    assert json.loads(json.dumps(schema)) == schema


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
def test_a_good_file_is_valid(path: Path) -> None:
    data = plain(yaml.safe_load(path.read_text(encoding="utf-8")))

    jsonschema.validate(data, json_schema(), cls=jsonschema.Draft202012Validator)


@pytest.mark.parametrize(
    ("file", "key"),
    [("athena-release-process.md", "rollout"), ("akashic-release-management.md", "canary_deployment")],
)
def test_a_published_block_is_valid_as_it_stands(file: str, key: str) -> None:
    assert is_valid(block(file, key))


@pytest.mark.parametrize(
    "path", [path for path in BAD if path.stem not in NEEDS_THE_READER | ENDLESS], ids=lambda path: path.stem
)
def test_a_file_of_a_bad_shape_is_not_valid(path: Path) -> None:
    assert not is_valid(path.read_text(encoding="utf-8"))


def test_what_only_the_reader_can_tell_is_listed_and_no_more() -> None:
    accepted = {p.stem for p in BAD if p.stem not in ENDLESS and is_valid(p.read_text(encoding="utf-8"))}

    assert accepted == NEEDS_THE_READER


def sections() -> list[Section]:
    return [PROCESS, *SECTIONS.values()]


def test_every_key_says_what_it_means() -> None:
    assert [key.name for section in sections() for key in section.keys if not key.meaning] == []


@pytest.mark.parametrize(("root", "part"), [("#/$defs/", "else"), ("#/then/$defs/", "then")])
def test_every_reference_leads_to_a_definition(root: str, part: str) -> None:
    schema = json_schema()
    definitions = (schema if part == "else" else schema["then"])["$defs"]
    text = json.dumps([schema[part], definitions])
    named = {found.split('"')[0] for found in text.split(root)[1:]}

    assert named == set(definitions) == set(SECTIONS)


@pytest.mark.parametrize(
    "part",
    [
        "gates: [{id: code-quality, checks: [{id: coverage, expects: 80%}, {id: sonar, remove: true}]}]",
        "rollout: {stages: [{name: few, duration: 10m}]}",
        "risks: null",
        "calendar: {holidays: null, freezes: []}",
        "changes: {boards: [{id: board, quorum: 2}]}",
        "approvals: [{id: board, rule: null}]",
    ],
)
def test_only_what_extends_another_process_may_leave_things_out(part: str) -> None:
    assert is_valid(f"extends: ./team.yaml\n{part}")
    assert not is_valid(part)


@pytest.mark.parametrize(
    "part",
    [
        "gate: []",
        "gates: [{id: code-quality, check: []}]",
        "gates: [{id: code-quality, remove: no}]",
        "service: {remove: true}",
        "types: [{id: major, version: X}]",
        "extends: [akashic]",
    ],
)
def test_what_extends_another_process_still_has_to_be_well_formed(part: str) -> None:
    assert not is_valid(f"extends: ./team.yaml\n{part}" if "extends" not in part else part)
