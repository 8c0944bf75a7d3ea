"""The bounds that triggers set, as lines of a plot."""

from __future__ import annotations

import pytest

from sluiceway.domain.process.plan import Action, Trigger
from sluiceway.services.limits import fixed_limits, relative_limits
from tests.unit.domain.rollouts.world import a_plan


@pytest.mark.parametrize(
    ("expressions", "factors"),
    [
        (("p95_ms > 2.0 * baseline.p95_ms",), {"p95_ms": 2.0}),
        (("p95_ms >= baseline.p95_ms * 1.5",), {"p95_ms": 1.5}),
        (("p95_ms > 3.0 * baseline.p95_ms", "p95_ms > 2.0 * baseline.p95_ms"), {"p95_ms": 2.0}),
        (("errors >= 5.0 && error_rate > 4.0 * baseline.error_rate",), {"error_rate": 4.0}),
        (("performance_degradation > 0.2",), {"p95_ms": 1.2}),
        (("error_rate_ratio > 3.0",), {"error_rate": 3.0}),
        (("error_rate > 0.05",), {}),
        (("p95_ms > 2.0 * history.p95_ms",), {}),
        (("p95_ms > 2.0 * baseline.p99_ms",), {}),
        (("p95_ms > 2.0 * baseline.p95_ms + 50.0",), {}),
    ],
)
def test_a_multiple_of_the_stable_version_s_figure_is_a_relative_limit(
    expressions: tuple[str, ...], factors: dict[str, float]
) -> None:
    triggers = tuple(Trigger(text, text, text, Action.IMMEDIATE) for text in expressions)

    assert relative_limits(a_plan(triggers=triggers)) == pytest.approx(factors)


@pytest.mark.parametrize(
    ("expression", "limits"),
    [
        ("error_rate > 0.05", {"error_rate": 0.05}),
        ("p95_ms > 2.0 * history.p95_ms", {}),
        ("history.p95_ms > 900.0", {}),
        ("p95_ms > history.p95_ms", {}),
        ("p95_ms > 500.0 && p95_ms > 2.0 * history.p95_ms", {"p95_ms": 500.0}),
    ],
)
def test_a_bound_that_moves_with_what_is_usual_is_no_line(expression: str, limits: dict[str, float]) -> None:
    trigger = Trigger(expression, expression, expression, Action.IMMEDIATE)

    assert fixed_limits(a_plan(triggers=(trigger,))) == limits
