"""Conditions of risk rules: what they may name, what is wrong with one, and when one holds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluiceway.domain.changes.conditions import NAMES, check_condition, figures_of, holds, weight_of
from sluiceway.domain.changes.model import ChangeFacts, Impact, RiskEntry
from sluiceway.domain.process.expressions import ExpressionProblem
from sluiceway.errors import InvalidInputError

QUESTIONS = ("users", "data-loss")
FACTS = ChangeFacts(
    title="New tax rules",
    requestor="ada",
    impact=Impact(
        scope="Major",
        effort_estimate="6-8 weeks",
        technical=("database schema changes", "new endpoint"),
        risks=(
            RiskEntry("queries slow down", "medium", "medium"),
            RiskEntry("wrong invoices", "medium", "high"),
            RiskEntry("delay", "high", "low"),
            RiskEntry("unheard of"),
        ),
    ),
    service="billing",
    answers=(("users", "everyone"), ("data-loss", "none")),
)


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("scope == 'major'", True),
        ('scope == "minor"', False),
        ("scope in ['major', 'platform']", True),
        ("effort_weeks > 7.5", True),
        ("effort_weeks > 8", False),
        ("effort == '6-8 weeks'", True),
        ("kind == 'normal' && service == 'billing'", True),
        ("risk_count == 4 && high_risks == 2", True),
        ("technical.exists(line, line.contains('schema'))", True),
        ("size(dependencies) > 0", False),
        ("!has_rollback_plan", True),
        ("answers.users == 'everyone'", True),
        ("answers.data_loss != 'none'", False),
        ("answers['data-loss'] == 'none'", True),
        ("score >= 70", True),
        ("scope.matches('^maj') && service.startsWith('bill')", True),
    ],
)
def test_a_condition_reads_the_fields_of_the_change(condition: str, expected: bool) -> None:
    assert check_condition(condition, QUESTIONS) == ()
    assert holds(condition, figures_of(FACTS, score=70)) is expected


@pytest.mark.parametrize(
    "condition",
    [
        "scope == 'major'",
        "effort_weeks > 1",
        "service != 'billing'",
        "answers.users == 'everyone'",
        "kind == 'normal' && scope == 'major'",
    ],
)
def test_a_condition_on_what_was_left_open_has_no_answer(condition: str) -> None:
    assert holds(condition, figures_of(ChangeFacts("New tax rules", "ada"), score=0)) is None


def test_what_is_open_makes_no_difference_where_the_rest_decides() -> None:
    figures = figures_of(ChangeFacts("New tax rules", "ada"), score=0)

    assert holds("scope == 'major' || kind == 'normal'", figures) is True
    assert holds("scope == 'major' && kind == 'emergency'", figures) is False


def test_an_effort_that_is_no_length_of_time_stays_open() -> None:
    figures = figures_of(ChangeFacts("x", "ada", impact=Impact(effort_estimate="a lot")), score=0)

    assert "effort_weeks" not in figures
    assert figures["effort"] == "a lot"


@pytest.mark.parametrize(
    ("condition", "at", "message"),
    [
        ("scop == 'major'", 0, 'unknown name "scop"; did you mean "scope"?'),
        ("kind == 'normal' || foo == 1", 20, 'unknown name "foo"'),
        ("scope.lower() == 'x'", 5, 'unknown function "lower"'),
        ("now() > 1", 0, 'unknown function "now"'),
        ("answers.user == 'x'", 7, 'no question "user" in the questionnaire; did you mean "users"?'),
        ("answers['dataloss'] == 'x'", 9, 'no question "dataloss" in the questionnaire; did you mean'),
        ("service.name == 'x'", 7, 'no question "name" in the questionnaire'),
        ("scope", 0, 'not a condition, expected one such as scope == "major"'),
        (
            "scope > 1",
            0,
            "puts together what doesn't fit (scope is a text); compare text with text, numbers with numbers",
        ),
        ("score / 2 > 3.0", 0, "puts together what doesn't fit (score is a decimal number such as 2.0)"),
        ("1 < 2", 0, "names nothing of the change"),
        ("not(scope == 'major')", 0, "not does not fit here; write ! for not"),
    ],
)
def test_a_wrong_condition_is_a_problem_at_its_place(condition: str, at: int, message: str) -> None:
    problem, *_ = check_condition(condition, QUESTIONS)

    assert problem.at == at
    assert problem.message.startswith(message)


@pytest.mark.parametrize(
    ("condition", "at", "message"),
    [
        ("scope = 'major'", 6, "= does not fit here; write == to compare"),
        ("scope === 'major'", 6, "=== does not fit here; write == to compare"),
        ("scope is 'major'", 6, "is does not fit here; write == to compare"),
        ("risk_count =< 3", 11, "=< does not fit here; write <="),
        ("scope <> 'major'", 6, "<> does not fit here; write !="),
        ("scope == 'a' and kind == 'b'", 13, "and does not fit here; write && for and"),
        ("scope == 'a'\n  | kind == 'b'", 15, "| does not fit here; write || for or"),
        ("not has_rollback_plan", 0, "not does not fit here; write ! for not"),
        ("risk_count > 5%", 14, "% does not fit here; write the number alone"),
        ("score >= 50 points", 12, "points does not fit here; write an operator such as == or && before it"),
        ("scope == 'major", 9, "begins a text; end it with '"),
        ("(scope == 'major'", 0, "( is not closed; write ) where it ends"),
        ("scope in ['a', 'b'", 9, "[ is not closed; write ] where it ends"),
        ("scope == 'major')", 16, ") closes nothing; leave it out"),
        (
            "scope ==",
            8,
            "ends after == too early, expected one such as scope == 'major' && risk_count > 2",
        ),
        ("  ", 0, "is empty, expected a condition such as scope == 'major' && risk_count > 2"),
        ("&& scope == 'a'", 0, "&& does not fit here; expected a name, a number or a text in quotes"),
        (
            "scope == 'a' ? 1",
            0,
            "can't be read from here on, expected one such as scope == 'major' && risk_count > 2",
        ),
    ],
)
def test_a_condition_that_can_not_be_read_says_what_to_write(condition: str, at: int, message: str) -> None:
    assert check_condition(condition, QUESTIONS) == (ExpressionProblem(at, message),)


@given(st.text(alphabet="scope risk_count='\"&|!()[]{}<>=.,?:%#;1\n\\", max_size=40))
def test_whatever_is_written_there_is_a_sentence_for_it(condition: str) -> None:
    for problem in check_condition(condition, QUESTIONS):
        assert 0 <= problem.at <= len(condition)
        assert "<EOF>" not in problem.message
        assert "<input>" not in problem.message


def test_an_entry_that_a_list_may_not_have_is_no_answer_and_no_problem() -> None:
    condition = "technical[9] == 'new cluster'"

    assert check_condition(condition, QUESTIONS) == ()
    assert holds(condition, figures_of(FACTS, score=0)) is None


def test_a_condition_longer_than_500_characters_is_refused_unread() -> None:
    (problem,) = check_condition("scope == '" + "x" * 600 + "'", QUESTIONS)

    assert problem.message == "longer than 500 characters"


def test_a_number_is_refused_as_a_condition() -> None:
    with pytest.raises(InvalidInputError, match="is not a condition"):
        holds("risk_count", figures_of(FACTS, score=0))


def test_words_inside_text_are_no_names() -> None:
    assert check_condition("scope == 'foo bar.baz(1)'", QUESTIONS) == ()


def test_every_name_has_its_meaning() -> None:
    given = figures_of(FACTS, score=0)

    assert set(given) == set(NAMES)


@pytest.mark.parametrize(
    ("probability", "impact", "expected"),
    [("low", "low", 1), ("Medium", "HIGH", 6), ("high", "low", 3), ("", "low", 3), ("", "", 9)],
)
def test_a_risk_weighs_probability_times_impact(probability: str, impact: str, expected: int) -> None:
    assert weight_of(RiskEntry("x", probability, impact)) == expected
