"""Runbooks and automated checklist items in the real app: retries, taking back, `kill -9`, bad commands."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Generator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psutil
import pytest

from sluiceway.adapters.data_dir import DataDir
from sluiceway.adapters.store import SqlStore, open_store
from sluiceway.domain.checklists import running
from sluiceway.domain.checklists.model import Run, RunId, RunPhase
from sluiceway.domain.checklists.progress import progress_of
from sluiceway.domain.process.lists import Runbook, Step, StepKind
from sluiceway.domain.releases.model import Facts, ItemState, Release, ReleaseId, Stay
from sluiceway.ports.releases import ProcessRow, ReleaseRow, RunRow
from tests.scenario.harness import Rig, wait_for

# Notes that it was called, then does what its first word says, once it is there.
PROGRAM = """\
import os, pathlib, sys, time
name, act = sys.argv[1:3]
calls = pathlib.Path(name)
before = calls.read_text().count("\\n") if calls.exists() else 0
with calls.open("a") as file:
    file.write(f"{os.getpid()}\\n")
if act == "hang" or (act == "hang-once" and before == 0):
    print("begun", flush=True)
    time.sleep(600)
if act == "fail" or (act == "fail-once" and before == 0):
    print("no room", flush=True)
    sys.exit(3)
if act == "pour":
    for _ in range(1_600):
        sys.stdout.buffer.write(b"x" * 65_536)
if act == "die":
    os.kill(os.getpid(), 9)
print(act, os.environ["SLUICE_VERSION"])
"""


TEAM = """\
name: shop
types: [{{id: minor, title: Minor, version: X.Y.0, path: [draft, closed]}}]
phases: [{{id: draft, title: Draft}}, {{id: closed, title: Closed, kind: end}}]
checklists:
  - id: go
    title: Before it goes out
    at: T
    items:
      - {{id: smoke, text: Smoke tests, run: ["{python}", program.py, smoke, do]}}
      - {{id: load, text: Load test, run: ["{python}", program.py, load, hang]}}
      - {{id: health, text: It answers, http: {{url: "{url}/healthz"}}}}
      - {{id: errors, text: Few errors, metric: error_rate < 1%}}
      - {{id: later, text: Later, at: T+2h, run: ["{python}", program.py, later, do]}}
"""


@dataclass
class Desk:
    """Starts runs on a rig's database, as the services do, and looks at them."""

    rig: Rig

    @property
    def folder(self) -> Path:
        return self.rig.home

    @contextlib.contextmanager
    def store(self) -> Generator[SqlStore]:
        store = open_store(DataDir(self.rig.data).database, owner="tester")
        try:
            yield store
        finally:
            store.close()

    def step(self, name: str, act: str = "do", *, undo: str = "", **changes: Any) -> Step:
        step = Step(
            id=name,
            title=name.capitalize(),
            kind=StepKind.COMMAND,
            command=self._command(name, act),
            undo=self._command(f"undo-{name}", undo) if undo else (),
            wait_s=0.1,
        )
        return replace(step, **changes)

    def begin(self, *steps: Step) -> RunId:
        run = running.begin(
            RunId(f"run-{len(list(self.folder.iterdir()))}-{steps[0].id}"),
            Runbook("deployment", "Deployment", steps),
            by="ada",
            now=datetime.now(UTC),
            service="shop",
            version="2.0",
            cwd=str(self.folder),
        )
        with self.store() as store, store.begin() as tx:
            tx.insert_run(RunRow(run, 0, datetime.now(UTC)))
        return run.id

    def run(self, run_id: RunId) -> Run:
        with self.store() as store, store.read() as tx:
            return tx.get_run(run_id).run

    def change(self, run_id: RunId, change: Callable[[Run], Run]) -> None:
        with self.store() as store, store.begin() as tx:
            row = tx.get_run(run_id)
            assert tx.save_run(row, change(row.run), datetime.now(UTC))

    def wait(self, run_id: RunId, *phases: RunPhase, within_s: float = 40) -> Run:
        def reached() -> Run | None:
            run = self.run(run_id)
            return run if run.phase in phases else None

        try:
            found: Run = wait_for(f"{phases}", reached, within_s)
        except AssertionError as failure:
            log = self.rig.serve_log()[-3_000:]
            raise AssertionError(f"{failure}\n{progress_of(self.run(run_id))}\n{log}") from failure
        return found

    def pids(self, name: str) -> list[int]:
        """Return the processes that carried a step out, oldest first."""
        calls = self.folder / name
        return [int(line) for line in calls.read_text().splitlines()] if calls.exists() else []

    def wait_begun(self, name: str, times: int = 1) -> int:
        """Wait until a step's command was called so often; return its last process."""
        wait_for(f"{name} to be called {times} times", lambda: len(self.pids(name)) >= times, 30)
        return self.pids(name)[-1]

    def _command(self, name: str, act: str) -> tuple[str, ...]:
        return (sys.executable, "-I", "-S", "program.py", name, act)


def tries(run: Run) -> list[tuple[str, bool | None]]:
    """Return what was carried out and how it went: `-NAME` is a step taken back."""
    return [(("-" if each.is_undo else "") + each.step, each.ok) for each in run.attempts]


def is_running(pid: int) -> bool:
    """Return whether a process does anything; one that nobody awaited does not."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    return False


@pytest.fixture
def desk(app: Rig) -> Desk:
    app.speed = 1
    (app.home / "program.py").write_text(PROGRAM)
    app.serve()
    return Desk(app)


def test_a_runbook_with_retries_runs_to_its_end(desk: Desk) -> None:
    run = desk.wait(
        desk.begin(desk.step("backup"), desk.step("migrate", "fail-once", attempts=2)), RunPhase.DONE
    )

    assert tries(run) == [("backup", True), ("migrate", False), ("migrate", True)]
    assert [each.output for each in run.attempts] == ["do 2.0\n", "no room\n", "fail-once 2.0\n"]
    assert progress_of(run).sentence == "2 of 2 steps done; all is done"


def test_what_was_done_is_taken_back_last_first_when_a_step_fails(desk: Desk) -> None:
    run = desk.wait(
        desk.begin(
            desk.step("backup", undo="do"), desk.step("migrate", undo="do"), desk.step("deploy", "fail")
        ),
        RunPhase.FAILED,
    )

    assert tries(run)[2:] == [("deploy", False), ("-migrate", True), ("-backup", True)]
    assert desk.rig.audit_is_whole()


def test_after_kill_9_in_the_middle_of_a_step_it_is_tried_again_and_the_run_ends(desk: Desk) -> None:
    run_id = desk.begin(
        desk.step("backup", undo="do"), desk.step("migrate", "hang-once", attempts=2), desk.step("deploy")
    )
    orphan = desk.wait_begun("migrate")
    desk.rig.kill()
    desk.rig.serve()

    run = desk.wait(run_id, RunPhase.DONE)
    assert tries(run) == [("backup", True), ("migrate", None), ("migrate", True), ("deploy", True)]
    assert not is_running(orphan)
    assert len(desk.pids("backup")) == len(desk.pids("deploy")) == 1


def test_after_kill_9_a_command_that_may_run_only_once_waits_for_a_person(desk: Desk) -> None:
    run_id = desk.begin(desk.step("backup", undo="do"), desk.step("migrate", "hang"))
    desk.wait_begun("migrate")
    desk.rig.kill()
    desk.rig.serve()

    run = desk.wait(run_id, RunPhase.WAITING)
    assert progress_of(run).sentence == (
        '1 of 2 steps done; "Migrate" waits: it was cut off, so what it did is not known; somebody must look '
        "and say"
    )
    desk.change(
        run_id, lambda run: running.settle(run, by="ada", ok=False, note="half", now=datetime.now(UTC))
    )
    over = desk.wait(run_id, RunPhase.FAILED)
    assert over.why == '"Migrate" failed, ada says: half'
    assert len(desk.pids("migrate")) == len(desk.pids("undo-backup")) == 1


def test_a_run_that_waits_for_its_next_try_outlives_a_kill(desk: Desk) -> None:
    run_id = desk.begin(desk.step("backup"), desk.step("migrate", "fail-once", attempts=2, wait_s=6.0))
    desk.wait_begun("migrate")
    wait_for("the first try to be noted", lambda: desk.run(run_id).next_at, 20)
    desk.rig.kill()
    desk.rig.serve()

    run = desk.wait(run_id, RunPhase.DONE)
    first, second = (each for each in run.attempts if each.step == "migrate")
    assert first.ended_at is not None
    assert second.began_at - first.ended_at >= timedelta(seconds=6)
    assert len(desk.pids("backup")) == 1


def test_bad_commands_end_as_they_must_and_hold_up_nobody(desk: Desk) -> None:
    endless = desk.begin(desk.step("endless", "hang", timeout_s=3.0))
    pouring = desk.begin(desk.step("pouring", "pour"))
    dying = desk.begin(desk.step("dying", "die"))
    missing = desk.begin(desk.step("missing", command=("./no-such-program",)))

    found = {
        run_id: desk.wait(run_id, RunPhase.DONE, RunPhase.FAILED).attempts[-1]
        for run_id in (endless, pouring, dying, missing)
    }
    assert found[endless].note == "did not end within 3s and was ended"
    assert (found[endless].output, is_running(desk.pids("endless")[0])) == ("begun\n", False)
    assert found[pouring].output.startswith("[printed 104,857,609 bytes; the last 65,536 are kept]\n")
    assert found[pouring].output.endswith("xpour 2.0\n")
    assert found[dying].note.startswith("ended by signal 9 (SIGKILL)")
    assert "no-such-program does not exist" in found[missing].note


def test_stopping_a_run_ends_its_command_and_takes_back_what_was_done(desk: Desk) -> None:
    run_id = desk.begin(desk.step("backup", undo="do"), desk.step("migrate", "hang"))
    pid = desk.wait_begun("migrate")
    desk.change(
        run_id,
        lambda run: running.stop(run, by="ada", why="wrong day", takes_back=True, now=datetime.now(UTC)),
    )

    run = desk.wait(run_id, RunPhase.STOPPED)
    assert tries(run) == [("backup", True), ("migrate", None), ("-backup", True)]
    assert run.attempts[1].note.endswith("s: ada stopped the run")
    assert not is_running(pid)


def test_a_server_that_is_stopped_ends_its_commands_and_says_so(desk: Desk) -> None:
    run_id = desk.begin(desk.step("migrate", "hang"))
    pid = desk.wait_begun("migrate")
    assert desk.rig.server is not None
    desk.rig.server.terminate()
    desk.rig.server.wait(40)

    run = desk.run(run_id)
    assert (run.phase, run.attempts[-1].ok) == (RunPhase.WAITING, None)
    assert run.attempts[-1].note.endswith("s: Sluiceway was stopped")
    assert not is_running(pid)


def test_checklist_items_that_are_due_answer_by_themselves_and_outlive_a_kill(desk: Desk) -> None:
    now = datetime.now(UTC)
    text = TEAM.format(python=sys.executable, url=desk.rig.url)
    release = Release(
        id=ReleaseId("REL-2026-0001"),
        service="shop",
        facts=Facts(version="2.0", type="minor", target_at=now),
        process_hash="ab" * 32,
        author="ada",
        created_at=now,
        stays=(Stay("draft", now, "ada", "made"),),
    )
    with desk.store() as store, store.begin() as tx:
        tx.put_process(ProcessRow("shop", "ab" * 32, text, str(desk.folder / "team.yaml"), now, "ada"))
        tx.insert_release(ReleaseRow(release, 1, True, now))

    def answers() -> dict[str, ItemState]:
        with desk.store() as store, store.read() as tx:
            return {entry.item: entry.state for entry in tx.get_release("REL-2026-0001").release.items}

    desk.wait_begun("load")
    wait_for("three answers", lambda: len(answers()) == 3, 20)
    desk.rig.kill()
    desk.rig.serve()
    wait_for("the fourth answer", lambda: len(answers()) == 4, 20)

    done, failed = ItemState.DONE, ItemState.FAILED
    assert answers() == {"smoke": done, "health": done, "errors": failed, "load": failed}
    assert len(desk.pids("smoke")) == len(desk.pids("load")) == 1
    assert desk.rig.audit_is_whole()
