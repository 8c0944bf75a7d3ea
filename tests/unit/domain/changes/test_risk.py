"""How risky a change is: rules, questionnaire, the higher counts, and every score explains itself."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluiceway.domain.changes.model import ChangeFacts, Impact, RiskEntry
from sluiceway.domain.changes.risk import assess
from sluiceway.domain.process.control import RiskModel, RiskRule
from sluiceway.errors import InvalidInputError
from tests.unit.domain.changes.requests import FACTS, RISK

ONLY_RULES = replace(RISK, questions=())


def answered(users: str = "none", way_back: str = "t", scope: str = "minor") -> ChangeFacts:
    return replace(FACTS, impact=Impact(scope=scope), answers=(("users", users), ("way-back", way_back)))


@pytest.mark.parametrize(
    ("users", "way_back", "score", "level"),
    [
        ("none", "t", 0, "low"),
        ("none", "d", 25, "low"),
        ("some", "t", 37.5, "medium"),
        ("some", "d", 62.5, "medium"),
        ("all", "t", 75, "high"),
        ("all", "d", 100, "high"),
    ],
)
def test_the_score_is_the_weighted_share_of_the_most_points(
    users: str, way_back: str, score: float, level: str
) -> None:
    found = assess(RISK, answered(users, way_back))

    assert (found.score, found.level.id) == (score, level)


def test_the_higher_of_rules_and_questionnaire_counts() -> None:
    by_rule = assess(RISK, answered("none", scope="major"))
    by_score = assess(RISK, answered("all", scope="major"))

    assert (by_rule.level.id, by_rule.rank, by_rule.most) == ("medium", 1, 2)
    assert by_rule.sentence == "Medium: Its scope is major (scope == 'major')"
    assert by_score.level.id == "high"
    assert by_score.sentence == "High: the questionnaire scores 75 of 100, which is High"


def test_the_first_rule_that_holds_gives_the_level() -> None:
    facts = replace(
        answered(scope="major"), impact=Impact(scope="major", risks=(RiskEntry("slow", "high", "medium"),))
    )

    assert [reason.level for reason in assess(ONLY_RULES, facts).reasons] == ["high"]
    assert [reason.level for reason in assess(ONLY_RULES, answered(scope="major")).reasons] == ["medium"]


def test_every_answer_and_rule_explains_itself() -> None:
    assert [reason.text for reason in assess(RISK, answered("some", "d", scope="major")).reasons] == [
        "Its scope is major (scope == 'major')",
        "the questionnaire scores 62 of 100, which is Medium",
        "How many users notice? Some: 2 of 4 points, weight 3",
        "How is it taken back? Not: 10 of 10 points, weight 1",
    ]


def test_a_question_without_an_answer_counts_as_the_worst_and_is_named() -> None:
    found = assess(RISK, replace(answered(), answers=(("users", "some"),)))

    assert found.score == 62.5
    assert found.unanswered == ("way-back",)
    assert found.sentence == (
        "Medium: the questionnaire scores 62 of 100, which is Medium; "
        "1 question is not answered and counted as the worst"
    )
    assert "is not answered: counts as the worst, 10 points" in found.reasons[-1].text


def test_an_answer_that_the_questionnaire_does_not_have_counts_as_none() -> None:
    found = assess(RISK, replace(answered(), answers=(("users", "few"), ("way-back", "t"))))

    assert (found.score, found.unanswered) == (75, ("users",))
    assert 'has no answer "few"' in found.reasons[1].text


def test_a_rule_on_something_left_open_counts_and_says_so() -> None:
    found = assess(ONLY_RULES, replace(FACTS, impact=Impact()))

    assert found.level.id == "medium"
    assert found.score is None
    assert found.sentence == (
        "Medium: Its scope is major: the request does not say, so it counts (scope == 'major')"
    )


def test_a_rule_left_open_does_not_hide_a_higher_one_after_it() -> None:
    rules = (
        RiskRule("scope", "scope == 'major'", "medium", "Its scope is major"),
        RiskRule("risks", "risk_count == 0", "high", "Nobody thought of risks"),
    )
    found = assess(replace(ONLY_RULES, rules=rules), replace(FACTS, impact=Impact()))

    assert found.level.id == "high"


def test_rules_may_ask_for_the_score() -> None:
    rules = (RiskRule("score", "score > 20 && answers.way_back == 'd'", "high", "No way back"),)

    assert assess(replace(RISK, rules=rules), answered("none", "d")).level.id == "high"
    assert assess(replace(RISK, rules=rules), answered("none", "t")).level.id == "low"


def test_without_rules_that_hold_it_is_the_lowest_level() -> None:
    assert assess(ONLY_RULES, answered()).sentence == "Low: no rule holds"


@given(
    users=st.sampled_from(["none", "some", "all"]),
    way_back=st.sampled_from(["t", "d"]),
    left_out=st.sampled_from(["users", "way-back"]),
)
def test_answering_a_question_never_raises_the_score(users: str, way_back: str, left_out: str) -> None:
    facts = answered(users, way_back)
    partly = replace(facts, answers=tuple(pair for pair in facts.answers if pair[0] != left_out))

    whole_score, part_score = assess(RISK, facts).score, assess(RISK, partly).score

    assert whole_score is not None
    assert part_score is not None
    assert 0 <= whole_score <= part_score <= 100


def test_a_model_that_can_not_be_used_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="has no levels of risk"):
        assess(RiskModel(()), FACTS)
    wrong = replace(ONLY_RULES, rules=(RiskRule("x", "scope == 'minor'", "huge", ""),))
    with pytest.raises(InvalidInputError, match='level of risk "huge", expected one of low, medium, high'):
        assess(wrong, FACTS)
