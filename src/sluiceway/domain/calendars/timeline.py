"""From a target date to a dated plan: `lay_out`; and `replan`, which says what a new plan moves.

How milestones get their dates is the business of `placing`, that of the critical path of `critical`; drawing
a plan is that of `gantt_svg` and `mermaid`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta

from sluiceway.domain.calendars.critical import Network, Task, in_order
from sluiceway.domain.calendars.days import (
    day_of,
    instant_of,
    show_day,
    show_instant,
    why_off,
    working_days_between,
)
from sluiceway.domain.calendars.opening import closed, opens_next
from sluiceway.domain.calendars.placing import is_target, place, takes_days
from sluiceway.domain.calendars.plans import Dates, Placed, Plan, Problem, ProblemKind, Progress, Shift
from sluiceway.domain.process.schedule import Calendar, Timeline
from sluiceway.errors import InvalidInputError

EARLIEST_YEAR, LATEST_YEAR = 2000, 2200  # a date outside is a slip of the pen
_DAY = timedelta(days=1)


def lay_out(
    timeline: Timeline,
    calendar: Calendar,
    holidays: Mapping[date, str],
    target_at: datetime,
    now: datetime,
    *,
    done: Mapping[str, datetime],
    planned_at: datetime | None = None,
    rollout_phases: Collection[str] = (),
) -> Plan:
    """Return the timeline with dates, counted backwards from the target.

    `done` says when milestones were reached. The target, and milestones that begin a phase in
    `rollout_phases`, deploy: for them freezes and windows count besides days off. `planned_at` is when the
    release was planned: what should have begun before then is a problem.

    Raises InvalidInputError for a target outside the years 2000 to 2200, for a dependency on a milestone that
    does not exist and for dependencies in a circle.
    """
    if not EARLIEST_YEAR <= target_at.year <= LATEST_YEAR:
        raise InvalidInputError(
            f"the target date {target_at.date()} is outside the years {EARLIEST_YEAR} to {LATEST_YEAR}"
        )
    by_id = {each.id: each for each in timeline.milestones}
    order = [by_id[each] for each in in_order({each.id: each.after for each in timeline.milestones})]
    dates, problems = place(order, calendar, holidays, target_at)
    target_day = day_of(calendar, target_at)
    network = Network(
        [
            Task(
                id=each.id,
                after=each.after,
                first=dates[each.id].first,
                last=dates[each.id].last,
                takes_days=takes_days(each),
                is_target=is_target(each),
            )
            for each in order
        ],
        calendar,
        holidays,
        target_day,
    )
    rooms, path = network.rooms(), network.path()
    milestones = tuple(
        Placed(
            milestone=each,
            dates=dates[each.id],
            progress=_progress(dates[each.id], now, done.get(each.id)),
            slack_days=rooms[each.id].total_days,
            free_days=rooms[each.id].free_days,
            is_critical=each.id in path,
            done_at=done.get(each.id),
        )
        for each in timeline.milestones
    )
    looker = _Looker(calendar, holidays, day_of(calendar, now), planned_at, rollout_phases)
    found = [*problems, *(problem for each in milestones for problem in looker.problems(each))]
    place_of = {each.id: number for number, each in enumerate(milestones)}
    found.sort(key=lambda problem: place_of[problem.milestone])
    return Plan(
        timeline=timeline.id,
        title=timeline.title,
        zone=calendar.zone,
        target_at=target_at.astimezone(UTC),
        target_day=target_day,
        today=day_of(calendar, now),
        milestones=milestones,
        critical=path,
        problems=tuple(found),
        sentence=_sentence(milestones, found, show_instant(calendar, target_at)),
    )


def replan(old: Plan, new: Plan) -> tuple[Shift, ...]:
    """Return what a new plan moves, adds and leaves out, in the new plan's order; empty when nothing differs.

    Which milestones are done makes no difference: that is progress, not a new plan.
    """
    olds = {each.id: each for each in old.milestones}
    shifts = [_shift(olds.pop(each.id, None), each) for each in new.milestones]
    left_out = (
        Shift(each.id, 0, f"{each.title} is left out; it was {_stretch(each.dates)}")
        for each in olds.values()
    )
    return (*(shift for shift in shifts if shift is not None), *left_out)


class _Looker:
    """Finds dates that can't hold."""

    def __init__(
        self,
        calendar: Calendar,
        holidays: Mapping[date, str],
        today: date,
        planned_at: datetime | None,
        rollout_phases: Collection[str],
    ) -> None:
        self._calendar = calendar
        self._holidays = holidays
        self._today = today
        self._planned = None if planned_at is None else day_of(calendar, planned_at)
        self._rollout_phases = rollout_phases

    def problems(self, placed: Placed) -> list[Problem]:
        """Return what is wrong with the dates of a milestone; what is done is past worrying."""
        if placed.progress is Progress.DONE:
            return []
        reasons = ((ProblemKind.PAST, self._past(placed)), (ProblemKind.CLOSED, self._closed(placed)))
        return [Problem(kind, placed.id, text) for kind, text in reasons if text]

    def _past(self, placed: Placed) -> str:
        first, last = placed.dates.first, placed.dates.last
        if placed.is_late:
            ago = (self._today - last).days
            when = f"{_count(ago, 'day')} ago" if ago else "today"
            return f"{placed.title} should have been done by {show_day(last)}, {when}"
        if self._planned is None or first >= self._planned:
            return ""
        whole = working_days_between(self._calendar, self._holidays, first, last + _DAY)
        left = working_days_between(self._calendar, self._holidays, self._planned, last + _DAY)
        return (
            f"{placed.title} should have begun on {show_day(first)}, but the release was planned on "
            f"{show_day(self._planned)}, when {left} of its {_count(whole, 'working day')} were left"
        )

    def _closed(self, placed: Placed) -> str:
        if not (is_target(placed.milestone) or placed.milestone.phase in self._rollout_phases):
            return ""
        reason = self._why_closed(placed.dates)
        return f"{placed.title}: {reason}" if reason else ""

    def _why_closed(self, dates: Dates) -> str:
        at = dates.starts_at
        if not dates.is_exact:
            opens_at = opens_next(self._calendar, self._holidays, at)
            if opens_at is not None and opens_at < instant_of(self._calendar, dates.first + _DAY):
                at = opens_at
        reason = closed(self._calendar, self._holidays, at)
        off = why_off(self._calendar, self._holidays, dates.first)
        return reason or (f"{show_day(dates.first)} is not a working day: {off}" if off else "")


def _progress(dates: Dates, now: datetime, done_at: datetime | None) -> Progress:
    if done_at is not None:
        return Progress.DONE
    if dates.ends_at <= now:
        return Progress.LATE
    return Progress.UNDER_WAY if dates.starts_at <= now else Progress.AHEAD


def _sentence(milestones: Sequence[Placed], problems: Sequence[Problem], target: str) -> str:
    done = sum(each.progress is Progress.DONE for each in milestones)
    late = [each.title for each in milestones if each.is_late]
    broken = {problem.milestone for problem in problems if problem.kind is not ProblemKind.MOVED}
    parts = [f"Target {target}: {done} of {_count(len(milestones), 'milestone')} done"]
    if late:
        parts.append(f"late: {', '.join(late)}")
    if broken:
        parts.append(f"{_count(len(broken), 'date')} can't hold")
    return "; ".join(parts)


def _shift(old: Placed | None, new: Placed) -> Shift | None:
    if old is None:
        return Shift(new.id, 0, f"{new.title} is new: {_stretch(new.dates)}")
    was, becomes = old.dates, new.dates
    if (was.starts_at, was.ends_at) == (becomes.starts_at, becomes.ends_at):
        return None
    days = (becomes.first - was.first).days
    if days:
        way = f"{_count(abs(days), 'day')} {'later' if days > 0 else 'earlier'}"
        return Shift(
            new.id, days, f"{new.title} moves {way}, from {show_day(was.first)} to {show_day(becomes.first)}"
        )
    if was.last != becomes.last:
        return Shift(
            new.id, 0, f"{new.title} ends on {show_day(becomes.last)} instead of {show_day(was.last)}"
        )
    return Shift(new.id, 0, f"{new.title} keeps its day, {show_day(becomes.first)}, at another time")


def _stretch(dates: Dates) -> str:
    if dates.first == dates.last:
        return f"on {show_day(dates.first)}"
    return f"from {show_day(dates.first)} to {show_day(dates.last)}"


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"
