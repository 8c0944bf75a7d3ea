"""From a rollout's state and what was measured to what people see. Pure: everything comes in as arguments.

What it means is said by `domain.rollouts.explain`; this module only puts it into the shape of `views`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from sluiceway.domain.audit.chain import AuditEntry
from sluiceway.domain.process.expressions import Verdict
from sluiceway.domain.process.metrics import unit_of
from sluiceway.domain.process.plan import Audience, Criterion, CriterionKind, Ingress, Stage, Version
from sluiceway.domain.rollouts.commands import possible_commands
from sluiceway.domain.rollouts.explain import explain
from sluiceway.domain.rollouts.judging import judge_criterion
from sluiceway.domain.rollouts.model import (
    CommandKind,
    Observation,
    Phase,
    RolloutState,
    SplitSeen,
    VersionHealth,
)
from sluiceway.domain.rollouts.moves import approval_words, current_stage
from sluiceway.domain.rollouts.progress import stage_time_left_s
from sluiceway.ports.store import RolloutRow, SamplePoint
from sluiceway.services.analysis_view import render_analysis
from sluiceway.services.limits import compared_limits, fixed_limits, relative_limits
from sluiceway.services.views import (
    AuditView,
    CriterionView,
    DecisionView,
    ExplanationView,
    MetricView,
    RolloutSummary,
    RolloutView,
    SeriesView,
    StageView,
    TriggerView,
)

MAX_DECISIONS = 50
ASKED_PREFIX = "asked-"  # audit kinds of people's acts; what became of them is its own entry
_EVERYONE_ON_NEW = frozenset({Phase.KEEPING, Phase.FINISHING, Phase.PROMOTED})
_VERDICT_WORDS = {Verdict.MET: "met", Verdict.NOT_MET: "not-met", Verdict.NO_DATA: "no-data"}
_ON_THE_WAY_BACK = frozenset({Phase.ROLLING_BACK, Phase.ROLLED_BACK, Phase.ABORTED})


def render_summary(row: RolloutRow, observation: Observation | None, now: datetime) -> RolloutSummary:
    state = row.state
    return RolloutSummary(
        id=row.id,
        service=row.setup.service.name,
        strategy=state.plan.strategy.value,
        stable=state.stable,
        new=state.new,
        phase=state.phase.value,
        is_finished=state.phase.is_terminal,
        weight_percent=state.weight_bp / 100,
        stage=_stage_name(state),
        headline=explain(state, observation or Observation(), now).headline,
        created_at=row.created_at,
        created_by=row.created_by,
        finished_at=state.finished_at,
        outcome=state.outcome,
    )


def render_view(
    row: RolloutRow,
    observation: Observation | None,
    entries: Iterable[AuditEntry],
    *,
    now: datetime,
    speed: float,
    notices: Sequence[str] = (),
) -> RolloutView:
    """Return everything about one rollout. `entries` are its audit entries, oldest first."""
    state = row.state
    seen = observation if observation is not None else Observation()
    decisions = [_decision(entry) for entry in entries if not entry.content.kind.startswith(ASKED_PREFIX)]
    return RolloutView(
        summary=render_summary(row, observation, now),
        version=row.version,
        explanation=render_explanation(state, observation, now),
        stages=tuple(
            _stage(state, index, stage, observation, now) for index, stage in enumerate(state.plan.stages)
        ),
        triggers=_triggers(state),
        metrics=_metrics(row, seen),
        weight_asked_percent=state.weight_bp / 100,
        weight_observed_percent=_observed_percent(state, seen.traffic),
        stage_time_left_s=_time_left_s(state, now),
        speed=speed,
        process_now=now,
        new_ready=_ready(observation.new_health if observation else None),
        stable_ready=_ready(observation.stable_health if observation else None),
        ingress=_address(row.setup.ingress),
        actions=tuple(possible_actions(state)),
        decisions=tuple(reversed(decisions[-MAX_DECISIONS:])),
        problems=(*notices, *seen.problems),
        analysis=render_analysis(state, seen),
    )


def render_explanation(
    state: RolloutState, observation: Observation | None, now: datetime
) -> ExplanationView:
    found = explain(state, observation or Observation(), now)
    return ExplanationView(
        headline=found.headline,
        since=found.since,
        waits_for=tuple(found.waits_for),
        on_whom=tuple(found.on_whom),
        next=found.next,
        compared=found.compared,
        doubts=found.doubts,
        early=found.early,
    )


def render_audit(entry: AuditEntry) -> AuditView:
    content = entry.content
    return AuditView(
        seq=entry.seq,
        at=content.at,
        process_at=content.process_at,
        actor=content.actor,
        kind=content.kind,
        subject=content.subject,
        why=content.why,
        figures=dict(content.figures),
        hash=entry.hash,
    )


def render_series(points: Sequence[SamplePoint], state: RolloutState) -> SeriesView:
    """Return plots with one value per instant and figure; None where a figure was not there."""
    names = sorted({name for point in points for name in point.figures})
    return SeriesView(
        at=tuple(point.at.timestamp() for point in points),
        figures={name: tuple(point.figures.get(name) for point in points) for name in names},
        limits=fixed_limits(state.plan) | compared_limits(state.plan),
        relative_limits=relative_limits(state.plan),
    )


def possible_actions(state: RolloutState) -> list[str]:
    """Return the acts possible now; a failed rollout can be tried again as a new one."""
    if state.phase in {Phase.ROLLED_BACK, Phase.ABORTED}:
        return [CommandKind.RETRY.value]
    return [kind.value for kind in possible_commands(state)]


def _stage_name(state: RolloutState) -> str:
    stage = current_stage(state)
    return stage.id if stage else ""


def _stage(
    state: RolloutState, index: int, stage: Stage, observation: Observation | None, now: datetime
) -> StageView:
    status = _stage_status(state, index)
    is_judged = status == "current" and state.phase not in _ON_THE_WAY_BACK
    return StageView(
        id=stage.id,
        weight_percent=stage.weight_bp / 100,
        duration_s=stage.duration_s,
        status=status,
        audience=tuple(_audience_in_words(audience) for audience in stage.audience),
        approval=approval_words(stage),
        criteria=tuple(
            _criterion(criterion, stage, state, (observation or Observation()) if is_judged else None)
            for criterion in stage.criteria
        ),
        progress=_progress(state, status, stage, now),
    )


def _stage_status(state: RolloutState, index: int) -> str:
    if state.phase in _EVERYONE_ON_NEW or index < state.stage_index:
        return "done"
    if index == state.stage_index and state.phase is not Phase.PREPARING:
        return "current"
    return "skipped" if state.phase in _ON_THE_WAY_BACK else "waiting"


def _criterion(
    criterion: Criterion, stage: Stage, state: RolloutState, seen: Observation | None
) -> CriterionView:
    """Return a criterion with its answer; `seen` is None for a stage that is not being judged now."""
    if seen is None and criterion.kind is not CriterionKind.MANUAL:
        return CriterionView(criterion.text, criterion.kind.value, "no-data", "")
    judged = judge_criterion(criterion, stage, state, seen or Observation())
    match criterion.kind:
        case CriterionKind.MANUAL:
            verdict = "attested" if judged.verdict is Verdict.MET else "waits-for-person"
        case CriterionKind.EXPRESSION | CriterionKind.ANALYSIS:
            verdict = _VERDICT_WORDS[judged.verdict]
    return CriterionView(criterion.text, criterion.kind.value, verdict, judged.found)


def _progress(state: RolloutState, status: str, stage: Stage, now: datetime) -> float:
    if status != "current":
        return 1.0 if status == "done" else 0.0
    if stage.duration_s <= 0:
        return 1.0 if state.stage_entered_at else 0.0
    left_s = stage_time_left_s(state, now)
    return 0.0 if left_s is None else max(0.0, min(1.0, 1 - left_s / stage.duration_s))


def _time_left_s(state: RolloutState, now: datetime) -> float | None:
    if state.phase is Phase.KEEPING and state.keep_until is not None:
        return max(0.0, (state.keep_until - now).total_seconds())
    if state.phase not in {Phase.PROGRESSING, Phase.PAUSED}:
        return None
    left_s = stage_time_left_s(state, now)
    return None if left_s is None else max(0.0, left_s)


def _triggers(state: RolloutState) -> tuple[TriggerView, ...]:
    since = {breach.trigger_id: breach.since for breach in state.breaches}
    return tuple(
        TriggerView(
            id=trigger.id,
            text=trigger.text,
            action=trigger.action.value,
            window_s=trigger.window_s,
            in_breach_since=since.get(trigger.id),
        )
        for trigger in state.plan.triggers
    )


def _metrics(row: RolloutRow, seen: Observation) -> tuple[MetricView, ...]:
    units = {spec.name: spec.unit for spec in row.setup.metrics}
    names = dict.fromkeys([*seen.new, *seen.stable, *units])  # in the catalogue's order, then the process's
    limits, relative = fixed_limits(row.state.plan), relative_limits(row.state.plan)
    return tuple(
        MetricView(
            name=name,
            unit=unit_of(name, units),
            new=seen.new[name].value if name in seen.new else None,
            stable=seen.stable[name].value if name in seen.stable else None,
            limit=limits.get(name),
            relative_limit=relative.get(name),
        )
        for name in names
    )


def _observed_percent(state: RolloutState, seen: SplitSeen | None) -> float | None:
    if seen is None:
        return None
    new: Version = state.new
    if seen.new == new:
        return seen.new_weight_bp / 100
    return 100.0 if seen.stable == new else 0.0


def _ready(health: VersionHealth | None) -> str:
    if health is None:
        return "unknown"
    return health.failed or f"{health.ready} of {health.wanted}"


def _address(ingress: Ingress) -> str:
    host = f"[{ingress.host}]" if ":" in ingress.host else ingress.host
    return f"http://{host}:{ingress.port}"


def _decision(entry: AuditEntry) -> DecisionView:
    content = entry.content
    return DecisionView(
        at=content.at, kind=content.kind, by=content.actor, why=content.why, figures=dict(content.figures)
    )


def _audience_in_words(audience: Audience) -> str:
    return f"{audience.kind} {audience.name} is {' or '.join(audience.values)}"
