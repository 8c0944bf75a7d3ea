"""The demo's command line, its process file, and the result it computes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from sluiceway.config import parse_process
from sluiceway.demo.faults import Fault
from sluiceway.demo.follow import Timeline
from sluiceway.demo.options import DemoOptions, DemoResult, parse_options
from sluiceway.demo.records import Record
from sluiceway.demo.runner import measure, render_process

RESULT = DemoResult(
    fault="errors",
    outcome="rolled_back",
    first_bad_at_s=10.0,
    decided_at_s=12.0,
    traffic_safe_at_s=12.5,
    requests=2000,
    failed_requests=9,
    failed_requests_stable=4,
    users_harmed=5,
    wall_s=30.0,
)


def test_the_result_is_one_line_with_the_agreed_fields_in_order() -> None:
    assert list(json.loads(RESULT.to_json())) == [
        "fault", "outcome", "first_bad_at_s", "decided_at_s", "traffic_safe_at_s", "requests",
        "failed_requests", "failed_requests_stable", "users_harmed", "wall_s",
    ]  # fmt: skip
    assert "\n" not in RESULT.to_json()


@pytest.mark.parametrize("fault", list(Fault))
@pytest.mark.parametrize("outcome", ["promoted", "rolled_back", "aborted", ""])
def test_only_a_sound_version_should_be_promoted_and_only_a_faulty_one_rolled_back(
    fault: Fault, outcome: str
) -> None:
    result = DemoResult(fault.value, outcome, None, None, None, 0, 0, 0, 0, 0.0)
    expected = outcome == ("promoted" if fault is Fault.NONE else "rolled_back")
    assert result.is_right is expected


def test_without_arguments_a_sound_version_is_shown_to_a_person() -> None:
    assert parse_options([]) == DemoOptions()


def test_the_command_line_says_what_is_wrong_and_how_fast() -> None:
    options = parse_options(
        ["--fault", "slow-burn", "--headless", "--speed", "1800", "--rps", "50", "--users", "10"]
    )
    assert options == DemoOptions(Fault.SLOW_BURN, headless=True, speed=1800.0, rps=50.0, users=10)


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["--fault", "gremlins"], "invalid choice: 'gremlins'"),
        (["--rps", "0"], "0 is not more than 0"),
        (["--users", "0"], "0 is less than 1"),
        (["--port", "70000"], "70000 is not a port from 0 to 65535"),
        (["--speed", "fast"], "'fast' is not a number"),
    ],
)
def test_a_command_line_that_makes_no_sense_is_refused(
    argv: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        parse_options(argv)
    assert end.value.code == 2
    assert message in capsys.readouterr().err


def test_the_process_file_gives_the_fault_to_the_new_version_alone(tmp_path: Path) -> None:
    fault_file = tmp_path / 'odd "name"'
    text = render_process(fault=Fault.CRASH, fault_file=fault_file, ingress_port=8123)
    process = yaml.safe_load(text)
    assert process["service"]["versions"] == {
        "2.0": {"env": {"SHOP_FAULT": "crash", "SHOP_FAULT_FILE": str(fault_file)}}
    }
    assert "env" not in process["service"]
    assert process["ingress"]["listen"] == "127.0.0.1:8123"


def answers(version: str, status: int, *times: float) -> list[Record]:
    return [Record(at, 5.0, status, "", version, int(at)) for at in times]


def test_a_rollback_is_timed_from_the_start_of_the_load() -> None:
    records = [
        *answers("1.0", 200, 1_000, 1_020),
        *answers("1.0", 500, 1_003),
        *answers("2.0", 200, 1_009, 1_013),
        *answers("2.0", 500, 1_010, 1_011),
    ]
    timeline = Timeline(
        exposed_at=1_005, fault_at=1_009.5, decided_at=1_012, empty_at=1_012.4, outcome="rolled_back"
    )
    result = measure(DemoOptions(Fault.ERRORS), records, timeline, first_harm_at=1_009.9, wall_s=40.0)
    assert result == DemoResult(
        fault="errors",
        outcome="rolled_back",
        first_bad_at_s=10.0,  # 1,010.005, rounded
        decided_at_s=12.0,
        traffic_safe_at_s=13.0,  # the last request that the new version answered
        requests=7,
        failed_requests=3,
        failed_requests_stable=1,
        users_harmed=2,
        wall_s=40.0,
    )


def test_users_are_safe_no_sooner_than_the_proxy_was_seen_to_be_empty() -> None:
    records = [*answers("1.0", 200, 1_000), *answers("2.0", 500, 1_010)]
    timeline = Timeline(
        exposed_at=1_005, fault_at=1_009, decided_at=1_012, empty_at=1_012.4, outcome="rolled_back"
    )
    result = measure(DemoOptions(Fault.ERRORS), records, timeline, first_harm_at=None, wall_s=1.0)
    assert result.traffic_safe_at_s == 12.4


def test_a_crash_that_the_proxy_hid_from_users_counts_from_the_crash() -> None:
    records = [*answers("1.0", 200, 1_000), *answers("2.0", 200, 1_009)]
    timeline = Timeline(
        exposed_at=1_005, fault_at=1_009, decided_at=1_012, empty_at=1_012.4, outcome="rolled_back"
    )
    result = measure(DemoOptions(Fault.CRASH), records, timeline, first_harm_at=1_010.5, wall_s=1.0)
    assert (result.first_bad_at_s, result.users_harmed) == (10.5, 0)


def test_a_promotion_has_no_times_of_harm() -> None:
    records = [*answers("1.0", 200, 1_000), *answers("2.0", 200, 1_009)]
    timeline = Timeline(exposed_at=1_005, outcome="promoted")
    result = measure(DemoOptions(), records, timeline, first_harm_at=None, wall_s=1.0)
    assert (result.first_bad_at_s, result.decided_at_s, result.traffic_safe_at_s) == (None, None, None)


def test_a_demo_that_nobody_visited_has_no_requests() -> None:
    result = measure(DemoOptions(), [], Timeline(outcome="promoted"), first_harm_at=None, wall_s=1.0)
    assert (result.requests, result.failed_requests, result.users_harmed) == (0, 0, 0)


def test_the_shipped_process_file_is_valid_and_leaves_nothing_to_note(tmp_path: Path) -> None:
    text = render_process(fault=Fault.NONE, fault_file=tmp_path / "fault", ingress_port=8123)
    process = parse_process(text, str(tmp_path / "shop.yaml"))
    assert process.notes == ()
    assert process.rollout is not None
    assert [stage.weight_bp for stage in process.rollout.stages] == [100, 1_000, 2_500, 5_000, 10_000]
    assert {trigger.id for trigger in process.rollout.triggers} == {"errors", "slow-answers", "crashes"}
    assert process.rollout.analysis is not None
    assert [metric.name for metric in process.rollout.analysis.metrics] == ["errors", "slow_requests"]
