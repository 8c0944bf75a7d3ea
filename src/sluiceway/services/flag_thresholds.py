"""Whether the conditions of thresholds make sense for the service they watch."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from contextlib import suppress

from sluiceway.domain.flags.guarding import problems_of
from sluiceway.domain.flags.model import Flag
from sluiceway.errors import ProcessFileError
from sluiceway.ports.store import Transaction
from sluiceway.services.kept_processes import parsed


def threshold_problems(tx: Transaction, service: str, flags: Iterable[Flag]) -> tuple[str, ...]:
    """Return what is wrong with the thresholds of flags: grammar, and metrics it doesn't know."""
    guarded = [flag for flag in flags if flag.thresholds]
    if not guarded:
        return ()
    own = _metrics_of(tx, service)
    return tuple(
        f"{flag.id}: {problem}"
        for flag in guarded
        for one in flag.thresholds
        for problem in problems_of(one, own)
    )


def _metrics_of(tx: Transaction, service: str) -> Collection[str]:
    """Return the metrics of the process in force, else of the newest rollout, beside those always known."""
    row = tx.current_process(service)
    if row is not None:
        with suppress(ProcessFileError):
            return {spec.name for spec in parsed(row.text, row.path).metrics}
    rows = tx.list_rollouts(service=service, active_only=False, limit=1, before=None)
    return {spec.name for found in rows for spec in found.setup.metrics}
