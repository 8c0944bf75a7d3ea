"""The audit chain: what fits, and that every kind of tampering is found at the first wrong entry."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluiceway.domain.audit.chain import (
    GENESIS_HASH,
    AuditEntry,
    Broken,
    NewAuditEntry,
    Verified,
    chain,
    entry_hash,
    verify,
)

T0 = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
EXPECTED_HASH = "5ef3e410f28c022ba10a6d838d23caa620484fc06efc51e4799d7373263fd811"


def an_entry(why: str = "the stage before has passed") -> NewAuditEntry:
    return NewAuditEntry(T0, T0, "plan", "stage-entered", "rollout-1", why, (("weight_bp", 1_000),))


def a_trail(length: int) -> list[AuditEntry]:
    trail: list[AuditEntry] = []
    for number in range(1, length + 1):
        prev_hash = trail[-1].hash if trail else GENESIS_HASH
        trail.append(chain(an_entry(f"reason {number}"), number, prev_hash))
    return trail


def test_an_empty_trail_is_whole() -> None:
    assert verify([]) == Verified(0, GENESIS_HASH)


def test_a_trail_as_it_was_written_is_whole() -> None:
    trail = a_trail(5)
    assert verify(trail) == Verified(5, trail[-1].hash)


def test_a_trail_is_read_as_a_stream() -> None:
    trail = a_trail(3)
    assert verify(iter(trail), trail[-1].hash) == Verified(3, trail[-1].hash)


@pytest.mark.parametrize("name", [field.name for field in fields(NewAuditEntry)])
def test_a_change_to_any_part_of_an_entry_is_found(name: str) -> None:
    changes: dict[str, Any] = {
        "at": T0 + timedelta(microseconds=1),
        "process_at": T0 + timedelta(microseconds=1),
        "actor": "eve",
        "kind": "promoted",
        "subject": "rollout-2",
        "why": "a nicer reason",
        "figures": (("weight_bp", 1_001),),
    }
    trail = a_trail(3)
    trail[1] = replace(trail[1], content=replace(trail[1].content, **{name: changes[name]}))

    assert verify(trail) == Broken(2, "entry 2 was changed after it was written")


def test_a_changed_hash_is_found() -> None:
    trail = a_trail(3)
    trail[1] = replace(trail[1], hash="f" * 64)
    assert verify(trail) == Broken(2, "entry 2 was changed after it was written")


def test_an_entry_changed_with_its_hash_made_to_fit_is_found_at_the_next_one() -> None:
    trail = a_trail(3)
    trail[1] = chain(an_entry("a nicer reason"), 2, trail[0].hash)
    assert verify(trail) == Broken(3, "entry 3 does not follow entry 2: one of them was replaced")


@pytest.mark.parametrize("gone", [1, 2, 4])
def test_a_removed_entry_is_found(gone: int) -> None:
    trail = [entry for entry in a_trail(5) if entry.seq != gone]
    assert verify(trail) == Broken(
        gone + 1, f"entry {gone} is missing or out of order: found {gone + 1} in its place"
    )


def test_a_removed_entry_is_found_when_the_rest_was_numbered_anew() -> None:
    trail = a_trail(5)
    trail = [*trail[:2], *(replace(entry, seq=entry.seq - 1) for entry in trail[3:])]
    assert verify(trail) == Broken(3, "entry 3 does not follow entry 2: one of them was replaced")


def test_an_inserted_entry_is_found() -> None:
    trail = a_trail(3)
    trail.insert(2, chain(an_entry("forged"), 3, trail[1].hash))
    assert verify(trail) == Broken(3, "entry 4 is missing or out of order: found 3 in its place")


def test_swapped_entries_are_found() -> None:
    trail = a_trail(4)
    trail[1], trail[2] = trail[2], trail[1]
    assert verify(trail) == Broken(3, "entry 2 is missing or out of order: found 3 in its place")


def test_swapped_contents_are_found() -> None:
    trail = a_trail(4)
    trail[1], trail[2] = (
        replace(trail[1], content=trail[2].content),
        replace(trail[2], content=trail[1].content),
    )
    assert verify(trail) == Broken(2, "entry 2 was changed after it was written")


@pytest.mark.parametrize("left", [0, 3])
def test_a_cut_off_tail_is_found_with_a_head_noted_elsewhere(left: int) -> None:
    trail = a_trail(5)
    head = trail[-1].hash
    assert verify(trail[:left], head) == Broken(
        left + 1, f"the trail ends at entry {left} without the expected head {head}: entries were cut off"
    )


def test_a_trail_that_grew_since_its_head_was_noted_is_whole() -> None:
    trail = a_trail(5)
    assert verify(trail, trail[2].hash) == Verified(5, trail[-1].hash)


def test_a_trail_written_anew_from_its_start_is_found_with_a_head_noted_elsewhere() -> None:
    head = a_trail(3)[-1].hash
    forged = [chain(an_entry("forged"), 1, GENESIS_HASH)]
    assert isinstance(verify(forged, head), Broken)


def test_the_hash_can_be_checked_with_other_tools() -> None:
    """Printed from `printf '%s%s' PREV JSON | sha256sum`, so that the format never changes unnoticed."""
    assert entry_hash(an_entry("Zażółć"), 1, GENESIS_HASH) == EXPECTED_HASH


@given(st.lists(st.text(), min_size=1, max_size=8), st.data())
def test_any_change_of_words_anywhere_is_found(reasons: list[str], data: st.DataObject) -> None:
    trail: list[AuditEntry] = []
    for number, why in enumerate(reasons, 1):
        trail.append(chain(an_entry(why), number, trail[-1].hash if trail else GENESIS_HASH))
    target = data.draw(st.integers(0, len(trail) - 1))
    other = data.draw(st.text().filter(lambda text: text != reasons[target]))
    trail[target] = replace(trail[target], content=replace(trail[target].content, why=other))

    assert verify(trail) == Broken(target + 1, f"entry {target + 1} was changed after it was written")
