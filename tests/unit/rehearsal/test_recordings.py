"""Rehearsals of recordings: the same engine, whatever was recorded, as far as it goes."""

from __future__ import annotations

import math
import random
from dataclasses import replace

import pytest

from sluiceway.adapters.simulated.recording import read_recording
from sluiceway.config import parse_process
from sluiceway.domain.process.plan import AnalysedMetric, Analysis, MetricSource, Process, UsualNoise
from sluiceway.errors import InvalidInputError, ProcessFileError
from sluiceway.rehearsal import Ending, Options, Rehearsed, Share, rehearse_recording

PLAN = """
rollout:
  strategy: canary
  stages:
    - {name: tenth, weight: 10%, duration: 20m, criteria: [error_rate < 0.02]}
    - {name: half, weight: 50%, duration: 20m, criteria: [error_rate < 0.02]}
    - {name: everyone, weight: 100%, duration: 5m}
  triggers:
    - {name: errors, when: error_rate > 0.05, for: 3m, action: immediate}
    - {name: crashes, when: crashes >= 1, min_samples: 1, action: emergency}
"""
OPTIONS = Options(new="2.0", stable="1.9")
ERRORS = Analysis((AnalysedMetric("errors", MetricSource.ENVOY),), noise=UsualNoise.INDEPENDENT)


def plan(analysis: Analysis | None = None) -> Process:
    process = parse_process(PLAN, "plan.yaml")
    assert process.rollout is not None
    return replace(process, rollout=replace(process.rollout, analysis=analysis))


def recorded(rows: list[tuple[float, int, int, int, int]], *, crash_at: float = math.nan) -> str:
    """Return a recording: at, the new version's requests and errors, stable's."""
    lines = ["at,version,requests,errors,crashes"]
    for at, n1, x1, n0, x0 in rows:
        lines += [f"{at:g},new,{n1},{x1},{int(at == crash_at)}", f"{at:g},stable,{n0},{x0},0"]
    return "\n".join(lines)


def minutes(count: int, bad: int = 1, *, bad_from: int = 0) -> list[tuple[float, int, int, int, int]]:
    """Return minutes in which the new version has `bad` failures of 1,000 from one of them on, stable one."""
    return [(60.0 * m, 1_000, bad if m > bad_from else 1, 9_000, 9) for m in range(1, count + 1)]


def rehearse(text: str, analysis: Analysis | None = None, options: Options = OPTIONS) -> Rehearsed:
    recording = read_recording(text, "metrics.csv", new=options.new, stable=options.stable)
    return rehearse_recording(plan(analysis), recording, "metrics.csv", options)


def test_a_good_recording_that_lasts_promotes() -> None:
    result = rehearse(recorded(minutes(60)))

    assert (result.ending, result.source) == (Ending.PROMOTED, "recording metrics.csv")
    assert 45 * 60 <= result.took_s <= 47 * 60
    assert result.harm.excess == 0


def test_a_trigger_fires_on_recorded_errors_after_its_window() -> None:
    result = rehearse(recorded(minutes(60, bad=80, bad_from=10)))

    assert (result.ending, result.decided_by) == (Ending.ROLLED_BACK, "trigger:errors")
    assert "trigger errors (error_rate > 0.05) held for 3 min: error_rate is 8 %" in result.outcome
    assert 14 * 60 <= result.took_s <= 15 * 60
    assert result.harm.failed == pytest.approx(10 * 1 + 4 * 80, abs=2)


def test_a_recorded_crash_is_an_emergency_at_once() -> None:
    result = rehearse(recorded(minutes(60), crash_at=300))

    assert result.decided_by == "trigger:crashes"
    assert result.took_s == pytest.approx(300, abs=5)


def test_the_comparison_sees_in_a_recording_what_no_trigger_does() -> None:
    result = rehearse(recorded(minutes(60, bad=12, bad_from=5)), ERRORS)

    assert (result.ending, result.decided_by) == (Ending.ROLLED_BACK, "analysis:errors")
    assert 6 * 60 <= result.took_s <= 12 * 60


def test_a_recording_that_ends_first_says_how_far_it_came() -> None:
    result = rehearse(recorded(minutes(30)))

    assert (result.ending, result.ending.exit_code) == (Ending.RECORDING_ENDED, 13)
    assert result.outcome.startswith("the recording ended after 30 min, in stage half (2 of 3) at 50 %, ")
    assert result.outcome.endswith("before its end")
    assert result.weight == 50


def test_a_gap_at_the_end_of_a_stage_holds_it() -> None:
    rows = [row for row in minutes(60) if not 5 < row[0] / 60 <= 35]

    result = rehearse(recorded(rows))

    holding = [told for told in result.decisions if told.kind == "holding"]
    assert holding[0].at_s == pytest.approx(20 * 60, abs=60)
    assert "no data for error_rate" in holding[0].why
    assert any(note.startswith("the recording has 1 gap") for note in result.notes)


def test_noise_is_learned_from_the_recordings_own_instances() -> None:
    rng = random.Random(3)
    lines = ["at,version,instance,requests,errors"]
    for minute in range(1, 100):
        bad = {instance: sum(rng.random() < 0.01 for _ in range(450)) for instance in "ab"}
        lines += [f"{60 * minute},stable,{instance},4500,{count}" for instance, count in bad.items()]
        lines.append(f"{60 * minute},new,c,1000,{1 if minute < 10 else 30}")
    analysis = replace(ERRORS, noise=UsualNoise.LEARNED)

    known = rehearse("\n".join(lines), analysis)
    unknown = rehearse(recorded(minutes(60, bad=30, bad_from=9)), analysis)

    assert "usual noise of errors learned from the recording's instances of stable" in known.notes
    assert (known.ending, known.decided_by) == (Ending.ROLLED_BACK, "analysis:errors")
    assert (unknown.ending, unknown.decided_by) == (Ending.ASKS, "analysis:errors")
    assert any("usual noise of errors is not known (no history of its instances" in n for n in unknown.notes)


def test_an_own_metric_of_the_recording_answers_the_plans_criterion() -> None:
    text = PLAN.replace(
        "[error_rate < 0.02]}\n    - {name: half", '["basket_value > 20"]}\n    - {name: half'
    )
    text += "metrics:\n  basket_value: {source: prometheus, query: 'x', address: 'http://127.0.0.1:9'}\n"
    process = parse_process(text, "plan.yaml")
    csv = "at,version,requests,errors,basket_value\n" + "".join(
        f"{60 * m},{version},1000,1,{19 if m < 22 else 25}\n"
        for m in range(1, 61)
        for version in ("new", "stable")
    )
    recording = read_recording(csv, "metrics.csv", new="2.0", stable="1.9")

    result = rehearse_recording(process, recording, "metrics.csv", OPTIONS)

    held = [told.why for told in result.decisions if told.kind == "holding"]
    assert "basket_value > 20: basket_value is 19, must be > 20" in held[0]
    met = [told for told in result.decisions if told.kind == "criteria-met"]
    assert met[0].at_s > 22 * 60
    assert result.ending is Ending.PROMOTED


def test_good_ones_make_the_share_of_a_metric_that_should_be_high() -> None:
    text = PLAN.replace(
        "[error_rate < 0.02]}\n    - {name: half", '["order_completion > 0.9"]}\n    - {name: half'
    )
    csv = "at,version,requests,errors,order_completion.count,order_completion.bad\n" + "".join(
        f"{60 * m},{version},1000,1,200,{6 if version == 'new' else 4}\n"
        for m in range(1, 61)
        for version in ("new", "stable")
    )
    recording = read_recording(csv, "metrics.csv", new="2.0", stable="1.9")

    result = rehearse_recording(parse_process(text, "plan.yaml"), recording, "metrics.csv", OPTIONS)

    met = [told.why for told in result.decisions if told.kind == "criteria-met"]
    assert "order_completion > 0.9 (order_completion is 97 %, must be > 90 %)" in met[0]
    assert result.ending is Ending.PROMOTED


def test_thinned_to_the_plan_the_new_version_hurts_fewer() -> None:
    rows = [(60.0 * m, 5_000, 400, 5_000, 5) for m in range(1, 61)]

    whole = rehearse(recorded(rows))
    thinned = rehearse(recorded(rows), options=replace(OPTIONS, share=Share.PLAN))

    assert whole.ending is thinned.ending is Ending.ROLLED_BACK
    assert thinned.harm.requests == pytest.approx(whole.harm.requests / 5, rel=0.05)


def test_a_file_without_a_rollout_is_refused() -> None:
    process = parse_process("ingress: {name: web, listen: 127.0.0.1:8080}\n", "plan.yaml")
    recording = read_recording(recorded(minutes(2)), "metrics.csv", new="2.0", stable="1.9")

    with pytest.raises(ProcessFileError, match=r"plan.yaml: rollout: missing; a rehearsal needs its stages"):
        rehearse_recording(process, recording, "metrics.csv", OPTIONS)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (replace(OPTIONS, step_s=0.0), "step is 0; use a number above 0"),
        (replace(OPTIONS, requests_per_user=-1.0), "requests per user is -1; use a number above 0"),
        (replace(OPTIONS, new="1.9"), "both versions are called '1.9'; a rollout needs two"),
    ],
)
def test_options_without_sense_are_refused(options: Options, message: str) -> None:
    recording = read_recording(recorded(minutes(2)), "metrics.csv", new="2.0", stable="1.9")

    with pytest.raises(InvalidInputError, match=message):
        rehearse_recording(plan(), recording, "metrics.csv", options)
