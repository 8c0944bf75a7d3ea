"""The catalogue of metrics, and figures derived from both versions."""

from __future__ import annotations

import pytest

from sluiceway.domain.process import metrics
from sluiceway.domain.process.plan import MetricSource, MetricSpec
from sluiceway.domain.process.syntax import RESERVED
from sluiceway.domain.rollouts.model import Reading


def test_names_are_unique_and_none_is_a_word_of_the_language() -> None:
    names = metrics.known_names()

    assert len(set(names)) == len(names)
    assert not set(names) & RESERVED
    assert set(metrics.ALIASES.values()) <= set(names)
    assert not set(metrics.ALIASES) & set(names)


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("errorRate", "error_rate"),
        ("responseTime", "p95_ms"),
        ("response_time_ms", "p95_ms"),
        ("p99", "p99_ms"),
        ("checkout_p99", "checkout_p99"),
    ],
)
def test_other_spellings_lead_to_the_catalogues(written: str, name: str) -> None:
    assert metrics.canonical(written) == name


def test_derived_figures_are_added_where_their_parts_have_data() -> None:
    new = {"p95_ms": Reading(150.0, 40), "user_satisfaction": Reading(3.5), "error_rate": Reading(None)}
    stable = {"p95_ms": Reading(100.0, 90), "user_satisfaction": Reading(4.0), "error_rate": Reading(0.1)}
    combined = metrics.with_derived(new, stable)

    assert combined["performance_degradation"] == Reading(0.5, 40)
    assert combined["response_time_ratio"] == Reading(1.5, 40)
    assert combined["user_satisfaction_drop"] == Reading(0.5)
    assert "error_rate_ratio" not in combined
    assert {name: combined[name] for name in new} == new


def test_derived_figures_do_not_replace_supplied_ones() -> None:
    combined = metrics.with_derived(
        {"p95_ms": Reading(150.0), "performance_degradation": Reading(0.1)}, {"p95_ms": Reading(100.0)}
    )

    assert combined["performance_degradation"] == Reading(0.1)


def test_nothing_is_derived_from_a_baseline_of_zero() -> None:
    combined = metrics.with_derived({"error_rate": Reading(0.1)}, {"error_rate": Reading(0.0)})

    assert "error_rate_ratio" not in combined
    assert combined["error_rate_increase"] == Reading(0.1)


def test_what_must_be_read_covers_the_names_the_usual_figures_and_own_metrics() -> None:
    own = (
        MetricSpec("checkout", MetricSource.PROMETHEUS),
        MetricSpec("p99_ms", MetricSource.ENVOY, window_s=60.0),
    )
    specs = {
        spec.name: spec for spec in metrics.specs_for(["baseline.p90_ms", "user_satisfaction_drop"], own)
    }

    assert {"requests", "errors", "error_rate", "request_rate", "p95_ms", "crashes"} <= set(specs)
    assert {"p90_ms", "user_satisfaction", "checkout"} <= set(specs)
    assert "user_satisfaction_drop" not in specs
    assert "mean_ms" not in specs
    assert specs["p99_ms"].window_s == 60.0
    assert specs["p90_ms"] == MetricSpec("p90_ms", MetricSource.ENVOY, "ms")


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("error_rate", "share"),
        ("baseline.p95_ms", "ms"),
        ("performance_degradation", "share"),
        ("own", "s"),
        ("baseline.own", "s"),
        ("nobody", ""),
    ],
)
def test_units_are_known(name: str, unit: str) -> None:
    assert metrics.unit_of(name, {"own": "s"}) == unit


def test_a_metric_without_a_unit_takes_the_catalogues() -> None:
    assert metrics.with_unit(MetricSpec("p95_ms", MetricSource.PROMETHEUS)).unit == "ms"
    assert metrics.with_unit(MetricSpec("own", MetricSource.PROMETHEUS)).unit == ""
