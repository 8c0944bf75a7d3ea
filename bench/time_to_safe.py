"""Part (b): from the first bad response until everyone is on stable, against fixed-interval checks.

Each run is the shipped demo: real Envoy, real service, 200 requests per second, a fault that begins when a
tenth of the users is on the new version. The fixed-interval checks are judged on what the new version did in
that very run: its bad seconds, repeated in order for as long as those checks need to act.
"""

from __future__ import annotations

import json
import statistics
import tempfile
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from bench.baseline_checks import INTERVAL_S, Second, argo_style, flagger_style
from bench.rig import read_records, say
from sluiceway.demo.faults import Fault
from sluiceway.demo.options import NEW, STABLE, DemoOptions, DemoResult
from sluiceway.demo.progress import Progress
from sluiceway.demo.records import Record, percentile
from sluiceway.demo.runner import run_demo

FAULTS = (Fault.ERRORS, Fault.LATENCY, Fault.CRASH)
# What the fixed-interval checks call a bad minute: a share of failures, or of answers slower than 95 of 100
# of stable's, of which a sound version has 5 percent.
LIMITS = {Fault.ERRORS: 0.05, Fault.LATENCY: 0.10, Fault.CRASH: 0.05}
HORIZON_S = 3_600


@dataclass(frozen=True, slots=True)
class Run:
    """One rollout that went wrong, and how long the others would have needed on the same traffic (s)."""

    seconds: float
    failed: int
    argo_s: int | None
    argo_failed: int
    flagger_s: int | None
    flagger_failed: int


def measure(runs: int) -> dict[str, dict[str, float | None]]:
    """Return, per fault, median and worst seconds to safety, failed requests, and the ratios."""
    return {fault.value: _summary([_run(fault, number) for number in range(runs)]) for fault in FAULTS}


def _run(fault: Fault, number: int) -> Run:
    with tempfile.TemporaryDirectory(prefix="sluice-bench-") as home:
        options = DemoOptions(fault=fault, headless=True, open_browser=False, data=Path(home) / "demo")
        with (Path(home) / "progress").open("w") as quiet:
            result = run_demo(options, Progress(Console(file=quiet), options))
        records = read_records(Path(home) / "demo" / "records.jsonl")
    say(f"{fault.value} {number + 1}: {json.dumps(_brief(result))}")
    if result.first_bad_at_s is None or result.traffic_safe_at_s is None:
        raise RuntimeError(f"{fault.value}: the demo ended {result.outcome}, expected a rollback")
    start = min(record.at for record in records)
    bad = _bad_seconds(records, start + result.first_bad_at_s, start + result.traffic_safe_at_s, fault)
    phase_s = (number * 7) % INTERVAL_S or INTERVAL_S
    argo_s = argo_style(bad, phase_s, LIMITS[fault], HORIZON_S)
    flagger_s = flagger_style(bad, phase_s, LIMITS[fault], HORIZON_S)
    return Run(
        seconds=result.traffic_safe_at_s - result.first_bad_at_s,
        failed=sum(bad(second).bad for second in range(len(records)) if second < _lasted(result)),
        argo_s=argo_s,
        argo_failed=sum(bad(second).bad for second in range(argo_s or 0)),
        flagger_s=flagger_s,
        flagger_failed=sum(bad(second).bad for second in range(flagger_s or 0)),
    )


def _brief(result: DemoResult) -> dict[str, float | None]:
    return {
        "first_bad_at_s": result.first_bad_at_s,
        "safe_at_s": result.traffic_safe_at_s,
        "failed": result.failed_requests,
    }


def _lasted(result: DemoResult) -> float:
    return (result.traffic_safe_at_s or 0) - (result.first_bad_at_s or 0)


class _Repeated:
    """The new version second by second from its first bad answer on; nothing bad before that."""

    def __init__(self, seconds: list[Second]) -> None:
        self._seconds = seconds

    def __call__(self, second: int) -> Second:
        if second < 0:
            return Second(self._seconds[0].requests, 0)
        return self._seconds[second % len(self._seconds)]


def _bad_seconds(records: list[Record], from_at: float, to_at: float, fault: Fault) -> _Repeated:
    stable_ms = [record.latency_ms for record in records if record.version == STABLE and record.status == 200]
    slow_ms = percentile(stable_ms, 0.95) or 1e9
    whole = max(1, round(to_at - from_at))
    counts = [[0, 0] for _ in range(whole)]
    for record in records:
        index = int(record.at - from_at)
        is_new = record.version == NEW or (fault is Fault.CRASH and record.is_failed)
        if is_new and 0 <= index < whole and record.at >= from_at:
            is_slow = fault is Fault.LATENCY and record.latency_ms > slow_ms
            counts[index][0] += 1
            counts[index][1] += record.is_failed or is_slow
    return _Repeated([Second(requests, bad) for requests, bad in counts])


def _summary(runs: list[Run]) -> dict[str, float | None]:
    ours = [run.seconds for run in runs]
    median_s = statistics.median(ours)

    def others(name: str, acted_s: list[int | None], failed: list[int]) -> dict[str, float | None]:
        acted = [seconds for seconds in acted_s if seconds is not None]
        harm = [count for count, seconds in zip(failed, acted_s, strict=True) if seconds is not None]
        return {
            f"{name}_acted_in": len(acted),
            f"{name}_times_slower": round(statistics.median(acted) / median_s, 1) if acted else None,
            f"{name}_bad_requests_median": statistics.median(harm) if harm else None,
        }

    return {
        "runs": len(runs),
        "safe_s_median": round(median_s, 2),
        "safe_s_worst": round(max(ours), 2),
        "bad_requests_median": statistics.median(run.failed for run in runs),
        **others("argo_style", [run.argo_s for run in runs], [run.argo_failed for run in runs]),
        **others("flagger_style", [run.flagger_s for run in runs], [run.flagger_failed for run in runs]),
    }
