"""When users count, with which figure, and which plans can't be run."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluiceway.domain.flags.experiment_model import (
    ExperimentPlan,
    MetricKind,
    MetricPlan,
    problems_of_plan,
    problems_with_flag,
)
from sluiceway.domain.flags.experiment_steps import (
    Events,
    Subject,
    counts_from,
    figure_of,
    finished_before,
    is_in_window,
    step_end,
    step_of,
    tally,
)
from sluiceway.domain.flags.model import Experiment, Flag, FlagType, Rule, Serve, Share, ValueType, Variant
from tests.unit.domain.flags.experiment_rows import CHECKOUT, CLICKS, SPENT, START, plan_of

FLAG = Flag(
    "button",
    value_type=ValueType.STRING,
    type=FlagType.EXPERIMENTAL,
    variants=(Variant("A", "green"), Variant("B", "blue"), Variant("off", "grey")),
    serve=Serve(split=(Share("A", 1), Share("B", 1))),
    otherwise=Serve("off"),
    experiment=Experiment("button", metrics=("checkout",)),
)


@given(age_s=st.floats(0.0, 120 * 86_400.0))
def test_every_exposure_lies_in_the_step_that_it_belongs_to(age_s: float) -> None:
    at = START + timedelta(seconds=age_s)
    step = step_of(START, at)

    assert step <= at < step_end(START, step)
    assert step_of(START, step) == step


def test_steps_are_minutes_at_first_and_hours_later() -> None:
    ages = [timedelta(), timedelta(hours=6), timedelta(days=7)]

    lengths = [step_end(START, step_of(START, START + age)) - START - age for age in ages]

    assert lengths == [timedelta(minutes=1), timedelta(minutes=10), timedelta(hours=1)]


def test_a_step_is_finished_when_everybodys_window_and_the_grace_are_over() -> None:
    plan = replace(plan_of(), window_s=600.0)
    ready = counts_from(plan, START, START)

    assert ready == START + timedelta(minutes=13)
    assert finished_before(plan, START, ready - timedelta(seconds=1)) == START
    assert finished_before(plan, START, ready) == START + timedelta(minutes=1)


def test_events_count_from_the_first_exposure_to_the_end_of_the_window() -> None:
    plan = replace(plan_of(), window_s=60.0)

    inside = [is_in_window(plan, START, START + timedelta(seconds=age)) for age in (-1, 0, 60, 61)]

    assert inside == [False, True, True, False]


@pytest.mark.parametrize(
    ("metric", "events", "figure"),
    [
        (CHECKOUT, {"checkout": Events(3, 3.0)}, (1.0, 0.0)),
        (CHECKOUT, {}, (0.0, 0.0)),
        (SPENT, {"spent": Events(2, 140.0)}, (100.0, 0.0)),
        (SPENT, {}, (0.0, 0.0)),
        (MetricPlan("stars", MetricKind.AVERAGE, low=1.0, high=5.0), {"stars": Events(2, 7.0)}, (3.5, 0.0)),
        (MetricPlan("stars", MetricKind.AVERAGE, low=1.0, high=5.0), {}, None),
        (CLICKS, {"clicks": Events(2, 2.0), "views": Events(14, 14.0)}, (2.0, 10.0)),
    ],
)
def test_a_user_has_one_figure_however_many_events(
    metric: MetricPlan, events: dict[str, Events], figure: tuple[float, float] | None
) -> None:
    assert figure_of(metric, events) == figure


def test_a_step_adds_up_its_users() -> None:
    plan = plan_of(CHECKOUT, SPENT)
    users = [
        Subject("A", {"spent": Events(1, 10.0)}),
        Subject("A", {"checkout": Events(1, 1.0), "spent": Events(1, 20.0)}),
        Subject("B", {}),
    ]

    step = tally(plan, START, users)

    spent, bought = step.of("A", "spent"), step.of("A", "checkout")
    assert (spent.n, spent.total, spent.squares) == (2.0, 30.0, 500.0)
    assert (bought.n, bought.total, step.of("B", "checkout").n) == (2.0, 1.0, 1.0)


def test_a_sound_plan_has_no_problems() -> None:
    plan = plan_of(CHECKOUT, SPENT, guards=(CLICKS,))

    assert problems_of_plan(plan) == ()
    assert problems_with_flag(plan, FLAG) == ()


@pytest.mark.parametrize(
    ("plan", "problem"),
    [
        (replace(plan_of(), metrics=()), "there is no metric to decide by; name at least one"),
        (
            plan_of(CHECKOUT, guards=(CHECKOUT,)),
            "the metric 'checkout' is there twice; name each once, as a metric or as a guard",
        ),
        (replace(plan_of(), alpha=0.5), "alpha is 0.5; use a chance above 0, at most 0.2"),
        (replace(plan_of(), window_s=-1), "the window is -1 s; use 0 to 2.592e+06 s (30 days)"),
        (replace(plan_of(), max_subjects=5), "5 users are to be kept; use 100 to 1,000,000"),
        (
            plan_of(replace(SPENT, high=0.0)),
            "metric 'spent': figures from 0 to 0; give two bounds, low < high",
        ),
        (plan_of(replace(SPENT, high=float("inf"))), "metric 'spent': its bounds are no finite numbers"),
        (
            plan_of(replace(CHECKOUT, high=2.0)),
            "metric 'checkout': a conversion is 0 or 1 and takes no bounds",
        ),
        (
            plan_of(replace(CLICKS, per="")),
            "metric 'clicks': a ratio needs `per`, the metric that it is divided by",
        ),
    ],
)
def test_a_plan_that_makes_no_sense_is_named(plan: ExperimentPlan, problem: str) -> None:
    assert problems_of_plan(plan) == (problem,)


@pytest.mark.parametrize(
    ("flag", "problem"),
    [
        (
            replace(FLAG, type=FlagType.RELEASE),
            "the flag button is of type release; make it experimental",
        ),
        (
            replace(FLAG, serve=Serve("A")),
            "the flag button has no splits; an experiment compares the variants of one",
        ),
        (
            replace(FLAG, serve=Serve(split=(Share("B", 1), Share("off", 1)))),
            "the control 'A' is not in the split; use one of B, off",
        ),
        (
            replace(FLAG, serve=replace(FLAG.serve, by=("account",))),
            "the split is by account; an experiment counts users, so split by the targeting key",
        ),
        (
            replace(FLAG, rules=(Rule("half", reach=50_000),), otherwise=Serve("A")),
            (
                "A is served outside the split as well: those users are not spread by chance; let rules and"
                " `otherwise` serve a variant that is not in the split"
            ),
        ),
        (
            replace(FLAG, experiment=None),
            (
                "the flag button doesn't name the experiment button, and applications report who sees what"
                " only where it does; give it experiment: {id: button, metrics: [checkout]}"
            ),
        ),
        (
            replace(FLAG, experiment=Experiment("button", metrics=("spent",))),
            "the flag's experiment names the metric 'spent'; say what it is, or take it away",
        ),
    ],
)
def test_a_flag_that_the_plan_does_not_fit_is_named(flag: Flag, problem: str) -> None:
    assert problems_with_flag(plan_of(), flag) == (problem,)
