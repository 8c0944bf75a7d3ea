"""What the statistical comparison will see of a rollout, stage by stage, before it starts.

From a plan, expected traffic and usual bad rates. All durations are process time, which is real time at
speed 1. The arithmetic is `domain.analysis.planning`; what a person should be warned of: `forewarning`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from sluiceway.domain.analysis.evidence import Settings
from sluiceway.domain.analysis.growth import Traffic
from sluiceway.domain.analysis.noise import CAUTIOUS, INDEPENDENT, Noise
from sluiceway.domain.analysis.planning import (
    EVEN,
    LIKELY,
    Spell,
    seconds_to_clear,
    seconds_to_see,
    smallest_seen,
)
from sluiceway.domain.process.comparable import ERRORS, SLOW_REQUESTS
from sluiceway.domain.process.metrics import SHARE
from sluiceway.domain.process.plan import (
    FULL_WEIGHT_BP,
    AnalysedMetric,
    Analysis,
    Comparison,
    MetricSource,
    RolloutPlan,
    Stage,
    UsualNoise,
)
from sluiceway.domain.process.wording import show
from sluiceway.domain.rollouts.comparing import counted_of, settings_of

RATIOS = (2.0, 5.0, 10.0)
USUAL_RATES = {ERRORS: 0.005, SLOW_REQUESTS: 0.05}  # when nobody says another
USUAL_RATE = 0.01  # of any other metric
USUAL_CRASHES = 1 / 86_400  # of an instance, per second: one a day


@dataclass(frozen=True, slots=True)
class Usual:
    """How one metric usually is on stable: a bad rate (0 to 1), of `rps` per second when that is not every
    request of both versions. Crashes are counted of the seconds of instances, so theirs is per second."""

    rate: float
    rps: float | None = None


@dataclass(frozen=True, slots=True)
class Expected:
    """What a person expects: `rps` requests/s of both versions together, the usual rates by metric, and the
    usual noise when it is known better than the process says. Each version has `instances`."""

    rps: float
    usual: Mapping[str, Usual] = field(default_factory=dict[str, Usual])
    noise: Noise | None = None
    instances: int = 1


@dataclass(frozen=True, slots=True)
class Size:
    """A regression: bad requests `ratio` times as frequent as on stable, a bad rate of `rate` (0 to 1)."""

    ratio: float
    rate: float


@dataclass(frozen=True, slots=True)
class Sight:
    """The smallest regression that is seen: by `half` of such rollouts, by `most` (9 in 10) of them. None is
    not even one in which every request is bad."""

    half: Size | None
    most: Size | None


@dataclass(frozen=True, slots=True)
class Delay:
    """How long a regression lasts until it is seen: in half of such rollouts, in 9 of 10. None is never, or
    more than 90 days; `rate` is None where the ratio would be more than every request."""

    ratio: float
    rate: float | None
    half_s: float | None
    most_s: float | None


@dataclass(frozen=True, slots=True)
class StageMetric:
    """What one stage shows on one metric. `here` is of a regression that begins with the stage, `so_far` of
    one that is there from the new version's first user, at the stage's end. `delays` run from the stage's
    beginning, `no_worse_s` too: when a version exactly as good as stable is shown to be no worse.
    `no_worse_here_s` is the same by this stage alone, which is what passing early takes."""

    metric: str
    requests: float
    here: Sight
    so_far: Sight
    delays: tuple[Delay, ...]
    no_worse_s: float | None
    no_worse_here_s: float | None


@dataclass(frozen=True, slots=True)
class ForeseenStage:
    """One stage. `requests` of the new version; `is_compared` is False where one version has no users, or
    nobody knows how many; `passes_after_s` is when a version that is no worse leaves it, early if it may."""

    stage: str
    weight_percent: float
    duration_s: float
    requests: float
    is_compared: bool
    metrics: tuple[StageMetric, ...]
    passes_after_s: float


@dataclass(frozen=True, slots=True)
class ForeseenMetric:
    """What is asked of one metric, and on which assumptions. `alpha` is its part of the error budget. `of` is
    what is counted, in the plural ("requests", "payments"). With `is_of_time`, seconds of instances stand for
    requests: rates are per second of one instance."""

    name: str
    words: str
    rate: float
    is_rate_assumed: bool
    rps: float
    is_of_time: bool
    of: str
    margin: float
    sound_margin: float
    alpha: float
    min_requests: int
    whole: Sight

    def rate_words(self, rate: float, digits: int = 2) -> str:
        """Return a rate as people say it: a share, or so many a day of each instance."""
        if not self.is_of_time:
            return show(_rounded(rate, digits), SHARE)
        for name, seconds in (("a day", 86_400.0), ("an hour", 3_600.0), ("a minute", 60.0)):
            if rate * seconds < 20.0:
                return f"{show(_rounded(rate * seconds, digits))} {name}"
        return f"{show(_rounded(rate, digits))} a second"

    def share_of_new(self, weight_percent: float) -> float:
        """Return the new version's share (0 to 1) of what is counted in a stage of this weight."""
        return 0.5 if self.is_of_time else weight_percent / 100


@dataclass(frozen=True, slots=True)
class Foresight:
    """The whole rollout. `noise.is_learned` is False where nobody knows it. `duration_s` is as the process
    says, `earliest_s` with the stages that a version that is no worse may leave early."""

    stages: tuple[ForeseenStage, ...]
    metrics: tuple[ForeseenMetric, ...]
    not_foreseen: tuple[str, ...]
    noise: Noise
    duration_s: float
    earliest_s: float


def foresee(plan: RolloutPlan, analysis: Analysis, expected: Expected) -> Foresight:
    """Return what the comparison will see, on the metrics that compare counts.

    A stage whose users come by an audience alone has traffic that nobody knows, so it adds nothing here.
    """
    asked = [
        _Asked.of(metric, plan, analysis, expected) for metric in analysis.metrics if is_foreseen(metric)
    ]
    stages: list[ForeseenStage] = []
    early: list[Stage] = []
    for index, stage in enumerate(plan.stages):
        found = _stage(plan.stages[: index + 1], early, asked, analysis, expected.rps)
        stages.append(found)
        early.append(_lasting(stage, found.passes_after_s))
    return Foresight(
        stages=tuple(stages),
        metrics=tuple(_metric(each, plan.stages) for each in asked),
        not_foreseen=tuple(metric.name for metric in analysis.metrics if not is_foreseen(metric)),
        noise=_least_known([noise_of(analysis, expected, metric) for metric in analysis.metrics]),
        duration_s=plan.bake_s,
        earliest_s=sum(stage.passes_after_s for stage in stages),
    )


def ratio_words(ratio: float) -> str:
    """Return a ratio with as many digits as a forecast has: "2.8", "14"."""
    return f"{ratio:.0f}" if ratio >= 10 else f"{ratio:.1f}"


def is_foreseen(metric: AnalysedMetric) -> bool:
    """Return whether a bad rate tells how the metric will do; a mean's spread is not known beforehand."""
    return metric.comparison is Comparison.COUNTS


def is_compared(stage: Stage) -> bool:
    """Return whether both versions have a known share of the users."""
    return 0 < stage.weight_bp < FULL_WEIGHT_BP


def noise_of(analysis: Analysis, expected: Expected, metric: AnalysedMetric) -> Noise:
    """Return the noise to plan with: what is expected, what the process declares, else with caution."""
    if expected.noise is not None:
        return expected.noise
    return INDEPENDENT if analysis.noise_of(metric) is UsualNoise.INDEPENDENT else CAUTIOUS


def _least_known(noises: Sequence[Noise]) -> Noise:
    return min(noises, key=lambda noise: noise.is_learned)


@dataclass(frozen=True, slots=True)
class _Asked:
    """One metric with all that its forecast needs."""

    metric: AnalysedMetric
    settings: Settings
    usual: Usual
    is_assumed: bool
    rps: float
    interval_s: float

    @staticmethod
    def of(metric: AnalysedMetric, plan: RolloutPlan, analysis: Analysis, expected: Expected) -> _Asked:
        settings = settings_of(analysis, metric, noise_of(analysis, expected, metric), max(plan.bake_s, 1.0))
        told, is_of_time = expected.usual.get(metric.name), metric.source is MetricSource.DEPLOY
        usual = told or Usual(USUAL_CRASHES if is_of_time else USUAL_RATES.get(metric.name, USUAL_RATE))
        all_rps = 2.0 * expected.instances if is_of_time else expected.rps
        by_definition = metric.name == SLOW_REQUESTS and not metric.slower_than_ms  # stable's 95th percentile
        return _Asked(
            metric=metric,
            settings=settings,
            usual=usual,
            is_assumed=told is None and not by_definition,
            rps=all_rps if usual.rps is None else usual.rps,
            interval_s=analysis.interval_s,
        )

    @property
    def is_of_time(self) -> bool:
        """Return whether seconds of instances are counted: each version has as many, whatever its weight."""
        return self.metric.source is MetricSource.DEPLOY

    def traffic(self, stage: Stage) -> Traffic:
        share = 0.5 if self.is_of_time else stage.weight_bp / FULL_WEIGHT_BP
        return Traffic(self.rps, share, self.usual.rate, self.interval_s)

    def spells(self, stages: tuple[Stage, ...]) -> list[Spell]:
        """Return the stages as what is counted in them: intervals that are over."""
        return [
            Spell(self.traffic(stage), stage.duration_s // self.interval_s * self.interval_s)
            for stage in stages
            if is_compared(stage)
        ]

    def sight(self, spells: list[Spell], *, is_late: bool = False) -> Sight:
        half, most = (
            smallest_seen(spells, self.settings, chance=chance, is_late=is_late) for chance in (EVEN, LIKELY)
        )
        return Sight(self._size(half), self._size(most))

    def delay(self, ratio: float, traffic: Traffic, *, is_late: bool) -> Delay:
        half, most = (
            seconds_to_see(ratio, traffic, self.settings, chance=chance, is_late=is_late)
            for chance in (EVEN, LIKELY)
        )
        rate = ratio * self.usual.rate
        return Delay(ratio, rate if rate <= 1.0 else None, half, most)

    def _size(self, ratio: float | None) -> Size | None:
        return None if ratio is None else Size(ratio, min(1.0, ratio * self.usual.rate))


def _stage(
    until: tuple[Stage, ...], early: list[Stage], asked: list[_Asked], analysis: Analysis, rps: float
) -> ForeseenStage:
    """Return what the last stage of `until` shows; `early` are those before, as long as they may last."""
    stage = until[-1]
    found: list[StageMetric] = []
    if is_compared(stage):
        is_late = any(is_compared(before) for before in until[:-1])
        found = [_stage_metric(each, until, early, is_late=is_late) for each in asked]
    return ForeseenStage(
        stage=stage.id,
        weight_percent=stage.weight_bp / 100,
        duration_s=stage.duration_s,
        requests=rps * stage.duration_s * stage.weight_bp / FULL_WEIGHT_BP,
        is_compared=is_compared(stage),
        metrics=tuple(found),
        passes_after_s=_passes_after_s(stage, found, analysis),
    )


def _stage_metric(
    each: _Asked, until: tuple[Stage, ...], early: list[Stage], *, is_late: bool
) -> StageMetric:
    stage = until[-1]
    traffic = each.traffic(stage)
    return StageMetric(
        metric=each.metric.name,
        requests=traffic.new_rps * stage.duration_s,
        here=each.sight(each.spells((stage,)), is_late=is_late),
        so_far=each.sight(each.spells(until)),
        delays=tuple(each.delay(ratio, traffic, is_late=is_late) for ratio in RATIOS),
        no_worse_s=seconds_to_clear(traffic, each.settings, before=each.spells(tuple(early))),
        no_worse_here_s=seconds_to_clear(traffic, each.settings),
    )


def _passes_after_s(stage: Stage, found: list[StageMetric], analysis: Analysis) -> float:
    shown = [each.no_worse_here_s for each in found]
    known = [seconds for seconds in shown if seconds is not None]
    if not analysis.promote_early or not known or len(known) < len(analysis.metrics):
        return stage.duration_s
    return min(stage.duration_s, max(*known, analysis.min_bake_s))


def _lasting(stage: Stage, seconds: float) -> Stage:
    return stage if seconds == stage.duration_s else replace(stage, duration_s=seconds)


def _metric(each: _Asked, stages: tuple[Stage, ...]) -> ForeseenMetric:
    return ForeseenMetric(
        name=each.metric.name,
        words=each.metric.words,
        rate=each.usual.rate,
        is_rate_assumed=each.is_assumed,
        rps=each.rps,
        is_of_time=each.is_of_time,
        of=counted_of(each.metric),
        margin=each.metric.margin,
        sound_margin=each.metric.sound_margin,
        alpha=each.settings.alpha,
        min_requests=each.metric.min_requests,
        whole=each.sight(each.spells(stages)),
    )


def _rounded(value: float, digits: int) -> float:
    return float(f"{value:.{digits}g}")
