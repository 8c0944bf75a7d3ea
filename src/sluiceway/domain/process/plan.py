"""What a process file says about rolling a service out: the checked, frozen form that everything else reads.

Built by `sluiceway.config` from YAML, kept by every rollout it started. Holds no behaviour beyond small
look-ups; how a plan is carried out is the business of `domain.rollouts`.

Units: weights are basis points (bp, 10 000 is everyone, 10 is 0.1 percent), durations are seconds.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import NewType

from sluiceway.domain.process.team import TeamProcess

Version = NewType("Version", str)

FULL_WEIGHT_BP = 10_000


class Strategy(StrEnum):
    """How the new version meets its users. Rolling and maintenance are checked, but can't be started yet."""

    CANARY = "canary"
    BLUE_GREEN = "blue-green"
    ROLLING = "rolling"  # instances are replaced in batches
    FEATURE_FLAG = "feature-flag"  # a flag opens the new way to a share of users or an audience
    MAINTENANCE = "maintenance"  # users wait while everything is replaced at once


class Action(StrEnum):
    """What a trigger does when it fires."""

    IMMEDIATE = "immediate"  # all traffic back to stable at once
    GRADUAL = "gradual"  # traffic back to stable stage by stage
    EMERGENCY = "emergency"  # all traffic back at once and the new version stopped without draining
    PAUSE = "pause"  # stay where it is until a person resumes
    ASK = "ask"  # stay where it is until a person decides: go on or roll back


class WhenInconclusive(StrEnum):
    """What a stage does when its time is up and the data can't answer its criteria."""

    HOLD = "hold"  # wait for data
    PAUSE = "pause"  # a person must resume
    ROLLBACK = "rollback"  # treat missing data as a failed release


class CriterionKind(StrEnum):
    EXPRESSION = "expression"
    MANUAL = "manual"  # a person attests it
    ANALYSIS = "analysis"  # the statistical comparison shows no regression within the margin


class MetricSource(StrEnum):
    """Where a metric's figures come from."""

    ENVOY = "envoy"
    PROMETHEUS = "prometheus"
    DEPLOY = "deploy"  # counted by the deploy provider: crashes, health failures
    PUSH = "push"  # no source configured here; has no data until one pushes it


class Comparison(StrEnum):
    """How two versions are compared on one metric."""

    COUNTS = "counts"  # bad of all: a ratio of rates
    MEANS = "means"  # values between two bounds: a difference of means


class UsualNoise(StrEnum):
    """Where the analysis takes it from how much two versions differ for no reason."""

    LEARNED = "learned"  # from history; without any, a person decides
    INDEPENDENT = "independent"  # the process declares that requests fail one by one: generated traffic


@dataclass(frozen=True, slots=True)
class HealthCheck:
    """When an instance counts as healthy: `path` answers 2xx within `timeout_s`."""

    path: str = "/"
    interval_s: float = 1.0
    timeout_s: float = 1.0
    within_s: float = 30.0  # an instance not healthy this long after its start has failed


@dataclass(frozen=True, slots=True)
class VersionOverride:
    """What is different about one version of a service; empty fields fall back to the service's."""

    command: tuple[str, ...] = ()
    cwd: str = ""
    env: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Service:
    """How a version of the service is started. `command` holds `{port}` and `{version}` placeholders."""

    name: str
    command: tuple[str, ...]
    cwd: str  # absolute
    env: tuple[tuple[str, str], ...] = ()
    health: HealthCheck = HealthCheck()
    instances: int = 1
    stop_grace_s: float = 10.0  # between the polite signal and the hard one
    versions: tuple[tuple[str, VersionOverride], ...] = ()


@dataclass(frozen=True, slots=True)
class Sticky:
    """What keeps a user on one version: the hash of this header, else of this cookie (made when absent)."""

    header: str = ""
    cookie: str = "sluice-user"


@dataclass(frozen=True, slots=True)
class Ingress:
    """Where users come in. One ingress has one proxy."""

    name: str
    provider: str = "envoy"
    host: str = "127.0.0.1"
    port: int = 8080
    sticky: Sticky = Sticky()
    request_timeout_s: float = 15.0


@dataclass(frozen=True, slots=True)
class MetricSpec:
    """One figure that criteria and triggers may name.

    `query` is PromQL for Prometheus, with `{{version}}` and `{{service}}` placeholders. `unit` is for people.
    """

    name: str
    source: MetricSource
    unit: str = ""
    query: str = ""
    address: str = ""
    window_s: float = 10.0  # how far back a reading looks, in real seconds
    timeout_s: float = 2.0
    range_step_s: float = 0.0  # 0: instant query; else a range query over `window_s` whose mean counts
    higher_is_worse: bool = True
    bad_query: str = ""  # PromQL of a running total: what was bad, of what `all_query` counts
    all_query: str = ""


@dataclass(frozen=True, slots=True)
class AnalysedMetric:
    """One figure on which the new version is compared with stable at the same time.

    COUNTS: `margin` and `sound_margin` are ratios of bad rates; `limit_rate` is a bad rate (0 to 1) that is
    good enough in itself; `slower_than_ms` is what `slow_requests` counts, 0 for stable's own 95th percentile
    when the rollout begins. MEANS: the margins are losses in the metric's own unit, values lie between `low`
    and `high`. `weight` is its share of the error budget.
    """

    name: str
    source: MetricSource
    comparison: Comparison = Comparison.COUNTS
    noun: str = ""  # in the plural, for sentences; empty: the name with spaces
    of: str = "requests"  # COUNTS: what the bad ones are counted of, in the plural
    margin: float = 1.25
    sound_margin: float = 1.5
    weight: float = 1.0
    min_effect: float = 0.0  # a smaller difference of rates (or means) is never acted on
    min_requests: int = 50  # on each side, before anything is called sound
    min_bad: int = 3  # on the new version, before anything is called a regression
    limit_rate: float | None = None
    slower_than_ms: float = 0.0
    low: float = 0.0
    high: float = 1.0
    higher_is_worse: bool = True
    stale_s: float | None = None  # real time without usable figures that is no data; None: the analysis's
    noise: UsualNoise | None = None  # None: the analysis's
    spec: MetricSpec | None = None  # where a metric of the process itself is read

    @property
    def words(self) -> str:
        """How people call it."""
        return self.noun or self.name.replace("_", " ")


@dataclass(frozen=True, slots=True)
class Analysis:
    """The statistical comparison that runs beside criteria and triggers, over the whole rollout.

    `alpha` is the chance of acting on a version that is no worse than the margins, over the whole bake and
    all metrics together; `beta` the chance to call a version sound that is not. `interval_s` is real time,
    `min_bake_s` the shortest stage that may pass early.
    """

    metrics: tuple[AnalysedMetric, ...]
    alpha: float = 0.01
    beta: float = 0.05
    on_regression: Action = Action.IMMEDIATE
    on_no_data: WhenInconclusive = WhenInconclusive.HOLD
    promote_early: bool = False
    min_bake_s: float = 60.0
    stale_s: float = 60.0  # real time without usable figures that is no data
    interval_s: float = 5.0
    noise: UsualNoise = UsualNoise.LEARNED

    def noise_of(self, metric: AnalysedMetric) -> UsualNoise:
        """Return where the metric's noise is taken from."""
        return metric.noise or self.noise

    def stale_of(self, metric: AnalysedMetric) -> float:
        """Return after how many real seconds of silence there is no data of the metric."""
        return self.stale_s if metric.stale_s is None else metric.stale_s


@dataclass(frozen=True, slots=True)
class Criterion:
    """What must hold for a stage to pass. `text` is as the process wrote it and is what people see."""

    text: str
    kind: CriterionKind
    expression: str = ""  # CEL; empty for a manual criterion
    metrics: tuple[str, ...] = ()  # names it reads, `baseline.p95_ms` for the stable side's


@dataclass(frozen=True, slots=True)
class Audience:
    """Who always meets the new version: header, cookie or attribute `name` equals one of `values`.

    A proxy sees headers and cookies of a request, a flag knows attributes and segments of a user.
    """

    kind: str  # "header", "cookie", "attribute" or "segment"
    name: str  # empty of a segment
    values: tuple[str, ...]  # of a segment, its id alone


@dataclass(frozen=True, slots=True)
class Approval:
    """Who must agree before a stage begins. An empty role means anyone who may act on the rollout."""

    role: str = ""
    count: int = 1


@dataclass(frozen=True, slots=True)
class Stage:
    """One step of a rollout."""

    id: str
    weight_bp: int
    duration_s: float
    criteria: tuple[Criterion, ...] = ()
    audience: tuple[Audience, ...] = ()
    approval: Approval | None = None  # asked for before the stage begins
    inconclusive: WhenInconclusive = WhenInconclusive.HOLD
    min_requests: int = 20  # on the new version, before an expression over proxy figures counts
    mirror_bp: int = 0  # share of stable's requests also sent, answer dropped, to the new version


@dataclass(frozen=True, slots=True)
class Trigger:
    """When `expression` has held for `window_s` without a gap, `action` is taken."""

    id: str
    text: str
    expression: str  # CEL
    action: Action
    window_s: float = 0.0
    metrics: tuple[str, ...] = ()
    min_samples: int = 2  # consecutive samples in breach, however fast the clock runs
    min_requests: int = 20  # on the new version within the metric's window


@dataclass(frozen=True, slots=True)
class SmokeCheck:
    """A request that the new version must answer before any user meets it."""

    path: str
    status: int = 200
    contains: str = ""
    timeout_s: float = 5.0


@dataclass(frozen=True, slots=True)
class DrivenFlag:
    """The flag whose reach the stages of a rollout by flag set, and in which environment.

    `rule` is the id of the flag's rule that is driven; it is made when the flag has none of this id.
    """

    id: str
    environment: str = "production"
    rule: str = "rollout"


@dataclass(frozen=True, slots=True)
class RolloutPlan:
    """A rollout as the process describes it; stages in order, the last one at full weight."""

    strategy: Strategy
    stages: tuple[Stage, ...]
    triggers: tuple[Trigger, ...] = ()
    smoke: tuple[SmokeCheck, ...] = ()
    keep_old_s: float = 0.0  # how long the old version stays ready after full weight, for an instant way back
    gradual_step_s: float = 30.0  # pause between the steps of a gradual rollback
    automatic_rollback: bool = True  # False: rollback triggers ask a person instead
    analysis: Analysis | None = None
    flag: DrivenFlag | None = None  # of the strategy feature-flag, once a process names it

    @property
    def bake_s(self) -> float:
        """How long the plan's stages last together."""
        return sum(stage.duration_s for stage in self.stages)


@dataclass(frozen=True, slots=True)
class Note:
    """Something a person should know of a process that is no problem, and where it stands.

    `file` is the process's own or that of a parent it extends; line and column count from 1.
    """

    file: str
    line: int
    column: int
    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.path}: {self.message}"


@dataclass(frozen=True, slots=True)
class Process:
    """One process file, checked. `content_hash` is the SHA-256 (hex) of `text`.

    `text` is the file's own, or YAML of the whole when it extends another: either stands by itself.

    `service` and `ingress` are absent in a file that only describes a rollout; starting one needs both.
    """

    name: str
    path: str
    content_hash: str
    rollout: RolloutPlan | None
    service: Service | None = None
    ingress: Ingress | None = None
    metrics: tuple[MetricSpec, ...] = ()
    rollouts: tuple[tuple[str, RolloutPlan], ...] = ()  # further rollouts by name, for types of releases
    team: TeamProcess | None = None  # how releases go; None in a file that only describes a rollout
    notes: tuple[Note, ...] = ()  # what validation wants a person to know; not problems
    text: str = field(default="", repr=False)
