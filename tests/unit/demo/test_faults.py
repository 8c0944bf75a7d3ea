"""Faults of the sample shop: what they do and from when on."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluiceway.demo.faults import (
    BASE_ERROR_SHARE,
    Fault,
    FaultSwitch,
    error_share,
    latency_factor,
    read_first_harm,
    switch_from_environment,
)
from sluiceway.errors import InvalidInputError


class Clock:
    def __init__(self) -> None:
        self.at = 1_000.0

    def __call__(self) -> float:
        return self.at


@pytest.mark.parametrize("fault", list(Fault))
def test_before_it_begins_a_fault_changes_nothing(fault: Fault) -> None:
    assert error_share(fault, None) == BASE_ERROR_SHARE
    assert latency_factor(fault, None) == 1.0


def test_errors_fail_a_fifth_of_the_answers() -> None:
    assert error_share(Fault.ERRORS, 0.0) == 0.20


def test_latency_triples_every_answer_and_fails_none() -> None:
    assert latency_factor(Fault.LATENCY, 0.0) == 3.0
    assert error_share(Fault.LATENCY, 60.0) == BASE_ERROR_SHARE


def test_slow_burn_reaches_twelve_percent_after_forty_seconds_and_stays_there() -> None:
    assert error_share(Fault.SLOW_BURN, 0.0) == pytest.approx(BASE_ERROR_SHARE)
    assert error_share(Fault.SLOW_BURN, 20.0) == pytest.approx(0.061)
    assert error_share(Fault.SLOW_BURN, 40.0) == pytest.approx(0.12)
    assert error_share(Fault.SLOW_BURN, 400.0) == pytest.approx(0.12)


@given(earlier=st.floats(0, 100), later=st.floats(0, 100))
def test_slow_burn_never_gets_better(earlier: float, later: float) -> None:
    low, high = sorted((earlier, later))
    assert error_share(Fault.SLOW_BURN, low) <= error_share(Fault.SLOW_BURN, high)


def test_a_version_without_a_fault_never_begins_one(tmp_path: Path) -> None:
    file = tmp_path / "fault"
    file.touch()
    assert FaultSwitch(Fault.NONE, file).since_s() is None


def test_a_fault_begins_once_its_file_exists(tmp_path: Path) -> None:
    clock = Clock()
    file = tmp_path / "fault"
    switch = FaultSwitch(Fault.ERRORS, file, now=clock)
    before = switch.since_s()
    file.touch()
    os.utime(file, (1_001.0, 1_001.0))
    clock.at = 1_003.0
    assert (before, switch.since_s()) == (None, 2.0)


def test_the_file_is_looked_at_no_more_often_than_every_tenth_of_a_second(tmp_path: Path) -> None:
    clock = Clock()
    file = tmp_path / "fault"
    switch = FaultSwitch(Fault.ERRORS, file, now=clock)
    switch.since_s()
    file.touch()
    os.utime(file, (1_000.0, 1_000.0))
    clock.at = 1_000.05
    too_soon = switch.since_s()
    clock.at = 1_000.11
    assert too_soon is None
    assert switch.since_s() == pytest.approx(0.11)


def test_a_fault_goes_on_where_it_was_after_a_restart(tmp_path: Path) -> None:
    clock = Clock()
    file = tmp_path / "fault"
    file.touch()
    os.utime(file, (990.0, 990.0))
    assert FaultSwitch(Fault.SLOW_BURN, file, now=clock).since_s() == 10.0


def test_without_a_file_a_fault_begins_some_time_after_the_first_request() -> None:
    clock = Clock()
    switch = FaultSwitch(Fault.ERRORS, after_s=5.0, now=clock)
    at_first = switch.since_s()
    clock.at = 1_004.9
    too_soon = switch.since_s()
    clock.at = 1_006.0
    assert (at_first, too_soon, switch.since_s()) == (None, None, 1.0)


def test_only_the_first_harm_is_noted_also_over_restarts(tmp_path: Path) -> None:
    clock = Clock()
    file = tmp_path / "fault"
    FaultSwitch(Fault.CRASH, file, now=clock).note_first()
    clock.at = 2_000.0
    FaultSwitch(Fault.CRASH, file, now=clock).note_first()
    assert read_first_harm(file) == 1_000.0


def test_no_harm_is_noted_before_there_is_any(tmp_path: Path) -> None:
    assert read_first_harm(tmp_path / "fault") is None


def test_the_environment_says_what_is_wrong() -> None:
    switch = switch_from_environment(
        {"SHOP_FAULT": "slow-burn", "SHOP_FAULT_FILE": "/somewhere/fault", "SHOP_FAULT_AFTER": "2.5"}
    )
    assert (switch.fault, switch.file, switch.after_s) == (Fault.SLOW_BURN, Path("/somewhere/fault"), 2.5)


def test_nothing_is_wrong_unless_the_environment_says_so() -> None:
    assert switch_from_environment({}).fault is Fault.NONE


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        (
            {"SHOP_FAULT": "gremlins"},
            "SHOP_FAULT is 'gremlins'; use one of none, errors, latency, crash, slow-burn",
        ),
        ({"SHOP_FAULT_AFTER": "soon"}, "SHOP_FAULT_AFTER is 'soon'; use a number of seconds"),
    ],
)
def test_an_environment_that_makes_no_sense_is_refused(environment: dict[str, str], message: str) -> None:
    with pytest.raises(InvalidInputError) as problem:
        switch_from_environment(environment)
    assert str(problem.value) == message
