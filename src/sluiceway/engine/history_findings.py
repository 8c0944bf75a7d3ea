"""What recorded history says about a rollout's service, worked out beside the ticks and kept for a minute.

A tick gets at once what is there, and never waits for the store: an answer that is missing or old is worked
out in the background. What follows from minutes is computed in `domain.analysis.history`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import structlog

from sluiceway.domain.analysis.history import (
    DAY_MINUTES,
    KEPT_MINUTES,
    STALE_MINUTES,
    Learned,
    Unknown,
    learn_from_instances,
    learn_from_rollouts,
    usual,
)
from sluiceway.domain.analysis.noise import MINUTE_S, Noise
from sluiceway.domain.process.expressions import names_in
from sluiceway.domain.process.plan import (
    AnalysedMetric,
    Comparison,
    CriterionKind,
    RolloutPlan,
    UsualNoise,
)
from sluiceway.domain.process.syntax import HISTORY
from sluiceway.domain.rollouts.model import Phase, Reading, RolloutId
from sluiceway.engine.history_record import NEW, STABLE, minute_of
from sluiceway.errors import StoreError
from sluiceway.ports.clock import Clock
from sluiceway.ports.history import CountSeries
from sluiceway.ports.store import RolloutRow, Store, Transaction

FRESH_S = 60.0  # real seconds that an answer is good for
_KEPT_S = STALE_MINUTES * MINUTE_S  # after which an answer that could not be renewed is none

log = structlog.get_logger("sluiceway.history")


@dataclass(frozen=True, slots=True)
class Findings:
    """What is known for one plan: the noise of metrics, why that of others is not known, usual figures."""

    plan: RolloutPlan
    at_s: float
    noise: Mapping[str, Noise] = field(default_factory=dict[str, Noise])
    unknown: Mapping[str, str] = field(default_factory=dict[str, str])
    usual: Mapping[str, Reading] = field(default_factory=dict[str, Reading])


def in_background(job: Callable[[], None]) -> None:
    """Run the job on a thread of its own."""
    threading.Thread(target=job, name="history-findings", daemon=True).start()


class Desk:
    """Gives findings out and renews them. Safe to use from threads."""

    def __init__(
        self, store: Store, clock: Clock, start: Callable[[Callable[[], None]], None] = in_background
    ) -> None:
        self._store = store
        self._clock = clock
        self._start = start
        self._lock = threading.Lock()
        self._known: dict[RolloutId, Findings] = {}
        self._under_way: set[RolloutId] = set()
        self._trouble = ""

    def of(self, row: RolloutRow) -> Findings:
        """Return what is known now; what is not asked of history is never looked up."""
        plan, now_s = row.state.plan, self._clock.monotonic_s()
        if not learned_metrics(plan) and not usual_names(plan):
            return Findings(plan, now_s)
        found = self._latest(row, now_s)
        if found is None or now_s - found.at_s >= FRESH_S:
            self._renew(row)
            found = self._latest(row, self._clock.monotonic_s())
        return found or Findings(
            plan, now_s, unknown={metric.name: "history is being read" for metric in learned_metrics(plan)}
        )

    def _latest(self, row: RolloutRow, now_s: float) -> Findings | None:
        with self._lock:
            found = self._known.get(row.id)
        usable = found is not None and found.plan == row.state.plan and now_s - found.at_s < _KEPT_S
        return found if usable else None

    def _renew(self, row: RolloutRow) -> None:
        with self._lock:
            if row.id in self._under_way:
                return
            self._under_way.add(row.id)
        self._start(lambda: self._work_out(row))

    def _work_out(self, row: RolloutRow) -> None:
        try:
            found = self._find(row)
        except StoreError as failure:
            if str(failure) != self._trouble:
                log.warning("history can't be read", service=row.setup.service.name, error=str(failure))
            self._trouble = str(failure)
        except Exception:  # the next tick that asks tries again
            log.exception("history can't be used", service=row.setup.service.name)
        else:
            self._trouble = ""
            with self._lock:
                old = [key for key, each in self._known.items() if found.at_s - each.at_s >= _KEPT_S]
                for key in old:
                    del self._known[key]
                self._known[row.id] = found
        finally:
            with self._lock:
                self._under_way.discard(row.id)

    def _find(self, row: RolloutRow) -> Findings:
        plan, service = row.state.plan, row.setup.service.name
        minute, at_s = minute_of(self._clock), self._clock.monotonic_s()
        with self._store.read() as tx:
            learned = {
                metric.name: _learn(tx, service, metric.name, minute) for metric in learned_metrics(plan)
            }
            names = usual_names(plan)
            figures = tx.figures(service, _last(DAY_MINUTES, minute))
        return Findings(
            plan,
            at_s,
            noise={name: each.noise for name, each in learned.items() if isinstance(each, Learned)},
            unknown={name: each.why for name, each in learned.items() if isinstance(each, Unknown)},
            usual={name: Reading(usual(figures.get(name, ()))) for name in names},
        )


def learned_metrics(plan: RolloutPlan) -> tuple[AnalysedMetric, ...]:
    """Return the metrics whose noise must be learned: those compared by counts, unless noise is declared."""
    analysis = plan.analysis
    counted = (each for each in analysis.metrics if each.comparison is Comparison.COUNTS) if analysis else ()
    return tuple(each for each in counted if analysis and analysis.noise_of(each) is UsualNoise.LEARNED)


def usual_names(plan: RolloutPlan) -> tuple[str, ...]:
    """Return the metrics that criteria and triggers name as `history.NAME`, without the prefix."""
    expressions = [trigger.expression for trigger in plan.triggers]
    for stage in plan.stages:
        expressions += [c.expression for c in stage.criteria if c.kind is CriterionKind.EXPRESSION]
    prefix = f"{HISTORY}."
    names = (name for text in expressions for name in names_in(text) if name.startswith(prefix))
    return tuple(dict.fromkeys(name.removeprefix(prefix) for name in names))


def _learn(tx: Transaction, service: str, metric: str, minute: int) -> Learned | Unknown:
    """From instances where they are told apart, else from rollouts of the last days that were promoted."""
    counts = tx.counts(CountSeries(service, metric), _last(DAY_MINUTES, minute))
    rollouts = () if counts else tx.counted_rollouts(service, metric)
    if not rollouts:
        return learn_from_instances(counts, minute)
    promoted = [each for each in rollouts if tx.get_rollout(each).state.phase is Phase.PROMOTED]
    week = _last(KEPT_MINUTES, minute)
    return learn_from_rollouts(
        [tx.counts(CountSeries(service, metric, each), week) for each in promoted], NEW, STABLE
    )


def _last(minutes: int, now: int) -> range:
    """Return the last minutes; what a clock that was wrong for a while put later than now is left out."""
    return range(now - minutes + 1, now + 1)
