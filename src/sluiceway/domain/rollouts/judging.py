"""What the figures say: a stage's criteria and the plan's triggers, judged on one observation.

Answers met, not met or no data; what follows from the answer is the business of `progress` and `triggers`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from sluiceway.domain.analysis.verdict import NoRegressionWithinMargin, Regression
from sluiceway.domain.process.expressions import Evaluation, Verdict, describe, evaluate
from sluiceway.domain.process.plan import FULL_WEIGHT_BP, Criterion, CriterionKind, Stage
from sluiceway.domain.rollouts.analysing import Found, figures_of, find
from sluiceway.domain.rollouts.model import Observation, Reading, RolloutState


@dataclass(frozen=True, slots=True)
class Judged:
    """A criterion with its answer. `found` is the figures in words; `attested` names who vouched for it."""

    criterion: Criterion
    verdict: Verdict
    found: str
    figures: tuple[tuple[str, float | str | None], ...] = ()
    attested_by: str = ""


def judge_expression(
    expression: str,
    new: Mapping[str, Reading],
    stable: Mapping[str, Reading],
    history: Mapping[str, Reading],
    *,
    min_requests: int,
    is_trigger: bool = False,
) -> tuple[Evaluation, str]:
    """Return the answer and the figures in words; fewer than `min_requests` on the new version is no data."""
    evaluation = evaluate(expression, new, stable, history)
    count = evaluation.requests
    if evaluation.verdict is not Verdict.NO_DATA and count is not None and count < min_requests:
        too_few = f"only {count} of the {min_requests} requests it needs"
        return replace(evaluation, verdict=Verdict.NO_DATA, missing=(too_few,)), f"too little data: {too_few}"
    return evaluation, describe(evaluation, expression, breach=is_trigger)


def judge_criterion(criterion: Criterion, stage: Stage, state: RolloutState, seen: Observation) -> Judged:
    """Return whether one criterion of the running stage is met, on the figures since the stage began."""
    match criterion.kind:
        case CriterionKind.MANUAL:
            for attestation in state.attestations:
                if attestation.subject == criterion.text and attestation.stage_id == stage.id:
                    return Judged(
                        criterion, Verdict.MET, f"attested by {attestation.by}", attested_by=attestation.by
                    )
            return Judged(criterion, Verdict.NOT_MET, "waits for a person to attest it")
        case CriterionKind.EXPRESSION:
            evaluation, found = judge_expression(
                criterion.expression,
                seen.stage_new,
                baseline_of(state, seen.stage_stable),
                seen.history,
                min_requests=stage.min_requests,
            )
            return Judged(criterion, evaluation.verdict, found, evaluation.figures)
        case CriterionKind.ANALYSIS:
            return _judge_comparison(criterion, find(state))


def _judge_comparison(criterion: Criterion, found: tuple[Found, ...]) -> Judged:
    """Met when every metric is shown to be no worse than its margin; undecided is no data, never a pass."""
    figures = figures_of(found)
    worse = [each for each in found if isinstance(each.verdict, Regression)]
    open_ones = [each for each in found if not isinstance(each.verdict, NoRegressionWithinMargin)]
    if worse:
        return Judged(criterion, Verdict.NOT_MET, worse[0].verdict.sentence, figures)
    if open_ones:
        return Judged(criterion, Verdict.NO_DATA, open_ones[0].verdict.sentence, figures)
    if not found:
        return Judged(criterion, Verdict.NO_DATA, "the versions have not been compared yet")
    return Judged(criterion, Verdict.MET, "; ".join(each.verdict.sentence for each in found), figures)


def judge_stage(stage: Stage, state: RolloutState, seen: Observation) -> tuple[Judged, ...]:
    """Return every criterion of the stage with its answer, in the order of the process."""
    return tuple(judge_criterion(criterion, stage, state, seen) for criterion in stage.criteria)


def baseline_of(state: RolloutState, stable: Mapping[str, Reading]) -> Mapping[str, Reading]:
    """Return the stable side's figures; once it has no traffic of its own, those from when it last had."""
    if state.weight_bp < FULL_WEIGHT_BP or not state.baseline:
        return stable
    remembered = {name: Reading(value, requests) for name, value, requests in state.baseline}
    return {**stable, **remembered}


def remembered_baseline(seen: Observation) -> tuple[tuple[str, float, int | None], ...]:
    """Return the stable side's present figures in the form that a state keeps."""
    source = seen.stage_stable or seen.stable
    return tuple(
        (name, reading.value, reading.requests)
        for name, reading in sorted(source.items())
        if reading.value is not None
    )
