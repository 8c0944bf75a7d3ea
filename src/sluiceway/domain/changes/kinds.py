"""Standard, normal and emergency changes: what is pre-approved, and what is reviewed afterwards.

How a request is decided on is the business of `deciding`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sluiceway.domain.changes.model import BoardDecision, Change, ChangeState
from sluiceway.domain.process.control import ChangeControl, ChangeKind
from sluiceway.domain.process.expressions import did_you_mean
from sluiceway.errors import InvalidInputError


def kind_of(control: ChangeControl, kind: str) -> ChangeKind:
    """Return the kind of this id. Raises InvalidInputError, naming the nearest, when there is none."""
    found = next((each for each in control.kinds if each.id == kind), None)
    if found is None:
        ids = [each.id for each in control.kinds]
        known = f"; the process has {', '.join(ids)}" if ids else "; the process has no kinds of change"
        raise InvalidInputError(f'unknown kind of change "{kind}"{did_you_mean(kind, ids) or known}')
    return found


def why_not_preapproved(change: Change, template: Change | None, followers: Sequence[Change]) -> str | None:
    """Return why a standard change is not pre-approved by its template, None when it is.

    A template is an earlier request of the same service that was decided on by people and went well. Once a
    change that follows it has failed, it is good no more: somebody has to look at it again. `followers` are
    other requests that name the template; those of other templates are passed over.
    """
    named = change.facts.template
    if not named:
        return "a standard change names the approved request it follows as its template; this one names none"
    if template is None or template.id != named:
        return f'its template "{named}" is not a change request'
    if template.facts.service != change.facts.service:
        return f"its template {named} is a change of {template.facts.service or 'no service'}"
    if template.facts.template:
        return f"its template {named} was itself pre-approved by {template.facts.template}; name that one"
    if template.state is not ChangeState.DONE:
        return f"its template {named} is {template.state.value}; only one that is done shows the way"
    failed = [
        each.id
        for each in followers
        if each.facts.template == named and each.state is ChangeState.FAILED and each.id != change.id
    ]
    if failed:
        return f"{failed[-1]}, which followed the template {named}, failed; submit it as a normal change"
    return None


def review_due_at(change: Change, kind: ChangeKind) -> datetime | None:
    """Return by when an emergency change is to be reviewed; None when it is not, or has been.

    The review is the board's next decision on it, taken in a regular meeting.
    """
    decided = _emergency_decision(change) if kind.is_emergency else None
    if decided is None or kind.review_after_s <= 0:
        return None
    is_reviewed = any(
        each.is_review and each.at >= decided.at and each.board == decided.board for each in change.decisions
    )
    return None if is_reviewed else decided.at + timedelta(seconds=kind.review_after_s)


def _emergency_decision(change: Change) -> BoardDecision | None:
    return next(
        (each for each in reversed(change.decisions) if each.is_approved and not each.is_review), None
    )
