"""Which fixed bounds a plan's triggers set on a metric, to draw as lines and to show beside figures.

Only plain comparisons with a number are bounds (`error_rate > 0.05`); one that moves with the stable
version (`p95_ms > 2.0 * baseline.p95_ms`) is not. Judging is `domain.rollouts`' business, not done here.
"""

from __future__ import annotations

import re

from sluiceway.domain.process.plan import RolloutPlan

_NUMBER = r"[0-9]+(?:\.[0-9]+)?(?:e-?[0-9]+)?"
_COMPARISON = re.compile(
    rf"(?<![\w.])(?P<metric>[A-Za-z_]\w*)\s*(?P<sign>[<>])=?\s*(?P<bound>{_NUMBER})(?![\w.])(?!\s*[*/+-])"
)


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
