"""What experiments say: few false words over many looks, and true ones in time."""

from __future__ import annotations

import pytest

from sluiceway.domain.flags.experiment_model import MetricKind, MetricPlan, Step, Tally
from sluiceway.domain.flags.experiment_results import Advice, Outcome, effect_words, results_of
from sluiceway.domain.flags.experiment_sequences import Effect, follow, start_progress
from tests.unit.domain.flags.experiment_rows import (
    CHECKOUT,
    CLICKS,
    SPENT,
    START,
    Figure,
    clicks,
    converts,
    plan_of,
    spends,
    walk,
)

FAIR = {"A": 1_000, "B": 1_000}


def ever_says(metric: MetricPlan, figure: Figure, outcome: Outcome, seed: int, *, steps: int) -> bool:
    plan = plan_of(metric)
    return any(
        results_of(plan, progress, FAIR).findings[0].outcome is outcome
        for progress, _ in walk(plan, figure, seed, steps=steps, users=40)
    )


@pytest.mark.parametrize(
    ("metric", "figure", "runs"),
    [
        pytest.param(CHECKOUT, converts(0.02), 60, id="rare conversions"),
        pytest.param(CHECKOUT, converts(0.3), 60, id="conversions"),
        pytest.param(SPENT, spends(), 30, id="totals"),
        pytest.param(CLICKS, clicks(), 30, id="ratios"),
    ],
)
def test_without_an_effect_hardly_any_experiment_says_better_at_any_look(
    metric: MetricPlan, figure: Figure, runs: int
) -> None:
    false = sum(ever_says(metric, figure, Outcome.BETTER, seed, steps=100) for seed in range(runs))

    assert false <= max(1.0, runs * 0.05)


@pytest.mark.parametrize(
    ("metric", "figure"),
    [
        pytest.param(CHECKOUT, converts(0.3, B=1.3), id="conversions"),
        pytest.param(SPENT, spends(B=1.5), id="totals"),
        pytest.param(CLICKS, clicks(B=1.3), id="ratios"),
    ],
)
def test_a_clear_effect_is_found(metric: MetricPlan, figure: Figure) -> None:
    found = sum(ever_says(metric, figure, Outcome.BETTER, seed, steps=150) for seed in range(5))

    assert found == 5


def test_the_range_holds_the_true_effect() -> None:
    plan = plan_of()
    progress, assigned = walk(plan, converts(0.3, B=1.3), 3, steps=300, users=40)[-1]

    effect = results_of(plan, progress, assigned).findings[0].effect

    assert 0.0 < effect.low < 0.3 < effect.high < 0.6


def test_a_winner_is_told_in_plain_words_with_its_figures() -> None:
    plan = plan_of()
    step = Step(START, {("A", "checkout"): Tally(5_000, 1_000), ("B", "checkout"): Tally(5_000, 1_300)})

    results = results_of(plan, follow(start_progress(plan), plan, step), {"A": 5_000, "B": 5_000})

    assert results.advice is Advice.A_VARIANT_IS_BETTER
    assert results.winner == "B"
    assert results.sentence == (
        "checkout conversions on B are 12 to 51 percent above A; shown by 5,000 users on B and 5,000 on"
        " A; at most 1 in 20 experiments without any difference ever says so"
    )


def test_a_guard_that_gets_worse_is_told_before_a_better_metric() -> None:
    guard = MetricPlan("refund", higher_is_better=False)
    plan = plan_of(CHECKOUT, guards=(guard,))
    step = Step(
        START,
        {
            ("A", "checkout"): Tally(5_000, 1_000),
            ("B", "checkout"): Tally(5_000, 1_300),
            ("A", "refund"): Tally(5_000, 100),
            ("B", "refund"): Tally(5_000, 300),
        },
    )

    results = results_of(plan, follow(start_progress(plan), plan, step), FAIR)

    assert results.advice is Advice.GUARD_IS_BROKEN
    assert [each.metric for each in results.broken_guards] == ["refund"]
    assert results.sentence.startswith("the guard broke: refund conversions on B are ")


def test_a_guard_may_get_worse_by_what_is_tolerated() -> None:
    guard = MetricPlan("refund", higher_is_better=False, tolerated=5.0)
    plan = plan_of(CHECKOUT, guards=(guard,))
    step = Step(START, {("A", "refund"): Tally(5_000, 100), ("B", "refund"): Tally(5_000, 300)})

    assert results_of(plan, follow(start_progress(plan), plan, step), FAIR).broken_guards == ()


def test_a_split_that_is_off_outranks_every_result() -> None:
    plan = plan_of()
    step = Step(START, {("A", "checkout"): Tally(4_000, 800), ("B", "checkout"): Tally(6_000, 1_800)})

    results = results_of(plan, follow(start_progress(plan), plan, step), {"A": 4_000, "B": 6_000})

    assert (results.advice, results.winner) == (Advice.SPLIT_IS_OFF, "")


def test_control_is_best_when_every_other_variant_is_worse() -> None:
    plan = plan_of(variants="ABC")
    tallies = {("A", "checkout"): 2_000, ("B", "checkout"): 1_000, ("C", "checkout"): 900}
    step = Step(START, {key: Tally(5_000, bad) for key, bad in tallies.items()})

    results = results_of(plan, follow(start_progress(plan), plan, step), dict.fromkeys("ABC", 5_000))

    assert (results.advice, results.winner) == (Advice.CONTROL_IS_BEST, "A")


def test_more_variants_and_metrics_share_one_budget() -> None:
    assert plan_of(CHECKOUT, SPENT, variants="ABC", guards=(CLICKS,)).alpha_each == pytest.approx(0.05 / 6)


def test_users_without_a_counterpart_wait_and_count_later() -> None:
    plan = plan_of()
    only_control = Step(START, {("A", "checkout"): Tally(5_000, 1_000)})
    only_b = Step(START, {("B", "checkout"): Tally(5_000, 1_300)})
    both = Step(START, {**only_control.tallies, **only_b.tallies})

    one_by_one = follow(follow(start_progress(plan), plan, only_control), plan, only_b)

    found = [results_of(plan, each, FAIR) for each in (one_by_one, follow(start_progress(plan), plan, both))]
    assert found[0] == found[1]


def test_nobody_finished_is_no_data() -> None:
    plan = plan_of()

    results = results_of(plan, start_progress(plan), {"A": 30, "B": 30})

    assert results.advice is Advice.NO_DATA
    assert results.sentence.startswith("nothing is known of checkout conversions on B yet")


@pytest.mark.parametrize(
    ("metric", "effect", "words"),
    [
        (CHECKOUT, Effect(0.08, 0.04, 0.12), "4 to 12 percent above"),
        (CHECKOUT, Effect(-0.08, -0.12, -0.041), "4.1 to 12 percent below"),
        (CHECKOUT, Effect(0.0, -0.02, 0.03), "between 2 percent below and 3 percent above"),
        (CHECKOUT, Effect(0.0, -1.0, 200.0), "an unknown amount above or below"),
        (SPENT, Effect(0.4, 0.25, 0.55), "0.25 to 0.55 € above"),
        (SPENT, Effect(0.4, 0.25, float("inf")), "at least 0.25 € above"),
        (
            MetricPlan("stars", MetricKind.AVERAGE, high=5.0),
            Effect(0.0, -2.0, 0.0),
            "between 2 below and 0 above",
        ),
    ],
)
def test_effects_read_as_people_say_them(metric: MetricPlan, effect: Effect, words: str) -> None:
    assert effect_words(metric, effect) == words
