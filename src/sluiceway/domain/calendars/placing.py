"""Giving milestones their dates, backwards from the target, each after those it depends on.

A milestone counted in days or weeks takes whole local days. A point that would fall on a day off stands on
the working day before. A stretch keeps its calendar dates: it begins on the first and ends on the last
working day in them; one without any stands on the working day before. What is moved is said. One counted in
hours is placed to the minute. One with only `after` begins when the last of those has ended: on the same day
after a point or hours, on the next working day after a stretch of days.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta

from sluiceway.domain.calendars.days import (
    add_working_days,
    before,
    calendar_days,
    day_of,
    days_before,
    instant_of,
    show_day,
    why_off,
    working_day_at_or_after,
    working_day_at_or_before,
    zone_of,
)
from sluiceway.domain.calendars.plans import Dates, Problem, ProblemKind
from sluiceway.domain.process.schedule import Calendar, Milestone, SpanUnit

_DAY = timedelta(days=1)
_INSTANT = timedelta(microseconds=1)


def place(
    milestones: Sequence[Milestone], calendar: Calendar, holidays: Mapping[date, str], target_at: datetime
) -> tuple[dict[str, Dates], tuple[Problem, ...]]:
    """Return the dates of each milestone by id, and what could not stand where it was put.

    `milestones` stand in an order in which each comes after those it depends on.
    """
    placing = _Placing(calendar, holidays, target_at.astimezone(UTC))
    for milestone in milestones:
        placing.add(milestone)
    return placing.dates, tuple(placing.problems)


def is_target(milestone: Milestone) -> bool:
    """Return whether a milestone is the target date itself."""
    return milestone.before.count == 0 if milestone.before is not None else not milestone.after


def takes_days(milestone: Milestone) -> bool:
    """Return whether a milestone fills whole days: what comes after it begins on another day."""
    return milestone.lasts is not None and milestone.lasts.unit is not SpanUnit.HOURS


class _Placing:
    def __init__(self, calendar: Calendar, holidays: Mapping[date, str], target_at: datetime) -> None:
        self._calendar = calendar
        self._holidays = holidays
        self._target_at = target_at
        self._milestones: dict[str, Milestone] = {}
        self.dates: dict[str, Dates] = {}
        self.problems: list[Problem] = []

    def add(self, milestone: Milestone) -> None:
        self._milestones[milestone.id] = milestone
        wanted, at = self._start(milestone)
        if at is not None and not takes_days(milestone):
            dates = self._exact(milestone, wanted, at)
        else:
            first, last = self._whole_days(milestone, wanted, is_fixed=at is not None)
            starts_at = at or instant_of(self._calendar, first)
            dates = Dates(first, last, starts_at, instant_of(self._calendar, last + _DAY))
        self.dates[milestone.id] = dates
        if milestone.before is not None:
            self._check_order(milestone, dates)

    def _start(self, milestone: Milestone) -> tuple[date, datetime | None]:
        """Return the day it should begin on, and the instant where there is one."""
        if is_target(milestone):
            return day_of(self._calendar, self._target_at), self._target_at
        span = milestone.before
        if span is None:
            return self._next(milestone)
        if span.unit is SpanUnit.HOURS:
            at = before(self._calendar, self._holidays, self._target_at, span)
            return self._to_the_minute(milestone, at), at
        local = self._target_at.astimezone(zone_of(self._calendar))
        wanted = days_before(self._calendar, self._holidays, local.date(), span)
        if takes_days(milestone):
            return wanted, None
        day = working_day_at_or_before(self._calendar, self._holidays, wanted)
        self._report_moved(milestone, wanted, day)
        return day, instant_of(self._calendar, day, local.time()) if milestone.lasts is not None else None

    def _to_the_minute(self, milestone: Milestone, at: datetime) -> date:
        day = day_of(self._calendar, at)
        if self._off(day):
            self._report(
                ProblemKind.CLOSED,
                milestone,
                f"{milestone.title} is on {show_day(day)}: {self._off(day)}; "
                "it stays there because it is counted in hours",
            )
        return day

    def _next(self, milestone: Milestone) -> tuple[date, datetime | None]:
        if milestone.lasts is not None and milestone.lasts.unit is SpanUnit.HOURS:
            at = max(self.dates[each].ends_at for each in milestone.after)
            return day_of(self._calendar, at), at
        day = max(self._earliest_after(each) for each in milestone.after)
        return working_day_at_or_after(self._calendar, self._holidays, day), None

    def _earliest_after(self, milestone_id: str) -> date:
        last = self.dates[milestone_id].last
        if not takes_days(self._milestones[milestone_id]):
            return last
        return add_working_days(self._calendar, self._holidays, last, 1)

    def _exact(self, milestone: Milestone, first: date, at: datetime) -> Dates:
        hours = 0.0 if milestone.lasts is None else milestone.lasts.count
        ends_at = at + timedelta(hours=hours)
        last = day_of(self._calendar, max(at, ends_at - _INSTANT))
        return Dates(first, last, at, ends_at, is_exact=True)

    def _whole_days(self, milestone: Milestone, wanted: date, *, is_fixed: bool) -> tuple[date, date]:
        """Return the first and last day. `is_fixed`: the first one is the target's own and stays."""
        span = milestone.lasts
        if span is None:
            return wanted, wanted
        first = wanted if is_fixed else working_day_at_or_after(self._calendar, self._holidays, wanted)
        if span.unit is SpanUnit.WORKING_DAYS:
            more = max(math.ceil(span.count) - 1, 0)
            last = add_working_days(self._calendar, self._holidays, first, more)
        else:
            end = wanted + _DAY * max(math.ceil(calendar_days(span)) - 1, 0)
            last = working_day_at_or_before(self._calendar, self._holidays, end)
            first = first if is_fixed else min(first, last)
        self._report_moved(milestone, wanted, first)
        return first, max(first, last)

    def _check_order(self, milestone: Milestone, dates: Dates) -> None:
        for each in milestone.after:
            earlier, ended = self._milestones[each], self.dates[each]
            if dates.is_exact and ended.is_exact:
                is_violated = dates.starts_at < ended.ends_at
            elif takes_days(earlier):
                is_violated = dates.first <= ended.last
            else:
                is_violated = dates.first < ended.last
            if is_violated:
                self._report(
                    ProblemKind.ORDER,
                    milestone,
                    f"{milestone.title} begins on {show_day(dates.first)}, "
                    f"before {earlier.title} has ended on {show_day(ended.last)}",
                )

    def _off(self, day: date) -> str:
        return why_off(self._calendar, self._holidays, day)

    def _report_moved(self, milestone: Milestone, wanted: date, day: date) -> None:
        if day != wanted:
            text = f"{milestone.title} moves from {show_day(wanted)} to {show_day(day)}: {self._off(wanted)}"
            self._report(ProblemKind.MOVED, milestone, text)

    def _report(self, kind: ProblemKind, milestone: Milestone, text: str) -> None:
        self.problems.append(Problem(kind, milestone.id, text))
