"""The sets of flags that applications are served, each with what can be written before anybody asks.

A set is prepared on the thread that changed it (or on a worker's, the first time), and swapped in by
replacing one reference: the event loop only ever looks it up.
"""

from __future__ import annotations

import gzip
import threading
from collections.abc import Mapping
from functools import cached_property

from anyio.to_thread import run_sync

from sluiceway.api.flag_gate import Place
from sluiceway.api.ofrep_answers import Answers
from sluiceway.domain.flags.model import Evaluation
from sluiceway.services.flag_sets import FlagSets, LiveSet

_GZIP_LEVEL = 6


class ServedSet:
    """A live set with its prebuilt answers. Once it is made, it is asked on the event loop only."""

    def __init__(self, live: LiveSet) -> None:
        self.live = live
        evaluator = live.evaluator
        self._answers = Answers(evaluator.flag_set)
        self._evaluate = evaluator.evaluate
        self._known = frozenset(evaluator.keys)
        self._asked = tuple(key for key in evaluator.keys if not evaluator.is_constant(key))
        constant = tuple(key for key in evaluator.keys if evaluator.is_constant(key))
        self._constant = b",".join(self._answers.of_each(self._evaluate, constant, {}))

    def one(self, key: str, context: Mapping[str, object]) -> tuple[Evaluation, bytes] | None:
        """Return what a flag is worth for a context, and the answer; None when there is no such flag."""
        if key not in self._known:
            return None
        evaluation = self._evaluate(key, context)
        return evaluation, self._answers.of(evaluation)

    def all(self, context: Mapping[str, object]) -> tuple[bytes, bytes]:
        """Return the answers of the flags that depend on the context, and of every flag: comma-separated."""
        asked = b",".join(self._answers.of_each(self._evaluate, self._asked, context))
        return asked, b",".join(part for part in (self._constant, asked) if part)

    @cached_property
    def gzipped(self) -> bytes:
        """The document, compressed. Takes a while the first time, so not on the event loop."""
        return gzip.compress(self.live.document, _GZIP_LEVEL, mtime=0)


class ServedSets:
    """Safe to share between threads."""

    def __init__(self, sets: FlagSets) -> None:
        self._sets = sets
        self._prepared: dict[Place, ServedSet] = {}
        self._lock = threading.Lock()

    def known(self, place: Place) -> ServedSet | None:
        """Return the set as it is served now, None while nobody has asked for it yet."""
        return self._prepared.get(place)

    async def get(self, place: Place) -> ServedSet:
        """Return the set as it is served now. Raises NotFoundError and StoreError the first time."""
        served = self._prepared.get(place)
        return served if served is not None else await run_sync(self.refresh, place)

    def refresh(self, place: Place) -> ServedSet:
        """Take over what is in force now; for the thread that changed it, and for the first who asks."""
        with self._lock:
            live = self._sets.current(*place)
            served = self._prepared.get(place)
            if served is None or served.live is not live:
                served = self._prepared[place] = ServedSet(live)
            return served
