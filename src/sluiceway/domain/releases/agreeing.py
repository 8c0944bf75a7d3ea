"""People's words on a release: votes, decisions, attestations and waivers of gates, conditions, overrides.

Each returns a new release or raises, naming the rule. That somebody may act for the service at all has been
asked before; here it is asked whether they play the part that the process names.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sluiceway.domain.approvals.casting import cast, check_vote
from sluiceway.domain.approvals.model import Ballot, Vote, VoteKind
from sluiceway.domain.approvals.subjects import subject_hash
from sluiceway.domain.approvals.wording import instant, listed
from sluiceway.domain.people.model import Directory
from sluiceway.domain.process.team import NeedKind, Permission, TeamProcess
from sluiceway.domain.releases.ballots import voters_for
from sluiceway.domain.releases.editing import require_open
from sluiceway.domain.releases.model import (
    Condition,
    Decision,
    DecisionKind,
    GateEntry,
    GateResult,
    Override,
    Release,
)
from sluiceway.domain.releases.needs import CALENDAR
from sluiceway.domain.releases.road import asked_on_the_way, gate_of, policy_of, roles_that_may
from sluiceway.domain.releases.subjects import decided_on, subject_of
from sluiceway.domain.releases.world import World, plays
from sluiceway.errors import InvalidInputError, NotFoundError, RuleError


def vote(release: Release, process: TeamProcess, policy_id: str, given: Vote, world: World) -> Release:
    """Return the release with the vote on its ballot, and its conditions as items to do.

    Votes may come ahead of time. Open conditions of the vote that this one replaces go with it; met ones
    stay. Raises RuleError naming the policy and its rule when the vote is refused or the release has ended,
    NotFoundError for a policy that the process does not have.
    """
    require_open(release, process)
    policy = policy_of(process, policy_id)
    voters = voters_for(release, process, policy, world, given.at)
    subject, ballot = subject_of(release, process, policy), release.ballot(policy_id)
    refusal = check_vote(policy, ballot, given, subject, voters)
    if refusal:
        raise RuleError(refusal)
    others = tuple(one for one in release.ballots if one.policy != policy_id)
    return replace(
        release,
        ballots=(*others, cast(ballot, given, subject)),
        conditions=_conditions(release.conditions, ballot, given),
    )


def _conditions(before: Sequence[Condition], ballot: Ballot, given: Vote) -> tuple[Condition, ...]:
    """Return the conditions after a vote. Their ids name the policy, the vote's number and their own."""
    if given.kind is VoteKind.COMMENT:
        return tuple(before)
    replaced = tuple(
        f"{ballot.policy}-{number}-"
        for number, earlier in enumerate(ballot.votes, start=1)
        if (earlier.voter, earlier.role) == (given.voter, given.role)
    )
    kept = [
        one
        for one in before
        if one.done_at is not None or one.policy != ballot.policy or not one.id.startswith(replaced)
    ]
    number = len(ballot.votes) + 1
    new = [
        Condition(f"{ballot.policy}-{number}-{index}", text, given.by, given.at, ballot.policy)
        for index, text in enumerate(given.conditions, start=1)
    ]
    return (*kept, *new)


def meet_condition(
    release: Release, process: TeamProcess, condition_id: str, *, by: str, note: str, now: datetime
) -> Release:
    """Return the release with a condition met.

    Raises NotFoundError for an unknown condition, RuleError when it was met before or the release has ended.
    """
    require_open(release, process)
    found = next((one for one in release.conditions if one.id == condition_id), None)
    if found is None:
        open_ones = [one.id for one in release.conditions if one.done_at is None]
        raise NotFoundError(
            f'{release.id} has no condition "{condition_id}"; open: {listed(open_ones) or "none"}'
        )
    if found.done_at is not None:
        raise RuleError(f"{condition_id}: {found.done_by} met it on {instant(found.done_at)} already")
    met = replace(found, done_by=by, done_at=now, note=note)
    return replace(release, conditions=tuple(met if one is found else one for one in release.conditions))


def decide(
    release: Release,
    process: TeamProcess,
    decision_id: str,
    kind: DecisionKind,
    *,
    by: str,
    reason: str,
    now: datetime,
    directory: Directory,
    role: str = "",
) -> Release:
    """Return the release with a go or no-go recorded, on what it holds now. It may come ahead of time.

    Roles that may move releases decide; without a role given, the first of them that the person plays. Raises
    NotFoundError when nothing on the release's path asks for the decision, RuleError for somebody who may not
    decide or a release that has ended, InvalidInputError for a no-go without a reason.
    """
    require_open(release, process)
    asked = [ref for ref, _ in asked_on_the_way(release, process, NeedKind.DECISION)]
    if decision_id not in asked:
        raise NotFoundError(
            f'nothing on the road of {release.id} asks for the decision "{decision_id}"; '
            f"asked for: {listed(asked) or 'none'}"
        )
    if kind is DecisionKind.NO_GO and not reason.strip():
        raise InvalidInputError(f"{decision_id}: a no-go needs a reason, so that others know what to mend")
    allowed = roles_that_may(process, Permission.MOVE)
    part = _part(by, role, allowed, f'the decision "{decision_id}"', directory=directory, now=now)
    decided = Decision(decision_id, kind, by, part, now, reason, subject_hash(decided_on(release.facts)))
    return replace(release, decisions=(*release.decisions, decided))


def attest(
    release: Release,
    process: TeamProcess,
    gate_id: str,
    *,
    holds: bool,
    by: str,
    statement: str,
    now: datetime,
    directory: Directory,
    role: str = "",
    signature: str = "",
) -> Release:
    """Return the release with a person's word that the gate holds, or not, for its version.

    Raises NotFoundError for an unknown gate, RuleError for somebody the gate does not name or a release that
    has ended, InvalidInputError without a statement.
    """
    require_open(release, process)
    gate = gate_of(process, gate_id)
    if not statement.strip():
        raise InvalidInputError(f"{gate.title}: state what you looked at and found; the word stands for it")
    part = _part(by, role, gate.attested_by, f"attesting {gate.title}", directory=directory, now=now)
    result = GateResult.PASSED if holds else GateResult.FAILED
    entry = GateEntry(gate_id, result, by, part, now, statement, release.facts.version, signature=signature)
    return replace(release, gates=(*release.gates, entry))


def waive(
    release: Release,
    process: TeamProcess,
    gate_id: str,
    *,
    by: str,
    reason: str,
    until: datetime | None,
    now: datetime,
    directory: Directory,
    role: str = "",
) -> Release:
    """Return the release with the gate waived for its version, until an instant or for good.

    Raises NotFoundError for an unknown gate, RuleError for one that nobody may waive, for somebody who may
    not or a release that has ended, InvalidInputError without a reason or with an end in the past.
    """
    require_open(release, process)
    gate = gate_of(process, gate_id)
    _check_exception(f"waiving {gate.title}", reason, until, now)
    if not gate.waived_by:
        raise RuleError(f'{gate.title} can\'t be waived: the process "{process.name}" names nobody who may')
    part = _part(by, role, gate.waived_by, f"waiving {gate.title}", directory=directory, now=now)
    entry = GateEntry(gate_id, GateResult.WAIVED, by, part, now, reason, release.facts.version, until=until)
    return replace(release, gates=(*release.gates, entry))


def override_calendar(
    release: Release,
    process: TeamProcess,
    *,
    by: str,
    reason: str,
    until: datetime | None,
    now: datetime,
    directory: Directory,
    role: str = "",
) -> Release:
    """Return the release with a permission to act inside a freeze or outside a window.

    Raises RuleError for somebody in no role that may override or a release that has ended, InvalidInputError
    without a reason or with an end in the past.
    """
    require_open(release, process)
    what = "acting while the calendar is closed"
    _check_exception(what, reason, until, now)
    part = _part(by, role, roles_that_may(process, Permission.OVERRIDE), what, directory=directory, now=now)
    return replace(release, overrides=(*release.overrides, Override(CALENDAR, by, part, now, reason, until)))


def _check_exception(what: str, reason: str, until: datetime | None, now: datetime) -> None:
    if not reason.strip():
        raise InvalidInputError(f"{what}: say why; it is recorded")
    if until is not None and until <= now:
        raise InvalidInputError(f"{what}: it would end on {instant(until)}, which is not after now")


def _part(
    by: str, role: str, allowed: Sequence[str], what: str, *, directory: Directory, now: datetime
) -> str:
    """Return the role in which somebody acts: the one given, else the first allowed one that they play."""
    if not allowed and directory.is_open:
        return role
    wanted = [role] if role else list(allowed)
    part = next((one for one in wanted if one in allowed and plays(by, one, directory, now)), None)
    if part is None:
        whose = listed(list(allowed), "or") or "nobody: no role has the right"
        acting = f"{by} as {role}" if role else by
        raise RuleError(f"{what} is up to {whose}; {acting} is not among them")
    return part
