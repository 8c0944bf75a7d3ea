"""Standard changes follow a template that proved itself; emergencies are looked at afterwards."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from sluiceway.domain.changes.kinds import kind_of, review_due_at, why_not_preapproved
from sluiceway.domain.changes.model import Change, ChangeState
from sluiceway.domain.process.control import ChangeControl
from sluiceway.errors import InvalidInputError
from tests.unit.domain.changes.requests import CONTROL, approved, request

TEMPLATE = replace(approved(1), state=ChangeState.DONE)


def standard(number: int = 2, **facts: Any) -> Change:
    return request(number, **{"kind": "standard", "template": TEMPLATE.id} | facts)


def test_a_request_that_follows_a_proven_one_is_pre_approved() -> None:
    assert why_not_preapproved(standard(), TEMPLATE, ()) is None


@pytest.mark.parametrize(
    ("change", "template", "reason"),
    [
        (
            standard(template=""),
            None,
            "names the approved request it follows as its template; this",
        ),
        (standard(), None, 'its template "CR-2026-001" is not a change request'),
        (standard(), approved(3), 'its template "CR-2026-001" is not a change request'),
        (standard(service="shop"), TEMPLATE, "its template CR-2026-001 is a change of billing"),
        (standard(), approved(1), "is approved; only one that is done shows the way"),
        (
            standard(),
            replace(TEMPLATE, facts=replace(TEMPLATE.facts, template="CR-2025-007")),
            "was itself pre-approved by CR-2025-007; name that one",
        ),
    ],
)
def test_what_does_not_follow_a_proven_request_says_why(
    change: Change, template: Change | None, reason: str
) -> None:
    assert reason in str(why_not_preapproved(change, template, ()))


def test_a_template_is_good_no_more_once_a_change_that_follows_it_failed() -> None:
    failed = replace(standard(5), state=ChangeState.FAILED)
    elsewhere = replace(standard(6, template="CR-2026-004"), state=ChangeState.FAILED)

    assert why_not_preapproved(standard(), TEMPLATE, (elsewhere, standard(7))) is None
    assert why_not_preapproved(standard(), TEMPLATE, (failed, elsewhere)) == (
        "CR-2026-005, which followed the template CR-2026-001, failed; submit it as a normal change"
    )


def test_only_approved_emergencies_of_a_kind_that_is_reviewed_have_a_review_due() -> None:
    emergency = kind_of(CONTROL, "emergency")
    change = approved()

    assert review_due_at(change, emergency) == change.decisions[0].at + timedelta(days=7)
    assert review_due_at(change, kind_of(CONTROL, "normal")) is None
    assert review_due_at(change, replace(emergency, review_after_s=0)) is None
    assert review_due_at(request(), emergency) is None


def test_an_unknown_kind_names_those_there_are() -> None:
    with pytest.raises(InvalidInputError, match='unknown kind of change "x"; the process has normal,'):
        kind_of(CONTROL, "x")
    with pytest.raises(InvalidInputError, match='unknown kind of change "x"; the process has no kinds'):
        kind_of(ChangeControl(), "x")
