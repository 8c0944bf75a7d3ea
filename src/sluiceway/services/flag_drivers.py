"""Rollouts by flag and the flags they drive: what one needs to begin, and what nobody may change meanwhile.

A kill, or turning the flag off, is never refused: the rollout turns back by itself then.
"""

from __future__ import annotations

from collections.abc import Iterable

from sluiceway.domain.flags.driving import interferes, reaches_everyone
from sluiceway.domain.flags.model import Flag
from sluiceway.domain.flags.proposals import ItemKind
from sluiceway.domain.process.plan import DrivenFlag, Ingress
from sluiceway.domain.rollouts.model import Phase
from sluiceway.errors import ConflictError, IllegalMoveError, NotFoundError
from sluiceway.ports.store import BY_FLAG, RolloutRow, Serving, Transaction
from sluiceway.services.flag_documents import item_of

SERVED_BY_NEW = frozenset({Phase.KEEPING, Phase.FINISHING, Phase.PROMOTED})
_LOOKED_BACK = 50  # rollouts of a service, for the last one that moved versions


def driver_of(tx: Transaction, service: str, environment: str, flag: str) -> RolloutRow | None:
    """Return the unfinished rollout that drives a flag in an environment, None when nothing does."""
    for row in tx.list_rollouts(service=service, active_only=True, limit=1, before=None):
        by = row.state.plan.flag
        if row.setup.is_by_flag and by is not None and (by.id, by.environment) == (flag, environment):
            return row
    return None


def require_drivable(tx: Transaction, service: str, by: DrivenFlag) -> None:
    """Raise NotFoundError, IllegalMoveError or ConflictError unless a rollout can begin to drive the flag."""
    row = tx.get_flag_row(service, by.environment, ItemKind.FLAG, by.id)
    flag = item_of(ItemKind.FLAG, row.document) if row is not None else None
    if not isinstance(flag, Flag):
        raise NotFoundError(
            f"{service} has no flag {by.id} in {by.environment}; create it first, or name another in the "
            "process file"
        )
    if flag.hold is not None:
        raise IllegalMoveError(
            f"flag {by.id} is held off in {by.environment} by a {flag.hold.by}; release it before it is "
            "rolled out"
        )
    if reaches_everyone(flag, by.rule):
        how = f"rule {by.rule} reaches all" if flag.rules else "it has no rules"
        raise ConflictError(
            f"everyone has flag {by.id} in {by.environment} already: it is on, and {how}; turn it off first"
        )


def require_undriven(
    tx: Transaction, service: str, environment: str, edits: Iterable[tuple[Flag, Flag | None]]
) -> None:
    """Raise IllegalMoveError when an edit (before, after; None takes it away) touches what is driven."""
    for before, after in edits:
        row = driver_of(tx, service, environment, before.id)
        by = row.state.plan.flag if row is not None else None
        if row is None or by is None or (after is not None and not interferes(before, after, by.rule)):
            continue
        what = f"its rule {by.rule}" if after is not None else "it"
        raise IllegalMoveError(
            f"{before.id} is driven in {environment} by rollout {row.id} to {row.state.new}, which sets "
            f"{what}; roll that back first (`sluice rollout rollback {row.id}`), or kill the flag"
        )


def what_serves(tx: Transaction, service: str) -> Serving | None:
    """Return what serves the service's users, by its last rollout that moved versions; None without one."""
    for row in tx.list_rollouts(service=service, active_only=False, limit=_LOOKED_BACK, before=None):
        if not row.setup.is_by_flag:
            state = row.state
            version = state.new if state.phase in SERVED_BY_NEW else state.stable
            return Serving(row.setup.service, row.setup.ingress, version)
    return None


def nowhere(service: str) -> Ingress:
    """Return what stands for the ingress of a rollout by flag, which has none."""
    return Ingress(name=f"flags-{service}", provider=BY_FLAG, host=f"{service}.flags", port=0)
