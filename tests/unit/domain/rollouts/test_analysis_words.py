"""What people are told of the statistical comparison, and of what follows from it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluiceway.domain.analysis.counts import Interval
from sluiceway.domain.process.comparable import COMPARABLE
from sluiceway.domain.process.plan import Action, Analysis, UsualNoise, WhenInconclusive
from sluiceway.domain.rollouts.analysing import Found, find
from sluiceway.domain.rollouts.analysis_words import (
    Stand,
    compared_words,
    counts_words,
    decider_words,
    doubts,
    early_words,
    evidence_words,
    follows_words,
    noise_words,
    promise_words,
    rare,
    regression_words,
    stand_of,
)
from sluiceway.domain.rollouts.explain import explain
from sluiceway.domain.rollouts.model import CommandKind, Phase
from tests.unit.domain.rollouts.compared import (
    ALIKE,
    ERRORS,
    SLOW,
    WORSE,
    a_world,
    an_analysis,
    in_first_stage,
)
from tests.unit.domain.rollouts.world import World

BOTH_BAD = Interval(9_500, 950, 500, 50, 10.0)
FEW = Interval(95, 1, 5, 0, 10.0)
NOTHING = Interval(0, 0, 0, 0, 10.0, is_missing=True)


def errors_of(world: World) -> Found:
    return next(each for each in find(world.state) if each.metric.name == "errors")


def asked(*, action: Action = Action.ASK) -> World:
    world = in_first_stage(a_world(an_analysis(on_regression=action)))
    world.counts["errors"] = WORSE
    world.run(until=Phase.PAUSED, ticks=10)
    return world


def after(world: World, counts: Interval, ticks: int) -> World:
    world.counts["errors"] = counts
    for _ in range(ticks):
        world.tick()
    return world


def test_each_verdict_is_a_stand_of_its_own() -> None:
    calm = a_world(an_analysis())
    stands = [
        stand_of(errors_of(in_first_stage(calm))),
        stand_of(errors_of(after(calm, ALIKE, 30))),
    ]
    stands.append(stand_of(errors_of(after(calm, BOTH_BAD, 3))))
    stands.append(stand_of(errors_of(after(calm, NOTHING, 7))))
    stands.append(stand_of(errors_of(after(a_world(an_analysis()), FEW, 9))))
    stands.append(stand_of(errors_of(asked())))

    assert stands == [
        Stand.UNDECIDED,
        Stand.NO_REGRESSION,
        Stand.SHARED_INCIDENT,
        Stand.NO_DATA,
        Stand.TOO_LITTLE_DATA,
        Stand.REGRESSION,
    ]


def test_the_chance_of_error_is_told_as_releases() -> None:
    state = a_world(an_analysis()).state

    assert (
        promise_words(state)
        == "at most 1 release in 100 that is no worse than 1.25 times stable is taken back"
    )


def test_metrics_with_margins_of_their_own_are_no_worse_than_tolerated() -> None:
    state = a_world(an_analysis(ERRORS, replace(SLOW, margin=1.1), alpha=0.001)).state

    assert promise_words(state) == "at most 1 release in 1,000 that is no worse than tolerated is taken back"


@pytest.mark.parametrize("action", [Action.PAUSE, Action.ASK])
def test_a_comparison_that_only_stops_takes_nothing_back(action: Action) -> None:
    state = a_world(an_analysis(on_regression=action)).state

    assert promise_words(state).endswith("is stopped for a person")


@given(st.integers(2, 1_000_000))
def test_a_chance_of_one_in_a_number_names_that_number(one_in: int) -> None:
    assert rare(1 / (1 / one_in)) == f"1 release in {one_in:,}"


@pytest.mark.parametrize(
    ("action", "words"),
    [
        (Action.IMMEDIATE, "everyone goes back to 1.0 at once"),
        (Action.GRADUAL, "users go back to 1.0 step by step"),
        (Action.EMERGENCY, "everyone goes back to 1.0 at once and 2.0 is killed"),
        (Action.PAUSE, "the rollout pauses until a person resumes it"),
        (Action.ASK, "a person is asked: go on or roll back"),
    ],
)
def test_every_action_on_a_regression_has_words(action: Action, words: str) -> None:
    state = a_world(an_analysis(on_regression=action)).state

    assert regression_words(state, is_trusted=True) == words


def test_without_known_noise_a_person_is_asked_whatever_the_action() -> None:
    world = in_first_stage(a_world(an_analysis(noise=UsualNoise.LEARNED)))
    found = errors_of(world)

    assert regression_words(world.state, is_trusted=False) == "a person is asked: go on or roll back"
    assert noise_words(found, world.state).startswith(
        "how much two equally good versions differ here is not known yet"
    )
    known = in_first_stage(a_world(an_analysis()))
    assert noise_words(errors_of(known), known.state) == ""


def test_a_person_who_is_asked_is_told_why_the_noise_is_unknown() -> None:
    world = a_world(an_analysis(ERRORS, SLOW, noise=UsualNoise.LEARNED))
    world.noise_unknown = dict.fromkeys(("errors", "slow_requests"), "stable has one instance")
    in_first_stage(world)
    doubted = explain(world.state, world.observe(), world.now).doubts
    world.counts["errors"] = WORSE
    world.run(until=Phase.PAUSED, ticks=60)

    why = (
        "how much two equally good versions differ here is not known yet (stable has one instance),"
        " so a person should decide"
    )
    assert doubted == (f"errors and slow requests: {why}",)
    assert world.state.pause is not None
    assert world.state.pause.asks
    assert world.state.pause.reason.endswith(f"; {why}")


def test_means_say_that_their_noise_is_only_declared() -> None:
    world = in_first_stage(a_world(an_analysis(COMPARABLE["user_satisfaction"], noise=UsualNoise.LEARNED)))

    (doubt,) = doubts(world.state, find(world.state))
    assert doubt == (
        "user satisfaction: how much two equally good versions differ here is not known yet"
        " (it is not learned where means are compared, only declared: noise: independent),"
        " so a person should decide"
    )


def test_known_noise_leaves_no_doubt() -> None:
    world = in_first_stage(a_world(an_analysis()))

    assert explain(world.state, world.observe(), world.now).doubts == ()


def test_counts_are_told_with_thousands_apart() -> None:
    world = in_first_stage(a_world(an_analysis()), ticks=4)

    assert counts_words(errors_of(world), world.state) == (
        "10 errors in 1,000 requests on 2.0; 190 in 19,000 on 1.0"
    )


def test_counts_are_of_what_the_metric_counts() -> None:
    payments, crashes = COMPARABLE["payment_failure_rate"], COMPARABLE["crashes"]
    world = a_world(an_analysis(payments, crashes))
    world.counts["crashes"] = Interval(600, 1, 60, 0, 10.0)
    in_first_stage(world, ticks=4)
    said = [counts_words(each, world.state) for each in find(world.state)]

    assert said == [
        "10 failed payments in 1,000 payments on 2.0; 190 in 19,000 on 1.0",
        "0 crashes in 2 min of instance time on 2.0; 2 in 20 min of instance time on 1.0",
    ]


def test_a_limit_of_crashes_is_by_the_hour() -> None:
    world = in_first_stage(a_world(an_analysis(COMPARABLE["crashes"], promote_early=True)))

    assert " 1.5 times stable, or below 1 per hour and instance" in early_words(
        world.state.plan.analysis or Analysis(())
    )


def test_evidence_is_told_as_how_rare_it_would_be() -> None:
    world = in_first_stage(a_world(an_analysis()), ticks=10)
    calm = evidence_words(errors_of(world), world.state)
    doubtful = evidence_words(errors_of(after(world, replace(WORSE, x1=16), 3)), world.state)
    shown = evidence_words(errors_of(asked()), world.state)

    assert calm == "nothing that would be unusual if 2.0 were fine"
    assert doubtful == (
        "at most 1 release in 12 that is fine ever looks this bad; it is held against it at 1 release in 100"
    )
    assert shown == "at most 1 release in 100 that is fine ever looks this bad"


def test_evidence_that_is_enough_says_what_else_is_missing() -> None:
    rare_ones = replace(ERRORS, min_bad=1_000)
    small = replace(ERRORS, min_effect=0.5)
    worlds = [in_first_stage(a_world(an_analysis(metric))) for metric in (rare_ones, small)]
    said = [evidence_words(errors_of(after(world, WORSE, 5)), world.state) for world in worlds]

    assert said[0].endswith("but it takes at least 1000 errors on 2.0")
    assert said[1].endswith("but the difference is too small to matter")


def test_what_follows_from_each_stand_is_said() -> None:
    world = in_first_stage(a_world(an_analysis()))
    on_worse = "if it is shown to be worse than 1.25 times stable, everyone goes back to 1.0 at once"

    assert follows_words(world.state, errors_of(world)) == on_worse
    after(world, ALIKE, 30)
    assert follows_words(world.state, errors_of(world)).startswith("this does not hold the next stage back")
    after(world, BOTH_BAD, 3)
    assert follows_words(world.state, errors_of(world)) == f"no stage passes until it is over; {on_worse}"
    after(world, NOTHING, 7)
    assert follows_words(world.state, errors_of(world)) == "no stage passes without data"


@pytest.mark.parametrize(
    ("what", "words"),
    [
        (WhenInconclusive.PAUSE, "if a stage's time is up without data, it pauses until a person resumes it"),
        (WhenInconclusive.ROLLBACK, "if a stage's time is up without data, everyone goes back to 1.0"),
    ],
)
def test_what_missing_data_does_is_said(what: WhenInconclusive, words: str) -> None:
    world = after(a_world(an_analysis(on_no_data=what)), FEW, 9)

    assert follows_words(world.state, errors_of(world)).startswith(words)


def test_after_a_regression_it_is_said_who_decides() -> None:
    world = asked()
    assert follows_words(world.state, errors_of(world)) == "a person decides: go on or roll back"

    paused = asked(action=Action.PAUSE)
    assert follows_words(paused.state, errors_of(paused)) == "it goes on when a person resumes it"

    world.ask(CommandKind.RESUME)
    assert follows_words(world.state, errors_of(world)) == "a person chose to go on in spite of it"

    world.ask(CommandKind.ROLLBACK)
    assert follows_words(world.state, errors_of(world)) == "2.0 is being taken back"

    world.run()
    assert follows_words(world.state, errors_of(world)) == ""


def test_it_is_said_whether_the_versions_are_compared_now() -> None:
    world = a_world(an_analysis())
    said = [compared_words(world.state)]
    in_first_stage(world)
    said.append(compared_words(world.state))
    world.ask(CommandKind.PROMOTE)
    world.tick()
    said.append(compared_words(world.state))
    world.run()
    said.append(compared_words(world.state))
    back = asked()
    back.ask(CommandKind.ROLLBACK)
    said.append(compared_words(back.state))

    assert said == [
        "the comparison begins when 2.0 has its first users",
        "both versions have users and are compared every 5 s",
        "everyone is on 2.0, so there is nothing left to compare it with",
        "the rollout has ended; this is what was known then",
        "users are on their way back to 1.0; this is what was known when that began",
    ]


def test_a_process_without_early_promotion_says_nothing_of_it() -> None:
    world = in_first_stage(a_world(an_analysis()))

    assert early_words(an_analysis()) == ""
    assert explain(world.state, world.observe(), world.now).early == ""


def test_what_an_early_pass_needs_still_is_said() -> None:
    world = in_first_stage(a_world(an_analysis(ERRORS, replace(SLOW, limit_rate=0.02), promote_early=True)))
    found = explain(world.state, world.observe(), world.now)

    assert "at most 9 min 30 s to go" in found.headline
    assert found.early == (
        "may pass early; that needs errors to be shown below 1.5 times stable"
        " and slow requests to be shown below 1.5 times stable, or below 2 % of requests"
        " and 30 s more of stage s0"
    )


def test_an_explanation_carries_a_sentence_for_each_metric() -> None:
    world = in_first_stage(a_world(an_analysis(ERRORS, SLOW)))
    found = explain(world.state, world.observe(), world.now)

    assert [line.partition(" on 2.0")[0] for line in found.compared] == [
        "too early to say whether errors",
        "too early to say whether slow requests",
    ]


def test_a_question_of_the_comparison_waits_for_a_person() -> None:
    world = asked()
    found = explain(world.state, world.observe(), world.now)

    assert found.headline == (
        "Stopped by the comparison of errors, which asks a person: go on or roll back?"
        " 5 % of users are on 2.0."
    )
    assert found.on_whom == ("a person to go on or roll back",)


def test_an_incident_is_what_a_stage_waits_for() -> None:
    world = after(in_first_stage(a_world(an_analysis()), ticks=40), BOTH_BAD, 3)
    found = explain(world.state, world.observe(), world.now + (world.now - world.state.started_at) * 2)

    assert "waits for the comparison with 1.0" not in found.headline
    after(world, BOTH_BAD, 25)
    late = explain(world.state, world.observe(), world.now)
    assert late.headline.endswith("its time is up and it waits for the comparison with 1.0.")
    assert late.on_whom == ("incident",)


def test_who_decided_is_told_in_words() -> None:
    state = a_world(an_analysis(SLOW)).state
    names = ["analysis:slow_requests", "analysis", "trigger:slow", "ada", "ci:nightly", "analysis:gone"]

    assert [decider_words(name, state) for name in names] == [
        "the comparison of slow requests",
        "the comparison with 1.0",
        "trigger slow",
        "ada",
        "ci:nightly",
        "the comparison of gone",
    ]
