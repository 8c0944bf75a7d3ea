"""Thresholds of flags: turned off, paused and let go on by live figures, with and without a rollout."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from sluiceway.domain.flags.model import Flag, HeldOffBy, NoData, Reason, Threshold, ThresholdAction
from sluiceway.domain.process.plan import Version
from sluiceway.domain.rollouts.model import CommandKind
from sluiceway.engine.flag_records import Guards, guards_of, keep_guards
from sluiceway.errors import FlagFileError, TemporaryProviderError
from sluiceway.ports.releases import ProcessRow
from sluiceway.ports.store import Transaction
from tests.unit.engine.flag_bench import ADA, PLACE, PROCESS, SERVICE, USERS, FlagBench, open_bench

SLOW = Threshold(
    "slow", "slowness > 200", NoData.KEEP, ThresholdAction.TURN_OFF, for_s=10, metric="response time"
)
PAUSES = replace(SLOW, action=ThresholdAction.PAUSE, clear_s=20)
NEW, NOBODY = Version("2.4.0"), Version("")
ON = Flag("banner", is_enabled=True, thresholds=(SLOW,))


@pytest.fixture
def bench() -> Iterator[FlagBench]:
    with open_bench() as opened:
        yield opened


def put_process(bench: FlagBench, text: str = PROCESS) -> None:
    with bench.store.begin() as tx:
        tx.put_process(ProcessRow(SERVICE, str(hash(text)), text, "p.yaml", bench.clock.wall(), "ada"))


def make_on(bench: FlagBench, *thresholds: Threshold) -> None:
    """Make a flag that is on in production, of a service that no rollout ever ran for."""
    put_process(bench)
    bench.make(replace(ON, thresholds=()))
    bench.flags.edit(SERVICE, PLACE, replace(ON, thresholds=thresholds), ADA)


def test_without_any_rollout_a_threshold_turns_its_flag_off_after_its_time(bench: FlagBench) -> None:
    make_on(bench, SLOW)
    bench.metrics.set(NOBODY, "slowness", 350)
    bench.run(9)
    before = bench.evaluate("user-1", "banner")
    bench.run(4)
    after = bench.evaluate("user-1", "banner")

    assert (before.value, before.reason) == (True, Reason.STATIC)
    assert (after.value, after.reason, after.culprit) == (False, Reason.THRESHOLD, "response time")
    (why,) = bench.trail("flag-held-off")
    assert "response time held for 10 s: slowness is 350" in why


def test_a_fine_reading_in_between_starts_the_time_anew(bench: FlagBench) -> None:
    make_on(bench, SLOW)
    for value in (350, 100, 350):
        bench.metrics.set(NOBODY, "slowness", value)
        bench.run(8)

    assert bench.flag("banner").hold is None


def test_what_was_turned_off_stays_off_until_a_person_acts(bench: FlagBench) -> None:
    make_on(bench, SLOW)
    bench.metrics.set(NOBODY, "slowness", 350)
    bench.run(15)
    bench.metrics.set(NOBODY, "slowness", 100)
    bench.run(200)
    held = bench.flag("banner").hold
    assert held is not None
    assert held.by is HeldOffBy.THRESHOLD

    bench.flags.release_kill(SERVICE, PLACE, "banner", ADA)
    bench.run(30)
    assert bench.evaluate("user-1", "banner").value is True
    assert len(bench.trail("flag-held-off")) == 1


def test_without_figures_it_does_what_it_says_and_nothing_unless_it_says_so(bench: FlagBench) -> None:
    silent = replace(SLOW, id="silent", when="order_completion < 0.5", on_no_data=NoData.TURN_OFF, metric="")
    make_on(bench, SLOW)
    bench.run(100)
    assert bench.flag("banner").hold is None

    bench.flags.edit(SERVICE, PLACE, replace(ON, thresholds=(silent,)), ADA)
    bench.run(58)
    assert bench.flag("banner").hold is None
    bench.run(5)
    hold = bench.flag("banner").hold
    assert hold is not None
    assert hold.why.startswith("order_completion < 0.5: no data for 60 s")


@pytest.mark.parametrize("value", [None, float("nan"), float("inf")])
def test_what_is_not_a_number_is_no_data(bench: FlagBench, value: float | None) -> None:
    make_on(bench, SLOW)
    bench.metrics.set(NOBODY, "slowness", value)
    bench.run(40)

    assert bench.flag("banner").hold is None


def test_a_source_that_fails_is_no_data(bench: FlagBench) -> None:
    make_on(bench, replace(SLOW, on_no_data=NoData.TURN_OFF, no_data_after_s=20))
    bench.metrics.set(NOBODY, "slowness", 100)
    bench.run(10)
    bench.metrics.trouble = TemporaryProviderError("nobody answers")
    bench.run(20)
    assert bench.flag("banner").hold is None
    bench.run(12)

    assert bench.flag("banner").hold is not None


def test_a_flag_that_is_off_is_not_watched(bench: FlagBench) -> None:
    make_on(bench, SLOW)
    bench.flags.toggle(SERVICE, PLACE, "banner", False, ADA)
    bench.metrics.set(NOBODY, "slowness", 350)
    bench.run(60)

    assert bench.flag("banner").hold is None


def test_a_rollout_goes_back_when_a_threshold_turns_its_flag_off(bench: FlagBench) -> None:
    put_process(bench)
    bench.make(Flag("new-search", thresholds=(SLOW,)))
    rollout = bench.start()
    bench.metrics.set(NEW, "slowness", 120)
    bench.run(80)
    assert len(bench.reached()) > 300
    bench.metrics.set(NEW, "slowness", 350)
    bench.run(15)

    assert bench.reached() == frozenset()
    bench.run_until(rollout, "rolled-back")
    state = bench.row(rollout).state
    assert state.rollback is not None
    assert state.rollback.by == "threshold:response time"
    assert "flag new-search was turned off: response time held for" in state.outcome


def test_a_threshold_pauses_the_rollout_and_lets_it_go_on_when_it_is_clear(bench: FlagBench) -> None:
    put_process(bench)
    bench.make(Flag("new-search", thresholds=(PAUSES,)))
    rollout = bench.start()
    bench.metrics.set(NEW, "slowness", 120)
    bench.run(80)
    reached = bench.reached()
    bench.metrics.set(NEW, "slowness", 350)
    bench.run(100)
    assert bench.row(rollout).state.phase == "paused"
    assert bench.reached() == reached
    bench.metrics.set(NEW, "slowness", 120)
    bench.run(15)
    assert bench.row(rollout).state.phase == "paused"

    bench.run_until(rollout, "promoted")
    assert len(bench.trail("flag-threshold-breached")) == len(bench.trail("flag-threshold-clear")) == 1


def test_a_pause_of_a_person_is_not_ended_by_a_threshold(bench: FlagBench) -> None:
    put_process(bench)
    bench.make(Flag("new-search", thresholds=(PAUSES,)))
    rollout = bench.start()
    bench.metrics.set(NEW, "slowness", 120)
    bench.run(80)
    bench.act(rollout, CommandKind.PAUSE)
    bench.metrics.set(NEW, "slowness", 350)
    bench.run(30)
    bench.metrics.set(NEW, "slowness", 120)
    bench.run(60)

    assert bench.row(rollout).state.phase == "paused"


def test_since_when_it_is_slow_survives_a_crash(bench: FlagBench) -> None:
    make_on(bench, SLOW)
    bench.metrics.set(NOBODY, "slowness", 350)
    bench.run(7)
    bench.crash()
    bench.run(2)
    assert bench.flag("banner").hold is None
    bench.run(4)

    assert bench.flag("banner").hold is not None
    assert len(bench.trail("flag-held-off")) == 1


def test_a_crash_between_the_decision_and_the_hold_loses_nothing(
    bench: FlagBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_on(bench, SLOW)
    bench.metrics.set(NOBODY, "slowness", 350)
    with monkeypatch.context() as patched:
        patched.setattr(bench.driving, "hold", _dies)
        with pytest.raises(_KilledError):
            bench.run(20)
    assert bench.flag("banner").hold is None
    bench.crash()
    bench.run(3)

    assert bench.flag("banner").hold is not None


def test_a_crash_between_the_hold_and_the_note_of_it_holds_once(
    bench: FlagBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_on(bench, SLOW)
    bench.metrics.set(NOBODY, "slowness", 350)
    with monkeypatch.context() as patched:
        patched.setattr("sluiceway.engine.flag_watching.keep_guards", _unless_it_is_over)
        with pytest.raises(_KilledError):
            bench.run(20)
    assert bench.flag("banner").hold is not None
    bench.crash()
    bench.run(20)

    assert len(bench.trail("flag-held-off")) == 1
    with bench.store.read() as tx:
        assert guards_of(tx, SERVICE, PLACE) == {}


def test_thresholds_of_one_environment_leave_the_others_alone(bench: FlagBench) -> None:
    make_on(bench, SLOW)
    bench.metrics.set(NOBODY, "slowness", 350)
    bench.run(15)

    assert bench.evaluate("user-1", "banner").value is False
    assert bench.sets.current(SERVICE, "development").evaluator.evaluate("banner", {}).value is True


def test_a_condition_on_a_metric_that_nobody_knows_is_refused(bench: FlagBench) -> None:
    with pytest.raises(FlagFileError, match='unknown metric "slownes"; did you mean "slowness"'):
        make_on(bench, replace(SLOW, when="slownes > 200"))


def test_a_metric_that_left_the_process_later_is_no_data_and_stops_no_kill(bench: FlagBench) -> None:
    make_on(bench, replace(SLOW, on_no_data=NoData.TURN_OFF, no_data_after_s=5))
    put_process(bench, PROCESS.replace("slowness:", "speed:"))
    bench.metrics.set(NOBODY, "slowness", None)
    bench.run(10)

    assert {bench.evaluate(user, "banner").reason for user in USERS[:5]} == {Reason.THRESHOLD}
    bench.flags.kill(SERVICE, PLACE, "banner", ADA)
    assert bench.evaluate("user-1", "banner").reason is Reason.KILLED


class _KilledError(BaseException):
    """The process ends here."""


def _dies(*_: object) -> None:
    raise _KilledError


def _unless_it_is_over(tx: Transaction, service: str, environment: str, guards: Guards) -> None:
    if not guards:
        raise _KilledError
    keep_guards(tx, service, environment, guards)
