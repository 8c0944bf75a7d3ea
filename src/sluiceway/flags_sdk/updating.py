"""Keeping a set up to date: the event stream, and asking again where there is none.

One thread per client. It fetches the set, follows the server's events (a small change comes with its event,
a larger one is fetched), and asks every `poll_s` with the ETag it has while no stream can be had. It never
gives up and never ends by an error. What is done with a new set is the business of `client`.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable
from typing import Final

from sluiceway.domain.flags.model import FlagSet
from sluiceway.errors import FlagFileError, SluicewayError, UnauthorisedError
from sluiceway.flags_sdk.sets import patched, read_notice, read_set
from sluiceway.flags_sdk.status import State
from sluiceway.flags_sdk.timing import Timing
from sluiceway.flags_sdk.transport import BusyError, Server

_EVENT: Final = "flag-set"
_STEADY_S: Final = 10.0  # a stream that lasted this long is no failure to connect
_MAX_DOUBLINGS: Final = 10
_log = logging.getLogger("sluiceway.flags")


class Updater:
    """Hands each new set to `take`, and its state to `tell` when that changed; both on its own thread."""

    def __init__(
        self,
        server: Server,
        *,
        timing: Timing,
        poll_s: float,
        known: FlagSet | None,
        etag: str,
        take: Callable[[FlagSet, str], None],
        tell: Callable[[State], None],
    ) -> None:
        self.tried = threading.Event()  # set once the first attempt ended, one way or the other
        self.problem = ""
        self._server = server
        self._timing = timing
        self._poll_s = poll_s
        self._known = known
        self._etag = etag
        self._take = take
        self._tell = tell
        self._told = State.STARTING
        self._heard_at: float | None = None  # monotonic, as all instants here
        self._polled_at: float | None = None
        self._failures = 0
        self._is_streaming = False
        self._is_refused = False
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def state(self) -> State:
        """How things stand at this moment."""
        if self._is_refused:
            return State.REFUSED
        if self._known is None:
            return State.STARTING
        if self._is_streaming:
            return State.LIVE  # `idle_s` sees to that
        heard_s = self.heard_s
        if heard_s is None or heard_s > self._timing.stale_after_s:
            return State.STALE if self.tried.is_set() else State.STARTING
        return State.POLLING

    @property
    def heard_s(self) -> float | None:
        """How many seconds ago the server last said anything; None while it never did."""
        heard_at = self._heard_at
        return None if heard_at is None else time.monotonic() - heard_at

    def start(self) -> None:
        self._thread = threading.Thread(target=self._run, name="sluiceway-flags", daemon=True)
        self._thread.start()

    def stop(self, within_s: float) -> None:
        """End within so many seconds, or leave a thread behind that ends at its next timeout."""
        self._stopping.set()
        self.tried.set()
        self._server.cut()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(within_s)

    def _run(self) -> None:
        while not self._stopping.is_set():
            began_at = time.monotonic()
            pause_s = self._attempt()
            if time.monotonic() - began_at > _STEADY_S:
                self._failures = 0
            self._report()
            self._stopping.wait(max(pause_s, self._backoff_s()))

    def _attempt(self) -> float:
        """Fetch if need be, then follow the stream to its end. Return the pause the server asks for."""
        try:
            if self._must_fetch():
                self._fetch()
            self._follow()
        except UnauthorisedError as error:
            self._fail(error, is_refused=True)
        except BusyError as error:
            self._fail(error)
            return error.retry_after_s
        except (SluicewayError, FlagFileError) as error:
            self._fail(error)
        except Exception as error:
            _log.exception("keeping flags up to date failed; it is tried again")
            self._fail(error)
        return 0.0

    def _backoff_s(self) -> float:
        doubled_s = self._timing.retry_s * 2.0 ** min(self._failures, _MAX_DOUBLINGS)
        return min(doubled_s, self._poll_s) * random.uniform(0.5, 1.0)

    def _must_fetch(self) -> bool:
        polled_at = self._polled_at
        return polled_at is None or time.monotonic() - polled_at >= self._timing.safety_poll_s

    def _fetch(self) -> None:
        found = self._server.fetch(self._etag)
        self._heard()
        if found is not None:
            self._use(read_set(found.document), found.etag)
        self._polled_at = time.monotonic()
        self._report()
        self.tried.set()

    def _follow(self) -> None:
        """Read the stream until it ends, which is always an error."""
        is_open = False
        try:
            with self._server.events(self._timing.idle_s) as stream:
                for event in stream:
                    if self._stopping.is_set():
                        return
                    is_open = self._is_streaming = True
                    self._heard()
                    if event is not None and event.name == _EVENT:
                        self._take_notice(event.data)
                    if self._must_fetch():
                        self._fetch()
                    self._report()
        finally:
            self._is_streaming = False
            if not is_open:
                self._polled_at = None  # no stream to be had: ask for the set each time instead

    def _take_notice(self, data: str) -> None:
        notice = read_notice(data)
        if notice.etag == self._etag:
            return
        if self._known is not None and notice.base and notice.base == self._etag:
            try:
                self._use(patched(self._known, notice), notice.etag)
            except FlagFileError as error:
                _log.warning("a change to flags could not be used, all are fetched instead: %s", error)
            else:
                return
        self._fetch()

    def _use(self, flags: FlagSet, etag: str) -> None:
        self._take(flags, etag)
        self._known, self._etag = flags, etag

    def _heard(self) -> None:
        self._heard_at = time.monotonic()
        self._is_refused = False
        if self.problem:
            _log.info("flags are up to date again")
            self.problem = ""

    def _fail(self, error: Exception, *, is_refused: bool = False) -> None:
        if self._stopping.is_set():
            return
        self._failures += 1
        self._is_refused = is_refused
        if not self.problem:
            _log.warning("flags stay as last known: %s", error)
        self.problem = str(error) or type(error).__name__
        self._report()
        self.tried.set()

    def _report(self) -> None:
        state = self.state
        if state is not self._told:
            self._told = state
            self._tell(state)
