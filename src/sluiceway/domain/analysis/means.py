"""The sequential comparison of two versions' means: ratings, times on task, any value between two bounds.

Evidence that may be looked at after every interval, as in `evidence`, but of a difference of means and from
sums alone. Both sides are compared over the same time, so what moves both means alike is evidence of
nothing. Where values are few, they wait until both sides have some. `mean_verdict` says what the evidence
means. Method, assumptions and sources: docs/analysis.md, "Ratings and means".
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from sluiceway.domain.analysis.counts import MAX_SKEW_SHARE, Problem
from sluiceway.domain.analysis.drift import Level, pass_time, wandering
from sluiceway.domain.analysis.mean_bets import (
    NO_VALUES,
    STAKES,
    Bet,
    Side,
    Sums,
    bet,
    learn_values,
    variance,
)
from sluiceway.domain.analysis.mean_calm import UNWATCHED, MeanCalm, follow_calm
from sluiceway.domain.analysis.mean_ranges import NOTHING_SEEN, Batch, Windows, follow_windows, learn_level
from sluiceway.domain.analysis.noise import CAUTIOUS, Noise
from sluiceway.errors import InvalidInputError

AT_START = 0.7  # of the weight; the rest is spent evenly over the bake, for losses that begin late
ENOUGH = 4.0  # values on each side with which a batch is compared at once
PATIENCE_S = 60.0  # after which one on each side will do
LONGEST_WAIT_S = 600.0  # after which values without a counterpart are given up: not the same time any more
_ROUNDING = 1e-6  # of sums that were subtracted from running totals
_MAX_LOG = 600.0
_ONE_SIDED = frozenset({Problem.NO_REQUESTS_ON_NEW, Problem.NO_REQUESTS_ON_STABLE})


@dataclass(frozen=True, slots=True)
class MeanInterval:
    """Values of one interval, stable's (0) and the new version's (1): how many, their sum, the sum of their
    squares. `skew_s` and `is_missing` are as in `counts.Interval`."""

    n0: float
    total0: float
    squares0: float
    n1: float
    total1: float
    squares1: float
    seconds: float
    skew_s: float = 0.0
    is_missing: bool = False


@dataclass(frozen=True, slots=True)
class MeanSettings:
    """What is tolerated and promised for one metric whose values lie between `low` and `high`, both possible.

    `margin`: tolerated loss, in the metric's unit. A loss is a rise of the mean where `higher_is_worse`, else
    a drop. `alpha`: chance of a false rollback over the bake of `bake_s` seconds. `sound_margin`, `beta`: a
    version is sound when a loss of at least the margin is refuted at this chance of error, with `min_values`
    values on each side after `min_bake_s` seconds. Silence of `stale_s` seconds is no data. Losses under
    `min_effect` are never acted on.

    `noise.burst`: at most so many values of a version hang together (one person's, one cause's); 1 if they
    are independent, infinity if all that are compared at once are one piece. `noise.slow_sd`, `slow_s`:
    standard deviation, in those of a single value, and memory of what wanders between groups of one version.
    Raises InvalidInputError if these don't fit together.
    """

    low: float
    high: float
    margin: float
    sound_margin: float
    alpha: float = 0.01
    beta: float = 0.05
    bake_s: float = 86_400.0
    min_values: int = 50
    min_bake_s: float = 60.0
    stale_s: float = 60.0
    min_effect: float = 0.0
    higher_is_worse: bool = True
    noise: Noise = CAUTIOUS

    def __post_init__(self) -> None:
        if not (math.isfinite(self.low) and math.isfinite(self.high) and self.low < self.high):
            raise InvalidInputError(f"values from {self.low:g} to {self.high:g}: give two bounds, low < high")
        if not 0 <= self.margin < self.sound_margin <= self.width:
            raise InvalidInputError(
                f"a tolerated loss of {self.margin:g} and a ruled out loss of {self.sound_margin:g}: use 0 <="
                f" margin < sound_margin <= {self.width:g}, the width of the bounds"
            )
        if not (0 < self.alpha < 1 and 0 < self.beta < 1 and self.bake_s > 0):
            raise InvalidInputError(
                f"alpha {self.alpha:g}, beta {self.beta:g}, bake {self.bake_s:g} s: use chances between 0 and"
                " 1 and a time above 0"
            )

    @property
    def width(self) -> float:
        """Return the distance of the bounds, in the metric's unit."""
        return self.high - self.low


@dataclass(frozen=True, slots=True)
class Stand:
    """How the bets against one margin stand: the log of each one's evidence, and what is known of the
    disturbance if the difference is that margin, never in favour of the bets; None: nothing."""

    logs: tuple[float, ...]
    level: Level | None = None


@dataclass(frozen=True, slots=True)
class MeanEvidence:
    """All that is remembered of one metric of one rollout; its size never grows.

    `loss` stands against "at most the margin", `no_loss` against "at least the margin of soundness".
    `waiting0` and `waiting1` are values not compared yet, `known0` and `known1` the last that were; they lie
    between 0 and 1, higher is worse. `n0` to `squares1` are totals of usable intervals in the metric's own
    unit. `silent_s` is how long nothing could be compared, because of `problem`; `unusable` counts intervals
    whose figures made no sense.
    """

    loss: Stand
    no_loss: Stand
    spent: float
    windows: Windows = NOTHING_SEEN
    known0: Sums = NO_VALUES
    known1: Sums = NO_VALUES
    compared_at_s: float = 0.0
    waiting0: Sums = NO_VALUES
    waiting1: Sums = NO_VALUES
    waiting_s: float = 0.0
    calm: MeanCalm = UNWATCHED
    elapsed_s: float = 0.0
    n0: float = 0.0
    total0: float = 0.0
    squares0: float = 0.0
    n1: float = 0.0
    total1: float = 0.0
    squares1: float = 0.0
    silent_s: float = 0.0
    problem: Problem | None = None
    unusable: int = 0


def find_mean_problem(interval: MeanInterval, settings: MeanSettings) -> Problem | None:
    """Return why these sums can't be compared, None when they can."""
    if interval.is_missing:
        return Problem.MISSING
    sides = (
        Sums(interval.n0, interval.total0, interval.squares0),
        Sums(interval.n1, interval.total1, interval.squares1),
    )
    figures = [figure for side in sides for figure in (side.n, side.total, side.squares)]
    if not all(map(math.isfinite, (*figures, interval.seconds, interval.skew_s))):
        return Problem.NOT_A_NUMBER
    if interval.seconds <= 0:
        return Problem.NO_TIME
    if any(side.n < 0 or side.squares < 0 for side in sides):
        return Problem.NEGATIVE
    if not all(_are_possible(side, settings) for side in sides):
        return Problem.OUTSIDE_BOUNDS
    if abs(interval.skew_s) > MAX_SKEW_SHARE * interval.seconds:
        return Problem.SKEWED
    if interval.n1 == 0:
        return Problem.NO_REQUESTS_ON_NEW
    if interval.n0 == 0:
        return Problem.NO_REQUESTS_ON_STABLE
    return None


def start_means() -> MeanEvidence:
    """Return the state before anything was seen."""
    count = len(STAKES)
    return MeanEvidence(Stand((math.log(AT_START),) * count), Stand((0.0,) * count), AT_START)


def update_means(state: MeanEvidence, interval: MeanInterval, settings: MeanSettings) -> MeanEvidence:
    """Return the state after one more interval.

    Sums that can't be compared change no evidence. One side's values without the other's wait for those, up
    to ten minutes. The first batch bets nothing: it shows where the values lie.
    """
    problem = find_mean_problem(interval, settings)
    now = _pass_time(state, interval, settings)
    if problem is None or problem in _ONE_SIDED:
        now = _take(now, interval, settings)
    else:
        now = replace(now, unusable=now.unusable + 1)
    compared = _compare(now, settings)
    if problem is None or compared is not now:
        return replace(compared, silent_s=0.0, problem=None)
    seconds = now.elapsed_s - state.elapsed_s
    return replace(now, silent_s=state.silent_s + seconds, problem=problem)


def evidence_of_loss(state: MeanEvidence) -> float:
    """Return the e-value against "the loss is at most the margin": 1 is none, 1/alpha is enough."""
    return _mean(state.loss) + max(0.0, 1.0 - state.spent)


def evidence_of_no_loss(state: MeanEvidence) -> float:
    """Return the e-value against "the loss is `sound_margin` or more": 1/beta is enough."""
    return _mean(state.no_loss)


def scaled(n: float, total: float, squares: float, settings: MeanSettings) -> Sums:
    """Return sums of values between 0 and 1 of which higher is worse."""
    low, width = settings.low, settings.width
    by_low = Sums(n, (total - low * n) / width, (squares - 2 * low * total + low * low * n) / (width * width))
    if settings.higher_is_worse:
        return by_low
    return Sums(n, n - by_low.total, n - 2.0 * by_low.total + by_low.squares)


def _are_possible(side: Sums, settings: MeanSettings) -> bool:
    """Whether values between the bounds can have these sums.

    A value's distances from both bounds have a product of at least 0, and squares are no smaller than the
    mean's (Cauchy and Schwarz). What rounding may do to differences of running totals is let pass.
    """
    low, high = settings.low, settings.high
    largest = max(abs(low), abs(high))
    if side.n == 0:
        return abs(side.total) <= _ROUNDING * largest and side.squares <= _ROUNDING * largest**2
    slack = _ROUNDING * side.n * largest
    if not low * side.n - slack <= side.total <= high * side.n + slack:
        return False
    slack *= largest
    within = (low + high) * side.total - low * high * side.n - side.squares
    return within >= -slack and side.squares >= side.total**2 / side.n - slack


def _pass_time(state: MeanEvidence, interval: MeanInterval, settings: MeanSettings) -> MeanEvidence:
    """Start every bet anew with a little of the weight that is left: "it begins now". Give up values that
    have waited too long."""
    seconds = max(0.0, interval.seconds) if math.isfinite(interval.seconds) else 0.0
    waits = state.waiting0.n > 0 or state.waiting1.n > 0
    now = replace(
        state,
        elapsed_s=state.elapsed_s + seconds,
        waiting_s=state.waiting_s + seconds if waits else seconds,
    )
    if waits and now.waiting_s > max(LONGEST_WAIT_S, seconds):
        now = replace(now, waiting0=NO_VALUES, waiting1=NO_VALUES, waiting_s=seconds)
    weight = min((1.0 - AT_START) * seconds / settings.bake_s, 1.0 - state.spent)
    if weight <= 0.0 or state.elapsed_s == 0.0:
        return now
    fresh = math.log(weight)
    loss = replace(now.loss, logs=tuple(_log_sum(each, fresh) for each in now.loss.logs))
    return replace(now, loss=loss, spent=now.spent + weight)


def _take(state: MeanEvidence, interval: MeanInterval, settings: MeanSettings) -> MeanEvidence:
    seen0 = scaled(interval.n0, interval.total0, interval.squares0, settings)
    seen1 = scaled(interval.n1, interval.total1, interval.squares1, settings)
    return replace(
        state,
        waiting0=state.waiting0.plus(seen0),
        waiting1=state.waiting1.plus(seen1),
        n0=state.n0 + interval.n0,
        total0=state.total0 + interval.total0,
        squares0=state.squares0 + interval.squares0,
        n1=state.n1 + interval.n1,
        total1=state.total1 + interval.total1,
        squares1=state.squares1 + interval.squares1,
    )


def _compare(state: MeanEvidence, settings: MeanSettings) -> MeanEvidence:
    """Return the state after the waiting values were compared; itself when they have to wait."""
    fewest = min(state.waiting0.n, state.waiting1.n)
    if fewest < (ENOUGH if state.waiting_s < PATIENCE_S else 1.0):
        return state
    burst = settings.noise.burst
    stable = Side(state.waiting0, state.known0, burst)
    new = Side(state.waiting1, state.known1, burst)
    now = replace(
        state,
        known0=learn_values(stable),
        known1=learn_values(new),
        compared_at_s=state.elapsed_s,
        waiting0=NO_VALUES,
        waiting1=NO_VALUES,
        waiting_s=0.0,
        calm=follow_calm(
            state.calm,
            state.waiting0,
            state.waiting1,
            seconds=state.waiting_s,
            size=settings.sound_margin / settings.width,
            together=burst,
        ),
    )
    if state.known0.n == 0.0:
        return now
    batch = _bet(stable, new, state.elapsed_s - state.compared_at_s, settings)
    return replace(
        now,
        loss=_stand(state.loss, batch.worse, settings.margin / settings.width, batch, batch.gap),
        no_loss=_stand(
            state.no_loss, batch.better, -settings.sound_margin / settings.width, batch, -batch.gap
        ),
        windows=follow_windows(state.windows, batch, state.elapsed_s),
    )


def _bet(stable: Side, new: Side, seconds: float, settings: MeanSettings) -> Batch:
    noise = settings.noise
    value_var = max(variance(stable.known), variance(new.known))
    slow_sd = noise.slow_sd * math.sqrt(value_var)
    return Batch(
        worse=bet(new, stable),
        better=bet(stable, new),
        gap=new.sums.mean - stable.sums.mean,
        weight=1.0 / (1.0 / stable.independent + 1.0 / new.independent),
        error_var=stable.error_var + new.error_var,
        step=wandering(slow_sd, noise.slow_s, seconds),
        unknown=Level(0.0, slow_sd * slow_sd),
    )


def _stand(stand: Stand, made: Bet, margin: float, batch: Batch, gap: float) -> Stand:
    """What was won, and the disturbance as a null hypothesis at the margin sees it.

    One that seems to work against the bets is forgotten: the version may have been better then, and a return
    to what is tolerated is no loss.
    """
    level = batch.unknown if stand.level is None else pass_time(stand.level, batch.step)
    won = made.against(margin, level)
    logs = tuple(min(each + more, _MAX_LOG) for each, more in zip(stand.logs, won, strict=True))
    learned = learn_level(level, gap - margin, batch.error_var)
    return Stand(logs, learned if learned.mean > 0.0 else None)


def _mean(stand: Stand) -> float:
    return sum(map(math.exp, stand.logs)) / len(stand.logs)


def _log_sum(one: float, other: float) -> float:
    top = max(one, other)
    return top + math.log1p(math.exp(min(one, other) - top))
