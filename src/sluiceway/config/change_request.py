"""A change request written as YAML: text in, its facts out, or every problem.

One file holds one, under `change_request`. Whether its kind, template and answers are those of a process is
known once it meets the process; here they are only read.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sluiceway.config import shapes, values
from sluiceway.config.plain import DAY, TEXT
from sluiceway.config.records import Reader, Record, Scope, listed, part
from sluiceway.config.sections import Fields, Key, Section
from sluiceway.config.tree import ROOT, Findings, Value, compose
from sluiceway.domain.changes.ids import change_id, parse_change_id
from sluiceway.domain.changes.model import ChangeFacts, ChangeId, Impact, RiskEntry
from sluiceway.errors import InvalidInputError, ProcessFileError

CHANGE_REQUEST = "change_request"

_NAMES_NOTHING = Scope({}, lambda _value: None)


def parse_change_request(text: str, name: str = "change.yaml") -> tuple[ChangeFacts, ChangeId | None]:
    """Return what a change request says, and the id it gives itself, if any. `name` stands in messages.

    Raises ProcessFileError with every problem, each as `name:line:column: path: what and what was expected`.
    """
    findings = Findings(name)
    top = Value(compose(text, name), ROOT, findings)
    value = _FILE.read(top).get(CHANGE_REQUEST)
    found = _REQUEST.read(value, _NAMES_NOTHING) if value else None
    findings.raise_problems()
    assert found is not None  # what is missing is a problem
    return found


def holds_change_request(text: str) -> bool:
    """Return whether a text has a change request at its top; False when it is no YAML."""
    try:
        node = compose(text, "")
    except ProcessFileError:
        return False
    return Value(node, ROOT, Findings("")).entry(CHANGE_REQUEST) is not None


def _read_prose(value: Value, _scope: Scope) -> str | None:
    found = values.text(value)
    return None if found is None else found.rstrip("\n")


def _read_lines(value: Value, scope: Scope) -> tuple[str, ...] | None:
    items = value.items() if value.is_list else (value,)
    found = [_read_prose(item, scope) for item in items]
    return None if None in found else tuple(one for one in found if one is not None)


def _read_pairs(value: Value, scope: Scope) -> tuple[tuple[str, str], ...] | None:
    found = [(key.raw, _read_prose(entry, scope)) for key, entry in value.entries()]
    if not value.is_mapping or any(text is None for _, text in found):
        return None
    return tuple((word, text) for word, text in found if text is not None)


def _read_id(value: Value, _scope: Scope) -> ChangeId | None:
    try:
        return change_id(*parse_change_id(value.raw))
    except InvalidInputError as problem:
        value.problem(str(problem))
        return None


def _read_instant(value: Value, _scope: Scope) -> datetime | None:
    try:
        found = datetime.fromisoformat(value.raw.strip()) if value.is_scalar else None
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        value.expected("a date and time with its zone, such as 2026-05-04T09:30:00+02:00")
        return None
    return found.astimezone(UTC)


def _check(fields: Fields, found: tuple[ChangeFacts, ChangeId | None], _scope: Scope) -> None:
    facts = found[0]
    if facts.starts_at and facts.ends_at and facts.ends_at <= facts.starts_at:
        fields.at("ends_at").problem("ends before it begins, expected a time after `starts_at`")


def _request(own_id: ChangeId | None = None, **facts: Any) -> tuple[ChangeFacts, ChangeId | None]:
    return ChangeFacts(**facts), own_id


_PROSE = Reader(shapes.SCALAR, _read_prose)
_LINES = Reader({"anyOf": [shapes.SCALAR, shapes.list_of(shapes.SCALAR)]}, _read_lines)
_PAIRS = Reader({"type": "object", "additionalProperties": shapes.SCALAR}, _read_pairs)
_INSTANT = Reader({"type": "string", "format": "date-time"}, _read_instant)
_RISK = Record(
    "risk_entry",
    "A risk of the change",
    RiskEntry,
    (
        part("risk", _PROSE, "what may happen", is_required=True),
        part("probability", TEXT, "low, medium or high"),
        part("impact", TEXT, "low, medium or high"),
        part("mitigation", _PROSE, "what is done against it"),
    ),
)
_IMPACT = Record(
    "impact_assessment",
    "What the change touches and takes",
    Impact,
    (
        part("scope", TEXT, "how large it is, such as major"),
        part("effort_estimate", TEXT, "how long it takes"),
        part("resource_requirements", _LINES, "who and what it takes"),
        part("technical_impact", _LINES, "what changes in the systems", to="technical"),
        part("business_impact", _LINES, "what changes for the business", to="business"),
        part("risk_assessment", listed(_RISK, what="risk"), "what may happen", to="risks"),
    ),
)
_REQUEST = Record(
    CHANGE_REQUEST,
    "A change request",
    _request,
    (
        part("id", Reader(shapes.TEXT, _read_id), "its id, such as CR-2026-001", to="own_id"),
        part("title", TEXT, "what is to be done, in a line", is_required=True),
        part("requestor", TEXT, "who asks for it", is_required=True),
        part("kind", TEXT, "the kind of change"),
        part("date_submitted", DAY, "the day it was asked for"),
        part("description", _PROSE, "what is to be done"),
        part("business_justification", _PROSE, "why"),
        part("impact_assessment", _IMPACT.reader, "what it touches and takes", to="impact"),
        part("acceptance_criteria", _LINES, "what must hold once it is done"),
        part("dependencies", _LINES, "what it needs from elsewhere"),
        part("timeline", _PAIRS, "its phases, and how long each takes"),
        part("success_metrics", _LINES, "the figures that show that it was worth it"),
        part("service", TEXT, "the service it changes"),
        part("parent_service", TEXT, "the service that one is a part of"),
        part("template", TEXT, "the pre-approved template that a standard change follows"),
        part("implementer", TEXT, "who carries it out"),
        part("starts_at", _INSTANT, "when it begins"),
        part("ends_at", _INSTANT, "when it is over"),
        part("rollback_plan", _PROSE, "how to go back"),
        part("answers", _PAIRS, "the answers to the process's questions, by id"),
        part("fields", _PAIRS, "fields of the team's own"),
    ),
    check=_check,
)
_FILE = Section(
    "A file with a change request",
    (Key(CHANGE_REQUEST, _REQUEST.schema, "a change request", is_required=True),),
    free_prefix="x-",
)
SECTIONS = {record.name: record.section for record in (_REQUEST, _IMPACT, _RISK)}
