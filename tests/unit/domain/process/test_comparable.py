"""Which metrics the analysis can compare, and what it says of those that it can't."""

from __future__ import annotations

import pytest

from sluiceway.domain.process import metrics
from sluiceway.domain.process.comparable import (
    COMPARABLE,
    NotComparable,
    default_analysis,
    find_comparable,
    has_both_versions,
)
from sluiceway.domain.process.plan import (
    AnalysedMetric,
    Audience,
    Comparison,
    MetricSource,
    MetricSpec,
    Stage,
)

PUSH = MetricSource.PUSH


@pytest.mark.parametrize("name", COMPARABLE)
def test_a_comparable_metric_is_found_by_its_name(name: str) -> None:
    assert find_comparable(name, {}) == COMPARABLE[name]


@pytest.mark.parametrize("name", [name for name in COMPARABLE if name != "slow_requests"])
def test_a_comparable_metric_has_the_source_and_direction_of_the_catalogue(name: str) -> None:
    known = metrics.builtin(name)

    assert known is not None
    assert (COMPARABLE[name].source, COMPARABLE[name].higher_is_worse) == (
        known.source,
        known.higher_is_worse,
    )


def test_another_spelling_leads_to_the_same_metric() -> None:
    assert find_comparable("orderCompletion", {}) == COMPARABLE["order_completion"]


@pytest.mark.parametrize("metric", [metric for metric in metrics.CATALOGUE if metric.name not in COMPARABLE])
def test_every_other_metric_of_the_catalogue_is_refused_with_what_judges_it(metric: metrics.Metric) -> None:
    found = find_comparable(metric.name, {})

    assert isinstance(found, NotComparable)
    assert "criteria and triggers judge it" in found.reason


@pytest.mark.parametrize(
    ("name", "instead"),
    [
        ("success_rate", "errors"),
        ("latency", "slow_requests"),
        ("crash_rate", "crashes"),
        ("response_time_ratio", "slow_requests"),
        ("order_completion_drop", "order_completion"),
    ],
)
def test_a_figure_over_a_window_leads_to_what_is_counted(name: str, instead: str) -> None:
    found = find_comparable(name, {})

    assert isinstance(found, NotComparable)
    assert found.reason.endswith(f"It compares {instead} instead")


def test_an_own_metric_is_among_what_is_expected_and_meant() -> None:
    own = {"refunds": MetricSpec("refunds", PUSH, "share")}
    found = find_comparable("refund", own)

    assert isinstance(found, NotComparable)
    assert found.reason.endswith('session_duration, refunds; did you mean "refunds"?')


def test_what_the_process_says_about_a_pushed_metric_counts() -> None:
    spec = MetricSpec("session_duration", PUSH, "s", higher_is_worse=True)
    found = find_comparable("session_duration", {"session_duration": spec})

    assert isinstance(found, AnalysedMetric)
    assert (found.spec, found.higher_is_worse, found.comparison) == (spec, True, Comparison.MEANS)


def test_errors_are_worse_when_there_are_more_whatever_the_process_says() -> None:
    spec = MetricSpec("errors", MetricSource.ENVOY, "count", higher_is_worse=False)
    found = find_comparable("errors", {"errors": spec})

    assert isinstance(found, AnalysedMetric)
    assert found.higher_is_worse


def test_crashes_counted_by_prometheus_are_not_limited_by_the_hour() -> None:
    spec = MetricSpec("crashes", MetricSource.PROMETHEUS, bad_query="b", all_query="a")
    found = find_comparable("crashes", {"crashes": spec})

    assert isinstance(found, AnalysedMetric)
    assert (found.source, found.noun, found.limit_rate) == (MetricSource.PROMETHEUS, "crashes", None)


@pytest.mark.parametrize(
    ("spec", "noun"),
    [
        (MetricSpec("checkout_failures", PUSH, "share"), "checkout failures"),
        (MetricSpec("refund_rate", PUSH, "share"), "cases of refund"),
        (
            MetricSpec("search_success_rate", PUSH, "share", higher_is_worse=False),
            "cases without search success",
        ),
        (MetricSpec("bad_answers", MetricSource.PROMETHEUS, bad_query="b", all_query="a"), "bad answers"),
        (MetricSpec("refund_rate", MetricSource.PROMETHEUS, bad_query="b", all_query="a"), "cases of refund"),
    ],
)
def test_a_metric_of_the_process_is_called_by_what_is_bad_and_counted_of_cases(
    spec: MetricSpec, noun: str
) -> None:
    found = find_comparable(spec.name, {spec.name: spec})

    assert isinstance(found, AnalysedMetric)
    assert (found.words, found.of) == (noun, "cases")


def test_payments_of_prometheus_are_payments() -> None:
    spec = MetricSpec("payment_failure_rate", MetricSource.PROMETHEUS, bad_query="b", all_query="a")
    found = find_comparable(spec.name, {spec.name: spec})

    assert isinstance(found, AnalysedMetric)
    assert (found.words, found.of) == ("failed payments", "payments")


def test_means_without_known_bounds_have_none() -> None:
    for name, own in (("session_duration", {}), ("basket", {"basket": MetricSpec("basket", PUSH, "EUR")})):
        found = find_comparable(name, own)

        assert isinstance(found, AnalysedMetric)
        assert found.low == found.high


def test_errors_and_slow_requests_are_compared_by_default() -> None:
    assert [metric.name for metric in default_analysis().metrics] == ["errors", "slow_requests"]


@pytest.mark.parametrize(
    ("weight_bp", "audience", "both"),
    [
        (0, (), False),
        (0, (Audience("header", "x", ("y",)),), True),
        (1, (), True),
        (9_999, (), True),
        (10_000, (), False),
    ],
)
def test_both_versions_have_users_between_nobody_and_everyone(
    weight_bp: int, audience: tuple[Audience, ...], both: bool
) -> None:
    assert has_both_versions(Stage("s", weight_bp, 60.0, audience=audience)) is both
