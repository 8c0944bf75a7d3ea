"""Flags behind OpenFeature's API (Python SDK, specification 0.8): the provider, and nothing of its own.

    openfeature.api.set_provider(SluicewayProvider(FlagClient(url, token)))

Needs the package `openfeature-sdk`. Evaluations are local, so the asynchronous methods answer at once and
nothing is cached. What holds a flag off beyond OpenFeature's words (KILLED, SCHEDULED, THRESHOLD, DEPENDENCY)
is DISABLED here; the exact reason and its culprit stand in the flag's metadata as `reason` and `culprit`.
"""

from __future__ import annotations

# pyright: reportMissingTypeStubs=false
# The SDK is typed, but a namespace package, in which pyright does not look for its `py.typed`.
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Final, TypeVar, cast

from openfeature.evaluation_context import EvaluationContext
from openfeature.event import ProviderEventDetails
from openfeature.exception import ErrorCode, ProviderFatalError, ProviderNotReadyError
from openfeature.flag_evaluation import FlagMetadata, FlagResolutionDetails, FlagValueType
from openfeature.flag_evaluation import Reason as OpenFeatureReason
from openfeature.hook import Hook
from openfeature.provider import AbstractProvider, Metadata
from openfeature.track import TrackingEventDetails

from sluiceway.domain.flags.model import TARGETING_KEY, Evaluation, Json, Reason
from sluiceway.flags_sdk.evaluations import Flags
from sluiceway.flags_sdk.sets import copied
from sluiceway.flags_sdk.status import State

_T = TypeVar("_T", bound=FlagValueType)
_OBJECT = Sequence[FlagValueType] | Mapping[str, FlagValueType]

_REASONS: Final = {
    Reason.STATIC: OpenFeatureReason.STATIC,
    Reason.DEFAULT: OpenFeatureReason.DEFAULT,
    Reason.TARGETING_MATCH: OpenFeatureReason.TARGETING_MATCH,
    Reason.SPLIT: OpenFeatureReason.SPLIT,
    Reason.DISABLED: OpenFeatureReason.DISABLED,
    Reason.DEPENDENCY: OpenFeatureReason.DISABLED,
    Reason.KILLED: OpenFeatureReason.DISABLED,
    Reason.SCHEDULED: OpenFeatureReason.DISABLED,
    Reason.THRESHOLD: OpenFeatureReason.DISABLED,
    Reason.ERROR: OpenFeatureReason.ERROR,
}
_NO_METADATA: Final[FlagMetadata] = MappingProxyType({})


class SluicewayProvider(AbstractProvider):
    """A provider on top of a client, or of `FlagClient.offline`.

    `shutdown` closes the client unless `closes_client` is False, for one that is used elsewhere as well.
    `initialize` waits up to `start_wait_s` for a first set: without one it raises ProviderFatalError when the
    server refused the token, else ProviderNotReadyError, and READY follows once the server was heard.
    """

    def __init__(
        self,
        client: Flags,
        *,
        start_wait_s: float = 3.0,
        closes_client: bool = True,
        hooks: Sequence[Hook] = (),
    ) -> None:
        super().__init__()
        self._client = client
        self._start_wait_s = start_wait_s
        self._closes_client = closes_client
        self._hooks = list(hooks)
        self._forget: tuple[Callable[[], None], ...] = ()

    def get_metadata(self) -> Metadata:
        return Metadata(name="Sluiceway")

    def get_provider_hooks(self) -> list[Hook]:
        return list(self._hooks)

    def initialize(self, evaluation_context: EvaluationContext) -> None:
        """Wait for the first set. Raises ProviderFatalError or ProviderNotReadyError when none came."""
        del evaluation_context  # comes with every evaluation
        self._stop_listening()
        self._forget = (self._client.on_change(self._changed), self._client.on_state(self._became))
        self._client.wait_until_tried(self._start_wait_s)
        status = self._client.status
        if self._client.is_ready:
            return
        if status.state is State.REFUSED:
            raise ProviderFatalError(status.problem)
        raise ProviderNotReadyError(status.problem or f"no flags came within {self._start_wait_s:g} s")

    def shutdown(self) -> None:
        self._stop_listening()
        if self._closes_client:
            self._client.close()

    def resolve_boolean_details(
        self, flag_key: str, default_value: bool, evaluation_context: EvaluationContext | None = None
    ) -> FlagResolutionDetails[bool]:
        return self._resolved(flag_key, default_value, evaluation_context, _boolean)

    def resolve_string_details(
        self, flag_key: str, default_value: str, evaluation_context: EvaluationContext | None = None
    ) -> FlagResolutionDetails[str]:
        return self._resolved(flag_key, default_value, evaluation_context, _string)

    def resolve_integer_details(
        self, flag_key: str, default_value: int, evaluation_context: EvaluationContext | None = None
    ) -> FlagResolutionDetails[int]:
        return self._resolved(flag_key, default_value, evaluation_context, _integer)

    def resolve_float_details(
        self, flag_key: str, default_value: float, evaluation_context: EvaluationContext | None = None
    ) -> FlagResolutionDetails[float]:
        return self._resolved(flag_key, default_value, evaluation_context, _float)

    def resolve_object_details(
        self,
        flag_key: str,
        default_value: _OBJECT,
        evaluation_context: EvaluationContext | None = None,
    ) -> FlagResolutionDetails[_OBJECT]:
        return self._resolved(flag_key, default_value, evaluation_context, _object)

    def track(
        self,
        tracking_event_name: str,
        evaluation_context: EvaluationContext | None = None,
        tracking_event_details: TrackingEventDetails | None = None,
    ) -> None:
        """Report a figure of a user for experiments that compare by this name; 1 without a value."""
        value = tracking_event_details.value if tracking_event_details else None
        self._client.track(tracking_event_name, _context(evaluation_context), 1.0 if value is None else value)

    def _resolved(
        self,
        flag: str,
        default: _T,
        asked: EvaluationContext | None,
        read: Callable[[object], _T | None],
    ) -> FlagResolutionDetails[_T]:
        found = self._client.evaluate(flag, _context(asked))
        metadata = self._metadata(found)
        if found.error is not None:
            code = ErrorCode[found.error.name]
            return _refused(default, code, found.detail, metadata)
        if not found.has_value:
            return FlagResolutionDetails(default, reason=_REASONS[found.reason], flag_metadata=metadata)
        value = read(found.value)
        if value is None:
            said = f"the flag is {type(found.value).__name__}, asked for as {type(default).__name__}"
            return _refused(default, ErrorCode.TYPE_MISMATCH, said, metadata)
        return FlagResolutionDetails(
            value, reason=_REASONS[found.reason], variant=found.variant, flag_metadata=metadata
        )

    def _metadata(self, found: Evaluation) -> FlagMetadata:
        given = self._client.metadata(found.flag)
        reason = _REASONS[found.reason]
        if reason.value == found.reason.value:
            return MappingProxyType({**given}) if given else _NO_METADATA
        exact = {"reason": found.reason.value, "culprit": found.culprit}
        return MappingProxyType({**given, **{key: said for key, said in exact.items() if said}})

    def _changed(self, flags: tuple[str, ...]) -> None:
        self.emit_provider_configuration_changed(ProviderEventDetails(flags_changed=list(flags)))

    def _became(self, state: State) -> None:
        match state:
            case State.LIVE | State.POLLING:
                self.emit_provider_ready(ProviderEventDetails())
            case State.STALE | State.REFUSED:
                self._stand_still(state)
            case State.STARTING | State.OFFLINE | State.CLOSED:
                pass

    def _stand_still(self, state: State) -> None:
        """Say that flags no longer change: STALE while there are some, else an error."""
        details = ProviderEventDetails(message=self._client.status.problem)
        if self._client.is_ready:
            self.emit_provider_stale(details)
        elif state is State.REFUSED:
            details.error_code = ErrorCode.PROVIDER_FATAL
            self.emit_provider_error(details)

    def _stop_listening(self) -> None:
        for forget in self._forget:
            forget()
        self._forget = ()


def _context(asked: EvaluationContext | None) -> Mapping[str, object]:
    if asked is None:
        return {}
    found: dict[str, object] = {
        key: one.isoformat() if isinstance(one, datetime) else one for key, one in asked.attributes.items()
    }
    if asked.targeting_key:
        found[TARGETING_KEY] = asked.targeting_key
    return found


def _refused(default: _T, code: ErrorCode, message: str, metadata: FlagMetadata) -> FlagResolutionDetails[_T]:
    return FlagResolutionDetails(
        default,
        error_code=code,
        error_message=message,
        reason=OpenFeatureReason.ERROR,
        flag_metadata=metadata,
    )


def _boolean(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def _string(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _integer(value: object) -> int | None:
    """Whole numbers, however the flag's maker wrote them: 10 and 10.0 are one number in JSON."""
    if isinstance(value, bool):
        return None
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, int) else None


def _float(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value)
    except OverflowError:  # a whole number beyond what a float holds
        return None


def _object(value: object) -> _OBJECT | None:
    if not isinstance(value, Mapping | list | tuple):
        return None
    return cast("_OBJECT", copied(cast("Json", value)))
