"""Running totals from Prometheus's HTTP API as it answers on the wire."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

import pytest

from sluiceway.adapters.metrics.prometheus import PrometheusMetrics
from sluiceway.domain.analysis.counts import Interval, Problem, find_problem
from sluiceway.domain.process.plan import (
    AnalysedMetric,
    Analysis,
    Comparison,
    Ingress,
    MetricSource,
    MetricSpec,
    Service,
    Version,
)
from sluiceway.engine.counting import Counting
from sluiceway.errors import PermanentProviderError, TemporaryProviderError
from sluiceway.ports.metrics import Target, Totals
from sluiceway.testing.builders import T0, a_plan, a_row, a_state
from sluiceway.testing.clock import ManualClock

TARGET = Target(Service("shop", ("serve",), "/srv"), Ingress("shop"), Version("2.0"))
NOW_S = 1_700_000_000.0
EMPTY = "empty"


class Server:
    """A Prometheus that has a figure for each query, and a clock of its own.

    A figure is text as Prometheus writes it, several for several series, EMPTY for none.
    """

    def __init__(self) -> None:
        self.at_s = NOW_S
        self.status = 200
        self.figures: dict[str, tuple[str, ...]] = {}
        self.asked: list[dict[str, str]] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                form = parse_qs(self.rfile.read(int(self.headers["content-length"])).decode())
                asked = {name: values[0] for name, values in form.items()}
                server.asked.append(asked)
                body = json.dumps(server.answer(asked)).encode()
                self.send_response(server.status)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                """Stay silent."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def answer(self, asked: dict[str, str]) -> object:
        at_s = float(asked.get("time", self.at_s))
        figures = [value for value in self.figures.get(asked["query"], ("0",)) if value != EMPTY]
        series = [{"metric": {"pod": str(n)}, "value": [at_s, value]} for n, value in enumerate(figures)]
        return {"status": "success", "data": {"resultType": "vector", "result": series}}

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.close()


@pytest.fixture
def clock() -> ManualClock:
    clock = ManualClock(T0)
    clock.advance(500)
    return clock


@pytest.fixture
def metrics(clock: ManualClock) -> Iterator[PrometheusMetrics]:
    metrics = PrometheusMetrics(
        wall_s=lambda: NOW_S + clock.monotonic_s() - 500, monotonic_s=clock.monotonic_s
    )
    yield metrics
    metrics.close()


def payments(
    server: Server, *, all_query: str = 'all{v="{{version}}"}', bad_query: str = 'bad{v="{{version}}"}'
) -> AnalysedMetric:
    spec = MetricSpec(
        "payments",
        MetricSource.PROMETHEUS,
        address=server.address,
        timeout_s=5.0,
        all_query=all_query,
        bad_query=bad_query,
    )
    return AnalysedMetric("payments", MetricSource.PROMETHEUS, spec=spec)


def test_both_totals_are_asked_for_at_one_instant_of_the_servers_clock(
    server: Server, metrics: PrometheusMetrics
) -> None:
    server.at_s = NOW_S + 0.25
    server.figures = {'all{v="2.0",s="shop"}': ("120",), 'bad{v="2.0"}': ("7",)}
    metric = payments(server, all_query='all{v="{{version}}",s="{{service}}"}')

    totals = metrics.totals(metric, TARGET)

    assert totals == Totals(500.25, 120, 7)
    assert server.asked == [
        {"query": 'all{v="2.0",s="shop"}'},
        {"query": 'bad{v="2.0"}', "time": "1700000000.250"},
    ]


@pytest.mark.parametrize("value", [EMPTY, "NaN", "+Inf", "-Inf"])
@pytest.mark.parametrize("which", ["all", "bad"])
def test_without_a_finite_figure_there_are_no_totals(
    server: Server, metrics: PrometheusMetrics, which: str, value: str
) -> None:
    server.figures = {'all{v="2.0"}': ("120",), 'bad{v="2.0"}': ("7",), f'{which}{{v="2.0"}}': (value,)}

    assert metrics.totals(payments(server), TARGET) is None


@pytest.mark.parametrize("which", ["all", "bad"])
def test_several_series_are_refused_with_the_query_that_gives_them(
    server: Server, metrics: PrometheusMetrics, which: str
) -> None:
    server.figures = {f'{which}{{v="2.0"}}': ("1", "2")}

    with pytest.raises(
        PermanentProviderError, match=rf"its query '{which}' gives 2 series.*metrics\.payments\.{which}$"
    ):
        metrics.totals(payments(server), TARGET)


@pytest.mark.parametrize("key", ["all", "bad"])
def test_a_query_that_is_missing_is_named(server: Server, metrics: PrometheusMetrics, key: str) -> None:
    metric = payments(server, **{f"{key}_query": " "})

    with pytest.raises(PermanentProviderError, match=rf"no total '{key}'; add metrics\.payments\.{key},"):
        metrics.totals(metric, TARGET)

    assert server.asked == []


@pytest.mark.parametrize("placeholder", ["{{window}}", "{{verison}}"])
def test_a_total_has_no_window_and_no_unknown_placeholder(
    server: Server, metrics: PrometheusMetrics, placeholder: str
) -> None:
    metric = payments(server, bad_query=f"increase(x[{placeholder}])")

    with pytest.raises(PermanentProviderError, match=rf"{placeholder}.*metrics\.payments\.bad$"):
        metrics.totals(metric, TARGET)


@pytest.mark.parametrize("comparison", list(Comparison))
def test_a_metric_without_queries_of_its_own_is_refused(
    metrics: PrometheusMetrics, comparison: Comparison
) -> None:
    metric = AnalysedMetric("payments", MetricSource.PROMETHEUS, comparison)

    with pytest.raises(PermanentProviderError, match=r"payments: source prometheus compares counts"):
        metrics.totals(metric, TARGET)


def test_an_overloaded_prometheus_is_asked_again_later(server: Server, metrics: PrometheusMetrics) -> None:
    server.status = 503

    with pytest.raises(TemporaryProviderError, match="status 503"):
        metrics.totals(payments(server), TARGET)


def test_a_time_that_is_none_is_for_a_person_to_mend(server: Server, metrics: PrometheusMetrics) -> None:
    server.at_s = float("nan")

    with pytest.raises(PermanentProviderError, match=r"payments.*a time of nan"):
        metrics.totals(payments(server), TARGET)


def test_a_query_has_no_usual_latency_and_tells_no_instances_apart(
    server: Server, metrics: PrometheusMetrics
) -> None:
    assert metrics.usual_bound_ms(TARGET) is None
    assert metrics.instance_totals(payments(server), TARGET) == {}


class Compared:
    """A rollout from 1.0 to 2.0 that compares payments; both versions have had a look."""

    def __init__(self, server: Server, clock: ManualClock, metrics: PrometheusMetrics) -> None:
        self.server, self.clock, self.metrics = server, clock, metrics
        plan = replace(a_plan(), analysis=Analysis((payments(server),), interval_s=5.0))
        self.counting = Counting(a_row(state=a_state(plan=plan, stable="1.0", new="2.0")), clock)
        self.look((100, 1), (1_000, 10), after_s=0)

    def look(
        self, new: tuple[float | str, float | str], stable: tuple[float, float], after_s: float = 5.0
    ) -> None:
        self.clock.advance(after_s)
        self.server.at_s += after_s
        for version, (total, bad) in (("2.0", new), ("1.0", stable)):
            self.server.figures[f'all{{v="{version}"}}'] = (str(total),)
            self.server.figures[f'bad{{v="{version}"}}'] = (str(bad),)
        self.counting.take(MetricSource.PROMETHEUS, self.metrics)

    def intervals(self) -> list[Interval]:
        found = [counted.interval for counted in self.counting.recent()]
        return [each for each in found if isinstance(each, Interval)]

    def problems(self) -> list[Problem | None]:
        return [find_problem(interval) for interval in self.intervals()]


@pytest.fixture
def compared(server: Server, clock: ManualClock, metrics: PrometheusMetrics) -> Compared:
    return Compared(server, clock, metrics)


def test_payments_are_compared(compared: Compared) -> None:
    compared.look((150, 3), (1_500, 14))

    interval = compared.intervals()[0]
    assert (interval.n0, interval.x0, interval.n1, interval.x1) == (500, 4, 50, 2)
    assert interval.skew_s == pytest.approx(0, abs=1e-6)
    assert compared.problems() == [None]


def test_a_counter_reset_is_negative(compared: Compared) -> None:
    compared.look((5, 0), (1_500, 14))
    compared.look((55, 2), (2_000, 18))

    assert compared.problems() == [Problem.NEGATIVE, None]
    assert compared.intervals()[1].n1 == 50


def test_a_metric_that_stops_is_missing(compared: Compared) -> None:
    compared.look((EMPTY, EMPTY), (1_500, 14))

    assert compared.problems() == [Problem.MISSING]


def test_what_is_not_a_number_is_missing(compared: Compared) -> None:
    compared.look((150, "NaN"), (1_500, 14))

    assert compared.problems() == [Problem.MISSING]


def test_no_payments_are_no_data(compared: Compared) -> None:
    compared.look((100, 1), (1_500, 14))

    assert compared.problems() == [Problem.NO_REQUESTS_ON_NEW]


def test_a_server_whose_clock_is_off_compares_all_the_same(compared: Compared) -> None:
    compared.server.at_s += 3_600
    compared.look((150, 3), (1_500, 14))

    assert compared.problems() == [None]
