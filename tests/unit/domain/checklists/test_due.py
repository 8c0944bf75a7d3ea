"""When checklist items come due, and what became of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluiceway.domain.checklists.due import items_of, next_due, next_look, open_required, ready_to_run
from sluiceway.domain.process.lists import Anchor, Checklist, Item, ItemKind
from sluiceway.domain.releases.model import ItemEntry, ItemState, Release
from sluiceway.errors import NotFoundError
from sluiceway.testing.builders import T0, at
from tests.unit.domain.checklists.lists import (
    DAY_S,
    HOUR_S,
    TARGET,
    a_process,
    a_release,
    a_stay,
    an_entry,
)

BACKUP = Item("backup", "Production data is backed up")
PLAN = Item("plan", "The way back is written down", owner="tech-lead")
LIST = Checklist("go", "Before deployment", (BACKUP, PLAN), offset_s=-DAY_S, owner="release-manager")
AFTER = Checklist(
    "after",
    "Immediately after a rollback",
    (Item("tell", "Tell the users"),),
    anchor=Anchor.PHASE,
    phase="rolled-back",
    until_s=1_800,
)


def states(*entries: ItemEntry, checklist: Checklist = LIST) -> dict[str, ItemState]:
    found = items_of(a_process(checklist), a_release(*entries), T0)
    return {standing.item.id: standing.state for standing in found}


def names(release: Release, checklist: Checklist = LIST, now: datetime = T0) -> list[str]:
    return [each.item.id for each in open_required(a_process(checklist), release, checklist.id, now)]


def test_an_item_is_due_at_its_lists_offset_from_the_target() -> None:
    backup, plan = items_of(a_process(LIST), a_release(), T0)

    assert (backup.due_at, plan.due_at) == (TARGET - timedelta(days=1),) * 2
    assert (backup.owner, plan.owner) == ("release-manager", "tech-lead")


def test_an_items_own_offset_goes_before_its_lists() -> None:
    checklist = replace(LIST, items=(replace(BACKUP, offset_s=900),))
    (backup,) = items_of(a_process(checklist), a_release(), T0)

    assert backup.due_at == TARGET + timedelta(minutes=15)


def test_without_a_target_date_nothing_is_due_and_nothing_late() -> None:
    release = a_release()
    release = replace(release, facts=replace(release.facts, target_at=None))

    assert {(each.due_at, each.is_overdue) for each in items_of(a_process(LIST), release, at(1e9))} == {
        (None, False)
    }


def test_a_list_after_a_phase_waits_for_the_release_to_enter_it() -> None:
    (before,) = items_of(a_process(AFTER), a_release(), T0)
    assert (before.due_at, before.until_at) == (None, None)

    rolled_back = a_release(stays=(a_stay("draft", 0), a_stay("rolled-back", 100)))
    (after,) = items_of(a_process(AFTER), rolled_back, T0)
    assert (after.due_at, after.until_at) == (at(100), at(100 + 1_800))


def test_an_item_is_late_once_its_stretch_of_time_has_passed() -> None:
    rolled_back = a_release(stays=(a_stay("draft", 0), a_stay("rolled-back", 100)))
    late = [items_of(a_process(AFTER), rolled_back, at(s))[0].is_overdue for s in (1_900, 1_900.001)]

    assert late == [False, True]


def test_the_newest_word_on_an_item_counts() -> None:
    assert states(an_entry("backup"), an_entry("backup", ItemState.OPEN, 2))["backup"] is ItemState.OPEN
    assert states(an_entry("backup", ItemState.FAILED), an_entry("backup", at_s=2)) == {
        "backup": ItemState.DONE,
        "plan": ItemState.OPEN,
    }


def test_an_entry_of_another_list_says_nothing_about_an_item_of_the_same_name() -> None:
    assert states(an_entry("backup", checklist="other"))["backup"] is ItemState.OPEN


def test_a_second_rollback_begins_its_list_anew() -> None:
    stays = (a_stay("draft", 0), a_stay("rolled-back", 100), a_stay("rolling-out", 200))
    once = a_release(an_entry("tell", at_s=150, checklist="after"), stays=stays)
    again = replace(once, stays=(*stays, a_stay("rolled-back", 300)))

    assert names(once, AFTER) == []
    assert names(again, AFTER) == ["tell"]


def test_what_was_done_before_the_phase_was_entered_for_the_first_time_counts() -> None:
    ahead = an_entry("tell", at_s=50, checklist="after")
    assert names(a_release(ahead, stays=(a_stay("draft", 0), a_stay("rolled-back", 100))), AFTER) == []


def test_a_list_of_other_types_of_release_holds_nothing() -> None:
    checklist = replace(LIST, types=("major",))

    assert names(a_release(kind="minor"), checklist) == []
    assert items_of(a_process(checklist), a_release(kind="minor"), T0) == ()
    assert names(a_release(kind="major"), checklist) == ["backup", "plan"]


def test_a_list_that_the_process_does_not_have_is_an_error() -> None:
    with pytest.raises(NotFoundError, match='the process "shop" has no checklist "nope"'):
        open_required(a_process(LIST), a_release(), "nope", T0)


def test_only_required_items_that_are_not_settled_hold_a_move() -> None:
    checklist = replace(LIST, items=(BACKUP, PLAN, Item("cake", "Cake", required=False)))
    release = a_release(an_entry("backup", ItemState.SET_ASIDE))

    assert names(release, checklist) == ["plan"]
    assert names(a_release(an_entry("backup", ItemState.FAILED), an_entry("plan")), checklist) == ["backup"]


GROUP = Checklist(
    "go",
    "Before deployment",
    (
        Item("data", "Data"),
        Item("dump", "Dump", parent="data"),
        Item("restore", "Restore tried", parent="data"),
        Item("photo", "Photo", parent="data", required=False),
    ),
)


@pytest.mark.parametrize(
    ("entries", "state"),
    [
        ((), ItemState.OPEN),
        ((an_entry("data"),), ItemState.OPEN),
        ((an_entry("dump"),), ItemState.OPEN),
        ((an_entry("dump"), an_entry("restore", ItemState.FAILED)), ItemState.FAILED),
        ((an_entry("dump"), an_entry("restore")), ItemState.DONE),
        ((an_entry("dump"), an_entry("restore", ItemState.SET_ASIDE)), ItemState.DONE),
        (
            (an_entry("dump", ItemState.SET_ASIDE), an_entry("restore", ItemState.SET_ASIDE)),
            ItemState.SET_ASIDE,
        ),
        ((an_entry("data", ItemState.SET_ASIDE),), ItemState.SET_ASIDE),
    ],
)
def test_an_item_made_of_parts_is_done_when_its_required_parts_are(
    entries: tuple[ItemEntry, ...], state: ItemState
) -> None:
    assert states(*entries, checklist=GROUP)["data"] is state


def test_setting_a_whole_aside_sets_its_open_parts_aside() -> None:
    found = states(an_entry("dump"), an_entry("data", ItemState.SET_ASIDE), checklist=GROUP)
    assert (found["dump"], found["restore"]) == (ItemState.DONE, ItemState.SET_ASIDE)


def test_parts_hold_a_move_and_the_whole_does_not_say_it_again() -> None:
    assert names(a_release(), GROUP) == ["dump", "restore"]


def test_parts_of_an_optional_item_hold_nothing() -> None:
    optional = replace(GROUP, items=(replace(GROUP.items[0], required=False), *GROUP.items[1:]))
    assert names(a_release(), optional) == []


def test_items_that_are_parts_of_each_other_are_parts_of_nothing() -> None:
    circle = replace(
        GROUP, items=(Item("a", "A", parent="b"), Item("b", "B", parent="a"), Item("c", "C", parent="c"))
    )
    assert names(a_release(), circle) == ["a", "b", "c"]


def test_nothing_is_late_in_a_release_that_has_ended_but_what_follows_its_end() -> None:
    follow_up = Checklist("later", "After the end", (PLAN,), anchor=Anchor.PHASE, phase="closed")
    closed = a_release(stays=(a_stay("draft", 0), a_stay("closed", 100)))
    found = items_of(a_process(LIST, follow_up), closed, TARGET)

    assert [(each.checklist.id, each.is_overdue) for each in found] == [
        ("go", False),
        ("go", False),
        ("later", True),
    ]


def test_the_next_due_instant_is_that_of_the_next_item_not_settled() -> None:
    checklist = replace(LIST, items=(BACKUP, replace(PLAN, offset_s=0.0)))
    due = TARGET - timedelta(days=1)

    assert next_due(a_process(checklist), a_release(), T0) == due
    assert next_due(a_process(checklist), a_release(an_entry("backup")), T0) == TARGET
    assert next_due(a_process(checklist), a_release(), due) == TARGET
    assert next_due(a_process(checklist), a_release(), TARGET) is None


SMOKE = Item("smoke", "Smoke tests", ItemKind.COMMAND, command=("./smoke.sh",), offset_s=0.0)


def ready(*entries: ItemEntry, item: Item = SMOKE, now: datetime = TARGET) -> list[str]:
    checklist = replace(LIST, items=(BACKUP, item))
    return [each.item.id for each in ready_to_run(a_process(checklist), a_release(*entries), now)]


def test_an_item_that_answers_by_itself_is_run_when_it_is_due_and_once() -> None:
    assert ready(now=TARGET - timedelta(seconds=1)) == []
    assert ready() == ["smoke"]
    assert ready(an_entry("smoke", ItemState.FAILED)) == []
    assert ready(an_entry("smoke")) == []


def test_an_item_that_a_person_opened_again_is_run_again() -> None:
    assert ready(an_entry("smoke", ItemState.FAILED), an_entry("smoke", ItemState.OPEN, 2)) == ["smoke"]


def test_an_item_with_a_condition_in_words_is_run_once_a_person_has_opened_it() -> None:
    item = replace(SMOKE, when="if the schema changes")

    assert ready(item=item) == []
    assert ready(an_entry("smoke", ItemState.OPEN), item=item) == ["smoke"]
    assert ready(an_entry("smoke", ItemState.SET_ASIDE), item=item) == []


def test_the_engine_looks_again_when_the_next_item_is_to_be_run() -> None:
    process = a_process(replace(LIST, items=(BACKUP, SMOKE)))

    assert next_look(process, a_release(), T0) == TARGET
    assert next_look(process, a_release(), TARGET + timedelta(days=1)) == TARGET + timedelta(days=1)
    assert next_look(process, a_release(an_entry("smoke")), T0) is None
    assert next_look(process, a_release(stays=(a_stay("closed", 0),)), T0) is None


@given(
    offset_s=st.floats(-90 * DAY_S, 90 * DAY_S),
    moved_s=st.floats(-90 * DAY_S, 90 * DAY_S),
)
def test_moving_the_target_moves_what_is_due_by_as_much(offset_s: float, moved_s: float) -> None:
    process = a_process(replace(LIST, offset_s=offset_s))
    release = a_release()
    moved = replace(release, facts=replace(release.facts, target_at=TARGET + timedelta(seconds=moved_s)))

    before, after = (items_of(process, each, T0)[0].due_at for each in (release, moved))
    assert before is not None
    assert after is not None
    assert abs((after - before).total_seconds() - moved_s) < 0.001


@given(
    events=st.lists(
        st.tuples(st.sampled_from(["dump", "restore", "photo", "data"]), st.sampled_from(ItemState)),
        max_size=12,
    )
)
def test_nothing_is_open_in_a_list_exactly_when_its_whole_is_settled(
    events: list[tuple[str, ItemState]],
) -> None:
    entries = tuple(an_entry(item, state, number) for number, (item, state) in enumerate(events))
    whole = items_of(a_process(GROUP), a_release(*entries), at(HOUR_S))[0]

    assert (names(a_release(*entries), GROUP) == []) == whole.is_settled
