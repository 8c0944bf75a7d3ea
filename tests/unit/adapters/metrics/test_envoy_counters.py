from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluiceway.adapters.metrics.envoy_counters import (
    FILTER,
    NOTHING,
    Counters,
    between,
    of_version,
    plus,
    quantile_ms,
    read_counters,
)
from sluiceway.adapters.traffic.envoy_bootstrap import LATENCY_BOUNDS_MS
from sluiceway.domain.process.plan import Version

# What Envoy 1.40 answered to /stats/prometheus, some latency buckets left out: version 2.0 is the new one,
# had six requests of 100 ms or less and a failure, and one request that stable served when it was dead.
RECORDED = """\
# TYPE envoy_cluster_upstream_rq_completed counter
envoy_cluster_upstream_rq_completed{envoy_cluster_name="fallback/2_2E0"} 0
envoy_cluster_upstream_rq_completed{envoy_cluster_name="new/2_2E0"} 7
envoy_cluster_upstream_rq_completed{envoy_cluster_name="version/1_2E0"} 1
envoy_cluster_upstream_rq_completed{envoy_cluster_name="version/2_2E0"} 0
# TYPE envoy_cluster_upstream_rq_total counter
envoy_cluster_upstream_rq_total{envoy_cluster_name="fallback/2_2E0"} 1
envoy_cluster_upstream_rq_total{envoy_cluster_name="new/2_2E0"} 0
envoy_cluster_upstream_rq_total{envoy_cluster_name="version/1_2E0"} 1
envoy_cluster_upstream_rq_total{envoy_cluster_name="version/2_2E0"} 6
# TYPE envoy_cluster_upstream_rq_xx counter
envoy_cluster_upstream_rq_xx{envoy_response_code_class="2",envoy_cluster_name="new/2_2E0"} 6
envoy_cluster_upstream_rq_xx{envoy_response_code_class="5",envoy_cluster_name="new/2_2E0"} 1
# TYPE envoy_cluster_upstream_rq_time histogram
envoy_cluster_upstream_rq_time_bucket{envoy_cluster_name="new/2_2E0",le="1"} 1
envoy_cluster_upstream_rq_time_bucket{envoy_cluster_name="new/2_2E0",le="15"} 2
envoy_cluster_upstream_rq_time_bucket{envoy_cluster_name="new/2_2E0",le="110"} 7
envoy_cluster_upstream_rq_time_bucket{envoy_cluster_name="new/2_2E0",le="+Inf"} 7
envoy_cluster_upstream_rq_time_sum{envoy_cluster_name="new/2_2E0"} 529.85911058638339454773813486099
envoy_cluster_upstream_rq_time_count{envoy_cluster_name="new/2_2E0"} 7
"""
V1, V2 = Version("1.0"), Version("2.0")

counts = st.integers(0, 10**6).map(float)
counters = st.builds(
    lambda requests, errors, total_ms, steps: Counters(requests, errors, total_ms, _cumulative(steps)),
    counts,
    counts,
    counts,
    st.lists(counts, min_size=4, max_size=4),
)


def _cumulative(steps: list[float]) -> dict[float, float]:
    return {bound: sum(steps[: place + 1]) for place, bound in enumerate((1.0, 10.0, 100.0, math.inf))}


def test_a_recorded_answer_is_read_by_cluster() -> None:
    clusters = read_counters(RECORDED)

    assert clusters["new/2_2E0"] == Counters(7, 1, 529.8591105863834, {1: 1, 15: 2, 110: 7, math.inf: 7})
    assert clusters["fallback/2_2E0"] == Counters(errors=1)
    assert clusters["version/1_2E0"] == Counters(requests=1)
    assert clusters["version/2_2E0"] == NOTHING


def test_a_versions_figures_are_those_of_its_three_clusters() -> None:
    clusters = read_counters(RECORDED)

    new = of_version({}, clusters, V2)

    assert (new.requests, new.errors) == (7, 2)
    assert of_version({}, clusters, V1) == Counters(requests=1)
    assert of_version({}, clusters, Version("3.0")) == NOTHING


def test_a_fallback_that_has_only_begun_does_not_make_more_errors_than_requests() -> None:
    counted = of_version({}, {"new/2_2E0": Counters(1, 1), "fallback/2_2E0": Counters(errors=2)}, V2)

    assert (counted.requests, counted.errors) == (1, 1)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# TYPE envoy_cluster_upstream_rq_completed counter\n",
        'envoy_cluster_upstream_rq_completed{envoy_cluster_name="elsewhere"} 7\n',
        "envoy_server_uptime{} 7\n",
        'envoy_cluster_upstream_cx_total{envoy_cluster_name="version/1"} 7\n',
    ],
)
def test_what_is_not_about_a_versions_requests_is_passed_over(text: str) -> None:
    assert read_counters(text) == {}


def test_mirrored_requests_are_not_even_asked_for() -> None:
    assert "mirror" not in FILTER


def test_codes_below_500_are_no_errors() -> None:
    text = 'envoy_cluster_upstream_rq_xx{envoy_response_code_class="4",envoy_cluster_name="version/1"} 7\n'

    assert read_counters(text)["version/1"].errors == 0


@given(counters)
def test_between_a_look_and_itself_nothing_was_counted(look: Counters) -> None:
    counted = between(look, look)

    assert (counted.requests, counted.errors, counted.total_ms) == (0, 0, 0)
    assert set(counted.buckets.values()) <= {0}


@given(counters, counters)
def test_what_was_counted_after_a_look_is_found_again(before: Counters, more: Counters) -> None:
    assert between(before, plus(before, more)) == more


@given(counters, counters)
def test_totals_that_fell_count_from_zero(before: Counters, more: Counters) -> None:
    after = Counters(before.requests, before.errors, before.total_ms, before.buckets)
    fallen = plus(plus(before, more), Counters(requests=1))

    assert between(fallen, after) == after


def test_requests_that_caught_up_do_not_hide_a_restart_from_the_errors() -> None:
    after = Counters(requests=50, errors=1, total_ms=900)

    assert between(Counters(requests=40, errors=3, total_ms=800), after) == after


@given(counters, counters)
def test_adding_goes_both_ways(one: Counters, other: Counters) -> None:
    assert plus(one, other) == plus(other, one)
    assert plus(one, NOTHING) == one


def test_a_quantile_lies_inside_its_bucket() -> None:
    buckets = {10.0: 50.0, 20.0: 100.0, math.inf: 100.0}

    assert quantile_ms(buckets, 0.5) == 10
    assert quantile_ms(buckets, 0.75) == 15
    assert quantile_ms(buckets, 1.0) == 20


def test_a_quantile_above_the_last_bound_is_that_bound() -> None:
    assert quantile_ms({10.0: 1.0, math.inf: 100.0}, 0.95) == 10


@pytest.mark.parametrize("buckets", [{}, {10.0: 0.0, math.inf: 0.0}])
def test_without_answers_there_is_no_quantile(buckets: dict[float, float]) -> None:
    assert quantile_ms(buckets, 0.95) is None


@given(counters, st.floats(0, 1), st.floats(0, 1))
def test_a_larger_share_never_has_a_lower_quantile(look: Counters, one: float, other: float) -> None:
    less, more = (quantile_ms(look.buckets, share) for share in sorted((one, other)))

    if less is None or more is None:
        assert (less, more) == (None, None)
    else:
        assert 0 <= less <= more <= 100


@given(st.lists(st.integers(1, 60_000), min_size=1, max_size=200), st.sampled_from([0.5, 0.9, 0.95, 0.99]))
def test_a_quantile_is_off_by_no_more_than_its_bucket(latencies_ms: list[int], share: float) -> None:
    bounds = [float(bound) for bound in LATENCY_BOUNDS_MS]
    buckets = {bound: float(sum(each <= bound for each in latencies_ms)) for bound in bounds}
    buckets[math.inf] = float(len(latencies_ms))
    exact = sorted(latencies_ms)[math.ceil(share * len(latencies_ms)) - 1]

    told = quantile_ms(buckets, share)

    above = next(bound for bound in bounds if bound >= exact)
    below = max((bound for bound in bounds if bound < exact), default=0.0)
    assert told is not None
    assert below <= told <= above
