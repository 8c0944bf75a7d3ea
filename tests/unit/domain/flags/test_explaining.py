"""Explanations say what was asked, what was found and what came of it, and agree with the evaluation."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluiceway.domain.flags.explaining import Claim, Outcome, constraint_sentence
from sluiceway.domain.flags.model import (
    BUCKETS,
    RANDOM,
    Constraint,
    Dependency,
    Flag,
    HeldOffBy,
    Hold,
    Operator,
    Reason,
    Rule,
    Segment,
    Serve,
    Window,
)
from tests.unit.domain.flags.worlds import NOW_S, evaluator, for_pro, one_of

ON = Flag("search", is_enabled=True)
PRO = {"targetingKey": "ann", "plan": "pro"}


def test_a_rule_that_fits_shows_each_constraint_and_what_was_found() -> None:
    found = evaluator(replace(ON, rules=(replace(for_pro(), title="Paying customers"),))).explain(
        "search", PRO
    )

    (rule,) = found.rules
    assert found.summary == '"on", because rule "Paying customers" fits'
    assert rule.outcome is Outcome.DECIDED
    assert rule.claims == (Claim("plan is one of pro", "pro", held=True),)
    assert rule.sentence == "it fits, and reaches everyone who fits"


def test_a_rule_that_does_not_fit_shows_why() -> None:
    found = evaluator(replace(ON, rules=(for_pro(),))).explain("search", {"plan": 7})

    (rule,) = found.rules
    assert found.summary == '"off", because the flag is on, and no rule reached'
    assert (rule.outcome, rule.claims) == (Outcome.NO_FIT, (Claim("plan is one of pro", "7", held=False),))


@pytest.mark.parametrize(
    ("reach", "outcome", "sentence"),
    [
        (
            24_682,
            Outcome.NOT_REACHED,
            "doesn't reach: bucket 46.54 percent of a reach of 24.682 percent",
        ),
        (BUCKETS - 1, Outcome.DECIDED, "reaches: bucket 46.54 percent of a reach of 99.999 percent"),
    ],
)
def test_a_percentage_shows_the_bucket(reach: int, outcome: Outcome, sentence: str) -> None:
    key = "user-1"  # 46 540 of 100 000 in "search"
    asked = evaluator(replace(ON, rules=(for_pro(reach),)))
    (rule,) = asked.explain("search", {"targetingKey": key, "plan": "pro"}).rules

    assert (rule.outcome, rule.bucket, rule.reach, rule.key) == (outcome, 46_540, reach, key)
    assert rule.sentence == f"it fits, and {sentence}"


def test_a_percentage_without_a_key_says_what_is_missing() -> None:
    rule = replace(for_pro(50_000), by=("company",))
    found = evaluator(replace(ON, rules=(rule,))).explain("search", PRO)

    assert found.rules[0].outcome is Outcome.NO_KEY
    assert found.rules[0].sentence == "it fits, but its percentage needs company"
    assert found.summary.endswith("no rule reached: company is missing, which a percentage needs")


def test_rules_after_the_one_that_decided_were_not_asked() -> None:
    found = evaluator(replace(ON, rules=(for_pro(), Rule("rest")))).explain("search", PRO)

    assert [one.outcome for one in found.rules] == [Outcome.DECIDED, Outcome.NOT_ASKED]


def test_chance_is_named_as_chance() -> None:
    rule = replace(for_pro(50_000), by=(RANDOM,))
    found = evaluator(replace(ON, rules=(rule,))).explain("search", PRO)

    assert found.rules[0].sentence == "it fits, and reaches 50 percent by chance"


@pytest.mark.parametrize(
    ("flag", "claim"),
    [
        (Flag("search"), Claim("the flag is enabled", "off", held=False)),
        (
            replace(ON, hold=Hold(HeldOffBy.KILL, "orders fail")),
            Claim("nothing holds it off", "a kill switch: orders fail", held=False),
        ),
        (
            replace(ON, hold=Hold(HeldOffBy.THRESHOLD, metric="p95_ms")),
            Claim("nothing holds it off", "a threshold on p95_ms", held=False),
        ),
        (
            replace(ON, dependencies=(Dependency("accounts"),)),
            Claim("accounts is on", "off, off", held=False),
        ),
        (
            replace(ON, dependencies=(Dependency("behind"),)),
            Claim("behind is on", "off, off, because of accounts", held=False),
        ),
        (
            replace(ON, window=Window(datetime.fromtimestamp(NOW_S, UTC) + timedelta(hours=1))),
            Claim("it turned on at 2023-11-14 23:13:20+00:00", "that is to come", held=False),
        ),
        (
            replace(ON, window=Window(off_at=datetime.fromtimestamp(NOW_S, UTC))),
            Claim("it is not yet 2023-11-14 22:13:20+00:00", "that is past", held=False),
        ),
    ],
)
def test_what_holds_a_flag_off_is_shown_and_no_rule_was_asked(flag: Flag, claim: Claim) -> None:
    behind = Flag("behind", is_enabled=True, dependencies=(Dependency("accounts"),))
    asked = evaluator(Flag("accounts"), behind, replace(flag, rules=(for_pro(),)))
    found = asked.explain("search", PRO)

    assert claim in found.gates
    assert [one.outcome for one in found.rules] == [Outcome.NOT_ASKED]


def test_segments_show_whether_and_why_somebody_is_in() -> None:
    segments = (
        Segment("beta", "Beta users", (one_of("plan", "free"),), included=("ann",)),
        Segment("staff", constraints=(one_of("plan", "staff"),), excluded=("ann",)),
    )
    rule = Rule("r", segments=("beta", "staff", "nowhere"))
    (seen,) = evaluator(replace(ON, rules=(rule,)), segments=segments).explain("search", PRO).rules

    assert [(one.held, one.sentence) for one in seen.segments] == [
        (True, "included by name"),
        (False, "left out by name"),
        (False, "there is no such segment"),
    ]
    assert seen.segments[0].claims == (Claim("plan is one of free", "pro", held=False),)


def test_a_flag_that_is_not_there_is_explained_as_such() -> None:
    assert evaluator(ON).explain("searhc", PRO).summary == 'there is no flag "searhc"'


@pytest.mark.parametrize(
    ("constraint", "sentence"),
    [
        (Constraint("plan", Operator.IN, ("a", "b"), is_inverted=True), "plan is none of a, b"),
        (Constraint("mail", Operator.ENDS_WITH, (".org",)), "mail ends with .org"),
        (Constraint("age", Operator.AT_LEAST, ("18",)), "age is at least 18"),
        (Constraint("plan", Operator.IS_PRESENT), "plan is there"),
        (Constraint("plan", Operator.IS_PRESENT, is_inverted=True), "plan is missing"),
        (
            Constraint("mail", Operator.CONTAINS, ("@Example",), ignores_case=True),
            "mail contains @Example, upper or lower case",
        ),
        (
            Constraint("n", Operator.IN, tuple(map(str, range(12)))),
            "n is one of 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 2 more",
        ),
    ],
)
def test_a_constraint_is_said_as_people_do(constraint: Constraint, sentence: str) -> None:
    assert constraint_sentence(constraint) == sentence


@given(
    reaches=st.lists(st.integers(0, BUCKETS), max_size=4),
    plans=st.lists(st.sampled_from(["pro", "free"]), min_size=4, max_size=4),
    key=st.none() | st.text(max_size=5),
    plan=st.sampled_from(["pro", "free", None]),
)
def test_the_rule_that_is_shown_to_decide_is_the_one_that_did(
    reaches: list[int], plans: list[str], key: str | None, plan: str | None
) -> None:
    rules = tuple(
        Rule(str(at), constraints=(one_of("plan", plans[at]),), reach=reach, serve=Serve("on"))
        for at, reach in enumerate(reaches)
    )
    found = evaluator(replace(ON, rules=rules)).explain("search", {"targetingKey": key, "plan": plan})
    decided = [one.id for one in found.rules if one.outcome is Outcome.DECIDED]

    assert decided == ([found.evaluation.rule] if found.evaluation.rule else [])
    assert (found.evaluation.reason in {Reason.DEFAULT, Reason.STATIC}) is (not decided)
