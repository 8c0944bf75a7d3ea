"""How far a run is, in words."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sluiceway.domain.checklists import running
from sluiceway.domain.checklists.model import Progress, Run, StepState
from sluiceway.domain.checklists.progress import progress_of, steps_of, waits_for
from sluiceway.testing.builders import at
from tests.unit.domain.checklists.runs import (
    BACKUP,
    BROKEN,
    CUT_OFF,
    DEPLOY,
    DONE,
    MIGRATE,
    TELL,
    a_run,
    tried,
)

UNKNOWN = (
    '1 of 2 steps done; "Deployment" waits for devops: it was cut off, so what it did is not known; '
    "somebody must look and say"
)
STUCK = (
    '1 of 2 steps done; "Deployment" failed: exit code 1; "Backup" could not be taken back (exit code 1): '
    "somebody must act"
)
TWICE = replace(DEPLOY, attempts=2)


def begun(run: Run) -> Run:
    found = running.take(run, "k", at(1))
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("run", "sentence"),
    [
        (a_run(BACKUP, TELL), '0 of 2 steps done; "Backup" is next'),
        (begun(a_run(BACKUP, TELL)), '0 of 2 steps done; "Backup" runs'),
        (begun(a_run(TWICE)), '0 of 1 steps done; "Deployment" runs (try 1 of 2)'),
        (
            running.stop(begun(a_run(TWICE)), by="ada", why="", takes_back=False, now=at(2)),
            '0 of 1 steps done; "Deployment" is being ended for ada',
        ),
        (
            tried(a_run(TWICE), BROKEN),
            '0 of 1 steps done; "Deployment" is tried again, because: exit code 1',
        ),
        (
            tried(a_run(BACKUP, TELL), DONE),
            '1 of 2 steps done; "Tell the users" waits for release-manager: somebody must do it',
        ),
        (
            tried(a_run(BACKUP, DEPLOY), DONE, CUT_OFF),
            UNKNOWN,
        ),
        (
            begun(tried(a_run(BACKUP, DEPLOY), DONE, BROKEN)),
            '1 of 2 steps done; "Deployment" failed: exit code 1; taking back: "Backup" runs',
        ),
        (
            tried(a_run(BACKUP, DEPLOY), DONE, BROKEN, BROKEN),
            STUCK,
        ),
        (
            tried(a_run(BACKUP, MIGRATE, DEPLOY), DONE, DONE, BROKEN, DONE, DONE),
            '2 of 3 steps done; "Deployment" failed: exit code 1; taken back: Migrations, Backup',
        ),
        (tried(a_run(BACKUP), DONE), "1 of 1 steps done; all is done"),
        (
            running.stop(tried(a_run(BACKUP, TELL), DONE), by="ada", why="late", takes_back=False, now=at(9)),
            "1 of 2 steps done; stopped by ada: late; nothing was taken back",
        ),
    ],
)
def test_one_sentence_says_how_far_a_run_is(run: Run, sentence: str) -> None:
    assert progress_of(run).sentence == sentence


def test_steps_that_were_set_aside_count_as_done() -> None:
    run = a_run(replace(MIGRATE, when="if the schema changes"), DEPLOY, aside=("migrate",))
    assert progress_of(run) == Progress(1, 2, '1 of 2 steps done; "Deployment" is next')


@pytest.mark.parametrize(
    ("run", "states"),
    [
        (begun(a_run(BACKUP, TELL)), [StepState.RUNNING, StepState.OPEN]),
        (tried(a_run(BACKUP, TELL), DONE), [StepState.DONE, StepState.WAITING]),
        (tried(a_run(BACKUP, DEPLOY), DONE, CUT_OFF), [StepState.DONE, StepState.UNKNOWN]),
        (tried(a_run(BACKUP, DEPLOY), DONE, BROKEN), [StepState.UNDOING, StepState.FAILED]),
        (tried(a_run(BACKUP, DEPLOY), DONE, BROKEN, BROKEN), [StepState.FAILED, StepState.FAILED]),
        (tried(a_run(BACKUP, DEPLOY), DONE, BROKEN, DONE), [StepState.TAKEN_BACK, StepState.FAILED]),
        (
            a_run(replace(MIGRATE, when="if"), TELL, aside=("migrate",)),
            [StepState.SET_ASIDE, StepState.WAITING],
        ),
        (
            running.stop(
                tried(a_run(DEPLOY, TELL), CUT_OFF), by="ada", why="", takes_back=False, now=at(1e5)
            ),
            [StepState.UNKNOWN, StepState.OPEN],
        ),
    ],
)
def test_every_step_shows_its_state(run: Run, states: list[StepState]) -> None:
    assert [standing.state for standing in steps_of(run)] == states


def test_a_run_waits_for_the_role_of_its_step_or_else_of_its_runbook() -> None:
    assert waits_for(a_run(TELL)) == "release-manager"
    assert waits_for(a_run(replace(TELL, owner=""))) == "devops"
    assert waits_for(a_run(DEPLOY)) is None
