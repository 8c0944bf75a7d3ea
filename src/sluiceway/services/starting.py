"""What a new rollout starts from: its process file, the two versions, and what already serves users."""

from __future__ import annotations

from typing import assert_never

from sluiceway.config import parse_process
from sluiceway.domain.audit.chain import NewAuditEntry
from sluiceway.domain.process.plan import Process, RolloutPlan, Strategy, Version
from sluiceway.domain.rollouts.model import Phase, RolloutId
from sluiceway.domain.rollouts.moves import begin
from sluiceway.errors import ConflictError, InvalidInputError, ProcessFileError
from sluiceway.ports.clock import Clock
from sluiceway.ports.store import RolloutRow, RolloutSetup, Transaction

_MAX_VERSION_CHARS = 100


def read_start(process_text: str, path: str) -> tuple[RolloutSetup, RolloutPlan]:
    """Return what the rollout keeps of its process file.

    Raises ProcessFileError with every problem, also when the file lacks what starting needs.
    """
    process = parse_process(process_text, path)
    missing = [
        f"{path}: {part}: missing; starting a rollout needs to know {why}"
        for part, value, why in (
            ("rollout", process.rollout, "its stages"),
            ("service", process.service, "how a version of the service is started"),
            ("ingress", process.ingress, "where users come in"),
        )
        if value is None
    ]
    if process.rollout is None or process.service is None or process.ingress is None:
        raise ProcessFileError(tuple(missing))
    check_strategy(process.rollout.strategy, path)
    setup = RolloutSetup(
        service=process.service,
        ingress=process.ingress,
        metrics=process.metrics,
        process_hash=process.content_hash,
        process_text=process.text,
        process_path=path,
    )
    return setup, process.rollout


def read_plan(plan_text: str, path: str) -> RolloutPlan:
    """Return the rollout part of an edited process file. Raises ProcessFileError."""
    process: Process = parse_process(plan_text, path)
    if process.rollout is None:
        raise ProcessFileError((f"{path}: rollout: missing; an edit needs the stages as they should be",))
    check_strategy(process.rollout.strategy, path)
    return process.rollout


def check_strategy(strategy: Strategy, path: str) -> None:
    """Raise ProcessFileError for a strategy that nothing carries out yet."""
    match strategy:
        case Strategy.CANARY | Strategy.BLUE_GREEN:
            return
        case Strategy.ROLLING | Strategy.FEATURE_FLAG | Strategy.MAINTENANCE:
            found = f'{path}: rollout.strategy: "{strategy}" is checked and shown, but can\'t be started yet'
            raise ProcessFileError((f"{found}; expected canary or blue-green",))
        case _:
            assert_never(strategy)


def new_row(
    rollout_id: RolloutId,
    setup: RolloutSetup,
    plan: RolloutPlan,
    clock: Clock,
    *,
    stable: Version,
    new: Version,
    by: str,
) -> RolloutRow:
    """Return a rollout that is about to begin."""
    wall = clock.wall()
    return RolloutRow(
        id=rollout_id,
        setup=setup,
        state=begin(plan, stable=stable, new=new, instances=setup.service.instances, now=clock.now()),
        gen=0,
        version=1,
        due_at=wall,
        lease_until=None,
        created_at=wall,
        created_by=by,
    )


def insert_rollout(tx: Transaction, row: RolloutRow, clock: Clock, why: str) -> None:
    """Insert a rollout with its audit entry. Raises ConflictError when the service or its ingress is busy."""
    tx.insert_rollout(row)
    tx.append_audit(
        NewAuditEntry(
            at=clock.wall(),
            process_at=clock.now(),
            actor=row.created_by,
            kind="rollout-started",
            subject=row.id,
            why=why,
            figures=(("process_sha256", row.setup.process_hash),),
        )
    )


def serving_version(tx: Transaction, service: str) -> Version | None:
    """Return the version that the service's last finished rollout left serving everyone, if there was one."""
    for row in tx.list_rollouts(service=service, active_only=False, limit=20, before=None):
        match row.state.phase:
            case Phase.PROMOTED:
                return row.state.new
            case Phase.ROLLED_BACK | Phase.ABORTED:
                return row.state.stable
            case _:
                continue
    return None


def settle_stable(
    tx: Transaction, service: str, new: Version, given: str | None, *, replace: bool
) -> Version:
    """Return the version the rollout starts from.

    Raises InvalidInputError when nobody knows it or it equals the new one, ConflictError when `given`
    is not what serves users: that would move all of them at once, without a stage. `replace` allows it.
    """
    serving = serving_version(tx, service)
    if given is None and serving is None:
        raise InvalidInputError(
            f"{service} has no finished rollout that tells which version serves users now; "
            "name it with --from VERSION (field `stable` in the API)"
        )
    stable = checked_version(given, "stable version") if given is not None else serving
    assert stable is not None
    if stable == new:
        raise InvalidInputError(f"{service} already serves {new}; a rollout needs two different versions")
    if serving is not None and stable != serving and not replace:
        raise ConflictError(
            f"the last rollout of {service} left {serving} serving users, but the rollout would start from "
            f"{stable} and move everyone to it at once; leave the stable version out to start from "
            f"{serving}, or confirm the jump with --replace-serving (field `replace_serving` in the API)"
        )
    return stable


def checked_version(text: str, what: str) -> Version:
    """Raise InvalidInputError unless `text` can name a version in a path, a process list and a header."""
    allowed = text and len(text) <= _MAX_VERSION_CHARS and all(c.isalnum() or c in "._+-" for c in text)
    if not allowed or not text.isascii() or text[0] in ".-":
        raise InvalidInputError(
            f"{what} is {text!r}; use 1 to {_MAX_VERSION_CHARS} letters, digits and . _ + -, "
            "beginning with a letter or digit"
        )
    return Version(text)
