"""What waits for whom over all releases and change requests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from sluiceway.domain.approvals.model import VoteKind
from sluiceway.domain.checklists.model import RunId, RunPhase
from sluiceway.domain.people.model import Principal
from sluiceway.domain.releases.model import ItemState
from sluiceway.domain.rollouts.model import CommandKind
from sluiceway.errors import ForbiddenError
from sluiceway.services.release_facts import FactsPatch
from sluiceway.services.release_views import WaitingView
from tests.unit.services.desk import ADA, Office
from tests.unit.services.road import ROAD, Team, a_ready_release, a_release, a_rolling_release, a_team, facts


@pytest.fixture
def team(office: Office) -> Team:
    return a_team(office)


def mine(team: Team, by: Principal) -> list[tuple[str, str]]:
    return [(one.kind, one.ref) for one in team.releases.my_work(by)]


def one(found: Sequence[WaitingView], kind: str) -> WaitingView:
    (only,) = [each for each in found if each.kind == kind]
    return only


def test_an_approval_waits_for_each_of_those_who_have_not_given_it(team: Team) -> None:
    release_id = a_release(team)

    assert ("approval", "leads") in mine(team, team.tom)
    assert ("approval", "leads") in mine(team, team.quinn)
    team.releases.vote(release_id, "leads", VoteKind.APPROVE, team.tom)

    assert ("approval", "leads") not in mine(team, team.tom)
    assert ("approval", "leads") in mine(team, team.quinn)
    assert ("approval", "leads") not in mine(team, team.ann)  # who wrote it


def test_a_gate_waits_for_who_attests_and_who_may_waive(team: Team) -> None:
    a_release(team)

    assert ("gate", "quality") in mine(team, team.quinn)
    assert ("gate", "quality") in mine(team, team.ann)
    assert ("gate", "quality") not in mine(team, team.tom)


def test_when_nothing_is_missing_it_waits_for_who_moves_it_on(team: Team) -> None:
    release_id = a_ready_release(team)

    found = one(team.releases.my_work(team.ann), "move")

    assert (found.subject, found.subject_title, found.ref) == (release_id, "1.1.0 Autumn", "rolling-out")
    assert found.text == "nothing is missing: it can move on to Rolling out"
    assert found.who == ("ann",)


def test_in_its_rollout_phase_it_waits_for_who_starts_the_rollout(team: Team) -> None:
    release_id = a_ready_release(team)
    team.releases.move(release_id, "rolling-out", team.ann)

    assert one(team.releases.my_work(team.ann), "move").text == ("nothing is missing: its rollout can start")


def test_a_rollout_under_way_waits_for_nobody_until_it_stops(team: Team) -> None:
    _, rollout_id = a_rolling_release(team)
    assert mine(team, team.ann) == []
    team.office.desk.run(rollout_id, until="progressing")

    team.office.service.act(rollout_id, CommandKind.PAUSE, team.ann, reason="wait")

    found = one(team.releases.my_work(team.ann), "rollout")
    assert (found.ref, found.who) == (rollout_id, ("ann",))
    assert "Paused by ann" in found.text


def test_a_release_that_was_taken_back_waits_for_somebody_to_say_how_it_goes_on(team: Team) -> None:
    release_id = a_ready_release(team)
    team.releases.roll_back(release_id, team.ann, reason="customers call")

    assert one(team.releases.waiting(team.guest), "move").text == (
        "Rolled back: take it to Ready or cancel it"
    )


def test_an_approval_that_nothing_waits_for_yet_can_be_given_and_comes_last(office: Office) -> None:
    later = ROAD.replace("{approval: leads}, ", "").replace(
        "needs: [{decision: go-no-go}", "needs: [{approval: leads}, {decision: go-no-go}"
    )
    team = a_team(office, later)
    a_release(team)

    found = team.releases.my_work(team.quinn)

    assert [(each.kind, each.is_ahead) for each in found] == [("gate", False), ("approval", True)]
    assert [each.kind for each in team.releases.waiting(team.quinn)] == ["checklist", "gate"]


def test_items_wait_once_they_are_due_and_overdue_ones_come_first(team: Team) -> None:
    first = a_release(team, "1.1.0")
    second = a_release(team, "1.2.0")
    later = team.office.clock.now() + timedelta(days=30)
    team.releases.edit(second, FactsPatch(target_at=later), team.ann)

    found = [each for each in team.releases.my_work(team.ann) if each.kind == "checklist"]

    assert [(each.subject, each.ref, each.is_overdue) for each in found] == [(first, "before/backup", True)]
    assert team.releases.my_work(team.ann)[0] == found[0]
    team.releases.check(first, "before", "backup", ItemState.DONE, team.ann)
    assert all(each.kind != "checklist" for each in team.releases.my_work(team.ann))


def test_a_condition_waits_for_those_who_check(team: Team) -> None:
    release_id = a_release(team)
    view = team.releases.vote(
        release_id, "leads", VoteKind.APPROVE_IF, team.tom, conditions=("tell support",)
    )

    assert ("condition", view.conditions[0].id) in mine(team, team.quinn)
    team.releases.meet_condition(release_id, view.conditions[0].id, team.ann)
    assert ("condition", view.conditions[0].id) not in mine(team, team.quinn)


def test_a_run_waits_for_the_role_of_its_step(team: Team) -> None:
    release_id = a_release(team)
    run = team.releases.start_run(release_id, "deployment", team.ann, set_aside=("migrate",))
    assert ("run", run.summary.id) not in mine(team, team.quinn)
    with team.office.store.begin() as tx:
        row = tx.get_run(RunId(run.summary.id))
        tx.save_run(row, replace(row.run, phase=RunPhase.WAITING, step=2, why="somebody must do it"), None)

    assert ("run", run.summary.id) in mine(team, team.quinn)
    assert ("run", run.summary.id) not in mine(team, team.ann)


def test_a_closed_release_waits_for_nobody(team: Team) -> None:
    release_id = a_release(team)
    team.releases.cancel(release_id, team.ann, reason="other plans")

    assert (team.releases.my_work(team.ann), team.releases.waiting(team.guest)) == ((), ())


def test_what_waits_can_be_asked_of_one_service_and_only_by_its_readers(team: Team) -> None:
    a_release(team)
    stranger = team.office.person("stranger")

    assert {each.service for each in team.releases.waiting(team.guest, "checkout")} == {"checkout"}
    assert team.releases.waiting(stranger) == ()
    with pytest.raises(ForbiddenError, match="stranger may not read for checkout"):
        team.releases.waiting(stranger, "checkout")


def test_without_accounts_everything_is_everybodys(office: Office) -> None:
    office.services.processes.apply(ROAD, "p.yaml", "", ADA)
    office.services.releases.new("checkout", facts(), ADA)

    assert [each.kind for each in office.services.releases.my_work(ADA)] == ["approval", "gate"]


def test_the_most_urgent_are_kept_when_there_is_a_limit(team: Team) -> None:
    a_release(team)

    found = team.releases.my_work(team.ann, limit=1)

    assert [(each.kind, each.is_overdue) for each in found] == [("checklist", True)]
