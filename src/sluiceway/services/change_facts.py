"""What people write into a change request, as they send it: which fields, and how much may stand in each."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from datetime import UTC, date, datetime
from typing import Any

from sluiceway.domain.changes.kinds import kind_of
from sluiceway.domain.changes.model import ChangeFacts, Impact, RiskEntry
from sluiceway.domain.process.control import ChangeControl
from sluiceway.domain.process.expressions import did_you_mean
from sluiceway.errors import InvalidInputError
from sluiceway.services.texts import line, prose

MAX_ENTRIES = 200  # of a list: criteria, dependencies, risks ...
_LINES = {
    "title": "the title",
    "requestor": "the requestor",
    "kind": "the kind",
    "service": "the service",
    "parent_service": "the parent service",
    "template": "the template",
    "implementer": "the implementer",
}
_PROSE = {
    "description": "the description",
    "business_justification": "the business justification",
    "rollback_plan": "the rollback plan",
}
_LISTS = {
    "acceptance_criteria": "acceptance criteria",
    "dependencies": "dependencies",
    "success_metrics": "success metrics",
}
_PAIRS = {"timeline": "timeline", "answers": "answers", "fields": "fields"}


@dataclass(frozen=True, slots=True)
class ChangePatch:
    """What to change in a request; None leaves a field as it is."""

    title: str | None = None
    requestor: str | None = None
    kind: str | None = None
    date_submitted: date | None = None
    description: str | None = None
    business_justification: str | None = None
    impact: Impact | None = None
    acceptance_criteria: tuple[str, ...] | None = None
    dependencies: tuple[str, ...] | None = None
    timeline: tuple[tuple[str, str], ...] | None = None
    success_metrics: tuple[str, ...] | None = None
    parent_service: str | None = None
    template: str | None = None
    implementer: str | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    rollback_plan: str | None = None
    answers: tuple[tuple[str, str], ...] | None = None
    fields: tuple[tuple[str, str], ...] | None = None

    def of(self, facts: ChangeFacts) -> ChangeFacts:
        """Return the facts with the patch."""
        given: dict[str, Any] = {
            one.name: value for one in fields(self) if (value := getattr(self, one.name)) is not None
        }
        return replace(facts, **given)


def checked(facts: ChangeFacts) -> ChangeFacts:
    """Return the facts without blanks around their texts.

    Raises InvalidInputError for a request without a title, and for what is too long, too many, or holds
    characters that can't be seen.
    """
    given: dict[str, Any] = {name: line(getattr(facts, name), what) for name, what in _LINES.items()}
    given |= {name: prose(getattr(facts, name), what) for name, what in _PROSE.items()}
    given |= {name: _texts(getattr(facts, name), what) for name, what in _LISTS.items()}
    given |= {name: _pairs(getattr(facts, name), what) for name, what in _PAIRS.items()}
    if not given["title"]:
        raise InvalidInputError("the change request has no title; say in a line what is to be done")
    times = {"starts_at": facts.starts_at, "ends_at": facts.ends_at}
    given |= {name: in_utc(at) for name, at in times.items() if at is not None}
    return replace(facts, impact=_impact(facts.impact), **given)


def in_utc(at: datetime) -> datetime:
    """Return the instant in UTC; one without a zone stays as it is, to be refused by the rules."""
    return at if at.tzinfo is None else at.astimezone(UTC)


def check_choices(facts: ChangeFacts, control: ChangeControl, before: ChangeFacts | None = None) -> None:
    """Raise InvalidInputError for a kind or an answer that the process does not have.

    What stood there `before` is not held against an edit of something else.
    """
    if before is None or facts.kind != before.kind:
        kind_of(control, facts.kind)
    known = {one.id: one for one in control.risk.questions} if control.risk is not None else {}
    for question, answer in facts.answers:
        if before is not None and (question, answer) in before.answers:
            continue
        if question not in known:
            near = did_you_mean(question, known) or f"; the process asks {', '.join(known) or 'nothing'}"
            raise InvalidInputError(f'unknown question "{question}"{near}')
        ids = [each.id for each in known[question].answers]
        if answer not in ids:
            near = did_you_mean(answer, ids) or f"; use {', '.join(ids)}"
            raise InvalidInputError(f'"{known[question].text}" has no answer "{answer}"{near}')


def _impact(impact: Impact) -> Impact:
    return Impact(
        scope=line(impact.scope, "the scope"),
        effort_estimate=line(impact.effort_estimate, "the effort"),
        resource_requirements=_texts(impact.resource_requirements, "resource requirements"),
        technical=_texts(impact.technical, "technical impact"),
        business=_texts(impact.business, "business impact"),
        risks=_risks(impact.risks),
    )


def _risks(risks: tuple[RiskEntry, ...]) -> tuple[RiskEntry, ...]:
    _count(len(risks), "risks")
    return tuple(
        RiskEntry(
            risk=prose(one.risk, f"risk {number}"),
            probability=line(one.probability, f"the probability of risk {number}"),
            impact=line(one.impact, f"the impact of risk {number}"),
            mitigation=prose(one.mitigation, f"the mitigation of risk {number}"),
        )
        for number, one in enumerate(risks, start=1)
    )


def _texts(texts: tuple[str, ...], what: str) -> tuple[str, ...]:
    """Return the entries that hold words."""
    _count(len(texts), what)
    found = (prose(text, f"{what}, entry {number}") for number, text in enumerate(texts, start=1))
    return tuple(text for text in found if text)


def _pairs(pairs: tuple[tuple[str, str], ...], what: str) -> tuple[tuple[str, str], ...]:
    _count(len(pairs), what)
    return tuple(
        (line(name, f"a name in {what}"), prose(text, f"{what}: {name[:40]}")) for name, text in pairs
    )


def _count(found: int, what: str) -> None:
    if found > MAX_ENTRIES:
        raise InvalidInputError(f"{what} has {found} entries; use at most {MAX_ENTRIES}")
