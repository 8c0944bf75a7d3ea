"""Flags written as JSON are read back as they were, and what is wrong is named by its place."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given

from sluiceway.domain.flags.model import (
    Constraint,
    Dependency,
    Experiment,
    Flag,
    FlagSet,
    FlagType,
    HashVersion,
    HeldOffBy,
    Hold,
    NoData,
    Operator,
    Rule,
    Segment,
    Serve,
    Share,
    Threshold,
    ThresholdAction,
    ValueType,
    Variant,
    Window,
)
from sluiceway.domain.flags.wire import flag_to_json, segment_to_json, set_to_json
from sluiceway.domain.flags.wire_reading import flag_from_json, segment_from_json, set_from_json
from sluiceway.errors import FlagFileError
from tests.unit.domain.flags.test_properties import FLAGS

AT = datetime(2026, 11, 21, 8, tzinfo=UTC)
SLOW = Threshold("slow", "p95_ms > 200", NoData.PAUSE, ThresholdAction.PAUSE, 30.0, 60.0, 90.0, "p95")
WHOLE = Flag(
    "checkout",
    value_type=ValueType.OBJECT,
    is_enabled=True,
    variants=(Variant("one", {"steps": 1}, {"from": "elsewhere"}), Variant("two", [1, None])),
    rules=(
        Rule(
            "beta",
            "Beta users",
            (Constraint("plan", Operator.IN, ("pro",), is_inverted=True, ignores_case=True),),
            ("staff",),
            100,
            ("company", "random"),
            "salted",
            Serve(split=(Share("one", 3), Share("two", 7)), by=("company",), salt="other"),
        ),
    ),
    serve=Serve("one"),
    otherwise=Serve("two"),
    off_variant="",
    dependencies=(Dependency("accounts", is_on=False), Dependency("basket", variants=("new",))),
    window=Window(AT, AT.replace(year=2027), "Europe/Berlin"),
    hold=Hold(HeldOffBy.THRESHOLD, "slow", "p95_ms"),
    salt="old-name",
    hash_version=HashVersion.UNLEASH,
    name="Checkout",
    description="In one step",
    type=FlagType.EXPERIMENTAL,
    owner="ann",
    tags=("web",),
    release="REL-2026-0001",
    expires_at=AT,
    fallback={"steps": 3},
    thresholds=(
        Threshold("slow", "p95_ms > 200", NoData.PAUSE, ThresholdAction.PAUSE, 30.0, 60.0, 90.0, "p95"),
    ),
    experiment=Experiment("steps", ("orders",), ("errors",), "two"),
    has_kill_switch=False,
    metadata={"team": "web", "tier": 1},
    extra={"tool": {"id": 7}},
)


def read(document: Any) -> Flag:
    return flag_from_json(json.loads(json.dumps(document)))


def problems(document: Any) -> tuple[str, ...]:
    with pytest.raises(FlagFileError) as raised:
        flag_from_json(document)
    return raised.value.problems


@pytest.mark.parametrize(
    "flag", [WHOLE, Flag("plain"), replace(WHOLE, window=None, hold=None, fallback=None)]
)
def test_a_flag_is_read_back_as_it_was(flag: Flag) -> None:
    assert read(flag_to_json(flag)) == flag


@given(FLAGS)
def test_any_flag_is_read_back_as_it_was(flag: Flag) -> None:
    assert read(flag_to_json(flag)) == flag


def test_a_set_with_its_segments_is_read_back_as_it_was() -> None:
    segment = Segment("staff", "Staff", (Constraint("mail", Operator.ENDS_WITH, (".org",)),), ("a",), ("b",))
    whole = FlagSet("shop", "production", 7, (WHOLE, Flag("plain")), (segment,))

    assert set_from_json(json.loads(json.dumps(set_to_json(whole)))) == whole
    assert segment_from_json(segment_to_json(segment)) == segment


def test_a_reach_is_written_in_percent() -> None:
    assert '"reach": 0.1' in json.dumps(flag_to_json(WHOLE))
    assert '"reach": 25}' in json.dumps(flag_to_json(Flag("a", rules=(Rule("r", reach=25_000),))))


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        ({"id": ""}, "flag.id: is missing"),
        ({"id": 7}, "flag.id: is 7, expected a text"),
        ([], "flag: is a list, expected an object"),
        ({"id": "a", "enabeld": True}, 'flag.enabeld: is not known; did you mean "enabled"?'),
        (
            {"id": "a", "rules": [{"id": "r", "reach": 0.0001}]},
            "flag.rules[0].reach: is 0.0001, expected a percentage from 0 to 100, in steps of 0.001",
        ),
        (
            {"id": "a", "rules": [{"id": "r", "constraints": [{"attribute": "x", "operator": "is"}]}]},
            f"flag.rules[0].constraints[0].operator: is 'is', expected one of {', '.join(Operator)}",
        ),
        (
            {"id": "a", "thresholds": [{"id": "t", "when": "x > 1"}]},
            "flag.thresholds[0].on_no_data: is missing; expected one of keep, pause, turn-off",
        ),
        (
            {"id": "a", "window": {"on_at": "2026-11-21T08:00:00"}},
            "flag.window.on_at: is '2026-11-21T08:00:00', expected an instant such as 2026-11-21T08:00:00Z",
        ),
    ],
)
def test_a_problem_is_named_by_its_place(document: Any, problem: str) -> None:
    assert problem in problems(document)


def test_all_problems_are_named_at_once() -> None:
    assert len(problems({"id": 7, "enabled": "yes", "tags": "web"})) >= 3


def test_a_newer_server_may_say_more_to_an_older_client() -> None:
    document = {"format": 1, "flags": [{"id": "a", "colour": "red"}], "weather": "fine"}

    assert set_from_json(document).flags == (Flag("a"),)


def test_a_newer_format_is_refused() -> None:
    with pytest.raises(FlagFileError, match="newer than 1"):
        set_from_json({"format": 2})
