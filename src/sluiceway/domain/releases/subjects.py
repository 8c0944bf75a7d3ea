"""The parts of a release as texts: what approvals bind, what needs ask to be filled in.

A text holds what people decide on and nothing that moves by itself: a channel's state is not part of it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from datetime import UTC

from sluiceway.domain.approvals.model import Subject
from sluiceway.domain.process.team import ApprovalPolicy, TeamProcess
from sluiceway.domain.releases.model import Facts, Release
from sluiceway.errors import RuleError

DECIDED_ON = ("version", "scope")  # what a go or no-go was about: it is asked for again when these change

FIELD_WORDS = {
    "target_at": "target date",
    "code_name": "code name",
    "user_impact": "impact on users",
    "revenue_impact": "impact on revenue",
}  # the others go by their own names


def _line(*values: str) -> str:
    """Return the values in one line that no other values give: what separates them is escaped inside them."""
    escaped = [one.replace("\\", "\\\\").replace("|", "\\|").replace("\n", "\\n") for one in values]
    while escaped and not escaped[-1]:
        escaped.pop()
    return " | ".join(escaped)


def _target(facts: Facts) -> str:
    return "" if facts.target_at is None else facts.target_at.astimezone(UTC).isoformat()


def _goals(facts: Facts) -> str:
    return "\n".join(_line(one.text, one.metric, one.target) for one in facts.goals)


def _scope(facts: Facts) -> str:
    return "\n".join(_line(one.id, one.kind.value, one.text, one.link) for one in facts.scope)


def _impact(facts: Facts) -> str:
    return _line(facts.user_impact, facts.revenue_impact)


def _stakeholders(facts: Facts) -> str:
    return "\n".join(
        _line(one.role, one.person, one.backup, one.responsibility, one.contact) for one in facts.stakeholders
    )


def _channels(facts: Facts) -> str:
    return "\n".join(_line(one.id, one.title) for one in facts.channels)


_PARTS: dict[str, Callable[[Facts], str]] = {
    "version": lambda facts: facts.version,
    "type": lambda facts: facts.type,
    "title": lambda facts: facts.title,
    "target": _target,
    "goals": _goals,
    "scope": _scope,
    "impact": _impact,
    "stakeholders": _stakeholders,
    "channels": _channels,
    "changes": lambda facts: "\n".join(map(_line, facts.changes)),
    "environment": lambda facts: facts.environment,
}
ROLLOUT = "rollout"  # the one part that stands in the process and not in the facts
BINDABLE = (*_PARTS, ROLLOUT)


def part_of(release: Release, process: TeamProcess, name: str) -> str:
    """Return the text of one of BINDABLE. Raises RuleError for another name."""
    if name == ROLLOUT:
        kind = next((one for one in process.types if one.id == release.facts.type), None)
        return f"{kind.rollout if kind else ''} of process {release.process_hash}"
    if name not in _PARTS:
        raise RuleError(f'an approval binds "{name}", expected one of {", ".join(BINDABLE)}')
    return _PARTS[name](release.facts)


def subject_of(release: Release, process: TeamProcess, policy: ApprovalPolicy) -> Subject:
    """Return what a vote under the policy is given on. Raises RuleError for a part that does not exist."""
    return tuple((name, part_of(release, process, name)) for name in policy.binds)


def decided_on(facts: Facts) -> Subject:
    """Return what a go or no-go is about."""
    return tuple((name, _PARTS[name](facts)) for name in DECIDED_ON)


def is_filled(facts: Facts, field: str) -> bool:
    """Return whether the field of Facts says anything. Raises RuleError when there is no such field."""
    if field not in FIELDS:
        raise RuleError(f'a phase needs the field "{field}", expected one of {", ".join(FIELDS)}')
    value: object = getattr(facts, field)
    return bool(value.strip() if isinstance(value, str) else value)


FIELDS = tuple(field.name for field in fields(Facts))
