"""A change request written as YAML."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from sluiceway.config.change_request import holds_change_request, parse_change_request
from sluiceway.domain.changes.model import ChangeFacts, Impact, RiskEntry
from sluiceway.errors import ProcessFileError

WHOLE = """\
x-remark: &who Ada
change_request:
  id: cr-2026-007
  title: Move the queue
  requestor: *who
  kind: emergency
  date_submitted: 2026-05-01
  description: |
    The queue is full.

    It must move.
  impact_assessment:
    scope: major
    technical_impact: One more machine
    risk_assessment: [{risk: It stalls, probability: high, mitigation: We watch}]
  timeline: {moving: 2 hours}
  service: queue
  implementer: bob
  starts_at: 2026-05-04T09:30:00+02:00
  ends_at: "2026-05-04 08:30:00Z"
  answers: {users: few}
  fields: {cost center: 17}
"""


def problems(text: str) -> tuple[str, ...]:
    with pytest.raises(ProcessFileError) as caught:
        parse_change_request(text, "cr.yaml")
    return caught.value.problems


def test_every_field_is_kept() -> None:
    assert parse_change_request(WHOLE) == (
        ChangeFacts(
            title="Move the queue",
            requestor="Ada",
            kind="emergency",
            date_submitted=date(2026, 5, 1),
            description="The queue is full.\n\nIt must move.",
            impact=Impact(
                "major",
                technical=("One more machine",),
                risks=(RiskEntry("It stalls", "high", "", "We watch"),),
            ),
            timeline=(("moving", "2 hours"),),
            service="queue",
            implementer="bob",
            starts_at=datetime(2026, 5, 4, 7, 30, tzinfo=UTC),
            ends_at=datetime(2026, 5, 4, 8, 30, tzinfo=UTC),
            answers=(("users", "few"),),
            fields=(("cost center", "17"),),
        ),
        "CR-2026-007",
    )


def test_a_title_and_who_asks_are_enough() -> None:
    facts, own_id = parse_change_request("change_request: {title: Move, requestor: Ada}")

    assert (facts, own_id) == (ChangeFacts("Move", "Ada"), None)


def test_all_problems_are_told_at_their_places() -> None:
    text = """\
change_request:
  id: CR-26-1
  titel: Move
  requestor: ""
  date_submitted: 2026-13-01
  impact_assessment: {risk_assessment: [{probability: high}]}
  starts_at: 2026-05-04T09:30:00
  timeline: soon
"""

    found = [problem.split(": ", 2) for problem in problems(text)]

    assert [(place.removeprefix("cr.yaml:"), path) for place, path, _ in found] == [
        ("2:3", "change_request"),
        ("2:7", "change_request.id"),
        ("3:3", "change_request.titel"),
        ("4:14", "change_request.requestor"),
        ("5:19", "change_request.date_submitted"),
        ("6:41", "change_request.impact_assessment.risk_assessment[0]"),
        ("7:14", "change_request.starts_at"),
        ("8:13", "change_request.timeline"),
    ]
    messages = [message for _, _, message in found]
    assert messages[0] == '"title" is missing, expected what is to be done, in a line'
    assert messages[1] == '"CR-26-1" is not a change request, expected an id such as CR-2026-001'
    assert messages[2].startswith('unknown key "titel", expected one of id, title, requestor, kind,')
    assert messages[2].endswith('; did you mean "title"?')
    assert messages[4] == "2026-13-01 is no day of the calendar, expected one such as 2026-12-24"
    assert messages[5] == '"risk" is missing, expected what may happen'
    assert messages[6].startswith('found "2026-05-04T09:30:00", expected a date and time with its zone')


def test_a_change_that_ends_before_it_begins_is_a_problem() -> None:
    assert problems(WHOLE.replace("08:30:00Z", "07:30:00Z")) == (
        "cr.yaml:20:12: change_request.ends_at: ends before it begins, expected a time after `starts_at`",
    )


@pytest.mark.parametrize("text", ["change_request: {title: x}", "x-a: 1\nchange_request:"])
def test_a_file_with_a_change_request_is_known_as_one(text: str) -> None:
    assert holds_change_request(text)


@pytest.mark.parametrize("text", ["rollout: {}", "- change_request", "a: [", ""])
def test_any_other_file_is_not(text: str) -> None:
    assert not holds_change_request(text)


def test_a_file_without_one_is_told_what_is_missing() -> None:
    assert problems("titel: x") == (
        'cr.yaml:1:1: file: "change_request" is missing, expected a change request',
        'cr.yaml:1:1: titel: unknown key "titel", expected change_request',
    )
