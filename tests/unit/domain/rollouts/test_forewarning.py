"""What a person is warned of before a rollout starts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sluiceway.domain.analysis.noise import INDEPENDENT
from sluiceway.domain.process.plan import (
    AnalysedMetric,
    Analysis,
    Audience,
    Comparison,
    MetricSource,
    RolloutPlan,
    Stage,
    Strategy,
    UsualNoise,
    WhenInconclusive,
)
from sluiceway.domain.rollouts.foreseeing import Expected, Usual, foresee
from sluiceway.domain.rollouts.forewarning import Forewarning, Reason, forewarn

ERRORS = AnalysedMetric("errors", MetricSource.ENVOY)
SLOW = AnalysedMetric("slow_requests", MetricSource.ENVOY)
BASKET = AnalysedMetric("basket", MetricSource.PUSH, Comparison.MEANS)
ANALYSIS = Analysis((ERRORS,), noise=UsualNoise.INDEPENDENT)
TOLD = Expected(100, {"errors": Usual(0.01)})
GOOD = (Stage("few", 500, 3_600), Stage("half", 5_000, 3_600), Stage("all", 10_000, 600))
INSIDERS = (Audience("header", "x-team", ("internal",)),)


def warned(
    *stages: Stage, analysis: Analysis = ANALYSIS, expected: Expected = TOLD
) -> tuple[Forewarning, ...]:
    plan = RolloutPlan(Strategy.CANARY, stages or GOOD)
    return forewarn(plan, analysis, foresee(plan, analysis, expected))


def reasons(found: tuple[Forewarning, ...]) -> list[str]:
    return [each.reason.value for each in found]


def test_a_plan_that_sees_enough_has_no_warnings() -> None:
    assert warned() == ()


def test_unknown_noise_means_that_a_person_is_asked() -> None:
    found = warned(analysis=replace(ANALYSIS, noise=UsualNoise.LEARNED))

    assert reasons(found)[0] == "noise-unknown"
    assert found[0].text.endswith("until it is learned a person is asked instead of a rollback")
    assert warned(analysis=ANALYSIS, expected=replace(TOLD, noise=INDEPENDENT)) == ()


def test_an_assumed_rate_is_told() -> None:
    found = warned(expected=Expected(100))

    assert found == (
        Forewarning(
            Reason.RATE_ASSUMED,
            "errors on stable are assumed at 0.5 %; say what is usual here",
            metric="errors",
        ),
    )


def test_a_metric_of_means_has_no_plan() -> None:
    found = warned(analysis=replace(ANALYSIS, metrics=(ERRORS, BASKET)))

    assert [(each.reason, each.metric) for each in found] == [(Reason.NOT_FORESEEN, "basket")]


def test_a_plan_without_a_shared_stage_compares_nothing() -> None:
    found = warned(Stage("all", 10_000, 600))

    assert reasons(found) == ["no-comparison"]
    assert found[0].text.startswith("no stage has users on both versions")


def test_a_tenth_of_a_percent_of_little_traffic_is_blind() -> None:
    found = warned(
        Stage("tiny", 10, 3_600), Stage("half", 5_000, 3_600), expected=Expected(10, {"errors": Usual(0.001)})
    )

    assert [(each.reason.value, each.stage) for each in found] == [
        ("often-silent", "tiny"),
        ("too-few-requests", "tiny"),
        ("nearly-blind", "tiny"),
    ]
    assert found[1].text == (
        "stage tiny ends with about 36 requests on the new version, and errors need 50: it goes on for about"
        " 23 min 20 s more"
    )
    assert found[0].text == (
        "stage tiny counts one every 1 min 40 s on one version, for errors: 1 min without any are no data,"
        " and with no data no stage passes"
    )


def test_metrics_of_the_same_requests_are_silent_together() -> None:
    analysis = replace(ANALYSIS, metrics=(ERRORS, SLOW))

    found = warned(Stage("tiny", 10, 86_400), *GOOD, analysis=analysis, expected=replace(TOLD, rps=10))

    silent = [each for each in found if each.reason is Reason.OFTEN_SILENT]
    assert [each.metric for each in silent] == [""]
    assert " for errors and slow requests: " in silent[0].text


def test_a_crash_loop_is_seen_well_enough_however_rare_crashes_are() -> None:
    crashes = AnalysedMetric("crashes", MetricSource.DEPLOY)

    found = warned(analysis=replace(ANALYSIS, metrics=(crashes,)))

    assert [each.text for each in found] == [
        "crashes on stable are assumed at 1 a day; say what is usual here"
    ]


def test_a_stage_too_short_to_see_anything_is_blind() -> None:
    found = warned(Stage("blink", 500, 1), *GOOD)

    assert [each for each in found if each.reason is Reason.BLIND] == [
        Forewarning(
            Reason.BLIND,
            "stage blink (5 % for 1 s) has too little to see anything of errors, even if all were bad:"
            " about 5 requests",
            "blink",
            "errors",
        )
    ]


def test_a_stage_that_sees_only_a_crash_is_nearly_blind() -> None:
    found = warned(Stage("short", 100, 60), *GOOD)

    assert reasons(found) == ["nearly-blind"]
    assert found[0].text.startswith("stage short (1 % for 1 min) sees errors only when they are ")
    assert found[0].text.endswith(" %), and then in half of its rollouts")


@pytest.mark.parametrize(
    ("then", "words"),
    [
        (WhenInconclusive.HOLD, "it goes on for about 1 min more"),
        (WhenInconclusive.PAUSE, "a person must resume it"),
        (WhenInconclusive.ROLLBACK, "it is rolled back"),
    ],
)
def test_too_few_requests_end_as_the_process_says(then: WhenInconclusive, words: str) -> None:
    analysis = replace(ANALYSIS, metrics=(replace(ERRORS, min_requests=600),), on_no_data=then)

    found = warned(Stage("few", 500, 60), *GOOD, analysis=analysis)

    texts = [each.text for each in found if each.reason is Reason.TOO_FEW_REQUESTS]
    assert texts == [
        f"stage few ends with about 300 requests on the new version, and errors need 600: {words}"
    ]


def test_what_is_too_few_is_called_what_it_is() -> None:
    payments = AnalysedMetric("payments", MetricSource.PUSH, of="payments", min_requests=100_000)
    crashes = AnalysedMetric("crashes", MetricSource.DEPLOY, min_requests=100_000)
    found = warned(analysis=replace(ANALYSIS, metrics=(payments, crashes)))
    said = [each.text for each in found if each.reason.value == "too-few-requests"]

    few = "stage few ends with about"
    payments_need = f"{few} 18000 payments on the new version, and payments need 100000: "
    crashes_need = f"{few} 3600 seconds of instance time on stable, and crashes need 100000: "

    assert [words for words in said if words.startswith(payments_need)] != []
    assert [words for words in said if words.startswith(crashes_need)] != []


def test_requests_of_stages_before_count() -> None:
    analysis = replace(ANALYSIS, metrics=(replace(ERRORS, min_requests=20_000),))

    found = warned(analysis=analysis)

    assert [(each.reason.value, each.stage) for each in found] == [("too-few-requests", "few")]


def test_stable_may_be_the_one_with_too_few_requests() -> None:
    analysis = replace(ANALYSIS, metrics=(replace(ERRORS, min_requests=600),))

    found = warned(Stage("most", 9_900, 60), analysis=analysis)

    assert found[0].text.startswith("stage most ends with about 60 requests on stable, and errors need 600")


def test_an_audience_has_an_unknown_size() -> None:
    found = warned(Stage("colleagues", 0, 3_600, audience=INSIDERS), replace(GOOD[0], audience=INSIDERS))

    assert [each.text for each in found] == [
        (
            "stage colleagues has an audience only: how many they are is not known, so it has no plan; what"
            " it shows counts all the same"
        ),
        (
            "stage few has an audience besides its 5 %: how many they are is not known, so only the weight is"
            " planned"
        ),
    ]


def test_a_metric_without_a_plan_leaves_early_promotion_open() -> None:
    analysis = replace(ANALYSIS, metrics=(ERRORS, BASKET), promote_early=True)

    assert reasons(warned(analysis=analysis)) == ["not-foreseen"]


def test_early_promotion_that_never_comes_is_told() -> None:
    early = replace(ANALYSIS, promote_early=True)

    assert reasons(warned(analysis=early, expected=Expected(2, {"errors": Usual(0.01)})))[0] == "never-early"
    assert warned(analysis=early) == ()
