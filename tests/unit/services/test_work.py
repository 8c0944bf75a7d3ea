"""What waits for whom over all releases and change requests."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from sluiceway.domain.approvals.model import VoteKind
from sluiceway.domain.checklists.model import RunId, RunPhase
from sluiceway.domain.people.model import Principal
from sluiceway.domain.releases.model import ItemState
from sluiceway.domain.rollouts.model import CommandKind
from sluiceway.errors import ForbiddenError
from sluiceway.services import waiting, waits_kept
from sluiceway.services.release_facts import FactsPatch
from sluiceway.services.release_render_runs import RunAct
from sluiceway.services.release_scene import Scene
from sluiceway.services.release_views import WaitingView
from tests.unit.services.desk import ADA, Office
from tests.unit.services.road import ROAD, Team, a_ready_release, a_release, a_rolling_release, a_team, facts


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


def test_a_runbook_that_was_started_is_listed_as_its_run_alone(office: Office) -> None:
    team = a_team(office, ROAD.replace("{gate: quality}]", "{gate: quality}, {runbook: deployment}]"))
    release_id = a_release(team)
    assert ("runbook", "deployment") in mine(team, team.ann)

    run = team.releases.start_run(release_id, "deployment", team.ann)
    assert {kind for kind, _ in mine(team, team.ann)} == {"checklist", "gate"}  # it waits for no person
    with team.office.store.begin() as tx:
        row = tx.get_run(RunId(run.summary.id))
        tx.save_run(row, replace(row.run, phase=RunPhase.WAITING, step=1, why="does it apply?"), None)
    assert [each for each in mine(team, team.ann) if "run" in each[0]] == [("run", run.summary.id)]

    team.releases.act_on_run(run.summary.id, RunAct.STOP, team.ann, note="another day")
    with team.office.store.begin() as tx:
        row = tx.get_run(RunId(run.summary.id))
        tx.save_run(row, replace(row.run, phase=RunPhase.STOPPED), None)
    assert [each for each in mine(team, team.ann) if "run" in each[0]] == [("runbook", "deployment")]


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


# What is kept


def test_what_waits_is_worked_out_once_while_nothing_changes(
    team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = [a_release(team, f"1.{n}.0") for n in (1, 2)]
    asked: list[str] = []
    real = waiting.of_release

    def counted(scene: Scene) -> Iterator[WaitingView]:
        asked.append(scene.release.id)
        return real(scene)

    monkeypatch.setattr(waits_kept, "of_release", counted)
    first = team.releases.my_work(team.quinn)
    again = team.releases.my_work(team.quinn)
    team.releases.waiting(team.guest)
    assert sorted(asked) == ids
    assert again == first

    team.releases.vote(ids[0], "leads", VoteKind.APPROVE, team.quinn)
    team.releases.my_work(team.quinn)

    assert asked[2:] == [ids[0]]


def test_what_comes_due_is_seen_half_a_minute_later_at_the_latest(team: Team) -> None:
    release_id = a_release(team)
    soon = team.office.clock.now() + timedelta(days=1, seconds=1)
    team.releases.edit(release_id, FactsPatch(target_at=soon), team.ann)
    assert ("checklist", "before/backup") not in mine(team, team.ann)

    team.office.clock.advance(waits_kept.KEPT_S)

    assert ("checklist", "before/backup") in mine(team, team.ann)


def test_a_role_that_is_granted_or_taken_away_counts_at_once(team: Team) -> None:
    a_release(team)
    accounts, rosa = team.office.services.accounts, team.office.log_in("rosa")
    assert mine(team, team.guest) == []

    accounts.grant("guest", "qa-lead", "checkout", rosa)
    assert ("gate", "quality") in mine(team, team.guest)

    accounts.revoke("guest", "qa-lead", "checkout", rosa)
    assert mine(team, team.guest) == []


def test_a_rollout_that_stops_is_seen_at_once(team: Team) -> None:
    _, rollout_id = a_rolling_release(team)
    team.office.desk.run(rollout_id, until="progressing")
    assert mine(team, team.ann) == []

    team.office.service.act(rollout_id, CommandKind.PAUSE, team.ann, reason="wait")

    assert mine(team, team.ann) == [("rollout", rollout_id)]


def test_a_release_whose_process_can_not_be_read_is_left_out(
    team: Team, capsys: pytest.CaptureFixture[str]
) -> None:
    release_id, other = a_release(team, "1.1.0"), a_release(team, "1.2.0")
    with team.office.store.begin() as tx:
        row = tx.get_release(release_id)
        tx.save_release(row, replace(row.release, process_hash="00" * 32), is_open=True, due_at=None)

    assert {one.subject for one in team.releases.waiting(team.guest)} == {other}
    assert "a release is left out" in capsys.readouterr().out
