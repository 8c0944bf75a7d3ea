"""What a rehearsal can be told. Nothing here changes the plan: that is the process file's alone."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Noisiness(StrEnum):
    """What is known of stable's usual noise before the start."""

    LEARNED = "learned"  # from a day of two stable instances, or from a recording's own instances
    UNKNOWN = "unknown"  # nothing: a person is asked where the comparison would act


class Share(StrEnum):
    """Whose split of the requests counts in a recording."""

    RECORDED = "recorded"  # both versions have what was recorded
    PLAN = "plan"  # neither has more than the plan's weight gives it; the rest is left out by chance


@dataclass(frozen=True, slots=True)
class Options:
    """`rollout` is which of the process's named rollouts is meant, its default one when empty. `step_s` is
    the time between two looks, None for one that fits the plan's length; `approves` says whether people
    approve and attest what the plan asks them, `approve_after_s` later."""

    rollout: str = ""
    new: str = "new"
    stable: str = "stable"
    seed: int = 1
    noise: Noisiness = Noisiness.LEARNED
    approves: bool = True
    approve_after_s: float = 600.0
    step_s: float | None = None
    requests_per_user: float = 20.0
    share: Share = Share.RECORDED
