"""How the evidence grows on traffic of a known size, and how likely it is to have grown enough by then.

Arithmetic instead of simulation: the log of a claim's evidence is taken as a Brownian motion with the mean
and variance that `evidence.update` gives it. Which claims there are and how much is enough: `planning`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from sluiceway.domain.analysis.noise import Noise, worth, worth_here

_FAR = 6.0  # standard deviations from which on a normal distribution's tail is taken by its asymptote
_MANY = 60  # bad requests from which on a Poisson distribution is taken as normal


@dataclass(frozen=True, slots=True)
class Traffic:
    """Steady traffic: `rps` requests/s of both versions together, `share` (0 to 1) of it on the new one,
    `base_rate` (0 to 1) of stable's requests bad. It is counted every `interval_s` seconds."""

    rps: float
    share: float
    base_rate: float
    interval_s: float = 5.0

    @property
    def is_comparable(self) -> bool:
        """Return whether both versions have requests, and stable a bad rate that can be multiplied."""
        return self.rps > 0 and 0 < self.share < 1 and 0 < self.base_rate < 1

    @property
    def new_rps(self) -> float:
        return self.rps * self.share

    @property
    def stable_rps(self) -> float:
        return self.rps * (1.0 - self.share)


@dataclass(frozen=True, slots=True)
class Growth:
    """What one claim's log evidence grew to by counts alone, as `mean` and `var`, within `seconds`."""

    mean: float = 0.0
    var: float = 0.0
    seconds: float = 0.0

    def after(self, seconds: float, pace: Growth) -> Growth:
        """Return the growth after `seconds` more at `pace`, which is the growth of one second."""
        return Growth(self.mean + seconds * pace.mean, self.var + seconds * pace.var, self.seconds + seconds)


@dataclass(frozen=True, slots=True)
class Claimed:
    """A claim against its null, the ratio `margin`: that the ratio is `factor` times the margin, while in
    truth it is `truth` times the margin."""

    factor: float
    truth: float
    margin: float

    def pace(self, traffic: Traffic, noise: Noise) -> Growth:
        """Return the growth per second on comparable traffic.

        Given an interval's bad requests, those of the new version are binomial. Each is one trial, tempered
        as `noise.worth_here` does it: where an interval has fewer bad requests than count as one, it is one
        trial if it has any. An interval without a request of the new version is none at all.
        """
        every_s = traffic.interval_s
        usable = -math.expm1(-traffic.new_rps * every_s)
        odds = traffic.share / (1.0 - traffic.share) / usable * self.margin
        bad = traffic.stable_rps * traffic.base_rate * (1.0 + odds * self.truth)  # per usable second
        bursts = bad * every_s / mean_burst(noise.burst)
        as_one = worth_here(noise.burst, self.factor, 1.0, every_s)
        trials = usable * max(
            bad / worth(noise.burst, self.factor), -math.expm1(-bursts) / (as_one * every_s)
        )
        hit = odds * self.truth / (1.0 + odds * self.truth)
        step = math.log(self.factor)
        gain = hit * step - math.log1p(odds * (self.factor - 1.0) / (1.0 + odds))
        return Growth(trials * gain, trials * hit * (1.0 - hit) * step**2, 1.0)

    def chance(self, grown: Growth, nats: float, noise: Noise, *, followed: float = 0.0) -> float:
        """Return the chance (0 to 1) that the evidence has reached `nats` by now.

        Wandering noise bounds what a time may tell, however many requests it has: the mean of an
        Ornstein-Uhlenbeck process over t is known with variance 2 sd^2 / (2 + t / memory). That variance and
        the counts' add up, so the growths combine as resistors do in parallel. `followed` is what is known of
        the noise from before, as one over a variance. Truth and margin are of mean rates; the log of a
        ratio that wanders lies half its variance below. The time of first passage of a Brownian motion with
        drift is inverse Gaussian (Chhikara and Folks 1989).
        """
        mean, var = grown.mean, grown.var
        if mean <= 0.0:
            return 0.0
        if noise.slow_sd > 0.0:
            step, true = math.log(self.factor), math.log(self.truth) - 0.5 * noise.slow_sd**2
            known = followed + (2.0 + grown.seconds / noise.slow_s) / (2.0 * noise.slow_sd**2)
            most, widest = known * (step * true - 0.5 * step**2), known * step**2
            if most <= 0.0:
                return 0.0
            mean, var = mean * most / (mean + most), var * widest / (var + widest)
        return passed(mean, var, nats)

    def followed(self, traffic: Traffic, noise: Noise) -> float:
        """Return how well the noise's level is known while `truth` is all there is, as one over a variance.

        The steady state of the filter that follows a Brownian motion: variance sqrt(diffusion / precision of
        the counts per second), of which a step sees half (Kalman and Bucy 1961).
        """
        if noise.slow_sd <= 0.0:
            return 0.0
        precision = self.pace(traffic, noise).var / math.log(self.factor) ** 2
        diffusion = 2.0 * noise.slow_sd**2 / noise.slow_s
        return 0.5 * math.sqrt(precision / diffusion)


def mean_burst(burst: float) -> float:
    """Return the mean size of geometric bursts with E[B^2] / E[B] of `burst`."""
    return (burst + 1.0) / 2.0


def chance_of_count(expected: float, needed: float) -> float:
    """Return the chance (0 to 1) that a Poisson count of mean `expected` is at least `needed`."""
    if needed <= 0.0:
        return 1.0
    if expected <= 0.0:
        return 0.0
    if needed > _MANY:
        return _normal((expected - needed) / math.sqrt(expected))
    term = fewer = math.exp(-expected)
    for count in range(1, math.ceil(needed)):
        term *= expected / count
        fewer += term
    return max(0.0, 1.0 - fewer)


def passed(mean: float, var: float, level: float) -> float:
    """Return the chance that a Brownian motion with drift, now at `mean` with `var`, has been at `level`."""
    if mean <= 0.0 or var <= 0.0:
        return 0.0
    spread = math.sqrt(var)
    beyond = (mean + level) / spread
    if beyond > _FAR:
        again = math.exp(-((mean - level) ** 2) / (2.0 * var)) / (beyond * math.sqrt(2.0 * math.pi))
    else:
        again = math.exp(2.0 * level * mean / var) * _normal(-beyond)
    return min(1.0, _normal((mean - level) / spread) + again)


def _normal(z: float) -> float:
    return 0.5 * math.erfc(-z / math.sqrt(2.0))
