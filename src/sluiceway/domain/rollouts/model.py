"""The types of a rollout: its state, what is observed, what people ask, and the effects it wants.

All frozen and free of IO. `decide` (in `decision.py`) is the only function that makes new states.
Instants are aware UTC on the *process clock*, which a speed factor may run faster than the wall clock.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NewType

from sluiceway.domain.analysis.counts import Interval
from sluiceway.domain.analysis.evidence import Evidence
from sluiceway.domain.analysis.means import MeanEvidence, MeanInterval
from sluiceway.domain.analysis.noise import Noise
from sluiceway.domain.process.plan import Action, Audience, RolloutPlan, Version

RolloutId = NewType("RolloutId", str)  # UUIDv7 text: sorts by time of creation


class Phase(StrEnum):
    """Where a rollout is. The last three are final."""

    PREPARING = "preparing"  # new version starting, health and smoke checks; no user meets it
    PROGRESSING = "progressing"  # a stage is running
    AWAITING_APPROVAL = "awaiting-approval"  # the next stage needs a person's yes
    PAUSED = "paused"  # a person, a trigger or missing data stopped it; only stable-ward moves happen
    KEEPING = "keeping"  # everyone on the new version, the old one kept ready
    ROLLING_BACK = "rolling-back"  # traffic goes back to stable, then the new version is retired
    FINISHING = "finishing"  # everyone on the new version, the old one drains and stops
    PROMOTED = "promoted"
    ROLLED_BACK = "rolled-back"
    ABORTED = "aborted"

    @property
    def is_terminal(self) -> bool:
        return self in _TERMINAL


_TERMINAL = frozenset({Phase.PROMOTED, Phase.ROLLED_BACK, Phase.ABORTED})


class CommandKind(StrEnum):
    """What a person may ask of a running rollout."""

    APPROVE = "approve"  # the waiting stage, or with `subject` a manual criterion
    PAUSE = "pause"
    RESUME = "resume"
    PROMOTE = "promote"  # straight to full weight, skipping what is left
    SKIP = "skip"  # the rest of this stage
    ABORT = "abort"  # stop for good; everyone back to stable
    ROLLBACK = "rollback"  # everyone back to stable
    RETRY = "retry"  # try again what a provider refused
    EDIT = "edit"  # replace the stages that are left


@dataclass(frozen=True, slots=True)
class Command:
    """One act of one person. `plan` only with EDIT, `subject` only with APPROVE."""

    kind: CommandKind
    by: str
    at: datetime
    reason: str = ""
    subject: str = ""
    action: Action = Action.IMMEDIATE  # how to roll back; only with ROLLBACK
    plan: RolloutPlan | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """One metric of one version over a window of real time.

    `value` is None when there is no data (no requests, no answer, not a number): never zero, never a pass.
    `requests` is how many requests stand behind it, None for a figure that is not made of requests.
    """

    value: float | None
    requests: int | None = None


@dataclass(frozen=True, slots=True)
class VersionHealth:
    """What the deploy provider sees of one version."""

    wanted: int = 0
    running: int = 0
    ready: int = 0
    crashes: int = 0  # since the version was first wanted by this rollout
    failed: str = ""  # why it can't become healthy, when the provider gave up; shown to people


@dataclass(frozen=True, slots=True)
class SplitSeen:
    """The split that the proxy itself reports to be in force; `new` is None when only stable serves."""

    stable: Version
    new: Version | None
    new_weight_bp: int
    audience: tuple[Audience, ...] = ()
    mirror_bp: int = 0


@dataclass(frozen=True, slots=True)
class Counted:
    """What was counted of one analysed metric on both versions between two looks, the later at `until`.

    `slower_than_ms` is the bound that made an answer slow, where the metric has one.
    """

    metric: str
    until: datetime
    interval: Interval | MeanInterval
    slower_than_ms: float = 0.0


@dataclass(frozen=True, slots=True)
class Observation:
    """Everything one tick has measured, taken before `decide` is asked. A missing part is None or empty."""

    new_health: VersionHealth = VersionHealth()
    stable_health: VersionHealth = VersionHealth()
    traffic: SplitSeen | None = None  # None: the proxy did not answer
    sample: int = 0  # grows by one with every fresh metrics sample; the same number is the same sample
    new: Mapping[str, Reading] = field(default_factory=dict[str, Reading])  # over each metric's short window
    stable: Mapping[str, Reading] = field(default_factory=dict[str, Reading])
    stage_new: Mapping[str, Reading] = field(default_factory=dict[str, Reading])  # since the stage began
    stage_stable: Mapping[str, Reading] = field(default_factory=dict[str, Reading])
    counted: tuple[Counted, ...] = ()  # recent intervals, oldest first; the same one may come again
    history: Mapping[str, Reading] = field(default_factory=dict[str, Reading])  # usual for stable, by metric
    noise: Mapping[str, Noise] = field(default_factory=dict[str, Noise])  # learned, by analysed metric
    noise_unknown: Mapping[str, str] = field(default_factory=dict[str, str])  # why it is not, in words
    speed: float = 1.0  # process seconds in a real one
    smoke: tuple[SmokeResult, ...] = ()
    problems: tuple[str, ...] = ()  # providers that failed at this tick, in words
    commands: tuple[Command, ...] = ()


@dataclass(frozen=True, slots=True)
class SmokeResult:
    path: str
    passed: bool
    found: str  # what came back, in words


@dataclass(frozen=True, slots=True)
class Breach:
    """A trigger whose condition holds, since when, and on how many different samples in a row."""

    trigger_id: str
    since: datetime
    samples: int
    last_sample: int


@dataclass(frozen=True, slots=True)
class Attestation:
    """A person's yes: to a stage (`subject` is the stage id) or to a manual criterion (its text)."""

    subject: str
    stage_id: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Rollback:
    """A decided way back."""

    action: Action  # IMMEDIATE, GRADUAL or EMERGENCY
    reason: str
    by: str
    decided_at: datetime
    next_step_at: datetime | None = None  # GRADUAL only
    safe_at: datetime | None = None  # when the proxy was seen to send nobody to the new version
    ends_as: Phase = Phase.ROLLED_BACK  # or ABORTED


NO_DATA = "stage:no-data"  # in `RolloutState.muted`: a person knows that this stage has no answer yet


@dataclass(frozen=True, slots=True)
class Pause:
    """Why it stands still, since when, and what it returns to."""

    reason: str
    by: str
    since: datetime
    resumes_to: Phase
    asks: bool = False  # True: a trigger asks a person to choose between going on and rolling back
    lacks_data: bool = False  # True: the stage's time was up without an answer


@dataclass(frozen=True, slots=True)
class StageStart:
    """How far one metric's evidence was when the running stage's weight came into force: requests and bad
    ones, and the e-value for "no worse"."""

    n0: float = 0.0
    n1: float = 0.0
    x1: float = 0.0
    soundness: float = 1.0


_FROM_THE_START = StageStart()


@dataclass(frozen=True, slots=True)
class MetricAnalysis:
    """What the statistical comparison remembers of one metric. `noise_unknown` says why its usual noise is
    assumed, not learned."""

    name: str
    evidence: Evidence | MeanEvidence
    noise: Noise
    slower_than_ms: float = 0.0
    noise_unknown: str = ""
    at_stage: StageStart = _FROM_THE_START


@dataclass(frozen=True, slots=True)
class AnalysisState:
    """What it remembers of a rollout. `bake_s` is real time, fixed at the start with the promise; intervals
    up to `counted_to` were taken in. `incident` says which shared incident is held for, in words."""

    bake_s: float
    counted_to: datetime
    metrics: tuple[MetricAnalysis, ...] = ()
    incident: str = ""


@dataclass(frozen=True, slots=True)
class RolloutState:
    """All that a rollout must remember between ticks; small enough to commit with every decision.

    Invariant: the stable version has what is left, `10 000 - weight_bp`, so weights always sum.
    """

    plan: RolloutPlan
    stable: Version
    new: Version
    phase: Phase
    started_at: datetime
    instances: int = 1  # of each version
    stage_index: int = -1  # -1 before the first stage
    stage_entered_at: datetime | None = None  # when its weight was seen in force
    stage_samples: int = 0  # different samples since then
    last_sample: int = -1
    weight_bp: int = 0  # wanted for the new version
    audience: tuple[Audience, ...] = ()
    mirror_bp: int = 0
    since: datetime | None = None  # when this phase began
    paused_s: float = 0.0  # time of this stage spent paused; does not count towards its duration
    keep_until: datetime | None = None  # KEEPING only
    baseline: tuple[tuple[str, float, int | None], ...] = ()  # stable's last figures while it had traffic
    muted: tuple[str, ...] = ()  # what a person chose to go on in spite of, until it recovers
    pause: Pause | None = None
    rollback: Rollback | None = None
    breaches: tuple[Breach, ...] = ()
    analysis: AnalysisState | None = None  # from the first stage on, where the plan has one
    attestations: tuple[Attestation, ...] = ()
    waits_for: tuple[str, ...] = ()  # in words, what the next move needs
    finished_at: datetime | None = None
    outcome: str = ""  # one sentence, once final


@dataclass(frozen=True, slots=True)
class SetTraffic:
    """The split that should be in force. `urgent` takes the emergency path, ahead of every queue."""

    stable: Version
    new: Version | None
    new_weight_bp: int
    audience: tuple[Audience, ...] = ()
    mirror_bp: int = 0
    urgent: bool = False


@dataclass(frozen=True, slots=True)
class EnsureVersion:
    """This many instances of the version should run."""

    version: Version
    instances: int


@dataclass(frozen=True, slots=True)
class StopVersion:
    """The version should be gone; drained first unless `force`."""

    version: Version
    force: bool = False


@dataclass(frozen=True, slots=True)
class RunSmoke:
    """The plan's smoke checks should be run against the new version's own endpoints."""

    version: Version


Effect = SetTraffic | EnsureVersion | StopVersion | RunSmoke


@dataclass(frozen=True, slots=True)
class Decision:
    """One thing that `decide` settled, for the audit trail and for people.

    `kind` is a stable word (`stage-entered`, `trigger-fired`, `rolled-back`, ...), `why` one sentence,
    `by` who or what made it (a person, or `trigger:ID`, `plan`), `figures` the numbers it rests on.
    """

    kind: str
    why: str
    by: str
    figures: tuple[tuple[str, float | str | None], ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What `decide` returns: the next state, the effects it wants now, and what it settled on the way.

    `refused` holds a sentence for each command that is not possible from here. `wake_at` is when time
    alone would change something (None: only an event can).
    """

    state: RolloutState
    effects: tuple[Effect, ...] = ()
    decisions: tuple[Decision, ...] = ()
    refused: tuple[tuple[Command, str], ...] = ()
    wake_at: datetime | None = None
