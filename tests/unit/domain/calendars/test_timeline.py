"""Laying a timeline out backwards from its target: dates, order, what is late and what can't hold."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluiceway.domain.calendars.days import is_working_day
from sluiceway.domain.calendars.plans import Plan, ProblemKind, Progress
from sluiceway.domain.calendars.timeline import replan
from sluiceway.domain.process.schedule import Calendar, Milestone
from sluiceway.errors import InvalidInputError
from tests.unit.domain.calendars.plans import (
    BERLIN,
    EARLY,
    HOLIDAYS,
    MAJOR,
    TARGET,
    days,
    hours,
    laid_out,
    placed,
    stretch,
    weeks,
    working_days,
)

BRIEFING = "Briefing is on Sunday 14 June 2026: it is a Sunday; it stays there because it is counted in hours"
TOO_LATE = (
    "Testing should have begun on Monday 18 May 2026, but the release was planned on "
    "Wednesday 27 May 2026, when 3 of its 10 working days were left"
)
FROZEN = (
    "Release: Tuesday 22 December 2026 is in the freeze Year end (20 December 2026 to 3 January 2027); "
    "it opens again on Monday 4 January 2027 at 09:00 (Europe/Berlin)"
)
OUTSIDE = (
    "Release: Monday 15 June 2026 at 17:00 (Europe/Berlin) is outside the deployment windows: "
    "Monday, Tuesday, Wednesday, Thursday 09:00 to 16:00; "
    "it opens again on Tuesday 16 June 2026 at 09:00 (Europe/Berlin)"
)


def problems(plan: Plan) -> list[tuple[ProblemKind, str]]:
    return [(problem.kind, problem.text) for problem in plan.problems]


def test_twelve_weeks_are_counted_backwards_and_end_on_fridays() -> None:
    plan = laid_out()

    assert {each.id: (str(each.dates.first), str(each.dates.last)) for each in plan.milestones} == {
        "planning": ("2026-03-23", "2026-04-02"),  # Good Friday is off
        "building": ("2026-04-07", "2026-05-15"),  # Easter Monday too
        "testing": ("2026-05-18", "2026-05-29"),
        "docs": ("2026-04-07", "2026-04-10"),
        "ready": ("2026-06-01", "2026-06-12"),
        "release": ("2026-06-15", "2026-06-15"),
    }


def test_what_would_begin_on_a_day_off_begins_on_the_working_day_before_and_says_so() -> None:
    plan = laid_out(Milestone("freeze", "Code freeze", before=weeks(10)))

    assert stretch(plan, "freeze") == (date(2026, 4, 2), date(2026, 4, 2))
    assert problems(plan) == [
        (
            ProblemKind.MOVED,
            "Code freeze moves from Monday 6 April 2026 to Thursday 2 April 2026: it is Easter Monday",
        )
    ]
    assert plan.holds


def test_a_stretch_begins_and_ends_on_the_working_days_within_its_dates() -> None:
    plan = laid_out(
        Milestone("build", "Build", before=weeks(10), lasts=weeks(1)),
        Milestone("sign", "Sign-off", before=days(73), lasts=days(2)),
    )

    assert stretch(plan, "build") == (date(2026, 4, 7), date(2026, 4, 10))
    assert stretch(plan, "sign") == (date(2026, 4, 2), date(2026, 4, 2)), "nobody works on these two days"
    assert [problem.text for problem in plan.problems] == [
        "Build moves from Monday 6 April 2026 to Tuesday 7 April 2026: it is Easter Monday",
        "Sign-off moves from Friday 3 April 2026 to Thursday 2 April 2026: it is Good Friday",
    ]


def test_hours_some_days_before_keep_the_time_of_the_target() -> None:
    plan = laid_out(Milestone("drill", "Drill", before=days(2), lasts=hours(3)))

    assert placed(plan, "drill").dates.starts_at == TARGET - timedelta(days=3), "on the Friday"
    assert placed(plan, "drill").dates.ends_at == TARGET - timedelta(days=3) + timedelta(hours=3)


def test_the_target_keeps_its_time_and_days_around_it_are_whole() -> None:
    plan = laid_out(Milestone("day-before", "Staging", before=days(3)), Milestone("release", "Release"))

    release, staging = placed(plan, "release").dates, placed(plan, "day-before").dates
    assert (release.starts_at, release.ends_at, release.is_exact) == (TARGET, TARGET, True)
    assert (staging.starts_at, staging.ends_at) == (
        datetime(2026, 6, 11, 22, 0, tzinfo=UTC),
        datetime(2026, 6, 12, 22, 0, tzinfo=UTC),
    )


def test_hours_are_placed_to_the_minute_and_stay_on_a_day_off_but_say_so() -> None:
    plan = laid_out(
        Milestone("staging", "Staging", before=hours(4), lasts=hours(2)),
        Milestone("briefing", "Briefing", before=hours(24)),
    )

    assert placed(plan, "staging").dates.starts_at == TARGET - timedelta(hours=4)
    assert placed(plan, "staging").dates.ends_at == TARGET - timedelta(hours=2)
    assert problems(plan) == [
        (
            ProblemKind.CLOSED,
            BRIEFING,
        )
    ]


def test_what_only_comes_after_something_begins_on_the_next_working_day() -> None:
    plan = laid_out(
        Milestone("build", "Build", before=weeks(11), lasts=working_days(4)),
        Milestone("review", "Review", lasts=working_days(2), after=("build",)),
        Milestone("freeze", "Freeze", after=("review",)),
        Milestone("checks", "Checks", lasts=days(1), after=("freeze",)),
    )

    assert stretch(plan, "build") == (date(2026, 3, 30), date(2026, 4, 2))
    assert stretch(plan, "review") == (date(2026, 4, 7), date(2026, 4, 8))
    assert stretch(plan, "freeze") == (date(2026, 4, 9), date(2026, 4, 9))
    assert stretch(plan, "checks") == (date(2026, 4, 9), date(2026, 4, 9)), (
        "a point leaves the rest of its day"
    )


def test_hours_follow_each_other_within_a_day() -> None:
    plan = laid_out(
        Milestone("deploy", "Deploy", lasts=hours(2)),
        Milestone("verify", "Verify", lasts=hours(1), after=("deploy",)),
    )

    assert placed(plan, "deploy").dates.starts_at == TARGET
    assert placed(plan, "verify").dates.starts_at == TARGET + timedelta(hours=2)
    assert plan.holds


def test_a_date_before_the_end_of_what_it_comes_after_is_a_problem() -> None:
    plan = laid_out(
        Milestone("testing", "Testing", before=weeks(3), lasts=weeks(2)),
        Milestone("sign-off", "Sign-off", before=days(10), after=("testing",)),
    )

    assert problems(plan) == [
        (
            ProblemKind.ORDER,
            "Sign-off begins on Friday 5 June 2026, before Testing has ended on Friday 5 June 2026",
        )
    ]
    assert not plan.holds


def test_order_among_hours_is_judged_by_the_minute() -> None:
    plan = laid_out(
        Milestone("staging", "Staging", before=hours(2)),
        Milestone("smoke", "Smoke tests", before=hours(1), after=("staging",)),
        Milestone("early", "Early", before=hours(3), after=("staging",)),
    )

    assert [problem.milestone for problem in plan.problems] == ["early"]


def test_what_ended_and_is_not_done_is_late() -> None:
    now = datetime(2026, 4, 14, 12, 0, tzinfo=UTC)
    plan = laid_out(now=now, done={"planning": datetime(2026, 4, 1, tzinfo=UTC)})

    assert {each.id: each.progress for each in plan.milestones} == {
        "planning": Progress.DONE,
        "building": Progress.UNDER_WAY,
        "testing": Progress.AHEAD,
        "docs": Progress.LATE,
        "ready": Progress.AHEAD,
        "release": Progress.AHEAD,
    }
    assert (
        ProblemKind.PAST,
        "Handbook should have been done by Friday 10 April 2026, 4 days ago",
    ) in problems(plan)
    assert plan.sentence == (
        "Target Monday 15 June 2026 at 10:00 (Europe/Berlin): 1 of 6 milestones done; late: Handbook; "
        "1 date can't hold"
    )


def test_a_day_is_late_only_when_it_is_over_where_the_team_is() -> None:
    freeze = Milestone("freeze", "Code freeze", before=weeks(1))  # Monday 8 June
    last_minute = datetime(2026, 6, 8, 21, 59, tzinfo=UTC)

    assert placed(laid_out(freeze, now=last_minute), "freeze").progress is Progress.UNDER_WAY
    over = laid_out(freeze, now=last_minute + timedelta(minutes=1))
    assert placed(over, "freeze").progress is Progress.LATE
    assert problems(over) == [
        (ProblemKind.PAST, "Code freeze should have been done by Monday 8 June 2026, 1 day ago")
    ]


def test_an_exact_milestone_is_late_from_its_minute_on() -> None:
    plan = laid_out(Milestone("release", "Release"), now=TARGET)

    assert problems(plan) == [
        (ProblemKind.PAST, "Release should have been done by Monday 15 June 2026, today")
    ]


def test_a_release_planned_too_late_says_how_much_of_each_stretch_was_left() -> None:
    planned_at = datetime(2026, 5, 27, 9, 0, tzinfo=UTC)
    testing = Milestone("testing", "Testing", before=weeks(4), lasts=weeks(2))

    plan = laid_out(testing, now=planned_at, planned_at=planned_at)

    assert problems(plan) == [
        (
            ProblemKind.PAST,
            TOO_LATE,
        )
    ]
    assert laid_out(testing, now=planned_at, planned_at=EARLY).holds


@pytest.mark.parametrize(
    ("target_at", "text"),
    [
        (
            datetime(2026, 12, 22, 9, 0, tzinfo=UTC),
            FROZEN,
        ),
        (
            datetime(2026, 6, 15, 15, 0, tzinfo=UTC),
            OUTSIDE,
        ),
    ],
)
def test_a_target_at_a_closed_time_can_not_hold(target_at: datetime, text: str) -> None:
    plan = laid_out(Milestone("release", "Release"), target_at=target_at)

    assert problems(plan) == [(ProblemKind.CLOSED, text)]


def test_a_target_on_a_day_off_can_not_hold_even_without_windows() -> None:
    saturday = datetime(2026, 6, 13, 9, 0, tzinfo=UTC)
    plan = laid_out(Milestone("release", "Release"), target_at=saturday, calendar=Calendar())

    assert problems(plan) == [
        (ProblemKind.CLOSED, "Release: Saturday 13 June 2026 is not a working day: it is a Saturday")
    ]


def test_milestones_that_deploy_must_fall_on_a_day_with_a_window() -> None:
    canary = Milestone("canary", "Canary", before=days(3), phase="rolling-out")  # a Friday
    staging = Milestone("staging", "Staging", before=days(3), phase="staging")

    plan = laid_out(canary, staging, rollout_phases={"rolling-out"})

    assert [(problem.kind, problem.milestone) for problem in plan.problems] == [
        (ProblemKind.CLOSED, "canary")
    ]
    assert laid_out(Milestone("canary", "Canary", before=days(4), phase="rolling-out")).holds


def test_a_target_outside_sensible_years_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="target date 9999-01-01 is outside the years 2000 to"):
        laid_out(target_at=datetime(9999, 1, 1, tzinfo=UTC))


def test_milestones_that_wait_for_each_other_are_refused_with_the_circle() -> None:
    with pytest.raises(InvalidInputError, match="wait for each other: b -> c -> b; take one `after` out"):
        laid_out(
            Milestone("a", "A", after=("b",)),
            Milestone("b", "B", after=("c",)),
            Milestone("c", "C", after=("b",)),
        )


def test_a_milestone_after_one_that_is_not_there_is_refused() -> None:
    with pytest.raises(InvalidInputError, match='milestone "a" comes after "x", which the timeline does not'):
        laid_out(Milestone("a", "A", after=("x",)))


def test_an_empty_timeline_is_a_plan_without_milestones() -> None:
    plan = laid_out(target_at=TARGET).milestones

    assert plan
    assert laid_out(Milestone("only", "Only")).critical == ("only",)


@given(offset=st.integers(0, 500))
def test_every_milestone_counted_in_days_begins_and_ends_on_a_working_day(offset: int) -> None:
    plan = laid_out(target_at=TARGET + timedelta(days=offset))

    for each in plan.milestones[:-1]:
        assert is_working_day(BERLIN, HOLIDAYS, each.dates.first)
        assert is_working_day(BERLIN, HOLIDAYS, each.dates.last)
        assert each.dates.first <= each.dates.last


def test_replanning_says_what_moves_and_by_how_much() -> None:
    old, new = laid_out(), laid_out(target_at=TARGET + timedelta(days=7))

    shifts = {shift.milestone: (shift.days, shift.text) for shift in replan(old, new)}

    assert shifts["release"] == (
        7,
        "Release moves 7 days later, from Monday 15 June 2026 to Monday 22 June 2026",
    )
    assert shifts["docs"][0] == 6, "from the Tuesday after Easter to a Monday"
    assert len(shifts) == len(MAJOR.milestones)


def test_replanning_the_same_target_changes_nothing_whatever_is_done_by_then() -> None:
    later = laid_out(now=EARLY + timedelta(days=40), done={"planning": EARLY})

    assert replan(laid_out(), later) == ()


def test_replanning_names_what_is_new_what_is_left_out_and_what_lasts_longer() -> None:
    freeze = Milestone("freeze", "Code freeze", before=weeks(2))
    old = laid_out(freeze, Milestone("testing", "Testing", before=weeks(1), lasts=working_days(2)))
    new = laid_out(
        Milestone("testing", "Testing", before=weeks(1), lasts=working_days(3)),
        Milestone("uat", "UAT", before=days(4), lasts=working_days(2)),
    )

    assert [shift.text for shift in replan(old, new)] == [
        "Testing ends on Wednesday 10 June 2026 instead of Tuesday 9 June 2026",
        "UAT is new: from Thursday 11 June 2026 to Friday 12 June 2026",
        "Code freeze is left out; it was on Monday 1 June 2026",
    ]


def test_another_time_on_the_same_day_is_a_change_too() -> None:
    release = Milestone("release", "Release")
    old, new = laid_out(release), laid_out(release, target_at=TARGET + timedelta(hours=2))

    assert [shift.text for shift in replan(old, new)] == [
        "Release keeps its day, Monday 15 June 2026, at another time"
    ]
    assert [shift.text for shift in replan(new, laid_out(release, target_at=TARGET - timedelta(days=3)))] == [
        "Release moves 3 days earlier, from Monday 15 June 2026 to Friday 12 June 2026"
    ]
