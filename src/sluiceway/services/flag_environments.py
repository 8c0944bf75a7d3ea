"""Which environments a service has: those of its process in force, the usual three where it names none."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from sluiceway.domain.process.environments import USUAL
from sluiceway.errors import NotFoundError, ProcessFileError
from sluiceway.ports.store import Transaction
from sluiceway.services.kept_processes import parsed


def environments_of(tx: Transaction, service: str) -> tuple[str, ...]:
    """Return the environments of a service, in the order of its process."""
    row = tx.current_process(service)
    if row is None:
        return USUAL
    with suppress(ProcessFileError):  # a text that this version can't read any more names none
        team = parsed(row.text, row.path).team
        if team is not None and team.environments:
            return tuple(one.id for one in team.environments)
    return USUAL


def require_environment(tx: Transaction, service: str, environment: str) -> None:
    """Raise NotFoundError, naming those there are, unless the service has the environment."""
    require_among(service, environment, environments_of(tx, service))


def require_among(service: str, environment: str, known: Sequence[str]) -> None:
    """Raise NotFoundError unless the environment is among those known."""
    if environment not in known:
        raise NotFoundError(
            f"{service} has no environment {environment[:100]!r}; its process has {', '.join(known)}"
        )
