"""Figures from a Prometheus server: an instant or a range query per metric, in PromQL.

Source: Prometheus docs, "HTTP API", `/api/v1/query` and `/api/v1/query_range`. What the answers mean is the
business of `prometheus_answers`.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import unquote, urlsplit, urlunsplit

import httpx

from sluiceway.adapters.metrics.prometheus_answers import data_of, latest, mean, reading
from sluiceway.adapters.metrics.prometheus_query import filled, filled_totals
from sluiceway.domain.process.plan import AnalysedMetric, Comparison, Ingress, MetricSpec
from sluiceway.domain.rollouts.model import Reading
from sluiceway.errors import PermanentProviderError, TemporaryProviderError
from sluiceway.ports.metrics import Target, Totals

MAX_POINTS = 10_000  # of one range query; Prometheus refuses more than 11 000
MAX_BYTES = 5_000_000
_NOT_AGAIN_S = 1.0  # after a timeout: the other readings of the same metric would only wait as long


class PrometheusMetrics:
    """The metrics provider `prometheus`. One HTTP client for all threads.

    A user and password in an address are sent as basic authentication and shown nowhere.
    """

    name = "prometheus"

    def __init__(
        self,
        transport: httpx.BaseTransport | None = None,
        wall_s: Callable[[], float] = time.time,
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._http = httpx.Client(transport=transport, trust_env=False, follow_redirects=True)
        self._wall_s = wall_s
        self._monotonic_s = monotonic_s
        self._timed_out: dict[tuple[str, str], float] = {}  # when, by address and metric

    def collect(self, ingress: Ingress) -> None:
        """See `MetricsProvider.collect`: nothing to do, Prometheus collects."""

    def read(self, spec: MetricSpec, target: Target, window_s: float) -> Reading:
        """See `MetricsProvider.read`. A range query counts as the mean of its finite points."""
        query = filled(spec, target, window_s)
        if spec.range_step_s <= 0:
            sample = latest(spec, "query", self._ask(spec, "query", {"query": query}))
            return reading(sample.value if sample else None)
        end_s = self._wall_s()
        parameters = {
            "query": query,
            "start": f"{end_s - window_s:.3f}",
            "end": f"{end_s:.3f}",
            "step": f"{max(spec.range_step_s, window_s / MAX_POINTS):g}",
        }
        return reading(mean(spec, self._ask(spec, "query_range", parameters)))

    def totals(self, metric: AnalysedMetric, target: Target) -> Totals | None:
        """See `CountsProvider.totals`: the metric's `all_query` and `bad_query` at one instant.

        None when one of them has no finite figure. `at_s` is the server's own time of the figures, as far
        ahead of or behind now as it is of this machine's clock. A counter that was reset shows in totals that
        went back. Raises as `read` does.
        """
        spec = metric.spec
        if spec is None or metric.comparison is not Comparison.COUNTS:
            raise PermanentProviderError(
                f"metric {metric.name}: source prometheus compares counts, which need "
                f"metrics.{metric.name}.all and .bad"
            )
        all_query, bad_query = filled_totals(spec, target)
        counted = latest(spec, "all", self._ask(spec, "query", {"query": all_query}))
        if counted is None:
            return None
        # Without its time the second query might see one scrape more than the first.
        same_time = {"query": bad_query, "time": f"{counted.at_s:.3f}"}
        bad = latest(spec, "bad", self._ask(spec, "query", same_time))
        if bad is None:
            return None
        at_s = self._monotonic_s() + counted.at_s - self._wall_s()
        return Totals(at_s, counted.value, bad.value)

    def usual_bound_ms(self, target: Target) -> float | None:  # noqa: ARG002 a query is of one figure
        """See `CountsProvider.usual_bound_ms`: none is ever known."""
        return None

    def instance_totals(
        self,
        metric: AnalysedMetric,  # noqa: ARG002 whatever it is
        target: Target,  # noqa: ARG002 whoever's
    ) -> Mapping[str, Totals]:
        """See `CountsProvider.instance_totals`: a query's one figure doesn't tell instances apart."""
        return {}

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
        return data_of(status, body, where)

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
