"""What a plan reads and what a rehearsal's source tells, name by name: what is there on one side only.

A misspelt name must not pass for a missing figure, nor a figure that nobody reads for one that counts.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from sluiceway.adapters.simulated.generated import Usual
from sluiceway.adapters.simulated.recording import Recording
from sluiceway.domain.process.metrics import builtin, derived
from sluiceway.domain.process.plan import MetricSource, Process, RolloutPlan

_SIMULATED = frozenset({MetricSource.ENVOY, MetricSource.DEPLOY})
_STRUCTURE = frozenset({"at", "version", "instance", "requests", "errors", "crashes"})
_OF_ANSWERS = frozenset({"slow_requests", "p50_ms", "p90_ms", "p95_ms", "p99_ms", "mean_ms"})
_OF_REQUESTS = frozenset({"requests", "errors", "error_rate", "success_rate", "request_rate"})
_OF_CRASHES = frozenset({"crashes", "crash_rate"})
_NEVER = frozenset({"health_failure_rate"})  # nobody records it, and simulated instances are healthy


def names_read(plan: RolloutPlan) -> frozenset[str]:
    """Return the metrics that criteria, triggers and the comparison go by; of derived ones their source."""
    named: list[str] = [name for trigger in plan.triggers for name in trigger.metrics]
    named += [name for stage in plan.stages for each in stage.criteria for name in each.metrics]
    bare = (name.rpartition(".")[2] for name in named)
    read = {made_of.of if (made_of := derived(name)) else name for name in bare}
    return frozenset(read | {metric.name for metric in plan.analysis.metrics} if plan.analysis else read)


def scenario_notes(process: Process, plan: RolloutPlan, usual: Usual) -> list[str]:
    """Name the metrics that the plan reads and the scenario knows nothing of, and those told for nobody."""
    read = names_read(plan)
    sources = {spec.name: spec.source for spec in process.metrics}
    sources |= {metric.name: metric.source for metric in (plan.analysis.metrics if plan.analysis else ())}
    simulated = {name for name in read if _source_of(name, sources) in _SIMULATED}
    missing = sorted(read - simulated - usual.own.keys())
    notes: list[str] = []
    if missing:
        hint = f"--metric {missing[0]}=VALUE says what is usual"
        notes.append(f"no data of {', '.join(missing)}: no scenario knows them; {hint}")
    return notes + [_unread(f"--metric {name}", name, missing) for name in usual.own if name not in read]


def recording_notes(plan: RolloutPlan, recording: Recording) -> list[str]:
    """Name the metrics that the plan reads and no column tells, and the columns that nothing reads."""
    read = names_read(plan)
    columns = [column for column in recording.columns if column not in _STRUCTURE]
    own = {column: column.partition(".")[0] for column in columns if not column.startswith("le_")}
    missing = sorted(
        name
        for name in read - _NEVER - set(own.values())
        if not (name in _OF_REQUESTS and "requests" in recording.columns)
        and not (name in _OF_ANSWERS and recording.bounds_ms)
        and not (name in _OF_CRASHES and "crashes" in recording.columns)
    )
    notes = [f"no data of {', '.join(missing)}: no column tells them"] if missing else []
    return notes + [
        _unread(f"column {column}", stem, [*missing, *_STRUCTURE])
        for column, stem in own.items()
        if stem not in read
    ]


def _source_of(name: str, told: dict[str, MetricSource]) -> MetricSource | None:
    known = builtin(name)
    return told.get(name, known.source if known else None)


def _unread(what: str, name: str, wanted: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, sorted(wanted), n=1)
    hint = f"; did you mean {near[0]}?" if near else ""
    return f"{what} is read by no criterion, trigger or comparison of this process{hint}"
