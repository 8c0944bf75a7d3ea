"""What people and programs are shown of a rollout: one shape for CLI `--json`, REST and console.

Plain data, ready to serialise. Weights are percent here because people read them; durations are seconds.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class CriterionView:
    text: str
    kind: str  # "expression" or "manual"
    verdict: str  # "met", "not-met", "no-data", "attested", "waits-for-person"
    found: str  # the figures in words, e.g. "error_rate is 0.4 %, limit 1 %"


@dataclass(frozen=True, slots=True)
class StageView:
    id: str
    weight_percent: float
    duration_s: float
    status: str  # "done", "current", "waiting", "skipped"
    audience: tuple[str, ...]  # in words
    approval: str  # in words, "" when none is asked for
    criteria: tuple[CriterionView, ...]
    progress: float  # 0 to 1: the part of its minimum duration that has passed


@dataclass(frozen=True, slots=True)
class TriggerView:
    id: str
    text: str
    action: str
    window_s: float
    in_breach_since: datetime | None


@dataclass(frozen=True, slots=True)
class MetricView:
    """One metric of both versions now; `limit` is the tightest fixed bound a trigger sets on it."""

    name: str
    unit: str
    new: float | None
    stable: float | None
    limit: float | None
    relative_limit: float | None = None  # a bound that moves: this many times the stable version's figure


@dataclass(frozen=True, slots=True)
class DecisionView:
    at: datetime
    kind: str
    by: str
    why: str
    figures: dict[str, float | str | None]


@dataclass(frozen=True, slots=True)
class ExplanationView:
    """Why it is where it is. `headline` is one sentence; `waits_for` one line per missing thing."""

    headline: str
    since: datetime
    waits_for: tuple[str, ...]
    on_whom: tuple[str, ...]  # people, roles, "time", "data" or "incident"
    next: str  # what happens when nothing more is missing
    compared: tuple[str, ...] = ()  # what the statistical comparison says, a sentence per metric
    doubts: tuple[str, ...] = ()  # why a person would be asked about what it shows, a sentence per cause
    early: str = ""  # when the running stage may pass before its time; "" where it may not


@dataclass(frozen=True, slots=True)
class ComparedView:
    """One metric of the new version against stable's, counted on both at the same time.

    `ratio` is how many times stable's rate the new version's is, most likely; `low` and `high` hold it at all
    looks. All three are None while nothing is known. `evidence_share` (0 to 1) is the part of what a rollback
    needs that is there. Every `..._words` and `sentence` is for people; the figures beside it are the same.

    Where `range_of` is "difference", means are compared: `ratio`, `low` and `high` are by how much the new
    version's mean is above stable's (in `unit`), the margins are losses, `..._bad` sums of values.
    """

    name: str
    words: str  # how people call it, in the plural
    verdict: str  # one of `domain.rollouts.analysis_words.Stand`: "regression", "no-regression", ...
    verdict_words: str  # "worse", "no worse", "not clear yet", ...
    sentence: str
    ratio: float | None
    low: float | None
    high: float | None
    range_words: str  # "2.9 to 6.6 times"
    range_of: str  # "ratio" or "difference"
    unit: str
    is_higher_worse: bool
    margin: float  # up to this ratio it is tolerated
    margin_words: str  # "1.25 times"
    sound_margin: float  # shown to be below this ratio, it counts as no regression
    sound_margin_words: str
    of: str  # what was counted, in the plural: "requests", "payments", "instance time", "values"
    new_bad: float
    new_all: float
    stable_bad: float
    stable_all: float
    new_words: str  # "0.8 % of requests", "1 per hour and instance"; of means "4.1 points"; "" of nothing
    stable_words: str
    counts_words: str
    evidence_share: float
    evidence_words: str
    is_noise_known: bool  # False: a person is asked instead of a rollback
    noise_words: str  # why a person would be asked; "" when the usual noise is known
    slower_than_ms: float | None  # what counts as slow, where the metric has such a bound
    follows: str  # what follows from the verdict


@dataclass(frozen=True, slots=True)
class AnalysisView:
    """The statistical comparison of the two versions."""

    is_comparing: bool  # both have users now
    standing: str  # that, in words
    alpha: float  # the chance, over the whole rollout, of acting on a version that is no worse than tolerated
    promise: str  # that, in words
    on_regression: str  # the action: "immediate", "gradual", "emergency", "pause", "ask"
    on_regression_words: str
    promote_early: bool
    early: str  # when a stage passes early, "" where none does
    incident: str  # the shared incident that is waited for, "" when there is none
    evidence_share: float  # of all metrics together, 0 to 1: they share one chance of error
    metrics: tuple[ComparedView, ...]


@dataclass(frozen=True, slots=True)
class RolloutSummary:
    id: str
    service: str
    strategy: str
    stable: str
    new: str
    phase: str
    is_finished: bool
    weight_percent: float
    stage: str
    headline: str
    created_at: datetime
    created_by: str
    finished_at: datetime | None
    outcome: str


@dataclass(frozen=True, slots=True)
class RolloutView:
    """Everything about one rollout at one moment."""

    summary: RolloutSummary
    version: int
    explanation: ExplanationView
    stages: tuple[StageView, ...]
    triggers: tuple[TriggerView, ...]
    metrics: tuple[MetricView, ...]
    weight_asked_percent: float
    weight_observed_percent: float | None  # None: the proxy does not answer
    stage_time_left_s: float | None
    speed: float
    process_now: datetime
    new_ready: str  # "2 of 2"
    stable_ready: str
    ingress: str  # address users come in at
    actions: tuple[str, ...]  # the acts possible now
    decisions: tuple[DecisionView, ...]  # newest first, at most 50
    problems: tuple[str, ...]
    analysis: AnalysisView | None = None  # None: the plan compares nothing


@dataclass(frozen=True, slots=True)
class SeriesView:
    """A rollout's plots: `figures[name][i]` belongs to `at[i]` (unix seconds, wall clock).

    Names: `weight_asked`, `weight_observed` (percent); for new and stable each `new.error_rate` (0 to 1),
    `new.p95_ms`, `new.request_rate` (per second), and every other metric of the process; for each compared
    metric `analysis.errors.ratio` (or `.difference`), `.low`, `.high` and `.evidence` (0 to 1 of what a
    rollback needs). `limits` holds `analysis.errors.margin` and `.sound_margin` beside triggers' bounds.
    """

    at: tuple[float, ...]
    figures: dict[str, tuple[float | None, ...]]
    limits: dict[str, float]
    relative_limits: dict[str, float] = field(default_factory=dict[str, float])  # times stable's figure


@dataclass(frozen=True, slots=True)
class AuditView:
    seq: int
    at: datetime
    process_at: datetime
    actor: str
    kind: str
    subject: str
    why: str
    figures: dict[str, float | str | None]
    hash: str
