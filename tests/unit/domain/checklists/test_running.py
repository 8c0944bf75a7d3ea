"""How a run of a runbook goes on."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluiceway.domain.checklists import running
from sluiceway.domain.checklists.model import Outcome, Run, RunPhase
from sluiceway.domain.process.lists import Step
from sluiceway.errors import IllegalMoveError, InvalidInputError
from sluiceway.testing.builders import T0, at
from tests.unit.domain.checklists.runs import (
    BACKUP,
    BROKEN,
    CUT_OFF,
    DEPLOY,
    DONE,
    MIGRATE,
    PROBE,
    TELL,
    a_run,
    commands,
    tried,
)


def test_steps_are_carried_out_in_order_to_the_end() -> None:
    run = tried(a_run(BACKUP, MIGRATE, DEPLOY), DONE, DONE, DONE)

    assert commands(run) == ["backup", "migrate", "deploy"]
    assert (run.phase, run.ended_at) == (RunPhase.DONE, at(2_001))


def test_a_runbook_without_steps_is_done_at_once() -> None:
    assert a_run().phase is RunPhase.DONE


def test_while_a_step_is_under_way_nothing_else_is_wanted() -> None:
    begun = running.take(a_run(BACKUP, DEPLOY), "k", T0)

    assert begun is not None
    assert running.take(begun, "k2", at(1e6)) is None


def test_a_failed_try_is_followed_by_another_after_the_wait() -> None:
    step = replace(MIGRATE, attempts=2)
    run = tried(a_run(step), BROKEN)

    assert (run.phase, run.next_at) == (RunPhase.RUNNING, at(11))
    assert running.wanted(run, at(10.999)) is None
    assert running.wanted(run, at(11)) is step


def test_a_step_that_failed_for_good_takes_back_what_was_done_last_first() -> None:
    check = replace(DEPLOY, id="check")
    run = tried(a_run(BACKUP, check, MIGRATE, replace(DEPLOY, attempts=2)), *[DONE] * 3, BROKEN, BROKEN)
    assert (run.phase, running.current(run)) == (RunPhase.UNDOING, MIGRATE)

    over = tried(run, DONE, DONE)
    assert commands(over)[-2:] == ["-migrate", "-backup"]
    assert (over.phase, over.why) == (RunPhase.FAILED, '"Deployment" failed 2 times: exit code 1')


def test_a_failed_step_itself_is_not_undone() -> None:
    run = tried(a_run(MIGRATE), BROKEN)
    assert (run.phase, commands(run)) == (RunPhase.FAILED, ["migrate"])


def test_an_undo_that_fails_is_tried_as_often_as_its_step_and_then_waits_for_a_person() -> None:
    run = tried(a_run(replace(MIGRATE, attempts=2), DEPLOY), DONE, BROKEN, BROKEN)
    assert (run.phase, run.ended_at) == (RunPhase.UNDOING, None)

    stuck = tried(run, BROKEN, at_s=1e4)
    assert (stuck.phase, stuck.ended_at) == (RunPhase.STUCK, None)
    assert running.wanted(stuck, at(1e6)) is None


def stuck_run() -> Run:
    return tried(a_run(BACKUP, MIGRATE, DEPLOY), DONE, DONE, BROKEN, BROKEN)


def test_a_stuck_run_goes_on_taking_back_once_a_person_did_the_step_by_hand() -> None:
    run = running.settle(stuck_run(), by="ada", ok=True, note="dropped the column", now=at(1e5))
    over = tried(run, DONE)

    assert commands(over)[-3:] == ["-migrate", "-migrate", "-backup"]
    assert over.phase is RunPhase.FAILED


def test_a_stuck_run_tries_again_when_told_to() -> None:
    again = tried(running.go_on(stuck_run(), now=at(1e5)), DONE, DONE, at_s=2e5)
    assert (again.phase, commands(again)[-1]) == (RunPhase.FAILED, "-backup")


def test_a_stuck_run_can_leave_a_step_as_it_is() -> None:
    run = running.set_aside(stuck_run(), by="ada", reason="harmless", now=at(1e5))
    assert (run.phase, running.current(run)) == (RunPhase.UNDOING, BACKUP)


def test_nobody_can_say_that_a_stuck_step_failed_once_more() -> None:
    with pytest.raises(IllegalMoveError, match="take it back by hand and say so"):
        running.settle(stuck_run(), by="ada", ok=False, note="", now=at(1e5))


def test_a_command_that_was_cut_off_waits_for_a_person_when_it_may_run_only_once() -> None:
    run = tried(a_run(BACKUP, DEPLOY), DONE, CUT_OFF)

    assert (run.phase, running.is_unknown(run, DEPLOY)) == (RunPhase.WAITING, True)
    assert running.wanted(run, at(1e6)) is None
    assert "somebody must look and say" in run.why


def test_a_command_that_was_cut_off_is_tried_again_while_attempts_remain() -> None:
    step = replace(DEPLOY, attempts=2)
    run = tried(a_run(step), CUT_OFF)
    assert running.wanted(run, at(1e6)) is step

    assert tried(run, CUT_OFF, at_s=1e4).phase is RunPhase.WAITING


def test_a_question_over_http_that_was_cut_off_is_asked_again_at_no_cost() -> None:
    step = replace(PROBE, attempts=2)
    run = tried(a_run(step), CUT_OFF, CUT_OFF, CUT_OFF, BROKEN)
    assert (run.phase, run.next_at) == (RunPhase.RUNNING, at(3_001 + 3))

    assert tried(run, BROKEN, at_s=1e5).phase is RunPhase.FAILED


def test_an_undo_that_was_cut_off_is_stuck() -> None:
    assert tried(a_run(BACKUP, DEPLOY), DONE, BROKEN, CUT_OFF).phase is RunPhase.STUCK


@pytest.mark.parametrize(("ok", "phase"), [(True, RunPhase.DONE), (False, RunPhase.UNDOING)])
def test_a_person_says_what_a_cut_off_command_did(ok: bool, phase: RunPhase) -> None:
    run = running.settle(
        tried(a_run(BACKUP, DEPLOY), DONE, CUT_OFF), by="ada", ok=ok, note="looked", now=at(1e5)
    )
    assert (run.phase, run.attempts[-1].by, run.attempts[-1].note) == (phase, "ada", "looked")


def test_a_person_can_have_a_cut_off_command_run_again() -> None:
    run = tried(running.go_on(tried(a_run(DEPLOY), CUT_OFF), now=at(1e5)), DONE, at_s=2e5)
    assert (run.phase, len(run.attempts), run.applies) == (RunPhase.DONE, 2, ())


def test_a_cut_off_checklist_item_has_failed() -> None:
    run = tried(a_run(DEPLOY, item="go/smoke"), CUT_OFF)
    assert (run.phase, run.why.split(",")[0]) == (RunPhase.FAILED, "it was cut off")


def test_a_manual_step_waits_for_a_person_and_goes_on_when_it_is_done() -> None:
    run = a_run(TELL, DEPLOY)
    assert (run.phase, run.why) == (RunPhase.WAITING, "somebody must do it")

    told = running.settle(run, by="bob", ok=True, note="mail sent", now=at(5))
    assert (told.phase, running.wanted(told, at(5))) == (RunPhase.RUNNING, DEPLOY)


def test_a_manual_step_that_failed_takes_back_what_was_done() -> None:
    run = running.settle(
        tried(a_run(BACKUP, TELL), DONE), by="bob", ok=False, note="no mail server", now=at(9)
    )
    assert (run.phase, run.why) == (RunPhase.UNDOING, '"Tell the users" failed, bob says: no mail server')


def test_nobody_can_start_a_manual_step() -> None:
    with pytest.raises(IllegalMoveError, match='waits for a person to do "Tell the users"'):
        running.go_on(a_run(TELL), now=T0)


SOMETIMES = replace(MIGRATE, when="if the schema changes")


def test_a_step_with_a_condition_in_words_waits_for_a_person_to_say() -> None:
    run = a_run(SOMETIMES, DEPLOY)
    assert run.why == 'somebody must say whether it applies: "if the schema changes"'

    assert commands(tried(running.go_on(run, now=at(1)), DONE, DONE)) == ["migrate", "deploy"]
    aside = running.set_aside(run, by="ada", reason="no change", now=at(1))
    assert commands(tried(aside, DONE)) == ["migrate", "deploy"]
    assert aside.attempts[0].is_set_aside


def test_conditions_can_be_decided_before_the_start() -> None:
    assert running.wanted(a_run(SOMETIMES, DEPLOY, applies=("migrate",)), T0) is SOMETIMES
    assert running.wanted(a_run(SOMETIMES, DEPLOY, aside=("migrate",)), T0) is DEPLOY
    with pytest.raises(InvalidInputError, match=r'no step "deploy" with a condition.*have one: migrate'):
        a_run(SOMETIMES, DEPLOY, aside=("deploy",))


def test_what_was_set_aside_is_not_taken_back() -> None:
    run = tried(a_run(BACKUP, SOMETIMES, DEPLOY, aside=("migrate",)), DONE, BROKEN)
    assert running.current(run) is BACKUP


def test_setting_aside_needs_a_reason() -> None:
    with pytest.raises(InvalidInputError, match='say why "Tell the users" is set aside'):
        running.set_aside(a_run(TELL), by="ada", reason=" ", now=T0)


def test_a_run_that_waits_is_stopped_at_once() -> None:
    run = running.stop(a_run(TELL), by="ada", why="wrong day", takes_back=False, now=at(7))
    assert (run.phase, run.ended_at, run.why) == (RunPhase.STOPPED, at(7), "stopped by ada: wrong day")


def test_a_step_under_way_is_ended_before_the_run_is_stopped() -> None:
    begun = running.take(tried(a_run(BACKUP, DEPLOY), DONE), "k", at(5))
    assert begun is not None
    stopping = running.stop(begun, by="ada", why="", takes_back=True, now=at(6))
    assert (stopping.phase, running.is_stopping(stopping)) == (RunPhase.RUNNING, True)
    with pytest.raises(IllegalMoveError, match="is being stopped already, by ada"):
        running.stop(stopping, by="bob", why="", takes_back=False, now=at(6))

    back = running.end_attempt(stopping, CUT_OFF, at(7))
    assert (back.phase, running.is_stopping(back)) == (RunPhase.UNDOING, False)
    assert tried(back, DONE).phase is RunPhase.STOPPED


def test_an_undo_that_fails_after_a_stop_is_tried_again_like_any_other() -> None:
    run = tried(a_run(replace(BACKUP, attempts=2), TELL), DONE)
    run = tried(running.stop(run, by="ada", why="", takes_back=True, now=at(2)), BROKEN)
    assert (run.phase, run.next_at) == (RunPhase.UNDOING, at(1 + BACKUP.wait_s))

    assert tried(run, BROKEN, at_s=99).phase is RunPhase.STUCK


def test_taking_back_can_be_stopped_and_leaves_things_as_they_are() -> None:
    run = running.stop(stuck_run(), by="ada", why="", takes_back=False, now=at(1e5))
    assert run.phase is RunPhase.STOPPED
    with pytest.raises(IllegalMoveError, match="takes back what was done already"):
        running.stop(stuck_run(), by="ada", why="", takes_back=True, now=at(1e5))
    with pytest.raises(IllegalMoveError, match=r"is over \(stopped\)"):
        running.stop(run, by="ada", why="", takes_back=False, now=at(1e5))


def test_a_run_that_waits_for_nobody_takes_nobodys_word() -> None:
    run = a_run(DEPLOY)
    with pytest.raises(IllegalMoveError, match="is running and waits for nobody"):
        running.settle(run, by="ada", ok=True, note="", now=T0)
    with pytest.raises(IllegalMoveError, match="no step under way"):
        running.end_attempt(run, DONE, T0)


OUTCOMES = st.sampled_from([DONE, DONE, BROKEN, CUT_OFF])
STEPS = st.lists(
    st.tuples(st.sampled_from([BACKUP, MIGRATE, DEPLOY, PROBE, TELL]), st.integers(1, 3)), max_size=5
).map(
    lambda drawn: tuple(
        replace(step, id=f"{step.id}{number}", attempts=attempts)
        for number, (step, attempts) in enumerate(drawn)
    )
)


@given(steps=STEPS, outcomes=st.lists(OUTCOMES, max_size=60), words=st.lists(st.booleans(), max_size=60))
def test_whatever_happens_each_step_succeeds_once_and_only_what_was_done_is_undone(
    steps: tuple[Step, ...], outcomes: list[Outcome], words: list[bool]
) -> None:
    run = a_run(*steps)
    done: list[str] = []
    undone: list[str] = []
    for number, (outcome, word) in enumerate(zip(outcomes, words, strict=False)):
        now = at(1_000 * number)
        if (begun := running.take(run, f"k{number}", now)) is not None:
            run = running.end_attempt(begun, outcome, now)
            into = undone if begun.attempts[-1].is_undo else done
            into += [begun.attempts[-1].step] if outcome.ok else []
        elif run.phase is RunPhase.WAITING:
            done += [run.runbook.steps[run.step].id] if word else []
            run = running.settle(run, by="ada", ok=word, note="", now=now)
        elif run.phase is RunPhase.STUCK:
            run = running.go_on(run, now=now)

    ids = [step.id for step in steps]
    assert done == ids[: len(done)]
    if run.phase is RunPhase.DONE:
        assert (done, undone) == (ids, [])
    undoable = [step.id for step in reversed(steps) if step.undo and step.id in done]
    assert undone == undoable[: len(undone)]
    if run.phase is RunPhase.FAILED:
        assert undone == undoable
