"""What a rehearsal found: how it ended and why, every decision on the way, whom it would have hurt."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

Figure = float | str | None


class Ending(StrEnum):
    """How a rehearsal ended."""

    PROMOTED = "promoted"
    ROLLED_BACK = "rolled-back"
    ASKS = "asks"  # a person would have to choose between going on and rolling back
    PAUSED = "paused"  # a person would have to resume
    NEEDS_APPROVAL = "needs-approval"  # nobody approves in this rehearsal
    HELD = "held"  # a stage's time was long over and it still waited
    RECORDING_ENDED = "recording-ended"

    @property
    def exit_code(self) -> int:
        """Return what `sluice rehearse` exits with: 0 promoted, 10 rolled back, 13 neither."""
        return {Ending.PROMOTED: 0, Ending.ROLLED_BACK: 10}.get(self, 13)


@dataclass(frozen=True, slots=True)
class Told:
    """One decision as the audit trail has it, `at_s` seconds of process time after the start."""

    at_s: float
    kind: str
    by: str
    why: str
    figures: dict[str, Figure]


@dataclass(frozen=True, slots=True)
class Harm:
    """What the new version did to people: `excess` is how many of its failed requests stable would not have
    failed, `users` how many people met at least one of those, at `requests_per_user` requests each."""

    requests: int
    failed: int
    excess: int
    users: int
    requests_per_user: float


@dataclass(frozen=True, slots=True)
class RatioRange:
    """The always-valid range of one metric's comparison at one moment, as its sentence gives it."""

    metric: str
    low: float | None
    middle: float | None
    high: float | None
    margin: float | None


@dataclass(frozen=True, slots=True)
class Point:
    """One point of the plot: the weight in force (percent) and what was measured since the point before."""

    at_s: float
    weight: float
    new_error_rate: float | None
    stable_error_rate: float | None
    ranges: tuple[RatioRange, ...] = ()


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """The whole result. `source` is the scenario or recording, in words; times are seconds of process time.

    `rollout` is which of the process's named ones was run, empty for its default one.
    `stage` is the last one that began, `weight` the most (percent) that the new version ever had. `looks`
    says how often was looked, every `step_s` where nothing happened.
    """

    process: str
    source: str
    seed: int
    new: str
    stable: str
    ending: Ending
    outcome: str
    decided_by: str
    took_s: float
    stage: str
    weight: float
    decisions: tuple[Told, ...]
    harm: Harm
    notes: tuple[str, ...]
    looks: int
    step_s: float
    points: tuple[Point, ...]
    rollout: str = ""
