"""Turns a release's scene into what people are shown of it. Reads only; every sentence comes from the rules.

Approvals and gates are in `release_render_words`.
"""

from __future__ import annotations

from sluiceway.domain.changes.model import Change
from sluiceway.domain.changes.risk import assess
from sluiceway.domain.checklists.due import checklists_of, items_of
from sluiceway.domain.checklists.model import ItemStanding
from sluiceway.domain.people.model import Principal
from sluiceway.domain.process.team import NeedKind
from sluiceway.domain.releases.explain import explain
from sluiceway.domain.releases.moves import can_move
from sluiceway.domain.releases.needs import is_stale, newest_decision
from sluiceway.domain.releases.road import (
    Way,
    asked_on_the_way,
    find_type,
    has_ended,
    next_steps,
    path_of,
    phase_of,
    position,
    scope_is_frozen,
)
from sluiceway.domain.releases.world import Missing
from sluiceway.errors import SluicewayError
from sluiceway.ports.releases import ReleaseRow
from sluiceway.ports.signing import Signer
from sluiceway.services.release_render_runs import run_summary, runbook_view
from sluiceway.services.release_render_words import approvals, gates
from sluiceway.services.release_scene import Scene
from sluiceway.services.release_views import (
    ChecklistView,
    ConditionView,
    DecisionView,
    ExplainedReleaseView,
    ItemView,
    LinkedChangeView,
    MissingView,
    MoveView,
    PhaseView,
    ReleaseSummary,
    ReleaseView,
)
from sluiceway.services.render import render_summary as render_rollout


def render_summary(scene: Scene) -> ReleaseSummary:
    """Return one line of a list."""
    release, team, facts = scene.release, scene.team, scene.release.facts
    missing = explain(release, team, scene.now, scene.world).missing if scene.row.is_open else ()
    return ReleaseSummary(
        id=release.id,
        service=release.service,
        version=facts.version,
        type=facts.type,
        type_title=find_type(team, facts.type).title,
        title=facts.title,
        code_name=facts.code_name,
        phase=release.phase,
        phase_title=phase_of(release, team).title,
        is_open=scene.row.is_open,
        manager=facts.manager,
        target_at=facts.target_at,
        since=release.since,
        waits_for=missing[0].text if missing else "",
        missing_count=len(missing),
        is_late=scene.row.is_open and facts.target_at is not None and facts.target_at < scene.now,
    )


def render_unreadable(row: ReleaseRow, problem: SluicewayError) -> ReleaseSummary:
    """Return the line of a release whose process this version of Sluiceway can't read."""
    release, facts = row.release, row.release.facts
    words = str(problem).partition("\n")[0]
    return ReleaseSummary(
        id=release.id,
        service=release.service,
        version=facts.version,
        type=facts.type,
        type_title=facts.type,
        title=facts.title,
        code_name=facts.code_name,
        phase=release.phase,
        phase_title=release.phase,
        is_open=row.is_open,
        manager=facts.manager,
        target_at=facts.target_at,
        since=release.since,
        waits_for=f"the process it keeps can't be read ({words}); move it to another",
        missing_count=1,
    )


def render_view(
    scene: Scene, by: Principal, signer: Signer, *, may: tuple[str, ...], newest_hash: str
) -> ReleaseView:
    """Return everything about the release as `by` may see and do it.

    `may` is what they may do by right; `newest_hash` is that of the service's process in force.
    """
    release, team = scene.release, scene.team
    return ReleaseView(
        summary=render_summary(scene),
        version=scene.row.version,
        facts=release.facts,
        author=release.author,
        created_at=release.created_at,
        process_name=team.name,
        process_hash=release.process_hash,
        is_newest_process=newest_hash == release.process_hash,
        scope_is_frozen=scope_is_frozen(release, team),
        phases=_phases(scene),
        moves=_moves(scene),
        approvals=approvals(scene, by),
        gates=gates(scene, by, signer),
        checklists=_checklists(scene),
        conditions=tuple(
            ConditionView(
                id=one.id,
                text=one.text,
                by=one.by,
                policy=one.policy,
                is_done=one.done_at is not None,
                done_by=one.done_by,
                note=one.note,
            )
            for one in release.conditions
        ),
        decisions=tuple(
            DecisionView(
                id=one.id,
                kind=one.kind.value,
                by=one.by,
                role=one.role,
                at=one.at,
                reason=one.reason,
                is_stale=is_stale(one, release),
            )
            for one in release.decisions
        ),
        wanted_decisions=tuple(
            ref
            for ref, _ in asked_on_the_way(release, team, NeedKind.DECISION)
            if newest_decision(release, ref) is None
        ),
        changes=_changes(scene),
        rollouts=tuple(render_rollout(row, None, scene.now) for row in reversed(scene.rollouts)),
        rollout_names=_rollout_names(scene),
        runs=release.runs,
        runbooks=tuple(runbook_view(one) for one in team.runbooks),
        run_list=tuple(run_summary(row.run) for row in scene.runs if not row.run.item),
        may=() if has_ended(release, team) else may,
        calendar_closed=scene.world.calendar_closed,
        zone=team.calendar.zone,
    )


def render_explained(scene: Scene, to: str = "") -> ExplainedReleaseView:
    """Return why the release is where it is; with `to`, what holds the move to that phase."""
    release, team = scene.release, scene.team
    found = explain(release, team, scene.now, scene.world)
    missing = can_move(release, team, to, scene.now, scene.world) if to else found.missing
    return ExplainedReleaseView(found.sentence, found.since, tuple(render_missing(one) for one in missing))


def render_missing(missing: Missing) -> MissingView:
    return MissingView(missing.kind.value, missing.ref, missing.text, missing.roles, missing.people)


def _phases(scene: Scene) -> tuple[PhaseView, ...]:
    release, team = scene.release, scene.team
    reached, here = position(release, team), phase_of(release, team)
    path = path_of(release, team)
    shown = path if here in path else (*path[: reached + 1], here, *path[reached + 1 :])
    stays = {stay.phase: stay for stay in release.stays}
    views: list[PhaseView] = []
    for phase in shown:
        stay = stays.get(phase.id)
        is_behind = phase in path and path.index(phase) <= reached
        status = "current" if phase is here else "done" if is_behind else "coming"
        entered = stay if status != "coming" else None
        views.append(
            PhaseView(
                id=phase.id,
                title=phase.title,
                meaning=phase.meaning,
                status=status,
                entered_at=entered.since if entered else None,
                by=entered.by if entered else "",
                why=entered.why if entered else "",
                kind=phase.kind.value,
            )
        )
    return tuple(views)


def _moves(scene: Scene) -> tuple[MoveView, ...]:
    release, team = scene.release, scene.team
    return tuple(
        MoveView(
            to=step.to.id,
            title=step.to.title,
            is_back=step.way is not Way.FORWARD,
            missing=tuple(
                render_missing(one) for one in can_move(release, team, step.to.id, scene.now, scene.world)
            ),
        )
        for step in next_steps(release, team)
    )


def _checklists(scene: Scene) -> tuple[ChecklistView, ...]:
    standings = items_of(scene.team, scene.release, scene.now)
    running = {row.run.item for row in scene.runs if not row.run.phase.is_over}
    found: list[ChecklistView] = []
    for checklist in checklists_of(scene.team, scene.release):
        mine = [one for one in standings if one.checklist.id == checklist.id]
        due = [one.due_at for one in mine if one.due_at is not None]
        items = tuple(_item(one, is_running=one.name in running) for one in mine)
        found.append(ChecklistView(checklist.id, checklist.title, min(due, default=None), items))
    return tuple(found)


def _item(standing: ItemStanding, *, is_running: bool) -> ItemView:
    entry = standing.entry
    return ItemView(
        checklist=standing.checklist.id,
        id=standing.item.id,
        text=standing.item.text,
        kind=standing.item.kind.value,
        owner=standing.owner,
        state=standing.state.value,
        is_required=standing.is_required,
        is_overdue=standing.is_overdue,
        due_at=standing.due_at,
        when=standing.item.when,
        parent=standing.item.parent,
        by=entry.by if entry else "",
        at=entry.at if entry else None,
        note=entry.note if entry else "",
        link=entry.link if entry else "",
        output=entry.output if entry else "",
        is_group=standing.is_group,
        is_running=is_running,
    )


def _changes(scene: Scene) -> tuple[LinkedChangeView, ...]:
    views: list[LinkedChangeView] = []
    for change_id in scene.release.facts.changes:
        change = scene.changes.get(change_id)
        if change is None:
            views.append(LinkedChangeView(change_id, "does not exist", "missing", ""))
        else:
            risk = _risk(scene, change)
            views.append(LinkedChangeView(change_id, change.facts.title, change.state.value, risk))
    return tuple(views)


def _risk(scene: Scene, change: Change) -> str:
    """Return how risky a request is, "" where the process does not say how risk is told."""
    model = scene.team.changes.risk
    return assess(model, change.facts).level.title if model is not None and model.levels else ""


def _rollout_names(scene: Scene) -> tuple[str, ...]:
    first = find_type(scene.team, scene.release.facts.type).rollout
    return tuple(dict.fromkeys((*([first] if first else []), *(name for name, _ in scene.process.rollouts))))
