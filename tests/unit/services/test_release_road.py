"""Making, finding, editing and moving releases."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from sluiceway.domain.changes.model import Change, ChangeFacts, ChangeId, ChangeState
from sluiceway.domain.releases.model import Facts, Goal
from sluiceway.domain.rollouts.model import CommandKind
from sluiceway.errors import (
    ConflictError,
    ForbiddenError,
    IllegalMoveError,
    InvalidInputError,
    NotFoundError,
    NotReadyError,
    ProcessFileError,
    RuleError,
)
from sluiceway.ports.releases import ChangeRow, ReleaseQuery
from sluiceway.services.release_facts import MAX_ENTRIES, FactsPatch
from tests.unit.services.desk import ADA, Office
from tests.unit.services.road import (
    ROAD,
    Team,
    a_ready_release,
    a_release,
    a_rolling_release,
    a_team,
    facts,
)


@pytest.fixture
def team(office: Office) -> Team:
    return a_team(office)


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


# Moving


def test_a_move_that_lacks_something_lists_all_of_it_and_who_can_supply_it(team: Team) -> None:
    release_id = a_release(team)

    with pytest.raises(NotReadyError) as refusal:
        team.releases.move(release_id, "ready", team.ann)

    approval, gate = refusal.value.missing
    assert approval == "Leads waits for 1 of Tech Lead (tom) and 1 of QA Lead (quinn)"
    assert "Quality" in gate
    assert gate.endswith("(can be supplied by quinn, ann)")


def test_a_move_is_recorded_with_its_reason(team: Team) -> None:
    release_id = a_ready_release(team)

    view = team.releases.move(release_id, "draft", team.ann, reason="forgot something")

    assert view.summary.phase == "draft"
    moved = team.releases.history(release_id, team.ann)[0]
    assert (moved.kind, moved.why) == ("release-moved", "from ready to draft: forgot something")


def test_a_way_back_without_a_reason_is_refused(team: Team) -> None:
    with pytest.raises(InvalidInputError, match="say why"):
        team.releases.move(a_ready_release(team), "draft", team.ann)


def test_a_phase_that_the_road_does_not_lead_to_is_refused(team: Team) -> None:
    with pytest.raises(IllegalMoveError, match="which leads to: ready"):
        team.releases.move(a_release(team), "monitoring", team.ann)


def test_a_move_by_somebody_without_the_right_is_refused_before_anything_is_looked_at(team: Team) -> None:
    with pytest.raises(ForbiddenError, match="quinn may not move for checkout"):
        team.releases.move(a_release(team), "nowhere", team.quinn)


def test_a_cancelled_release_offers_no_more_acts(team: Team) -> None:
    release_id = a_release(team)

    view = team.releases.cancel(release_id, team.ann, reason="other plans")

    assert (view.summary.phase, view.summary.is_open, view.may) == ("cancelled", False, ())
    with pytest.raises(RuleError, match="can't be changed any more"):
        team.releases.edit(release_id, FactsPatch(title="Again"), team.ann)


# Rollouts


def test_a_rollout_outside_its_phase_is_refused_and_none_begins(team: Team) -> None:
    release_id = a_ready_release(team)

    with pytest.raises(NotReadyError, match="it rolls out in rolling-out"):
        team.releases.start_rollout(release_id, team.ann, stable="1.0.0")

    assert team.office.service.list(team.ann) == ()


def test_a_rollout_of_a_release_is_that_of_its_type_and_owned_by_it(team: Team) -> None:
    release_id, rollout_id = a_rolling_release(team)

    rollout = team.office.service.get(rollout_id, team.ann)
    assert (rollout.summary.stable, rollout.summary.new) == ("1.0.0", "1.1.0")
    assert [stage.id for stage in rollout.stages] == ["few", "all"]
    with team.office.store.read() as tx:
        owner = tx.release_of_rollout(rollout_id)
    assert owner is not None
    assert owner.release.id == release_id


def test_there_is_one_rollout_at_a_time(team: Team) -> None:
    release_id, rollout_id = a_rolling_release(team)

    with pytest.raises(NotReadyError, match=rollout_id):
        team.releases.start_rollout(release_id, team.ann)


def test_taking_a_release_back_takes_its_rollout_back(team: Team) -> None:
    release_id, rollout_id = a_rolling_release(team)
    team.office.desk.run(rollout_id, until="progressing")

    view = team.releases.roll_back(release_id, team.ann, reason="customers call")
    team.office.desk.run(rollout_id, until="rolled-back")

    assert view.summary.phase == "rolled-back"
    asked = next(
        one for one in team.office.service.history(rollout_id, team.ann) if one.kind == "asked-rollback"
    )
    assert (asked.actor, asked.why) == ("ann", f"with release {release_id}: customers call")


def test_a_rollout_of_a_release_is_tried_again_by_the_release_alone(team: Team) -> None:
    release_id, rollout_id = a_rolling_release(team)
    team.office.desk.run(rollout_id, until="progressing")
    team.releases.roll_back(release_id, team.ann, reason="customers call")
    team.office.desk.run(rollout_id, until="rolled-back")

    with pytest.raises(IllegalMoveError, match=f"this rollout belongs to release {release_id}"):
        team.office.service.act(rollout_id, CommandKind.RETRY, team.ann)

    assert len(team.office.service.list(team.ann)) == 1


def test_a_process_that_does_not_say_how_the_service_runs_rolls_nothing_out(office: Office) -> None:
    text = ROAD.replace("ingress: {name", "#ingress: {name")
    team = a_team(office, text)
    release_id = a_ready_release(team)
    team.releases.move(release_id, "rolling-out", team.ann)

    with pytest.raises(InvalidInputError, match="has no ingress: put a process in force that says how"):
        team.releases.start_rollout(release_id, team.ann, stable="1.0.0")


# Processes


def test_a_release_keeps_its_process_until_it_is_moved_to_the_newer_one(team: Team) -> None:
    release_id = a_release(team)
    root = team.office.log_in("root")
    newer = ROAD.replace("title: Ready\n", "title: Settled\n")
    team.office.services.processes.apply(newer, "/srv/checkout/process.yaml", "", root)

    kept = team.releases.get(release_id, team.ann)
    moved = team.releases.upgrade_process(release_id, team.ann)

    assert (kept.is_newest_process, kept.phases[1].title) == (False, "Ready")
    assert (moved.is_newest_process, moved.phases[1].title) == (True, "Settled")
    assert team.releases.history(release_id, team.ann)[0].why == (
        f"from process {kept.process_hash[:12]} to {moved.process_hash[:12]}"
    )


def test_the_versions_of_a_process_are_told_newest_first(team: Team) -> None:
    processes, root = team.office.services.processes, team.office.log_in("root")
    newer = ROAD.replace("title: Ready\n", "title: Settled\n")
    processes.apply(newer, "/srv/checkout/process.yaml", "", root)
    processes.apply(newer, "/srv/checkout/process.yaml", "", root)  # in force already: nothing happens

    found = processes.versions("checkout", team.guest)

    assert [one.is_in_force for one in found] == [True, False]
    assert "title: Ready" in processes.text("checkout", found[1].content_hash, team.guest).text
    assert "title: Settled" in processes.text("checkout", "", team.guest).text


def test_a_process_for_another_service_than_it_describes_is_refused(office: Office) -> None:
    with pytest.raises(InvalidInputError, match="describes the service checkout, not search"):
        office.services.processes.apply(ROAD, "p.yaml", "search", ADA)


def test_a_process_that_says_nothing_about_releases_is_refused(office: Office) -> None:
    with pytest.raises(InvalidInputError, match="says nothing about releases"):
        office.services.processes.apply("name: bare\n", "p.yaml", "search", ADA)


def test_facts_of_a_release_are_trimmed(office: Office) -> None:
    a_team(office)

    view = office.services.releases.new(
        " checkout ", Facts(version=" 1.1.0 ", type="minor", title="  Autumn "), office.log_in("ann")
    )

    assert (view.facts.version, view.facts.title, view.summary.service) == ("1.1.0", "Autumn", "checkout")
