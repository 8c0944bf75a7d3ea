from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluiceway.adapters.metrics.envoy_counters import Counters, read_in_flight, version_label
from sluiceway.adapters.metrics.envoy_totals import (
    BOUNDS_MS,
    UNSETTLED,
    Settled,
    counted_bound_ms,
    settle,
    settle_all,
    slow_of,
    usual_bound_ms,
)
from sluiceway.domain.process.plan import Version
from sluiceway.errors import PermanentProviderError

counts = st.integers(0, 50).map(float)
looks = st.lists(st.tuples(counts, counts, counts), max_size=20)


def test_requests_and_errors_add_up() -> None:
    first = settle(UNSETTLED, Counters(requests=10, errors=2), 0)

    assert settle(first, Counters(requests=5, errors=5), 0) == Settled(15, 7)


def test_an_error_that_is_ahead_of_its_request_waits_for_it() -> None:
    begun = settle(UNSETTLED, Counters(requests=0, errors=1), in_flight=1)
    assert (begun.requests, begun.errors) == (0, 0)

    answered = settle(begun, Counters(requests=1), in_flight=0)

    assert answered == Settled(requests=1, errors=1)


def test_an_error_whose_user_gave_up_is_forgotten() -> None:
    begun = settle(UNSETTLED, Counters(requests=0, errors=1), in_flight=1)
    given_up = settle(begun, Counters(), in_flight=0)

    assert settle(given_up, Counters(requests=3), in_flight=0) == Settled(requests=3, errors=0)


def test_a_request_that_stable_answered_with_a_5xx_is_one_error() -> None:
    assert settle(UNSETTLED, Counters(requests=100, errors=101), in_flight=0) == Settled(100, 100)


def test_of_requests_in_flight_no_more_errors_wait_than_there_are_requests() -> None:
    busy = settle(UNSETTLED, Counters(requests=10, errors=15), in_flight=3)

    assert busy == Settled(requests=10, errors=10, early=3)


@given(looks)
def test_no_stretch_of_time_has_more_errors_than_requests(steps: list[tuple[float, float, float]]) -> None:
    totals = [UNSETTLED]
    for requests, errors, in_flight in steps:
        totals.append(settle(totals[-1], Counters(requests=requests, errors=errors), in_flight))

    for number, begin in enumerate(totals):
        for end in totals[number:]:
            assert 0 <= end.errors - begin.errors <= end.requests - begin.requests


@given(looks)
def test_no_error_is_invented(steps: list[tuple[float, float, float]]) -> None:
    settled, counted = UNSETTLED, 0.0
    for requests, errors, in_flight in steps:
        settled = settle(settled, Counters(requests=requests, errors=errors), in_flight)
        counted += errors

        assert settled.errors + settled.early <= counted


def test_a_versions_clusters_are_settled_together() -> None:
    counted = {
        "version/2_2E0": Counters(requests=4, errors=1),
        "new/2_2E0": Counters(requests=6, errors=2),
        "fallback/2_2E0": Counters(errors=3),
        "version/1_2E0": Counters(requests=50),
    }

    assert settle_all({}, counted, {}) == {"2_2E0": Settled(10, 6), "1_2E0": Settled(50, 0)}


def test_a_version_that_nothing_was_counted_of_stays_as_it_is_and_stops_waiting() -> None:
    before = {"1_2E0": Settled(50, 1), "2_2E0": Settled(10, 1, early=1)}

    assert settle_all(before, {}, {"2_2E0": 1.0}) == before
    assert settle_all(before, {}, {}) == {"1_2E0": Settled(50, 1), "2_2E0": Settled(10, 1)}


def test_what_stable_serves_now_in_a_versions_place_is_read() -> None:
    text = (
        "# TYPE envoy_cluster_upstream_rq_active gauge\n"
        'envoy_cluster_upstream_rq_active{envoy_cluster_name="fallback/2_2E0"} 3\n'
        'envoy_cluster_upstream_rq_active{envoy_cluster_name="version/2_2E0"} 9\n'
        'envoy_cluster_upstream_rq_total{envoy_cluster_name="fallback/2_2E0"} 70\n'
    )

    assert read_in_flight(text) == {version_label(Version("2.0")): 3.0}


@pytest.mark.parametrize(
    ("wanted_ms", "counted_ms"), [(0.5, 1), (1, 1), (15.5, 17), (100, 110), (110, 110), (62_000, 62_000)]
)
def test_a_bound_is_counted_at_the_next_one_that_envoy_has(wanted_ms: float, counted_ms: float) -> None:
    assert counted_bound_ms(wanted_ms) == counted_ms


@given(st.floats(0, 62_000, exclude_min=True))
def test_a_counted_bound_is_never_below_the_wanted_one_and_at_most_the_next_above(wanted_ms: float) -> None:
    counted_ms = counted_bound_ms(wanted_ms)

    assert counted_ms >= wanted_ms
    assert not any(wanted_ms <= bound < counted_ms for bound in BOUNDS_MS)


@pytest.mark.parametrize("wanted_ms", [0, -1, 62_001, math.inf, math.nan])
def test_a_bound_that_can_not_be_counted_is_for_a_person_to_mend(wanted_ms: float) -> None:
    with pytest.raises(PermanentProviderError, match="slow_requests: its bound is"):
        counted_bound_ms(wanted_ms)


@given(st.lists(st.integers(1, 60_000), max_size=300), st.floats(0, 62_000, exclude_min=True))
def test_slow_answers_are_those_above_the_counted_bound(latencies_ms: list[int], wanted_ms: float) -> None:
    answers, slow = slow_of(_buckets(latencies_ms), wanted_ms)

    assert answers == len(latencies_ms)
    assert slow == sum(latency > counted_bound_ms(wanted_ms) for latency in latencies_ms)


def test_without_a_histogram_there_were_no_answers() -> None:
    assert slow_of({}, 100) == (0, 0)


@given(st.lists(st.integers(1, 60_000), min_size=200, max_size=400))
def test_the_usual_bound_is_the_lowest_that_95_of_100_answers_keep(latencies_ms: list[int]) -> None:
    bound_ms = usual_bound_ms(_buckets(latencies_ms))

    assert bound_ms is not None
    below = [bound for bound in BOUNDS_MS if bound < bound_ms]
    assert sum(latency <= bound_ms for latency in latencies_ms) >= 0.95 * len(latencies_ms)
    if below:
        assert sum(latency <= below[-1] for latency in latencies_ms) < 0.95 * len(latencies_ms)


@pytest.mark.parametrize("latencies_ms", [[], [5] * 199])
def test_of_few_answers_nothing_is_usual(latencies_ms: list[int]) -> None:
    assert usual_bound_ms(_buckets(latencies_ms)) is None


def test_what_is_slower_than_all_bounds_has_no_usual_one() -> None:
    assert usual_bound_ms(_buckets([70_000] * 300)) is None


def _buckets(latencies_ms: list[int]) -> dict[float, float]:
    return {
        bound: float(sum(latency <= bound for latency in latencies_ms)) for bound in (*BOUNDS_MS, math.inf)
    }
