"""How long a stage must be to see anything."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluiceway.domain.analysis.evidence import Settings, start
from sluiceway.domain.analysis.growth import Traffic, chance_of_count, passed
from sluiceway.domain.analysis.noise import CAUTIOUS, INDEPENDENT, Noise
from sluiceway.domain.analysis.planning import (
    EVEN,
    LIKELY,
    Spell,
    chance_to_clear,
    chance_to_see,
    seconds_to_clear,
    seconds_to_see,
    smallest_seen,
    still_needed,
)
from tests.unit.domain.analysis.rows import NOISY, QUIET, fed, steady

BUSY = Traffic(rps=1_000, share=0.05, base_rate=0.01, interval_s=10.0)
SMALL = Traffic(rps=40, share=0.05, base_rate=0.01)

noises = st.sampled_from([INDEPENDENT, CAUTIOUS, Noise(2.0, 0.1, 600.0), Noise(5.0, 0.25, 180.0)])
traffics = st.builds(
    Traffic, rps=st.floats(0.1, 5_000), share=st.floats(0.001, 0.9), base_rate=st.floats(0.0005, 0.2)
)


def test_noise_and_a_late_start_take_longer() -> None:
    quiet = seconds_to_see(5.0, SMALL, QUIET)
    noisy = seconds_to_see(5.0, SMALL, NOISY)
    late = seconds_to_see(5.0, SMALL, NOISY, is_late=True)

    assert quiet is not None
    assert noisy is not None
    assert late is not None
    assert quiet < noisy < late


def test_nine_in_ten_takes_longer_than_half() -> None:
    half, most = (seconds_to_see(2.0, BUSY, QUIET, chance=chance) for chance in (EVEN, LIKELY))

    assert (half, most) == (70.0, 140.0)


@pytest.mark.parametrize("ratio", [1.0, 1.25, 1.3])
def test_a_ratio_that_is_tolerated_or_hardly_more_is_never_seen(ratio: float) -> None:
    assert seconds_to_see(ratio, BUSY, QUIET) is None


def test_more_bad_requests_than_requests_are_never_seen() -> None:
    assert chance_to_see(101.0, [Spell(BUSY, 3_600.0)], QUIET) == 0.0
    assert chance_to_see(99.0, [Spell(BUSY, 3_600.0)], QUIET) == 1.0


def test_a_difference_too_small_to_act_on_is_never_seen() -> None:
    assert seconds_to_see(3.0, BUSY, replace(QUIET, min_effect=0.03)) is None
    assert seconds_to_see(4.0, BUSY, replace(QUIET, min_effect=0.03)) is not None


def test_a_longer_stage_sees_smaller_regressions() -> None:
    short = smallest_seen([Spell(SMALL, 60)], QUIET)
    long = smallest_seen([Spell(SMALL, 3_600)], QUIET)

    assert short == pytest.approx(6.5, rel=0.02)
    assert long == pytest.approx(1.76, rel=0.02)


def test_two_stages_see_what_one_twice_as_long_does() -> None:
    assert smallest_seen([Spell(SMALL, 600)] * 2, NOISY) == smallest_seen([Spell(SMALL, 1_200)], NOISY)


def test_a_tenth_of_a_percent_of_little_traffic_sees_nothing() -> None:
    assert smallest_seen([Spell(Traffic(10, 0.001, 0.001), 200)], QUIET) is None


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_one_version_alone_compares_with_nothing(share: float) -> None:
    alone = Traffic(1_000, share, 0.01)

    assert seconds_to_see(10.0, alone, QUIET) is None
    assert seconds_to_clear(alone, QUIET) is None
    assert smallest_seen([Spell(alone, 3_600)], QUIET) is None
    assert smallest_seen([], QUIET) is None


def test_a_stage_without_a_comparison_adds_nothing() -> None:
    with_it = [Spell(Traffic(40, 1.0, 0.01), 86_400), Spell(SMALL, 600)]

    assert smallest_seen(with_it, QUIET) == smallest_seen([Spell(SMALL, 600)], QUIET)


def test_soundness_takes_at_least_the_shortest_bake() -> None:
    patient = replace(QUIET, min_bake_s=900.0)

    assert seconds_to_clear(BUSY, patient) == 900.0


def test_soundness_waits_for_the_smallest_number_of_requests() -> None:
    assert chance_to_clear([Spell(BUSY, 600)], replace(QUIET, min_requests=30_001)) == 0.0
    assert chance_to_clear([Spell(BUSY, 600)], replace(QUIET, min_requests=30_000)) == pytest.approx(
        1, abs=0.01
    )


def test_what_came_before_counts_for_soundness() -> None:
    alone = seconds_to_clear(SMALL, QUIET)
    after = seconds_to_clear(SMALL, QUIET, before=[Spell(SMALL, 600)])

    assert alone is not None
    assert after == pytest.approx(alone - 600, abs=5)


def test_an_absolute_limit_clears_sooner_than_the_ratio() -> None:
    by_ratio = seconds_to_clear(SMALL, QUIET)
    by_limit = seconds_to_clear(SMALL, replace(QUIET, limit_rate=0.05))

    assert by_ratio is not None
    assert by_limit is not None
    assert by_limit < by_ratio / 10


def test_with_nothing_bad_seen_no_forecast_is_made() -> None:
    need = still_needed(start(QUIET), QUIET)

    assert (need.seconds, need.requests) == (None, None)
    assert need.words == "nothing bad was seen on either version, so there is nothing to compare"


def test_the_forecast_while_it_runs_shrinks_with_the_data() -> None:
    early = still_needed(fed(NOISY, *steady(5, times=3)), NOISY)
    later = still_needed(fed(NOISY, *steady(5, times=30)), NOISY)

    assert early.seconds is not None
    assert later.seconds is not None
    assert later.seconds == pytest.approx(early.seconds - 270, rel=0.05)
    assert later.requests == pytest.approx(later.seconds * 50)
    assert later.words.startswith("about ")


@given(
    traffic=traffics, noise=noises, ratio=st.floats(1.3, 50), seconds=st.floats(5, 1e6), late=st.booleans()
)
def test_a_chance_is_one_and_more_time_never_lowers_it(
    traffic: Traffic, noise: Noise, ratio: float, seconds: float, late: bool
) -> None:
    settings = Settings(noise=noise)
    now, later = (
        chance_to_see(ratio, [Spell(traffic, each)], settings, is_late=late)
        for each in (seconds, 2 * seconds)
    )

    assert 0.0 <= now <= later + 1e-9 <= 1.0 + 2e-9


@given(traffic=traffics, noise=noises, seconds=st.floats(60, 1e6))
def test_what_is_called_the_smallest_is_seen_and_smaller_is_not(
    traffic: Traffic, noise: Noise, seconds: float
) -> None:
    settings, spells = Settings(noise=noise), [Spell(traffic, seconds)]
    found = smallest_seen(spells, settings)

    if found is None:
        return
    assert settings.margin < found <= max(1_000.0, 1 / traffic.base_rate)
    assert chance_to_see(found, spells, settings) >= EVEN
    assert chance_to_see(found * 0.999, spells, settings) < EVEN


@given(mean=st.floats(0.01, 500), var=st.floats(0.01, 500), level=st.floats(0.1, 50))
def test_a_first_passage_is_at_least_as_likely_as_being_there_now(
    mean: float, var: float, level: float
) -> None:
    now = 0.5 * math.erfc((level - mean) / math.sqrt(2 * var))

    assert now <= passed(mean, var, level) + 1e-12
    assert passed(mean, var, level) <= 1.0


def test_the_chance_of_a_count_is_poisson() -> None:
    assert chance_of_count(3.0, 3) == pytest.approx(1 - math.exp(-3) * (1 + 3 + 4.5))
    assert chance_of_count(100.0, 100) == 0.5
    assert (chance_of_count(5.0, 0), chance_of_count(0.0, 1)) == (1.0, 0.0)
