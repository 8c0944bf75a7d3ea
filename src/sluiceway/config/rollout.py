"""The `rollout` section, and `canary_deployment`, which says the same in sentences."""

from __future__ import annotations

import re

from sluiceway.config import shapes, stages, values, vocabulary
from sluiceway.config.analysis import analysis_of_plan
from sluiceway.config.driven_flags import check_driven, read_flag
from sluiceway.config.judgements import Judge
from sluiceway.config.sections import Fields
from sluiceway.config.tree import Value
from sluiceway.domain.process.durations import DURATION_PATTERN, parse_duration, parse_weight_bp, show_weight
from sluiceway.domain.process.plan import (
    FULL_WEIGHT_BP,
    Action,
    Criterion,
    RolloutPlan,
    SmokeCheck,
    Stage,
    Strategy,
    Trigger,
)
from sluiceway.errors import InvalidInputError

BLUE_GREEN_KEEP_OLD_S = 86_400.0
GRADUAL_STEP_S = 30.0
ROLLBACKS = frozenset({Action.IMMEDIATE, Action.GRADUAL, Action.EMERGENCY})

_STEP = re.compile(
    rf"\s*(?P<weight>[^%\s]+\s*(?:%|percent))\s*(?:(?:of\s+\w+\s+)?for\s+(?P<time>{DURATION_PATTERN})|(?P<if>if\s+.+))?\s*",
    re.IGNORECASE,
)


def read_rollout(value: Value, judge: Judge) -> RolloutPlan | None:
    """Return the plan of a `rollout` section, None when it has none to give."""
    fields = vocabulary.ROLLOUT.read(value)
    if not fields.is_mapping:
        return None
    feature, strategy_value, stages_value = (
        fields.get("feature"),
        fields.get("strategy"),
        fields.get("stages"),
    )
    if feature:
        values.text(feature)
    strategy = values.choice(strategy_value, shapes.STRATEGIES) if strategy_value else Strategy.CANARY
    strategy = strategy or Strategy.CANARY
    if stages_value:
        steps = stages.read_stages(stages_value, strategy, judge)
    else:
        steps = stages.default_stages(strategy)
        if not steps:
            value.problem(
                '"stages" is missing, expected the steps of the rollout, each with a weight and a duration'
            )
    return _plan(fields, strategy, steps, judge)


def _usual_keep_old_s(strategy: Strategy) -> float:
    return BLUE_GREEN_KEEP_OLD_S if strategy is Strategy.BLUE_GREEN else 0.0


def _plan(fields: Fields, strategy: Strategy, steps: tuple[Stage, ...], judge: Judge) -> RolloutPlan:
    triggers, is_automatic, step_s = _triggers(fields, judge)
    smoke_value, keep_value = fields.get("smoke"), fields.get("keep_old")
    smoke = _smoke(smoke_value) if smoke_value else ()
    keep_s = values.duration(keep_value) if keep_value else _usual_keep_old_s(strategy)
    analysis = analysis_of_plan(fields, steps, judge.own)
    flag = read_flag(fields, strategy)
    check_driven(fields, flag, steps, smoke, analysis)
    if not triggers and (analysis is None or analysis.on_regression not in ROLLBACKS):
        has_criteria = any(stage.criteria for stage in steps)
        none = "no triggers" if has_criteria else "no criteria and no triggers"
        fields.value.note(f"has {none}, so nothing rolls back by itself")
    return RolloutPlan(strategy, steps, triggers, smoke, keep_s or 0.0, step_s, is_automatic, analysis, flag)


def _triggers(fields: Fields, judge: Judge) -> tuple[tuple[Trigger, ...], bool, float]:
    triggers_value, rollback_value = fields.get("triggers"), fields.get("rollback")
    triggers = judge.triggers(triggers_value) if triggers_value else ()
    is_automatic, step_s = True, GRADUAL_STEP_S
    if rollback_value:
        rollback = vocabulary.ROLLBACK.read(rollback_value)
        automatic, conditions, step = (
            rollback.get("automatic"),
            rollback.get("conditions"),
            rollback.get("step"),
        )
        is_automatic = values.truth(automatic) is not False if automatic else True
        triggers = (*triggers, *(judge.triggers(conditions) if conditions else ()))
        found_s = values.duration(step) if step else GRADUAL_STEP_S
        step_s = GRADUAL_STEP_S if found_s is None else found_s
    return triggers, is_automatic, step_s


def _smoke(value: Value) -> tuple[SmokeCheck, ...]:
    found: list[SmokeCheck] = []
    for item in value.items():
        if item.is_scalar:
            path = values.url_path(item)
            if path is not None:
                found.append(SmokeCheck(path))
            continue
        fields = vocabulary.SMOKE.read(item)
        path_value, status_value = fields.get("path"), fields.get("status")
        contains_value, timeout_value = fields.get("contains"), fields.get("timeout")
        path = values.url_path(path_value) if path_value else None
        status = values.whole(status_value, least=100, most=599) if status_value else 200
        contains = values.text(contains_value) if contains_value else ""
        timeout_s = values.duration(timeout_value, least_s=0.01, most_s=300) if timeout_value else 5.0
        if path is not None and status is not None and contains is not None and timeout_s is not None:
            found.append(SmokeCheck(path, status, contains, timeout_s))
    return tuple(found)


def read_canary_deployment(value: Value, judge: Judge) -> RolloutPlan | None:
    """Return the plan of a `canary_deployment` section: the same criteria for every step."""
    fields = vocabulary.CANARY.read(value)
    if not fields.is_mapping:
        return None
    strategy, criteria_value, period = (
        fields.get("strategy"),
        fields.get("success_criteria"),
        fields.get("monitoring_period"),
    )
    if strategy:
        values.text(strategy)
    criteria = judge.criteria(criteria_value) if criteria_value else ()
    period_s = values.duration(period) if period else None
    steps_value, routing_value = fields.get("progression"), fields.get("traffic_routing")
    steps = _progression(steps_value, criteria, period_s) if steps_value else ()
    if routing_value:
        _check_routing(routing_value, steps)
    return _plan(fields, Strategy.CANARY, steps, judge)


def _progression(value: Value, criteria: tuple[Criterion, ...], period_s: float | None) -> tuple[Stage, ...]:
    items = value.items()
    if value.is_list and not items:
        value.problem('found no step, expected at least one such as "5% for 24 hours"')
    found: list[Stage] = []
    is_complete = True
    for item in items:
        stage = _step(item, criteria, period_s)
        if stage is None:
            is_complete = False
            continue
        if found and stage.weight_bp <= found[-1].weight_bp:
            before = show_weight(found[-1].weight_bp)
            item.problem(
                f"{show_weight(stage.weight_bp)} is not more than the {before} of the step before, "
                "expected growing weights"
            )
        found.append(stage)
    return stages.ending_at_full_weight(tuple(found), value) if found and is_complete else tuple(found)


def _step(value: Value, criteria: tuple[Criterion, ...], period_s: float | None) -> Stage | None:
    text = values.text(value, what='a step such as "5% for 24 hours"')
    if text is None:
        return None
    match = _STEP.fullmatch(text)
    if match is None:
        value.expected('a step such as "5% for 24 hours" or "100% if all metrics pass"')
        return None
    try:
        weight_bp = parse_weight_bp(match["weight"])
        duration_s = parse_duration(match["time"]) if match["time"] else period_s
    except InvalidInputError as problem:
        value.problem(str(problem))
        return None
    if weight_bp == 0:
        value.problem("0 % reaches nobody, expected a weight")
        return None
    if weight_bp == FULL_WEIGHT_BP and not match["time"]:
        duration_s = 0.0
    if duration_s is None:
        value.problem('names no time, expected one such as "5% for 24 hours", or a monitoring_period')
        return None
    return Stage(f"canary-{show_weight(weight_bp).removesuffix(' %')}", weight_bp, duration_s, criteria)


def _check_routing(value: Value, steps: tuple[Stage, ...]) -> None:
    fields = vocabulary.ROUTING.read(value)
    canary_value, stable_value = fields.get("canary"), fields.get("stable")
    canary_bp = values.weight_bp(canary_value) if canary_value else None
    stable_bp = values.weight_bp(stable_value) if stable_value else None
    if canary_bp is not None and stable_bp is not None and canary_bp + stable_bp != FULL_WEIGHT_BP:
        total = show_weight(canary_bp + stable_bp)
        value.problem(f"canary and stable sum to {total}, expected 100 %")
    if canary_value and canary_bp is not None and steps and canary_bp != steps[0].weight_bp:
        first = show_weight(steps[0].weight_bp)
        canary_value.problem(f"{show_weight(canary_bp)} is not where progression begins, expected {first}")
