"""The bench of the whole path: how many rollouts of one canary plan end, through the live reconciler.

`make bench NAME=rehearsed` (an hour on two cores; `ARGS=--quick` five minutes). Each run is what
`sluice rehearse` does: a simulated world, the product's own sampling, counting, evidence and decisions, on a
virtual clock. The last line is one JSON object. See docs/analysis.md, "The whole path".
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import statistics
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass

import structlog

from bench.rehearsed_cases import CASES, PLAN_S, Case, process_of
from sluiceway.rehearsal import Ending, Options, Rehearsed, rehearse_scenario

RUNS, QUICK_RUNS = 40, 3
SLACK_S = 30.0  # a rollout that takes this much longer than its stages was held up


@dataclass(frozen=True)
class Run:
    """One rollout. Times are seconds of process time; `after_s` is from the onset until it was acted on."""

    ending: Ending
    took_s: float
    after_s: float | None
    failed: int
    early: tuple[str, ...]  # the stages that passed before their time
    incidents: int
    outcome: str


@dataclass(frozen=True)
class Summary:
    """What the runs of one case came to. Percentiles are None where there was none to take them of."""

    case: str
    runs: int
    promoted: int
    rolled_back: int
    asked: int
    stuck: int  # waited for so long that the rehearsal gave up
    held_up: int
    held_up_median_s: float | None
    took_median_s: float | None
    delay_median_s: float | None
    delay_p95_s: float | None
    failed_median: float | None
    early: int  # runs in which at least one stage passed before its time
    incidents: int


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_RUNS} runs per case, not {RUNS}")
    parser.add_argument("--runs", type=int, help="runs per case")
    parser.add_argument("--only", default="", help="cases whose name contains this")
    parser.add_argument("--jobs", type=int, default=min(2, os.cpu_count() or 1), help="processes")
    parser.add_argument("--outcomes", action="store_true", help="print how each run ended")
    args = parser.parse_args()
    runs = args.runs or (QUICK_RUNS if args.quick else RUNS)
    found: list[dict[str, object]] = []
    with ProcessPoolExecutor(args.jobs, initializer=be_silent) as pool:
        for index, case in enumerate(CASES):
            if args.only not in case.name:
                continue
            done = list(pool.map(run_once, [index] * runs, range(1, runs + 1)))
            summary = summarise(case, done)
            print(sentence(summary), flush=True)
            if args.outcomes:
                print(
                    "".join(f"    {each.took_s:.0f} s: {each.outcome}\n" for each in done), end="", flush=True
                )
            found.append(asdict(summary))
    print(json.dumps({"plan_s": PLAN_S, "cases": found}))


def be_silent() -> None:
    """Let nothing but the results be printed."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))


def run_once(index: int, seed: int) -> Run:
    """Rehearse the case at `index` once; the same seed gives the same run."""
    case = CASES[index]
    options = Options(seed=seed, noise=case.knows, step_s=case.step_s, approve_after_s=0.0)
    return run_of(rehearse_scenario(process_of(case), case.scenario, case.usual, options), case.onset_s)


def run_of(result: Rehearsed, onset_s: float) -> Run:
    """Return what counts of a rehearsal whose new version turns bad `onset_s` after its first user."""
    entered = [told.at_s for told in result.decisions if told.kind == "stage-entered"]
    acted = [told.at_s for told in result.decisions if told.kind in {"rollback-decided", "asked"}]
    early = [told.at_s for told in result.decisions if told.kind == "promoted-early"]
    kinds = [told.kind for told in result.decisions]
    stages = [told.why.split()[1] for told in result.decisions if told.kind == "stage-entered"]
    return Run(
        result.ending,
        result.took_s,
        acted[0] - entered[0] - onset_s if acted and entered else None,
        result.harm.failed,
        tuple(stages[sum(at < each for at in entered) - 1] for each in early),
        kinds.count("incident-began"),
        result.outcome,
    )


def summarise(case: Case, runs: Sequence[Run]) -> Summary:
    """Return the case's figures."""
    ended = [run.ending for run in runs]
    acted = [run for run in runs if run.after_s is not None]
    through = [run.took_s for run in runs if run.ending is Ending.PROMOTED]
    late = [took - PLAN_S for took in through if took > PLAN_S + SLACK_S]
    delays = sorted(run.after_s for run in acted if run.after_s is not None)
    return Summary(
        case=case.name,
        runs=len(runs),
        promoted=ended.count(Ending.PROMOTED),
        rolled_back=ended.count(Ending.ROLLED_BACK),
        asked=ended.count(Ending.ASKS) + ended.count(Ending.PAUSED),
        stuck=ended.count(Ending.HELD),
        held_up=len(late),
        held_up_median_s=_median(late),
        took_median_s=_median(through),
        delay_median_s=_median(delays),
        delay_p95_s=delays[min(len(delays) - 1, int(0.95 * len(delays)))] if delays else None,
        failed_median=_median(run.failed for run in acted),
        early=sum(bool(run.early) for run in runs),
        incidents=sum(run.incidents for run in runs),
    )


def sentence(found: Summary) -> str:
    """Return the figures of one case on one line."""
    parts = [f"{found.case}: {found.promoted} of {found.runs} promoted"]
    parts += [f"median {found.took_median_s:.0f} s"] if found.took_median_s is not None else []
    parts += [f"{found.held_up} held up by {found.held_up_median_s:.0f} s"] if found.held_up_median_s else []
    counts = (("rolled back", found.rolled_back), ("asked", found.asked), ("stuck", found.stuck))
    parts += [f"{count} {what}" for what, count in counts if count]
    if found.delay_median_s is not None and found.delay_p95_s is not None:
        parts.append(f"after {found.delay_median_s:.0f} s ({found.delay_p95_s:.0f} s at p95)")
        parts.append(f"{found.failed_median:.0f} failed requests")
    parts += [f"{found.early} early"] if found.early else []
    parts += [f"{found.incidents} incidents"] if found.incidents else []
    return ", ".join(parts)


def _median(values: Iterable[float]) -> float | None:
    known = list(values)
    return round(statistics.median(known), 1) if known else None


if __name__ == "__main__":
    main()
