"""Figures and conditions in words for people."""

from __future__ import annotations

import pytest

from sluiceway.domain.process.expressions import describe, evaluate
from sluiceway.domain.process.wording import show
from sluiceway.domain.rollouts.model import Reading

NEW = {"error_rate": Reading(0.004), "p95_ms": Reading(240.4), "checkout": Reading(3.0)}
USUAL = {"p95_ms": Reading(90.0)}
STABLE = {"error_rate": Reading(0.0), "p95_ms": Reading(100.0)}


@pytest.mark.parametrize(
    ("value", "unit", "words"),
    [
        (0.004, "share", "0.4 %"), (0.00012, "share", "0.012 %"), (1.0, "share", "100 %"),
        (0.0, "share", "0 %"),
        (0.123456, "share", "12.3 %"), (240.4, "ms", "240 ms"), (3.14159, "ms", "3.14 ms"),
        (12345.6, "", "12346"),
        (5.0, "count", "5"), (4.25, "score", "4.25"), (2.0, "x", "2 times"), (10.5, "/s", "10.5/s"),
        (None, "ms", "no data"), (1e-15, "", "1e-15"), (-0.5, "share", "-50 %"),
    ],
)  # fmt: skip
def test_a_figure_is_shown_with_its_unit_and_no_more_digits_than_it_needs(
    value: float | None, unit: str, words: str
) -> None:
    assert show(value, unit) == words


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("error_rate < 0.01", "error_rate is 0.4 %, must be < 1 %"),
        ("0.01 > error_rate", "error_rate is 0.4 %, must be < 1 %"),
        ("response_time < 200", "p95_ms is 240 ms, must be < 200 ms"),
        ("p95_ms <= 1.2 * baseline.p95_ms", "p95_ms is 240 ms, must be <= 120 ms (1.2 * baseline.p95_ms)"),
        (
            "error_rate < 0.01 && p95_ms < 300",
            "error_rate is 0.4 %, must be < 1 %; p95_ms is 240 ms, must be < 300 ms",
        ),
        (
            "error_rate < 0.01 || p95_ms < 300",
            "error_rate is 0.4 %, p95_ms is 240 ms; must hold: error_rate < 0.01 || p95_ms < 300",
        ),
        ("p99_ms < 300", "no data for p99_ms; must hold: p99_ms < 300"),
    ],
)
def test_a_criterion_is_told_with_its_figures_and_what_it_must_be(expression: str, words: str) -> None:
    assert describe(evaluate(expression, NEW, STABLE), expression) == words


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("error_rate > 0.001", "error_rate is 0.4 %, over the limit of 0.1 %"),
        ("error_rate > 0.05", "error_rate is 0.4 %, limit 5 %"),
        ("p95_ms > 2 * baseline.p95_ms", "p95_ms is 240 ms, over the limit of 200 ms (2 * baseline.p95_ms)"),
        ("p95_ms < 500", "p95_ms is 240 ms, under the limit of 500 ms"),
        ("p95_ms == 240.4", "p95_ms is 240 ms, fires when == 240 ms"),
        ("p99_ms > 300", "no data for p99_ms; fires when: p99_ms > 300"),
    ],
)
def test_a_trigger_is_told_as_a_limit(expression: str, words: str) -> None:
    assert describe(evaluate(expression, NEW, STABLE), expression, breach=True) == words


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("p95_ms > 2 * history.p95_ms", "p95_ms is 240 ms, over the limit of 180 ms (2 * usual p95_ms)"),
        ("history.p95_ms < 500", "usual p95_ms is 90 ms, under the limit of 500 ms"),
        (
            "p95_ms > 2 * history.p95_ms || p95_ms > checkout",
            (
                "p95_ms is 240 ms, usual p95_ms is 90 ms, checkout is 3; "
                "fires when: p95_ms > 2 * history.p95_ms || p95_ms > checkout"
            ),
        ),
        (
            "error_rate > 2 * history.error_rate",
            (
                "no data for usual error_rate (it takes an hour of history); "
                "fires when: error_rate > 2 * history.error_rate"
            ),
        ),
    ],
)
def test_what_stables_own_history_says_is_called_usual(expression: str, words: str) -> None:
    assert describe(evaluate(expression, NEW, STABLE, USUAL), expression, breach=True) == words


def test_a_process_tells_the_unit_of_its_own_metrics() -> None:
    words = describe(evaluate("checkout < 5", NEW, {}), "checkout < 5", {"checkout": "s"})

    assert words == "checkout is 3 s, must be < 5 s"
