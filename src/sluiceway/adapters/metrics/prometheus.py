"""Figures from a Prometheus server: an instant or a range query per metric, in PromQL.

Source: Prometheus docs, "HTTP API", `/api/v1/query` and `/api/v1/query_range`. Several series for one figure
are refused rather than guessed at; an empty answer, NaN and infinity are no data.
"""

from __future__ import annotations

import json
import math
import re
import time
from collections.abc import Callable
from typing import Any, cast
from urllib.parse import unquote, urlsplit, urlunsplit

import httpx

from sluiceway.adapters.metrics.prometheus_query import filled
from sluiceway.domain.process.plan import Ingress, MetricSpec
from sluiceway.domain.rollouts.model import Reading
from sluiceway.errors import PermanentProviderError, ProviderError, TemporaryProviderError
from sluiceway.ports.metrics import Target

MAX_POINTS = 10_000  # of one range query; Prometheus refuses more than 11 000
MAX_BYTES = 5_000_000
_NOT_AGAIN_S = 1.0  # after a timeout: the other readings of the same metric would only wait as long
_TOO_MANY_REQUESTS = 429
_DENIED = frozenset({401, 403})


class PrometheusMetrics:
    """The metrics provider `prometheus`. One HTTP client for all threads.

    A user and password in an address are sent as basic authentication and shown nowhere.
    """

    name = "prometheus"

    def __init__(
        self, transport: httpx.BaseTransport | None = None, wall_s: Callable[[], float] = time.time
    ) -> None:
        self._http = httpx.Client(transport=transport, trust_env=False, follow_redirects=True)
        self._wall_s = wall_s
        self._timed_out: dict[tuple[str, str], float] = {}  # when, by address and metric

    def collect(self, ingress: Ingress) -> None:
        """See `MetricsProvider.collect`: nothing to do, Prometheus collects."""

    def read(self, spec: MetricSpec, target: Target, window_s: float) -> Reading:
        """See `MetricsProvider.read`. A range query counts as the mean of its finite points."""
        query = filled(spec, target, window_s)
        if spec.range_step_s <= 0:
            return _latest(spec, self._ask(spec, "query", {"query": query}))
        end_s = self._wall_s()
        parameters = {
            "query": query,
            "start": f"{end_s - window_s:.3f}",
            "end": f"{end_s:.3f}",
            "step": f"{max(spec.range_step_s, window_s / MAX_POINTS):g}",
        }
        return _mean(spec, self._ask(spec, "query_range", parameters))

    def close(self) -> None:
        """Close its connections."""
        self._http.close()

    def _ask(self, spec: MetricSpec, path: str, parameters: dict[str, str]) -> dict[str, Any]:
        address, credentials = without_credentials(spec)
        where = f"prometheus at {address} for metric {spec.name}"
        silent = TemporaryProviderError(f"{where}: no answer within {spec.timeout_s:g} s")
        known_s = self._timed_out.get((address, spec.name))
        if known_s is not None and time.monotonic() - known_s < _NOT_AGAIN_S:
            raise silent
        request = self._http.build_request(
            "POST", f"{address}/api/v1/{path}", data=parameters, timeout=spec.timeout_s
        )
        try:
            status, body = self._answer(request, credentials, spec.timeout_s)
        except httpx.TimeoutException as failure:
            self._timed_out[address, spec.name] = time.monotonic()
            raise silent from failure
        except httpx.TransportError as failure:
            raise TemporaryProviderError(f"{where}: {_words(failure)}") from failure
        except httpx.HTTPError as failure:
            raise PermanentProviderError(f"{where}: {_words(failure)}; mend the address") from failure
        return _data(status, body, where)

    def _answer(
        self, request: httpx.Request, credentials: tuple[str, str] | None, timeout_s: float
    ) -> tuple[int, bytes]:
        # The client's timeout limits each step, this one the whole of an answer that drips in.
        deadline_s = time.monotonic() + timeout_s
        answer = self._http.send(request, auth=credentials, stream=True)
        try:
            body = b""
            for chunk in answer.iter_bytes():
                body += chunk
                if time.monotonic() > deadline_s:
                    raise httpx.ReadTimeout("the answer does not end", request=request)
                if len(body) > MAX_BYTES:
                    raise httpx.DecodingError(f"an answer of more than {MAX_BYTES} bytes", request=request)
            return answer.status_code, body
        finally:
            answer.close()


def without_credentials(spec: MetricSpec) -> tuple[str, tuple[str, str] | None]:
    """Return the metric's address as it may be shown, and the user and password that it held.

    Raises PermanentProviderError when it is not an address of a web server.
    """
    try:
        parts = urlsplit(spec.address)
        is_web = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        parts, is_web = urlsplit(""), False
    if not is_web:
        shown = re.sub(r"//.*@", "//***@", spec.address)
        raise PermanentProviderError(
            f"metric {spec.name}: {shown!r} is not an address such as http://127.0.0.1:9090; "
            f"mend metrics.{spec.name}.address"
        )
    place = parts.netloc.rpartition("@")[2]
    address = urlunsplit((parts.scheme, place, parts.path.rstrip("/"), "", ""))
    if parts.username is None:
        return address, None
    return address, (unquote(parts.username), unquote(parts.password or ""))


def _words(failure: httpx.HTTPError) -> str:
    return str(failure) or type(failure).__name__


def _data(status: int, body: bytes, where: str) -> dict[str, Any]:
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


def _latest(spec: MetricSpec, data: dict[str, Any]) -> Reading:
    try:
        kind = data["resultType"]
        if kind == "scalar":
            return _reading(float(data["result"][1]))
        if kind != "vector":
            raise _unfit(spec, f"a {kind}, where one figure is needed")
        series = _only_series(spec, data["result"])
        return _reading(float(series["value"][1])) if series is not None else Reading(None)
    except (KeyError, IndexError, TypeError, ValueError) as failure:
        raise _malformed(spec, failure) from failure


def _mean(spec: MetricSpec, data: dict[str, Any]) -> Reading:
    try:
        series = _only_series(spec, data["result"])
        points = [float(point[1]) for point in series["values"]] if series is not None else []
    except (KeyError, IndexError, TypeError, ValueError) as failure:
        raise _malformed(spec, failure) from failure
    finite = [point for point in points if math.isfinite(point)]
    return _reading(math.fsum(finite) / len(finite)) if finite else Reading(None)


def _only_series(spec: MetricSpec, result: list[Any]) -> Any:
    if len(result) > 1:
        raise _unfit(spec, f"{len(result)} series, where one is needed; aggregate them, as with sum(...)")
    return result[0] if result else None


def _reading(value: float) -> Reading:
    return Reading(value if math.isfinite(value) else None)


def _unfit(spec: MetricSpec, found: str) -> ProviderError:
    return PermanentProviderError(
        f"metric {spec.name}: its query gives {found}; mend metrics.{spec.name}.query"
    )


def _malformed(spec: MetricSpec, failure: Exception) -> PermanentProviderError:
    return PermanentProviderError(
        f"metric {spec.name}: the answer is not as Prometheus gives it ({failure!r}); mend the address"
    )
