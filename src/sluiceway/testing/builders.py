"""Small domain objects for tests: each builder gives a sensible whole, named arguments change a part.

Anything a builder has no argument for is changed with `dataclasses.replace`.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import uuid_utils

from sluiceway.domain.audit.chain import NewAuditEntry
from sluiceway.domain.process.plan import (
    Ingress,
    MetricSource,
    MetricSpec,
    RolloutPlan,
    Service,
    Stage,
    Strategy,
    Trigger,
    Version,
)
from sluiceway.domain.rollouts.model import Command, CommandKind, Phase, RolloutId, RolloutState
from sluiceway.ports.store import RolloutRow, RolloutSetup

T0 = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)  # when tests begin, unless they say otherwise


def at(seconds: float) -> datetime:
    """Return the instant this many seconds after `T0`."""
    return T0 + timedelta(seconds=seconds)


def a_rollout_id() -> RolloutId:
    return RolloutId(str(uuid_utils.uuid7()))


def a_plan(
    *weights_bp: int,
    strategy: Strategy = Strategy.CANARY,
    duration_s: float = 60.0,
    triggers: tuple[Trigger, ...] = (),
    keep_old_s: float = 0.0,
) -> RolloutPlan:
    """Return a plan with a stage for each weight (none given: 10 percent, half, everyone)."""
    stages = tuple(
        Stage(id=f"stage-{number}", weight_bp=weight_bp, duration_s=duration_s)
        for number, weight_bp in enumerate(weights_bp or (1_000, 5_000, 10_000), 1)
    )
    return RolloutPlan(strategy=strategy, stages=stages, triggers=triggers, keep_old_s=keep_old_s)


def a_state(
    *,
    plan: RolloutPlan | None = None,
    phase: Phase = Phase.PREPARING,
    stable: str = "v1",
    new: str = "v2",
    weight_bp: int = 0,
    stage_index: int = 0,
    started_at: datetime = T0,
) -> RolloutState:
    return RolloutState(
        plan=plan or a_plan(),
        stable=Version(stable),
        new=Version(new),
        phase=phase,
        started_at=started_at,
        stage_index=stage_index,
        weight_bp=weight_bp,
        since=started_at,
    )


def a_setup(
    *, service: str = "checkout", host: str = "127.0.0.1", port: int = 8080, instances: int = 1
) -> RolloutSetup:
    """Return what a rollout keeps of its process file; two of them clash on equal services or addresses."""
    return RolloutSetup(
        service=Service(
            name=service, command=("serve", "{port}", "{version}"), cwd="/srv/app", instances=instances
        ),
        ingress=Ingress(name=f"{service}-ingress", host=host, port=port),
        metrics=(MetricSpec(name="error_rate", source=MetricSource.ENVOY),),
        process_hash="0" * 64,
        process_text=f"service: {{name: {service}}}\n",
        process_path="process.yaml",
    )


def a_row(
    *,
    rollout_id: str | None = None,
    setup: RolloutSetup | None = None,
    state: RolloutState | None = None,
    due_at: datetime | None = T0,
    created_at: datetime = T0,
    created_by: str = "ann",
) -> RolloutRow:
    return RolloutRow(
        id=RolloutId(rollout_id) if rollout_id else a_rollout_id(),
        setup=setup or a_setup(),
        state=state or a_state(),
        gen=0,
        version=1,
        due_at=due_at,
        lease_until=None,
        created_at=created_at,
        created_by=created_by,
    )


def a_command(kind: CommandKind = CommandKind.PAUSE, *, by: str = "ann", reason: str = "") -> Command:
    return Command(kind=kind, by=by, at=T0, reason=reason)


def an_audit_entry(
    *,
    subject: str = "rollout-1",
    kind: str = "stage-entered",
    actor: str = "plan",
    why: str = "the stage before has passed",
    figures: tuple[tuple[str, float | str | None], ...] = (("weight_bp", 1_000),),
) -> NewAuditEntry:
    return NewAuditEntry(
        at=T0, process_at=T0, actor=actor, kind=kind, subject=subject, why=why, figures=figures
    )
