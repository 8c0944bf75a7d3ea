"""How long a stage must be to see anything."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sluiceway.domain.analysis.evidence import start
from sluiceway.domain.analysis.planning import seconds_to_clear, seconds_to_see, smallest_seen, still_needed
from sluiceway.domain.analysis.verdict import is_regression
from tests.unit.domain.analysis.rows import NOISY, QUIET, fed, steady


def test_the_forecast_agrees_with_what_the_analysis_needs() -> None:
    took = next(count * 10 for count in range(1, 60) if _is_seen(count))
    forecast = seconds_to_see(2.0, rps=1_000, share=0.05, base_rate=0.01, settings=QUIET)

    assert forecast == pytest.approx(took, rel=0.5)


def _is_seen(count: int) -> bool:
    return is_regression(fed(QUIET, *steady(10, times=count)), QUIET)


def test_noise_and_a_late_start_take_longer() -> None:
    quiet = seconds_to_see(5.0, rps=1_000, share=0.05, base_rate=0.01, settings=QUIET)
    noisy = seconds_to_see(5.0, rps=1_000, share=0.05, base_rate=0.01, settings=NOISY)
    late = seconds_to_see(5.0, rps=1_000, share=0.05, base_rate=0.01, settings=NOISY, is_late=True)

    assert quiet is not None
    assert noisy is not None
    assert late is not None
    assert quiet < noisy < late


def test_a_ratio_that_is_tolerated_is_never_seen() -> None:
    assert seconds_to_see(1.25, rps=1_000, share=0.05, base_rate=0.01, settings=QUIET) is None


def test_a_longer_stage_sees_smaller_regressions() -> None:
    short = smallest_seen(60, rps=40, share=0.05, base_rate=0.01, settings=QUIET)
    long = smallest_seen(3_600, rps=40, share=0.05, base_rate=0.01, settings=QUIET)

    assert short is not None
    assert long is not None
    assert 1.25 < long < short


def test_a_tenth_of_a_percent_of_little_traffic_sees_nothing() -> None:
    assert smallest_seen(200, rps=10, share=0.001, base_rate=0.001, settings=QUIET) is None


def test_soundness_takes_at_least_the_shortest_bake() -> None:
    patient = replace(QUIET, min_bake_s=900.0)

    assert seconds_to_clear(rps=1_000, share=0.05, base_rate=0.01, settings=patient) == 900.0


def test_with_nothing_bad_seen_no_forecast_is_made() -> None:
    need = still_needed(start(QUIET), QUIET)

    assert (need.seconds, need.requests) == (None, None)
    assert need.words == "nothing bad was seen on either version, so there is nothing to compare"
