"""Each problem with its place, what was found and what to do."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from sluiceway.domain.flags.checking import problems_of, problems_of_segment, problems_of_set
from sluiceway.domain.flags.model import (
    Constraint,
    Dependency,
    Experiment,
    Flag,
    FlagSet,
    NoData,
    Operator,
    Rule,
    Segment,
    Serve,
    Share,
    Threshold,
    ValueType,
    Variant,
    Window,
)
from tests.unit.domain.flags.worlds import for_pro, one_of

FLAG = Flag("search")
AT = datetime(2026, 11, 21, 8, tzinfo=UTC)
FIRST_VALUE = "rules[0].constraints[0].values[0]"
AN_ADDRESS = "an address or network such as 10.0.0.0/8 or 2001:db8::/32"
AN_INSTANT = "an instant with its offset, such as 2026-11-21T08:00:00Z"
TWICE = Threshold("slow", "p95_ms > 200", NoData.KEEP)


def rule(constraint: Constraint) -> Flag:
    return replace(FLAG, rules=(Rule("r", constraints=(constraint,)),))


def valued(kind: ValueType, value: object) -> Flag:
    return replace(FLAG, value_type=kind, variants=(Variant("on", value), Variant("off", value)))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("flag", "problem"),
    [
        (replace(FLAG, id=""), "id: is missing"),
        (
            replace(FLAG, serve=Serve("onn")),
            'serve.variant: the flag has no variant "onn"; did you mean "on"?',
        ),
        (
            replace(FLAG, rules=(for_pro(),), otherwise=Serve("blue")),
            'otherwise.variant: the flag has no variant "blue"; there are off, on',
        ),
        (replace(FLAG, off_variant="of"), 'off_variant: the flag has no variant "of"; did you mean "off"?'),
        (
            replace(FLAG, serve=Serve(split=(Share("on", 0), Share("off", 0)))),
            "serve.split: all weights are 0, so nobody gets anything; give one a weight",
        ),
        (
            replace(FLAG, serve=Serve("on", split=(Share("on", 1),))),
            "serve: has a variant and a split; take one of them out",
        ),
        (
            replace(FLAG, rules=(Rule("a"), Rule("a"))),
            "rules: 2 have the id 'a'; give each its own",
        ),
        (
            replace(FLAG, variants=(*FLAG.variants, Variant("on", False))),
            "variants: 2 have the name 'on'; give each its own",
        ),
        (
            replace(FLAG, rules=(Rule("r", segments=("beta-user",)),)),
            'rules[0].segments[0]: there is no segment "beta-user"; did you mean "beta-users"?',
        ),
        (
            replace(FLAG, window=Window(AT, AT)),
            f"window: ends at {AT}, not after {AT}, when it begins",
        ),
        (
            replace(FLAG, fallback="no"),
            "fallback: is 'no', and the flag's values are of type boolean",
        ),
        (replace(FLAG, thresholds=(TWICE, TWICE)), "thresholds: 2 have the id 'slow'; give each its own"),
        (
            replace(FLAG, experiment=Experiment("e", control="red")),
            'experiment.control: the flag has no variant "red"; there are off, on',
        ),
        (
            replace(FLAG, dependencies=(Dependency("acounts"),)),
            'dependencies[0].flag: there is no flag "acounts"; did you mean "accounts"?',
        ),
        (
            replace(FLAG, dependencies=(Dependency("accounts", variants=("onn",)),)),
            'dependencies[0].variants: flag "accounts" has no variant "onn"; did you mean "on"?',
        ),
        (
            replace(FLAG, dependencies=(Dependency("needs-search"),)),
            "dependencies: go in a circle, search -> needs-search -> search; take one of them out",
        ),
        (
            replace(FLAG, dependencies=(Dependency("search"),)),
            "dependencies: go in a circle, search -> search; take one of them out",
        ),
        (rule(one_of("", "x")), "rules[0].constraints[0].attribute: is missing"),
        (
            rule(Constraint("a", Operator.IS_PRESENT, ("x",))),
            "rules[0].constraints[0].values: is-present takes none; take them out",
        ),
        (
            rule(Constraint("a", Operator.LESS)),
            "rules[0].constraints[0].values: are missing; < compares with one at least",
        ),
        (
            rule(Constraint("a", Operator.LESS, ("1", "ten"))),
            "rules[0].constraints[0].values[1]: is 'ten', expected a number",
        ),
        (
            rule(Constraint("a", Operator.AFTER, ("2026-01-01",))),
            f"{FIRST_VALUE}: is '2026-01-01', expected {AN_INSTANT}",
        ),
        (
            rule(Constraint("a", Operator.SEMVER_LESS, ("v1.0.0",))),
            f"{FIRST_VALUE}: is 'v1.0.0', expected a semantic version such as 1.4.0 or 2.0.0-rc.1",
        ),
        (
            rule(Constraint("a", Operator.IN_NETWORK, ("10.0.0.0/99",))),
            f"{FIRST_VALUE}: is '10.0.0.0/99', expected {AN_ADDRESS}",
        ),
        (
            rule(Constraint("a", Operator.MATCHES, ("(",))),
            "rules[0].constraints[0].values[0]: pattern '(' is not one RE2 accepts: missing ): (",
        ),
        (
            valued(ValueType.NUMBER, "7"),
            "variants[0].value: is '7', and the flag's values are of type number",
        ),
        (
            valued(ValueType.NUMBER, True),
            "variants[0].value: is True, and the flag's values are of type number",
        ),
        (
            valued(ValueType.OBJECT, "{}"),
            "variants[0].value: is '{}', and the flag's values are of type object",
        ),
    ],
)
def test_a_problem_says_where_it_is_and_what_to_do(flag: Flag, problem: str) -> None:
    needing = Flag("needs-search", dependencies=(Dependency("search"),))
    known = {"accounts": Flag("accounts"), "needs-search": needing}

    assert problem in problems_of(flag, known, {"beta-users": Segment("beta-users")})


@pytest.mark.parametrize(
    "flag",
    [
        FLAG,
        replace(FLAG, rules=(for_pro(),), dependencies=(Dependency("accounts", variants=("on", "")),)),
        replace(FLAG, serve=Serve(), otherwise=Serve(), off_variant=""),
        rule(Constraint("a", Operator.IN)),
        rule(Constraint("a", Operator.MATCHES, (r"^\w+@example\.org$",))),
        valued(ValueType.OBJECT, [1, {"a": None}]),
        valued(ValueType.NUMBER, 7.5),
        replace(FLAG, window=Window(AT)),
    ],
)
def test_a_sound_flag_has_none(flag: Flag) -> None:
    assert problems_of(flag, {"accounts": Flag("accounts")}, {}) == ()


def test_a_segment_s_problems_are_named() -> None:
    segment = Segment(
        "", constraints=(Constraint("a", Operator.LESS, ("x",)),), included=("a",), excluded=("a",)
    )

    assert problems_of_segment(segment) == (
        "id: is missing",
        "constraints[0].values[0]: is 'x', expected a number",
        "excluded: 'a' is included, too; excluded wins, so take it out of one",
    )


def test_a_set_names_the_flag_of_each_problem_and_every_circle_once() -> None:
    flags = (
        replace(FLAG, serve=Serve("onn")),
        Flag("a", dependencies=(Dependency("b"),)),
        Flag("b", dependencies=(Dependency("a"),)),
        Flag("twice"),
        Flag("twice"),
    )
    segments = (Segment("s", constraints=(one_of("", "x"),)), Segment("s"))

    assert problems_of_set(FlagSet("shop", "production", 1, flags, segments)) == (
        "flags: 2 have the id 'twice'; give each its own",
        "segments: 2 have the id 's'; give each its own",
        'flags.search: serve.variant: the flag has no variant "onn"; did you mean "on"?',
        "segments.s: constraints[0].attribute: is missing",
        "flags.a: dependencies: go in a circle, a -> b -> a; take one of them out",
    )
