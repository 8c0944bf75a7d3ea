"""A change request's way from draft to done: which steps there are, and why one is refused.

Every step returns a new request with a line in its history, or raises. Who may take a step has been asked
before; what approves or rejects a request is the business of `deciding`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sluiceway.domain.approvals.subjects import what_changed
from sluiceway.domain.changes.kinds import kind_of, why_not_preapproved
from sluiceway.domain.changes.model import Change, ChangeFacts, ChangeId, ChangeState
from sluiceway.domain.changes.subjects import kept_fields
from sluiceway.domain.process.control import ChangeControl
from sluiceway.errors import IllegalMoveError, InvalidInputError, NotReadyError, RuleError

MOVES: dict[ChangeState, tuple[ChangeState, ...]] = {
    ChangeState.DRAFT: (ChangeState.SUBMITTED, ChangeState.WITHDRAWN),
    ChangeState.SUBMITTED: (
        *(ChangeState.APPROVED, ChangeState.REJECTED, ChangeState.DRAFT, ChangeState.WITHDRAWN),
    ),
    ChangeState.APPROVED: (
        *(ChangeState.SCHEDULED, ChangeState.IN_PROGRESS, ChangeState.SUBMITTED, ChangeState.DRAFT),
        ChangeState.WITHDRAWN,
    ),
    ChangeState.SCHEDULED: (
        *(ChangeState.IN_PROGRESS, ChangeState.APPROVED, ChangeState.SUBMITTED, ChangeState.DRAFT),
        ChangeState.WITHDRAWN,
    ),
    ChangeState.REJECTED: (ChangeState.DRAFT, ChangeState.WITHDRAWN),
    ChangeState.IN_PROGRESS: (ChangeState.DONE, ChangeState.FAILED),
    ChangeState.DONE: (),
    ChangeState.FAILED: (),
    ChangeState.WITHDRAWN: (),
}
OPEN = frozenset(state for state, following in MOVES.items() if following and state != ChangeState.REJECTED)
_AGREED = frozenset({ChangeState.APPROVED, ChangeState.SCHEDULED})
_EARLIEST_YEAR, _LATEST_YEAR = 2000, 2200  # a time outside is a slip of the pen
_LONGEST = timedelta(days=366)


def draft(change_id: ChangeId, facts: ChangeFacts, author: str, process_hash: str, now: datetime) -> Change:
    """Return a new request. Raises InvalidInputError for times that can't be."""
    _check_times(facts)
    began = (now, author, ChangeState.DRAFT.value, "")
    return Change(change_id, facts, ChangeState.DRAFT, author, now, process_hash, history=(began,))


def edit(change: Change, facts: ChangeFacts, control: ChangeControl, by: str, now: datetime) -> Change:
    """Return the request with other facts.

    When what was agreed to changes, an approved request waits for decisions again, and a pre-approved one is
    a draft again; the history says what changed. Votes on the old text don't count any more.
    Raises IllegalMoveError once it is being carried out or has ended, RuleError for another kind after it was
    submitted, InvalidInputError for times that can't be.
    """
    if change.state not in {ChangeState.DRAFT, ChangeState.SUBMITTED, *_AGREED}:
        raise IllegalMoveError(_where(change, "can't be edited any more"))
    if change.state is not ChangeState.DRAFT and facts.kind != change.facts.kind:
        raise RuleError(
            f"{change.id} was submitted as {change.facts.kind}; take it back to draft to make it {facts.kind}"
        )
    _check_times(facts)
    differences = what_changed(kept_fields(change.facts), kept_fields(facts))
    edited = replace(change, facts=facts)
    if not differences or change.state not in _AGREED:
        return edited
    is_preapproved = kind_of(control, facts.kind).is_preapproved
    to = ChangeState.DRAFT if is_preapproved else ChangeState.SUBMITTED
    return _moved(edited, to, by, now, f"what was approved has changed: {'; '.join(differences)}")


def submit(
    change: Change,
    control: ChangeControl,
    by: str,
    now: datetime,
    *,
    template: Change | None = None,
    followers: Sequence[Change] = (),
) -> Change:
    """Return the request waiting for decisions, or approved at once when its template pre-approves it.

    Raises IllegalMoveError unless it is a draft, NotReadyError when fields are missing, InvalidInputError for
    an unknown kind, RuleError when nobody could decide on it or its template does not pre-approve it.
    """
    _check_move(change, ChangeState.SUBMITTED, only_from=ChangeState.DRAFT)
    kind = kind_of(control, change.facts.kind)
    missing = missing_fields(change.facts, is_emergency=kind.is_emergency)
    if missing:
        raise NotReadyError(f"{change.id} can't be submitted yet", missing)
    submitted = _moved(change, ChangeState.SUBMITTED, by, now, "")
    if kind.is_preapproved:
        refusal = why_not_preapproved(change, template, followers)
        if refusal is not None:
            raise RuleError(f"{change.id} is not pre-approved: {refusal}")
        return _moved(submitted, ChangeState.APPROVED, by, now, f"pre-approved by {change.facts.template}")
    if not kind.board and not kind.approvals:
        raise RuleError(
            f"nobody could decide on {change.id}: the process names neither a board nor approvals for "
            f"{kind.title}; add one under changes.kinds"
        )
    return submitted


def take_back(change: Change, by: str, why: str, now: datetime) -> Change:
    """Return the request as a draft to work on. Raises IllegalMoveError, InvalidInputError without why."""
    _check_move(change, ChangeState.DRAFT)
    return _moved(change, ChangeState.DRAFT, by, now, _reason(change, why, "taken back"))


def withdraw(change: Change, by: str, why: str, now: datetime) -> Change:
    """Return the request given up for good. Raises IllegalMoveError, InvalidInputError without why."""
    _check_move(change, ChangeState.WITHDRAWN)
    return _moved(change, ChangeState.WITHDRAWN, by, now, _reason(change, why, "withdrawn"))


def schedule(change: Change, starts_at: datetime, ends_at: datetime, by: str, now: datetime) -> Change:
    """Return an approved request with its time, a scheduled one with another.

    The calendar and conflicts are shown beside it (`conflicts`), and looked at again when it begins.
    Raises IllegalMoveError before it is approved, InvalidInputError for a time that is past or can't be.
    """
    if change.state is not ChangeState.SCHEDULED:
        _check_move(change, ChangeState.SCHEDULED)
    facts = replace(change.facts, starts_at=starts_at, ends_at=ends_at)
    _check_times(facts)
    if starts_at < now:
        raise InvalidInputError(f"{change.id} can't begin on {starts_at:%Y-%m-%d %H:%M}, which is past")
    words = f"from {starts_at:%Y-%m-%d %H:%M} to {ends_at:%Y-%m-%d %H:%M} UTC"
    return _moved(replace(change, facts=facts), ChangeState.SCHEDULED, by, now, words)


def link(change: Change, release: str, by: str, now: datetime) -> Change:
    """Return the request as part of a release; an approved one is thereby scheduled.

    Raises IllegalMoveError once it has ended, RuleError when it is part of the release already.
    """
    if change.state not in OPEN:
        raise IllegalMoveError(_where(change, "can't become part of a release"))
    if release in change.releases:
        raise RuleError(f"{change.id} is part of {release} already")
    linked = replace(change, releases=(*change.releases, release))
    if change.state is not ChangeState.APPROVED:
        return linked
    return _moved(linked, ChangeState.SCHEDULED, by, now, f"part of {release}")


def unlink(change: Change, release: str, by: str, now: datetime) -> Change:
    """Return the request without the release; scheduled by nothing else, it is only approved again.

    Raises RuleError when it is not part of the release.
    """
    if release not in change.releases:
        raise RuleError(f"{change.id} is not part of {release}")
    rest = replace(change, releases=tuple(each for each in change.releases if each != release))
    if change.state is not ChangeState.SCHEDULED or rest.releases or rest.facts.starts_at is not None:
        return rest
    return _moved(rest, ChangeState.APPROVED, by, now, f"no longer part of {release}")


def begin(
    change: Change, control: ChangeControl, by: str, now: datetime, *, closed: str | None = None
) -> Change:
    """Return the request being carried out.

    `closed` is why the calendar is closed now (`calendars.opening.closed`); only an emergency change begins
    all the same. Raises IllegalMoveError before it is approved, RuleError when the calendar refuses it.
    """
    _check_move(change, ChangeState.IN_PROGRESS)
    is_emergency = kind_of(control, change.facts.kind).is_emergency
    if closed is not None and not is_emergency:
        raise RuleError(f"{change.id} can't begin now: {closed}")
    why = f"as an emergency, although {closed}" if closed is not None else ""
    return _moved(change, ChangeState.IN_PROGRESS, by, now, why)


def finish(change: Change, by: str, now: datetime, *, ended_well: bool, why: str = "") -> Change:
    """Return the request as done, or as failed with the reason: carried out and taken back.

    Raises IllegalMoveError unless it is being carried out, InvalidInputError when it failed without a reason.
    """
    to = ChangeState.DONE if ended_well else ChangeState.FAILED
    _check_move(change, to)
    return _moved(change, to, by, now, why.strip() if ended_well else _reason(change, why, "failed"))


def decided(change: Change, *, is_approved: bool, by: str, now: datetime, why: str) -> Change:
    """Return the request approved or rejected; for `deciding`. Raises IllegalMoveError unless submitted."""
    to = ChangeState.APPROVED if is_approved else ChangeState.REJECTED
    _check_move(change, to)
    return _moved(change, to, by, now, why)


def missing_fields(facts: ChangeFacts, *, is_emergency: bool = False) -> tuple[str, ...]:
    """Return what must be filled in before a request is submitted; less for an emergency."""
    wanted = {"title": facts.title, "requestor": facts.requestor, "description": facts.description}
    if not is_emergency:
        wanted["business justification"] = facts.business_justification
        wanted["scope of the impact"] = facts.impact.scope
        wanted["acceptance criteria"] = "".join(facts.acceptance_criteria)
    return tuple(name for name, text in wanted.items() if not text.strip())


def _check_move(change: Change, to: ChangeState, *, only_from: ChangeState | None = None) -> None:
    if to not in MOVES[change.state] or only_from not in {None, change.state}:
        raise IllegalMoveError(_where(change, f"can't become {to.value}"))


def _where(change: Change, refusal: str) -> str:
    since, by = change.history[-1][:2] if change.history else (change.created_at, change.author)
    following = MOVES[change.state]
    possible = f"from here it can become {', '.join(following)}" if following else "it has ended"
    return (
        f"{change.id} is {change.state.value} since {since:%Y-%m-%d %H:%M} UTC (by {by}) and {refusal}; "
        f"{possible}"
    )


def _reason(change: Change, why: str, done: str) -> str:
    if not why.strip():
        raise InvalidInputError(f"say why {change.id} is {done}")
    return why.strip()


def _moved(change: Change, to: ChangeState, by: str, now: datetime, why: str) -> Change:
    """Conditions are those of the decision that stands: waiting for another one there are none."""
    conditions = () if to in {ChangeState.DRAFT, ChangeState.SUBMITTED} else change.conditions
    return replace(
        change, state=to, conditions=conditions, history=(*change.history, (now, by, to.value, why))
    )


def _check_times(facts: ChangeFacts) -> None:
    starts_at, ends_at = facts.starts_at, facts.ends_at
    for at in (starts_at, ends_at):
        if at is not None and at.tzinfo is None:
            raise InvalidInputError(f"{at:%Y-%m-%d %H:%M} has no time zone; give one, such as +02:00")
        if at is not None and not _EARLIEST_YEAR <= at.year <= _LATEST_YEAR:
            raise InvalidInputError(f"{at.date()} is outside the years {_EARLIEST_YEAR} to {_LATEST_YEAR}")
    if ends_at is None:
        return
    if starts_at is None:
        raise InvalidInputError("the change ends at a time and begins at none; give both or the beginning")
    if not timedelta(0) < ends_at - starts_at <= _LONGEST:
        raise InvalidInputError(
            f"the change ends on {ends_at:%Y-%m-%d %H:%M} and begins on {starts_at:%Y-%m-%d %H:%M}; "
            "it ends later than it begins, and within a year"
        )
