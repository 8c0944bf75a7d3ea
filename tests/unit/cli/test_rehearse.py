"""`sluice rehearse`: what it says, writes and exits with."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.unit.cli.conftest import Sluice

PLAN = """
rollout:
  strategy: canary
  stages:
    - {name: tenth, weight: 10%, duration: 2m, criteria: [error_rate < 0.02]}
    - {name: everyone, weight: 100%, duration: 1m}
  triggers:
    - {name: errors, when: error_rate > 0.05, for: 30s, action: immediate}
    - {name: slow, when: p95_ms > 2.0 * baseline.p95_ms, for: 30s, action: pause}
"""
NAMED = """
rollouts:
  quick: {strategy: blue-green, stages: [{name: green, weight: 0%}, {name: all, weight: 100%, duration: 30s}]}
  rolling: {strategy: rolling, stages: [{name: half, weight: 50%, duration: 5m}, {name: all, weight: 100%}]}
"""
NAMES = ("--to", "2.0", "--from", "1.9")


@pytest.fixture(autouse=True)
def plan(sluice: Sluice) -> None:
    Path("plan.yaml").write_text(PLAN)


def test_a_promoted_plan_exits_0_and_tells_its_stages(sluice: Sluice) -> None:
    result = sluice("rehearse", "-f", "plan.yaml", "--scenario", "perfect", *NAMES)

    assert result.exit_code == 0, result.output
    assert "stage tenth at 10 %: first stage" in result.stdout
    assert "2.0 would have been promoted after 3 min 6 s" in result.stdout
    assert "no more than 1.9 would have failed, chance aside" in result.stdout


def test_a_rolled_back_plan_exits_10_and_tells_why_and_whom_it_hurt(sluice: Sluice) -> None:
    result = sluice("rehearse", "-f", "plan.yaml", "--scenario", "errors-at-once", *NAMES)

    assert result.exit_code == 10
    assert "trigger errors (error_rate > 0.05) held for 30 s: error_rate is" in result.stdout
    assert "more than 1.9 would have failed, felt by about" in result.stdout


def test_a_paused_plan_exits_13(sluice: Sluice) -> None:
    result = sluice("rehearse", "-f", "plan.yaml", "--scenario", "latency-creep", *NAMES)

    assert result.exit_code == 13
    assert "2.0 would have paused until a person resumes" in result.stdout


def test_a_rollout_of_the_process_is_picked_by_its_name(sluice: Sluice) -> None:
    Path("plan.yaml").write_text(PLAN + NAMED)
    words = ("rehearse", "-f", "plan.yaml", "--scenario", "perfect", *NAMES)

    told = sluice(*words, "--rollout", "quick")
    found = json.loads(sluice(*words, "--rollout", "quick", "--json").stdout)

    assert told.exit_code == 0
    assert told.stdout.startswith("plan, rollout quick, on scenario perfect")
    assert "stage green at 0 %: first stage" in told.stdout
    assert (found["rollout"], found["stage"]) == ("quick", "all")


def test_a_rollout_that_is_not_there_or_can_not_be_carried_out_is_refused(sluice: Sluice) -> None:
    Path("plan.yaml").write_text(PLAN + NAMED)
    words = ("rehearse", "-f", "plan.yaml", "--scenario", "perfect", "--rollout")

    unknown, rolling = sluice(*words, "qick"), sluice(*words, "rolling")

    assert (unknown.exit_code, rolling.exit_code) == (4, 3)
    assert 'plan.yaml has no rollout "qick"; did you mean "quick"?' in unknown.stderr
    assert 'rollouts.rolling.strategy: "rolling" is checked and shown' in rolling.stderr


def test_json_holds_everything(sluice: Sluice) -> None:
    result = sluice("rehearse", "-f", "plan.yaml", "--scenario", "errors-at-once", *NAMES, "--json")

    found = json.loads(result.stdout)
    assert (found["ending"], found["decided_by"], found["seed"]) == ("rolled-back", "trigger:errors", 1)
    assert found["decisions"][0]["kind"] == "prepared"
    assert found["harm"]["failed"] > found["harm"]["excess"] > 0
    assert {"at_s", "weight", "new_error_rate", "stable_error_rate", "ranges"} == set(found["points"][0])


def test_a_recording_is_rehearsed_from_its_file(sluice: Sluice) -> None:
    rows = "".join(f"{10 * n},{v},500,{0 if n < 5 else 60}\n" for n in range(1, 40) for v in ("1.9", "2.0"))
    Path("metrics.csv").write_text("at,version,requests,errors\n" + rows)

    result = sluice("rehearse", "-f", "plan.yaml", "--recorded", "metrics.csv", *NAMES)

    assert result.exit_code == 10
    assert "on recording metrics.csv" in result.stdout


@pytest.mark.parametrize("name", ["plot.svg", "plot.html"])
def test_the_plot_is_written(sluice: Sluice, name: str) -> None:
    result = sluice("rehearse", "-f", "plan.yaml", "--scenario", "errors-at-once", "--plot", name)

    assert f"wrote {name}" in result.stderr
    assert "</svg>" in Path(name).read_text()


def test_the_scenarios_are_listed_with_a_sentence_each(sluice: Sluice) -> None:
    result = sluice("rehearse", "--list")
    as_json = sluice("rehearse", "--list", "--json")

    assert result.exit_code == 0
    assert len(result.stdout.splitlines()) == 10
    assert json.loads(as_json.stdout)["perfect"] == "Nothing is wrong on a quiet day."


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "say what to rehearse on: --scenario NAME (`--list` tells them) or --recorded CSV"),
        (("--scenario", "perfect", "--recorded", "x.csv"), "say what to rehearse on"),
        (("--scenario", "bliss"), "scenario is 'bliss'; known are errors-at-once, slow-burn"),
        (("--scenario", "perfekt"), "diurnal-swing, perfect; did you mean perfect?"),
        (("--scenario", "perfect", "--latency", "fast"), '--latency: "fast" is not a duration'),
        (("--scenario", "perfect", "--step", "1"), "--step: 1 has no unit"),
        (("--scenario", "perfect", "--share", "plan"), "--share is of a recording; leave it out here"),
        (("--recorded", "x.csv", "--rps", "40"), "--rps is of a scenario; leave it out here"),
        (("--scenario", "perfect", "--plot", "gone/x.svg"), "--plot is gone/x.svg, but gone is no directory"),
        (("--scenario", "perfect", "--plot", "plot.png"), "name a file that ends with .svg or .html"),
        (("--scenario", "perfect", "--rps", "0"), "--rps is 0; use a number above 0"),
        (
            ("--scenario", "perfect", "--error-rate", "much"),
            "--error-rate is 'much'; use a share such as 0.5%",
        ),
        (("--scenario", "perfect", "--metric", "x"), "--metric is 'x'; use NAME=VALUE"),
        (("--scenario", "perfect", "--approve", "some"), "--approve is 'some'; use all or none"),
        (("--scenario", "perfect", "--noise", "some"), "--noise is 'some'; use learned or unknown"),
        (("--recorded", "gone.csv"), "gone.csv can't be read (No such file or directory)"),
        (("--scenario", "perfect", "--to", "stable"), "both versions are called 'stable'"),
    ],
)
def test_what_makes_no_sense_is_refused(sluice: Sluice, words: tuple[str, ...], message: str) -> None:
    result = sluice("rehearse", "-f", "plan.yaml", *words)

    assert result.exit_code == 2
    assert message in result.stderr


def test_a_bad_recording_names_its_lines(sluice: Sluice) -> None:
    Path("metrics.csv").write_text("at,version,requests,errors\n60,new,few,0\n60,stable,1,0\n")

    result = sluice("rehearse", "-f", "plan.yaml", "--recorded", "metrics.csv")

    assert result.exit_code == 2
    assert "metrics.csv:2: requests is 'few', expected a count of 0 or more" in result.stderr


def test_metrics_that_no_scenario_knows_are_named_with_the_way_out(sluice: Sluice) -> None:
    Path("own.yaml").write_text(PLAN.replace("error_rate < 0.02", "user_satisfaction > 4"))

    result = sluice("rehearse", "-f", "own.yaml", "--scenario", "errors-at-once")

    assert (
        "no data of user_satisfaction: no scenario knows them; --metric user_satisfaction=VALUE"
        in result.stderr
    )


def test_a_figure_that_nobody_reads_is_said_with_the_name_that_was_meant(sluice: Sluice) -> None:
    Path("own.yaml").write_text(PLAN.replace("error_rate < 0.02", "user_satisfaction > 4"))

    words = ("--scenario", "errors-at-once", "--metric", "user_satisfacton=4.5", "--metric", "zoo=2")
    result = sluice("rehearse", "-f", "own.yaml", *words)

    unread = "is read by no criterion, trigger or comparison of this process"
    assert f"--metric user_satisfacton {unread}; did you mean user_satisfaction?" in result.stderr
    assert f"--metric zoo {unread}\n" in result.stderr


def test_a_metric_that_only_a_trigger_names_is_missed_too(sluice: Sluice) -> None:
    Path("own.yaml").write_text(PLAN.replace("error_rate > 0.05", "user_satisfaction_drop > 0.5"))

    result = sluice("rehearse", "-f", "own.yaml", "--scenario", "perfect")

    assert "no data of user_satisfaction: no scenario knows them" in result.stderr


def test_what_a_recording_lacks_or_has_for_nobody_is_said(sluice: Sluice) -> None:
    rows = "".join(f"{10 * n},{v},500,1,4.5\n" for n in range(1, 40) for v in ("1.9", "2.0"))
    Path("metrics.csv").write_text("at,version,requests,errors,p95\n" + rows)

    result = sluice("rehearse", "-f", "plan.yaml", "--recorded", "metrics.csv", *NAMES)

    assert "no data of p95_ms: no column tells them" in result.stderr
    assert "column p95 is read by no criterion, trigger or comparison of this process" in result.stderr
    assert "did you mean p95_ms?" in result.stderr


def test_a_narrow_terminal_gets_the_reasons_too(sluice: Sluice, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sluiceway.cli.output._PIPE_WIDTH", 40)

    result = sluice("rehearse", "-f", "plan.yaml", "--scenario", "errors-at-once", *NAMES)

    said = " ".join(result.stdout.split())
    assert "stage-entered, by plan stage tenth at 10 %: first stage" in said
    assert "rollback-decided, by trigger:errors immediate rollback: trigger errors" in said


def test_a_full_disk_takes_only_the_picture(sluice: Sluice) -> None:
    Path("full.svg").symlink_to("/dev/full")

    result = sluice("rehearse", "-f", "plan.yaml", "--scenario", "perfect", *NAMES, "--plot", "full.svg")

    assert result.exit_code == 2
    assert "2.0 would have been promoted" in result.stdout
    assert "full.svg can't be written (No space left on device)" in result.stderr


def test_a_step_longer_than_the_comparison_takes_is_refused(sluice: Sluice) -> None:
    Path("compared.yaml").write_text(PLAN + "  analysis: {}\n")

    result = sluice("rehearse", "-f", "compared.yaml", "--scenario", "perfect", "--step", "10m")

    assert result.exit_code == 2
    assert "step is 600 s; use 60 s at most: the comparison of this process takes no longer" in result.stderr


def test_a_recording_in_utf_16_is_told_to_be_saved_anew(sluice: Sluice) -> None:
    Path("metrics.csv").write_bytes("at,version\n".encode("utf-16"))

    result = sluice("rehearse", "-f", "plan.yaml", "--recorded", "metrics.csv")

    assert result.exit_code == 2
    assert "metrics.csv is not UTF-8 text but UTF-16, it seems; save it as UTF-8" in result.stderr
