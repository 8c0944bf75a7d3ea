"""Ten simulated days on two plans: the live engine ends each as it should, for the reason it should."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache

import pytest
from pydantic import TypeAdapter

from sluiceway.adapters.simulated.generated import Usual
from sluiceway.adapters.simulated.scenarios import SCENARIOS
from sluiceway.domain.process.plan import Action, Process
from sluiceway.rehearsal import Ending, Noisiness, Options, Rehearsed, rehearse_scenario
from tests.scenario.rehearsed_plans import ANALYSIS, CANARY, SHOP, process_of

MIN, H = 60.0, 3_600.0
SOON = Options(new="2.0", stable="1.9", step_s=15.0)


def rehearse(process: Process, scenario: str, options: Options = SOON) -> Rehearsed:
    return rehearse_scenario(process, SCENARIOS[scenario], Usual(), options)


@cache
def in_the_shop(scenario: str) -> Rehearsed:
    """Return the scenario on the hour's plan; the same for every test, since it is the same each time."""
    return rehearse(process_of(SHOP), scenario)


def kinds(result: Rehearsed) -> list[str]:
    return [told.kind for told in result.decisions]


@pytest.mark.parametrize(
    ("scenario", "ending", "by", "after_s", "before_s"),
    [
        ("errors-at-once", Ending.ROLLED_BACK, "analysis:errors", 5, 3 * MIN),
        ("slow-burn", Ending.ROLLED_BACK, "analysis:errors", 6 * MIN, 25 * MIN),
        ("latency-creep", Ending.ROLLED_BACK, "analysis:slow_requests", 6 * MIN, 30 * MIN),
        ("low-traffic", Ending.PROMOTED, "plan", 70 * MIN, 90 * MIN),
        ("no-data", Ending.HELD, "plan", 80 * MIN, 90 * MIN),
        ("flapping", Ending.ROLLED_BACK, "analysis:errors", 90, 10 * MIN),
        ("shared-incident", Ending.PROMOTED, "plan", 70 * MIN, 80 * MIN),
        ("crash-loop", Ending.ROLLED_BACK, "trigger:crashes", 20, 40),
        ("diurnal-swing", Ending.PROMOTED, "plan", 70 * MIN, 72 * MIN),
        ("perfect", Ending.PROMOTED, "plan", 70 * MIN, 72 * MIN),
    ],
)
def test_each_day_ends_a_plan_of_an_hour_as_it_should(
    scenario: str, ending: Ending, by: str, after_s: float, before_s: float
) -> None:
    result = in_the_shop(scenario)

    assert (result.ending, result.decided_by) == (ending, by), result.outcome
    assert after_s <= result.took_s <= before_s


@pytest.mark.parametrize(
    ("scenario", "by", "before_s"),
    [
        ("errors-at-once", "analysis:errors", 3 * MIN),
        ("slow-burn", "analysis:errors", 10 * H),
        ("latency-creep", "analysis:slow_requests", 12 * H),
        ("flapping", "analysis:errors", 30 * MIN),
        ("crash-loop", "analysis:errors", 10 * MIN),
    ],
)
def test_a_bad_version_does_not_leave_the_first_of_42_hours_stages(
    scenario: str, by: str, before_s: float
) -> None:
    result = rehearse(process_of(CANARY), scenario, replace(SOON, step_s=60.0))

    assert (result.ending, result.decided_by, result.stage) == (Ending.ROLLED_BACK, by, "canary-5")
    assert result.took_s <= before_s


@pytest.mark.slow
def test_a_plan_without_a_service_is_promoted_after_its_stages_and_its_attestations() -> None:
    result = rehearse(process_of(CANARY), "perfect", replace(SOON, step_s=60.0))

    assert result.ending is Ending.PROMOTED
    assert 42 * H <= result.took_s <= 43.5 * H
    assert kinds(result).count("approved") == 4
    assert "4 approvals given, 10 min after being asked" in result.notes


def test_nobody_approves_where_nobody_should() -> None:
    text = SHOP.replace("weight: 50%", "weight: 50%\n      approval: {role: release-manager}")
    options = replace(SOON, approves=False)

    waits = rehearse(process_of(text, analysis=None), "perfect", options)
    goes_on = rehearse(process_of(text, analysis=None), "perfect")

    assert (waits.ending, waits.ending.exit_code) == (Ending.NEEDS_APPROVAL, 13)
    assert waits.outcome == "approval by release-manager for stage half"
    assert 30 * MIN <= waits.took_s <= 31 * MIN
    assert goes_on.ending is Ending.PROMOTED
    assert goes_on.took_s == pytest.approx(80 * MIN, abs=MIN)


def test_a_shared_incident_is_told_of_and_blamed_on_nobody() -> None:
    result = in_the_shop("shared-incident")

    began = [told for told in result.decisions if told.kind == "incident-began"]
    assert [told.by for told in began] == ["analysis"]
    assert began[0].why.endswith("a shared incident, not held against 2.0")
    assert 18 * MIN <= began[0].at_s <= 22 * MIN
    assert result.ending is Ending.PROMOTED


def test_without_known_noise_a_person_is_asked() -> None:
    result = rehearse(process_of(SHOP), "errors-at-once", replace(SOON, noise=Noisiness.UNKNOWN))

    assert (result.ending, result.decided_by) == (Ending.ASKS, "analysis:errors")
    assert result.outcome.endswith("so a person should decide")
    assert any("is not known (as asked for)" in note for note in result.notes)


def test_what_a_plan_does_on_a_regression_is_the_plans_choice() -> None:
    pausing = process_of(SHOP, analysis=replace(ANALYSIS, on_regression=Action.PAUSE))

    assert rehearse(pausing, "errors-at-once").ending is Ending.PAUSED


def test_a_plan_without_a_comparison_is_rehearsed_with_its_triggers_and_criteria_alone() -> None:
    result = rehearse(process_of(SHOP, analysis=None), "errors-at-once")

    assert result.ending is Ending.HELD
    assert result.outcome.startswith("stage tenth still waits after 1 h")
    assert result.outcome.endswith(" %, must be < 2 %")
    assert result.harm.excess == pytest.approx(0.1 * result.harm.requests, rel=0.05)


def test_a_rollback_out_of_a_stage_that_was_held_for_long_is_carried_to_its_end() -> None:
    text = SHOP.replace("error_rate > 0.5, for: 1m", "error_rate > 0.028, for: 1m").replace(
        "criteria: [error_rate < 0.02]", "criteria: [error_rate < 0.002]"
    )
    calmly = f"metrics: {{error_rate: {{window: 2m}}}}\n{text}"

    result = rehearse(process_of(calmly, analysis=None), "slow-burn")

    held = next(told.at_s for told in result.decisions if told.kind == "holding")
    assert held == pytest.approx(20 * MIN, abs=MIN)
    assert result.took_s - held > 10 * MIN
    assert (result.ending, result.decided_by) == (Ending.ROLLED_BACK, "trigger:outage"), result.outcome
    assert kinds(result)[-3:] == ["rollback-decided", "traffic-safe", "rolled-back"]


def test_missing_data_never_passes_a_stage() -> None:
    result = in_the_shop("no-data")

    assert result.stage == "tenth"
    assert "the source gave no figures" in result.outcome
    assert "criteria-met" not in kinds(result)


def test_the_same_seed_is_the_same_day_to_the_byte() -> None:
    adapter = TypeAdapter(Rehearsed)

    first = adapter.dump_json(in_the_shop("flapping"))
    again = adapter.dump_json(rehearse(process_of(SHOP), "flapping"))
    other = adapter.dump_json(rehearse(process_of(SHOP), "flapping", replace(SOON, seed=2)))

    assert first == again
    assert json.loads(other)["points"] != json.loads(first)["points"]
    assert json.loads(other)["ending"] == "rolled-back"


def test_smoke_checks_are_left_out_and_that_is_said() -> None:
    text = SHOP.replace("  keep_old: 10m", "  keep_old: 10m\n  smoke: [{path: /healthz}]")
    result = rehearse(process_of(text), "crash-loop")

    assert "1 smoke check left out: nothing is started here" in result.notes
    assert result.decided_by == "trigger:crashes"
