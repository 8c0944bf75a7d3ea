"""Flag files: what they mean, and every problem with its place."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import jsonschema
import pytest
import yaml

from sluiceway.config.flag_file import parse_flag_file
from sluiceway.config.flag_times import parse_instant
from sluiceway.config.flag_vocabulary import flag_file_schema
from sluiceway.domain.flags.model import (
    Constraint,
    Dependency,
    Flag,
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
from sluiceway.errors import FlagFileError, InvalidInputError

GOOD = """\
service: shop
environments: [staging, production]
flags:
  checkout:
    enabled: true
    expires_at: 2026-12-31
    rules:
      - id: beta
        constraints: [{attribute: tier, operator: in, values: [beta, 1.10, on]}]
        segments: team
        reach: 25%
      - {id: all, reach: 0.1}
    window: {on_at: 2026-12-01 08:00, off_at: 2026-12-05T07:00:00Z, zone: Europe/Berlin}
    thresholds: [{id: slow, when: p95_ms > 200, on_no_data: keep, for: 5m, clear: 30s}]
    dependencies: [color, {flag: login, on: false}]
    environments:
      production:
        enabled: false
        expires_at: null
        rules: [{id: beta, reach: 10%}]
  color:
    variants: {red: "#f00", blue: "#00f"}
    serve: {split: {red: 1, blue: 3}}
    otherwise: blue
    off_variant: red
  login: {}
segments: [{id: team, included: [ada]}]
"""
BETA = Rule(
    "beta",
    constraints=(Constraint("tier", Operator.IN, ("beta", "1.10", "on")),),
    segments=("team",),
    reach=25_000,
)


def problems(text: str, *environments: str) -> list[str]:
    with pytest.raises(FlagFileError) as caught:
        parse_flag_file(text, environments=environments)
    return list(caught.value.problems)


def test_a_file_gives_the_flags_of_each_environment() -> None:
    found = parse_flag_file(GOOD)

    assert (found.service, list(found.environments)) == ("shop", ["staging", "production"])
    assert found.segments == (Segment("team", included=("ada",)),)
    checkout, color, login = found.environments["staging"]
    assert checkout == Flag(
        "checkout",
        is_enabled=True,
        expires_at=datetime(2026, 12, 31, tzinfo=UTC),
        rules=(BETA, Rule("all", reach=100)),
        window=Window(
            datetime(2026, 12, 1, 7, tzinfo=UTC), datetime(2026, 12, 5, 7, tzinfo=UTC), "Europe/Berlin"
        ),
        thresholds=(Threshold("slow", "p95_ms > 200", NoData.KEEP, for_s=300.0, clear_s=30.0),),
        dependencies=(Dependency("color"), Dependency("login", is_on=False)),
    )
    assert color == Flag(
        "color",
        ValueType.STRING,
        variants=(Variant("red", "#f00"), Variant("blue", "#00f")),
        serve=Serve(split=(Share("red", 1), Share("blue", 3))),
        otherwise=Serve("blue"),
        off_variant="red",
    )
    assert login == Flag("login")


def test_an_environment_says_only_what_is_different_there() -> None:
    staging, production = (parse_flag_file(GOOD).environments[name][0] for name in ("staging", "production"))

    assert not production.is_enabled
    assert production.expires_at is None
    assert [(rule.id, rule.reach, rule.constraints) for rule in production.rules] == [
        ("beta", 10_000, BETA.constraints)
    ]
    assert production.thresholds == staging.thresholds


def test_a_list_of_flags_and_json_mean_the_same() -> None:
    flags = yaml.safe_load(
        "[{id: a, enabled: true}, {id: b, variants: {x: 1, y: 2}, serve: x, off_variant: y}]"
    )
    as_list = parse_flag_file(json.dumps({"flags": flags}))
    as_mapping = parse_flag_file(json.dumps({"flags": {flag.pop("id"): flag for flag in flags}}))
    assert as_list == as_mapping
    assert as_list.environments["production"][1].value_type is ValueType.NUMBER


BAD = """\
flags:
  - id: a
    rules: [{id: b, reach: 150%, serv: on}]
    enabled: maybe
    environments: {prodution: {enabled: false}, production: {hold: {by: kill}}}
    window: {on_at: 2026-03-29 02:30 Europe/Berlin}
    thresholds: [{id: a, for: 5 parsecs}]
  - {id: a, rulez: []}
  - 3
  - {id: c, environments: {production: {rules: [{id: x, reach: 7.00001}]}}}
flag: []
"""


def test_every_problem_is_told_at_once_with_its_place() -> None:
    found = problems(BAD, "production")
    assert found == [
        (
            "flags.yaml:3:28: flags[0].rules[0].reach: is '150%', expected a percentage from 0 to 100, "
            "in steps of 0.001"
        ),
        'flags.yaml:3:40: flags[0].rules[0].serv: is not known; did you mean "serve"?',
        "flags.yaml:4:14: flags[0].enabled: is 'maybe', expected true or false",
        (
            'flags.yaml:5:20: flags[0].environments.prodution: unknown environment "prodution", '
            'expected production; did you mean "production"?'
        ),
        (
            "flags.yaml:5:68: flags[0].environments.production.hold: does not belong into a file: "
            "kills are acts, not definitions; use `sluice flags kill`"
        ),
        (
            "flags.yaml:6:21: flags[0].window.on_at: 2026-03-29 02:30 does not exist in Europe/Berlin: "
            "the clocks go forward past it; choose another time, such as 01:30 or 03:30"
        ),
        (
            "flags.yaml:7:18: flags[0].thresholds[0].on_no_data: is missing; "
            "expected one of keep, pause, turn-off"
        ),
        "flags.yaml:7:18: flags[0].thresholds[0].when: is missing",
        (
            'flags.yaml:7:31: flags[0].thresholds[0].for: unknown unit "parsecs" in "5 parsecs", '
            "expected ms, s, m, h, d or w"
        ),
        'flags.yaml:8:5: flags[1]: the id "a" stands here a second time, first on line 2',
        'flags.yaml:8:20: flags[1].rulez: is not known; did you mean "rules"?',
        "flags.yaml:9:5: flags[2]: found 3, expected a flag: a mapping of keys to values",
        (
            "flags.yaml:10:64: flags[3].environments.production.rules[0].reach: is '7.00001', "
            "expected a percentage from 0 to 100, in steps of 0.001"
        ),
        (
            "flags.yaml:11:1: flag: is not known, expected service, environments, flags, segments; "
            'did you mean "flags"?'
        ),
    ]


def test_what_flags_name_must_be_there() -> None:
    found = problems(
        """\
flags:
  a:
    dependencies: [b]
    rules: [{id: x, segments: [team], serve: onn}]
  b: {dependencies: [{flag: a}]}
  c:
    environments: {production: {window: {on_at: 2026-02-01, off_at: 2026-01-01}}}
segments: [{id: teams, constraints: [{attribute: ip, operator: in-network, values: [here]}]}]
"""
    )
    assert found == [
        "flags.yaml:3:19: flags.a.dependencies: go in a circle, a -> b -> a; take one of them out",
        'flags.yaml:4:32: flags.a.rules[0].segments[0]: there is no segment "team"; did you mean "teams"?',
        'flags.yaml:4:46: flags.a.rules[0].serve.variant: the flag has no variant "onn"; did you mean "on"?',
        (
            "flags.yaml:7:41: flags.c.environments.production.window: ends at 2026-01-01 00:00:00+00:00, "
            "not after 2026-02-01 00:00:00+00:00, when it begins"
        ),
        (
            "flags.yaml:8:12: segments[0].constraints[0].values[0]: is 'here', "
            "expected an address or network such as 10.0.0.0/8 or 2001:db8::/32"
        ),
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "flags.yaml:1:1: file: is empty, expected `flags:` and below it at least one flag"),
        (
            "# nothing\n",
            "flags.yaml:1:1: file: is empty, expected `flags:` and below it at least one flag",
        ),
        ("service: x\n", "flags.yaml:1:1: file: `flags` is missing: a list of flags, or a mapping"),
        ("[1]", "flags.yaml:1:1: file: found a list, expected a mapping of keys to values"),
        ("flags: {a: {\n", "flags.yaml:2:1: file: "),
        ("flags: 3", "flags.yaml:1:8: flags: found 3, expected a list"),
        ("flags: [{enabled: true}]", "flags.yaml:1:9: flags[0].id: is missing"),
        (
            "flags: {a: {rules: 3}}",
            "flags.yaml:1:20: flags.a.rules: is 3, expected a list",
        ),
        (
            "flags: {a: {rules: [3]}}",
            "flags.yaml:1:21: flags.a.rules[0]: is a number, expected an object",
        ),
        ("flags: {}\nsegments: [{title: x}]", "flags.yaml:2:12: segments[0].id: is missing"),
    ],
)
def test_a_file_that_is_none_says_what_it_should_be(text: str, problem: str) -> None:
    assert problems(text)[0].startswith(problem)


@pytest.mark.parametrize(
    ("text", "zone", "instant", "named"),
    [
        ("2026-12-01 08:00 Europe/Berlin", "", datetime(2026, 12, 1, 7, tzinfo=UTC), "Europe/Berlin"),
        ("2026-12-01T08:00:30+02:00", "UTC", datetime(2026, 12, 1, 6, 0, 30, tzinfo=UTC), ""),
        ("2026-07-01 08:00", "America/New_York", datetime(2026, 7, 1, 12, tzinfo=UTC), "America/New_York"),
        ("2026-12-01", "UTC", datetime(2026, 12, 1, tzinfo=UTC), "UTC"),
        ("2026-10-25 02:30 Europe/Berlin", "", datetime(2026, 10, 25, 0, 30, tzinfo=UTC), "Europe/Berlin"),
    ],
)
def test_times_are_read_in_their_zone(text: str, zone: str, instant: datetime, named: str) -> None:
    assert parse_instant(text, zone) == (instant, named)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("tomorrow", '"tomorrow" is no instant, expected'),
        ("2026-12-01 08:00", "says no time zone"),
        ("2026-12-01 08:00 Europe/Berlinn", 'unknown time zone "Europe/Berlinn"'),
        ("2026-13-01 08:00 UTC", "is no day and time"),
        ("2026-03-29 02:30 Europe/Berlin", "does not exist in Europe/Berlin"),
    ],
)
def test_a_time_that_is_none_is_refused(text: str, problem: str) -> None:
    with pytest.raises(InvalidInputError, match=problem):
        parse_instant(text)


def test_the_schema_for_editors_takes_good_files_and_refuses_bad_keys() -> None:
    schema = flag_file_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    assert validator.is_valid(
        {"flags": [{"id": "a", "enabled": True, "rules": [{"id": "b", "reach": "25%"}]}]}
    )
    assert validator.is_valid({"flags": {"a": {"serve": {"split": {"on": 1}}, "variants": {"on": 1}}}})
    assert not validator.is_valid({"flags": [{"id": "a", "rulez": []}]})
    assert not validator.is_valid({"flags": [{"id": "a", "rules": [{"id": "b", "reach": "125%"}]}]})
    assert not validator.is_valid({"flags": {"a": {"environments": {"production": {"on": 1}}}}})
