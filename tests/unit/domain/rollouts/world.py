"""A world in memory that carries effects out, so that `decide` can be driven without IO.

Keeps what a proxy and a deploy provider would report; figures are whatever the test sets.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import assert_never

from sluiceway.domain.analysis.counts import Interval
from sluiceway.domain.analysis.means import MeanInterval
from sluiceway.domain.analysis.noise import Noise
from sluiceway.domain.process.plan import (
    Action,
    Approval,
    Criterion,
    CriterionKind,
    RolloutPlan,
    SmokeCheck,
    Stage,
    Strategy,
    Trigger,
    Version,
)
from sluiceway.domain.rollouts.decision import decide
from sluiceway.domain.rollouts.model import (
    Command,
    CommandKind,
    Counted,
    Decision,
    Effect,
    EnsureVersion,
    Observation,
    Outcome,
    Reading,
    RolloutState,
    RunSmoke,
    SetTraffic,
    SmokeResult,
    SplitSeen,
    StopVersion,
    VersionHealth,
)
from sluiceway.domain.rollouts.moves import begin

START = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
STABLE, NEW = Version("1.0"), Version("2.0")


def expression(text: str) -> Criterion:
    return Criterion(text, CriterionKind.EXPRESSION, text)


def a_trigger(
    text: str = "error_rate > 0.05", action: Action = Action.IMMEDIATE, window_s: float = 0.0
) -> Trigger:
    return Trigger(f"{action}-trigger", text, text, action, window_s)


def a_plan(
    *weights_bp: int,
    triggers: tuple[Trigger, ...] = (),
    criteria: tuple[Criterion, ...] = (),
    duration_s: float = 600,
    smoke: tuple[SmokeCheck, ...] = (),
    keep_old_s: float = 0,
    strategy: Strategy = Strategy.CANARY,
    approvals: tuple[int, ...] = (),
) -> RolloutPlan:
    stages = tuple(
        Stage(f"s{i}", bp, duration_s, criteria, approval=Approval("lead") if i in approvals else None)
        for i, bp in enumerate(weights_bp or (500, 2_500, 10_000))
    )
    return RolloutPlan(strategy, stages, triggers, smoke, keep_old_s)


@dataclass
class World:
    """Drive one rollout: `tick` observes, decides, carries the effects out and moves the clock."""

    plan: RolloutPlan
    now: datetime = START
    proxy_answers: bool = True
    healthy: dict[Version, bool] = field(default_factory=lambda: {STABLE: True, NEW: True})
    failed: dict[Version, str] = field(default_factory=dict[Version, str])
    new: dict[str, Reading] = field(default_factory=dict[str, Reading])
    stable: dict[str, Reading] = field(default_factory=dict[str, Reading])
    smoke_passes: bool = True
    counts: dict[str, Interval | MeanInterval] = field(
        default_factory=dict[str, Interval | MeanInterval]
    )  # of every tick, by metric
    noise: dict[str, Noise] = field(default_factory=dict[str, Noise])
    noise_unknown: dict[str, str] = field(default_factory=dict[str, str])

    def __post_init__(self) -> None:
        self.state: RolloutState = begin(self.plan, stable=STABLE, new=NEW, instances=1, now=self.now)
        self.wanted: dict[Version, int] = {}
        self.split: SplitSeen | None = None
        self.smoke: tuple[SmokeResult, ...] = ()
        self.sample = 0
        self.decisions: list[Decision] = []
        self.delivered: list[Effect] = []
        self.refused: list[str] = []
        self.figures(error_rate=0.0, p95_ms=100.0)

    def figures(self, *, requests: int = 1_000, side: str = "both", **values: float | None) -> None:
        for name, value in values.items():
            if side in {"both", "new"}:
                self.new[name] = Reading(value, requests)
            if side in {"both", "stable"}:
                self.stable[name] = Reading(value, requests)

    def health(self, version: Version) -> VersionHealth:
        wanted = self.wanted.get(version, 0)
        ready = wanted if self.healthy.get(version, True) else 0
        return VersionHealth(wanted, wanted, ready, failed=self.failed.get(version, ""))

    def observe(self, commands: tuple[Command, ...] = ()) -> Observation:
        self.sample += 1
        return Observation(
            new_health=self.health(self.state.new),
            stable_health=self.health(self.state.stable),
            traffic=self.split if self.proxy_answers else None,
            sample=self.sample,
            new=dict(self.new),
            stable=dict(self.stable),
            stage_new=dict(self.new),
            stage_stable=dict(self.stable),
            counted=tuple(Counted(name, self.now, interval) for name, interval in self.counts.items()),
            noise=dict(self.noise),
            noise_unknown=dict(self.noise_unknown),
            smoke=self.smoke,
            commands=commands,
        )

    def tick(self, *commands: Command, seconds: float = 10, deliver: bool = True) -> Outcome:
        outcome = decide(self.state, self.observe(commands), self.now)
        self.state = outcome.state
        self.decisions.extend(outcome.decisions)
        self.refused.extend(words for _, words in outcome.refused)
        if deliver:
            for effect in outcome.effects:
                self.deliver(effect)
        self.now += timedelta(seconds=seconds)
        return outcome

    def run(self, *, until: str = "", ticks: int = 500, seconds: float = 10) -> None:
        """Tick until the phase is `until` (or final)."""
        for _ in range(ticks):
            if self.state.phase == until or self.state.phase.is_terminal:
                return
            self.tick(seconds=seconds)

    def deliver(self, effect: Effect) -> None:
        self.delivered.append(effect)
        match effect:
            case SetTraffic():
                if self.proxy_answers:
                    self.split = SplitSeen(
                        effect.stable, effect.new, effect.new_weight_bp, effect.audience, effect.mirror_bp
                    )
            case EnsureVersion():
                self.wanted[effect.version] = effect.instances
            case StopVersion():
                self.wanted[effect.version] = 0
            case RunSmoke():
                found = "200" if self.smoke_passes else "500"
                self.smoke = tuple(SmokeResult(c.path, self.smoke_passes, found) for c in self.plan.smoke)
            case _:
                assert_never(effect)

    def ask(self, kind: CommandKind, *, by: str = "ada", **more: object) -> Outcome:
        return self.tick(replace(Command(kind, by, self.now), **more))  # type: ignore[arg-type]

    @property
    def kinds(self) -> list[str]:
        return [decision.kind for decision in self.decisions]
