"""An experiment on a flag's variants: what it compares, by which metrics, and what became of it.

Data, and what is wrong with a plan. When a user counts is the business of `experiment_steps`, what the
counts say that of `experiment_results`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

from sluiceway.domain.flags.model import Flag, FlagType, Serve, Share

DAY_S: Final = 86_400.0
MAX_METRICS: Final = 20  # metrics and guards together
MAX_WINDOW_S: Final = 30 * DAY_S
MAX_SUBJECTS: Final = 1_000_000


class MetricKind(StrEnum):
    """What becomes of a user's events within the window after the first exposure: one figure per user."""

    CONVERSION = "conversion"  # was there any? yes or no, however often
    TOTAL = "total"  # the sum of their values; 0 without any
    AVERAGE = "average"  # the mean of their values; users without any have no figure
    RATIO = "ratio"  # the sum of their values over the sum of another metric's, all users together


class GuardAction(StrEnum):
    """What follows when a guard is shown to be worse than it may be."""

    HOLD = "hold"  # the flag is off for everyone, at once, until a person acts
    ASK = "ask"  # the experiment goes on and asks for a decision


class ExperimentState(StrEnum):
    DRAFT = "draft"
    RUNNING = "running"
    DECIDED = "decided"
    STOPPED = "stopped"

    @property
    def is_over(self) -> bool:
        return self in {ExperimentState.DECIDED, ExperimentState.STOPPED}


@dataclass(frozen=True, slots=True)
class MetricPlan:
    """One metric. A user's figure is cut to `low` .. `high`, in `unit`; a conversion's is 0 or 1.

    Of a RATIO the figure counted is between 0 and `high`, and that of `per`, the name of the metric it is
    divided by, between 0 and `per_high`. `tolerated` is by how much a guard may get worse: a share of
    control's rate for a conversion (0.02 is 2 percent), else in the metric's unit.
    """

    name: str
    kind: MetricKind = MetricKind.CONVERSION
    higher_is_better: bool = True
    low: float = 0.0
    high: float = 1.0
    unit: str = ""
    per: str = ""
    per_high: float = 1.0
    tolerated: float = 0.0


@dataclass(frozen=True, slots=True)
class ExperimentPlan:
    """What is compared. `split` and `salt` are the flag's at the start: changed later, users would move.

    The first of `metrics` decides. `alpha` is the chance that any metric or guard of any variant is ever said
    to differ although none does. A user's events count for `window_s` seconds from the first exposure on.
    """

    id: str
    service: str
    environment: str
    flag: str
    split: tuple[Share, ...]
    control: str
    metrics: tuple[MetricPlan, ...]
    guards: tuple[MetricPlan, ...] = ()
    salt: str = ""
    alpha: float = 0.05
    window_s: float = DAY_S
    on_guard: GuardAction = GuardAction.ASK
    max_subjects: int = 200_000  # kept one by one; later ones are counted and not looked at
    title: str = ""

    @property
    def measured(self) -> tuple[MetricPlan, ...]:
        """Return metrics and guards."""
        return (*self.metrics, *self.guards)

    @property
    def challengers(self) -> tuple[str, ...]:
        """Return the variants that are compared with the control."""
        return tuple(share.variant for share in self.split if share.variant != self.control)

    @property
    def alpha_each(self) -> float:
        """Return the part of `alpha` that each comparison has (Bonferroni)."""
        return self.alpha / max(1, len(self.challengers) * len(self.measured))

    @property
    def events(self) -> frozenset[str]:
        """Return the names of the metric events that are kept."""
        return frozenset(name for metric in self.measured for name in (metric.name, metric.per) if name)


@dataclass(frozen=True, slots=True)
class ExperimentRecord:
    """A plan and what became of it. Instants are wall time.

    `asks` says in words why a person should look now; `ratio_alarm` what the split's alarm said, once it
    rang; `verdict` and `winner` what was decided, with the figures at that time.
    """

    plan: ExperimentPlan
    state: ExperimentState = ExperimentState.DRAFT
    created_at: datetime | None = None
    created_by: str = ""
    started_at: datetime | None = None
    ended_at: datetime | None = None
    ended_by: str = ""
    winner: str = ""
    why: str = ""
    verdict: str = ""
    asks: str = ""
    ratio_alarm: str = ""
    assigned: Mapping[str, int] = field(default_factory=dict[str, int])  # at the end, by variant
    mixed: int = 0  # users seen with several variants, at the end


@dataclass(frozen=True, slots=True)
class Tally:
    """Figures of the users of one variant for one metric: how many, their sum, the sum of their squares.

    Of a RATIO also those of what it is divided by, and the sum of the products.
    """

    n: float = 0.0
    total: float = 0.0
    squares: float = 0.0
    per: float = 0.0
    per_squares: float = 0.0
    products: float = 0.0

    def plus(self, other: Tally) -> Tally:
        return Tally(
            self.n + other.n,
            self.total + other.total,
            self.squares + other.squares,
            self.per + other.per,
            self.per_squares + other.per_squares,
            self.products + other.products,
        )

    def with_figure(self, value: float, per: float = 0.0) -> Tally:
        """Return it with one more user's figure."""
        return self.plus(Tally(1.0, value, value * value, per, per * per, value * per))


NOTHING: Final = Tally()


@dataclass(frozen=True, slots=True)
class Step:
    """All users first exposed in one stretch of time, once their window was over; never changed later."""

    at: datetime
    tallies: dict[tuple[str, str], Tally] = field(default_factory=dict[tuple[str, str], Tally])
    # by variant and metric

    def of(self, variant: str, metric: str) -> Tally:
        return self.tallies.get((variant, metric), NOTHING)


def problems_of_plan(plan: ExperimentPlan) -> tuple[str, ...]:
    """Return what is wrong with a plan, whatever the flag; () when nothing is."""
    return tuple(_plan_problems(plan))


def problems_with_flag(plan: ExperimentPlan, flag: Flag) -> tuple[str, ...]:
    """Return why this plan can't be run on the flag as it stands; () when it can."""
    return tuple(_flag_problems(plan, flag))


def split_of(flag: Flag) -> Serve | None:
    """Return the one split of a flag, None when it has none or several."""
    found = [serve for serve in _serves(flag) if serve.split]
    return found[0] if len(found) == 1 else None


def _serves(flag: Flag) -> tuple[Serve, ...]:
    """Everything the flag may serve while it is on."""
    own = tuple(rule.serve for rule in flag.rules if rule.serve != Serve())
    needs_common = not flag.rules or any(rule.serve == Serve() for rule in flag.rules)
    common = (flag.serve,) if needs_common else ()
    return (*own, *common, flag.otherwise) if flag.rules else common


def _plan_problems(plan: ExperimentPlan) -> Iterable[str]:
    names = [metric.name for metric in plan.measured]
    if not plan.id:
        yield "the experiment has no id; give it one such as checkout-button"
    if not plan.metrics:
        yield "there is no metric to decide by; name at least one"
    if len(names) > MAX_METRICS:
        yield f"there are {len(names)} metrics and guards; use at most {MAX_METRICS}"
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"the metric {name!r} is there twice; name each once, as a metric or as a guard"
    if not 0.0 < plan.alpha <= 0.2:
        yield f"alpha is {plan.alpha:g}; use a chance above 0, at most 0.2"
    if not 0.0 <= plan.window_s <= MAX_WINDOW_S:
        yield f"the window is {plan.window_s:g} s; use 0 to {MAX_WINDOW_S:g} s (30 days)"
    if not 100 <= plan.max_subjects <= MAX_SUBJECTS:
        yield f"{plan.max_subjects} users are to be kept; use 100 to {MAX_SUBJECTS:,}"
    for metric in plan.measured:
        yield from _metric_problems(metric)


def _metric_problems(metric: MetricPlan) -> Iterable[str]:
    which = f"metric {metric.name!r}"
    if not metric.name:
        yield "a metric has no name"
    figures = (metric.low, metric.high, metric.per_high, metric.tolerated)
    if not all(map(math.isfinite, figures)):
        yield f"{which}: its bounds are no finite numbers"
    elif not metric.low < metric.high:
        yield f"{which}: figures from {metric.low:g} to {metric.high:g}; give two bounds, low < high"
    if metric.tolerated < 0:
        yield f"{which}: a tolerated loss of {metric.tolerated:g}; use 0 or more"
    if metric.kind is MetricKind.CONVERSION and (metric.low, metric.high) != (0.0, 1.0):
        yield f"{which}: a conversion is 0 or 1 and takes no bounds"
    if metric.kind is MetricKind.RATIO:
        if not metric.per:
            yield f"{which}: a ratio needs `per`, the metric that it is divided by"
        if metric.low != 0.0 or not metric.per_high > 0.0:
            yield f"{which}: both figures of a ratio begin at 0; give high and per_high above 0"
    elif metric.per:
        yield f"{which}: `per` belongs to a ratio only"


def _flag_problems(plan: ExperimentPlan, flag: Flag) -> Iterable[str]:
    if flag.type is not FlagType.EXPERIMENTAL:
        yield f"the flag {flag.id} is of type {flag.type.value}; make it experimental"
    serve = split_of(flag)
    if serve is None:
        splits = sum(bool(each.split) for each in _serves(flag))
        yield f"the flag {flag.id} has {splits or 'no'} splits; an experiment compares the variants of one"
        return
    arms = [share.variant for share in serve.split if share.weight > 0]
    if len(arms) < 2:
        yield f"the split has {len(arms)} variants with a weight; give weight to at least two"
    if plan.control not in arms:
        yield f"the control {plan.control!r} is not in the split; use one of {', '.join(arms)}"
    if serve.by:
        by = ", ".join(serve.by)
        yield f"the split is by {by}; an experiment counts users, so split by the targeting key"
    for other in _serves(flag):
        if not other.split and other.variant in arms:
            yield (
                f"{other.variant} is served outside the split as well: those users are not spread by chance;"
                " let rules and `otherwise` serve a variant that is not in the split"
            )
    asked = flag.experiment
    if asked is None or asked.id != plan.id:
        names = ", ".join(metric.name for metric in plan.metrics)
        yield (
            f"the flag {flag.id} doesn't name the experiment {plan.id}, and applications report who sees what"
            f" only where it does; give it experiment: {{id: {plan.id}, metrics: [{names}]}}"
        )
        return
    known = {metric.name for metric in plan.measured}
    for name in (*asked.metrics, *asked.guards):
        if name not in known:
            yield f"the flag's experiment names the metric {name!r}; say what it is, or take it away"
