"""Which bounds a plan's triggers set on a metric, to draw as lines and to show beside figures.

Plain comparisons with a number are fixed bounds (`error_rate > 0.05`); one that moves with the stable
version (`p95_ms > 2.0 * baseline.p95_ms`) is a factor. The statistical comparison has bounds of its own.
Judging is `domain.rollouts`' business, not done here.
"""

from __future__ import annotations

import re

from sluiceway.domain.process.plan import RolloutPlan

_NUMBER = r"[0-9]+(?:\.[0-9]+)?(?:e-?[0-9]+)?"
_COMPARISON = re.compile(
    rf"(?<![\w.])(?P<metric>[A-Za-z_]\w*)\s*(?P<sign>[<>])=?\s*(?P<bound>{_NUMBER})(?![\w.])(?!\s*[*/+-])"
)
_RELATIVE = re.compile(
    rf"(?<![\w.])(?P<metric>[A-Za-z_]\w*)\s*>=?\s*"
    rf"(?:(?P<factor>{_NUMBER})\s*\*\s*baseline\.(?P=metric)|baseline\.(?P=metric)\s*\*\s*(?P<after>{_NUMBER}))"
    r"(?![\w.])(?!\s*[*/+-])"
)
# Figures made of both versions' readings of one metric, and what a bound on them means as a factor.
_DERIVED = {
    "performance_degradation": ("p95_ms", 1.0),
    "response_time_ratio": ("p95_ms", 0.0),
    "error_rate_ratio": ("error_rate", 0.0),
}


def fixed_limits(plan: RolloutPlan) -> dict[str, float]:
    """Return the tightest fixed bound per metric: the lowest `>` bound, else the highest `<` bound."""
    upper: dict[str, float] = {}
    lower: dict[str, float] = {}
    for trigger in plan.triggers:
        for match in _COMPARISON.finditer(trigger.expression):
            metric, bound = match["metric"], float(match["bound"])
            if match["sign"] == ">":
                upper[metric] = min(bound, upper.get(metric, bound))
            else:
                lower[metric] = max(bound, lower.get(metric, bound))
    return lower | upper


def relative_limits(plan: RolloutPlan) -> dict[str, float]:
    """Return the tightest bound per metric that is a multiple of the stable version's figure."""
    factors: dict[str, float] = {}
    for trigger in plan.triggers:
        found = [
            (match["metric"], float(match["factor"] or match["after"]))
            for match in _RELATIVE.finditer(trigger.expression)
        ]
        for match in _COMPARISON.finditer(trigger.expression):
            if match["metric"] in _DERIVED and match["sign"] == ">":
                metric, more = _DERIVED[match["metric"]]
                found.append((metric, more + float(match["bound"])))
        for metric, factor in found:
            factors[metric] = min(factor, factors.get(metric, factor))
    return factors


def compared_limits(plan: RolloutPlan) -> dict[str, float]:
    """Return the ratios to which the comparison holds each metric, named as in a `SeriesView`."""
    if plan.analysis is None:
        return {}
    limits: dict[str, float] = {}
    for metric in plan.analysis.metrics:
        limits[f"analysis.{metric.name}.margin"] = metric.margin
        limits[f"analysis.{metric.name}.sound_margin"] = metric.sound_margin
    return limits
