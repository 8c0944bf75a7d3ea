"""The `analysis` of a rollout: how both versions are compared statistically, and what follows from it.

One metric of it is the business of `analysed_metrics`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from sluiceway.config import analysis_vocabulary as vocabulary
from sluiceway.config import shapes, values
from sluiceway.config.analysed_metrics import (
    ForAll,
    read_analysed_metrics,
    read_effect,
    read_minimum_data,
    read_ratio,
    read_stale,
    take,
    with_defaults,
)
from sluiceway.config.sections import Fields
from sluiceway.config.tree import Value
from sluiceway.domain.process.comparable import default_analysis, has_both_versions
from sluiceway.domain.process.conditions import NO_REGRESSION
from sluiceway.domain.process.durations import show_duration
from sluiceway.domain.process.plan import (
    Analysis,
    CriterionKind,
    MetricSpec,
    RolloutPlan,
    Service,
    Stage,
    UsualNoise,
)

LEAST_INTERVAL_S, MOST_INTERVAL_S = 0.5, 60.0


def analysis_of_plan(
    fields: Fields, steps: tuple[Stage, ...], own: Mapping[str, MetricSpec]
) -> Analysis | None:
    """Return the analysis of a rollout, the default one when a criterion needs one and none stands there."""
    value = fields.get("analysis")
    asking = [stage for stage in steps if any(c.kind is CriterionKind.ANALYSIS for c in stage.criteria)]
    if value is None and not asking:
        return None
    analysis = read_analysis(value, own) if value else default_analysis()
    place = value or fields.value
    if value is None:
        names = " and ".join(metric.name for metric in analysis.metrics)
        place.note(
            f"{NO_REGRESSION} needs an analysis and there is none, so {names} are compared, "
            "with the defaults; write analysis to change them"
        )
    if _are_whole(fields):
        _check_stages(fields, place, steps, asking)
    return analysis


def _are_whole(fields: Fields) -> bool:
    """Return whether all stages were read: what is missing must not be held against the rest."""
    lists = tuple(fields.path(name) for name in ("stages", "progression"))
    return not any(problem.path.startswith(lists) for problem in fields.value.findings.problems)


def _check_stages(fields: Fields, place: Value, steps: tuple[Stage, ...], asking: list[Stage]) -> None:
    first = next((index for index, stage in enumerate(steps) if has_both_versions(stage)), None)
    if steps and first is None:
        what = "" if fields.get("analysis") else f"asks for {NO_REGRESSION}, but "
        place.problem(
            f"{what}no stage has users on both versions, so they can't be compared; "
            "expected a stage with a weight between 0 and 100 %"
        )
        return
    for stage in asking:
        if first is not None and steps.index(stage) < first:
            fields.at("stages").problem(
                f'stage "{stage.id}" asks for {NO_REGRESSION} before any stage has users on both versions, '
                "so it could never pass; expected it later"
            )
    for stage in steps:
        if stage.audience:
            place.note(
                f'stage "{stage.id}" has an audience: users who were chosen, not drawn, may differ by '
                "themselves, so read a difference there with a grain of salt"
            )


def note_one_instance(value: Value, service: Service, plan: RolloutPlan) -> None:
    """Note that one instance tells nothing of how much instances differ, where that is to be learned."""
    analysis = plan.analysis
    is_learned = analysis is not None and any(
        analysis.noise_of(metric) is UsualNoise.LEARNED for metric in analysis.metrics
    )
    if is_learned and service.instances == 1:
        place = next((entry for key, entry in value.entries() if key.raw == "instances"), value)
        place.note(
            "has one instance, which tells nothing of how much equally good instances differ, so the "
            "analysis asks a person instead of rolling back; run 2 or more, or write noise: independent "
            "where traffic is generated"
        )


def read_analysis(value: Value, own: Mapping[str, MetricSpec]) -> Analysis:
    """Return the analysis, with its defaults where it has problems."""
    fields = vocabulary.ANALYSIS.read(value)
    default = default_analysis()
    if not fields.is_mapping:
        return default
    usual = ForAll()
    requests, bad = read_minimum_data(fields, usual.min_requests, usual.min_bad)
    for_all = ForAll(
        margin=take(fields, "margin", read_ratio, usual.margin),
        sound_margin=take(fields, "sound_margin", read_ratio, usual.sound_margin),
        min_effect=take(fields, "minimum_effect", read_effect, usual.min_effect),
        min_requests=requests,
        min_bad=bad,
        is_stale_told=fields.get("stale") is not None,
    )
    metrics_value = fields.get("metrics")
    metrics = read_analysed_metrics(metrics_value, own, for_all) if metrics_value else ()
    is_early, after_s = _promote_early(fields, default)
    analysis = replace(
        default,
        metrics=metrics or tuple(with_defaults(metric, for_all) for metric in default.metrics),
        alpha=take(fields, "alpha", _chance, default.alpha),
        beta=take(fields, "beta", _chance, default.beta),
        on_regression=take(
            fields,
            "on_regression",
            lambda word: values.choice(word, shapes.ACTIONS),
            default.on_regression,
        ),
        on_no_data=take(
            fields, "on_no_data", lambda word: values.choice(word, shapes.INCONCLUSIVE), default.on_no_data
        ),
        promote_early=is_early,
        min_bake_s=after_s,
        stale_s=take(fields, "stale", read_stale, default.stale_s),
        interval_s=take(
            fields,
            "interval",
            lambda time: values.duration(time, least_s=LEAST_INTERVAL_S, most_s=MOST_INTERVAL_S),
            default.interval_s,
        ),
        noise=take(fields, "noise", lambda word: values.choice(word, shapes.NOISES), default.noise),
    )
    _check_stale(fields, analysis)
    return analysis


def _check_stale(fields: Fields, analysis: Analysis) -> None:
    least_s = 2 * analysis.interval_s
    hasty = [metric for metric in analysis.metrics if analysis.stale_of(metric) < least_s]
    if hasty:
        place = fields.at("stale") if fields.get("stale") else fields.value
        place.problem(
            f"{hasty[0].name} would be called silent after {show_duration(analysis.stale_of(hasty[0]))}, "
            f"expected a stale of at least {show_duration(least_s)}, two intervals"
        )


def _chance(value: Value) -> float | None:
    return values.share(value, most_percent=vocabulary.MOST_CHANCE_PERCENT)


def _promote_early(fields: Fields, default: Analysis) -> tuple[bool, float]:
    value = fields.get("promote_early")
    if value is None:
        return default.promote_early, default.min_bake_s
    if value.is_scalar:
        return values.truth(value) is True, default.min_bake_s
    inner = vocabulary.PROMOTE_EARLY.read(value)
    return inner.is_mapping, take(inner, "after", values.duration, default.min_bake_s)
