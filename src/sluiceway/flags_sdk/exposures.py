"""What was served, on its way to the server: collected every few seconds, bounded, sent once each.

A batch keeps its id until the server took it, so that a repeated one counts once. Users are named by a hash.
Counting itself is the business of `counting`.
"""

from __future__ import annotations

import hashlib
import logging
import random
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Final

from sluiceway.domain.flags.compiling import Evaluator
from sluiceway.errors import PermanentProviderError, SluicewayError
from sluiceway.flags_sdk.counting import Counted, Counter, Decide, Exposure
from sluiceway.flags_sdk.transport import Server

MAX_BATCH_ENTRIES: Final = 1_000
MAX_BATCHES: Final = 50  # waiting for a server that is away; beyond it the oldest go
MAX_MEASURES: Final = 10_000
_MAX_PAUSE_S: Final = 60.0
_log = logging.getLogger("sluiceway.flags")


def hidden_key(service: str, key: str) -> str:
    """Return what the server gets to know of a user: SHA-256 of the service's name, a colon and the key.

    The same user has the same name in every application of a service, and another in another service.
    """
    return hashlib.sha256(f"{service}:{key}".encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True, slots=True)
class _Batch:
    body: Mapping[str, object]
    entries: int


@dataclass(frozen=True, slots=True)
class _Measure:
    metric: str
    key: str
    value: float
    at: float


class Exposures:
    """The exposures of one client. One thread collects and sends; the others only count."""

    def __init__(
        self, server: Server, *, flush_s: float, on_exposure: Callable[[Exposure], None] | None = None
    ) -> None:
        self._server = server
        self._flush_s = flush_s
        self._counter = Counter(None if on_exposure is None else _guarded(on_exposure))
        self._service = ""
        self._measures: deque[_Measure] = deque()
        self._queue: deque[_Batch] = deque()
        self._since = time.time()
        self._lost = 0
        self._failures = 0
        self._stopping = threading.Event()
        self._stop_by = 0.0  # monotonic
        self._thread: threading.Thread | None = None

    @property
    def lost(self) -> int:
        """How many were not recorded or not sent because a bound was reached."""
        return self._lost

    def counted(self, evaluator: Evaluator) -> Decide:
        """Return the evaluator's `evaluate`, counted from now on. For the thread that swaps sets."""
        self._service = evaluator.flag_set.service
        return self._counter.counted(evaluator)

    def measure(self, metric: str, key: str, value: float) -> None:
        """Take a figure of one user for the experiments that ask for `metric`; never waits."""
        if len(self._measures) >= MAX_MEASURES:
            self._lost += 1
        else:
            self._measures.append(_Measure(metric, key, value, time.time()))

    def start(self) -> None:
        """Begin to send every `flush_s`, or more rarely while the server is away."""
        self._thread = threading.Thread(target=self._run, name="sluiceway-exposures", daemon=True)
        self._thread.start()

    def stop(self, within_s: float) -> None:
        """Send what there is within `within_s` seconds, and end."""
        self._stop_by = time.monotonic() + within_s
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(within_s)

    def _run(self) -> None:
        pause_s = random.uniform(0.0, self._flush_s)
        while not self._stopping.wait(pause_s):
            self._round(None)
            pause_s = self._pause_s()
        self._collect()  # what came before the newest samples, so that the next collection has them all
        self._round(self._stop_by)

    def _pause_s(self) -> float:
        pause_s = min(self._flush_s * 2.0**self._failures, max(_MAX_PAUSE_S, self._flush_s))
        return pause_s * random.uniform(0.8, 1.2)

    def _round(self, stop_by: float | None) -> None:
        """Collect and send; whatever happens, the thread goes on."""
        try:
            self._collect()
            self._send(stop_by)
        except Exception:
            _log.exception("exposures could not be sent")
            self._failures = min(self._failures + 1, 10)

    def _collect(self) -> None:
        since, self._since = self._since, time.time()
        found, lost = self._counter.taken()
        self._lost += lost
        measures = [self._measures.popleft() for _ in range(len(self._measures))]
        self._enqueue((self._entry(one, since) for one in found), (self._measured(one) for one in measures))

    def _entry(self, one: Counted, since: float) -> dict[str, object]:
        said: dict[str, object] = {"flag": one.flag, "variant": one.variant, "count": one.times}
        if one.key:
            said["targetingKey"] = hidden_key(self._service, one.key)
        return {**said, "first_at": _instant(since), "last_at": _instant(self._since)}

    def _measured(self, one: _Measure) -> dict[str, object]:
        return {
            "metric": one.metric,
            "targetingKey": hidden_key(self._service, one.key),
            "value": one.value,
            "at": _instant(one.at),
        }

    def _enqueue(self, exposures: Iterable[dict[str, object]], metrics: Iterable[dict[str, object]]) -> None:
        exposures, metrics = iter(exposures), iter(metrics)
        while True:
            some = list(islice(exposures, MAX_BATCH_ENTRIES))
            more = list(islice(metrics, MAX_BATCH_ENTRIES - len(some)))
            if not some and not more:
                return
            body = {"batch": str(uuid.uuid4()), "exposures": some, "metrics": more}
            self._queue.append(_Batch(body, len(some) + len(more)))
            if len(self._queue) > MAX_BATCHES:
                self._lost += self._queue.popleft().entries

    def _send(self, stop_by: float | None) -> None:
        while self._queue:
            left_s = None if stop_by is None else stop_by - time.monotonic()
            if left_s is not None and left_s <= 0:
                return
            try:
                self._server.send(self._queue[0].body, timeout_s=left_s)
            except PermanentProviderError as error:
                self._lost += self._queue[0].entries
                _log.warning("a batch of exposures is given up: %s", error)
            except SluicewayError:
                self._failures = min(self._failures + 1, 10)
                return
            self._failures = 0
            self._queue.popleft()


def _instant(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _guarded(on_exposure: Callable[[Exposure], None]) -> Callable[[Exposure], None]:
    def tell(exposure: Exposure) -> None:
        try:
            on_exposure(exposure)
        except Exception:
            _log.exception("the application's `on_exposure` failed for flag %s", exposure.flag)

    return tell
