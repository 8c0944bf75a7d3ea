"""What a phase asks of a release that is not there yet, need by need, with who can supply it.

Which moves are possible at all, and what holds every one of them, is the business of `moves`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from sluiceway.domain.approvals.model import Standing, VoteKind
from sluiceway.domain.approvals.subjects import subject_hash
from sluiceway.domain.approvals.wording import quoted
from sluiceway.domain.changes.model import ChangeState
from sluiceway.domain.checklists.due import open_required
from sluiceway.domain.checklists.model import ItemStanding, RunPhase
from sluiceway.domain.process.team import (
    ROLLED_BACK,
    Need,
    NeedKind,
    Permission,
    Phase,
    PhaseKind,
    TeamProcess,
)
from sluiceway.domain.releases.ballots import outcome_of
from sluiceway.domain.releases.gates import read_gate
from sluiceway.domain.releases.model import Decision, DecisionKind, ItemState, Release
from sluiceway.domain.releases.road import gate_of, needs_of, policy_of, roles_that_may, type_of
from sluiceway.domain.releases.subjects import FIELD_WORDS, decided_on, is_filled
from sluiceway.domain.releases.world import Missing, MissingKind, OwnRollout, World, people_in
from sluiceway.domain.rollouts.model import Phase as RolloutPhase

_DECIDED = frozenset({ChangeState.APPROVED, ChangeState.SCHEDULED, ChangeState.IN_PROGRESS, ChangeState.DONE})
_EVERYONE_IS_NEW = frozenset({RolloutPhase.KEEPING, RolloutPhase.FINISHING, RolloutPhase.PROMOTED})
CALENDAR = "calendar"  # what an override of it is called


@dataclass(frozen=True, slots=True)
class Case:
    """One release in its process and its world at one moment."""

    release: Release
    process: TeamProcess
    world: World
    now: datetime

    def missing(self, kind: MissingKind, ref: str, text: str, roles: tuple[str, ...] = ()) -> Missing:
        """Return what is missing, with the people who play these roles now."""
        return Missing(kind, ref, text, roles, people_in(roles, self.world.directory, self.now))

    def may(self, permission: Permission) -> tuple[str, ...]:
        return roles_that_may(self.process, permission)


def lacking(case: Case, phase: Phase) -> tuple[Missing, ...]:
    """Return all that the release lacks for being in `phase`, in the order the process asks for it.

    A rollout phase also asks for what was agreed on condition, and for a decided change request where the
    type needs one. Raises RuleError or NotFoundError where the process contradicts itself.
    """
    found = [missing for need in needs_of(case.release, case.process, phase) for missing in _lack(case, need)]
    if phase.kind is PhaseKind.ROLLOUT:
        found += _undecided_changes(case) if type_of(case.release, case.process).needs_change else ()
        found += open_conditions(case)
    return tuple(dict.fromkeys(found))


def _lack(case: Case, need: Need) -> Iterator[Missing]:
    match need.kind:
        case NeedKind.FIELD:
            yield from _empty_field(case, need.ref)
        case NeedKind.GATE:
            yield from _closed_gate(case, need.ref)
        case NeedKind.APPROVAL:
            yield from _open_approval(case, need.ref)
        case NeedKind.CHECKLIST:
            for item in open_required(case.process, case.release, need.ref, case.now):
                yield _open_item(case, item)
        case NeedKind.DECISION:
            yield from _open_decision(case, need.ref)
        case NeedKind.CHANGES:
            yield from _undecided_changes(case)
        case NeedKind.CALENDAR:
            yield from _closed_calendar(case)
        case NeedKind.ROLLOUT:
            yield from _unfinished_rollout(case)
        case NeedKind.RUNBOOK:
            yield from _unfinished_runbook(case, need.ref)
        case _:
            assert_never(need.kind)


def _empty_field(case: Case, field: str) -> Iterator[Missing]:
    if not is_filled(case.release.facts, field):
        text = f"{FIELD_WORDS.get(field, field)} must be filled in"
        yield case.missing(MissingKind.FIELD, field, text, case.may(Permission.PLAN))


def _closed_gate(case: Case, gate_id: str) -> Iterator[Missing]:
    gate = gate_of(case.process, gate_id)
    found = read_gate(gate, case.release.gates, case.release.facts.version, case.now)
    if not found.state.lets_pass:
        roles = tuple(dict.fromkeys((*gate.attested_by, *gate.waived_by)))
        yield case.missing(MissingKind.GATE, gate_id, found.sentence, roles)


def _open_approval(case: Case, policy_id: str) -> Iterator[Missing]:
    policy = policy_of(case.process, policy_id)
    found = outcome_of(case.release, case.process, policy, case.world, case.now)
    if found.standing is Standing.REJECTED:
        against = [vote for vote in found.counted if vote.kind is VoteKind.REJECT]
        roles = tuple(dict.fromkeys(vote.role for vote in against if vote.role))
        people = tuple(dict.fromkeys(vote.by for vote in against))
        yield Missing(MissingKind.APPROVAL, policy_id, found.sentence, roles, people)
    elif found.standing is Standing.WAITING:
        roles = tuple(dict.fromkeys(wanted.role for wanted in found.wanted if wanted.role))
        people = tuple(dict.fromkeys(person for wanted in found.wanted for person in wanted.people))
        yield Missing(MissingKind.APPROVAL, policy_id, found.sentence, roles, people)


def _open_item(case: Case, item: ItemStanding) -> Missing:
    roles = (item.owner,) if item.owner else case.may(Permission.CHECK)
    state = "failed" if item.state is ItemState.FAILED else "is not done"
    note = quoted(item.entry.note) if item.entry and item.state is ItemState.FAILED else ""
    return Missing(
        MissingKind.CHECKLIST,
        f"{item.checklist.id}/{item.item.id}",
        f'{item.checklist.title}: "{item.item.text}" {state}{note}',
        roles,
        people_in(roles, case.world.directory, case.now),
        item.due_at,
        item.is_overdue,
    )


def newest_decision(release: Release, decision_id: str) -> Decision | None:
    """Return the decision that counts, None when there is none since the last rollback."""
    rolled_back_at = next((stay.since for stay in reversed(release.stays) if stay.phase == ROLLED_BACK), None)
    return next(
        (
            one
            for one in reversed(release.decisions)
            if one.id == decision_id and (rolled_back_at is None or one.at >= rolled_back_at)
        ),
        None,
    )


def is_stale(decision: Decision, release: Release) -> bool:
    """Return whether what was decided on has changed since."""
    return decision.subject_hash != subject_hash(decided_on(release.facts))


def _open_decision(case: Case, decision_id: str) -> Iterator[Missing]:
    decision = newest_decision(case.release, decision_id)
    if decision is None:
        text = f'the decision "{decision_id}" is not recorded'
    elif decision.kind is DecisionKind.NO_GO:
        text = f'"{decision_id}" was decided no-go by {decision.by}{quoted(decision.reason)}'
    elif is_stale(decision, case.release):
        text = f'"{decision_id}" was decided before version or scope changed'
    else:
        return
    yield case.missing(MissingKind.DECISION, decision_id, text, case.may(Permission.MOVE))


def _undecided_changes(case: Case) -> Iterator[Missing]:
    kind = type_of(case.release, case.process)
    if kind.needs_change and not case.release.facts.changes:
        text = f"no change request is linked, and {kind.title} needs a decided one"
        yield case.missing(MissingKind.CHANGES, "", text, case.may(Permission.CHANGE))
    for change_id in case.release.facts.changes:
        change = case.world.changes.get(change_id)
        if change is None:
            text = f"{change_id} is linked and does not exist; take the link away"
            yield case.missing(MissingKind.CHANGES, change_id, text, case.may(Permission.PLAN))
        elif change.state not in _DECIDED:
            text = f"{change_id} ({change.title}) is {change.state}, not approved"
            yield case.missing(MissingKind.CHANGES, change_id, text, case.may(Permission.BOARD))


def is_calendar_overridden(release: Release, now: datetime) -> bool:
    """Return whether somebody permitted this release to act although the calendar is closed."""
    return any(one.what == CALENDAR and (one.until is None or now < one.until) for one in release.overrides)


def _closed_calendar(case: Case) -> Iterator[Missing]:
    if case.world.calendar_closed and not is_calendar_overridden(case.release, case.now):
        text = f"nothing may be deployed now: {case.world.calendar_closed}"
        yield case.missing(MissingKind.CALENDAR, "", text, case.may(Permission.OVERRIDE))


def newest_rollout(case: Case) -> OwnRollout | None:
    """Return the last rollout to the release's version since it last came into a rollout phase."""
    kinds = {phase.id: phase.kind for phase in case.process.phases}
    came = next(
        (stay for stay in reversed(case.release.stays) if kinds.get(stay.phase) is PhaseKind.ROLLOUT), None
    )
    if came is None:
        return None
    ids = reversed(case.release.rollouts[came.rollouts :])
    found = (case.world.rollouts[one] for one in ids if one in case.world.rollouts)
    return next((one for one in found if one.version == case.release.facts.version), None)


def active_rollouts(case: Case) -> tuple[OwnRollout, ...]:
    """Return the release's rollouts that have not ended."""
    found = (case.world.rollouts[one] for one in case.release.rollouts if one in case.world.rollouts)
    return tuple(one for one in found if not one.phase.is_terminal)


def took_everyone(rollout: OwnRollout | None) -> bool:
    """Return whether all users have the new version."""
    return rollout is not None and rollout.phase in _EVERYONE_IS_NEW


def _unfinished_rollout(case: Case) -> Iterator[Missing]:
    rollout = newest_rollout(case)
    if took_everyone(rollout):
        return
    if rollout is not None:
        yield on_its_way(case, rollout)
        return
    text = f"no rollout to {case.release.facts.version} has begun"
    yield case.missing(MissingKind.ROLLOUT, "", text, case.may(Permission.ROLLOUT))


def on_its_way(case: Case, rollout: OwnRollout) -> Missing:
    """Return what a rollout that has not taken everyone yet holds. One that runs waits for no one person."""
    text = f"rollout {rollout.id} is {rollout.phase}, and not everyone is on {rollout.version}"
    roles = case.may(Permission.ROLLOUT) if rollout.phase.is_terminal else ()
    return case.missing(MissingKind.ROLLOUT, rollout.id, text, roles)


def _unfinished_runbook(case: Case, runbook_id: str) -> Iterator[Missing]:
    since = next((stay.runs for stay in reversed(case.release.stays) if stay.phase == ROLLED_BACK), 0)
    runs = (case.world.runs[one] for one in reversed(case.release.runs[since:]) if one in case.world.runs)
    last = next((run for run in runs if run.runbook == runbook_id), None)
    if last is not None and last.phase is RunPhase.DONE:
        return
    runbook = next((one for one in case.process.runbooks if one.id == runbook_id), None)
    title = runbook.title if runbook else runbook_id
    owner = (runbook.owner,) if runbook and runbook.owner else case.may(Permission.CHECK)
    state = "has not been run" if last is None else f"is {last.phase} (run {last.id})"
    yield case.missing(MissingKind.RUNBOOK, runbook_id, f'the runbook "{title}" {state}', owner)


def open_conditions(case: Case) -> tuple[Missing, ...]:
    """Return the conditions of approvals that nobody has met yet."""
    return tuple(
        case.missing(
            MissingKind.CONDITION,
            one.id,
            f'{one.by} agreed on the condition: "{one.text}"',
            case.may(Permission.CHECK),
        )
        for one in case.release.conditions
        if one.done_at is None
    )
