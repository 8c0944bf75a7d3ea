"""Figures of running rollouts, read about twice a second and kept in memory.

One thread per rollout and kind of source, so that a slow Prometheus never delays what Envoy's own counters
say. Whether figures mean a pass or a rollback is the business of the domain.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import assert_never

import structlog

from sluiceway.domain.process.expressions import names_in
from sluiceway.domain.process.metrics import specs_for
from sluiceway.domain.process.plan import (
    CriterionKind,
    Ingress,
    MetricSource,
    MetricSpec,
    RolloutPlan,
    Version,
)
from sluiceway.domain.rollouts.model import Counted, Reading
from sluiceway.engine.counting import Counting
from sluiceway.errors import ProviderError
from sluiceway.ports.clock import Clock
from sluiceway.ports.flag_reach import OF_INSTANCES
from sluiceway.ports.metrics import MetricsProvider, Target
from sluiceway.ports.store import RolloutRow

SAMPLE_S = 0.5  # real seconds between two samples
STALE_S = 5.0  # older readings are no data
MAX_STAGE_WINDOW_S = 600.0  # how far back "since the stage began" looks at most, real seconds

log = structlog.get_logger("sluiceway.sampling")


@dataclass(frozen=True, slots=True)
class Sample:
    """The readings of both versions at one moment. `number` differs between any two samples."""

    number: int
    at_s: float
    new: Mapping[str, Reading] = field(default_factory=dict[str, Reading])
    stable: Mapping[str, Reading] = field(default_factory=dict[str, Reading])
    stage_new: Mapping[str, Reading] = field(default_factory=dict[str, Reading])
    stage_stable: Mapping[str, Reading] = field(default_factory=dict[str, Reading])
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Part:
    """What one source last said, and when."""

    at_s: float
    sample: Sample


def metrics_read(plan: RolloutPlan, own: tuple[MetricSpec, ...]) -> tuple[MetricSpec, ...]:
    """Return what must be read for a plan's criteria and triggers, and what people always see.

    A metric of Prometheus's that has running totals only is compared, not read.
    """
    expressions = [trigger.expression for trigger in plan.triggers]
    for stage in plan.stages:
        expressions += [c.expression for c in stage.criteria if c.kind is CriterionKind.EXPRESSION]
    names = {name for text in expressions for name in names_in(text)}
    return tuple(spec for spec in specs_for(sorted(names), own) if _is_read(spec))


def _is_read(spec: MetricSpec) -> bool:
    match spec.source:
        case MetricSource.PROMETHEUS:
            return bool(spec.query)
        case MetricSource.ENVOY | MetricSource.DEPLOY | MetricSource.PUSH:
            return True
        case _:
            assert_never(spec.source)


class Sampler:
    """Samples one rollout until stopped. `on_sample` is called, on a sampler thread, after each."""

    def __init__(
        self,
        row: RolloutRow,
        providers: Mapping[MetricSource, MetricsProvider],
        clock: Clock,
        on_sample: Callable[[], None],
    ) -> None:
        self._row = row
        self._providers = providers
        self._clock = clock
        self._on_sample = on_sample
        self._lock = threading.Lock()
        self._parts: dict[MetricSource, _Part] = {}
        self._number = 0
        self._stage: tuple[int, float] = (-1, clock.monotonic_s())
        self._counting = Counting(row, clock)
        self._specs = self._by_source()
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []

    @property
    def plan(self) -> RolloutPlan:
        """Return the plan whose metrics are read."""
        return self._row.state.plan

    def start(self) -> None:
        """Begin to sample, on threads of its own."""
        for source, specs in self._specs.items():
            thread = threading.Thread(
                target=self._run, args=(source, specs), name=f"sample-{source}", daemon=True
            )
            self._threads.append(thread)
            thread.start()

    def step(self) -> None:
        """Take one sample of every source now, on the caller's thread: for who moves time itself."""
        for source, specs in self._specs.items():
            self._take(source, self._providers.get(source), specs)

    def stop(self) -> None:
        """Sample no more; threads end by themselves."""
        self._stop.set()

    def enter_stage(self, stage_index: int, entered_ago_s: float) -> None:
        """Note which stage runs and for how many real seconds, so that its window starts there."""
        if self._stage[0] != stage_index:
            self._stage = (stage_index, self._clock.monotonic_s() - max(0.0, entered_ago_s))
            self._counting.begin_stage()

    def counted(self) -> tuple[Counted, ...]:
        """Return the last counted intervals of the analysed metrics, oldest first."""
        return self._counting.recent()

    def latest(self) -> Sample:
        """Return the newest readings of all sources; those that are too old are left out and named."""
        now_s = self._clock.monotonic_s()
        with self._lock:
            parts = dict(self._parts)
            number = self._number
        merged = Sample(number, now_s)
        for source, part in parts.items():
            age_s = now_s - part.at_s
            problems = part.sample.problems
            if age_s > STALE_S:
                problems = (*problems, f"{source} metrics are {age_s:.0f} s old")
                merged = replace(merged, problems=(*merged.problems, *problems))
                continue
            merged = Sample(
                number,
                now_s,
                {**merged.new, **part.sample.new},
                {**merged.stable, **part.sample.stable},
                {**merged.stage_new, **part.sample.stage_new},
                {**merged.stage_stable, **part.sample.stage_stable},
                (*merged.problems, *problems),
            )
        return merged

    def _by_source(self) -> dict[MetricSource, tuple[MetricSpec, ...]]:
        """Return what must be read, by the source to ask; the analysis may need a source of its own.

        A rollout by flag of a service that Sluiceway doesn't run has no proxy and no instances to ask.
        """
        is_blind = self._by_flag and self._row.setup.serving is None
        by_source: dict[MetricSource, tuple[MetricSpec, ...]] = {}
        for spec in metrics_read(self._row.state.plan, self._row.setup.metrics):
            if is_blind and spec.source in OF_INSTANCES:
                continue
            by_source[spec.source] = (*by_source.get(spec.source, ()), spec)
        for source in sorted(self._counting.sources):
            by_source.setdefault(source, ())
        return by_source

    def _run(self, source: MetricSource, specs: tuple[MetricSpec, ...]) -> None:
        provider = self._providers.get(source)
        while not self._stop.is_set():
            began_s = self._clock.monotonic_s()
            try:
                self._take(source, provider, specs)
            except Exception as failure:
                log.exception("sampling failed", rollout=self._row.id, source=str(source))
                self._fail(source, f"reading {source} metrics failed unexpectedly ({failure!r}); see the log")
            self._stop.wait(max(0.05, SAMPLE_S - (self._clock.monotonic_s() - began_s)))

    def _take(
        self, source: MetricSource, provider: MetricsProvider | None, specs: tuple[MetricSpec, ...]
    ) -> None:
        now_s = self._clock.monotonic_s()
        if provider is None:
            missing = f"no provider for {source} metrics is set up"
            self._counting.take(source, None)
            self._keep(source, _Part(now_s, Sample(0, now_s, problems=(missing,))), is_fresh=False)
            return
        try:
            provider.collect(self._ingress)
            sample = self._read_all(provider, specs, now_s)
        except ProviderError as failure:
            self._counting.take(source, None)
            self._fail(source, str(failure))
            return
        self._counting.take(source, provider)
        problems = tuple(dict.fromkeys((*sample.problems, *self._counting.problems(source))))
        self._keep(source, _Part(now_s, replace(sample, problems=problems)), is_fresh=True)

    def _fail(self, source: MetricSource, problem: str) -> None:
        """Show the problem at once; the old readings stay until they are stale."""
        now_s = self._clock.monotonic_s()
        with self._lock:
            last = self._parts.get(source) or _Part(now_s, Sample(0, now_s))
        self._keep(source, replace(last, sample=replace(last.sample, problems=(problem,))), is_fresh=False)

    def _read_all(self, provider: MetricsProvider, specs: tuple[MetricSpec, ...], now_s: float) -> Sample:
        state = self._row.state
        stage_s = min(MAX_STAGE_WINDOW_S, max(SAMPLE_S, now_s - self._stage[1]))
        figures: dict[tuple[str, bool], dict[str, Reading]] = {}
        problems: list[str] = []
        for version, side in ((state.new, "new"), (state.stable, "stable")):
            for spec in specs:
                if self._by_flag and side == "stable" and spec.source in OF_INSTANCES:
                    continue  # the whole service's: nothing to compare it with
                for is_stage, window_s in ((False, spec.window_s), (True, stage_s)):
                    into = figures.setdefault((side, is_stage), {})
                    try:
                        into[spec.name] = provider.read(spec, self._target(version, spec.source), window_s)
                    except ProviderError as failure:
                        into[spec.name] = Reading(None)
                        if str(failure) not in problems:
                            problems.append(str(failure))
        return Sample(
            0,
            now_s,
            figures.get(("new", False), {}),
            figures.get(("stable", False), {}),
            figures.get(("new", True), {}),
            figures.get(("stable", True), {}),
            tuple(problems),
        )

    @property
    def _by_flag(self) -> bool:
        return self._row.setup.is_by_flag

    @property
    def _ingress(self) -> Ingress:
        serving = self._row.setup.serving
        return serving.ingress if serving is not None else self._row.setup.ingress

    def _target(self, version: Version, source: MetricSource) -> Target:
        """A proxy doesn't know who has a flag: its figures are those of the whole service."""
        serving = self._row.setup.serving
        if self._by_flag and serving is not None and source in OF_INSTANCES:
            return Target(serving.service, serving.ingress, serving.version)
        return Target(self._row.setup.service, self._row.setup.ingress, version)

    def _keep(self, source: MetricSource, part: _Part, *, is_fresh: bool) -> None:
        with self._lock:
            self._parts[source] = part
            # One source paces the numbering, so that a rollout's samples are counted once each.
            paces = source is MetricSource.ENVOY or MetricSource.ENVOY not in self._parts
            if is_fresh and paces:
                self._number += 1
        if is_fresh and paces:
            self._on_sample()
