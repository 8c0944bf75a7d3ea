"""What a new rollout starts from: its process file, the two versions, and what already serves users."""

from __future__ import annotations

import dataclasses
import difflib
from typing import assert_never

from sluiceway.config import parse_process
from sluiceway.domain.audit.chain import NewAuditEntry
from sluiceway.domain.process.plan import Process, RolloutPlan, Service, Strategy, Version
from sluiceway.domain.rollouts.model import Phase, RolloutId
from sluiceway.domain.rollouts.moves import begin
from sluiceway.errors import ConflictError, InvalidInputError, NotFoundError, ProcessFileError
from sluiceway.ports.clock import Clock
from sluiceway.ports.store import RolloutRow, RolloutSetup, Transaction
from sluiceway.services.flag_drivers import nowhere, require_drivable, what_serves

_MAX_VERSION_CHARS = 100


def read_start(process_text: str, path: str, name: str = "") -> tuple[RolloutSetup, RolloutPlan]:
    """Return what the rollout keeps of its process file; `name` picks one of its named rollouts.

    Raises ProcessFileError with every problem, also when the file lacks what starting needs, NotFoundError
    for a rollout it does not have.
    """
    process = parse_process(process_text, path)
    plan = find_plan(process, name)
    if plan is not None and plan.strategy is Strategy.FEATURE_FLAG:
        check_strategy(plan, path, name)
        return flag_setup(process, process.service.name if process.service else process.name, name), plan
    missing = [
        f"{path}: {part}: missing; starting a rollout needs to know {why}"
        for part, value, why in (
            ("rollout", plan, f"its stages{_names_hint(process)}"),
            ("service", process.service, "how a version of the service is started"),
            ("ingress", process.ingress, "where users come in"),
        )
        if value is None
    ]
    if plan is None or process.service is None or process.ingress is None:
        raise ProcessFileError(tuple(missing))
    check_strategy(plan, path, name)
    setup = RolloutSetup(
        service=process.service,
        ingress=process.ingress,
        metrics=process.metrics,
        process_hash=process.content_hash,
        process_text=process.text,
        process_path=path,
        rollout_name=name,
    )
    return setup, plan


def read_plan(plan_text: str, path: str, name: str) -> RolloutPlan:
    """Return the rollout part of an edited process file that `name` says, as at the start.

    Raises ProcessFileError, NotFoundError for a rollout that the file does not have.
    """
    plan = choose_plan(parse_process(plan_text, path), name, "an edit needs the stages as they should be")
    check_strategy(plan, path, name)
    return plan


def flag_setup(process: Process, service: str, name: str) -> RolloutSetup:
    """Return what a rollout by flag keeps of its process: it starts nothing and has no ingress."""
    return RolloutSetup(
        service=Service(service, (), "", instances=0),
        ingress=nowhere(service),
        metrics=process.metrics,
        process_hash=process.content_hash,
        process_text=process.text,
        process_path=process.path,
        rollout_name=name,
    )


def find_plan(process: Process, name: str) -> RolloutPlan | None:
    """Return the rollout called `name` under `rollouts`, for "" the default one, which may be missing.

    Raises NotFoundError, with the nearest name, for one that the process does not have.
    """
    known = dict(process.rollouts)
    if not name:
        return process.rollout
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1)
        hint = f'; did you mean "{near[0]}"?' if near else ""
        has = f"its rollouts are {', '.join(known)}" if known else "it has none under `rollouts`"
        raise NotFoundError(f'{process.path} has no rollout "{name[:100]}"{hint or f": {has}"}')
    return known[name]


def choose_plan(process: Process, name: str, why: str) -> RolloutPlan:
    """Return what `find_plan` finds; `why` says what a missing one is needed for.

    Raises NotFoundError as it does, ProcessFileError when there is no default one.
    """
    plan = find_plan(process, name)
    if plan is None:
        raise ProcessFileError((f"{process.path}: rollout: missing; {why}{_names_hint(process)}",))
    return plan


def _names_hint(process: Process) -> str:
    return f"; or name one of {', '.join(dict(process.rollouts))}" if process.rollouts else ""


def check_strategy(plan: RolloutPlan, path: str, name: str = "") -> None:
    """Raise ProcessFileError for a strategy that nothing carries out yet, and for one by flag without a flag.

    `name` is the rollout's, if any.
    """
    section = f"{path}: rollouts.{name}" if name else f"{path}: rollout"
    match plan.strategy:
        case Strategy.CANARY | Strategy.BLUE_GREEN:
            return
        case Strategy.FEATURE_FLAG:
            if plan.flag is None:
                lacks = f'strategy "{plan.strategy}" drives one; add "flag: ID" beside it'
                raise ProcessFileError((f"{section}.flag: missing; {lacks}",))
        case Strategy.ROLLING | Strategy.MAINTENANCE:
            found = f'"{plan.strategy}" is checked and shown, but can\'t be started yet'
            expected = "expected canary, blue-green or feature-flag"
            raise ProcessFileError((f"{section}.strategy: {found}; {expected}",))
        case _:
            assert_never(plan.strategy)


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
        if row.setup.is_by_flag:
            continue  # it moved users, not versions
        match row.state.phase:
            case Phase.PROMOTED:
                return row.state.new
            case Phase.ROLLED_BACK | Phase.ABORTED:
                return row.state.stable
            case _:
                continue
    return None


def settle_sides(
    tx: Transaction,
    setup: RolloutSetup,
    plan: RolloutPlan,
    new: Version,
    given: str | None,
    *,
    replace_serving: bool = False,
) -> tuple[RolloutSetup, Version]:
    """Return the setup as the rollout keeps it, and what its stable side is called.

    A rollout by flag is between users with and without the flag, whatever version serves both; `given` is
    only a name there. Raises as `settle_stable` does; of a flag NotFoundError when the service has none of
    this id, IllegalMoveError when it is held off, ConflictError when everyone has it already.
    """
    service = setup.service.name
    if plan.flag is None:
        return setup, settle_stable(tx, service, new, given, replace=replace_serving)
    require_drivable(tx, service, plan.flag)
    stable = checked_version(given or f"without-{new}"[:_MAX_VERSION_CHARS], "stable version")
    if stable == new:
        raise InvalidInputError(f"both sides of the rollout are called {new}; name the stable one otherwise")
    return dataclasses.replace(setup, serving=what_serves(tx, service)), stable


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
