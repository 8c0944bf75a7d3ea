"""Made-up experiments: users with figures, from a seeded generator."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime

from sluiceway.domain.flags.experiment_model import ExperimentPlan, MetricKind, MetricPlan, Step, Tally
from sluiceway.domain.flags.experiment_sequences import Progress, follow, start_progress
from sluiceway.domain.flags.model import Share

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
CHECKOUT = MetricPlan("checkout")
SPENT = MetricPlan("spent", MetricKind.TOTAL, high=100.0, unit="€")
CLICKS = MetricPlan("clicks", MetricKind.RATIO, high=10.0, per="views", per_high=10.0)
Figure = Callable[[random.Random, str], tuple[float, float]]


def plan_of(
    *metrics: MetricPlan, variants: str = "AB", guards: tuple[MetricPlan, ...] = ()
) -> ExperimentPlan:
    return ExperimentPlan(
        id="button",
        service="shop",
        environment="production",
        flag="button",
        split=tuple(Share(variant, 1) for variant in variants),
        control=variants[0],
        metrics=metrics or (CHECKOUT,),
        guards=guards,
    )


def converts(rate: float, **lifts: float) -> Figure:
    """Users convert at `rate`, those of a variant so many times as often."""

    def figure(chance: random.Random, variant: str) -> tuple[float, float]:
        return float(chance.random() < rate * lifts.get(variant, 1.0)), 0.0

    return figure


def spends(**lifts: float) -> Figure:
    """Three in ten buy something, for 20 on average."""

    def figure(chance: random.Random, variant: str) -> tuple[float, float]:
        if chance.random() > 0.3:
            return 0.0, 0.0
        return min(100.0, chance.expovariate(0.05) * lifts.get(variant, 1.0)), 0.0

    return figure


def clicks(**lifts: float) -> Figure:
    """Everybody has a few views, and clicks after one in five; heavy viewers click as rarely."""

    def figure(chance: random.Random, variant: str) -> tuple[float, float]:
        views = min(10, 1 + int(chance.expovariate(0.5)))
        rate = 0.2 * lifts.get(variant, 1.0)
        return float(sum(chance.random() < rate for _ in range(views))), float(views)

    return figure


def walk(
    plan: ExperimentPlan, figure: Figure, seed: int, *, steps: int, users: int
) -> list[tuple[Progress, dict[str, int]]]:
    """Return what is known after each step, and how many users each variant has by then."""
    chance, progress = random.Random(seed), start_progress(plan)
    variants = [share.variant for share in plan.split]
    assigned = dict.fromkeys(variants, 0)
    known: list[tuple[Progress, dict[str, int]]] = []
    for _ in range(steps):
        tallies: dict[tuple[str, str], Tally] = {}
        for _ in range(users):
            variant = chance.choice(variants)
            assigned[variant] += 1
            for metric in plan.measured:
                key = (variant, metric.name)
                tallies[key] = tallies.get(key, Tally()).with_figure(*figure(chance, variant))
        progress = follow(progress, plan, Step(START, tallies))
        known.append((progress, dict(assigned)))
    return known
