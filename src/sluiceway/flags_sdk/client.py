"""A client of flags: decides in the application's own memory, with a set that is kept up to date behind it.

How changes get here is the business of `updating`, how the set outlives the process that of `last_known`,
what the server learns in return that of `exposures`.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from sluiceway.domain.flags.model import FlagSet
from sluiceway.domain.flags.targeting import key_of
from sluiceway.domain.flags.wire_reading import set_from_json
from sluiceway.errors import InvalidInputError
from sluiceway.flags_sdk.evaluations import Flags
from sluiceway.flags_sdk.forking import mind_forks_of
from sluiceway.flags_sdk.status import Source, State, Status
from sluiceway.flags_sdk.timing import USUAL, Timing

if TYPE_CHECKING:
    import ssl

    from sluiceway.flags_sdk.counting import Exposure
    from sluiceway.flags_sdk.updating import Updater


class FlagClient(Flags):
    """Feature flags of one service in one environment: those of the token. Safe to share between threads.

    Make one per process and keep it:

        flags = FlagClient("https://sluiceway.example:7700", token, cache_path="/var/lib/shop/flags.json")
        if flags.boolean("new-checkout", Context("user-7", country="DE"), False): ...

    Making it waits at most `start_wait_s` for the first set and then goes on without: with the set in the
    file at `cache_path`, where an earlier run left one, else every evaluation gives the caller's default
    until the server was heard. A process that forks has a working client in each child.

    `poll_s`: how often the set is asked for while no event stream can be had. `sends_exposures`: whether the
    server learns how often which variant was served, and for flags with an experiment to which (hashed)
    users. `on_exposure` is told when such a user sees a variant, once every few seconds at most, on the
    thread that asked. `tls` replaces the system's certificates, for a server with one of its own.

    Raises InvalidInputError when the address or the token can't be one. Nothing else here raises.
    """

    def __init__(
        self,
        url: str,
        token: str,
        *,
        cache_path: str | Path | None = None,
        start_wait_s: float = 3.0,
        poll_s: float = 15.0,
        sends_exposures: bool = True,
        on_exposure: Callable[[Exposure], None] | None = None,
        tls: ssl.SSLContext | None = None,
        timing: Timing = USUAL,
    ) -> None:
        # Here, so that offline flags do without HTTP, TLS and what they load.
        from sluiceway.flags_sdk.exposures import Exposures
        from sluiceway.flags_sdk.last_known import LastKnown
        from sluiceway.flags_sdk.transport import Server

        super().__init__()
        if not poll_s > 0:
            raise InvalidInputError(f"poll_s is {poll_s}; expected seconds above 0")
        self._server = Server(url, token, timeout_s=timing.timeout_s, tls=tls)
        self._timing = timing
        self._poll_s = poll_s
        self._last_known = LastKnown(Path(cache_path)) if cache_path is not None else None
        self._is_closed = False
        self._source = Source.NONE
        self._etag = ""

        def exposures() -> Exposures:
            return Exposures(self._server, flush_s=timing.flush_s, on_exposure=on_exposure)

        self._new_exposures = exposures if sends_exposures or on_exposure else None
        self._sends_exposures = sends_exposures
        self._exposures = self._new_exposures() if self._new_exposures else None
        self._load()
        self._updater = self._new_updater()
        mind_forks_of(self)
        self._start()
        self._updater.tried.wait(start_wait_s)

    @staticmethod
    def offline(source: str | Path | Mapping[str, object]) -> Flags:
        """Return flags that never change: of a set as a JSON object, or of a file that holds one.

        A file that a client kept at its `cache_path` is one. Raises FlagFileError naming what is wrong with a
        set, and OSError when a file can't be read.
        """
        if isinstance(source, str | Path):
            from sluiceway.flags_sdk.last_known import read_kept

            found = read_kept(Path(source)).flags
        else:
            found = set_from_json(json.loads(json.dumps(source)), where="flag set")
        flags = Flags()
        flags._swap(found)
        return flags

    def track(self, metric: str, context: Mapping[str, object], value: float = 1.0) -> None:
        """Report a figure of one user, for the experiments that compare by `metric`.

        Never waits and never raises: it is sent with the exposures, under the user's hashed key. Without a
        targeting key, or a finite number, there is nothing to report.
        """
        if self._exposures is None or not self._sends_exposures:
            return
        try:
            key = key_of(context)
            if key is not None:
                self._exposures.measure(metric, key, value)
        except Exception:
            return

    def wait_until_tried(self, within_s: float) -> None:
        """Wait until the server was asked once, however it went, at most `within_s` seconds."""
        self._updater.tried.wait(within_s)

    @property
    def status(self) -> Status:
        """How things stand at this moment; cheap enough for a health page."""
        updater, evaluator = self._updater, self._evaluator
        return Status(
            state=State.CLOSED if self._is_closed else updater.state,
            source=self._source,
            version=evaluator.flag_set.version if evaluator else 0,
            etag=self._etag,
            heard_s=updater.heard_s,
            problem=updater.problem,
            lost_exposures=self._exposures.lost if self._exposures else 0,
        )

    def close(self, within_s: float = 2.0) -> None:
        """Send the last exposures and let go of the server, in `within_s` seconds at most.

        Evaluations go on with the last known set. Closing again does nothing.
        """
        if self._is_closed:
            return
        self._is_closed = True
        ends_at = time.monotonic() + within_s
        self._updater.stop(within_s / 2)
        if self._exposures is not None:
            self._exposures.stop(max(0.0, ends_at - time.monotonic()))
        self._tell_state(State.CLOSED)

    def after_fork(self) -> None:
        """Begin anew in a child: its own connections and threads, and none of the parent's exposures."""
        self._lock = threading.Lock()
        self._server.abandon()
        if self._is_closed:
            return
        if self._new_exposures is not None:
            self._exposures = self._new_exposures()
            if self._evaluator is not None:
                self._decide = self._exposures.counted(self._evaluator)
        self._updater = self._new_updater()
        self._start()

    def _start(self) -> None:
        self._updater.start()
        if self._exposures is not None and self._sends_exposures:
            self._exposures.start()

    def _new_updater(self) -> Updater:
        from sluiceway.flags_sdk.updating import Updater

        return Updater(
            self._server,
            timing=self._timing,
            poll_s=self._poll_s,
            known=self._evaluator.flag_set if self._evaluator else None,
            etag=self._etag,
            take=self._take,
            tell=self._tell_state,
        )

    def _load(self) -> None:
        kept = self._last_known.load() if self._last_known else None
        if kept is not None:
            self._etag, self._source = kept.etag, Source.FILE
            self._swap(kept.flags, self._exposures.counted if self._exposures else None)

    def _take(self, flags: FlagSet, etag: str) -> None:
        """Put a set from the server in place; for the thread that hears it."""
        self._etag, self._source = etag, Source.SERVER
        self._swap(flags, self._exposures.counted if self._exposures else None)
        if self._last_known is not None:
            self._last_known.keep(flags, etag)
