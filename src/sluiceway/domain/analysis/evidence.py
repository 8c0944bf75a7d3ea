"""The sequential comparison of two versions' counts: evidence that may be looked at after every interval.

Per claimed ratio the evidence is a likelihood ratio: how much better "the new version's bad rate is now that
many times stable's" foretold the counts than "it is at the tolerated ratio, and the rest is noise". Given the
interval's bad requests of both versions, only their split between the two is judged, so the base rate drops
out: what hits both at once is evidence of nothing. Each ratio is a non-negative martingale under its null
hypothesis, mixtures of them are too, and by Ville's inequality such a mixture ever reaches 1/alpha with a
chance of at most alpha, however often one looks. Sources and assumptions: docs/analysis.md.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from sluiceway.domain.analysis.counts import Interval, Problem, find_problem
from sluiceway.domain.analysis.drift import Level, Wandering, learn, pass_time, wandering
from sluiceway.domain.analysis.incidents import Calm, follow
from sluiceway.domain.analysis.noise import CAUTIOUS, Noise, worth, worth_here
from sluiceway.domain.analysis.ranges import Ratios, follow_ratio, start_ratios

WORSE = (1.25, 1.6, 2.2, 3.2, 5.0, 10.0, 40.0)  # claims, as factors above the tolerated ratio
SOUND = (1 / 1.2, 1 / 1.5, 1 / 2.2)  # claims, as factors below the margin of non-inferiority
AT_START = 0.7  # of the weight; the rest is earned evenly over the bake, for regressions that begin late
_HIGH_SD = 2.0  # standard deviations above its tolerated share: then a regression may have begun
_SPENT_THEN = 0.25  # of what is saved by then
LATELY_S = 60.0
_MAX_LOG = 600.0
_UNWATCHED = Calm()


@dataclass(frozen=True, slots=True)
class Settings:
    """What is tolerated and promised for one metric.

    `margin`: tolerated ratio of bad rates. `alpha`: chance of a false rollback over the bake of `bake_s`
    seconds. `sound_margin`, `beta`: a version is sound when a ratio at or above the margin is refuted at this
    chance of error. A regression needs `min_bad` bad requests of the new version, soundness `min_requests`
    requests on each side and `min_bake_s` seconds. Silence of `stale_s` seconds is no data. A
    version is sound as well when its bad rate itself is shown to stay below `limit_rate` (0 to 1), if set.
    Rates that differ by less than `min_effect` (0 to 1) are no regression, whatever their ratio.
    """

    noise: Noise = CAUTIOUS
    margin: float = 1.25
    alpha: float = 0.01
    bake_s: float = 86_400.0
    sound_margin: float = 1.5
    beta: float = 0.05
    min_bad: int = 3
    min_requests: int = 50
    min_bake_s: float = 60.0
    stale_s: float = 60.0
    limit_rate: float | None = None
    min_effect: float = 0.0


@dataclass(frozen=True, slots=True)
class Claim:
    """One claimed ratio against its null: the log of the evidence, and the noise's level as each sees it.

    Levels are logs of ratios, above the claimed ratio for `claimed`, above the tolerated one for `null`.
    """

    log_evidence: float
    claimed: Level
    null: Level


@dataclass(frozen=True, slots=True)
class Lately:
    """Counts of both versions that are forgotten within minutes: how large a difference is now."""

    n0: float = 0.0
    x0: float = 0.0
    n1: float = 0.0
    x1: float = 0.0

    def after(self, interval: Interval) -> Lately:
        """Return the counts after one more interval of usable ones."""
        keep = math.exp(-interval.seconds / LATELY_S)
        return Lately(
            keep * self.n0 + interval.n0,
            keep * self.x0 + interval.x0,
            keep * self.n1 + interval.n1,
            keep * self.x1 + interval.x1,
        )


_NOTHING_LATELY = Lately()


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that is remembered of one metric of one rollout; its size never grows.

    `n0` to `x1` are totals of usable intervals, `lately` those of the last minutes. `silent_s` is how long
    nothing usable was seen, because of `problem`; `unusable` counts intervals whose figures made no sense.
    """

    worse: tuple[Claim, ...]
    sound: tuple[Claim, ...]
    spent: float
    ratios: Ratios
    calm: Calm = _UNWATCHED
    lately: Lately = _NOTHING_LATELY
    elapsed_s: float = 0.0
    n0: float = 0.0
    x0: float = 0.0
    n1: float = 0.0
    x1: float = 0.0
    silent_s: float = 0.0
    problem: Problem | None = None
    unusable: int = 0


def start(settings: Settings) -> Evidence:
    """Return the state before anything was counted."""
    level = _unknown(settings.noise)
    worse = tuple(Claim(math.log(AT_START), level, level) for _ in WORSE)
    sound = tuple(Claim(0.0, level, level) for _ in SOUND)
    return Evidence(worse, sound, AT_START, start_ratios(settings.noise))


def update(state: Evidence, interval: Interval, settings: Settings) -> Evidence:
    """Return the state after one more interval.

    Counts that can't be compared change no evidence; they are remembered as silence with its reason. The
    noise in `settings` may be another than at the last call, as when it was learned anew.
    """
    problem = find_problem(interval)
    if problem is not None:
        return _keep_silence(state, interval, problem, settings)
    noise = settings.noise
    step = wandering(noise.slow_sd, noise.slow_s, interval.seconds)
    odds = math.log(interval.n1 / interval.n0)
    # The margin is of mean rates; a log ratio that wanders lies half its variance below the mean's log.
    sound_margin = settings.sound_margin * math.exp(-0.5 * noise.slow_sd**2)
    worse = _weigh(state.worse, WORSE, settings.margin, odds, interval, noise=noise, step=step)
    worse = tuple(_forget(claim, noise) for claim in worse)
    weight = 0.0
    if _is_high(interval, odds, settings):
        weight = _SPENT_THEN * _saved(state.spent, state.elapsed_s + interval.seconds, settings)
    return Evidence(
        worse=_begin(worse, weight, noise),
        sound=_weigh(state.sound, SOUND, sound_margin, odds, interval, noise=noise, step=step),
        spent=state.spent + weight,
        ratios=follow_ratio(state.ratios, odds, interval, noise, state.elapsed_s),
        calm=follow(state.calm, interval, noise.burst),
        lately=state.lately.after(interval),
        elapsed_s=state.elapsed_s + interval.seconds,
        n0=state.n0 + interval.n0,
        x0=state.x0 + interval.x0,
        n1=state.n1 + interval.n1,
        x1=state.x1 + interval.x1,
        unusable=state.unusable,
    )


def evidence_of_regression(state: Evidence) -> float:
    """Return the e-value against "at most the tolerated ratio": 1 is none, 1/alpha is enough."""
    return _mean(state.worse) + max(0.0, 1.0 - state.spent)


def evidence_of_soundness(state: Evidence) -> float:
    """Return the e-value against "at or above the margin of non-inferiority": 1/beta is enough."""
    return _mean(state.sound)


def evidence_of_low_rate(state: Evidence, settings: Settings) -> float:
    """Return the e-value against "the new version's bad rate is `limit_rate` or more"; 0 without a limit.

    A Poisson likelihood ratio of its totals: lower rates against the limit. What wanders below the limit is
    of no concern here, so only bursts temper it.
    """
    if settings.limit_rate is None:
        return 0.0
    expected = state.n1 * settings.limit_rate
    total = 0.0
    for factor in SOUND:
        log_ratio = state.x1 * math.log(factor) + expected * (1.0 - factor)
        total += math.exp(min(log_ratio / worth(settings.noise.burst, factor), _MAX_LOG))
    return total / len(SOUND)


def _keep_silence(state: Evidence, interval: Interval, problem: Problem, settings: Settings) -> Evidence:
    seconds = interval.seconds if math.isfinite(interval.seconds) else 0.0
    seconds = max(0.0, seconds)
    step = wandering(settings.noise.slow_sd, settings.noise.slow_s, seconds)
    is_odd = problem not in {Problem.NO_REQUESTS_ON_NEW, Problem.NO_REQUESTS_ON_STABLE}
    return replace(
        state,
        worse=tuple(_rest(claim, step) for claim in state.worse),
        sound=tuple(_rest(claim, step) for claim in state.sound),
        elapsed_s=state.elapsed_s + seconds,
        silent_s=state.silent_s + seconds,
        problem=problem,
        unusable=state.unusable + is_odd,
    )


def _rest(claim: Claim, step: Wandering) -> Claim:
    return Claim(claim.log_evidence, pass_time(claim.claimed, step), pass_time(claim.null, step))


def _is_high(interval: Interval, odds: float, settings: Settings) -> bool:
    """Whether the new version had clearly more than its tolerated share of the bad requests."""
    bad, burst, slow_sd = interval.x0 + interval.x1, settings.noise.burst, settings.noise.slow_sd
    share = 1.0 / (1.0 + math.exp(-odds) / settings.margin)
    independent = bad * share * (1.0 - share)
    sd = math.sqrt(burst * independent + (slow_sd * independent) ** 2)
    return interval.x1 > bad * share + _HIGH_SD * sd


def _saved(spent: float, elapsed_s: float, settings: Settings) -> float:
    """Return the weight that was earned by now and not yet spent."""
    earned = AT_START + (1.0 - AT_START) * min(elapsed_s / settings.bake_s, 1.0)
    return max(0.0, earned - spent)


def _begin(claims: tuple[Claim, ...], weight: float, noise: Noise) -> tuple[Claim, ...]:
    """Start every claim anew with a little weight: "it begins now".

    A fresh claim, and the null it is weighed against, know nothing of the noise: what was learned before may
    have been the version, not the noise. Both are pooled with those under way, as normal distributions of the
    same mean and variance, which keeps the state small.
    """
    if weight <= 0.0:
        return claims
    return tuple(_pool(claim, math.log(weight), _unknown(noise)) for claim in claims)


def _pool(claim: Claim, log_weight: float, fresh: Level) -> Claim:
    top = max(claim.log_evidence, log_weight)
    total = top + math.log(math.exp(claim.log_evidence - top) + math.exp(log_weight - top))
    share = math.exp(log_weight - total)
    return Claim(total, _mix(claim.claimed, fresh, share), _mix(claim.null, fresh, share))


def _mix(old: Level, fresh: Level, share: float) -> Level:
    mean = (1.0 - share) * old.mean + share * fresh.mean
    of_old, of_fresh = old.var + (old.mean - mean) ** 2, fresh.var + (fresh.mean - mean) ** 2
    return Level(mean, (1.0 - share) * of_old + share * of_fresh)


def _forget(claim: Claim, noise: Noise) -> Claim:
    """Forget a noise that seems to favour the new version: it may have been better then, and a return to what
    is tolerated is no regression. The evidence stays, and both hypotheses see the noise as at the start."""
    if claim.null.mean >= 0.0:
        return claim
    return Claim(claim.log_evidence, _unknown(noise), _unknown(noise))


def _unknown(noise: Noise) -> Level:
    return Level(0.0, noise.slow_sd**2)


def _weigh(
    claims: tuple[Claim, ...],
    factors: tuple[float, ...],
    margin: float,
    odds: float,
    interval: Interval,
    *,
    noise: Noise,
    step: Wandering,
) -> tuple[Claim, ...]:
    bad = interval.x0 + interval.x1
    if bad <= 0.0:
        return tuple(_rest(claim, step) for claim in claims)
    at_margin = odds + math.log(margin)
    weighed: list[Claim] = []
    for claim, factor in zip(claims, factors, strict=True):
        phi = worth_here(noise.burst, factor, bad, interval.seconds)
        by_claim, claimed = learn(claim.claimed, at_margin + math.log(factor), interval.x1, bad, phi)
        by_null, null = learn(claim.null, at_margin, interval.x1, bad, phi)
        log_evidence = min(max(claim.log_evidence + by_claim - by_null, -_MAX_LOG), _MAX_LOG)
        weighed.append(Claim(log_evidence, pass_time(claimed, step), pass_time(null, step)))
    return tuple(weighed)


def _mean(claims: tuple[Claim, ...]) -> float:
    return sum(math.exp(claim.log_evidence) for claim in claims) / len(claims)
