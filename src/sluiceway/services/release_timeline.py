"""The dated road of a release: its type's timeline laid out backwards from the target date."""

from __future__ import annotations

from datetime import datetime

from sluiceway.domain.calendars.days import holidays_of, years_around
from sluiceway.domain.calendars.gantt_svg import NARROW, WIDE, gantt_svg
from sluiceway.domain.calendars.mermaid import mermaid_gantt
from sluiceway.domain.calendars.plans import Placed, Plan, Progress
from sluiceway.domain.calendars.timeline import lay_out, replan
from sluiceway.domain.process.schedule import Timeline
from sluiceway.domain.process.team import PhaseKind
from sluiceway.domain.releases.road import find_type, path_of, position
from sluiceway.errors import InvalidInputError
from sluiceway.ports.calendars import Holidays
from sluiceway.services.release_scene import Scene
from sluiceway.services.release_views import MilestoneView, ReplanView, TimelineView


def plan_of(scene: Scene, target_at: datetime | None, of_year: Holidays) -> Plan:
    """Return the release's plan for a target.

    Raises InvalidInputError without a target date, and when the process has no timeline for its type.
    """
    release, team = scene.release, scene.team
    if target_at is None:
        raise InvalidInputError(
            f"{release.id} has no target date; set one with `sluice release edit {release.id} --target DATE`"
        )
    holidays = holidays_of(team.calendar, years_around(target_at, scene.now), of_year)
    return lay_out(
        _timeline(scene),
        team.calendar,
        holidays,
        target_at,
        scene.now,
        done=_done(scene),
        planned_at=release.created_at,
        rollout_phases=[phase.id for phase in team.phases if phase.kind is PhaseKind.ROLLOUT],
    )


def has_timeline(scene: Scene) -> bool:
    """Return whether the process has a timeline for the release's type."""
    wanted = find_type(scene.team, scene.release.facts.type).timeline
    return any(one.id == wanted for one in scene.team.timelines)


def render_timeline(scene: Scene, of_year: Holidays) -> TimelineView:
    """Return the plan for the release's own target, drawn. Raises InvalidInputError as `plan_of`."""
    plan = plan_of(scene, scene.release.facts.target_at, of_year)
    return TimelineView(
        sentence=plan.sentence,
        milestones=tuple(_milestone(plan, placed) for placed in plan.milestones),
        svg=gantt_svg(plan, width=WIDE),
        narrow_svg=gantt_svg(plan, width=NARROW),
        mermaid=mermaid_gantt(plan),
        problems=tuple(problem.text for problem in plan.problems),
        zone=scene.team.calendar.zone,
    )


def render_replan(scene: Scene, target_at: datetime, of_year: Holidays) -> ReplanView:
    """Return what another target date moves. Raises InvalidInputError as `plan_of`."""
    new = plan_of(scene, target_at, of_year)
    if scene.release.facts.target_at is None:
        return ReplanView(new.sentence, ())
    old = plan_of(scene, scene.release.facts.target_at, of_year)
    before = {placed.id: placed.dates.last for placed in old.milestones}
    after = {placed.id: placed for placed in new.milestones}
    moved = tuple(
        (after[shift.milestone].title, before.get(shift.milestone), after[shift.milestone].dates.last)
        for shift in replan(old, new)
        if shift.milestone in after
    )
    return ReplanView(new.sentence, moved)


def _timeline(scene: Scene) -> Timeline:
    team, kind = scene.team, find_type(scene.team, scene.release.facts.type)
    found = next((one for one in team.timelines if one.id == kind.timeline), None)
    if found is None:
        raise InvalidInputError(
            f'the process "{team.name}" has no timeline for {kind.title}; give that type a `timeline:`'
        )
    return found


def _done(scene: Scene) -> dict[str, datetime]:
    """Return when milestones were reached: the release has entered their phase and not gone back since."""
    release = scene.release
    reached = {phase.id for phase in path_of(release, scene.team)[: position(release, scene.team) + 1]}
    entered = {stay.phase: stay.since for stay in release.stays}
    timeline = _timeline(scene)
    return {
        one.id: entered[one.phase]
        for one in timeline.milestones
        if one.phase in reached and one.phase in entered
    }


def _milestone(plan: Plan, placed: Placed) -> MilestoneView:
    days = "day" if abs(placed.slack_days) == 1 else "days"
    return MilestoneView(
        id=placed.id,
        title=placed.title,
        owner=placed.milestone.owner,
        starts_at=placed.dates.starts_at,
        ends_at=placed.dates.ends_at,
        criteria=placed.milestone.criteria,
        after=placed.milestone.after,
        is_critical=placed.is_critical,
        is_done=placed.progress is Progress.DONE,
        is_late=placed.is_late,
        slack=f"{placed.slack_days} working {days}",
        problems=tuple(one.text for one in plan.problems if one.milestone == placed.id),
    )
