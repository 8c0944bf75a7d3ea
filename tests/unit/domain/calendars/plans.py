"""A twelve-week timeline and what it is laid out with, for the tests of plans."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, date, datetime, time

from sluiceway.domain.calendars.plans import Placed, Plan
from sluiceway.domain.calendars.timeline import lay_out
from sluiceway.domain.process.schedule import (
    Calendar,
    Freeze,
    Milestone,
    Span,
    SpanUnit,
    Timeline,
    Window,
)

BERLIN = Calendar(
    zone="Europe/Berlin",
    freezes=(Freeze("year-end", "Year end", date(2026, 12, 20), date(2027, 1, 3), yearly=True),),
    windows=(Window((0, 1, 2, 3), time(9), time(16)),),
)
HOLIDAYS = {date(2026, 4, 3): "Good Friday", date(2026, 4, 6): "Easter Monday"}
TARGET = datetime(2026, 6, 15, 8, 0, tzinfo=UTC)  # a Monday, 10:00 in Berlin
EARLY = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


def weeks(count: float) -> Span:
    return Span(count, SpanUnit.WEEKS)


def days(count: float) -> Span:
    return Span(count, SpanUnit.DAYS)


def working_days(count: float) -> Span:
    return Span(count, SpanUnit.WORKING_DAYS)


def hours(count: float) -> Span:
    return Span(count, SpanUnit.HOURS)


MAJOR = Timeline(
    "major",
    "Twelve weeks",
    (
        Milestone("planning", "Planning", before=weeks(12), lasts=weeks(2), section="Planning"),
        Milestone("building", "Development", before=weeks(10), lasts=weeks(6), after=("planning",)),
        Milestone("testing", "Quality", before=weeks(4), lasts=weeks(2), after=("building",)),
        Milestone("docs", "Handbook", before=weeks(10), lasts=weeks(1), after=("planning",)),
        Milestone("ready", "Preparation", before=weeks(2), lasts=weeks(2), after=("testing", "docs")),
        Milestone("release", "Release", before=weeks(0), after=("ready",), phase="rolling-out"),
    ),
)


def laid_out(
    *milestones: Milestone,
    target_at: datetime = TARGET,
    now: datetime = EARLY,
    calendar: Calendar = BERLIN,
    done: Mapping[str, datetime] | None = None,
    planned_at: datetime | None = None,
    rollout_phases: Collection[str] = (),
) -> Plan:
    """Return a plan of these milestones, of the twelve weeks without any."""
    timeline = Timeline("own", "Own", milestones) if milestones else MAJOR
    return lay_out(
        timeline,
        calendar,
        HOLIDAYS,
        target_at,
        now,
        done=done or {},
        planned_at=planned_at,
        rollout_phases=rollout_phases,
    )


def placed(plan: Plan, milestone_id: str) -> Placed:
    return next(each for each in plan.milestones if each.id == milestone_id)


def stretch(plan: Plan, milestone_id: str) -> tuple[date, date]:
    dates = placed(plan, milestone_id).dates
    return dates.first, dates.last
