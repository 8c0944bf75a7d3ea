"""Words and tones of releases, votes and what waits."""

from __future__ import annotations

from datetime import timedelta, timezone

import pytest

from sluiceway.services.release_views import ItemView, MissingView
from sluiceway.web import release_words
from sluiceway.web.forms import in_words
from sluiceway.web.pages import Label
from sluiceway.web.work_groups import work_groups
from tests.unit.web.releases import NOW, a_summary, a_waiting


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("qa-lead", "QA lead"),
        ("release_manager", "Release manager"),
        ("cto", "CTO"),
        ("go-no-go", "Go no go"),
        ("", ""),
    ],
)
def test_ids_are_read_as_words(name: str, words: str) -> None:
    assert in_words(name) == words


@pytest.mark.parametrize(
    ("level", "label"),
    [
        ("high", Label("High risk", "back")),
        ("Very high", Label("Very high risk", "back")),
        ("Low", Label("Low risk", "good")),
        ("elevated", Label("Elevated risk", "hold")),
        ("", Label("Risk not known", "idle")),
    ],
)
def test_a_risk_s_tone_follows_its_name(level: str, label: Label) -> None:
    assert release_words.risk_label(level) == label


def test_where_a_release_is_tells_whether_it_goes_on_ended_or_was_turned_back() -> None:
    tones = [
        release_words.release_label(a_summary(phase=phase, is_open=is_open)).tone
        for phase, is_open in (
            ("staging", True),
            ("closed", False),
            ("cancelled", False),
            ("rolled-back", True),
        )
    ]

    assert tones == ["go", "good", "back", "back"]


def test_an_open_item_that_is_overdue_is_late() -> None:
    def item(state: str, *, is_overdue: bool) -> ItemView:
        return ItemView("list", "id", "text", "manual", "", state, is_required=True, is_overdue=is_overdue)

    labels = [
        release_words.item_label(item(state, is_overdue=is_overdue)).text
        for state, is_overdue in (("open", False), ("open", True), ("done", True), ("set-aside", False))
    ]
    assert labels == ["to do", "late", "done", "set aside"]


@pytest.mark.parametrize(
    ("kind", "ref", "place"),
    [
        ("approval", "readiness", "approval-readiness"),
        ("gate", "testing", "gate-testing"),
        ("checklist", "before/backup", "checklist-before"),
        ("condition", "c1", "conditions"),
        ("field", "scope", "about"),
        ("road", "", ""),
    ],
)
def test_what_is_missing_leads_to_where_it_can_be_supplied(kind: str, ref: str, place: str) -> None:
    assert release_words.place_of(MissingView(kind, ref, "text")) == place


@pytest.mark.parametrize(
    ("names", "words"),
    [
        ((), ""),
        (("ada",), "ada"),
        (("ada", "bob"), "ada or bob"),
        (tuple("abcdefgh"), "a, b, c, d, e, f or 2 more"),
    ],
)
def test_people_are_listed_and_many_are_cut_short(names: tuple[str, ...], words: str) -> None:
    assert release_words.people(names) == words


def test_instants_are_told_to_the_minute_in_utc() -> None:
    tokyo = timezone(timedelta(hours=9))

    assert release_words.minute(NOW.astimezone(tokyo)) == "1 Mar 2027, 09:00 UTC"


def test_what_waits_leads_to_the_release_or_the_change_request() -> None:
    on_release = a_waiting("before/backup", 'Before: "Backup" is not done')
    on_change = a_waiting("board", "Change board waits", kind="vote", subject="CR-2027-001")

    assert release_words.waiting_url(on_release) == "/releases/REL-2027-0001#checklist-before"
    assert release_words.waiting_url(on_change) == "/changes/CR-2027-001"


def test_items_of_one_checklist_are_one_thing_that_waits() -> None:
    groups = work_groups(
        [
            a_waiting("before/backup", 'Before: "Backup" is not done', who=("dev",), roles=("devops",)),
            a_waiting("testing", "Testing is not attested", kind="gate", who=("quinn",)),
            a_waiting("before/plan", 'Before: "Plan" is not done', who=("rita",), is_overdue=True),
        ]
    )

    assert [group.text for group in groups] == ["Before: 2\u00a0items", "Testing is not attested"]
    assert groups[0].texts == ('"Backup" is not done', '"Plan" is not done')
    assert (groups[0].who, groups[0].is_overdue, groups[0].count) == (("dev", "rita"), True, 2)
    assert (groups[1].texts, groups[1].is_overdue) == ((), False)


def test_lists_of_two_releases_stay_apart() -> None:
    ones = [
        a_waiting("before/a", 'Before: "A" is not done', subject=subject)
        for subject in ("REL-2027-0001", "REL-2027-0002")
    ]

    assert len(work_groups(ones)) == 2
