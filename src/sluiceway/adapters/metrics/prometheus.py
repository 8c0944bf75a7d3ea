"""Figures from a Prometheus server: an instant or a range query per metric, in PromQL.

Protocol: Prometheus docs, "HTTP API", `/api/v1/query` and `/api/v1/query_range`. Several series for one
figure are refused rather than guessed at; an empty answer is no data.
"""

from __future__ import annotations

import math
import re
import time
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import httpx
from pydantic import TypeAdapter, ValidationError

from sluiceway.domain.process.plan import Ingress, MetricSpec
from sluiceway.domain.rollouts.model import Reading
from sluiceway.errors import PermanentProviderError, TemporaryProviderError
from sluiceway.ports.metrics import Target

_PLACEHOLDER = re.compile(r"\{\{\s*(\w+)\s*\}\}")
_TOO_MANY_REQUESTS = 429
_BODY: TypeAdapter[dict[str, Any]] = TypeAdapter(dict[str, Any])


class PrometheusMetrics:
    """The metrics provider `prometheus`. One HTTP client for all threads."""

    name = "prometheus"

    def __init__(self, transport: httpx.BaseTransport | None = None) -> None:
        self._http = httpx.Client(transport=transport, trust_env=False, follow_redirects=True)

    def collect(self, ingress: Ingress) -> None:
        """See `MetricsProvider.collect`: nothing to do, Prometheus collects."""

    def read(self, spec: MetricSpec, target: Target, window_s: float) -> Reading:
        """See `MetricsProvider.read`. A range query counts as the mean of its finite points."""
        query = filled(spec, target, window_s)
        if spec.range_step_s > 0:
            end_s = time.time()
            params = {
                "query": query,
                "start": f"{end_s - window_s:.3f}",
                "end": f"{end_s:.3f}",
                "step": f"{spec.range_step_s:g}",
            }
            return _mean(spec, self._ask(spec, "query_range", params))
        return _latest(spec, self._ask(spec, "query", {"query": query}))

    def close(self) -> None:
        """Close its connections."""
        self._http.close()

    def _ask(self, spec: MetricSpec, path: str, params: dict[str, str]) -> dict[str, Any]:
        address, credentials = without_credentials(spec.address)
        where = f"prometheus at {address} for metric {spec.name}"
        try:
            answer = self._http.post(
                f"{address.rstrip('/')}/api/v1/{path}",
                data=params,
                auth=httpx.BasicAuth(*credentials) if credentials else httpx.USE_CLIENT_DEFAULT,
                timeout=spec.timeout_s,
            )
        except httpx.TimeoutException as failure:
            raise TemporaryProviderError(f"{where}: no answer within {spec.timeout_s:g} s") from failure
        except httpx.InvalidURL as failure:
            raise PermanentProviderError(
                f"{where}: not an address; mend metrics.{spec.name}.address"
            ) from failure
        except httpx.HTTPError as failure:
            raise TemporaryProviderError(f"{where}: {type(failure).__name__}: {failure}") from failure
        return _data(answer, where)


def filled(spec: MetricSpec, target: Target, window_s: float) -> str:
    """Return the query with `{{version}}`, `{{service}}` and `{{window}}` filled in, safe inside a string.

    Raises PermanentProviderError for any other placeholder.
    """
    values = {
        "version": target.version,
        "service": target.service.name,
        "window": f"{max(1, round(window_s))}s",
    }

    def value(found: re.Match[str]) -> str:
        name = found.group(1)
        if name not in values:
            known = ", ".join(f"{{{{{known}}}}}" for known in values)
            raise PermanentProviderError(
                f"metric {spec.name}: its query has the placeholder {{{{{name}}}}}; known are {known}"
            )
        return values[name].replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")

    return _PLACEHOLDER.sub(value, spec.query)


def without_credentials(address: str) -> tuple[str, tuple[str, str] | None]:
    """Return the address as it may be shown, and the user and password that it held."""
    parts = urlsplit(address)
    if parts.username is None:
        return address, None
    place = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=place)), (parts.username, parts.password or "")


def _data(answer: httpx.Response, where: str) -> dict[str, Any]:
    """Return the `data` of an answer, or raise what its status and text mean."""
    try:
        body = _BODY.validate_json(answer.content)
    except ValidationError:
        body = {}
    said = str(body.get("error") or f"status {answer.status_code}")
    if answer.status_code >= 500 or answer.status_code == _TOO_MANY_REQUESTS:
        raise TemporaryProviderError(f"{where}: {said}")
    if answer.is_error:
        raise PermanentProviderError(f"{where}: {said}; mend the query or the address")
    try:
        return _BODY.validate_python(body.get("data"))
    except ValidationError as failure:
        raise PermanentProviderError(
            f"{where}: the answer is not Prometheus's; mend metrics.*.address"
        ) from failure


def _latest(spec: MetricSpec, data: dict[str, Any]) -> Reading:
    try:
        if data["resultType"] == "scalar":
            return _reading(data["result"][1])
        series = _only_series(spec, data["result"])
        return _reading(series["value"][1]) if series is not None else Reading(None)
    except (KeyError, IndexError, TypeError, ValueError) as failure:
        raise _malformed(spec, failure) from failure


def _mean(spec: MetricSpec, data: dict[str, Any]) -> Reading:
    try:
        series = _only_series(spec, data["result"])
        points = [float(point[1]) for point in series["values"]] if series is not None else []
    except (KeyError, IndexError, TypeError, ValueError) as failure:
        raise _malformed(spec, failure) from failure
    finite = [point for point in points if math.isfinite(point)]
    return Reading(sum(finite) / len(finite)) if finite else Reading(None)


def _only_series(spec: MetricSpec, result: list[Any]) -> Any:
    if len(result) > 1:
        raise PermanentProviderError(
            f"metric {spec.name}: its query gives {len(result)} series; add sum() or another aggregation"
        )
    return result[0] if result else None


def _reading(text: str) -> Reading:
    value = float(text)
    return Reading(value if math.isfinite(value) else None)


def _malformed(spec: MetricSpec, failure: Exception) -> PermanentProviderError:
    return PermanentProviderError(f"metric {spec.name}: the answer is malformed ({failure!r})")
