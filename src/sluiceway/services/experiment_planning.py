"""From what a person says of an experiment to its plan, and why its figures may mislead."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from sluiceway.domain.flags.experiment_model import (
    DAY_S,
    ExperimentPlan,
    GuardAction,
    MetricPlan,
    split_of,
)
from sluiceway.domain.flags.model import Flag, Serve, Share
from sluiceway.ports.experiments import Assigned
from sluiceway.services.flag_base import MAX_ID_CHARS
from sluiceway.services.texts import prose

_ID_CHARS: Final = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-_.")


@dataclass(frozen=True, slots=True)
class ExperimentDraft:
    """What a person says of an experiment; the split comes from the flag. Without a control, the first."""

    id: str
    environment: str
    flag: str
    metrics: tuple[MetricPlan, ...]
    guards: tuple[MetricPlan, ...] = ()
    control: str = ""
    alpha: float = 0.05
    window_s: float = DAY_S
    on_guard: GuardAction = GuardAction.ASK
    max_subjects: int = 200_000
    title: str = ""


def plan_of(service: str, draft: ExperimentDraft, flag: Flag) -> ExperimentPlan:
    plan = ExperimentPlan(
        id=draft.id,
        service=service,
        environment=draft.environment,
        flag=draft.flag,
        split=(),
        control=draft.control or (flag.experiment.control if flag.experiment else ""),
        metrics=draft.metrics,
        guards=draft.guards,
        alpha=draft.alpha,
        window_s=draft.window_s,
        on_guard=draft.on_guard,
        max_subjects=draft.max_subjects,
        title=prose(draft.title, "the title"),
    )
    return with_split(plan, flag)


def with_split(plan: ExperimentPlan, flag: Flag) -> ExperimentPlan:
    """Return the plan with the flag's split as it is; an empty one where it has none or several."""
    serve = split_of(flag)
    split = _weighed(serve)
    if serve is None:
        return replace(plan, split=split)
    return replace(
        plan,
        split=split,
        control=plan.control or (split[0].variant if split else ""),
        salt=serve.salt or flag.salt or flag.id,
    )


def _weighed(serve: Serve | None) -> tuple[Share, ...]:
    return tuple(share for share in serve.split if share.weight > 0) if serve is not None else ()


def id_problems(experiment: str) -> tuple[str, ...]:
    if len(experiment) <= MAX_ID_CHARS and not set(experiment) - _ID_CHARS:
        return ()
    return (f"use at most {MAX_ID_CHARS} of a to z, 0 to 9, '-', '_' and '.' for the id",)


def warnings_of(plan: ExperimentPlan, flag: Flag, assigned: Assigned) -> tuple[str, ...]:
    """Return why the figures of an experiment that runs may not mean what they seem to, in words."""
    found: list[str] = []
    now = split_of(flag)
    if now is None or _weighed(now) != plan.split or (now.salt or flag.salt or flag.id) != plan.salt:
        found.append(
            f"the split of {flag.id} was changed since the start: users have moved between variants, so"
            " stop this experiment and start a new one"
        )
    if not flag.is_enabled or flag.hold is not None:
        found.append(f"the flag {flag.id} is off in {plan.environment}: nobody new takes part")
    if assigned.mixed * 100 > sum(assigned.by_variant.values()) + assigned.mixed:
        found.append(
            f"more than 1 in 100 users ({assigned.mixed:,}) were seen with several variants and count for"
            " none: is their key the same everywhere?"
        )
    return tuple(found)
