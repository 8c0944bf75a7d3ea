"""Evaluations as OFREP 0.3.0 answers them: JSON, written once per outcome of a flag.

Source: open-feature/protocol, `service/openapi.yaml`. Its `reason` knows five words; where ours says more,
the exact one stands in `metadata.reason`, with `metadata.culprit` (the flag or metric behind it) and
`metadata.rule` (the id of the rule that decided). A flag that leaves its value to the caller has no `value`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, assert_never

import msgspec

from sluiceway.domain.flags.model import ErrorCode, Evaluation, FlagSet, Reason

_OUTCOMES_KEPT = 64  # per flag on average; more than that are written again each time
_encode: Final = msgspec.json.Encoder().encode


class Answers:
    """Writes the evaluations of one set. To be used on one thread."""

    def __init__(self, flags: FlagSet) -> None:
        self._metadata = {flag.id: flag.metadata for flag in flags.flags}
        self._written: dict[int, bytes] = {}  # by the id of an evaluation that `_kept` keeps alive
        self._kept: list[Evaluation] = []
        self._most = max(1_000, _OUTCOMES_KEPT * len(flags.flags))

    def of(self, evaluation: Evaluation) -> bytes:
        """Return one flag's answer."""
        found = self._written.get(id(evaluation))
        return found if found is not None else self._write(evaluation)

    def of_each(
        self,
        evaluate: Callable[[str, Mapping[str, object]], Evaluation],
        keys: Sequence[str],
        context: Mapping[str, object],
    ) -> list[bytes]:
        """Return the answers of these flags for one context."""
        known, write = self._written.get, self._write
        found: list[bytes] = []
        for key in keys:
            evaluation = evaluate(key, context)
            found.append(known(id(evaluation)) or write(evaluation))
        return found

    def _write(self, evaluation: Evaluation) -> bytes:
        try:
            text = _encode(answer_of(evaluation, self._metadata.get(evaluation.flag, {})))
        except (TypeError, ValueError):  # half a surrogate pair, say; the other flags are served all the same
            text = failure(ErrorCode.GENERAL, "its value can't be written as JSON", evaluation.flag)
        if len(self._kept) < self._most:
            self._kept.append(evaluation)
            self._written[id(evaluation)] = text
        return text


def answer_of(evaluation: Evaluation, metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Return the members of `evaluationSuccess` or `evaluationFailure`."""
    about = {**metadata, **_more(evaluation)}
    found: dict[str, Any] = {"key": evaluation.flag}
    if evaluation.error is not None:
        found |= {"errorCode": _code(evaluation.error), "errorDetails": evaluation.detail}
    else:
        if evaluation.has_value:
            found["value"] = evaluation.value
        found["reason"] = reason_of(evaluation.reason)
        if evaluation.variant and evaluation.has_value:
            found["variant"] = evaluation.variant
    return {**found, "metadata": about} if about else found


def failure(code: ErrorCode, detail: str, key: str | None = None) -> bytes:
    """Return a failure as a whole answer: of one flag with its key, of a bulk request without."""
    about = {} if key is None else {"key": key}
    return _encode({**about, "errorCode": code.value, "errorDetails": detail})


def reason_of(reason: Reason) -> str:
    """Return the word that OFREP has for a reason."""
    match reason:
        case Reason.STATIC | Reason.TARGETING_MATCH | Reason.SPLIT | Reason.DISABLED:
            return reason.value
        case Reason.KILLED | Reason.SCHEDULED | Reason.THRESHOLD | Reason.DEPENDENCY:
            return "DISABLED"
        case Reason.DEFAULT | Reason.ERROR:
            return "UNKNOWN"
        case _:
            assert_never(reason)


def _more(evaluation: Evaluation) -> dict[str, str]:
    exact = evaluation.reason.value
    said = {
        "reason": exact if exact != reason_of(evaluation.reason) else "",
        "culprit": evaluation.culprit,
        "rule": evaluation.rule,
    }
    return {name: text for name, text in said.items() if text}


def _code(error: ErrorCode) -> str:
    """Return the code that OFREP has for an error of a flag that exists."""
    match error:
        case ErrorCode.PARSE_ERROR | ErrorCode.TARGETING_KEY_MISSING | ErrorCode.INVALID_CONTEXT:
            return error.value
        case _:
            return ErrorCode.GENERAL.value
