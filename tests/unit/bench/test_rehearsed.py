"""The bench of the whole path: what it counts, and that the live engine keeps what the analysis promises."""

from __future__ import annotations

import pytest

from bench.rehearsed import Run, run_of, run_once, sentence, summarise
from bench.rehearsed_cases import CASES, PLAN_S, Case, process_of
from sluiceway.rehearsal import Ending, Rehearsed
from sluiceway.rehearsal.result import Harm, Told

BY_NAME = {case.name: index for index, case in enumerate(CASES)}
CASE = CASES[0]


def told(at_s: float, kind: str, why: str = "") -> Told:
    return Told(at_s, kind, "plan", why, {})


def a_rehearsal(*decisions: Told, ending: Ending = Ending.PROMOTED) -> Rehearsed:
    return Rehearsed(
        "p", "s", 1, "new", "stable", ending, "as it was", "plan", 900.0, "half", 50.0, decisions,
        Harm(1_000, 30, 20, 15, 20.0), (), 90, 10.0, (),
    )  # fmt: skip


def a_run(ending: Ending, took_s: float, after_s: float | None = None, failed: int = 0) -> Run:
    return Run(ending, took_s, after_s, failed, (), 0, "")


def test_a_delay_is_counted_from_the_onset_and_not_from_the_start() -> None:
    run = run_of(
        a_rehearsal(
            told(5, "stage-entered", "stage first at 10 %: first stage"),
            told(605, "promoted-early"),
            told(605, "stage-entered", "stage half at 50 %: the one before has passed"),
            told(865, "rollback-decided"),
            ending=Ending.ROLLED_BACK,
        ),
        onset_s=800.0,
    )

    assert run == Run(Ending.ROLLED_BACK, 900.0, 60.0, 30, ("first",), 0, "as it was")


def test_a_summary_tells_who_was_held_up_and_who_was_caught() -> None:
    found = summarise(
        CASE,
        [
            a_run(Ending.PROMOTED, PLAN_S + 6),
            a_run(Ending.PROMOTED, PLAN_S + 1_200),
            a_run(Ending.HELD, 7_200),
            a_run(Ending.ROLLED_BACK, 120, after_s=100, failed=40),
            a_run(Ending.ASKS, 320, after_s=300, failed=80),
        ],
    )

    assert (found.promoted, found.rolled_back, found.asked, found.stuck) == (2, 1, 1, 1)
    assert (found.held_up, found.held_up_median_s) == (1, 1_200)
    assert (found.delay_median_s, found.delay_p95_s, found.failed_median) == (200, 300, 60)
    assert sentence(found) == (
        "nothing wrong, quiet: 2 of 5 promoted, median 8403 s, 1 held up by 1200 s, 1 rolled back, 1 asked,"
        " 1 stuck, after 200 s (300 s at p95), 60 failed requests"
    )


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_case_is_judged_by_a_plan_of_the_stated_length(case: Case) -> None:
    plan = process_of(case).rollout

    assert plan is not None
    assert plan.bake_s == PLAN_S
    assert plan.analysis is not None


@pytest.mark.parametrize(
    ("name", "ending", "before_s"),
    [
        ("errors x5, restless", Ending.ROLLED_BACK, 600),
        ("crash loop", Ending.ROLLED_BACK, 120),
        ("latency +50 %", Ending.ROLLED_BACK, 120),
        ("noise unknown: errors x5", Ending.ASKS, 2_400),
    ],
)
def test_the_live_engine_sees_a_bad_version_soon(name: str, ending: Ending, before_s: float) -> None:
    run = run_once(BY_NAME[name], seed=101)

    assert run.ending is ending, run.outcome
    assert run.after_s is not None
    assert 0 < run.after_s < before_s


@pytest.mark.slow
@pytest.mark.parametrize("name", ["nothing wrong, restless", "nothing wrong, shared incident"])
def test_the_live_engine_lets_a_sound_version_through_in_its_stages_time(name: str) -> None:
    run = run_once(BY_NAME[name], seed=101)

    assert run.ending is Ending.PROMOTED, run.outcome
    assert run.took_s == pytest.approx(PLAN_S, abs=30)


def test_a_quiet_sound_version_is_through_sooner_where_it_may_pass_early_but_not_without_a_look() -> None:
    run = run_once(BY_NAME["early, independent: nothing wrong, quiet"], seed=101)

    assert run.ending is Ending.PROMOTED, run.outcome
    assert run.early == ("first", "half")
    assert 2 * 300 + 600 <= run.took_s < 0.6 * PLAN_S
