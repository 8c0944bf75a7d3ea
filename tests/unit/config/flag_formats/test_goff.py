"""GO Feature Flag's files: queries, percentages, dates."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from sluiceway.config.flag_formats.goff import from_goff
from sluiceway.config.flag_formats.reading import load
from sluiceway.config.flag_formats.rules import SPLIT_NOTE
from sluiceway.domain.flags.compiling import compile_set
from sluiceway.domain.flags.model import Rule, Serve, Share, ValueType, Window

FILE = """\
new-cart:
  variations: {A: false, B: true}
  bucketingKey: team
  targeting:
    - {name: Us, query: email ew "@x.com", variation: B}
    - {name: Old, query: age gt 90, disable: true, variation: A}
    - query: tier in ["pro", "team"]
      percentage: {A: 12.5, B: 87.5}
  defaultRule: {variation: A}
  experimentation: {start: 2026-01-01T00:00:00Z, end: 2026-02-01T00:00:00+02:00}
  metadata: {issue: 12}
  trackEvents: false
color:
  variations: {red: "#f00", blue: "#00f"}
  disable: true
  defaultRule: {percentage: {red: 50, blue: 50}}
"""


def test_a_file_gives_flags() -> None:
    found = from_goff(load(FILE), service="shop", environment="production")
    cart, color = found.flags.flags

    assert found.problems == ()
    assert [(rule.id, rule.title) for rule in cart.rules] == [("rule-1", "Us"), ("rule-3", "")]
    assert cart.rules[1].serve == Serve(split=(Share("A", 12_500), Share("B", 87_500)), by=("team",))
    assert cart.otherwise == Serve("A")
    assert cart.window == Window(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 31, 22, 0, tzinfo=UTC))
    assert cart.metadata == {"issue": 12}
    assert (color.value_type, color.is_enabled, color.off_variant) == (ValueType.STRING, False, "")
    assert (color.rules, color.serve) == ((), Serve(split=(Share("red", 50_000), Share("blue", 50_000))))
    assert found.notes == (
        "new-cart.targeting[1]: is disabled and was left out",
        f"new-cart: {SPLIT_NOTE}",
        "new-cart.trackEvents: is kept, and means nothing here",
        f"color: {SPLIT_NOTE}",
    )


def reaches(query: object, **attributes: object) -> bool:
    item = {
        "variations": {"A": False, "B": True},
        "targeting": [{"query": query, "variation": "B"}],
        "defaultRule": {"variation": "A"},
    }
    found = from_goff({"flag": item})
    assert found.problems == ()
    evaluator = compile_set(found.flags, now=lambda: 0.0, chance=lambda: 0.0)
    return evaluator.evaluate("flag", {"targetingKey": "ada", **attributes}).variant == "B"


@pytest.mark.parametrize(
    ("query", "fitting", "other"),
    [
        ('tier eq "pro"', {"tier": "pro"}, {"tier": "free"}),
        ("tier == 'pro'", {"tier": "pro"}, {}),
        ('tier ne "pro"', {"tier": "free"}, {"tier": "pro"}),
        ('tier ne "pro"', {"tier": "free"}, {}),
        ('not (tier eq "pro")', {}, {"tier": "pro"}),
        ("beta eq true", {"beta": True}, {"beta": False}),
        ("age eq 18", {"age": 18}, {"age": 19}),
        ("age gt 18 and age le 20", {"age": 20}, {"age": 18}),
        ("age < 18 or age >= 65", {"age": 70}, {"age": 30}),
        ('email sw "ada" AND email ew ".com"', {"email": "ada@x.com"}, {"email": "ada@x.org"}),
        ('email co "@x"', {"email": "ada@x.com"}, {"email": "ada@y.com"}),
        ('tier in ["pro", "team"]', {"tier": "team"}, {"tier": "free"}),
        ("age in [1, 2]", {"age": 2}, {"age": 3}),
        ("tier pr", {"tier": ""}, {}),
        ("version gt 1.2.3", {"version": "1.10.0"}, {"version": "1.2.3"}),
        ('key eq "ada" and a eq "1" or b eq "2"', {"a": "1"}, {"a": "2"}),
        ('a eq "1" and (b eq "2" or c eq "3")', {"a": "1", "c": "3"}, {"c": "3"}),
        ('name eq "say \\"hi\\""', {"name": 'say "hi"'}, {"name": "say hi"}),
        ('{"==": [{"var": "tier"}, "pro"]}', {"tier": "pro"}, {"tier": "free"}),
    ],
)
def test_queries_reach_those_they_name(query: str, fitting: dict[str, Any], other: dict[str, Any]) -> None:
    assert reaches(query, **fitting)
    assert not reaches(query, **other)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"targeting": [{"query": "age gt", "variation": "A"}]}, "query: ends where a value was expected"),
        ({"targeting": [{"query": "(age gt 1", "variation": "A"}]}, "query: lacks a `)`"),
        (
            {"targeting": [{"query": "age gt 1 tier", "variation": "A"}]},
            "query: has `tier` where `and`, `or` or the end was expected",
        ),
        (
            {"targeting": [{"query": 'age like "x"', "variation": "A"}]},
            '`age like "x"` has no equal among rules here',
        ),
        ({"targeting": [{"query": 'a eq "', "variation": "A"}]}, "can't be read from `\"` on"),
        ({"targeting": [{"query": "(" * 99, "variation": "A"}]}, "is nested too deep"),
        ({"targeting": [{"progressiveRollout": {"initial": {}}}]}, "drive the flag with a rollout instead"),
        ({"scheduledRollout": [{"date": "2026-01-01"}]}, "flag.scheduledRollout: changes by itself in time"),
        ({"defaultRule": {"variation": "C"}}, 'flag: serves "C", expected one of A, B'),
        ({"defaultRule": {"percentage": {"A": "x"}}}, "flag.defaultRule.percentage.A: is 'x', expected"),
        ({"experimentation": {"start": "soon"}}, 'flag.experimentation.start: "soon" is no instant'),
    ],
)
def test_what_rules_can_not_say_is_named_and_its_flag_left_out(change: dict[str, Any], problem: str) -> None:
    good: dict[str, Any] = {"variations": {"A": False, "B": True}, "defaultRule": {"variation": "A"}}
    found = from_goff({"flag": {**good, **change}, "good": good})
    assert [one.id for one in found.flags.flags] == ["good"]
    assert len(found.problems) == 1
    assert problem in found.problems[0]


def test_a_rule_without_a_query_is_for_the_rest() -> None:
    item = {
        "variations": {"A": 1, "B": 2},
        "targeting": [{"query": "a pr", "variation": "A"}, {"variation": "B"}],
        "defaultRule": {"variation": "A"},
    }
    (flag,) = from_goff({"flag": item}).flags.flags
    assert flag.otherwise == Serve("B")
    assert [rule.serve for rule in flag.rules] == [Rule("", serve=Serve("A")).serve]
