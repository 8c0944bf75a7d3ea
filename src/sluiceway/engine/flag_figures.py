"""Live figures of services whose flags have thresholds, read about once a second, also when no rollout runs.

A reading is made on a thread of its own, one at a time for each service and source, so that a slow source
delays neither the others nor whoever asks. What figures mean is the business of `domain.flags.guarding`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial

import structlog

from sluiceway.domain.process.metrics import derived, specs_for
from sluiceway.domain.process.plan import MetricSource, MetricSpec
from sluiceway.domain.rollouts.model import Reading
from sluiceway.engine.sampling import STALE_S
from sluiceway.errors import ProviderError
from sluiceway.ports.clock import Clock
from sluiceway.ports.flag_reach import Measured
from sluiceway.ports.metrics import MetricsProvider, Target

READERS = 8  # readings under way at a time

log = structlog.get_logger("sluiceway.flags")

Start = Callable[[Callable[[], None]], object]


@dataclass(frozen=True, slots=True)
class Figures:
    """The newest usable readings of one service; `number` is another one whenever any of them is new."""

    number: int = 0
    readings: Mapping[str, Reading] = field(default_factory=dict[str, Reading])


@dataclass(frozen=True, slots=True)
class _Part:
    """What one source last said of one service, and when."""

    at_s: float
    readings: Mapping[str, Reading]


class FlagFigures:
    """Asked by one thread; reads on others."""

    def __init__(
        self,
        providers: Mapping[MetricSource, MetricsProvider],
        clock: Clock,
        start: Start | None = None,
    ) -> None:
        """`start` runs what must not delay the asker; a few threads of its own when absent."""
        self._providers = providers
        self._clock = clock
        self._start = start or ThreadPoolExecutor(READERS, thread_name_prefix="flag-figures").submit
        self._lock = threading.Lock()
        self._parts: dict[tuple[str, MetricSource], _Part] = {}
        self._numbers: dict[str, int] = {}
        self._under_way: set[tuple[str, MetricSource]] = set()
        self._troubles: dict[tuple[str, MetricSource], str] = {}

    def ask(self, service: str, measured: Measured, names: Collection[str]) -> None:
        """Begin to read these metrics, by every source that is not being read already."""
        for source, specs in _by_source(measured, names).items():
            key, target = (service, source), measured.target_of(source)
            if target is None:
                continue
            with self._lock:
                if key in self._under_way:
                    continue
                self._under_way.add(key)
            self._start(partial(self._read, key, target, specs))

    def latest(self, service: str) -> Figures:
        """Return what is known now. What a source said too long ago, or can't say any more, is left out."""
        now_s = self._clock.monotonic_s()
        with self._lock:
            parts = [part for (name, _), part in self._parts.items() if name == service]
            number = self._numbers.get(service, 0)
        fresh = [part for part in parts if now_s - part.at_s <= STALE_S]
        return Figures(number, {name: one for part in fresh for name, one in part.readings.items()})

    def forget(self, services: Collection[str]) -> None:
        """Drop what is known of every service but these."""
        with self._lock:
            self._parts = {key: part for key, part in self._parts.items() if key[0] in services}
            self._numbers = {name: number for name, number in self._numbers.items() if name in services}

    def _read(self, key: tuple[str, MetricSource], target: Target, specs: tuple[MetricSpec, ...]) -> None:
        at_s = self._clock.monotonic_s()
        readings: dict[str, Reading] = {}
        trouble = ""
        try:
            provider = self._providers[key[1]]
            provider.collect(target.ingress)
            for spec in specs:
                readings[spec.name] = provider.read(spec, target, spec.window_s)
        except ProviderError as failure:
            trouble = str(failure)
        except Exception as failure:  # of a third party's provider: no data, and said
            trouble = f"reading failed unexpectedly: {failure!r}"
        with self._lock:
            self._under_way.discard(key)
            if readings:
                self._parts[key] = _Part(at_s, readings)
                self._numbers[key[0]] = self._numbers.get(key[0], 0) + 1
            is_news = self._troubles.get(key, "") != trouble
            self._troubles[key] = trouble
        if trouble and is_news:
            log.warning("figures for thresholds are missing", service=key[0], source=key[1], error=trouble)


def _by_source(measured: Measured, names: Collection[str]) -> Mapping[MetricSource, tuple[MetricSpec, ...]]:
    own = {spec.name for spec in measured.specs}
    bare = {name.rpartition(".")[2] for name in names}
    needed = {made.of if (made := derived(name)) and name not in own else name for name in bare}
    found: dict[MetricSource, tuple[MetricSpec, ...]] = {}
    for spec in specs_for(names, measured.specs):
        if spec.name in needed:
            found[spec.source] = (*found.get(spec.source, ()), spec)
    return found
