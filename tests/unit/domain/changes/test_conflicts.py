"""Conflicts between changes, and between changes and the calendar."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, time
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluiceway.domain.changes.conflicts import (
    ConflictKind,
    LinkedRelease,
    TeamDays,
    find_conflicts,
)
from sluiceway.domain.changes.model import Change, ChangeState
from sluiceway.domain.process.schedule import Calendar, Freeze, Window
from tests.unit.domain.changes.requests import NOW, after, request


def change(
    number: int, first: float, until: float | None, service: str = "billing", parent: str = ""
) -> Change:
    ends_at = None if until is None else after(until)
    return request(number, starts_at=after(first), ends_at=ends_at, service=service, parent_service=parent)


def found(*changes: Change) -> list[tuple[ConflictKind, tuple[str, ...]]]:
    return [(each.kind, each.changes) for each in find_conflicts(changes, {}, {})]


SAME = (ConflictKind.SAME_SERVICE, ("CR-2026-001", "CR-2026-002"))


def test_two_changes_of_a_service_at_the_same_time_are_named_with_the_time() -> None:
    (conflict,) = find_conflicts([change(2, 1, 3), change(1, 0, 2)], {}, {})

    assert (conflict.kind, conflict.changes) == SAME
    assert conflict.text == (
        "CR-2026-001 and CR-2026-002 both change billing at the same time, from 2026-06-10 10:00 UTC"
    )


@pytest.mark.parametrize(
    ("second", "expected"),
    [
        ((2, 4), []),  # one ends when the other begins
        ((1.9, 4), [SAME]),
        ((0.5, 1), [SAME]),
        ((0, None), [SAME]),
        ((1, None), [SAME]),
        ((2, None), []),
    ],
)
def test_what_only_touches_is_no_conflict_and_what_has_no_end_is_a_moment(
    second: tuple[float, float | None], expected: list[object]
) -> None:
    assert found(change(1, 0, 2), change(2, *second)) == expected


def test_changes_without_a_time_or_a_service_are_in_nobodys_way() -> None:
    assert found(request(1), request(2)) == []
    assert found(change(1, 0, 2, service=""), change(2, 0, 2, service="")) == []


@pytest.mark.parametrize("turned", [False, True])
def test_a_service_and_its_part_are_named_as_such(turned: bool) -> None:
    part, whole = change(1, 0, 2, "tax", "billing"), change(2, 1, 3, "billing")
    pair = [whole, part] if turned else [part, whole]

    (conflict,) = find_conflicts(pair, {}, {})

    assert conflict.kind is ConflictKind.RELATED_SERVICE
    assert conflict.text == (
        "CR-2026-001 changes tax, a part of billing, which CR-2026-002 changes at the same time, "
        "from 2026-06-10 10:00 UTC"
    )


def test_two_parts_of_one_service_are_no_conflict() -> None:
    assert found(change(1, 0, 2, "tax", "billing"), change(2, 0, 2, "mail", "billing")) == []


@pytest.mark.parametrize(
    "state", [ChangeState.REJECTED, ChangeState.WITHDRAWN, ChangeState.DONE, ChangeState.FAILED]
)
def test_what_will_not_happen_or_has_happened_is_in_nobodys_way(state: ChangeState) -> None:
    assert found(change(1, 0, 2), replace(change(2, 0, 2), state=state)) == []


def test_a_change_in_a_freeze_or_outside_a_window_says_why() -> None:
    freeze = Freeze("audit", "Audit", date(2026, 6, 12), date(2026, 6, 14))
    calendar = Calendar(freezes=(freeze,), windows=(Window((0, 1, 2, 3, 4), time(8), time(16)),))
    days = {"billing": TeamDays(calendar, {})}

    conflicts = find_conflicts(
        [change(1, 50, 51), change(2, 1, 2), change(3, 5, 9), change(4, 5, 9, "shop")], days, {}
    )

    assert [(each.kind, each.changes) for each in conflicts] == [
        (ConflictKind.CLOSED, ("CR-2026-003",)),
        (ConflictKind.CLOSED, ("CR-2026-001",)),
    ]
    assert conflicts[0].text == (
        "CR-2026-003: it lasts longer than the deployment window, which closes on "
        "Wednesday 10 June 2026 at 16:00 (UTC)"
    )
    assert "Friday 12 June 2026 is in the freeze Audit (12 June 2026 to 14 June 2026)" in conflicts[1].text


def test_two_releases_that_bring_the_same_version_are_named() -> None:
    releases = {
        "REL-1": LinkedRelease("billing", "2.0.0"),
        "REL-2": LinkedRelease("billing", "2.0.0"),
        "REL-3": LinkedRelease("shop", "2.0.0"),
    }
    first = replace(request(1), releases=("REL-1", "REL-3"))
    second = replace(request(2), releases=("REL-2",))
    both = replace(request(3), releases=("REL-1", "REL-2", "REL-9"))

    assert find_conflicts([first, replace(request(4), releases=("REL-1",))], {}, releases) == ()
    (conflict,) = find_conflicts([first, second], {}, releases)
    assert conflict.text == ("CR-2026-001 and CR-2026-002: REL-1 and REL-2 would both bring billing 2.0.0")
    (alone,) = find_conflicts([both], {}, releases)
    assert (alone.kind, alone.changes) == (ConflictKind.SAME_VERSION, ("CR-2026-003",))


@given(
    times=st.lists(st.tuples(st.integers(0, 30), st.integers(0, 8)), max_size=9),
)
def test_the_sweep_finds_what_comparing_every_pair_finds(times: list[tuple[int, int]]) -> None:
    changes = [
        change(number, first, first + length if length else None)
        for number, (first, length) in enumerate(times, 1)
    ]
    expected = {frozenset((one.id, two.id)) for one, two in combinations(changes, 2) if _overlap(one, two)}

    assert {frozenset(pair) for _, pair in found(*changes)} == expected


def _overlap(one: Change, two: Change) -> bool:
    (first, until), (begin, end) = (
        ((each.facts.starts_at or NOW), (each.facts.ends_at or each.facts.starts_at or NOW))
        for each in (one, two)
    )
    return first == begin or (first < end and begin < until)


def test_thousands_of_changes_one_after_the_other_are_swept_quickly() -> None:
    changes = [change(number, number, number + 1) for number in range(1, 2_001)]

    assert find_conflicts(changes, {}, {}) == ()
