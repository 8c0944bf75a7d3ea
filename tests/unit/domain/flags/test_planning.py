"""What applying a file does, and what it leaves alone because somebody else was there."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from sluiceway.domain.flags.model import Flag, HeldOffBy, Hold, Rule, Segment
from sluiceway.domain.flags.planning import plan, plan_segments

A = Flag("a", rules=(Rule("beta", reach=10_000),))
A_25 = replace(A, rules=(Rule("beta", reach=25_000),))
A_ON = replace(A, is_enabled=True)
B = Flag("b")


def test_new_changed_and_dropped_flags_are_told_apart() -> None:
    found = plan([A_25, B], [A, Flag("c")], [A, Flag("c")])

    assert [one.id for one in found.creates] == ["b"]
    assert [(one.before, one.after) for one in found.changes] == [(A, A_25)]
    assert [one.id for one in found.removals] == ["c"]
    assert found.conflicts == ()
    assert found.lines == (
        "+ b: added the flag",
        '~ a: reach of rule "beta" 10% -> 25%',
        "- c: removed the flag",
    )


def test_a_file_that_says_what_is_in_force_does_nothing() -> None:
    assert plan([A], [A], [A]).is_empty
    assert plan([A_ON], [A_ON], [A]).is_empty  # the same edit on both sides


def test_an_edit_made_elsewhere_is_a_conflict_with_both_sides() -> None:
    found = plan([A_25], [A_ON], [A])

    assert not found.changes
    assert found.lines == (
        "! a: was edited elsewhere since the file was last applied",
        '!   in the file: reach of rule "beta" 10% -> 25%',
        "!   in force: turned on",
    )
    assert (found.conflicts[0].in_file, found.conflicts[0].live) == (A_25, A_ON)


def test_an_old_file_does_not_take_back_what_was_edited_elsewhere() -> None:
    found = plan([A], [A_ON], [A])

    assert not found.changes
    assert found.conflicts[0].file_lines == ()
    assert "!   in the file: unchanged" in found.lines


def test_a_flag_made_elsewhere_under_the_same_id_is_a_conflict() -> None:
    assert [one.id for one in plan([A_25], [A], []).conflicts] == ["a"]


def test_a_flag_removed_elsewhere_is_not_made_anew() -> None:
    found = plan([A_25], [], [A])
    assert not found.creates
    assert found.conflicts[0].live_lines == ("removed the flag",)


def test_a_dropped_flag_that_was_edited_elsewhere_is_not_removed() -> None:
    found = plan([], [A_ON], [A])
    assert not found.removals
    assert [one.id for one in found.conflicts] == ["a"]


def test_flags_that_the_file_never_held_are_left_alone() -> None:
    assert plan([A], [A, B], [A]).is_empty


def test_a_killed_flag_stays_killed_and_is_no_conflict() -> None:
    killed = replace(A, hold=Hold(HeldOffBy.KILL, "errors"))
    assert plan([A], [killed], [A]).is_empty
    (edit,) = plan([A_25], [killed], [A]).changes
    assert edit.after == replace(A_25, hold=killed.hold)
    assert edit.lines == ('reach of rule "beta" 10% -> 25%',)


def test_that_a_rollout_has_reached_everyone_is_no_edit() -> None:
    full = replace(A, full_since=datetime(2026, 1, 1, tzinfo=UTC))
    assert plan([A], [full], [A]).is_empty
    assert plan([A_ON], [full], [A]).changes[0].after == replace(A_ON, full_since=full.full_since)


def test_segments_are_planned_alike() -> None:
    old, new = Segment("team", included=("ada",)), Segment("team", included=("ada", "bob"))
    assert plan_segments([new], [old], [old]).lines == ("~ team: included: added bob",)
    assert plan_segments([new], [Segment("team")], [old]).conflicts[0].live == Segment("team")
