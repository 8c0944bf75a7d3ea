"""The critical path and the room that milestones have."""

from __future__ import annotations

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from sluiceway.domain.calendars.critical import in_order
from sluiceway.domain.process.schedule import Milestone
from tests.unit.domain.calendars.plans import days, hours, laid_out, placed, stretch, weeks, working_days


def test_the_chain_without_slack_is_critical_and_the_side_branch_has_room() -> None:
    plan = laid_out()

    assert plan.critical == ("planning", "building", "testing", "ready", "release")
    assert [placed(plan, each).slack_days for each in plan.critical] == [0, 0, 0, 0, 0]
    assert placed(plan, "docs").slack_days == 35
    assert not placed(plan, "docs").is_critical


def test_a_violated_order_leaves_negative_room() -> None:
    plan = laid_out(
        Milestone("testing", "Testing", before=weeks(2), lasts=weeks(1)),
        Milestone("release", "Release", before=days(10), after=("testing",)),
    )

    assert stretch(plan, "testing") == (date(2026, 6, 1), date(2026, 6, 5))
    assert placed(plan, "testing").free_days == -1


def test_free_room_ends_at_the_next_milestone_and_total_room_at_the_target() -> None:
    plan = laid_out(
        Milestone("scope", "Scope", before=weeks(4), lasts=working_days(2)),
        Milestone("freeze", "Freeze", before=weeks(2), lasts=working_days(1), after=("scope",)),
        Milestone("release", "Release", before=days(0), after=("freeze",)),
    )

    assert (placed(plan, "scope").free_days, placed(plan, "scope").slack_days) == (8, 17)
    assert (placed(plan, "freeze").free_days, placed(plan, "freeze").slack_days) == (9, 9)


def test_a_plan_with_room_everywhere_still_shows_the_chain_that_would_give_first() -> None:
    plan = laid_out(
        Milestone("scope", "Scope", before=weeks(8)),
        Milestone("plan", "Test plan", before=weeks(4), after=("scope",)),
        Milestone("notes", "Notes", before=weeks(2)),
        Milestone("freeze", "Freeze", before=weeks(1), after=("plan", "notes")),
        Milestone("release", "Release"),
    )

    assert plan.critical == ("notes", "freeze", "release")


def test_parallel_chains_that_are_equally_tight_are_all_critical() -> None:
    plan = laid_out(
        Milestone("load", "Load test", before=weeks(2), lasts=weeks(1)),
        Milestone("security", "Security review", before=weeks(2), lasts=weeks(1)),
        Milestone("release", "Release", before=weeks(0), after=("load", "security")),
    )

    assert plan.critical == ("load", "security", "release")


def test_a_target_without_dependencies_waits_for_everything_before_it() -> None:
    plan = laid_out(
        Milestone("rollout", "Rollout", before=weeks(1), lasts=weeks(1)),
        Milestone("briefing", "Briefing", before=weeks(2)),
        Milestone("release", "Release"),
        Milestone("watch", "Watch", lasts=weeks(1), after=("release",)),
    )

    assert plan.critical == ("rollout", "release")
    assert placed(plan, "rollout").slack_days == 0
    assert placed(plan, "briefing").slack_days == 10


def test_hours_before_the_target_leave_the_rest_of_the_day() -> None:
    plan = laid_out(
        Milestone("staging", "Staging", before=hours(4), lasts=hours(2)),
        Milestone("release", "Release", before=hours(0), after=("staging",)),
    )

    assert plan.holds
    assert placed(plan, "staging").slack_days == 0
    assert plan.critical == ("staging", "release")


@given(
    lengths=st.lists(st.integers(1, 8), min_size=1, max_size=6),
    gaps=st.lists(st.integers(0, 5), min_size=6, max_size=6),
)
def test_in_one_chain_the_total_room_is_the_sum_of_the_gaps_ahead(
    lengths: list[int], gaps: list[int]
) -> None:
    total = sum(lengths) + sum(gaps[: len(lengths)])
    milestones: list[Milestone] = []
    for number, (length, gap) in enumerate(zip(lengths, gaps, strict=False)):
        after = (str(number - 1),) if number else ()
        milestones.append(
            Milestone(
                str(number), str(number), before=working_days(total), lasts=working_days(length), after=after
            )
        )
        total -= length + gap
    plan = laid_out(*milestones)

    assert [each.slack_days for each in plan.milestones] == [
        sum(gaps[number : len(lengths)]) for number in range(len(lengths))
    ]
    assert plan.critical == tuple(each.id for each in milestones)


@given(
    edges=st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)).filter(lambda edge: edge[0] < edge[1])),
    names=st.permutations(range(10)),
)
def test_each_milestone_stands_after_those_it_waits_for(
    edges: list[tuple[int, int]], names: list[int]
) -> None:
    after = {
        str(names[number]): [str(names[first]) for first, second in edges if second == number]
        for number in reversed(range(10))
    }

    order = in_order(after)

    assert sorted(order) == sorted(after)
    assert all(order.index(each) < order.index(task) for task, waits in after.items() for each in waits)


def test_a_chain_of_thousands_does_not_exhaust_the_stack() -> None:
    after = {str(number): [str(number + 1)] for number in range(3_000)} | {"3000": []}

    assert in_order(after)[0] == "3000"
