"""What a version served in a stretch of simulated time, and the sums of such stretches."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Own:
    """A metric that is no request figure: `count` values that add up to `total`, or, where `bad` is told, how
    many of the count were bad. Whether bad ones or good ones make the metric's share is the metric's to say.
    """

    count: float
    total: float
    squares: float = 0.0
    bad: float | None = None

    def bad_of(self, *, higher_is_worse: bool) -> float:
        """Return how many were bad; of a share that was told as a value, those that it counts or leaves."""
        if self.bad is not None:
            return self.bad
        return self.total if higher_is_worse else self.count - self.total

    def mean(self, *, higher_is_worse: bool) -> float:
        """Return the figure in the metric's own terms: the share of good ones where more is better."""
        if self.bad is None:
            return self.total / self.count
        return (self.bad if higher_is_worse else self.count - self.bad) / self.count


@dataclass(frozen=True, slots=True)
class Served:
    """Counts of one version. `answers[i]` are those at or below the world's bound `i` and above the one
    before; empty when nothing is known of times. `own` are other metrics by name."""

    requests: float = 0.0
    errors: float = 0.0
    answers: tuple[float, ...] = ()
    own: Mapping[str, Own] = field(default_factory=dict[str, Own])


NOTHING = Served()


def plus(one: Served, other: Served, sign: float = 1.0) -> Served:
    """Return the sum of two counts, with `sign` -1 the difference."""
    answers = one.answers or other.answers
    if one.answers and other.answers:
        answers = tuple(a + sign * b for a, b in zip(one.answers, other.answers, strict=True))
    own = dict(one.own)
    for name, more in other.own.items():
        have = own.get(name, Own(0.0, 0.0, bad=None if more.bad is None else 0.0))
        own[name] = Own(
            have.count + sign * more.count,
            have.total + sign * more.total,
            have.squares + sign * more.squares,
            None if have.bad is None or more.bad is None else have.bad + sign * more.bad,
        )
    return Served(one.requests + sign * other.requests, one.errors + sign * other.errors, answers, own)


def minus(after: Served, before: Served) -> Served:
    """Return what came between two running totals."""
    return plus(after, before, -1.0)


def slower_than(served: Served, bounds_ms: Sequence[float], bound_ms: float) -> float | None:
    """Return the answers above the smallest bound that is not below `bound_ms`; None when none is known."""
    index = bisect_left(bounds_ms, bound_ms)
    if not served.answers or index >= len(bounds_ms):
        return None
    return sum(served.answers[index + 1 :])
