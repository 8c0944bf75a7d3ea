"""What a timeline comes to once it has dates, and what replanning moved.

The types only. `timeline` makes plans, `gantt_svg` and `mermaid` draw them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from sluiceway.domain.process.schedule import Milestone


class ProblemKind(StrEnum):
    """Why a date can't hold, or did not stay where it was put."""

    PAST = "past"  # it lies before today, or before the release was planned
    ORDER = "order"  # before the end of something it comes after
    CLOSED = "closed"  # on a day off, in a freeze or outside the deployment windows
    MOVED = "moved"  # was on a day off and stands on the working day before: no obstacle, to be known


@dataclass(frozen=True, slots=True)
class Problem:
    kind: ProblemKind
    milestone: str  # its id
    text: str


class Progress(StrEnum):
    DONE = "done"
    LATE = "late"  # should have ended and is not done
    UNDER_WAY = "under-way"
    AHEAD = "ahead"  # begins later


@dataclass(frozen=True, slots=True)
class Dates:
    """When a milestone is: local days, both included, and instants, the end excluded.

    A point in time has one day: it ends where it starts when it is exact, else when its day is over.
    """

    first: date
    last: date
    starts_at: datetime
    ends_at: datetime
    is_exact: bool = False  # placed to the minute, not by whole days


@dataclass(frozen=True, slots=True)
class Placed:
    """A milestone with its dates.

    `slack_days` is how many working days later it can be while what comes after it still ends in time, each
    as late as it can be; `free_days` how many without moving anything else. Negative where the order is
    violated.
    """

    milestone: Milestone
    dates: Dates
    progress: Progress
    slack_days: int
    free_days: int
    is_critical: bool
    done_at: datetime | None = None

    @property
    def id(self) -> str:
        return self.milestone.id

    @property
    def title(self) -> str:
        return self.milestone.title

    @property
    def is_point(self) -> bool:
        return self.milestone.lasts is None

    @property
    def is_late(self) -> bool:
        return self.progress is Progress.LATE


@dataclass(frozen=True, slots=True)
class Plan:
    """A laid-out timeline, milestones in the order the process lists them.

    `critical` holds the ids on the critical path, earliest first. `sentence` says how the plan stands.
    """

    timeline: str
    title: str
    zone: str
    target_at: datetime
    target_day: date
    today: date
    milestones: tuple[Placed, ...]
    critical: tuple[str, ...]
    problems: tuple[Problem, ...]
    sentence: str

    @property
    def holds(self) -> bool:
        """Whether every date can hold."""
        return all(problem.kind is ProblemKind.MOVED for problem in self.problems)


@dataclass(frozen=True, slots=True)
class Shift:
    """What became of a milestone in a new plan; `days` are calendar days, later is positive."""

    milestone: str
    days: int
    text: str
