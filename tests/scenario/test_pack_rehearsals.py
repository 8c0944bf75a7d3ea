"""The packs' rollouts on simulated days: their triggers fire at the small weights they begin with, and only
on what is wrong.

The table of all ten days is in docs/packs/index.md; here are those of its cells that take seconds.
"""

from __future__ import annotations

import pytest

from sluiceway.adapters.simulated.generated import Usual
from sluiceway.adapters.simulated.scenarios import SCENARIOS
from sluiceway.config import parse_process
from sluiceway.packs import pack_text
from sluiceway.rehearsal import Ending, Options, Rehearsed, rehearse_scenario

MIN = 60.0
USUAL = Usual(own={"user_satisfaction": 4.5, "user_feedback_score": 4.2, "database_connection_failures": 0.0})


def rehearse(rollout: str, scenario: str, step_s: float | None = None) -> Rehearsed:
    pack, _, name = rollout.partition("/")
    process = parse_process(pack_text(pack), f"{pack}.yaml")
    return rehearse_scenario(process, SCENARIOS[scenario], USUAL, Options(rollout=name, step_s=step_s))


@pytest.mark.parametrize(
    ("rollout", "scenario", "by", "within_s"),
    [
        ("akashic/canary", "errors-at-once", "trigger:errors", 1 * MIN),
        ("akashic/canary", "crash-loop", "trigger:errors", 2 * MIN),
        ("athena/progressive", "errors-at-once", "trigger:errors", 15 * MIN),  # of 0.1 % of the requests
        ("athena/progressive", "crash-loop", "trigger:crashes", 3 * MIN),
        ("athena/blue-green", "flapping", "analysis:errors", 4 * MIN),
        ("enterprise/phased", "errors-at-once", "trigger:errors", 6 * MIN),
        ("enterprise/blue-green", "crash-loop", "trigger:errors", 30 * MIN),
        ("octoacme/canary", "errors-at-once", "trigger:errors", 2 * MIN),
        ("octoacme/canary", "flapping", "trigger:errors", 7 * MIN),
    ],
)
def test_a_bad_version_is_taken_back_from_its_first_users(
    rollout: str, scenario: str, by: str, within_s: float
) -> None:
    result = rehearse(rollout, scenario)

    assert (result.ending, result.decided_by) == (Ending.ROLLED_BACK, by), result.outcome
    assert result.took_s <= within_s


def test_what_should_be_considered_asks_a_person() -> None:
    result = rehearse("akashic/canary", "flapping")

    assert (result.ending, result.decided_by) == (Ending.ASKS, "trigger:errors-considered")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("rollout", "scenario"), [("akashic/canary", "low-traffic"), ("octoacme/canary", "perfect")]
)
def test_a_sound_version_is_promoted(rollout: str, scenario: str) -> None:
    result = rehearse(rollout, scenario, step_s=60.0)

    assert result.ending is Ending.PROMOTED, result.outcome
