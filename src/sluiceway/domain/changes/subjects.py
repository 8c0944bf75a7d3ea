"""What people agree to when they approve a change request, as named texts.

A vote counts for these texts: when one changes the vote is void and is asked for again. When it is carried
out and by whom may change after the approval; the calendar and conflicts are looked at then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from sluiceway.domain.approvals.model import Subject
from sluiceway.domain.changes.model import Change, ChangeFacts, ChangeState

_PARTS: dict[str, Callable[[ChangeFacts], str]] = {
    "title": lambda facts: facts.title,
    "kind": lambda facts: facts.kind,
    "service": lambda facts: " < ".join(filter(None, (facts.service, facts.parent_service))),
    "description": lambda facts: facts.description,
    "justification": lambda facts: facts.business_justification,
    "scope": lambda facts: facts.impact.scope,
    "effort": lambda facts: facts.impact.effort_estimate,
    "resources": lambda facts: "\n".join(facts.impact.resource_requirements),
    "technical impact": lambda facts: "\n".join(facts.impact.technical),
    "business impact": lambda facts: "\n".join(facts.impact.business),
    "risks": lambda facts: "\n".join(
        " | ".join((each.risk, each.probability, each.impact, each.mitigation)) for each in facts.impact.risks
    ),
    "acceptance criteria": lambda facts: "\n".join(facts.acceptance_criteria),
    "dependencies": lambda facts: "\n".join(facts.dependencies),
    "timeline": lambda facts: _pairs(facts.timeline),
    "success metrics": lambda facts: "\n".join(facts.success_metrics),
    "template": lambda facts: facts.template,
    "rollback plan": lambda facts: facts.rollback_plan,
    "answers": lambda facts: _pairs(sorted(facts.answers)),
    "fields": lambda facts: _pairs(sorted(facts.fields)),
}
SUBMISSION = "submission"


def subject_of(change: Change) -> Subject:
    """Return what is voted on: what the request says, and how often it has been submitted.

    So a request that was rejected is voted on anew when it is submitted again, also word for word.
    """
    return (*kept_fields(change.facts), (SUBMISSION, str(submissions(change))))


def kept_fields(facts: ChangeFacts) -> Subject:
    """Return the parts of a request that an approval holds fast."""
    return tuple((name, text(facts)) for name, text in _PARTS.items())


def submissions(change: Change) -> int:
    """Return how often the request was submitted out of a draft."""
    states = [state for _, _, state, _ in change.history]
    return sum(
        state == ChangeState.SUBMITTED and (number == 0 or states[number - 1] == ChangeState.DRAFT)
        for number, state in enumerate(states)
    )


def _pairs(pairs: Iterable[tuple[str, str]]) -> str:
    return "\n".join(f"{name}: {text}" for name, text in pairs)
