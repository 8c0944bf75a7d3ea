"""What people say a change request is: options of `change new` and `edit`, and the same as a YAML file.

The file is that of `config.change_request`. The server says what fits the process; here what can be read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml
from pydantic import TypeAdapter

from sluiceway.cli.files import read_text
from sluiceway.cli.release_dates import instant
from sluiceway.config.change_request import CHANGE_REQUEST, parse_change_request
from sluiceway.domain.changes.model import ChangeFacts
from sluiceway.errors import InvalidInputError
from sluiceway.services.change_facts import ChangePatch

_PATCH: TypeAdapter[ChangePatch] = TypeAdapter(ChangePatch)
_NAMES = [one.name for one in fields(ChangePatch)]
_TEXTS = (
    "title",
    "kind",
    "requestor",
    "description",
    "business_justification",
    "template",
    "implementer",
    "parent_service",
    "rollback_plan",
)
_LISTS = ("acceptance_criteria", "dependencies", "success_metrics")


@dataclass(frozen=True, slots=True)
class ChangeWords:
    """What the options of `new` and `edit` say; None and empty say nothing."""

    file: Path | None = None
    title: str | None = None
    kind: str | None = None
    requestor: str | None = None
    description: str | None = None
    business_justification: str | None = None
    scope: str | None = None
    effort: str | None = None
    template: str | None = None
    implementer: str | None = None
    parent_service: str | None = None
    rollback_plan: str | None = None
    acceptance_criteria: Sequence[str] = ()
    dependencies: Sequence[str] = ()
    success_metrics: Sequence[str] = ()
    answers: Sequence[str] = ()
    starts: str | None = None
    ends: str | None = None


def patch_of(words: ChangeWords, before: ChangeFacts, zone: str) -> ChangePatch:
    """Return what the file and then the options change; criteria and the like are added to what is there.

    Raises InvalidInputError for what can't be read, ProcessFileError for a file with problems.
    """
    patch = ChangePatch() if words.file is None else _patch_of_file(words.file)
    base = patch.of(before)
    given: dict[str, Any] = {name: value for name in _TEXTS if (value := getattr(words, name)) is not None}
    given |= {name: (*getattr(base, name), *added) for name in _LISTS if (added := getattr(words, name))}
    if words.scope is not None or words.effort is not None:
        impact = base.impact
        given["impact"] = replace(
            impact,
            scope=impact.scope if words.scope is None else words.scope,
            effort_estimate=impact.effort_estimate if words.effort is None else words.effort,
        )
    if words.answers:
        given["answers"] = tuple((dict(base.answers) | pairs(words.answers, "QUESTION=ANSWER")).items())
    for name, option, text in (
        ("starts_at", "--starts", words.starts),
        ("ends_at", "--ends", words.ends),
    ):
        if text is not None:
            given[name] = instant(text, zone, option, datetime.now(UTC))
    return replace(patch, **given)


def patch_body(patch: ChangePatch) -> dict[str, object]:
    """Return the fields that a patch changes, as the API takes them."""
    body: dict[str, object] = _PATCH.dump_python(patch, mode="json", exclude_none=True)
    return body


def pairs(texts: Sequence[str], form: str) -> dict[str, str]:
    """Return `NAME=VALUE` texts as a mapping. Raises InvalidInputError for one that is not of that form."""
    found: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name.strip() or not value.strip():
            raise InvalidInputError(f"{text!r} can't be read, expected {form}")
        found[name.strip()] = value.strip()
    return found


def points(texts: Sequence[str]) -> dict[str, int]:
    """Return `CRITERION=POINTS` texts as a mapping. Raises InvalidInputError for what is no whole number."""
    found: dict[str, int] = {}
    for name, value in pairs(texts, "CRITERION=POINTS, such as business-value=8").items():
        try:
            found[name] = int(value)
        except ValueError as failure:
            raise InvalidInputError(f"{name} is {value!r}; points are a whole number") from failure
    return found


def change_text(facts: ChangeFacts) -> str:
    """Return a request as the YAML file that `import` and `edit --file` read, without what it leaves open."""
    impact = facts.impact
    assessment = {
        "scope": impact.scope,
        "effort_estimate": impact.effort_estimate,
        "resource_requirements": list(impact.resource_requirements),
        "technical_impact": list(impact.technical),
        "business_impact": list(impact.business),
        "risk_assessment": [
            _said({one.name: getattr(risk, one.name) for one in fields(risk)}) for risk in impact.risks
        ],
    }
    shown: dict[str, object] = {
        "title": facts.title,
        "requestor": facts.requestor,
        "kind": facts.kind,
        "date_submitted": facts.date_submitted,
        "description": facts.description,
        "business_justification": facts.business_justification,
        "impact_assessment": _said(assessment),
        "acceptance_criteria": list(facts.acceptance_criteria),
        "dependencies": list(facts.dependencies),
        "timeline": dict(facts.timeline),
        "success_metrics": list(facts.success_metrics),
        "service": facts.service,
        "parent_service": facts.parent_service,
        "template": facts.template,
        "implementer": facts.implementer,
        "starts_at": facts.starts_at.isoformat() if facts.starts_at else None,
        "ends_at": facts.ends_at.isoformat() if facts.ends_at else None,
        "rollback_plan": facts.rollback_plan,
        "answers": dict(facts.answers),
        "fields": dict(facts.fields),
    }
    return yaml.safe_dump({CHANGE_REQUEST: _said(shown)}, sort_keys=False, allow_unicode=True, width=100)


def _said(shown: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in shown.items() if value}


def _patch_of_file(path: Path) -> ChangePatch:
    """Return a patch that makes a request say what a file says, all of it."""
    facts, _ = parse_change_request(read_text(path, what="change request"), str(path))
    return ChangePatch(**{name: getattr(facts, name) for name in _NAMES})
