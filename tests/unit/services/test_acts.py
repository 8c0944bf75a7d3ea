"""People's acts: put before the reconciler, answered with what became of them."""

from __future__ import annotations

import pytest

from sluiceway.domain.people.model import open_principal
from sluiceway.domain.process.plan import Action
from sluiceway.domain.rollouts.model import CommandKind
from sluiceway.errors import ConflictError, IllegalMoveError, InvalidInputError, NotFoundError
from sluiceway.services.rollouts import RolloutService
from tests.unit.domain.rollouts.world import a_plan
from tests.unit.services.desk import ADA, BOB, Office


def progressing(office: Office) -> str:
    rollout_id = office.put_rollout()
    office.desk.run(rollout_id, until="progressing")
    return rollout_id


def test_a_pause_is_taken_up_before_the_answer(office: Office) -> None:
    rollout_id = progressing(office)

    view = office.service.act(rollout_id, CommandKind.PAUSE, ADA, reason="looking into it")

    assert view.summary.phase == "paused"
    assert view.decisions[0].by == "ada"
    assert "looking into it" in view.decisions[0].why
    assert view.problems == ()


def test_a_refused_act_is_an_illegal_move_with_the_reason(office: Office) -> None:
    rollout_id = progressing(office)

    with pytest.raises(IllegalMoveError, match="resume: not possible while progressing; possible now: "):
        office.service.act(rollout_id, CommandKind.RESUME, ADA)


def test_an_act_is_in_the_history_even_when_it_was_refused(office: Office) -> None:
    rollout_id = progressing(office)
    with pytest.raises(IllegalMoveError):
        office.service.act(rollout_id, CommandKind.RESUME, ADA, reason="go on")

    asked = [entry for entry in office.service.history(rollout_id, ADA) if entry.kind == "asked-resume"]

    assert [(entry.actor, entry.why) for entry in asked] == [("ada", "resume: go on")]


def test_an_act_on_a_version_somebody_changed_is_a_conflict(office: Office) -> None:
    rollout_id = progressing(office)
    seen = office.service.get(rollout_id, ADA).version
    office.service.act(rollout_id, CommandKind.PAUSE, ADA, expected_version=seen)

    with pytest.raises(ConflictError, match=f"not {seen}"):
        office.service.act(rollout_id, CommandKind.ABORT, BOB, expected_version=seen)

    assert office.service.get(rollout_id, ADA).summary.phase == "paused"


def test_without_a_reconciler_the_act_is_recorded_and_said_to_wait(office: Office) -> None:
    rollout_id = progressing(office)
    office.desk.is_running = False

    view = office.service.act(rollout_id, CommandKind.PAUSE, ADA)

    assert view.summary.phase == "progressing"
    assert "recorded and will be taken up" in view.problems[0]
    office.desk.tick()
    assert office.service.get(rollout_id, ADA).summary.phase == "paused"


def test_waiting_for_a_reconciler_that_says_nothing_ends_after_the_set_time(office: Office) -> None:
    rollout_id = progressing(office)
    patient = RolloutService(office.store, office.clock, _Deaf(), take_up_s=5.0)
    before_s = office.clock.monotonic_s()

    view = patient.act(rollout_id, CommandKind.PAUSE, ADA)

    assert "recorded" in view.problems[0]
    assert 5.0 <= office.clock.monotonic_s() - before_s < 5.2


def test_the_way_of_a_rollback_reaches_the_reconciler(office: Office) -> None:
    rollout_id = progressing(office)
    office.service.act(rollout_id, CommandKind.SKIP, ADA)
    office.desk.run(rollout_id, until="progressing")

    view = office.service.act(rollout_id, CommandKind.ROLLBACK, ADA, action=Action.GRADUAL)

    assert view.summary.phase == "rolling-back"
    assert view.weight_asked_percent == 5.0


def test_an_approval_goes_to_its_subject(office: Office) -> None:
    rollout_id = office.put_rollout(a_plan(approvals=(1,)))
    office.desk.run(rollout_id, until="awaiting-approval")

    view = office.service.act(rollout_id, CommandKind.APPROVE, ADA, subject="s1")

    assert view.summary.stage == "s1"


def test_an_act_on_a_finished_rollout_says_so(office: Office) -> None:
    rollout_id = office.put_rollout()
    office.desk.run(rollout_id, until="promoted")

    with pytest.raises(IllegalMoveError, match="pause: this rollout is finished"):
        office.service.act(rollout_id, CommandKind.PAUSE, ADA)


def test_retry_of_a_failed_rollout_starts_a_new_one_with_the_same_versions(office: Office) -> None:
    rollout_id = progressing(office)
    office.service.act(rollout_id, CommandKind.ABORT, ADA)
    office.desk.run(rollout_id, until="aborted")

    view = office.service.act(rollout_id, CommandKind.RETRY, BOB, reason="the fix is in")

    assert view.summary.id != rollout_id
    assert (view.summary.stable, view.summary.new, view.summary.phase) == ("1.0", "2.0", "preparing")
    assert view.summary.created_by == "bob"
    assert f"again, after {rollout_id}: the fix is in" in view.decisions[0].why


def test_a_failed_rollout_offers_a_retry_and_nothing_else(office: Office) -> None:
    rollout_id = progressing(office)
    office.service.act(rollout_id, CommandKind.ABORT, ADA)
    office.desk.run(rollout_id, until="aborted")

    assert office.service.get(rollout_id, ADA).actions == ("retry",)


def test_an_edit_needs_a_process_file(office: Office) -> None:
    with pytest.raises(InvalidInputError, match="process file"):
        office.service.act(progressing(office), CommandKind.EDIT, ADA)


def test_an_act_on_an_unknown_rollout_is_not_found(office: Office) -> None:
    with pytest.raises(NotFoundError):
        office.service.act("0198c0de-0000-7000-8000-000000000000", CommandKind.PAUSE, ADA)


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "x" * 101])
def test_an_actor_without_a_usable_name_is_refused(office: Office, name: str) -> None:
    with pytest.raises(InvalidInputError, match="actor is"):
        office.service.act(progressing(office), CommandKind.PAUSE, open_principal(name))


class _Deaf:
    """A reconciler that runs and never gets to anything."""

    is_running = True

    def latest(self, rollout_id: str) -> None:
        return None

    def nudge(self) -> None:
        pass
