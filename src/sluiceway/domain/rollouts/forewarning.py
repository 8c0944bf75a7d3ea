"""What a person should know of a plan before it starts: where the comparison would be blind, or would wait.

Plain sentences about a `Foresight`. Nothing here is a fault of the process file; `config` reports those.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from sluiceway.domain.process.durations import show_weight
from sluiceway.domain.process.plan import FULL_WEIGHT_BP, Analysis, RolloutPlan, Stage, WhenInconclusive
from sluiceway.domain.rollouts.foreseeing import (
    ForeseenMetric,
    ForeseenStage,
    Foresight,
    Size,
    StageMetric,
    ratio_words,
)
from sluiceway.domain.rollouts.moves import duration_words

# A stage that hardly sees what is this many times the usual, and this bad in itself, is nearly blind.
LARGE, LARGE_RATE = 10.0, 0.01  # the rate of requests
LARGE_CRASH_RATE = 1 / 60  # of an instance, per second
_OFTEN_SILENT = 0.05  # chance of a silence as long as `stale_s`, above which it is to be expected


class Reason(StrEnum):
    """Why there is a warning; programs may rely on these words."""

    NO_ANALYSIS = "no-analysis"
    NO_COMPARISON = "no-comparison"
    NOT_FORESEEN = "not-foreseen"
    NOISE_UNKNOWN = "noise-unknown"
    RATE_ASSUMED = "rate-assumed"
    AUDIENCE_ONLY = "audience-only"
    BLIND = "blind"
    NEARLY_BLIND = "nearly-blind"
    TOO_FEW_REQUESTS = "too-few-requests"
    OFTEN_SILENT = "often-silent"
    NEVER_EARLY = "never-early"


@dataclass(frozen=True, slots=True)
class Forewarning:
    """One warning in a sentence; `stage` and `metric` are empty where it is about all of them."""

    reason: Reason
    text: str
    stage: str = ""
    metric: str = ""


def forewarn(plan: RolloutPlan, analysis: Analysis, foreseen: Foresight) -> tuple[Forewarning, ...]:
    """Return what a person should know, what concerns the whole rollout first, then stage by stage."""
    return (*_of_all(analysis, foreseen), *_of_stages(plan, analysis, foreseen))


def _of_all(analysis: Analysis, foreseen: Foresight) -> Iterator[Forewarning]:
    if not any(stage.is_compared for stage in foreseen.stages):
        yield Forewarning(
            Reason.NO_COMPARISON,
            "no stage has users on both versions, so nothing can be compared; add one with a weight between"
            " 0 % and 100 %",
        )
    if not foreseen.noise.is_learned:
        yield Forewarning(
            Reason.NOISE_UNKNOWN,
            "how much two equally good versions differ here is not known: the plan is cautious, and until it"
            " is learned a person is asked instead of a rollback",
        )
    for name in foreseen.not_foreseen:
        yield Forewarning(
            Reason.NOT_FORESEEN,
            f"{name} compares means, and how much its values vary is not known beforehand: it has no plan",
            metric=name,
        )
    for metric in foreseen.metrics:
        if metric.is_rate_assumed:
            yield Forewarning(
                Reason.RATE_ASSUMED,
                f"{metric.words} on stable are assumed at {metric.rate_words(metric.rate, 3)}; say what is"
                " usual here",
                metric=metric.name,
            )
    compared = [stage for stage in foreseen.stages if stage.is_compared]
    is_known = bool(compared) and not foreseen.not_foreseen
    if analysis.promote_early and is_known and foreseen.earliest_s >= foreseen.duration_s:
        yield Forewarning(
            Reason.NEVER_EARLY,
            "promote_early is on, but no stage has the data to show in half of its rollouts that a version is"
            " no worse before its time is up",
        )


def _of_stages(plan: RolloutPlan, analysis: Analysis, foreseen: Foresight) -> Iterator[Forewarning]:
    requests: dict[str, tuple[float, float]] = {metric.name: (0.0, 0.0) for metric in foreseen.metrics}
    for stage, found in zip(plan.stages, foreseen.stages, strict=True):
        if stage.audience and stage.weight_bp < FULL_WEIGHT_BP:
            yield _audience(stage)
        if found.is_compared:
            yield from _silent(stage, foreseen.metrics, analysis)
        for metric, seen in zip(foreseen.metrics, found.metrics, strict=found.is_compared):
            share = metric.share_of_new(found.weight_percent)
            new, stable = requests[metric.name]
            all_of_stage = metric.rps * stage.duration_s
            new, stable = new + all_of_stage * share, stable + all_of_stage * (1.0 - share)
            requests[metric.name] = new, stable
            yield from _too_few(stage, metric, analysis, new=new, stable=stable)
            yield from _blind(found, metric, seen)


def _audience(stage: Stage) -> Forewarning:
    if stage.weight_bp:
        text = (
            f"stage {stage.id} has an audience besides its {show_weight(stage.weight_bp)}: how many they are"
            " is not known, so only the weight is planned"
        )
    else:
        text = (
            f"stage {stage.id} has an audience only: how many they are is not known, so it has no plan; what"
            " it shows counts all the same"
        )
    return Forewarning(Reason.AUDIENCE_ONLY, text, stage.id)


def _too_few(
    stage: Stage, metric: ForeseenMetric, analysis: Analysis, *, new: float, stable: float
) -> Iterator[Forewarning]:
    fewest, needed = min(new, stable), metric.min_requests
    if fewest >= needed:
        return
    share = metric.share_of_new(stage.weight_bp / 100)
    rps = metric.rps * (share if new < stable else 1.0 - share)
    match analysis.on_no_data:
        case WhenInconclusive.HOLD:
            then = f"it goes on for about {duration_words((needed - fewest) / rps)} more"
        case WhenInconclusive.PAUSE:
            then = "a person must resume it"
        case WhenInconclusive.ROLLBACK:
            then = "it is rolled back"
    which = "the new version" if new < stable else "stable"
    yield Forewarning(
        Reason.TOO_FEW_REQUESTS,
        f"stage {stage.id} ends with about {_counted(fewest, metric)} on {which}, and {metric.words}"
        f" need {needed}: {then}",
        stage.id,
        metric.name,
    )


def _silent(stage: Stage, metrics: tuple[ForeseenMetric, ...], analysis: Analysis) -> Iterator[Forewarning]:
    """Warn once of metrics that are counted of the same requests."""
    stale_s = {metric.name: analysis.stale_of(metric) for metric in analysis.metrics}
    alike: dict[tuple[float, float], list[ForeseenMetric]] = {}
    for metric in metrics:
        share = metric.share_of_new(stage.weight_bp / 100)
        rps, silence_s = metric.rps * min(share, 1.0 - share), stale_s[metric.name]
        if math.exp(-rps * silence_s) >= _OFTEN_SILENT:
            alike.setdefault((rps, silence_s), []).append(metric)
    for (rps, silence_s), found in alike.items():
        yield Forewarning(
            Reason.OFTEN_SILENT,
            f"stage {stage.id} counts one every {duration_words(1.0 / rps)} on one version, for"
            f" {' and '.join(metric.words for metric in found)}: {duration_words(silence_s)} without"
            " any are no data, and with no data no stage passes",
            stage.id,
            found[0].name if len(found) == 1 else "",
        )


def _blind(stage: ForeseenStage, metric: ForeseenMetric, seen: StageMetric) -> Iterator[Forewarning]:
    traffic = f"stage {stage.stage} ({stage.weight_percent:g} % for {duration_words(stage.duration_s)})"
    if seen.here.half is None:
        yield Forewarning(
            Reason.BLIND,
            f"{traffic} has too little to see anything of {metric.words}, even if all were bad:"
            f" about {_counted(seen.requests, metric)}",
            stage.stage,
            metric.name,
        )
    elif seen.here.most is None or _is_large(seen.here.most, metric):
        size = seen.here.half
        yield Forewarning(
            Reason.NEARLY_BLIND,
            f"{traffic} sees {metric.words} only when they are {ratio_words(size.ratio)} times the usual"
            f" ({metric.rate_words(size.rate)}), and then in half of its rollouts",
            stage.stage,
            metric.name,
        )


def _is_large(size: Size, metric: ForeseenMetric) -> bool:
    return size.ratio > LARGE and size.rate > (LARGE_CRASH_RATE if metric.is_of_time else LARGE_RATE)


def _counted(count: float, metric: ForeseenMetric) -> str:
    """Return so many seconds of instances, or requests, or payments; one of them in the singular."""
    what, is_one = "seconds" if metric.is_of_time else metric.of, round(count) == 1
    counted = f"{count:.0f} {what.removesuffix('s') if is_one else what}"
    return f"{counted} of {metric.of}" if metric.is_of_time else counted
