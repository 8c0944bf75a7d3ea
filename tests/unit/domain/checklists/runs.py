"""Runbooks and runs for the tests of how a run goes on."""

from __future__ import annotations

from sluiceway.domain.checklists import running
from sluiceway.domain.checklists.model import Outcome, Run, RunId
from sluiceway.domain.process.lists import Runbook, Step, StepKind
from sluiceway.testing.builders import T0, at

DONE = Outcome(True, "exit code 0")
BROKEN = Outcome(False, "exit code 1")
CUT_OFF = Outcome(None, "it was cut off")

BACKUP = Step("backup", "Backup", StepKind.COMMAND, command=("./backup",), undo=("./drop-backup",))
MIGRATE = Step("migrate", "Migrations", StepKind.COMMAND, command=("./up",), undo=("./down",), wait_s=10)
DEPLOY = Step("deploy", "Deployment", StepKind.COMMAND, command=("./deploy",))
PROBE = Step("probe", "Health endpoint", StepKind.HTTP, url="http://127.0.0.1/healthz", wait_s=3)
TELL = Step("tell", "Tell the users", owner="release-manager")


def a_run(*steps: Step, item: str = "", applies: tuple[str, ...] = (), aside: tuple[str, ...] = ()) -> Run:
    runbook = Runbook("deployment", "Deployment", steps, owner="devops")
    return running.begin(RunId("r1"), runbook, by="ada", now=T0, item=item, applies=applies, set_aside=aside)


def tried(run: Run, *outcomes: Outcome, at_s: float = 1) -> Run:
    """Carry the wanted steps out, one after the other, with these outcomes; every wait is over by then."""
    for number, outcome in enumerate(outcomes):
        now = at(at_s + 1_000 * number)
        begun = running.take(run, f"k{number}", now)
        assert begun is not None, f"{run.phase}: nothing is wanted"
        run = running.end_attempt(begun, outcome, now)
    return run


def commands(run: Run) -> list[str]:
    """Return what was carried out, oldest first: the step, or `-step` for its undo."""
    return [("-" if each.is_undo else "") + each.step for each in run.attempts]
