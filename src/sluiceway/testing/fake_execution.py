"""An execution without processes: every command and question ends at once, as it was told to.

Fits `sluiceway.ports.execution.Execution` and remembers what it carried out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from sluiceway.domain.checklists.model import Outcome
from sluiceway.ports.execution import Command, HttpCheck

DONE = Outcome(True, "exit code 0 after 0.1 s")


@dataclass
class FakeExecution:
    """`outcomes` are by program or address: the next one is taken each time, `DONE` when none is left.

    `during` is called with a command while it runs, for what happens meanwhile.
    """

    outcomes: dict[str, list[Outcome]] = field(default_factory=dict[str, list[Outcome]])
    commands: list[Command] = field(default_factory=list[Command])
    checks: list[HttpCheck] = field(default_factory=list[HttpCheck])
    ended: list[str] = field(default_factory=list[str])  # tags whose leftovers were asked for
    leftovers: dict[str, int] = field(default_factory=dict[str, int])
    during: Callable[[Command], None] = lambda _command: None

    @property
    def programs(self) -> list[str]:
        """Return what was run, oldest first."""
        return [command.argv[0] for command in self.commands]

    def run(self, command: Command, why_end: Callable[[], str]) -> Outcome:
        self.commands.append(command)
        self.during(command)
        if why := why_end():
            return Outcome(None, f"was ended after 0.1 s: {why}")
        return self._next(command.argv[0])

    def ask(self, check: HttpCheck) -> Outcome:
        self.checks.append(check)
        return self._next(check.url)

    def end_leftovers(self, tag: str) -> int:
        self.ended.append(tag)
        return self.leftovers.pop(tag, 0)

    def _next(self, name: str) -> Outcome:
        waiting = self.outcomes.get(name)
        return waiting.pop(0) if waiting else DONE
