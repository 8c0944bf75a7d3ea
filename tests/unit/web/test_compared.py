"""The statistical comparison on the page as it leaves the server, without a browser."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

import pytest

from sluiceway.domain.analysis.counts import Interval
from sluiceway.domain.process.comparable import COMPARABLE
from sluiceway.domain.process.plan import Analysis, UsualNoise
from sluiceway.domain.rollouts.analysis_words import Stand
from sluiceway.domain.rollouts.model import RolloutId
from sluiceway.web import pages
from tests.unit.domain.rollouts.compared import ALIKE, ERRORS, SLOW, WORSE, an_analysis
from tests.unit.domain.rollouts.world import a_plan
from tests.unit.web.conftest import Console


def put(console: Console, analysis: Analysis) -> str:
    return console.office.put_rollout(replace(a_plan(500, 2_500, 10_000), analysis=analysis))


def compared(console: Console, *, errors: bool = False) -> str:
    """Return the page of a rollout that has counted two metrics for a minute."""
    counts = {"errors": WORSE if errors else ALIKE, "slow_requests": ALIKE}
    return counted(console, an_analysis(ERRORS, SLOW), counts)


def counted(console: Console, analysis: Analysis, counts: Mapping[str, Interval]) -> str:
    """Return the page of a rollout after a minute of these counts, of a service with one instance."""
    rollout_id = put(console, analysis)
    console.office.desk.run(rollout_id, until="progressing")
    world = console.office.desk.worlds[RolloutId(rollout_id)]
    world.counts = dict(counts)
    world.noise_unknown = dict.fromkeys(counts, "stable has one instance")
    for _ in range(8):
        console.office.clock.advance(10)
        with console.office.store.begin() as tx:
            tx.wake(RolloutId(rollout_id), console.office.clock.wall())
        console.office.desk.tick()
    return console.client.get(f"/rollouts/{rollout_id}").text


def test_a_plan_without_a_comparison_has_no_part_for_it(console: Console) -> None:
    page = console.client.get(f"/rollouts/{console.office.put_rollout()}").text

    assert '<div data-region="compare"></div>' in page
    assert "New against stable" not in page


def test_before_the_first_stage_it_is_announced_without_alarm(console: Console) -> None:
    page = console.client.get(f"/rollouts/{put(console, an_analysis())}").text

    assert "The comparison begins when 2.0 has its first users." in page
    assert 'class="panel compared is-idle"' in page
    assert "not known yet" in page


def test_a_regression_is_told_with_verdict_evidence_and_counts(console: Console) -> None:
    page = compared(console, errors=True)

    assert 'class="panel compared is-back" id="compared-errors"' in page
    assert ">worse</span>" in page
    assert '<p class="compared-sentence">Errors on 2.0 are ' in page
    assert re.search(r'id="evidence-errors" [^>]* role="meter" [^>]* aria-valuenow="100"', page)
    assert "At most 1 release in 100 that is no worse than 1.25 times stable is taken back." in page
    assert "for all of these together" in page


@pytest.mark.parametrize(("noise", "times"), [(UsualNoise.LEARNED, 1), (UsualNoise.INDEPENDENT, 0)])
def test_why_a_person_would_be_asked_stands_beside_the_metric(
    console: Console, noise: UsualNoise, times: int
) -> None:
    page = counted(console, an_analysis(noise=noise), {"errors": ALIKE})

    assert page.count("is not known yet (stable has one instance), so a person should decide.") == times


def test_crashes_are_told_by_the_time_of_instances_not_as_a_share(console: Console) -> None:
    page = counted(console, an_analysis(COMPARABLE["crashes"]), {"crashes": Interval(36, 0, 36, 1, 10.0)})

    assert '<th scope="col">in seconds of instances</th><th scope="col">rate</th>' in page
    assert "1.67 per minute and instance" in page
    assert "How many times as frequent crashes are as on 1.0. The band narrows as time goes by." in page


def test_no_style_or_script_stands_in_the_page(console: Console) -> None:
    page = compared(console)

    assert " style=" not in page
    assert "<script>" not in page


@pytest.mark.parametrize("stand", list(Stand))
def test_every_stand_has_a_tone(stand: Stand) -> None:
    assert pages.stand_tone(stand.value) in {"back", "good", "go", "hold"}


@pytest.mark.parametrize(
    ("by", "words"),
    [
        ("analysis:slow_requests", "the comparison of slow requests"),
        ("analysis", "the comparison"),
    ],
)
def test_a_comparison_that_decided_is_named_as_one(by: str, words: str) -> None:
    assert pages.actor(by) == words


@pytest.mark.parametrize(
    ("kind", "tone"), [("incident-began", "hold"), ("incident-over", "go"), ("promoted-early", "good")]
)
def test_what_the_comparison_decided_has_a_tone(kind: str, tone: str) -> None:
    assert pages.decision_tone(kind) == tone
