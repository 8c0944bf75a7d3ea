"""How a step of a runbook or an automated checklist item is carried out: a command, or a question over HTTP.

Every outcome comes back in words, also that of a program that can't be started: nothing here is raised for
what a process file or a program got wrong. Times are real seconds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from sluiceway.domain.checklists.model import Outcome


@dataclass(frozen=True, slots=True)
class Command:
    """A program and its arguments, run without a shell. `env` comes on top of what programs can't do without.

    `tag` marks the processes, so that `end_leftovers` finds those that an earlier process left.
    """

    argv: tuple[str, ...]
    cwd: str
    env: tuple[tuple[str, str], ...]
    timeout_s: float
    tag: str


@dataclass(frozen=True, slots=True)
class HttpCheck:
    """A GET that answers with `status` and, when `contains` is not empty, with that text in its body."""

    url: str
    status: int
    contains: str
    timeout_s: float


class Execution(Protocol):
    def run(self, command: Command, why_end: Callable[[], str], /) -> Outcome:
        """Run to the end, or until `timeout_s` is over, or until `why_end` gives a reason other than "".

        Then it and everything it started is ended. `ok` is None only when it was ended for `why_end`.
        """
        ...

    def ask(self, check: HttpCheck) -> Outcome:
        """Ask once. `ok` says whether the answer was as expected, in time."""
        ...

    def end_leftovers(self, tag: str) -> int:
        """Kill what still runs of commands with this tag, whoever started it; return how many processes."""
        ...
