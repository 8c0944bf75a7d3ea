"""What applications ask of flags: typed values with the caller's own default, and the reasons behind them.

No evaluation waits, raises or asks anybody, whatever it is given. A new set is swapped in by replacing one
reference. This much works without a server; keeping the set up to date is the business of `client`.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Final, Self, TypeAlias

from sluiceway.domain.flags.compiling import Evaluator, compile_set
from sluiceway.domain.flags.model import ErrorCode, Evaluation, FlagSet, Json, Reason
from sluiceway.flags_sdk.counting import Decide
from sluiceway.flags_sdk.sets import changed_flags, copied
from sluiceway.flags_sdk.status import Source, State, Status

Context: TypeAlias = Mapping[str, object]
Metadata: TypeAlias = Mapping[str, str | bool | int | float]
NOBODY: Final[Context] = {}
_NO_METADATA: Final[Metadata] = {}
_log = logging.getLogger("sluiceway.flags")


class Flags:
    """A set of flags to ask. `FlagClient` follows a server; what `FlagClient.offline` returns stays."""

    def __init__(self) -> None:
        self._evaluator: Evaluator | None = None
        self._decide: Decide = _not_ready
        self._metadata: Mapping[str, Metadata] = {}
        self._lock = threading.Lock()  # of the two below, which are replaced and never changed
        self._on_change: tuple[Callable[[tuple[str, ...]], None], ...] = ()
        self._on_state: tuple[Callable[[State], None], ...] = ()

    def boolean(self, flag: str, context: Context = NOBODY, default: bool = False) -> bool:
        """Return a boolean flag's value, or `default` when it has none, is of another type or is unknown."""
        try:
            value = self._decide(flag, context).value
        except Exception:
            return default
        return value if value is True or value is False else default

    def string(self, flag: str, context: Context = NOBODY, default: str = "") -> str:
        """Return a string flag's value, or `default`."""
        value = self.evaluate(flag, context).value
        return value if isinstance(value, str) else default

    def number(self, flag: str, context: Context = NOBODY, default: float = 0) -> int | float:
        """Return a number flag's value, or `default`."""
        value = self.evaluate(flag, context).value
        return value if isinstance(value, int | float) and not isinstance(value, bool) else default

    def object(self, flag: str, context: Context = NOBODY, default: Json = None) -> Json:
        """Return an object or list flag's value, yours to change, or `default`."""
        value = self.evaluate(flag, context).value
        return copied(value) if isinstance(value, Mapping | list | tuple) else default

    def evaluate(self, flag: str, context: Context = NOBODY) -> Evaluation:
        """Return a flag's value with variant, reason and culprit. Its value is shared: don't change it."""
        try:
            return self._decide(flag, context)
        except Exception as error:
            return _failed(flag, error)

    def all(self, context: Context = NOBODY) -> dict[str, Evaluation]:
        """Return every flag's evaluation for a context, by id. No exposures: it says nothing about use."""
        evaluator = self._evaluator
        if evaluator is None:
            return {}
        try:
            return {one.flag: one for one in evaluator.evaluate_all(context)}
        except Exception as error:
            return {key: _failed(key, error) for key in evaluator.keys}

    def metadata(self, flag: str) -> Metadata:
        """Return what a flag's makers handed to callers beside its value."""
        try:
            return self._metadata.get(flag, _NO_METADATA)
        except TypeError:  # not even something that could be an id
            return _NO_METADATA

    def on_change(self, listener: Callable[[tuple[str, ...]], None]) -> Callable[[], None]:
        """Call `listener` with the flags that changed after each new set; what is returned ends that.

        It is called on the client's own thread, which brings no further changes until it returns.
        """
        with self._lock:
            self._on_change = (*self._on_change, listener)
        return lambda: self._forget(listener)

    def on_state(self, listener: Callable[[State], None]) -> Callable[[], None]:
        """Call `listener` with each new state of the client, as `on_change` does with flags."""
        with self._lock:
            self._on_state = (*self._on_state, listener)
        return lambda: self._forget(listener)

    def track(self, metric: str, context: Context, value: float = 1.0) -> None:
        """Report a figure of one user, for the experiments that compare by `metric`. Nobody to tell here."""

    def wait_until_tried(self, within_s: float) -> None:
        """Wait until the server was asked once, however it went. There is none here."""

    @property
    def is_ready(self) -> bool:
        """Whether there is a set, so that flags have values of their own."""
        return self._evaluator is not None

    @property
    def status(self) -> Status:
        return self._status(State.OFFLINE, Source.GIVEN)

    def close(self, within_s: float = 2.0) -> None:
        """Let go of the server, if there is one. Evaluations go on with the last known set."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _status(self, state: State, source: Source) -> Status:
        evaluator = self._evaluator
        version = evaluator.flag_set.version if evaluator else 0
        return Status(state, source, version, "", None, "", 0)

    def _swap(self, flags: FlagSet, counted: Callable[[Evaluator], Decide] | None = None) -> None:
        """Put a new set in place, then tell the listeners."""
        evaluator = compile_set(flags, now=time.time, chance=random.random, previous=self._evaluator)
        before = self._evaluator.flag_set if self._evaluator else None
        self._metadata = {one.id: one.metadata for one in flags.flags if one.metadata}
        self._evaluator = evaluator
        self._decide = counted(evaluator) if counted else evaluator.evaluate
        changed = changed_flags(before, flags)
        if changed:
            _tell(self._on_change, changed)

    def _tell_state(self, state: State) -> None:
        _tell(self._on_state, state)

    def _forget(self, listener: Callable[..., None]) -> None:
        with self._lock:
            self._on_change = tuple(one for one in self._on_change if one is not listener)
            self._on_state = tuple(one for one in self._on_state if one is not listener)


def _tell(listeners: Sequence[Callable[..., None]], news: tuple[str, ...] | State) -> None:
    for one in listeners:
        try:
            one(news)
        except Exception:
            _log.exception("a listener to flags failed")


def _not_ready(flag: str, context: Context) -> Evaluation:
    del context
    return _error(flag, ErrorCode.PROVIDER_NOT_READY, "no set of flags has arrived so far")


def _failed(flag: str, error: Exception) -> Evaluation:
    return _error(flag, ErrorCode.INVALID_CONTEXT, f"asking failed with {type(error).__name__}")


def _error(flag: str, code: ErrorCode, detail: str) -> Evaluation:
    name = flag if isinstance(flag, str) else repr(type(flag))  # pyright: ignore[reportUnnecessaryIsInstance]
    return Evaluation(name, None, "", Reason.ERROR, is_on=False, has_value=False, error=code, detail=detail)
