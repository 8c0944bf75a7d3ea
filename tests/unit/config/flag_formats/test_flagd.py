"""flagd's definitions say here what they say there."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import pytest
from openfeature.contrib.tools.flagd.core.flagd_core import FlagdCore
from openfeature.evaluation_context import EvaluationContext

from sluiceway.config.flag_formats.flagd import from_flagd
from sluiceway.config.flag_formats.rules import SPLIT_NOTE
from sluiceway.domain.flags.model import Rule, Serve, Share
from tests.unit.config.flag_formats.answers import evaluations

EMAIL, TIER, AGE, VERSION, ROLES = ({"var": name} for name in ("email", "tier", "age", "version", "roles"))
TARGETINGS: dict[str, Any] = {
    "in a list": {"if": [{"in": [TIER, ["pro", "team"]]}, "on"]},
    "in a text": {"if": [{"in": ["@x.com", EMAIL]}, "on", "off"]},
    "member": {"if": [{"in": ["admin", ROLES]}, "on"]},
    "equal": {"if": [{"==": [TIER, "pro"]}, "on", {"==": ["free", TIER]}, "blue", "red"]},
    "not equal": {"if": [{"!=": [TIER, "pro"]}, "on"]},
    "missing": {"if": [{"==": [TIER, None]}, "on"]},
    "starts and ends": {
        "if": [{"and": [{"starts_with": [EMAIL, "ada"]}, {"ends_with": [EMAIL, ".com"]}]}, "on"]
    },
    "numbers": {"if": [{">=": [AGE, 65]}, "red", {">": [AGE, 17]}, "blue", "on"]},
    "numbers, what is missing is 0": {"if": [{"<": [AGE, 18]}, "on"]},
    "numbers, the other way round": {"if": [{"<": [18, AGE]}, "on"]},
    "between": {"if": [{"<=": [18, AGE, 64.5]}, "on"]},
    "not": {"if": [{"!": [{"or": [{"==": [TIER, "pro"]}, {">": [AGE, 18]}]}]}, "on"]},
    "a truth": {"if": [{"var": "beta"}, "on"]},
    "versions": {"if": [{"sem_ver": [VERSION, ">=", "1.3.0"]}, "on"]},
    "versions of one major": {"if": [{"sem_ver": [VERSION, "^", "1.9.0"]}, "on"]},
    "versions of one minor": {"if": [{"sem_ver": [VERSION, "~", "1.2.0"]}, "on"]},
    "another version": {"if": [{"sem_ver": [VERSION, "!=", "2.0.0"]}, "on"]},
    "nested": {"if": [{"==": [TIER, "pro"]}, {"if": [{">": [AGE, 18]}, "on"]}, {"in": ["@", EMAIL]}, "red"]},
    "by reference": {"if": [{"$ref": "grown"}, "on"]},
    "key": {"if": [{"in": [{"var": "targetingKey"}, ["ada"]]}, "on"]},
}
VARIANTS = {"on": "1", "off": "0", "red": "#f00", "blue": "#00f"}


def document(targeting: Any) -> dict[str, Any]:
    flag = {"state": "ENABLED", "variants": VARIANTS, "defaultVariant": "off", "targeting": targeting}
    return {"flags": {"flag": flag}, "$evaluators": {"grown": {"and": [{">=": [AGE, 18]}, EMAIL]}}}


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Keep flagd from logging every version that is none."""
    logger = logging.getLogger("openfeature.contrib")
    logger.disabled = True
    yield
    logger.disabled = False


@pytest.mark.parametrize("name", TARGETINGS)
def test_two_thousand_contexts_get_the_same_variant_as_from_flagd(name: str) -> None:
    flagd = FlagdCore()
    inlined = {"if": [{"and": [{">=": [AGE, 18]}, EMAIL]}, "on"]}
    flagd.set_flags(document(inlined if name == "by reference" else TARGETINGS[name]))
    converted = from_flagd(document(TARGETINGS[name]))
    assert converted.problems == ()

    seen: set[str] = set()
    for context, found in evaluations(converted.flags, "flag", 2_000):
        attributes = {key: value for key, value in context.items() if key != "targetingKey"}
        their_context = EvaluationContext(context["targetingKey"], attributes)
        wanted = flagd.resolve_string_value("flag", "", their_context)
        assert (found.variant, found.value) == (wanted.variant, wanted.value), context
        seen.add(found.variant)
    assert len(seen) > 1  # the contexts tell the variants apart


def test_a_disabled_flag_is_worth_what_the_caller_says() -> None:
    off = document({})
    off["flags"]["flag"]["state"] = "DISABLED"
    (_, found), *_ = evaluations(from_flagd(off).flags, "flag", 1)
    assert not found.has_value


def test_fractions_become_splits_and_say_that_people_move() -> None:
    by_email = {"cat": [{"var": "$flagd.flagKey"}, {"var": "email"}]}
    found = from_flagd(document({"if": [EMAIL, {"fractional": [by_email, ["red", 25], ["blue", 75]]}]}))
    (rule,) = found.flags.flags[0].rules
    assert rule.serve == Serve(split=(Share("red", 25), Share("blue", 75)), by=("email",))
    assert found.notes == (f"flag: {SPLIT_NOTE}",)

    whole = from_flagd(document({"fractional": [["red"], ["blue"]]})).flags.flags[0]
    assert (whole.rules, whole.serve) == ((), Serve(split=(Share("red", 1), Share("blue", 1))))


def test_versions_that_are_looser_than_semantic_ones_are_noted() -> None:
    found = from_flagd(document(TARGETINGS["versions"]))
    assert found.notes == ("flag: versions of two parts, or with a v in front, fit no rule here",)


def test_a_rule_that_always_fits_is_for_the_rest() -> None:
    flag = from_flagd(document({"if": [{"==": [TIER, "pro"]}, "on", "red"]})).flags.flags[0]
    assert flag.otherwise == Serve("red")
    assert [type(rule) for rule in flag.rules] == [Rule]


@pytest.mark.parametrize(
    ("targeting", "problem"),
    [
        ({"if": [{"cat": [1]}, "on"]}, "flags.flag.targeting.if[0].cat: has no equal among rules here"),
        ({"if": [{"<": [AGE, TIER]}, "on"]}, "targeting.if[0].<: is compared with"),
        ({"if": [{"==": [1, 2]}, "on"]}, "expected an attribute such as"),
        ({"if": [{"sem_ver": [VERSION, "=~", "1"]}, "on"]}, 'unknown operator "=~"'),
        ({"if": [{"sem_ver": [VERSION, "=", "one"]}, "on"]}, 'is compared with "one"'),
        ({"if": [{"$ref": "none"}, "on"]}, 'there is no "none" below $evaluators'),
        ({"if": [True, "green"]}, 'flags.flag: serves "green", expected one of on, off, red, blue'),
        ({"fractional": [["red", "many"]]}, 'found ["red", "many"], expected a variant and a weight'),
        ({"if": [{"==": [{"var": ["a", "b"]}, 1]}, "on"]}, "without a default"),
    ],
)
def test_what_rules_can_not_say_is_named_and_its_flag_left_out(targeting: Any, problem: str) -> None:
    found = from_flagd(document(targeting))
    assert found.flags.flags == ()
    assert len(found.problems) == 1
    assert problem in found.problems[0]


def test_a_document_that_is_none_is_a_problem() -> None:
    assert from_flagd([1]).problems == ("flagd: is [1], expected an object",)
    assert from_flagd({"flags": {"a": 3}}).problems == ("flags.a: is 3, expected an object",)
    assert "defaultVariant" in from_flagd({"flags": {"a": {"variants": {}}}}).problems[0]
