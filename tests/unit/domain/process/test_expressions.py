"""Expressions: their worth on figures, the names they use, and what is wrong with them."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluiceway.domain.process import syntax
from sluiceway.domain.process.expressions import (
    ExpressionProblem,
    Verdict,
    check,
    evaluate,
    limit_on,
    names_in,
    render,
)
from sluiceway.domain.process.metrics import known_names
from sluiceway.domain.rollouts.model import Reading
from sluiceway.errors import InvalidInputError

KNOWN = known_names(["checkout_p99"])
NEW = {"error_rate": Reading(0.02, 100), "p95_ms": Reading(240.0, 90), "crashes": Reading(0.0)}
STABLE = {"error_rate": Reading(0.01, 900), "p95_ms": Reading(200.0, 900)}


def verdict(expression: str, new: dict[str, Reading] = NEW, stable: dict[str, Reading] = STABLE) -> Verdict:
    return evaluate(expression, new, stable).verdict


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("error_rate < 0.03", Verdict.MET),
        ("error_rate < 0.02", Verdict.NOT_MET),
        ("error_rate <= 0.02", Verdict.MET),
        ("p95_ms <= 1.2 * baseline.p95_ms", Verdict.MET),
        ("p95_ms <= 1.1 * baseline.p95_ms", Verdict.NOT_MET),
        ("p95_ms < 2 * stable.p95_ms", Verdict.MET),
        ("2 * error_rate > baseline.error_rate", Verdict.MET),
        ("p95_ms - baseline.p95_ms > 39 && p95_ms - baseline.p95_ms < 41", Verdict.MET),
        ("error_rate > 0.5 || p95_ms > 100", Verdict.MET),
        ("!(error_rate > 0.5)", Verdict.MET),
        ("crashes == 0", Verdict.MET),
        ("error_rate > 0.5 ? p95_ms < 1 : p95_ms > 1", Verdict.MET),
        ("-p95_ms < -239", Verdict.MET),
        ("p95_ms / baseline.p95_ms >= 1.2", Verdict.MET),
        ("error_rate < 3 / 100", Verdict.MET),
        ("1 + 2 * 3 == 7 && crashes == 0", Verdict.MET),
        ("(1 + 2) * 3 == 9 && crashes == 0", Verdict.MET),
        ("errorRate < 0.03", Verdict.MET),
        ("responseTime > 200", Verdict.MET),
        ("performance_degradation < 0.25", Verdict.MET),
        ("performance_degradation < 0.15", Verdict.NOT_MET),
    ],
)
def test_an_expression_is_worth_what_its_figures_say(expression: str, expected: Verdict) -> None:
    assert verdict(expression) is expected


@pytest.mark.parametrize(
    "reading", [None, Reading(None), Reading(math.nan), Reading(math.inf), Reading(-math.inf)], ids=str
)
def test_a_missing_figure_is_no_data(reading: Reading | None) -> None:
    new = {} if reading is None else {"error_rate": reading}
    evaluation = evaluate("error_rate < 0.5", new, {})

    assert (evaluation.verdict, evaluation.missing) == (Verdict.NO_DATA, ("error_rate",))
    assert evaluation.figures == (("error_rate", None),)


def test_a_missing_figure_of_the_baseline_is_named_as_such() -> None:
    evaluation = evaluate("p95_ms < 2 * baseline.p95_ms", NEW, {})

    assert (evaluation.verdict, evaluation.missing) == (Verdict.NO_DATA, ("baseline.p95_ms",))


@pytest.mark.parametrize(
    ("usual_ms", "expected"),
    [(100.0, Verdict.MET), (150.0, Verdict.NOT_MET), (None, Verdict.NO_DATA), (math.nan, Verdict.NO_DATA)],
)
def test_what_is_usual_is_a_side_of_its_own(usual_ms: float | None, expected: Verdict) -> None:
    new, stable = {"p95_ms": Reading(250.0, 90)}, {"p95_ms": Reading(500.0)}
    history = {"p95_ms": Reading(usual_ms)}

    found = evaluate("p95_ms > 2 * history.p95_ms && p95_ms < baseline.p95_ms", new, stable, history)

    assert found.verdict is expected
    assert found.missing == (("history.p95_ms",) if expected is Verdict.NO_DATA else ())
    assert found.requests == 90


def test_without_history_what_is_usual_is_no_data_and_never_stables_figure_now() -> None:
    found = evaluate("error_rate <= 2 * history.error_rate", NEW, STABLE)

    assert (found.verdict, found.missing) == (Verdict.NO_DATA, ("history.error_rate",))


@pytest.mark.parametrize("expression", ["p95_ms > 1 || p99_ms > 1", "p95_ms < 1 && p99_ms > 1"])
def test_a_missing_figure_is_no_data_also_where_the_answer_would_not_need_it(expression: str) -> None:
    assert verdict(expression) is Verdict.NO_DATA


@pytest.mark.parametrize(
    "expression",
    [
        "error_rate / baseline.crashes > 1",
        "!(error_rate / baseline.crashes > 1)",
        "1 / (crashes - crashes) < 5",
    ],
)
def test_a_division_by_zero_is_no_data(expression: str) -> None:
    evaluation = evaluate(expression, NEW, {"crashes": Reading(0.0)})

    assert evaluation.verdict is Verdict.NO_DATA
    assert any("crashes" in name for name in evaluation.missing)


def test_a_derived_figure_that_a_provider_supplies_is_used_as_it_is() -> None:
    new = {**NEW, "performance_degradation": Reading(0.9)}

    assert verdict("performance_degradation > 0.8", new) is Verdict.MET


def test_a_derived_figure_without_its_parts_is_no_data() -> None:
    assert verdict("performance_degradation < 9", NEW, {}) is Verdict.NO_DATA
    assert verdict("performance_degradation < 9", NEW, {"p95_ms": Reading(0.0)}) is Verdict.NO_DATA


def test_the_requests_behind_an_answer_are_the_fewest_of_the_new_versions_figures() -> None:
    assert evaluate("error_rate < 1 && p95_ms > 2 * baseline.p95_ms", NEW, STABLE).requests == 90
    assert evaluate("performance_degradation < 1", NEW, STABLE).requests == 90
    assert evaluate("crashes < 1", NEW, STABLE).requests is None


def test_a_number_is_no_condition_and_says_so() -> None:
    with pytest.raises(InvalidInputError, match="is a number; expected a condition"):
        evaluate("error_rate", NEW, STABLE)


def test_what_can_not_be_read_is_refused_with_its_place() -> None:
    with pytest.raises(InvalidInputError, match="at character 13: found the end"):
        evaluate("error_rate <", NEW, STABLE)


@given(value=st.floats(0, 1_000), bound=st.floats(0, 1_000))
def test_comparisons_agree_with_arithmetic(value: float, bound: float) -> None:
    found = verdict(f"p95_ms > {bound!r}", {"p95_ms": Reading(value)}, {})

    assert found is (Verdict.MET if value > bound else Verdict.NOT_MET)


@given(
    value=st.one_of(st.none(), st.floats(allow_nan=True, allow_infinity=True)),
    expression=st.sampled_from(
        ["p95_ms < 9", "p95_ms > 9", "!(p95_ms < 9)", "p95_ms == p95_ms", "p95_ms != 1"]
    ),
)
def test_no_data_is_never_a_pass_and_never_a_breach(value: float | None, expression: str) -> None:
    found = verdict(expression, {"p95_ms": Reading(value)}, {})

    assert (found is Verdict.NO_DATA) == (value is None or not math.isfinite(value))


def some_numbers() -> st.SearchStrategy[str]:
    leaves = st.sampled_from(["p95_ms", "baseline.p95_ms", "error_rate", "2", "0.5", "1e3"])
    return st.recursive(
        leaves,
        lambda inner: st.builds("({} {} {})".format, inner, st.sampled_from(list("+-*/")), inner),
        max_leaves=6,
    )


def some_conditions() -> st.SearchStrategy[str]:
    simple = st.builds("{} {} {}".format, some_numbers(), st.sampled_from(syntax.COMPARISONS), some_numbers())
    return st.recursive(
        simple,
        lambda inner: st.one_of(
            st.builds("({}) {} ({})".format, inner, st.sampled_from(["&&", "||"]), inner),
            st.builds("!({})".format, inner),
            st.builds("({}) ? ({}) : ({})".format, inner, inner, inner),
        ),
        max_leaves=4,
    )


@given(expression=some_conditions())
def test_whatever_the_grammar_accepts_can_be_evaluated(expression: str) -> None:
    assert (
        not check(expression, KNOWN) or not names_in(expression) or "share" in str(check(expression, KNOWN))
    )
    assert evaluate(expression, NEW, STABLE).verdict in Verdict


@given(expression=some_conditions())
def test_the_text_given_to_cel_means_the_same_when_read_again(expression: str) -> None:
    tree = syntax.parse(expression)

    assert render(syntax.parse(render(tree))) == render(tree)


@given(text=st.text(st.sampled_from("ab1.<>=!&|()+-*/?: %'\"eE_"), max_size=25))
def test_any_text_is_checked_without_another_error(text: str) -> None:
    for problem in check(text, KNOWN):
        assert 0 <= problem.at <= len(text)
        assert problem.message


@pytest.mark.parametrize(
    ("expression", "names"),
    [
        ("error_rate < 0.01", ("error_rate",)),
        ("p95_ms <= 1.2 * baseline.p95_ms", ("p95_ms", "baseline.p95_ms")),
        ("stable.error_rate > 0.1 || error_rate > 0.1", ("baseline.error_rate", "error_rate")),
        ("response_time > 5 && p95 > 3 && latencyMs > 2", ("p95_ms",)),
        ("performance_degradation > 0.2", ("performance_degradation",)),
        ("latency > 2 * history.latency", ("p95_ms", "history.p95_ms")),
    ],
)
def test_the_names_in_an_expression_are_the_catalogues_each_once(
    expression: str, names: tuple[str, ...]
) -> None:
    assert names_in(expression) == names


@pytest.mark.parametrize(
    ("expression", "at", "message"),
    [
        ("eror_rate < 0.01", 0, 'unknown metric "eror_rate"; did you mean "error_rate"?'),
        ("p95_ms < 2 * baseline.p59_ms", 13, 'unknown metric "p59_ms"; did you mean "p99_ms"?'),
        ("error_rate < 0.1 && zzz > 1", 20, 'unknown metric "zzz"'),
        ("error_rate", 0, "found a number, expected a condition such as error_rate < 0.01"),
        ("error_rate + 1", 0, "found a number, expected a condition such as error_rate < 0.01"),
        ("error_rate < true", 13, 'found a condition, expected a number beside "<"'),
        ("error_rate && p95_ms > 1", 0, 'found a number, expected a condition beside "&&"'),
        ("1 < p95_ms < 3", 0, 'found a condition, expected a number beside "<"'),
        ("p95_ms == (p95_ms > 1)", 11, 'found a condition, expected a number beside "=="'),
        ("p95_ms > 1 ? true : 5", 20, 'found a number, expected a condition beside ":"'),
        ("error_rate < 5", 13, "error_rate is a share from 0 to 1, so 5 is 500 %; expected 0.05 for 5 %"),
        ("1 > error_rate", 0, "error_rate is a share from 0 to 1, so 1 is 100 %; expected 0.01 for 1 %"),
        ("error_rate < 1%", 14, "% does not fit here; write a percentage as a share: 0.05 for 5 %"),
        ("error_rate = 0.1", 11, "= does not fit here; compare with =="),
        ("p95_ms < 100ms", 12, '"m" follows a number; units are not written here'),
        ("p95_ms > 1 & p95_ms < 3", 11, "& does not fit here; write && for and"),
        ("size(p95_ms) > 1", 0, "size(...) is a function; only figures and operators are supported"),
        ("new.p95_ms > 1", 0, '"new." is unknown; expected baseline.METRIC or history.METRIC'),
        ("history > 1", 0, "history stands alone, expected history.METRIC"),
        ("p95_ms > history. * 2", 18, "expected a metric after history."),
        ("p95_ms > 2 * history.p59_ms", 13, 'unknown metric "p59_ms"; did you mean "p99_ms"?'),
        (
            "history.error_rate_ratio > 1",
            0,
            "error_rate_ratio already compares with the baseline, expected it alone",
        ),
        (
            "history.error_rate > 5",
            21,
            "error_rate is a share from 0 to 1, so 5 is 500 %; expected 0.05 for 5 %",
        ),
        ("baseline > 1", 0, "baseline stands alone, expected baseline.METRIC"),
        ("baseline. > 1", 10, "expected a metric after baseline."),
        (
            "baseline.performance_degradation > 1",
            0,
            "performance_degradation already compares with the baseline, expected it alone",
        ),
        ("p95_ms / 0 > 1", 9, "divides by zero"),
        ("1 < 2", 0, "names no metric, so it never changes"),
        ("(p95_ms > 1", 11, 'found the end, expected ")"'),
        ("p95_ms > 1)", 10, '")" does not fit here; expected an operator or the end'),
        ("", 0, "found the end, expected a number, a metric or a parenthesis"),
        ("(" * 60, 40, "nested more than 40 deep"),
        ("!" * 60, 39, "nested more than 40 deep"),
        ("p95_ms > 1e999", 9, "1e999 is too large"),
        ("p95_ms > " + "1" * 500, 500, "longer than 500 characters"),
        ("p95_ms > 1" + "+1" * 240 + "<1", 0, 'found a condition, expected a number beside "<"'),
    ],
)
def test_what_is_wrong_with_an_expression_is_told_with_its_place(
    expression: str, at: int, message: str
) -> None:
    assert ExpressionProblem(at, message) in check(expression, KNOWN)


def test_all_problems_of_an_expression_are_told_in_order() -> None:
    problems = check("eror_rate < true && p59_ms > 1", KNOWN)

    assert [problem.at for problem in problems] == [0, 12, 20]


def test_a_sound_expression_has_no_problems() -> None:
    assert check("error_rate < 0.01 && checkout_p99 < 2 * baseline.checkout_p99", KNOWN) == ()
    assert check("success_rate >= 1", KNOWN) == ()
    assert check("crash_rate > 2", KNOWN) == ()


@pytest.mark.parametrize(
    ("expression", "metric", "limit"),
    [
        ("error_rate < 0.01", "error_rate", 0.01),
        ("0.05 < error_rate", "error_rate", 0.05),
        ("p95_ms <= 2 * 1000", "p95_ms", 2_000.0),
        ("response_time > 500", "p95_ms", 500.0),
        ("error_rate < 0.01", "p95_ms", None),
        ("p95_ms <= 2 * baseline.p95_ms", "p95_ms", None),
        ("baseline.p95_ms <= 5", "p95_ms", None),
        ("p95_ms <= 2 * history.p95_ms", "p95_ms", None),
        ("history.p95_ms <= 5", "p95_ms", None),
        ("error_rate > 0.1 && p95_ms > 5", "p95_ms", None),
        ("p95_ms + 1 > 5", "p95_ms", None),
    ],
)
def test_a_fixed_bound_is_found_for_drawing(expression: str, metric: str, limit: float | None) -> None:
    assert limit_on(expression, metric) == limit
