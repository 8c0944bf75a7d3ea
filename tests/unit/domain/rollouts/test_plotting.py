"""The figures of one moment that plots are made of."""

from __future__ import annotations

import math
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from sluiceway.domain.analysis.ranges import Range
from sluiceway.domain.process.plan import UsualNoise
from sluiceway.domain.rollouts.analysing import find
from sluiceway.domain.rollouts.model import Phase
from sluiceway.domain.rollouts.plotting import known_range, point_of
from tests.unit.domain.rollouts.compared import ERRORS, WORSE, a_world, an_analysis, in_first_stage
from tests.unit.domain.rollouts.world import World, a_plan


def test_weights_and_readings_of_both_versions_are_named() -> None:
    world = World(a_plan(500, 10_000))
    world.run(until=Phase.PROGRESSING)
    world.tick()
    world.figures(error_rate=0.02, side="new")

    point = point_of(world.state, world.observe())

    assert point == {
        "weight_asked": 5.0,
        "weight_observed": 5.0,
        "new.error_rate": 0.02,
        "new.p95_ms": 100.0,
        "stable.error_rate": 0.0,
        "stable.p95_ms": 100.0,
    }


def test_a_silent_proxy_leaves_out_what_it_would_say() -> None:
    world = in_first_stage(a_world(an_analysis()))
    world.proxy_answers = False

    assert "weight_observed" not in point_of(world.state, world.observe())


def test_the_comparison_is_among_the_figures() -> None:
    world = in_first_stage(a_world(an_analysis()))
    shown = find(world.state)[0].verdict.figures.shown

    point = point_of(world.state, world.observe())

    assert (point["analysis.errors.ratio"], point["analysis.errors.low"], point["analysis.errors.high"]) == (
        shown.ratio,
        shown.low,
        shown.high,
    )
    assert point["analysis.errors.evidence"] == find(world.state)[0].evidence_share


def test_nothing_known_is_no_figure_rather_than_infinity() -> None:
    world = a_world(an_analysis(noise=UsualNoise.LEARNED))
    world.counts = {"errors": replace(WORSE, x0=0, x1=0)}
    in_first_stage(world)

    point = point_of(world.state, world.observe())

    assert [point[f"analysis.errors.{name}"] for name in ("ratio", "low", "high")] == [None, None, None]
    assert point["analysis.errors.evidence"] is not None


def test_evidence_beyond_what_is_needed_is_all_of_it() -> None:
    world = in_first_stage(a_world(an_analysis(replace(ERRORS, min_bad=10_000))))
    world.counts["errors"] = WORSE
    for _ in range(5):
        world.tick()

    assert find(world.state)[0].evidence_share > 1
    assert point_of(world.state, world.observe())["analysis.errors.evidence"] == 1.0


@given(st.floats(0, 1e30), st.floats(0, 1e30), st.floats(0, 1e30))
def test_finite_ranges_stay_as_they_are(ratio: float, low: float, high: float) -> None:
    assert known_range(Range(ratio, low, high)) == (ratio, low, high)
    assert known_range(Range(ratio, low, math.inf)) is None
