"""What Prometheus answered, as figures. Several series for one figure are refused rather than guessed at; an
empty answer, NaN and infinity are no data.

Source: Prometheus docs, "HTTP API", "Expression query result formats".
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any, cast

from sluiceway.domain.process.plan import MetricSpec
from sluiceway.domain.rollouts.model import Reading
from sluiceway.errors import PermanentProviderError, ProviderError, TemporaryProviderError

_TOO_MANY_REQUESTS = 429
_DENIED = frozenset({401, 403})


@dataclass(frozen=True, slots=True)
class Sample:
    """A finite figure and the moment it is of, in seconds since 1970 by the server's clock."""

    at_s: float
    value: float


def data_of(status: int, body: bytes, where: str) -> dict[str, Any]:
    """Return the `data` of an answer, or raise what its status and text mean."""
    try:
        parsed = json.loads(body)
    except ValueError:
        parsed = None
    answer = cast("dict[str, Any]", parsed) if isinstance(parsed, dict) else {}
    said = f"status {status}: {answer['error']}" if "error" in answer else f"status {status}"
    if status >= 500 or status == _TOO_MANY_REQUESTS:
        raise TemporaryProviderError(f"{where}: {said}")
    if status in _DENIED:
        raise PermanentProviderError(f"{where}: {said}; it wants another user or password")
    if status >= 400:
        raise PermanentProviderError(f"{where}: {said}; mend the query or the address")
    data = answer.get("data")
    if answer.get("status") != "success" or not isinstance(data, dict):
        raise PermanentProviderError(f"{where}: {said}, but the answer is not Prometheus's; mend the address")
    return cast("dict[str, Any]", data)


def latest(spec: MetricSpec, key: str, data: dict[str, Any]) -> Sample | None:
    """Return the one figure of an instant query, which the process calls `key`; None when there is none.

    Raises PermanentProviderError for several series, and for an answer that is not Prometheus's.
    """
    try:
        kind = data["resultType"]
        if kind == "scalar":
            return _sample(data["result"])
        if kind != "vector":
            raise _unfit(spec, key, f"a {kind}, where one figure is needed")
        series = _only_series(spec, key, data["result"])
        return _sample(series["value"]) if series is not None else None
    except (KeyError, IndexError, TypeError, ValueError) as failure:
        raise _malformed(spec, failure) from failure


def mean(spec: MetricSpec, data: dict[str, Any]) -> float | None:
    """Return the mean of the finite points of a range query, None without any. Raises as `latest` does."""
    try:
        series = _only_series(spec, "query", data["result"])
        points = [float(point[1]) for point in series["values"]] if series is not None else []
    except (KeyError, IndexError, TypeError, ValueError) as failure:
        raise _malformed(spec, failure) from failure
    finite = [point for point in points if math.isfinite(point)]
    return math.fsum(finite) / len(finite) if finite else None


def reading(value: float | None) -> Reading:
    """Return the figure as a reading, no data when it is not finite."""
    return Reading(value if value is not None and math.isfinite(value) else None)


def _sample(point: Any) -> Sample | None:
    at_s, value = float(point[0]), float(point[1])
    if not math.isfinite(at_s):
        raise ValueError(f"a time of {at_s}")
    return Sample(at_s, value) if math.isfinite(value) else None


def _only_series(spec: MetricSpec, key: str, result: list[Any]) -> Any:
    if len(result) > 1:
        raise _unfit(
            spec, key, f"{len(result)} series, where one is needed; aggregate them, as with sum(...)"
        )
    return result[0] if result else None


def _unfit(spec: MetricSpec, key: str, found: str) -> ProviderError:
    which = "query" if key == "query" else f"query '{key}'"
    return PermanentProviderError(
        f"metric {spec.name}: its {which} gives {found}; mend metrics.{spec.name}.{key}"
    )


def _malformed(spec: MetricSpec, failure: Exception) -> PermanentProviderError:
    return PermanentProviderError(
        f"metric {spec.name}: the answer is not as Prometheus gives it ({failure!r}); mend the address"
    )
