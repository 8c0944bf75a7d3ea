"""A store, a clock and an execution without an outside, for the tests of runs and of checklist items."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from sluiceway.adapters.simulated.store import WaitingEffects, scratch_store
from sluiceway.adapters.store import SqlStore
from sluiceway.domain.checklists import running
from sluiceway.domain.checklists.model import Run, RunId
from sluiceway.domain.process.lists import Runbook, Step, StepKind
from sluiceway.engine.runs import Runs
from sluiceway.ports.releases import RunRow
from sluiceway.testing.clock import ManualClock
from sluiceway.testing.fake_execution import FakeExecution


@dataclass
class Bench:
    """`crash` forgets everything that a process keeps in memory."""

    store: SqlStore
    queue: WaitingEffects
    clock: ManualClock
    execution: FakeExecution
    runs: Runs

    def crash(self) -> None:
        self.runs = Runs(self.store, self.clock, self.execution)

    def begin(
        self,
        *steps: Step,
        service: str = "",
        version: str = "",
        release: str = "",
        cwd: str = "",
        env: tuple[tuple[str, str], ...] = (),
    ) -> RunId:
        """Start a run of these steps, as the services do."""
        run = running.begin(
            RunId("r1"),
            Runbook("deployment", "Deployment", steps),
            by="ada",
            now=self.clock.now(),
            service=service,
            version=version,
            release=release,
            cwd=cwd,
            env=env,
        )
        with self.store.begin() as tx:
            tx.insert_run(RunRow(run, 0, self.clock.wall()))
        return run.id

    def run(self) -> Run:
        return self.row().run

    def row(self) -> RunRow:
        with self.store.read() as tx:
            return tx.get_run(RunId("r1"))

    def change(self, run: Run) -> None:
        """Save a run as a person's act leaves it."""
        with self.store.begin() as tx:
            assert tx.save_run(tx.get_run(run.id), run, self.clock.wall())

    def settle(self, ticks: int = 20) -> None:
        """Tick and carry out until nothing more happens by itself at this moment."""
        for _ in range(ticks):
            self.runs.tick()
            if not self.queue.carry_out(self.runs):
                return


@contextmanager
def a_bench() -> Generator[Bench]:
    with scratch_store() as (store, queue):
        clock, execution = ManualClock(), FakeExecution()
        yield Bench(store, queue, clock, execution, Runs(store, clock, execution))


def a_step(name: str, **changes: Any) -> Step:
    """Return a step that runs the program of its name."""
    return replace(Step(name, name, StepKind.COMMAND, command=(name,)), **changes)


def log_of(bench: Bench, subject: str = "r1") -> list[str]:
    """Return what the audit trail says of a run or release: kind and words."""
    with bench.store.read() as tx:
        entries = tx.audit_entries(rollout_id=None, after=0, limit=100)
    return [f"{one.content.kind}: {one.content.why}" for one in entries if one.content.subject == subject]
