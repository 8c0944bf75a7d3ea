"""Sluiceway's analysis as a judge that any bench can call: `bench.analysis_judge:judge`.

The call is once per interval of one rollout. All that is remembered lies in `history["state"]`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from sluiceway.domain.analysis.counts import Interval
from sluiceway.domain.analysis.evidence import Evidence, Settings, start, update
from sluiceway.domain.analysis.noise import CAUTIOUS, Noise, learn_noise
from sluiceway.domain.analysis.verdict import is_regression, is_sound

Answer = Literal["continue", "promote", "rollback"]
MINUTE_S = 60.0


def judge(
    stable_counts: Mapping[str, int], canary_counts: Mapping[str, int], history: Mapping[str, Any]
) -> Answer:
    """Return what to do after this interval's counts, `{"requests": int, "bad": int}` of each side.

    `history`: `metric`, `t` (s since start), `interval_s`, `share`, `bake_s`, `intervals`, `placebo` (counts
    [minutes, groups, 4] of A/A comparisons: rest requests, rest bad, group requests, group bad; or None) and
    `state`, a dict of the judge's own that is empty at the start. Noise is learned from the placebo once.
    """
    memory = history["state"]
    if "settings" not in memory:
        memory["settings"] = Settings(
            noise=learn_placebo(history.get("placebo")), bake_s=float(history["bake_s"])
        )
        memory["evidence"] = start(memory["settings"])
    settings: Settings = memory["settings"]
    interval = Interval(
        stable_counts["requests"],
        stable_counts["bad"],
        canary_counts["requests"],
        canary_counts["bad"],
        float(history["interval_s"]),
    )
    evidence: Evidence = update(memory["evidence"], interval, settings)
    memory["evidence"] = evidence
    if is_regression(evidence, settings):
        return "rollback"
    return "promote" if is_sound(evidence, settings) else "continue"


def learn_placebo(placebo: Any) -> Noise:
    """Return the noise of an array [minutes, groups, 4], as numpy or nested lists; cautious without one."""
    if placebo is None or not len(placebo):
        return CAUTIOUS
    rows = placebo.tolist() if hasattr(placebo, "tolist") else placebo
    groups = [[_minute(*counts) for counts in group] for group in zip(*rows, strict=True)]
    return learn_noise(groups)


def _minute(n0: float, x0: float, n1: float, x1: float) -> Interval:
    return Interval(n0, x0, n1, x1, MINUTE_S)
