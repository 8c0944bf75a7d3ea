"""Flags written for other tools: what they say there, and what is named because it can't be said."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from openfeature.contrib.tools.flagd.core.flagd_core import FlagdCore
from openfeature.evaluation_context import EvaluationContext

from sluiceway.config.flag_formats.detect import FlagFormat, convert, detect, export
from sluiceway.config.flag_formats.flagd import from_flagd
from sluiceway.config.flag_formats.flagd_export import to_flagd
from sluiceway.config.flag_formats.goff import from_goff
from sluiceway.config.flag_formats.goff_export import to_goff
from sluiceway.domain.flags.model import (
    Constraint,
    Dependency,
    Flag,
    FlagSet,
    Operator,
    Rule,
    Segment,
    Serve,
    Share,
    Window,
)
from sluiceway.errors import InvalidInputError
from tests.unit.config.flag_formats.answers import evaluations

PRO = Constraint("tier", Operator.IN, ("pro", "team"))
SEGMENTS = (Segment("us", constraints=(PRO,), included=("bob",), excluded=("ada",)),)
RULES: dict[str, tuple[Rule, ...]] = {
    "in": (Rule("a", constraints=(PRO,)),),
    "not": (Rule("a", constraints=(Constraint("tier", Operator.IN, ("pro",), is_inverted=True),)),),
    "truth": (Rule("a", constraints=(Constraint("beta", Operator.IN, ("true",)),)),),
    "texts": (Rule("a", constraints=(Constraint("email", Operator.CONTAINS, ("@x", "bob")),)),),
    "ends": (Rule("a", constraints=(Constraint("email", Operator.ENDS_WITH, (".com",)), PRO)),),
    "number": (Rule("a", constraints=(Constraint("age", Operator.LESS, ("18",)),)),),
    "old": (Rule("a", constraints=(Constraint("age", Operator.AT_LEAST, ("64.5",)),)),),
    "semver": (Rule("a", constraints=(Constraint("version", Operator.SEMVER_GREATER, ("1.2.3",)),)),),
    "present": (Rule("a", constraints=(Constraint("tier", Operator.IS_PRESENT),)),),
    "segment": (Rule("a", segments=("us",)),),
    "in order": (Rule("a", constraints=(PRO,), serve=Serve("off")), Rule("b", segments=("us",))),
}


def flags(*more: Flag) -> FlagSet:
    made = tuple(Flag(key, is_enabled=True, rules=rules) for key, rules in RULES.items())
    return FlagSet("shop", "production", flags=(*made, *more), segments=SEGMENTS)


@pytest.mark.parametrize("key", RULES)
def test_flagd_answers_what_was_exported_as_we_do(key: str) -> None:
    written = to_flagd(flags())
    assert written.problems == ()
    flagd = FlagdCore()
    flagd.set_flags(dict(written.document))

    for context, found in evaluations(flags(), key, 500):
        attributes = {name: value for name, value in context.items() if name != "targetingKey"}
        if attributes.get("version") == "none":
            continue  # flagd logs it
        theirs = flagd.resolve_boolean_value(
            key, default_value=False, ctx=EvaluationContext(context["targetingKey"], attributes)
        )
        assert found.value is theirs.value, context


@pytest.mark.parametrize("key", RULES)
def test_a_goff_file_that_was_written_reads_back_with_the_same_answers(key: str) -> None:
    written = to_goff(flags())
    assert written.problems == ()
    read = from_goff(written.document).flags

    ours = [found.value for _, found in evaluations(flags(), key, 500)]
    assert [found.value for _, found in evaluations(read, key, 500)] == ours
    assert len(set(ours)) == 2


def test_a_share_goes_on_to_the_next_rule_in_flagd_too() -> None:
    flag = Flag("a", is_enabled=True, rules=(Rule("r", constraints=(PRO,), reach=25_000),))
    written = to_flagd(FlagSet("shop", "production", flags=(flag,)))
    assert written.document["flags"] == {
        "a": {
            "state": "ENABLED",
            "variants": {"on": True, "off": False},
            "defaultVariant": "off",
            "targeting": {
                "if": [
                    {
                        "and": [
                            {"in": [{"var": "tier"}, ["pro", "team"]]},
                            {"==": [{"fractional": [["in", 25_000], ["out", 75_000]]}, "in"]},
                        ]
                    },
                    "on",
                    "off",
                ]
            },
        }
    }
    assert written.notes == (
        "a: splits by another hash there: how many get which variant stays, who does changes",
    )


def test_splits_come_back_from_both_formats() -> None:
    split = Serve(split=(Share("on", 12_500), Share("off", 87_500)), by=("team",))
    whole = FlagSet(
        "shop", "production", flags=(Flag("a", is_enabled=True, rules=(Rule("r", "", (PRO,), serve=split),)),)
    )
    for read in (from_flagd(to_flagd(whole).document), from_goff(to_goff(whole).document)):
        (rule,) = read.flags.flags[0].rules
        few, most = (share.weight for share in rule.serve.split)
        assert (rule.constraints, rule.serve.by, few * 7) == ((PRO,), ("team",), most)


NETWORK = Constraint("ip", Operator.IN_NETWORK, ("10.0.0.0/8",))


@pytest.mark.parametrize(
    ("flag", "problem"),
    [
        (Flag("x", dependencies=(Dependency("y"),)), "x.dependencies: flags that depend on others"),
        (Flag("x", rules=(Rule("r", constraints=(NETWORK,)),)), "x.rules.r: `in-network` on ip"),
        (Flag("x", rules=(Rule("r", segments=("none",)),)), 'x.rules.r: names the segment "none"'),
        (
            Flag(
                "x",
                rules=(Rule("r", constraints=(Constraint("a", Operator.IN, ("b",), ignores_case=True),)),),
            ),
            "whatever the case",
        ),
        (Flag("x", rules=(Rule("r", reach=1, by=("a", "b")),)), "by"),
    ],
)
def test_what_can_not_be_said_there_is_named_and_its_flag_left_out(flag: Flag, problem: str) -> None:
    for written in (to_flagd(flags(flag)), to_goff(flags(flag))):
        assert len(written.problems) == 1
        assert problem in written.problems[0]


def test_a_window_is_an_experimentation_in_goff_and_nothing_in_flagd() -> None:
    flag = Flag("x", is_enabled=True, window=Window(datetime(2026, 1, 1, tzinfo=UTC)))
    assert "a window can't be said" in to_flagd(flags(flag)).problems[0]
    assert from_goff(to_goff(flags(flag)).document).flags.flags[-1].window == flag.window


TEXTS: dict[FlagFormat, str] = {
    FlagFormat.UNLEASH: '{"version": 1, "features": [{"name": "a", "enabled": true, "strategies": []}]}',
    FlagFormat.FLAGD: '{"flags": {"a": {"variants": {"on": true}, "defaultVariant": "on"}}}',
    FlagFormat.GOFF: "a: {variations: {x: 1}, defaultRule: {variation: x}}",
    FlagFormat.LAUNCHDARKLY: '{"flags": {"a": {"variations": [1], "fallthrough": {"variation": 0}}}}',
    FlagFormat.ENTERPRISE: "const featureFlags = {\n  a: { enabled: true, rolloutPercentage: 5 }, // x\n};",
    FlagFormat.ATHENA: "- {id: a, name: A, type: release, enabled: true, conditions: {userRole: [x]}}",
}


@pytest.mark.parametrize("format_", TEXTS)
def test_a_format_is_told_from_its_text(format_: FlagFormat) -> None:
    assert detect(TEXTS[format_]) is format_
    (found,) = convert(TEXTS[format_], service="shop", environment="production")
    assert [one.id for one in found.flags.flags] == ["a"]
    assert (found.flags.service, found.flags.environment) == ("shop", "production")


@pytest.mark.parametrize("text", ["{}", "[1]", "flags: {}", "hello: there"])
def test_a_text_of_no_known_tool_is_refused(text: str) -> None:
    with pytest.raises(InvalidInputError, match="as one of unleash, flagd, goff, launchdarkly"):
        detect(text)


@pytest.mark.parametrize("format_", [one for one in FlagFormat if one is not FlagFormat.LAUNCHDARKLY])
def test_what_is_exported_is_of_its_format(format_: FlagFormat) -> None:
    rule = Rule("audience", constraints=(Constraint("segment", Operator.IN, ("beta",)),))
    of_athena = Rule("audience", constraints=(Constraint("userRole", Operator.IN, ("beta",)),))
    one: Any = of_athena if format_ is FlagFormat.ATHENA else rule
    text, written = export(FlagSet("shop", "production", flags=(Flag("a", rules=(one,)),)), format_)
    assert written.problems == ()
    assert detect(text) is format_


def test_launchdarkly_is_only_read() -> None:
    with pytest.raises(InvalidInputError, match="can't be written for launchdarkly"):
        export(FlagSet("shop", "production"), FlagFormat.LAUNCHDARKLY)
