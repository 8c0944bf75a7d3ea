"""Runs of runbooks as people start and steer them, and checklist items that are answered on demand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from sluiceway.domain.checklists.model import Outcome, RunId
from sluiceway.domain.releases.model import ItemState
from sluiceway.engine.items import Items
from sluiceway.engine.runs import Runs
from sluiceway.errors import (
    ConflictError,
    ForbiddenError,
    IllegalMoveError,
    InvalidInputError,
    NotFoundError,
    RuleError,
)
from sluiceway.ports.releases import RunRow
from sluiceway.services.flag_staleness import stale_lines
from sluiceway.services.processes import process_of, team_of
from sluiceway.services.release_render_runs import RunAct
from sluiceway.services.release_scene import Scenes
from sluiceway.services.release_views import ItemView, RunView
from sluiceway.testing.fake_execution import FakeExecution
from tests.unit.services.desk import no_holidays, open_office
from tests.unit.services.road import Team, a_release, a_team


@dataclass
class Site:
    """A release, and the engine that carries its runs out when told to."""

    team: Team
    release: str
    execution: FakeExecution

    def __post_init__(self) -> None:
        store, clock = self.team.office.store, self.team.office.clock
        self.engine = Runs(store, clock, self.execution)
        self.items = Items(
            store,
            clock,
            lambda tx, one: team_of(process_of(tx, one.service, one.process_hash)),
            stale_lines,
        )

    def carry_on(self, run_id: str) -> RunView:
        """Carry steps out until the run is over or waits for a person."""
        for number in range(20):
            self.engine.tick()
            self.engine.carry_out(RunId(run_id), f"key-{number}-{run_id}")
            found = self.team.releases.run(run_id, self.team.guest)
            if found.summary.is_over or found.summary.is_waiting:
                return found
        raise AssertionError(f"{run_id} went on for ever")

    def start(self, **more: tuple[str, ...]) -> str:
        return self.team.releases.start_run(self.release, "deployment", self.team.ann, **more).summary.id

    def item(self, item_id: str) -> ItemView:
        view = self.team.releases.get(self.release, self.team.guest)
        return next(one for one in view.checklists[0].items if one.id == item_id)

    def kinds(self) -> list[str]:
        entries = self.team.releases.history(self.release, self.team.ann)
        return [one.kind for one in reversed(entries)]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with open_office(tmp_path) as office:
        team = a_team(office)
        yield Site(team, a_release(team), FakeExecution())


def test_a_run_goes_on_by_itself_until_it_needs_a_person(site: Site) -> None:
    run_id = site.start()

    found = site.carry_on(run_id)

    assert [one.argv for one in site.execution.commands] == [("./check.sh",)]
    assert (found.summary.phase, found.summary.step, found.summary.done) == ("waiting", "migrate", 1)
    assert found.acts == ("done", "failed", "go-on", "set-aside", "stop", "take-back")
    assert found.summary.waits_for == "release-manager"


def test_a_run_belongs_to_its_release_and_runs_beside_its_process_file(site: Site) -> None:
    run_id = site.start()
    site.carry_on(run_id)

    view = site.team.releases.get(site.release, site.team.guest)
    assert (view.runs, [one.id for one in view.run_list]) == ((run_id,), [run_id])
    assert [one.id for one in site.team.releases.runs(site.release, site.team.guest)] == [run_id]
    assert site.execution.commands[0].cwd == "/srv/checkout"


def test_a_condition_can_be_decided_ahead(site: Site) -> None:
    aside, applies = site.start(set_aside=("migrate",)), site.start(applies=("migrate",))

    assert site.carry_on(aside).summary.step == "announce"
    assert site.carry_on(applies).summary.step == "announce"
    assert [one.argv[0] for one in site.execution.commands].count("./migrate.sh") == 1
    with pytest.raises(InvalidInputError, match="steps that have one: migrate"):
        site.start(applies=("check",))


def test_people_take_a_run_to_its_end_each_in_their_role(site: Site) -> None:
    run_id = site.start()
    site.carry_on(run_id)
    site.team.releases.act_on_run(run_id, RunAct.SET_ASIDE, site.team.ann, note="no schema change")

    with pytest.raises(RuleError, match="waits for qa-lead, and ann is not that"):
        site.team.releases.act_on_run(run_id, RunAct.DONE, site.team.ann)
    found = site.team.releases.act_on_run(
        run_id, RunAct.DONE, site.team.quinn, note="posted", step="announce"
    )

    assert (found.summary.phase, found.summary.sentence) == ("done", "3 of 3 steps done; all is done")
    assert [step.attempts[-1].by for step in found.steps] == ["", "ann", "quinn"]
    assert site.kinds() == [
        *("release-made", "runbook-started", "step-done", "run-waiting"),
        *("run-asked-set-aside", "run-asked-done", "run-done"),
    ]


def test_a_word_about_a_step_that_is_over_is_refused(site: Site) -> None:
    run_id = site.start(set_aside=("migrate",))
    site.carry_on(run_id)

    with pytest.raises(ConflictError, match='is at "announce" now, not at "check"; look again'):
        site.team.releases.act_on_run(run_id, RunAct.DONE, site.team.quinn, step="check")


def test_a_step_that_failed_by_somebodys_word_is_taken_back(site: Site) -> None:
    run_id = site.start(set_aside=("migrate",))
    site.carry_on(run_id)

    site.team.releases.act_on_run(run_id, RunAct.FAILED, site.team.quinn, note="nobody reads that list")
    found = site.carry_on(run_id)

    assert [one.argv[0] for one in site.execution.commands] == ["./check.sh", "./uncheck.sh"]
    assert found.summary.phase == "failed"
    assert '"Announce" failed, quinn says: nobody reads that list' in found.summary.sentence


def test_anybody_who_may_check_stops_a_run(site: Site) -> None:
    run_id = site.start(set_aside=("migrate",))
    site.carry_on(run_id)

    found = site.team.releases.act_on_run(run_id, RunAct.STOP, site.team.tom, note="wrong day")

    assert (found.summary.phase, found.acts) == ("stopped", ())
    with pytest.raises(IllegalMoveError, match="there is nothing to stop"):
        site.team.releases.act_on_run(run_id, RunAct.STOP, site.team.tom)


def test_a_stopped_run_can_take_back_what_it_did(site: Site) -> None:
    run_id = site.start(set_aside=("migrate",))
    site.carry_on(run_id)

    site.team.releases.act_on_run(run_id, RunAct.TAKE_BACK, site.team.tom, note="wrong day")
    found = site.carry_on(run_id)

    assert (found.summary.phase, found.steps[0].state) == ("stopped", "taken-back")


def test_a_step_that_was_cut_off_is_looked_at_and_tried_again(site: Site) -> None:
    site.execution.outcomes["./check.sh"] = [Outcome(None, "it was cut off"), Outcome(True, "exit code 0")]
    run_id = site.start(set_aside=("migrate",))
    assert site.carry_on(run_id).steps[0].state == "unknown"

    site.team.releases.act_on_run(run_id, RunAct.GO_ON, site.team.ann, note="it did nothing")

    assert [one.ok for one in site.carry_on(run_id).steps[0].attempts] == [None, True]


def test_a_runbook_is_started_by_its_role(site: Site) -> None:
    with pytest.raises(RuleError, match='the runbook "Deployment" is up to release-manager, and tom is not'):
        site.team.releases.start_run(site.release, "deployment", site.team.tom)
    with pytest.raises(ForbiddenError, match="guest may not check"):
        site.team.releases.start_run(site.release, "deployment", site.team.guest)
    with pytest.raises(NotFoundError, match='has no runbook "cleanup"; it has: deployment'):
        site.team.releases.start_run(site.release, "cleanup", site.team.ann)


def test_a_refused_run_leaves_nothing_behind(site: Site) -> None:
    site.team.releases.cancel(site.release, site.team.ann, reason="other plans")

    with pytest.raises(RuleError, match="can't be changed any more"):
        site.start()

    assert site.team.releases.runs(site.release, site.team.guest) == ()


# Items


def test_an_item_is_answered_now_before_it_is_due_and_again(site: Site) -> None:
    site.execution.outcomes["./smoke.sh"] = [
        Outcome(False, "exit code 1", "no\n"),
        Outcome(True, "exit code 0"),
    ]

    site.team.releases.run_item(site.release, "before", "smoke", site.team.ann)
    assert site.item("smoke").is_running
    first = site.team.releases.runs(site.release, site.team.guest)[0]
    site.carry_on(first.id)
    failed = site.item("smoke")
    site.team.releases.run_item(site.release, "before", "smoke", site.team.ann)
    site.carry_on(site.team.releases.runs(site.release, site.team.guest)[0].id)

    assert (first.item, failed.state, failed.output) == ("before/smoke", "failed", "no\n")
    assert (site.item("smoke").state, site.item("smoke").is_running) == ("done", False)
    assert site.kinds().count("item-run") == 2


def test_a_runbooks_run_counts_however_many_items_were_answered_since(site: Site) -> None:
    run_id = site.start()
    store = site.team.office.store
    with store.begin() as tx:
        first = tx.get_run(RunId(run_id))
        for number in range(60):
            answer = replace(first.run, id=RunId(f"item-{number}"), item="before/smoke")
            tx.insert_run(RunRow(answer, 0, None))

    view = site.team.releases.get(site.release, site.team.guest)

    assert [one.id for one in view.run_list] == [run_id]
    with store.read() as tx:
        row = tx.get_release(site.release)
        scenes = Scenes(tx, site.team.office.clock.now(), no_holidays)
        one_by_one = scenes.in_a_list(row)
        scenes.prepare([row])
        prepared = scenes.in_a_list(row)
    assert [list(scene.world.runs) for scene in (one_by_one, prepared)] == [[run_id], [run_id]]


def test_an_item_that_is_being_answered_is_not_run_a_second_time(site: Site) -> None:
    site.team.releases.run_item(site.release, "before", "smoke", site.team.ann)

    with pytest.raises(RuleError, match='"Smoke tests" is being answered already, by run'):
        site.team.releases.run_item(site.release, "before", "smoke", site.team.ann)
    site.team.office.clock.advance(12 * 3_600)
    site.items.look()  # it is due now, and runs already

    assert len(site.team.releases.runs(site.release, site.team.guest)) == 1


def test_a_metric_is_answered_at_once(site: Site) -> None:
    view = site.team.releases.run_item(site.release, "before", "errors", site.team.ann)

    item = next(one for one in view.checklists[0].items if one.id == "errors")
    assert item.state == "failed"
    assert item.note.startswith("no data: no rollout of the release has figures of now")


def test_what_people_do_is_not_run(site: Site) -> None:
    with pytest.raises(RuleError, match="is done by people; say that it is done instead"):
        site.team.releases.run_item(site.release, "before", "backup", site.team.ann)
    with pytest.raises(RuleError, match="is up to release-manager, and tom is not that"):
        site.team.releases.run_item(site.release, "before", "smoke", site.team.tom)


def test_stopping_the_run_of_an_item_answers_it_with_no(site: Site) -> None:
    site.team.releases.run_item(site.release, "before", "smoke", site.team.ann)
    run_id = site.team.releases.runs(site.release, site.team.guest)[0].id

    site.team.releases.act_on_run(run_id, RunAct.STOP, site.team.ann, note="not now")

    item = site.item("smoke")
    assert (item.state, item.by) == (ItemState.FAILED, "ann")
