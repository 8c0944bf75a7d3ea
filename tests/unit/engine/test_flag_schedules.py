"""Schedules of flags: what switched is recorded once, told to clients, and found out after a restart."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from sluiceway.domain.flags.model import Flag, Reason, Window
from tests.unit.engine.flag_bench import ADA, PLACE, SERVICE, FlagBench, open_bench


@pytest.fixture
def bench() -> Iterator[FlagBench]:
    with open_bench() as opened:
        yield opened


def plan_sale(bench: FlagBench, on_s: float, off_s: float, *, is_enabled: bool = True) -> None:
    """Make a flag that is on from one time until another, in seconds from now."""
    now = bench.clock.wall()
    window = Window(now + timedelta(seconds=on_s), now + timedelta(seconds=off_s), "Europe/Berlin")
    flag = Flag("sale", is_enabled=is_enabled, window=window)
    bench.make(Flag("sale"))
    bench.flags.edit(SERVICE, PLACE, flag, ADA)


def test_a_window_that_opens_and_closes_is_recorded_and_told(bench: FlagBench) -> None:
    bench.schedules.look()
    plan_sale(bench, 10, 20)
    told: list[tuple[str, str]] = []
    bench.sets.subscribe(lambda service, environment: told.append((service, environment)))
    etags = [bench.sets.current(SERVICE, PLACE).etag]
    before = bench.evaluate("user-1", "sale")
    bench.run(12)
    during = bench.evaluate("user-1", "sale")
    etags.append(bench.sets.current(SERVICE, PLACE).etag)
    bench.run(12)
    etags.append(bench.sets.current(SERVICE, PLACE).etag)

    assert (before.reason, during.value) == (Reason.SCHEDULED, True)
    assert bench.evaluate("user-1", "sale").reason is Reason.SCHEDULED
    assert len(set(etags)) == 3
    assert told.count((SERVICE, PLACE)) == 2
    assert bench.trail("flag-window-opened") == ["production: its schedule opened at 2026-01-05 09:00:10 UTC"]
    assert bench.trail("flag-window-closed") == ["production: its schedule closed at 2026-01-05 09:00:20 UTC"]


def test_what_switched_while_nobody_looked_is_recorded_afterwards(bench: FlagBench) -> None:
    bench.schedules.look()
    plan_sale(bench, 10, 20)
    bench.clock.advance(3_600)
    bench.crash()
    bench.run(3)

    assert len(bench.trail("flag-window-opened")) == len(bench.trail("flag-window-closed")) == 1


def test_a_flag_that_is_off_is_switched_by_no_schedule(bench: FlagBench) -> None:
    bench.schedules.look()
    plan_sale(bench, 10, 20, is_enabled=False)
    bench.run(30)

    assert bench.trail("flag-window-opened") == []


def test_windows_of_long_ago_are_no_news_to_a_new_installation(bench: FlagBench) -> None:
    plan_sale(bench, -100, -50)
    bench.run(3)

    assert bench.trail("flag-window-opened") == []
