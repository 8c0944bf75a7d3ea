"""Moves of releases, their rollouts and the process they keep, on a real store."""

from __future__ import annotations

import pytest

from sluiceway.domain.releases.model import Facts
from sluiceway.domain.rollouts.model import CommandKind
from sluiceway.errors import (
    ForbiddenError,
    IllegalMoveError,
    InvalidInputError,
    NotReadyError,
    RuleError,
)
from sluiceway.services.release_facts import FactsPatch
from tests.unit.services.desk import ADA, Office
from tests.unit.services.road import (
    ROAD,
    Team,
    a_ready_release,
    a_release,
    a_rolling_release,
    a_team,
)

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
    rosa = team.office.log_in("rosa")
    newer = ROAD.replace("title: Ready\n", "title: Settled\n")
    team.office.services.processes.apply(newer, "/srv/checkout/process.yaml", "", rosa)

    kept = team.releases.get(release_id, team.ann)
    moved = team.releases.upgrade_process(release_id, team.ann)

    assert (kept.is_newest_process, kept.phases[1].title) == (False, "Ready")
    assert (moved.is_newest_process, moved.phases[1].title) == (True, "Settled")
    assert team.releases.history(release_id, team.ann)[0].why == (
        f"from process {kept.process_hash[:12]} to {moved.process_hash[:12]}"
    )


def test_the_versions_of_a_process_are_told_newest_first(team: Team) -> None:
    processes, rosa = team.office.services.processes, team.office.log_in("rosa")
    newer = ROAD.replace("title: Ready\n", "title: Settled\n")
    processes.apply(newer, "/srv/checkout/process.yaml", "", rosa)
    processes.apply(newer, "/srv/checkout/process.yaml", "", rosa)  # in force already: nothing happens

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
