"""Carries steps out on this machine."""

from __future__ import annotations

from collections.abc import Callable

from sluiceway.adapters.execution import command, http
from sluiceway.domain.checklists.model import Outcome
from sluiceway.ports.execution import Command, HttpCheck


class LocalExecution:
    """Implements `ports.execution.Execution`. Safe for use by several threads."""

    def run(self, command_: Command, why_end: Callable[[], str]) -> Outcome:
        return command.run_command(command_, why_end)

    def ask(self, check: HttpCheck) -> Outcome:
        return http.ask(check)

    def end_leftovers(self, tag: str) -> int:
        return command.end_leftovers(tag)
