"""`sluice plan analysis`: without a server."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from sluiceway.cli.plan_tables import plan_report
from sluiceway.services.planning import AnalysisPlanView, plan_analysis, read_expected
from tests.unit.cli.conftest import Sluice

PROCESS = """\
service: {name: shop, command: [run, "{port}"]}
ingress: {listen: "127.0.0.1:8080"}
rollout:
  stages:
    - {name: few, weight: 5%, duration: 30m}
    - {name: half, weight: 50%, duration: 1h}
    - {name: everyone, weight: 100%, duration: 10m}
"""
KNOWN = ("--error-rate", "0.5%", "--noise", "independent")


@pytest.fixture(autouse=True)
def process(sluice: Sluice) -> None:
    Path("sluiceway.yaml").write_text(PROCESS)


def a_view(rps: float = 40, error_rate: str = "0.5%") -> AnalysisPlanView:
    expected = read_expected(rps=rps, error_rate=error_rate, noise="independent")
    return plan_analysis(PROCESS, "shop.yaml", expected)


def shown(view: AnalysisPlanView, width: int) -> list[str]:
    """Return the lines that a terminal of this width shows."""
    console = Console(file=StringIO(), width=width, color_system=None)
    console.print(plan_report(view, width))
    assert isinstance(console.file, StringIO)
    return [line.rstrip() for line in console.file.getvalue().splitlines()]


def test_the_plan_is_a_table_of_stages(sluice: Sluice) -> None:
    result = sluice("plan", "analysis", "--rps", "40", *KNOWN)

    assert result.exit_code == 0
    lines = [line.rstrip() for line in result.stdout.splitlines()]
    assert lines[0] == "shop: 3 stages, 1 h 40 min, 40 requests/s; requests fail independently"
    assert lines[2] == "errors  usually 0.5 % of 40 requests/s; up to 1.25 times as many are tolerated"
    assert lines[4].split()[:5] == ["stage", "to", "new", "lasts", "requests"]
    assert lines[5].split()[:8] == ["few", "5", "%", "30", "min", "3,600", "(63", "min)"]
    assert lines[7].split() == ["everyone", "100", "%", "10", "min", "24,000", "not", "compared"]


def test_a_rollout_of_the_process_is_picked_by_its_name(sluice: Sluice) -> None:
    named = "rollouts: {slow: {stages: [{name: one, weight: 1%, duration: 2h}, {name: all, weight: 100%}]}}"
    Path("sluiceway.yaml").write_text(f"{PROCESS}{named}\n")
    words = ("plan", "analysis", "--rps", "40", *KNOWN, "--rollout")

    told, unknown = sluice(*words, "slow"), sluice(*words, "slwo")
    found = json.loads(sluice(*words, "slow", "--json").stdout)

    assert told.stdout.startswith("shop, rollout slow: 2 stages, 2 h, 40 requests/s")
    assert (found["rollout"], [stage["stage"] for stage in found["stages"]]) == ("slow", ["one", "all"])
    assert unknown.exit_code == 4
    assert unknown.stderr.strip() == 'sluice: sluiceway.yaml has no rollout "slwo"; did you mean "slow"?'


def test_warnings_are_said_apart_and_do_not_fail(sluice: Sluice) -> None:
    result = sluice("plan", "analysis", "--rps", "40", *KNOWN)

    assert result.exit_code == 0
    assert result.stderr.startswith("warning: this process has no `analysis` in its `rollout`")


def test_strict_fails_on_warnings(sluice: Sluice) -> None:
    result = sluice("plan", "analysis", "--rps", "40", *KNOWN, "--strict")

    assert result.exit_code == 1
    assert "shop: 3 stages" in result.stdout


def test_json_holds_everything(sluice: Sluice) -> None:
    result = sluice("plan", "analysis", "--rps", "40", *KNOWN, "--json")

    found = json.loads(result.stdout)
    stage = found["stages"][0]
    errors = stage["metrics"][0]
    assert (found["file"], found["process"], found["is_default"]) == ("sluiceway.yaml", "shop", True)
    assert (stage["stage"], stage["duration_s"], stage["requests"]) == ("few", 1_800, 3_600)
    assert errors["metric"] == "errors"
    assert [delay["ratio"] for delay in errors["delays"]] == [2, 5, 10]
    assert errors["delays"][1]["half_s"] < errors["delays"][1]["most_s"]
    assert errors["here"]["half"]["rate"] == pytest.approx(errors["here"]["half"]["ratio"] * 0.005)
    assert [warning["reason"] for warning in found["warnings"]] == ["no-analysis"]
    assert result.stderr == ""


def test_a_file_may_come_from_stdin(sluice: Sluice) -> None:
    result = sluice("plan", "analysis", "-f", "-", "--rps", "40", typed=PROCESS)

    assert result.exit_code == 0
    assert result.stdout.startswith("shop: 3 stages")


@pytest.mark.parametrize(
    ("words", "exit_code", "message"),
    [
        (("--rps", "0"), 2, "sluice: --rps is 0 a second"),
        (("--rps", "1", "--error-rate", "5"), 2, "sluice: --error-rate is 5, outside 0 to 1"),
        (("--rps", "1", "--noise", "loud"), 2, "sluice: --noise: unknown word 'loud'"),
        (("--rps", "1", "--rate", "x=1%"), 2, "sluice: x has a usual rate but is not compared"),
        (("--rps", "1", "-f", "gone.yaml"), 2, "sluice: gone.yaml can't be read"),
        ((), 2, "Missing option '--rps'"),
    ],
)
def test_bad_input_is_told(sluice: Sluice, words: tuple[str, ...], exit_code: int, message: str) -> None:
    result = sluice("plan", "analysis", *words)

    assert result.exit_code == exit_code
    assert message in result.stderr


def test_a_broken_file_is_told_with_its_places(sluice: Sluice) -> None:
    Path("sluiceway.yaml").write_text(PROCESS.replace("5%", "500%"))

    result = sluice("plan", "analysis", "--rps", "40")

    assert result.exit_code == 3
    assert "sluiceway.yaml:5:27: " in result.stderr


def test_a_narrow_terminal_gets_a_paragraph_per_stage() -> None:
    lines = shown(a_view(), 60)

    assert max(map(len, lines)) <= 60
    assert "half: 50 % for 1 h, 72,000 requests of the new version" in lines
    assert "  not compared" in lines


def test_times_beyond_the_stage_stand_in_brackets() -> None:
    lines = shown(a_view(), 60)

    few = lines[lines.index("few: 5 % for 30 min, 3,600 requests of the new version") :]
    assert few[1].split() == ["2", "times", "seen", "after", "(63", "min)"]
    assert few[2].split() == ["5", "times", "seen", "after", "4", "min"]


def test_no_cell_of_the_table_is_cut() -> None:
    wide = "\n".join(shown(a_view(), 400))

    assert "…" not in wide
    assert "everyone" in wide


def test_a_multiple_beyond_every_request_has_no_time() -> None:
    lines = shown(a_view(error_rate="30%"), 60)

    assert next(line.split() for line in lines if line.startswith("  5 times"))[-1] == "–"


def test_what_sees_nothing_says_so() -> None:
    text = " ".join(shown(a_view(rps=0.01), 80))

    assert "errors that are more frequent from the first user on: nothing is seen" in text


def test_a_process_with_an_analysis_is_planned_as_it_says(sluice: Sluice) -> None:
    analysis = "  analysis: {metrics: [errors], noise: independent, promote_early: {after: 2m}}\n"
    Path("sluiceway.yaml").write_text(PROCESS + analysis)

    result = sluice("plan", "analysis", "--rps", "500", "--error-rate", "1%")

    assert (result.exit_code, result.stderr) == (0, "")
    assert "slow requests" not in result.stdout
    assert "A version that is no worse may be through after about 14 min instead of" in result.stdout


def test_crashes_are_planned_by_time(sluice: Sluice) -> None:
    analysis = "  analysis: {metrics: [crashes], noise: independent}\n"
    Path("sluiceway.yaml").write_text(PROCESS + analysis)

    result = sluice("plan", "analysis", "--rps", "500", "--rate", "crashes=2 per day")

    assert result.exit_code == 0
    assert (
        "crashes  usually 2 a day of each instance; up to 1.25 times as many are tolerated" in result.stdout
    )
    assert (
        "By the end, crashes that are more frequent from the first user on: half are seen from "
        in result.stdout
    )
