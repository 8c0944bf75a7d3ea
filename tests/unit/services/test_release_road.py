"""Making, finding, editing and moving releases."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from sluiceway.domain.changes.model import Change, ChangeFacts, ChangeId, ChangeState
from sluiceway.domain.releases.model import Goal
from sluiceway.errors import (
    ConflictError,
    ForbiddenError,
    InvalidInputError,
    NotFoundError,
    ProcessFileError,
    RuleError,
)
from sluiceway.ports.releases import ChangeRow, ReleaseQuery
from sluiceway.services.release_facts import MAX_ENTRIES, FactsPatch
from tests.unit.services.desk import ADA, Office
from tests.unit.services.road import (
    ROAD,
    Team,
    a_release,
    facts,
)


def put_change(office: Office, *, service: str = "checkout") -> str:
    """Keep a request that is decided already, as nobody's use case made it."""
    with office.store.read() as tx:
        process = tx.current_process(service)
    assert process is not None
    found = Change(
        ChangeId("CR-2026-001"),
        ChangeFacts(title="Bank transfer", requestor="Product", service=service),
        ChangeState.APPROVED,
        "pat",
        office.clock.now(),
        process.content_hash,
    )
    with office.store.begin() as tx:
        tx.insert_change(ChangeRow(found, 1))
    return found.id


# Making


def test_releases_are_numbered_within_the_year_and_begin_in_the_first_phase(team: Team) -> None:
    made = [team.releases.new("checkout", facts(f"1.{n}.0"), team.ann) for n in (1, 2)]

    assert [one.summary.id for one in made] == ["REL-2026-0001", "REL-2026-0002"]
    assert (made[0].summary.phase, made[0].author) == ("draft", "ann")


def test_who_made_it_under_which_process_is_in_the_trail(team: Team) -> None:
    release_id = a_release(team)

    (made,) = team.releases.history(release_id, team.ann)
    process = team.office.services.processes.current("checkout", team.ann)
    assert (made.kind, made.actor) == ("release-made", "ann")
    assert made.why == f"minor 1.1.0 of checkout under checkout {process.content_hash[:12]}"


def test_a_version_is_released_once(team: Team) -> None:
    a_release(team)

    with pytest.raises(ConflictError, match=r"has a release of 1\.1\.0 already \(REL-2026-0001\)"):
        a_release(team)


def test_a_cancelled_release_makes_room_for_another_of_its_version(team: Team) -> None:
    first = a_release(team)
    team.releases.cancel(first, team.ann, reason="other plans")

    assert a_release(team) == "REL-2026-0002"


def test_a_version_that_does_not_fit_the_type_is_refused_and_uses_up_no_number(team: Team) -> None:
    with pytest.raises(RuleError, match=r"1\.1\.1"):
        team.releases.new("checkout", facts("1.1.1"), team.ann)

    assert a_release(team) == "REL-2026-0001"


def test_a_process_that_comes_with_a_release_is_put_in_force_first(office: Office) -> None:
    view = office.services.releases.new(
        "", facts(), ADA, process_text=ROAD, process_path="/srv/checkout/process.yaml"
    )

    assert view.summary.service == "checkout"
    assert [kind for kind, _, _ in office.trail()] == ["process-applied", "release-made"]


def test_a_process_that_comes_with_a_release_needs_the_right_to_apply_it(team: Team) -> None:
    with pytest.raises(ForbiddenError, match="ann may not process for checkout"):
        team.releases.new("checkout", facts(), team.ann, process_text=ROAD, process_path="p.yaml")


def test_a_process_with_problems_makes_no_release(office: Office) -> None:
    with pytest.raises(ProcessFileError, match=r"p\.yaml:1:1: rolls"):
        office.services.releases.new("x", facts(), ADA, process_text="rolls: []\n", process_path="p.yaml")

    assert office.trail() == []


def test_a_service_without_a_process_has_no_releases(office: Office) -> None:
    with pytest.raises(NotFoundError, match=r"'search' has no process in force; `sluice process apply"):
        office.services.releases.new("search", facts(), ADA)


def test_a_change_request_that_does_not_exist_can_not_be_linked_from_the_start(team: Team) -> None:
    with pytest.raises(NotFoundError):
        team.releases.new("checkout", replace(facts(), changes=("CR-2026-009",)), team.ann)


# Hostile and long texts


@pytest.mark.parametrize(
    ("patch", "words"),
    [
        (FactsPatch(title="x" * 201), "the title has 201 characters; use at most 200"),
        (FactsPatch(code_name="a\x1b[2Jb"), "the code name holds a character that can't be seen, the 2."),
        (FactsPatch(manager="mia\u202enna"), "the manager holds a character that can't be seen, the 4."),
        (FactsPatch(goals=(Goal("x" * 2_001),)), "goals, entry 1: text has 2001 characters"),
        (FactsPatch(goals=(Goal("x"),) * (MAX_ENTRIES + 1)), "goals has 501 entries; use at most 500"),
        (FactsPatch(user_impact="\x00"), "the impact on users holds a character that can't be seen"),
    ],
)
def test_what_can_not_be_kept_or_shown_is_refused_by_name(team: Team, patch: FactsPatch, words: str) -> None:
    release_id = a_release(team)

    with pytest.raises(InvalidInputError) as refusal:
        team.releases.edit(release_id, patch, team.ann)

    assert words in str(refusal.value)


def test_markup_is_kept_word_for_word(team: Team) -> None:
    text = "<script>alert(1)</script> {{ config }} $(rm -rf /) %s"

    view = team.releases.edit(a_release(team), FactsPatch(title=text, user_impact=text), team.ann)

    assert (view.facts.title, view.facts.user_impact) == (text, text)


# Finding


def test_a_release_is_found_by_its_id_in_any_case_and_by_its_version(team: Team) -> None:
    release_id = a_release(team)

    for given in (release_id, release_id.lower(), f" {release_id} ", "checkout@1.1.0"):
        assert team.releases.get(given, team.guest).summary.id == release_id


def test_an_unknown_version_is_said_to_be_unknown(team: Team) -> None:
    with pytest.raises(NotFoundError, match=r"checkout has no release of 9\.9\.9"):
        team.releases.get("checkout@9.9.9", team.guest)


def test_a_list_goes_on_after_an_id_and_finds_words(team: Team) -> None:
    ids = [a_release(team, f"1.{n}.0") for n in range(3)]
    team.releases.edit(ids[1], FactsPatch(title="Spring Cleaning"), team.ann)

    page = team.releases.list(ReleaseQuery(), team.guest, limit=1, before=ids[2])
    found = team.releases.list(ReleaseQuery(text="spring"), team.guest)

    assert [one.id for one in (*page, *found)] == [ids[1], ids[1]]
    assert (found[0].missing_count, found[0].waits_for.startswith("Leads")) == (2, True)


def test_a_list_holds_only_what_its_reader_may_see(team: Team) -> None:
    a_release(team)
    stranger = team.office.person("stranger")
    elsewhere = team.office.person("elsewhere", "viewer@search")

    assert [team.releases.list(ReleaseQuery(), one) for one in (stranger, elsewhere)] == [(), ()]
    with pytest.raises(ForbiddenError, match="elsewhere may not read for checkout"):
        team.releases.list(ReleaseQuery(service="checkout"), elsewhere)


def test_a_page_has_a_largest_size(team: Team) -> None:
    with pytest.raises(InvalidInputError, match="limit is 201; use 1 to 200"):
        team.releases.list(ReleaseQuery(), team.guest, limit=201)


def test_a_release_whose_process_can_not_be_read_hides_no_other_one(team: Team) -> None:
    first, second = a_release(team, "1.1.0"), a_release(team, "1.2.0")
    with team.office.store.begin() as tx:
        row = tx.get_release(first)
        broken = replace(row.release, process_hash="00" * 32)
        tx.save_release(row, broken, is_open=True, due_at=None)

    page = team.releases.list(ReleaseQuery(), team.guest)

    assert [one.id for one in page] == [second, first]
    assert page[1].waits_for.startswith("the process it keeps can't be read")


# Editing


def test_an_edit_says_in_the_trail_what_it_changed(team: Team) -> None:
    release_id = a_release(team)

    view = team.releases.edit(release_id, FactsPatch(title="Winter", sponsor="sue"), team.ann)

    assert (view.facts.title, view.facts.sponsor, view.facts.code_name) == ("Winter", "sue", "")
    assert team.releases.history(release_id, team.ann)[0].why == "changed: title, sponsor"


def test_an_edit_that_changes_nothing_leaves_no_trace(team: Team) -> None:
    release_id = a_release(team)
    before = team.releases.get(release_id, team.ann)

    after = team.releases.edit(release_id, FactsPatch(title="Autumn"), team.ann)

    assert after.version == before.version
    assert len(team.releases.history(release_id, team.ann)) == 1


def test_an_edit_of_a_release_that_somebody_changed_since_is_refused(team: Team) -> None:
    release_id = a_release(team)
    seen = team.releases.get(release_id, team.ann).version
    team.releases.edit(release_id, FactsPatch(title="Winter"), team.ann)

    with pytest.raises(ConflictError) as refusal:
        team.releases.edit(release_id, FactsPatch(title="Spring"), team.ann, expected_version=seen)

    assert str(refusal.value) == (
        f"release {release_id} is at version {seen + 1}, not {seen}: somebody changed it since you looked; "
        "look again and decide anew"
    )
    assert team.releases.get(release_id, team.ann).facts.title == "Winter"


def test_only_a_planner_edits(team: Team) -> None:
    with pytest.raises(ForbiddenError, match="tom may not plan for checkout"):
        team.releases.edit(a_release(team), FactsPatch(title="Mine"), team.tom)


def test_another_target_date_can_be_looked_at_first(team: Team) -> None:
    release_id = a_release(team)

    with pytest.raises(InvalidInputError, match="has no timeline for Minor release"):
        team.releases.replan(
            release_id, team.office.clock.now() + timedelta(days=9), team.ann, only_show=True
        )


# Linked change requests


def test_a_link_is_made_and_taken_away(team: Team) -> None:
    release_id, change_id = a_release(team), put_change(team.office)

    linked = team.releases.link_change(release_id, change_id, team.ann)
    unlinked = team.releases.unlink_change(release_id, change_id, team.ann)

    assert [one.title for one in linked.changes] == ["Bank transfer"]
    assert unlinked.changes == ()
    assert [one.kind for one in team.releases.history(release_id, team.ann)][:2] == [
        "change-unlinked",
        "change-linked",
    ]


def test_a_change_request_about_another_service_is_not_linked(team: Team) -> None:
    team.office.put_process("search")
    change_id = put_change(team.office, service="search")

    with pytest.raises(InvalidInputError, match="CR-2026-001 is about search, not about checkout"):
        team.releases.link_change(a_release(team), change_id, team.ann)
