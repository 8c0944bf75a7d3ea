"""The critical path method over laid-out milestones: how much room each has, and which chain sets the date.

Total float is the difference between a milestone's latest dates, counted back from the target through what
depends on it, and the dates it was given; free float is the room up to the next milestone as that stands.
Both in working days. Source: J. E. Kelley, M. R. Walker, "Critical-path planning and scheduling", 1959.

The critical path leads from the target back through the dependency that leaves the smallest gap each time,
ties included; a target that names no dependencies waits for everything that ends before it. Where dates are
tight this is the chain without slack. Where they leave room it still shows the chain that would give first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sluiceway.domain.calendars.days import add_working_days, working_days_between
from sluiceway.domain.process.schedule import Calendar
from sluiceway.errors import InvalidInputError

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Task:
    """One milestone: its days, both included, and what it comes after.

    One that does not take days leaves the rest of its last day to what follows.
    """

    id: str
    after: tuple[str, ...]
    first: date
    last: date
    takes_days: bool = True
    is_target: bool = False


@dataclass(frozen=True, slots=True)
class Room:
    total_days: int
    free_days: int


def in_order(after: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """Return the ids so that each comes after those it depends on, else in the order given.

    Raises InvalidInputError for a dependency that is not there, and for a circle, naming its members in turn.
    """
    found: dict[str, None] = {}
    for start in after:
        trail = [start]
        while trail:
            task = trail[-1]
            waits_for = next((each for each in after[task] if each not in found), None)
            if waits_for is None:
                found[trail.pop()] = None
            elif waits_for not in after:
                raise InvalidInputError(
                    f'milestone "{task}" comes after "{waits_for}", which the timeline does not have'
                )
            elif waits_for in trail:
                circle = " -> ".join([*trail[trail.index(waits_for) :], waits_for])
                raise InvalidInputError(f"milestones wait for each other: {circle}; take one `after` out")
            else:
                trail.append(waits_for)
    return tuple(found)


class Network:
    """Milestones and what they wait for. `tasks` stand in an order as `in_order` gives it."""

    def __init__(
        self, tasks: Sequence[Task], calendar: Calendar, holidays: Mapping[date, str], target: date
    ) -> None:
        self._tasks = {task.id: task for task in tasks}
        self._calendar = calendar
        self._holidays = holidays
        self._target = target
        self._followers: dict[str, list[Task]] = {task.id: [] for task in tasks}
        for task in tasks:
            for each in task.after:
                self._followers[each].append(task)

    def rooms(self) -> dict[str, Room]:
        """Return the room of each milestone by id.

        What nothing depends on has to be over by the target, or when it is over if that is later.
        """
        latest: dict[str, date] = {}  # first days
        found: dict[str, Room] = {}
        for task in reversed(self._tasks.values()):
            following = self._followers[task.id]
            if following:
                total_days = min(self._gap(task, latest[each.id]) for each in following)
                free_days = min(self._gap(task, each.first) for each in following)
            else:
                total_days = free_days = 0 if task.is_target else max(self._gap(task, self._target), 0)
            latest[task.id] = add_working_days(self._calendar, self._holidays, task.first, total_days)
            found[task.id] = Room(total_days, free_days)
        return found

    def path(self) -> tuple[str, ...]:
        """Return the ids on the critical path, earliest first."""
        on_path: set[str] = set()
        waiting = self._ends()
        while waiting:
            task = waiting.pop()
            if task.id not in on_path:
                on_path.add(task.id)
                waiting += self._tightest([self._tasks[each] for each in task.after], task.first)
        in_time = sorted(self._tasks.values(), key=lambda task: (task.first, task.last))
        return tuple(task.id for task in in_time if task.id in on_path)

    def _ends(self) -> list[Task]:
        targets = [task for task in self._tasks.values() if task.is_target]
        if any(task.after for task in targets):
            return [task for task in targets if task.after]
        last = [
            task
            for task in self._tasks.values()
            if not self._followers[task.id] and not task.is_target and task.last <= self._target
        ]
        return targets + self._tightest(last, self._target)

    def _tightest(self, tasks: Sequence[Task], first: date) -> list[Task]:
        """Return those that leave the smallest gap before something that begins on `first`."""
        gaps = [self._gap(task, first) for task in tasks]
        return [task for task, gap in zip(tasks, gaps, strict=True) if gap == min(gaps)]

    def _gap(self, task: Task, first: date) -> int:
        """Return how many working days later a task may end so that another can begin on `first`."""
        last = first - _DAY if task.takes_days else first
        return working_days_between(self._calendar, self._holidays, task.last + _DAY, last + _DAY)
