"""The conditions of linked change requests as items of a release."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from sluiceway.domain.releases.change_conditions import take_on
from sluiceway.domain.releases.model import Condition, Facts, Release, ReleaseId, Stay

NOW = datetime(2026, 6, 1, 9, 0, tzinfo=UTC)
CHANGE = "CR-2026-001"
LOAD, DOCS = ("Change board", "A load test"), ("Change board", "Documents")


def a_release(*conditions: Condition) -> Release:
    stay = Stay("draft", NOW, "ada", "made")
    facts = Facts("1.1.0", "minor")
    return Release(ReleaseId("REL-2026-0001"), "shop", facts, "h", "ada", NOW, (stay,), conditions=conditions)


def ids(release: Release) -> list[str]:
    return [one.id for one in release.conditions]


def test_each_condition_becomes_an_item_that_names_the_request() -> None:
    release = take_on(a_release(), CHANGE, (LOAD, DOCS), NOW)

    assert release.conditions == (
        Condition("CR-2026-001-1", "A load test", "Change board", NOW, CHANGE),
        Condition("CR-2026-001-2", "Documents", "Change board", NOW, CHANGE),
    )


def test_taking_on_the_same_again_changes_nothing() -> None:
    release = take_on(a_release(), CHANGE, (LOAD, LOAD, DOCS), NOW)

    assert take_on(release, CHANGE, (LOAD, DOCS), NOW) == release


def test_what_is_not_wanted_any_more_goes_unless_it_was_met() -> None:
    release = take_on(a_release(), CHANGE, (LOAD, DOCS), NOW)
    met = replace(release.conditions[0], done_by="quin", done_at=NOW)
    release = replace(release, conditions=(met, release.conditions[1]))

    assert take_on(release, CHANGE, (), NOW).conditions == (met,)


def test_a_new_condition_never_takes_the_id_of_one_that_was_met() -> None:
    release = take_on(a_release(), CHANGE, (LOAD,), NOW)
    met = replace(release.conditions[0], done_by="quin", done_at=NOW)

    decided_anew = take_on(replace(release, conditions=(met,)), CHANGE, (DOCS,), NOW)

    assert ids(decided_anew) == ["CR-2026-001-1", "CR-2026-001-2"]


def test_conditions_of_votes_and_of_other_requests_stay() -> None:
    of_vote = Condition("sign-off-1-1", "Tell support", "bob", NOW, "sign-off")
    release = take_on(a_release(of_vote), "CR-2026-002", (LOAD,), NOW)

    release = take_on(take_on(release, CHANGE, (DOCS,), NOW), CHANGE, (), NOW)

    assert ids(release) == ["sign-off-1-1", "CR-2026-002-1"]


@given(st.lists(st.lists(st.sampled_from([LOAD, DOCS, ("CTO", "A load test")]), max_size=4), max_size=5))
def test_ids_are_unique_and_open_ones_are_just_those_wanted_last(
    decisions: list[list[tuple[str, str]]],
) -> None:
    release = a_release()
    for wanted in decisions:
        release = take_on(release, CHANGE, wanted, NOW)

    assert len(set(ids(release))) == len(release.conditions)
    wanted_last = set(decisions[-1]) if decisions else set[tuple[str, str]]()
    assert {(one.by, one.text) for one in release.conditions} == wanted_last
