"""The ids of change requests, and what is held fast by an approval."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluiceway.domain.approvals.subjects import subject_hash
from sluiceway.domain.changes.ids import change_id, parse_change_id, series
from sluiceway.domain.changes.model import ChangeFacts, Impact, RiskEntry
from sluiceway.domain.changes.subjects import kept_fields, subject_of
from sluiceway.errors import InvalidInputError
from tests.unit.domain.changes.requests import FACTS, after, submitted

MORE: dict[str, object] = {
    "title": "Other",
    "kind": "emergency",
    "description": "Other",
    "business_justification": "Other",
    "impact": Impact(scope="minor", risks=(RiskEntry("slow", "low", "low"),)),
    "acceptance_criteria": ("Other",),
    "dependencies": ("Other",),
    "timeline": (("design", "2 weeks"),),
    "success_metrics": ("Other",),
    "service": "shop",
    "parent_service": "shop",
    "template": "CR-2026-001",
    "rollback_plan": "Other",
    "answers": (("users", "all"),),
    "fields": (("cost centre", "4711"),),
}
FREE: dict[str, object] = {
    "requestor": "bob",
    "date_submitted": date(2026, 6, 1),
    "implementer": "eve",
    "starts_at": after(1),
    "ends_at": after(2),
}


@given(year=st.integers(1000, 9999), number=st.integers(1, 10**6))
def test_an_id_is_read_back_as_it_was_made(year: int, number: int) -> None:
    assert parse_change_id(change_id(year, number)) == (year, number)


def test_ids_have_three_digits_and_more_where_needed() -> None:
    assert [change_id(2026, number) for number in (1, 42, 999, 1_000)] == [
        *("CR-2026-001", "CR-2026-042", "CR-2026-999", "CR-2026-1000"),
    ]
    assert series(2026) == "CR-2026"
    assert parse_change_id(" cr-2024-001 ") == (2024, 1)


@pytest.mark.parametrize("text", ["", "CR-2026-1", "CR-2026-000", "CR-26-001", "CR-2026-0001", "REL-1"])
def test_what_is_no_id_is_refused(text: str) -> None:
    with pytest.raises(InvalidInputError, match="is not a change request, expected an id such as"):
        parse_change_id(text)


def test_numbers_begin_at_one() -> None:
    with pytest.raises(InvalidInputError, match="numbers begin at 1"):
        change_id(2026, 0)


@pytest.mark.parametrize("name", sorted(MORE))
def test_what_is_decided_on_is_held_fast(name: str) -> None:
    changed: ChangeFacts = replace(FACTS, **{name: MORE[name]})  # type: ignore[arg-type]

    assert subject_hash(kept_fields(changed)) != subject_hash(kept_fields(FACTS))


@pytest.mark.parametrize("name", sorted(FREE))
def test_who_and_when_may_change_without_asking_again(name: str) -> None:
    changed: ChangeFacts = replace(FACTS, **{name: FREE[name]})  # type: ignore[arg-type]

    assert kept_fields(changed) == kept_fields(FACTS)


def test_every_field_is_either_held_fast_or_free() -> None:
    assert {field.name for field in fields(ChangeFacts)} == {*MORE, *FREE}


def test_the_order_of_answers_makes_no_difference() -> None:
    turned = replace(FACTS, answers=tuple(reversed(FACTS.answers)))

    assert kept_fields(turned) == kept_fields(FACTS)


def test_a_subject_has_what_was_said_and_how_often_it_was_submitted() -> None:
    subject = dict(subject_of(submitted()))

    assert subject["description"] == "Invoices follow the new law"
    assert subject["answers"] == "users: some\nway-back: t"
    assert subject["submission"] == "1"
