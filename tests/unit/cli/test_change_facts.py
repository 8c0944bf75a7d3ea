"""What people say a change request is: options, pairs, and the YAML file it is written to and read from."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluiceway.cli.change_facts import ChangeWords, change_text, pairs, patch_body, patch_of, points
from sluiceway.config.change_request import parse_change_request
from sluiceway.domain.changes.model import ChangeFacts, Impact, RiskEntry
from sluiceway.errors import InvalidInputError

BEFORE = ChangeFacts(
    "Pay by invoice",
    "olga",
    impact=Impact("minor", "2 weeks"),
    acceptance_criteria=("An invoice arrives",),
    answers=(("users", "none"),),
)
_seen = st.characters(max_codepoint=0x2FF, exclude_categories=["C"])
_line = st.text(_seen, min_size=1).map(str.strip).filter(bool)
_prose = st.text(_seen | st.just("\n"), min_size=1).map(str.strip).filter(bool)
_lines = st.lists(_prose, max_size=3).map(tuple)
_pairs: Any = st.dictionaries(_line, _line, max_size=3).map(lambda found: tuple(found.items()))
_times = st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
_facts: st.SearchStrategy[ChangeFacts] = st.builds(
    ChangeFacts,
    title=_line,
    requestor=_line,
    kind=_line,
    date_submitted=st.none() | st.dates(date(2000, 1, 1)),
    description=_prose,
    business_justification=_prose,
    impact=st.builds(
        Impact,
        scope=_line,
        effort_estimate=_line,
        resource_requirements=_lines,
        technical=_lines,
        business=_lines,
        risks=st.lists(st.builds(RiskEntry, _line, _line, _line, _line), max_size=2).map(tuple),
    ),
    acceptance_criteria=_lines,
    dependencies=_lines,
    timeline=_pairs,
    success_metrics=_lines,
    service=_line,
    parent_service=_line,
    template=_line,
    implementer=_line,
    starts_at=st.none() | _times,
    rollback_plan=_prose,
    answers=_pairs,
    fields=_pairs,
)


@given(_facts)
def test_a_request_written_as_yaml_reads_as_it_was(facts: ChangeFacts) -> None:
    assert parse_change_request(change_text(facts)) == (facts, None)


def test_what_a_request_leaves_open_is_not_written() -> None:
    assert change_text(ChangeFacts("Pay by invoice", "olga")) == (
        "change_request:\n  title: Pay by invoice\n  requestor: olga\n  kind: normal\n"
    )


def test_options_add_to_lists_and_replace_texts() -> None:
    words = ChangeWords(
        title="Pay later",
        scope="major",
        acceptance_criteria=("It is paid",),
        answers=("users=all", "way-back = traffic"),
        starts="2026-03-02 10:00",
    )

    patch = patch_of(words, BEFORE, "Europe/Berlin")

    assert patch_body(patch) == {
        "title": "Pay later",
        "impact": {
            "scope": "major",
            "effort_estimate": "2 weeks",
            "resource_requirements": [],
            "technical": [],
            "business": [],
            "risks": [],
        },
        "acceptance_criteria": ["An invoice arrives", "It is paid"],
        "answers": [["users", "all"], ["way-back", "traffic"]],
        "starts_at": "2026-03-02T09:00:00Z",
    }


def test_a_file_says_it_all_and_options_more(tmp_path: Path) -> None:
    file = tmp_path / "change.yaml"
    file.write_text("change_request: {title: Later, requestor: Sales, acceptance_criteria: [One]}")

    patch = patch_of(ChangeWords(file=file, acceptance_criteria=("Two",)), BEFORE, "UTC")

    assert patch.of(BEFORE) == ChangeFacts("Later", "Sales", acceptance_criteria=("One", "Two"))


def test_pairs_and_points_are_read_or_refused() -> None:
    assert pairs(["users=all", "a=b=c"], "Q=A") == {"users": "all", "a": "b=c"}
    assert points(["value=8"]) == {"value": 8}
    for text in ("users", "=all", "users="):
        with pytest.raises(InvalidInputError, match="can't be read, expected Q=A"):
            pairs([text], "Q=A")
    with pytest.raises(InvalidInputError, match=r"value is '8\.5'; points are a whole number"):
        points(["value=8.5"])
