"""What a criterion or trigger condition is: an expression, a sentence, or a person's to judge."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluiceway.domain.process.conditions import Compared, Conditions, Expressed, Manual, Unreadable
from sluiceway.domain.process.expressions import check, names_in
from sluiceway.domain.process.metrics import known_names
from sluiceway.domain.process.plan import MetricSource, MetricSpec

OWN = (
    MetricSpec("checkout_p99", MetricSource.PROMETHEUS, "ms"),
    MetricSpec("feature_adoption", MetricSource.PUSH, "share", higher_is_worse=False),
)
READER = Conditions(OWN)


@pytest.mark.parametrize(
    ("sentence", "expression", "window_s"),
    [
        ("error_rate < 0.001", "error_rate < 0.001", None),
        ("Error rate < 0.1%", "error_rate < 0.001", None),
        ("error rate is below 1 percent", "error_rate < 0.01", None),
        ("<1% error rate", "error_rate < 0.01", None),
        ("Error rate > 1% for 5 consecutive minutes", "error_rate > 0.01", 300.0),
        ("error rate exceeds 1% for at least 5 minutes.", "error_rate > 0.01", 300.0),
        ("errorRate > 5%", "error_rate > 0.05", None),
        ("errors > 5%", "error_rate > 0.05", None),
        ("errors > 5", "errors > 5", None),
        ("errors > 10x normal", "errors >= 3 && error_rate > 10 * baseline.error_rate", None),
        (
            "Error rates increase >10x normal levels",
            "errors >= 3 && error_rate > 10 * baseline.error_rate",
            None,
        ),
        ("Error rate at most 2 times the baseline", "error_rate <= 2 * baseline.error_rate", None),
        ("error rate increases by more than 50%", "error_rate > 1.5 * baseline.error_rate", None),
        ("Response time within 10% of baseline", "p95_ms <= 1.1 * baseline.p95_ms", None),
        ("Response time > 2x baseline", "p95_ms > 2 * baseline.p95_ms", None),
        ("responseTime > 5000ms", "p95_ms > 5000", None),
        ("response time > 5 s", "p95_ms > 5000", None),
        ("Response time < 200ms (95th percentile)", "p95_ms < 200", None),
        ("Response time 99th percentile > 1000ms for 10 minutes", "p99_ms > 1000", 600.0),
        ("p95 > 1000 ms for 10 minutes", "p95_ms > 1000", 600.0),
        ("P99 latency ≤ 0.5 seconds", "p99_ms <= 500", None),
        ("Performance degradation >50% from baseline", "performance_degradation > 0.5", None),
        ("Health check failures > 10%", "health_failure_rate > 0.1", None),
        ("crashRate > 1%", "crash_rate > 0.01", None),
        ("payment failure rate > 5 %", "payment_failure_rate > 0.05", None),
        ("order completion drops > 20 %", "order_completion < 0.8 * baseline.order_completion", None),
        ("Order completion rate drops by 20%", "order_completion < 0.8 * baseline.order_completion", None),
        ("user satisfaction drops > 0.5", "baseline.user_satisfaction - user_satisfaction > 0.5", None),
        ("User satisfaction score drops below 3.0", "user_satisfaction < 3", None),
        ("User satisfaction > 4.0/5.0", "user_satisfaction > 4", None),
        ("Customer support tickets < baseline", "support_tickets < baseline.support_tickets", None),
        ("CPU utilization > 90% for 15 minutes", "cpu_usage > 0.9", 900.0),
        ("success rate >= 99.9%", "success_rate >= 0.999", None),
        ("success rate within 1% of baseline", "success_rate >= 0.99 * baseline.success_rate", None),
        ("checkout p99 within 20% of baseline", "checkout_p99 <= 1.2 * baseline.checkout_p99", None),
        ("checkout_p99 < 1s", "checkout_p99 < 1000", None),
        ("Feature adoption > 20%", "feature_adoption > 0.2", None),
        (
            "Error rate > 1% and response time > 2x baseline for 5 minutes",
            "error_rate > 0.01 && p95_ms > 2 * baseline.p95_ms",
            300.0,
        ),
        ("errors > 10x usual", "errors >= 3 && error_rate > 10 * history.error_rate", None),
        ("errors > 10x the usual levels", "errors >= 3 && error_rate > 10 * history.error_rate", None),
        ("Error rate at most 2 times of its own history", "error_rate <= 2 * history.error_rate", None),
        ("Response time > 2x its usual response time", "p95_ms > 2 * history.p95_ms", None),
        (
            "Response time > 2x its usual latency for 5 minutes",
            "p95_ms > 2 * history.p95_ms",
            300.0,
        ),
        (">2x its usual response time", "p95_ms > 2 * history.p95_ms", None),
        ("p95 within 20% of its own history", "p95_ms <= 1.2 * history.p95_ms", None),
        ("success rate within 1% of usual", "success_rate >= 0.99 * history.success_rate", None),
        (
            "error rate increases by more than 50% from its usual level",
            "error_rate > 1.5 * history.error_rate",
            None,
        ),
        ("Customer support tickets < usual", "support_tickets < history.support_tickets", None),
        ("p95_ms > 2 * history.p95_ms", "p95_ms > 2 * history.p95_ms", None),
    ],
)
def test_a_sentence_becomes_an_expression(sentence: str, expression: str, window_s: float | None) -> None:
    assert READER.read(sentence) == Expressed(expression, names_in(expression), window_s)


@pytest.mark.parametrize(
    "text", ["no_performance_regression", " No performance regression. ", "No-performance-regression"]
)
def test_a_criterion_by_name_is_the_analysiss_however_it_is_written(text: str) -> None:
    assert READER.read(text) == Compared("no_performance_regression")


TOTALS = Conditions((MetricSpec("refunds", MetricSource.PROMETHEUS, "share", bad_query="b", all_query="a"),))


@pytest.mark.parametrize(
    ("text", "at"), [("refunds < 0.01", 0), ("p95_ms < 9 && baseline.refunds > 0", 14), ("Refunds < 1%", 0)]
)
def test_a_metric_that_is_only_compared_has_no_figure_to_name(text: str, at: int) -> None:
    found = TOTALS.read(text)

    assert isinstance(found, Unreadable)
    assert [(problem.at, problem.message) for problem in found.problems] == [
        (at, "refunds has no query, only bad and all for the analysis; give it a query to use it here")
    ]


@pytest.mark.parametrize(
    "sentence",
    [
        "User satisfaction metrics stable",
        "Zero critical security issues",
        "No increase in support escalations",
        "System stability maintained",
        "Performance metrics within SLA",
        "Database connection failures > 10% for 3 minutes",
        "Unauthorized access attempts > threshold",
        "Stable",
        "rollback-plan",
        "x" * 400,
    ],
)
def test_what_no_known_figure_answers_is_a_persons(sentence: str) -> None:
    assert READER.read(sentence) == Manual(sentence)


@pytest.mark.parametrize(
    ("text", "at", "message"),
    [
        ("eror_rate < 0.1", 0, 'unknown metric "eror_rate"; did you mean "error_rate"?'),
        ("eror_rate < 1%", 0, 'unknown metric "eror_rate"; did you mean "error_rate"?'),
        ("Eror rate < 0.1%", 0, 'unknown metric "eror rate"; did you mean "error rate"?'),
        ("error_rate <", 12, "found the end, expected a number, a metric or a parenthesis"),
        ("error_rate < 0.01 && ", 21, "found the end, expected a number, a metric or a parenthesis"),
        ("error_rate", 0, "found a number, expected a condition such as error_rate < 0.01"),
        ("max(error_rate) < 1", 0, "max(...) is a function; only figures and operators are supported"),
        (
            "the error_rate < 1 sometimes",
            4,
            '"error_rate" does not fit here; expected an operator or the end',
        ),
        ("p95_ms < 5%", 0, "p95_ms is in milliseconds, so 5 % does not fit it"),
        ("crashes > 5 s", 0, "crashes is a count, so 5 s does not fit it"),
        ("user satisfaction > 5%", 0, "user_satisfaction is a score, so 5 % does not fit it"),
        (
            "Error rate > 500%",
            0,
            "error_rate is a share from 0 to 1, so 5 is 500 %; expected 0.05 for 5 %",
        ),
        (
            "Response time < a bit",
            0,
            "the limit on p95_ms can't be read, expected one such as 5%, 200 ms or 2x baseline",
        ),
        (
            "Response time > 2x its usual error rate",
            0,
            "the limit on p95_ms can't be read, expected one such as 5%, 200 ms or 2x baseline",
        ),
        ("latency of 2 * history.p95_ms", 8, '"of" does not fit here; expected an operator or the end'),
        ("order completion drops > 120 %", 0, "order_completion can't drop by more than 100 %"),
        (
            "error rate > 1% for 5 minutes and p95 > 2 s for 1 minute",
            0,
            "joins conditions with different times; write them apart",
        ),
    ],
)
def test_a_slip_is_a_problem_and_never_silently_a_persons(text: str, at: int, message: str) -> None:
    found = READER.read(text)

    assert isinstance(found, Unreadable)
    assert [(problem.at, problem.message) for problem in found.problems][:1] == [(at, message)]


@given(
    percent=st.integers(1, 99),
    word=st.sampled_from(["Error rate", "error rate", "ERROR RATE", "errorRate", "error-rate"]),
    compare=st.sampled_from(
        [(">", ">"), ("exceeds", ">"), ("<", "<"), ("is below", "<"), ("at least", ">="), ("≤", "<=")]
    ),
    minutes=st.one_of(st.none(), st.integers(1, 90)),
)
def test_percentages_and_windows_keep_their_amount(
    percent: int, word: str, compare: tuple[str, str], minutes: int | None
) -> None:
    window = "" if minutes is None else f" for {minutes} consecutive minutes"
    found = READER.read(f"{word} {compare[0]} {percent}%{window}")

    assert isinstance(found, Expressed)
    name, operator, bound = found.expression.split()
    assert (name, operator) == ("error_rate", compare[1])
    assert float(bound) == pytest.approx(percent / 100)
    assert found.window_s == (None if minutes is None else minutes * 60)


@given(
    percent=st.integers(1, 99), metric=st.sampled_from(["p95", "error rate", "success rate", "checkout p99"])
)
def test_a_wider_band_around_the_baseline_is_never_stricter(percent: int, metric: str) -> None:
    def factor(amount: int) -> float:
        found = READER.read(f"{metric} within {amount}% of baseline")
        assert isinstance(found, Expressed)
        return abs(float(found.expression.split()[2]) - 1)

    assert factor(percent) < factor(percent + 1)


@given(text=st.text(max_size=60))
def test_any_text_is_read_as_something_sound(text: str) -> None:
    found = READER.read(text)

    if isinstance(found, Expressed):
        assert check(found.expression, known_names(spec.name for spec in OWN)) == ()
    elif isinstance(found, Unreadable):
        assert all(problem.message and problem.at >= 0 for problem in found.problems)


_PARTS = [
    *("error rate", "p95", "orders", "satisfaction", "error_rate", "(95th percentile)", "and", "&&"),
    *("<", ">", "drops", "within", "of", "x", "5%", "2x baseline", "baseline", "normal", "200 ms"),
    *("its usual", "2x its usual", "own history"),
    *("for", "5", "minutes"),
]


@given(words=st.lists(st.sampled_from(_PARTS), max_size=9))
def test_any_jumble_of_the_grammars_words_is_read_as_something_sound(words: list[str]) -> None:
    found = READER.read(" ".join(words))

    if isinstance(found, Expressed):
        assert check(found.expression, known_names(spec.name for spec in OWN)) == ()
        assert found.window_s is None or found.window_s >= 0
