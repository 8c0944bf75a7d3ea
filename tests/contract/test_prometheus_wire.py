"""Prometheus's HTTP API as it answers on the wire: recorded replies, refusals, silence."""

from __future__ import annotations

import base64
import logging
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

import pytest

from sluiceway.adapters.metrics.prometheus import MAX_BYTES, PrometheusMetrics
from sluiceway.domain.process.plan import Ingress, MetricSource, MetricSpec, Service, Version
from sluiceway.domain.rollouts.model import Reading
from sluiceway.errors import PermanentProviderError, TemporaryProviderError
from sluiceway.ports.metrics import Target

TARGET = Target(Service("shop", ("serve",), "/srv"), Ingress("shop"), Version("2.0"))

# Replies of Prometheus 2.42; labels shortened, figures changed to tell cases apart.
VECTOR = (
    '{"status":"success","data":{"resultType":"vector",'
    '"result":[{"metric":{"version":"2.0"},"value":[1700000000.123,"0.25"]}]}}'
)
EMPTY = '{"status":"success","data":{"resultType":"vector","result":[]}}'
SCALAR = '{"status":"success","data":{"resultType":"scalar","result":[1700000000.123,"42"]}}'
STRING = '{"status":"success","data":{"resultType":"string","result":[1700000000.123,"up"]}}'
TWO = (
    '{"status":"success","data":{"resultType":"vector","result":[{"metric":{"pod":"a"},"value":[1,"1"]},'
    '{"metric":{"pod":"b"},"value":[1,"2"]}]}}'
)
MATRIX = (
    '{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":'
    '[[1,"1"],[2,"NaN"],[3,"2"],[4,"+Inf"],[5,"6"]]}]}}'
)
MATRIX_NAN = (
    '{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[[1,"NaN"]]}]}}'
)
MATRIX_EMPTY = '{"status":"success","data":{"resultType":"matrix","result":[]}}'
MATRIX_TWO = (
    '{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"pod":"a"},"values":[[1,"1"]]},'
    '{"metric":{"pod":"b"},"values":[[1,"2"]]}]}}'
)
BAD_QUERY = (
    '{"status":"error","errorType":"bad_data","error":"invalid parameter \\"query\\": 1:5: parse error: '
    'unclosed left parenthesis"}'
)
TIMED_OUT = '{"status":"error","errorType":"timeout","error":"query timed out in expression evaluation"}'


class Wire:
    """A server that gives one reply to everything and remembers what it was asked."""

    def __init__(self) -> None:
        self.status = 200
        self.body = VECTOR.encode()
        self.drip_s = 0.0
        self.silent_until = threading.Event()
        self.silent_until.set()
        self.asked: list[tuple[str, dict[str, list[str]], str]] = []
        wire = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                form = parse_qs(self.rfile.read(int(self.headers["content-length"])).decode())
                wire.asked.append((self.path, form, self.headers.get("authorization", "")))
                wire.silent_until.wait(20)
                self.send_response(wire.status)
                self.send_header("content-length", str(len(wire.body)))
                self.end_headers()
                if not wire.drip_s:
                    self.wfile.write(wire.body)
                    return
                for byte in wire.body:
                    self.wfile.write(bytes([byte]))
                    time.sleep(wire.drip_s)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                """Stay silent."""

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request: object, client_address: object) -> None:
                """A client that hangs up is what some tests want."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self.place = f"127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def reply(self, body: str, status: int = 200) -> None:
        self.body, self.status = body.encode(), status

    def close(self) -> None:
        self.silent_until.set()
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def wire() -> Iterator[Wire]:
    wire = Wire()
    yield wire
    wire.close()


@pytest.fixture
def metrics() -> Iterator[PrometheusMetrics]:
    metrics = PrometheusMetrics(wall_s=lambda: 1_700_000_000.0)
    yield metrics
    metrics.close()


def a_spec(
    wire: Wire,
    *,
    query: str = "q",
    timeout_s: float = 5.0,
    step_s: float = 0.0,
    address: str = "",
) -> MetricSpec:
    return MetricSpec(
        "payments",
        MetricSource.PROMETHEUS,
        query=query,
        address=address or f"http://{wire.place}",
        timeout_s=timeout_s,
        range_step_s=step_s,
    )


def test_an_instant_query_asks_for_the_version_as_it_is_now(wire: Wire, metrics: PrometheusMetrics) -> None:
    spec = a_spec(wire, query='x{version="{{version}}",service="{{service}}"}[{{window}}]')

    metrics.read(spec, TARGET, 30)

    path, form, authorization = wire.asked[0]
    assert path == "/api/v1/query"
    assert form == {"query": ['x{version="2.0",service="shop"}[30s]']}
    assert authorization == ""


def test_a_range_query_asks_for_the_window_in_steps(wire: Wire, metrics: PrometheusMetrics) -> None:
    wire.reply(MATRIX)

    metrics.read(a_spec(wire, step_s=15), TARGET, 120)

    assert wire.asked[0][:2] == (
        "/api/v1/query_range",
        {"query": ["q"], "start": ["1699999880.000"], "end": ["1700000000.000"], "step": ["15"]},
    )


def test_a_long_range_has_no_more_points_than_prometheus_allows(
    wire: Wire, metrics: PrometheusMetrics
) -> None:
    wire.reply(MATRIX)

    metrics.read(a_spec(wire, step_s=1), TARGET, 86_400)

    assert wire.asked[0][1]["step"] == ["8.64"]


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (VECTOR, 0.25),
        (SCALAR, 42.0),
        (EMPTY, None),
        (VECTOR.replace("0.25", "NaN"), None),
        (VECTOR.replace("0.25", "+Inf"), None),
        (VECTOR.replace("0.25", "-Inf"), None),
        (SCALAR.replace("42", "NaN"), None),
        (VECTOR.replace("0.25", "1e-07"), 1e-07),
    ],
)
def test_an_instant_reply_is_one_finite_figure_or_no_data(
    wire: Wire, metrics: PrometheusMetrics, body: str, value: float | None
) -> None:
    wire.reply(body)

    assert metrics.read(a_spec(wire), TARGET, 10) == Reading(value)


@pytest.mark.parametrize(("body", "value"), [(MATRIX, 3.0), (MATRIX_NAN, None), (MATRIX_EMPTY, None)])
def test_a_range_reply_is_the_mean_of_its_finite_points(
    wire: Wire, metrics: PrometheusMetrics, body: str, value: float | None
) -> None:
    wire.reply(body)

    assert metrics.read(a_spec(wire, step_s=1), TARGET, 10) == Reading(value)


@pytest.mark.parametrize(("body", "step_s"), [(TWO, 0.0), (MATRIX_TWO, 1.0)])
def test_several_series_are_refused_with_advice(
    wire: Wire, metrics: PrometheusMetrics, body: str, step_s: float
) -> None:
    wire.reply(body)

    with pytest.raises(PermanentProviderError, match=r"payments: its query gives 2 series.*sum\(\.\.\.\)"):
        metrics.read(a_spec(wire, step_s=step_s), TARGET, 10)


def test_a_query_that_gives_text_is_refused(wire: Wire, metrics: PrometheusMetrics) -> None:
    wire.reply(STRING)

    with pytest.raises(PermanentProviderError, match="gives a string, where one figure is needed"):
        metrics.read(a_spec(wire), TARGET, 10)


def test_a_query_that_prometheus_refuses_comes_back_with_its_own_words(
    wire: Wire, metrics: PrometheusMetrics
) -> None:
    wire.reply(BAD_QUERY, 400)

    with pytest.raises(PermanentProviderError, match=r"status 400.*parse error: unclosed left parenthesis"):
        metrics.read(a_spec(wire), TARGET, 10)


@pytest.mark.parametrize(("status", "body"), [(503, TIMED_OUT), (500, "oops"), (502, ""), (429, "slow down")])
def test_an_overloaded_prometheus_is_asked_again_later(
    wire: Wire, metrics: PrometheusMetrics, status: int, body: str
) -> None:
    wire.reply(body, status)

    with pytest.raises(TemporaryProviderError, match=f"status {status}"):
        metrics.read(a_spec(wire), TARGET, 10)


@pytest.mark.parametrize(("status", "way_out"), [(404, "mend the query or the address"), (401, "password")])
def test_a_client_error_is_for_a_person_to_mend(
    wire: Wire, metrics: PrometheusMetrics, status: int, way_out: str
) -> None:
    wire.reply("<html>", status)

    with pytest.raises(PermanentProviderError, match=f"status {status}; .*{way_out}"):
        metrics.read(a_spec(wire), TARGET, 10)


@pytest.mark.parametrize(
    "body",
    [
        "",
        "<html>Welcome</html>",
        "[]",
        "null",
        '{"status":"success"}',
        '{"status":"success","data":[]}',
        '{"status":"success","data":{}}',
        '{"status":"success","data":{"resultType":"vector","result":[{"metric":{}}]}}',
        '{"status":"success","data":{"resultType":"vector","result":null}}',
        VECTOR.replace("0.25", "lots"),
        VECTOR[:60],
    ],
)
@pytest.mark.parametrize("step_s", [0.0, 1.0])
def test_a_malformed_reply_is_for_a_person_to_mend(
    wire: Wire, metrics: PrometheusMetrics, body: str, step_s: float
) -> None:
    wire.reply(body)

    with pytest.raises(PermanentProviderError, match=r"payments.*mend"):
        metrics.read(a_spec(wire, step_s=step_s), TARGET, 10)


def test_an_endless_reply_is_cut_off(wire: Wire, metrics: PrometheusMetrics) -> None:
    wire.reply(" " * (MAX_BYTES + 1))

    with pytest.raises(PermanentProviderError, match="an answer of more than 5000000 bytes"):
        metrics.read(a_spec(wire), TARGET, 10)


def test_a_refused_connection_is_asked_again_later(wire: Wire, metrics: PrometheusMetrics) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        place = f"127.0.0.1:{unused.getsockname()[1]}"
        spec = a_spec(wire, address=f"http://{place}")

        with pytest.raises(TemporaryProviderError, match=f"prometheus at http://{place} for metric payments"):
            metrics.read(spec, TARGET, 10)


def test_silence_is_asked_again_later(wire: Wire, metrics: PrometheusMetrics) -> None:
    wire.silent_until.clear()

    with pytest.raises(TemporaryProviderError, match=r"no answer within 0\.1 s"):
        metrics.read(a_spec(wire, timeout_s=0.1), TARGET, 10)


def test_an_answer_that_drips_in_counts_as_silence(wire: Wire, metrics: PrometheusMetrics) -> None:
    wire.drip_s = 0.05

    with pytest.raises(TemporaryProviderError, match=r"no answer within 0\.3 s"):
        metrics.read(a_spec(wire, timeout_s=0.3), TARGET, 10)


def test_after_silence_the_other_readings_of_a_metric_do_not_wait_as_well(
    wire: Wire, metrics: PrometheusMetrics
) -> None:
    wire.silent_until.clear()
    for _ in range(4):
        with pytest.raises(TemporaryProviderError, match="no answer"):
            metrics.read(a_spec(wire, timeout_s=0.2), TARGET, 10)

    assert len(wire.asked) == 1


def test_a_user_and_password_are_sent_and_shown_nowhere(
    wire: Wire, metrics: PrometheusMetrics, caplog: pytest.LogCaptureFixture
) -> None:
    spec = a_spec(wire, address=f"http://ann:s3cret%2F@{wire.place}/")
    wire.reply("no", 500)

    with caplog.at_level(logging.DEBUG), pytest.raises(TemporaryProviderError) as raised:
        metrics.read(spec, TARGET, 10)

    assert wire.asked[0][2] == "Basic " + base64.b64encode(b"ann:s3cret/").decode()
    assert "s3cret" not in str(raised.value) + caplog.text
    assert wire.place in str(raised.value)


@pytest.mark.parametrize(
    "address", ["127.0.0.1:9090", "ftp://ann:s3cret@host", "http://", "http://ann:s3cret@host:port", "what"]
)
def test_what_is_no_address_is_for_a_person_to_mend_and_holds_no_secret(
    wire: Wire, metrics: PrometheusMetrics, address: str
) -> None:
    with pytest.raises(PermanentProviderError, match=r"mend metrics\.payments\.address") as raised:
        metrics.read(a_spec(wire, address=address), TARGET, 10)

    assert "s3cret" not in str(raised.value)


def test_an_address_may_have_a_path(wire: Wire, metrics: PrometheusMetrics) -> None:
    metrics.read(a_spec(wire, address=f"http://{wire.place}/prometheus/"), TARGET, 10)

    assert wire.asked[0][0] == "/prometheus/api/v1/query"


def test_an_unknown_placeholder_is_named(wire: Wire, metrics: PrometheusMetrics) -> None:
    with pytest.raises(PermanentProviderError, match=r"\{\{verison\}\}.*metrics\.payments\.query"):
        metrics.read(a_spec(wire, query='x{v="{{verison}}"}'), TARGET, 10)

    assert wire.asked == []
