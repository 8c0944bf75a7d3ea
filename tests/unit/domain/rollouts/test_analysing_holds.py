"""What keeps a stage from passing: incidents, figures that are missing or make no sense, silence."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import timedelta

import pytest

from sluiceway.domain.analysis.counts import Interval, Problem
from sluiceway.domain.analysis.verdict import NoData, NoRegressionWithinMargin
from sluiceway.domain.process.plan import (
    WhenInconclusive,
)
from sluiceway.domain.rollouts.analysing import find
from sluiceway.domain.rollouts.analysis_words import early_waits
from sluiceway.domain.rollouts.model import CommandKind, Phase
from tests.unit.domain.rollouts.compared import (
    ALIKE,
    ERRORS,
    NO_REGRESSION,
    SLOW,
    a_world,
    an_analysis,
    in_first_stage,
)
from tests.unit.domain.rollouts.world import expression


def test_a_shared_incident_holds_the_stage_and_is_not_blamed_on_the_new_version() -> None:
    world = in_first_stage(a_world(an_analysis()), ticks=20)
    world.counts["errors"] = Interval(9_500, 1_900, 500, 100, 10.0)

    for _ in range(60):
        world.tick()

    assert world.state.phase is Phase.PROGRESSING
    assert world.state.stage_index == 0
    assert "incident-began" in world.kinds
    assert "a shared incident, not held against 2.0" in world.state.waits_for[0]


def test_it_goes_on_when_the_incident_is_over() -> None:
    world = in_first_stage(a_world(an_analysis()), ticks=20)
    world.counts["errors"] = Interval(9_500, 1_900, 500, 100, 10.0)
    for _ in range(60):
        world.tick()
    world.counts["errors"] = ALIKE

    world.run()

    assert world.state.phase is Phase.PROMOTED
    assert world.kinds.count("incident-began") == world.kinds.count("incident-over") == 1


@pytest.mark.parametrize(
    ("interval", "problem", "words"),
    [
        (Interval(0, 0, 0, 0, 10.0, is_missing=True), Problem.MISSING, "the source gave no figures"),
        (Interval(9_500, 95, 0, 0, 10.0), Problem.NO_REQUESTS_ON_NEW, "the new version had no requests"),
        (Interval(0, 0, 500, 5, 10.0), Problem.NO_REQUESTS_ON_STABLE, "no requests to compare with"),
        (Interval(9_500, math.nan, 500, 5, 10.0), Problem.NOT_A_NUMBER, "not a number"),
        (Interval(9_500, 95, -500, 5, 10.0), Problem.NEGATIVE, "counter was probably reset"),
        (Interval(9_500, 95, 3, 5, 10.0), Problem.MORE_BAD_THAN_REQUESTS, "counter was probably reset"),
        (Interval(9_500, 95, 500, 5, 10.0, skew_s=30.0), Problem.SKEWED, "clocks of their sources differ"),
    ],
)
@pytest.mark.parametrize("when", ["from the start", "later"])
def test_unusable_figures_are_named_and_never_pass_a_stage(
    interval: Interval, problem: Problem, words: str, when: str
) -> None:
    world = a_world(an_analysis())
    if when == "later":
        in_first_stage(world, ticks=10)
    world.counts["errors"] = interval

    for _ in range(120):
        world.tick()

    assert world.state.phase is Phase.PROGRESSING
    assert world.state.stage_index == 0
    (found,) = find(world.state)
    assert isinstance(found.verdict, NoData)
    assert found.verdict.problem is problem
    assert words in world.state.waits_for[0]
    assert world.kinds.count("holding") == 1


def test_too_few_requests_never_pass_a_stage() -> None:
    world = a_world(an_analysis())
    world.counts["errors"] = Interval(40, 0, 0.2, 0, 10.0)

    for _ in range(120):
        world.tick()

    assert world.state.stage_index == 0
    assert "it takes at least 50 requests on each" in world.state.waits_for[0]


@pytest.mark.parametrize(
    ("what", "phase"),
    [
        (WhenInconclusive.PAUSE, Phase.PAUSED),
        (WhenInconclusive.ROLLBACK, Phase.ROLLING_BACK),
    ],
)
def test_a_stage_without_data_ends_as_the_process_says(what: WhenInconclusive, phase: Phase) -> None:
    world = in_first_stage(a_world(an_analysis(on_no_data=what)))
    world.counts["errors"] = Interval(0, 0, 0, 0, 10.0, is_missing=True)

    world.run(until=phase, ticks=120)

    assert world.state.phase is phase
    decided = world.decisions[-1]
    assert decided.by == "analysis"
    assert "stage s0 has no answer from the analysis of errors: no usable figures" in decided.why


def test_a_sound_version_passes_stages_early_where_the_process_allows_it() -> None:
    usual, early = (a_world(an_analysis(promote_early=allowed, min_bake_s=60)) for allowed in (False, True))

    usual.run()
    early.run()

    assert usual.state.phase is early.state.phase is Phase.PROMOTED
    assert early.now - early.state.started_at < 0.7 * (usual.now - usual.state.started_at)
    passed = [each for each in early.decisions if each.kind == "promoted-early"]
    assert passed
    assert "1.5 times or more" in passed[0].why
    assert "promoted-early" not in usual.kinds


def test_a_minute_without_a_request_in_low_traffic_turns_nothing_back() -> None:
    analysis = an_analysis(on_no_data=WhenInconclusive.ROLLBACK)
    world = in_first_stage(a_world(analysis), ticks=0)
    world.counts["errors"] = Interval(20, 0, 1, 0, 20.0)
    for _ in range(59):
        world.tick()
    none = Interval(20, 0, 0, 0, 10.0)
    world.counts["errors"] = replace(none, seconds=30.0)
    for _ in range(3):
        world.tick()

    assert "no usable figures of errors on 2.0 for 90 s" in world.state.waits_for[0]

    world.counts["errors"] = none
    world.run(until=Phase.ROLLING_BACK, ticks=20)

    assert world.state.phase is Phase.ROLLING_BACK  # by now requests should have come


def test_after_a_time_in_which_nobody_counted_a_stage_waits_for_counts() -> None:
    world = in_first_stage(a_world(an_analysis()), ticks=20)
    world.counts.clear()
    world.now += timedelta(hours=2)  # nobody was there to count
    for _ in range(5):
        world.tick(seconds=1)

    assert world.state.stage_index == 0
    assert world.state.waits_for == ("counts of both versions: the last are 2 h 14 s old",)

    world.counts["errors"] = replace(ALIKE, seconds=5.0)
    world.tick()
    world.tick()

    assert world.state.stage_index == 1


def test_a_time_in_which_nobody_counted_is_silence_until_there_is_data() -> None:
    world = in_first_stage(a_world(an_analysis(on_no_data=WhenInconclusive.PAUSE)), ticks=20)
    world.now += timedelta(hours=2)
    world.counts["errors"] = Interval(0, 0, 0, 0, 15.0, is_missing=True)
    world.tick()

    assert world.state.phase is Phase.PAUSED
    assert "no usable figures of errors on 2.0 for 120 min" in world.decisions[-1].why


def test_who_resumes_a_stage_without_data_is_not_asked_again_and_mutes_nothing_else() -> None:
    world = in_first_stage(a_world(an_analysis(ERRORS, SLOW, on_no_data=WhenInconclusive.PAUSE)))
    known = dict(world.counts)
    world.counts = {name: Interval(0, 0, 0, 0, 10.0, is_missing=True) for name in known}
    world.run(until=Phase.PAUSED, ticks=120)
    world.ask(CommandKind.RESUME)
    for _ in range(20):
        world.tick()

    held = world.state
    world.counts = known
    world.tick()
    world.tick()

    assert (held.phase, held.stage_index, held.muted) == (Phase.PROGRESSING, 0, ("stage:no-data",))
    assert (world.kinds.count("paused"), world.kinds.count("holding")) == (1, 1)
    assert (world.state.stage_index, world.state.muted) == (1, ())


def test_what_a_lower_weight_showed_lets_no_stage_pass_early() -> None:
    analysis = an_analysis(promote_early=True, min_bake_s=60)
    world = in_first_stage(a_world(analysis, criteria=(expression("error_rate < 0.02"),)), ticks=0)
    world.figures(error_rate=0.05)
    for _ in range(40):  # much is known by then, but the criterion holds the stage
        world.tick()
    world.figures(error_rate=0.0)
    while world.state.stage_index == 0:
        world.tick()
    world.counts["errors"] = Interval(750, 7, 250, 4, 10.0)  # worse, at the higher load
    while world.state.stage_entered_at is None:
        world.tick()

    for _ in range(12):
        world.tick()

    assert isinstance(
        find(world.state)[0].verdict, NoRegressionWithinMargin
    )  # by the evidence of both stages
    assert (world.state.stage_index, world.state.phase) == (1, Phase.PROGRESSING)
    assert world.kinds.count("promoted-early") == 1


def test_a_stage_passes_early_on_enough_requests_of_its_own() -> None:
    metric = replace(ERRORS, limit_rate=0.5, min_requests=50)
    world = in_first_stage(a_world(an_analysis(metric, promote_early=True, min_bake_s=60)), ticks=0)
    while world.state.stage_index == 0:
        world.tick()
    world.counts["errors"] = Interval(100, 1, 4, 0, 10.0)
    while world.state.stage_entered_at is None:
        world.tick()
    entered = world.state.stage_entered_at

    while world.state.stage_index == 1:
        world.tick()

    assert (world.now - entered).total_seconds() == pytest.approx(140, abs=10)  # 13 times 4 requests


def test_a_stage_says_that_it_must_be_shown_at_its_own_weight() -> None:
    world = in_first_stage(a_world(an_analysis(promote_early=True, min_bake_s=60)), ticks=0)
    while world.state.stage_index == 0:
        world.tick()
    while world.state.stage_entered_at is None:
        world.tick()

    assert early_waits(world.state, find(world.state), world.now).startswith(
        "may pass early; that needs errors to be shown below 1.5 times stable at 25 % as well and"
    )


def test_no_stage_passes_before_the_shortest_bake() -> None:
    world = in_first_stage(a_world(an_analysis(promote_early=True, min_bake_s=400)), ticks=0)
    entered = world.now

    while world.state.stage_index == 0:
        world.tick()

    assert (world.now - entered).total_seconds() >= 390


def test_the_named_criterion_is_met_only_by_a_version_that_is_shown_to_be_sound() -> None:
    slightly = replace(ALIKE, x1=7)
    sound = a_world(an_analysis(), criteria=(NO_REGRESSION,))
    doubtful = a_world(an_analysis(), criteria=(NO_REGRESSION,))
    doubtful.counts["errors"] = slightly

    sound.run(ticks=300)
    doubtful.run(ticks=300)

    assert sound.state.phase is Phase.PROMOTED
    assert doubtful.state.stage_index == 0
    assert "no_performance_regression: too early to say" in doubtful.state.waits_for[0]
