"""Runs of runbooks carried forward: queued, begun once, told once, whatever comes in between."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from sluiceway.domain.checklists import running
from sluiceway.domain.checklists.model import Outcome, RunId, RunPhase
from sluiceway.domain.process.lists import StepKind
from sluiceway.engine.runs import OVERTIME_S, PATIENCE_S, UNTAKEN_S, Runs
from sluiceway.errors import NotFoundError, StoreError
from sluiceway.ports.execution import Command, HttpCheck
from tests.unit.engine.runs_bench import Bench, a_bench, a_step, log_of

BROKEN = Outcome(False, "exit code 1 after 0.1 s", "no room\n")


@pytest.fixture
def bench() -> Iterator[Bench]:
    with a_bench() as made:
        yield made


def tries(bench: Bench) -> list[tuple[str, bool | None]]:
    return [(("-" if each.is_undo else "") + each.step, each.ok) for each in bench.run().attempts]


def test_steps_are_carried_out_in_order_and_their_output_is_kept(bench: Bench) -> None:
    bench.execution.outcomes["migrate"] = [Outcome(True, "exit code 0", "12 tables\n")]
    bench.begin(a_step("backup"), a_step("migrate"))
    bench.settle()

    assert bench.execution.programs == ["backup", "migrate"]
    assert (bench.run().phase, bench.run().attempts[1].output) == (RunPhase.DONE, "12 tables\n")
    assert bench.row().due_at is None


def test_the_audit_trail_tells_each_step_and_the_end(bench: Bench) -> None:
    bench.execution.outcomes["migrate"] = [BROKEN]
    bench.begin(a_step("backup", undo=("drop",)), a_step("migrate"))
    bench.settle()

    assert log_of(bench) == [
        'step-done: Deployment: "backup": exit code 0 after 0.1 s',
        'step-failed: Deployment: "migrate": exit code 1 after 0.1 s',
        (
            'run-undoing: Deployment: 1 of 2 steps done; "migrate" failed: exit code 1 after 0.1 s; '
            'taking back: "backup" is next'
        ),
        'step-taken-back: Deployment: taking back "backup": exit code 0 after 0.1 s',
        (
            'run-failed: Deployment: 1 of 2 steps done; "migrate" failed: exit code 1 after 0.1 s; '
            "taken back: backup"
        ),
    ]


def test_a_command_is_told_what_it_is_run_for(bench: Bench) -> None:
    step = a_step("deploy", command=("deploy", "--to={version}", '{"service": 1}', "{run}"), timeout_s=9)
    env = (("REGION", "eu"), ("SLUICE_STEP", "mine"))
    bench.begin(step, service="shop", version="2.0", release="REL-1", cwd="/srv/shop", env=env)
    bench.settle()
    (command,) = bench.execution.commands

    assert command.argv == ("deploy", "--to=2.0", '{"service": 1}', "r1")
    assert (command.cwd, command.timeout_s) == ("/srv/shop", 9)
    assert dict(command.env) == {
        "SLUICE_VERSION": "2.0",
        "SLUICE_SERVICE": "shop",
        "SLUICE_RELEASE": "REL-1",
        "SLUICE_RUN": "r1",
        "SLUICE_STEP": "mine",
        "SLUICE_ATTEMPT": "1",
        "REGION": "eu",
    }


def test_a_question_over_http_is_asked_as_the_step_says(bench: Bench) -> None:
    step = a_step(
        "probe", kind=StepKind.HTTP, url="http://h/{version}", status=204, contains="ok", timeout_s=3
    )
    bench.begin(step, version="2.0")
    bench.settle()

    assert bench.execution.checks == [HttpCheck("http://h/2.0", 204, "ok", 3)]
    assert bench.run().phase is RunPhase.DONE


def test_the_wait_between_two_tries_passes_by_the_process_clock(bench: Bench) -> None:
    bench.clock.speed = 60
    bench.execution.outcomes["deploy"] = [BROKEN]
    bench.begin(a_step("deploy", attempts=2, wait_s=120))
    bench.settle()
    assert bench.row().due_at == bench.clock.wall() + timedelta(seconds=2)

    bench.clock.advance(1.9)
    bench.settle()
    assert tries(bench) == [("deploy", False)]
    bench.clock.advance(0.1)
    bench.settle()
    assert tries(bench) == [("deploy", False), ("deploy", True)]


def die_during(bench: Bench, program: str) -> None:
    """Let the process die while it runs a program: what it has in memory is gone, the row stays."""

    def die(command: Command) -> None:
        if command.argv[0] == program:
            raise KeyboardInterrupt

    bench.execution.during = die
    with pytest.raises(KeyboardInterrupt):
        bench.settle()
    bench.execution.during = lambda _command: None
    bench.crash()


def test_the_same_entry_delivered_again_after_a_crash_is_a_cut_off_try(bench: Bench) -> None:
    bench.begin(a_step("migrate", attempts=2), a_step("deploy"))
    die_during(bench, "migrate")
    key = bench.run().attempts[0].key
    bench.execution.leftovers[key] = 2
    bench.runs.carry_out(RunId("r1"), key)
    assert bench.run().attempts[0].note == (
        "it was cut off: Sluiceway ended while it ran; 2 processes it left were killed"
    )

    bench.clock.advance(5)
    bench.settle()
    assert tries(bench) == [("migrate", None), ("migrate", True), ("deploy", True)]


def test_a_command_that_may_run_only_once_is_not_run_again_after_a_crash(bench: Bench) -> None:
    bench.begin(a_step("migrate"))
    die_during(bench, "migrate")
    bench.runs.carry_out(RunId("r1"), bench.run().attempts[0].key)
    bench.settle()

    assert (bench.run().phase, bench.execution.programs) == (RunPhase.WAITING, ["migrate"])
    assert bench.row().due_at is None


def test_another_entry_does_not_touch_a_try_that_is_under_way(bench: Bench) -> None:
    bench.begin(a_step("migrate"))
    die_during(bench, "migrate")
    bench.runs.carry_out(RunId("r1"), "another")

    assert tries(bench) == [("migrate", None)]
    assert running.under_way(bench.run()) is not None


def test_a_try_that_nobody_tells_of_is_cut_off_when_its_time_is_long_over(bench: Bench) -> None:
    bench.begin(a_step("migrate", timeout_s=100))
    die_during(bench, "migrate")
    key = bench.run().attempts[0].key

    bench.clock.advance(100 + OVERTIME_S - 1)
    bench.runs.tick()
    assert running.under_way(bench.run()) is not None
    bench.clock.advance(1)
    bench.runs.tick()
    assert (bench.run().phase, bench.execution.ended) == (RunPhase.WAITING, [key])


def test_a_try_of_a_server_whose_clock_runs_fast_has_its_real_seconds(bench: Bench) -> None:
    bench.clock.speed = 1_000
    bench.begin(a_step("migrate", timeout_s=100))
    die_during(bench, "migrate")
    bench.clock.advance(100)
    bench.runs.tick()

    assert running.under_way(bench.run()) is not None


def test_a_queued_step_that_nobody_begins_is_queued_again_and_run_once(bench: Bench) -> None:
    bench.begin(a_step("backup"), a_step("migrate"))
    bench.runs.tick()
    bench.clock.advance(UNTAKEN_S)
    bench.runs.tick()
    bench.settle()

    assert bench.execution.programs == ["backup", "migrate"]
    assert bench.run().phase is RunPhase.DONE


def test_an_outcome_that_can_t_be_noted_is_told_later_and_the_command_not_run_again(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.begin(a_step("migrate"))
    bench.runs.tick()

    def fill_the_disk(_command: Command) -> None:
        monkeypatch.setattr(bench.store, "begin", full)

    def full() -> None:
        raise StoreError("the disk is full")

    bench.execution.during = fill_the_disk
    with pytest.raises(StoreError, match="the disk is full"):
        bench.settle()
    with pytest.raises(StoreError, match="the disk is full"):
        bench.runs.tick()
    monkeypatch.undo()
    bench.runs.tick()

    assert (bench.run().phase, bench.execution.programs) == (RunPhase.DONE, ["migrate"])


def test_the_work_engine_can_bring_an_outcome_again_itself(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.begin(a_step("migrate"))
    bench.runs.tick()

    def fill_the_disk(command: Command) -> None:
        monkeypatch.setattr(bench.store, "begin", full)
        keys.append(command.tag)

    def full() -> None:
        raise StoreError("the disk is full")

    keys: list[str] = []
    bench.execution.during = fill_the_disk
    with pytest.raises(StoreError, match="the disk is full"):
        bench.settle()
    monkeypatch.undo()
    bench.runs.carry_out(RunId("r1"), keys[0])

    assert (bench.run().phase, bench.execution.programs) == (RunPhase.DONE, ["migrate"])


def test_what_an_unforeseen_fault_left_undone_is_not_known(bench: Bench) -> None:
    def explode(_command: Command) -> None:
        raise ZeroDivisionError

    bench.execution.during = explode
    bench.begin(a_step("migrate"))
    bench.settle()

    assert bench.run().phase is RunPhase.WAITING
    assert bench.run().attempts[0].note == "unforeseen fault (ZeroDivisionError); the log has the details"


def test_a_person_who_stops_a_run_ends_its_command(bench: Bench) -> None:
    def stop(_command: Command) -> None:
        now = bench.clock.now()
        bench.change(running.stop(bench.run(), by="ada", why="wrong day", takes_back=False, now=now))

    bench.execution.during = stop
    bench.begin(a_step("migrate"), a_step("deploy"))
    bench.settle()

    assert (bench.run().phase, bench.run().why) == (RunPhase.STOPPED, "stopped by ada: wrong day")
    assert bench.run().attempts[0].note == "was ended after 0.1 s: ada stopped the run"


def test_an_outcome_that_comes_after_its_run_has_gone_on_changes_nothing(bench: Bench) -> None:
    def go_on(command: Command) -> None:
        bench.execution.during = lambda _command: None
        other = Runs(bench.store, bench.clock, bench.execution)
        other.carry_out(RunId("r1"), command.tag)

    bench.execution.during = go_on
    bench.begin(a_step("migrate"))
    bench.settle()

    assert bench.run().phase is RunPhase.WAITING
    assert tries(bench) == [("migrate", None)]
    assert bench.run().attempts[0].note.startswith("it was cut off")


def test_a_server_that_stops_gives_commands_a_moment_and_begins_no_more(bench: Bench) -> None:
    bench.begin(a_step("migrate"), a_step("deploy"))

    def stop_soon(_command: Command) -> None:
        bench.runs.wind_down()

    def stop_and_wait(_command: Command) -> None:
        bench.runs.wind_down()
        bench.clock.advance(PATIENCE_S)

    bench.execution.during = stop_soon
    bench.settle()
    assert tries(bench) == [("migrate", True)]

    bench.crash()
    bench.execution.during = stop_and_wait
    with bench.store.begin() as tx:
        tx.wake_runs(bench.clock.wall())
    bench.settle()
    assert tries(bench) == [("migrate", True), ("deploy", None)]
    assert bench.run().attempts[1].note == "was ended after 0.1 s: Sluiceway was stopped"


def test_a_run_that_waits_for_a_person_goes_on_when_the_person_is_done(bench: Bench) -> None:
    bench.begin(a_step("tell", kind=StepKind.MANUAL, command=()), a_step("deploy"))
    bench.settle()
    assert (bench.run().phase, bench.row().due_at) == (RunPhase.WAITING, None)

    bench.change(running.settle(bench.run(), by="bob", ok=True, note="told", now=bench.clock.now()))
    bench.settle()
    assert bench.run().phase is RunPhase.DONE


def test_a_step_of_a_run_that_is_gone_is_an_error_in_words(bench: Bench) -> None:
    with pytest.raises(NotFoundError, match="there is no run 'gone'"):
        bench.runs.carry_out(RunId("gone"), "k")
