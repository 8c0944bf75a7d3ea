"""Triggers: conditions that must hold for a while without a gap before they act.

Tracks since when each is in breach; what a fired trigger does is the business of `decision`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sluiceway.domain.process.expressions import Verdict
from sluiceway.domain.process.plan import Trigger
from sluiceway.domain.rollouts.judging import baseline_of, judge_expression
from sluiceway.domain.rollouts.model import Breach, Observation, RolloutState


@dataclass(frozen=True, slots=True)
class Fired:
    """A trigger whose condition held for its whole window."""

    trigger: Trigger
    since: datetime
    found: str
    figures: tuple[tuple[str, float | None], ...]


def track(state: RolloutState, seen: Observation, now: datetime) -> tuple[RolloutState, tuple[Fired, ...]]:
    """Return the state with its breaches brought up to date and the triggers that fire now.

    A sample in breach starts or continues a breach, one that is fine ends it. Missing data does neither: it
    can't fire a trigger and can't clear one. A muted trigger stays silent until a sample is fine again.
    """
    if seen.sample == state.last_sample:
        return state, ()
    breaches = {breach.trigger_id: breach for breach in state.breaches}
    muted = set(state.muted)
    fired: list[Fired] = []
    for trigger in state.plan.triggers:
        evaluation, found = judge_expression(
            trigger.expression,
            seen.new,
            baseline_of(state, seen.stable),
            seen.history,
            min_requests=trigger.min_requests,
            is_trigger=True,
        )
        match evaluation.verdict:
            case Verdict.NO_DATA:
                continue
            case Verdict.NOT_MET:
                breaches.pop(trigger.id, None)
                muted.discard(trigger.id)
            case Verdict.MET:
                breach = _continued(breaches.get(trigger.id), trigger, seen.sample, now)
                breaches[trigger.id] = breach
                if trigger.id not in muted and _is_long_enough(breach, trigger, now):
                    fired.append(Fired(trigger, breach.since, found, evaluation.figures))
    order = [trigger.id for trigger in state.plan.triggers]
    kept = tuple(breaches[trigger_id] for trigger_id in order if trigger_id in breaches)
    return replace(state, breaches=kept, muted=tuple(sorted(muted))), tuple(fired)


def _continued(breach: Breach | None, trigger: Trigger, sample: int, now: datetime) -> Breach:
    if breach is None:
        return Breach(trigger.id, now, 1, sample)
    return replace(breach, samples=breach.samples + 1, last_sample=sample)


def _is_long_enough(breach: Breach, trigger: Trigger, now: datetime) -> bool:
    lasted = now - breach.since
    return breach.samples >= trigger.min_samples and lasted >= timedelta(seconds=trigger.window_s)
