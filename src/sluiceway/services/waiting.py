"""What one release or change request waits for people to do: its next move, and what is due beside it.

Reads a scene; which releases are looked at, and for whom, is the business of `work`.
"""

from __future__ import annotations

from collections.abc import Iterator

from sluiceway.domain.approvals.model import Standing
from sluiceway.domain.approvals.wording import listed
from sluiceway.domain.changes.deciding import Verdict
from sluiceway.domain.checklists.due import due_items
from sluiceway.domain.checklists.progress import progress_of, waits_for
from sluiceway.domain.process.lists import ItemKind
from sluiceway.domain.process.team import NeedKind, Permission, TeamProcess
from sluiceway.domain.releases.ballots import outcome_of
from sluiceway.domain.releases.explain import explain
from sluiceway.domain.releases.model import ItemState
from sluiceway.domain.releases.needs import Case, open_conditions
from sluiceway.domain.releases.road import (
    Way,
    asked_on_the_way,
    find_phase,
    next_steps,
    phase_of,
    policy_of,
    roles_that_may,
)
from sluiceway.domain.releases.world import Missing, MissingKind, people_in
from sluiceway.domain.rollouts.model import Phase as RolloutPhase
from sluiceway.domain.rollouts.moves import next_stage
from sluiceway.ports.store import RolloutRow
from sluiceway.services.change_scene import ChangeScene
from sluiceway.services.release_scene import Scene
from sluiceway.services.release_views import WaitingView
from sluiceway.services.render import render_explanation

# What waits for no person, or for no act of theirs.
_NO_WORK = frozenset({MissingKind.CALENDAR, MissingKind.ROAD})


def of_release(scene: Scene) -> Iterator[WaitingView]:
    """Yield what the release waits for people to do now, the next move's first; nothing twice."""
    found = (*_of_next_move(scene), *_due_items(scene), *_conditions(scene), *_rollouts(scene), *_runs(scene))
    yield from reversed({(one.kind, one.ref): one for one in reversed(found)}.values())


def ahead_of(scene: Scene) -> Iterator[WaitingView]:
    """Yield the approvals that the release's path asks for and people may give already."""
    for policy_id, _ in asked_on_the_way(scene.release, scene.team, NeedKind.APPROVAL):
        policy = policy_of(scene.team, policy_id)
        found = outcome_of(scene.release, scene.team, policy, scene.world, scene.now)
        if found.standing is Standing.WAITING:
            yield _view(
                scene,
                "approval",
                policy_id,
                found.sentence,
                tuple(dict.fromkeys(one.role for one in found.wanted if one.role)),
                people=tuple(dict.fromkeys(person for one in found.wanted for person in one.people)),
                is_ahead=True,
            )


def of_change(scene: ChangeScene) -> Iterator[WaitingView]:
    """Yield the votes that a submitted change request waits for, and the closing of a board's vote."""
    for verdict in scene.verdicts():
        if verdict.standing is Standing.WAITING:
            yield _of_verdict(scene, verdict)


def _of_verdict(scene: ChangeScene, verdict: Verdict) -> WaitingView:
    change, outcome = scene.change, verdict.outcome
    if outcome.standing is Standing.WAITING:
        kind, text = "vote", verdict.sentence
        roles = tuple(dict.fromkeys(one.role for one in outcome.wanted if one.role))
        people = tuple(dict.fromkeys(person for one in outcome.wanted for person in one.people))
    else:
        kind, text = "change", f"{verdict.policy.title} has voted; somebody must close the vote"
        roles = roles_that_may(scene.team, Permission.BOARD)
        people = people_in(roles, scene.current.directory, scene.now)
    return WaitingView(
        kind=kind,
        text=text,
        subject=change.id,
        subject_title=change.facts.title,
        service=scene.service,
        ref=verdict.policy.id,
        roles=roles,
        who=people,
        since=change.history[-1][0] if change.history else change.created_at,
        due_at=change.facts.starts_at,
        is_overdue=change.facts.starts_at is not None and change.facts.starts_at < scene.now,
    )


def _of_next_move(scene: Scene) -> Iterator[WaitingView]:
    found = explain(scene.release, scene.team, scene.now, scene.world)
    # A run that was started waits for its own people, see `_runs`, and no longer for somebody to start it.
    under_way = {row.run.runbook.id for row in scene.runs if not row.run.phase.is_over}
    for missing in found.missing:
        if missing.kind in _NO_WORK or (missing.kind is MissingKind.RUNBOOK and missing.ref in under_way):
            continue
        if missing.roles or missing.people:
            yield _missing(scene, missing)
    if found.next and not found.missing:
        needed = Permission.ROLLOUT if found.starts_rollout else Permission.MOVE
        title = find_phase(scene.team, found.next).title
        text = "its rollout can start" if found.starts_rollout else f"it can move on to {title}"
        yield _for_those_who_may(scene, "move", found.next, f"nothing is missing: {text}", needed)
    if not found.next and scene.row.is_open:
        back = [step.to.title for step in next_steps(scene.release, scene.team) if step.way is Way.BACK]
        ways = listed([*(f"take it to {title}" for title in back), "cancel it"], "or")
        text = f"{phase_of(scene.release, scene.team).title}: {ways}"
        yield _for_those_who_may(scene, "move", "", text, Permission.MOVE)


def _missing(scene: Scene, missing: Missing) -> WaitingView:
    return WaitingView(
        kind=missing.kind.value,
        text=missing.text,
        subject=scene.release.id,
        subject_title=_title(scene),
        service=scene.release.service,
        ref=missing.ref,
        roles=missing.roles,
        who=missing.people,
        since=scene.release.since,
        due_at=missing.due_at,
        is_overdue=missing.is_overdue,
    )


def _due_items(scene: Scene) -> Iterator[WaitingView]:
    """Yield items that people do and whose time has come, and those that answered no."""
    for item in due_items(scene.team, scene.release, scene.now):
        if item.item.kind is not ItemKind.MANUAL and item.state is not ItemState.FAILED:
            continue
        roles = (item.owner,) if item.owner else roles_that_may(scene.team, Permission.CHECK)
        state = "failed" if item.state is ItemState.FAILED else "is due"
        yield WaitingView(
            kind=MissingKind.CHECKLIST.value,
            text=f'{item.checklist.title}: "{item.item.text}" {state}',
            subject=scene.release.id,
            subject_title=_title(scene),
            service=scene.release.service,
            ref=item.name,
            roles=roles,
            who=people_in(roles, scene.world.directory, scene.now),
            since=item.due_at,
            due_at=item.until_at,
            is_overdue=item.is_overdue,
        )


def _conditions(scene: Scene) -> Iterator[WaitingView]:
    case = Case(scene.release, scene.team, scene.world, scene.now)
    yield from (_missing(scene, one) for one in open_conditions(case))


def _rollouts(scene: Scene) -> Iterator[WaitingView]:
    """Yield the release's rollouts that wait for a person."""
    for row in scene.rollouts:
        role = _awaited(row, scene.team)
        if role is None:
            continue
        text = render_explanation(row.state, None, scene.now).headline
        if role:
            yield _view(scene, "rollout", row.id, text, (role,))
        else:
            yield _for_those_who_may(scene, "rollout", row.id, text, Permission.ROLLOUT)


def _awaited(row: RolloutRow, team: TeamProcess) -> str | None:
    """Return the role a rollout waits for, "" for anybody who may, None when it waits for nobody."""
    match row.state.phase:
        case RolloutPhase.PAUSED:
            return ""
        case RolloutPhase.AWAITING_APPROVAL:
            stage = next_stage(row.state)
            role = stage.approval.role if stage is not None and stage.approval is not None else ""
            return role if any(one.id == role for one in team.roles) else ""
        case _:
            return None


def _runs(scene: Scene) -> Iterator[WaitingView]:
    for row in scene.runs:
        role = waits_for(row.run)
        if role is None:
            continue
        text = f"{row.run.runbook.title}: {progress_of(row.run).sentence}"
        if role:
            yield _view(scene, "run", row.run.id, text, (role,))
        else:
            yield _for_those_who_may(scene, "run", row.run.id, text, Permission.CHECK)


def _for_those_who_may(scene: Scene, kind: str, ref: str, text: str, needed: Permission) -> WaitingView:
    return _view(scene, kind, ref, text, roles_that_may(scene.team, needed))


def _view(
    scene: Scene,
    kind: str,
    ref: str,
    text: str,
    roles: tuple[str, ...],
    *,
    people: tuple[str, ...] | None = None,
    is_ahead: bool = False,
) -> WaitingView:
    return WaitingView(
        kind=kind,
        text=text,
        subject=scene.release.id,
        subject_title=_title(scene),
        service=scene.release.service,
        ref=ref,
        roles=roles,
        who=people_in(roles, scene.world.directory, scene.now) if people is None else people,
        since=scene.release.since,
        is_ahead=is_ahead,
    )


def _title(scene: Scene) -> str:
    facts = scene.release.facts
    return f"{facts.version} {facts.title or facts.code_name}".strip()
