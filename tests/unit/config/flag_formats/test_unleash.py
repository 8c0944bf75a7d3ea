"""What Unleash's own specification doesn't ask: values, notes, chance, and features edited here."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from sluiceway.config.flag_formats.unleash import context_from_unleash, flags_from_unleash
from sluiceway.config.flag_formats.unleash_export import flags_to_unleash
from sluiceway.domain.flags.checking import problems_of_set
from sluiceway.domain.flags.compiling import Evaluator, compile_set
from sluiceway.domain.flags.model import (
    Constraint,
    Dependency,
    Flag,
    FlagSet,
    HashVersion,
    HeldOffBy,
    Hold,
    Json,
    Operator,
    Rule,
    Segment,
    Serve,
    ValueType,
    Window,
)
from sluiceway.errors import FlagFileError

DEFAULT = {"name": "default"}
AT = datetime(2026, 11, 21, 8, tzinfo=UTC)


def feature(name: str = "f", **parts: Any) -> dict[str, Any]:
    return {"name": name, "enabled": True, "strategies": [DEFAULT], **parts}


def variant(name: str, kind: str = "", value: str = "", **parts: Any) -> dict[str, Any]:
    payload = {"payload": {"type": kind, "value": value}} if kind else {}
    return {"name": name, "weight": 1, **payload, **parts}


def converted(*features: dict[str, Any], **parts: Any) -> FlagSet:
    return flags_from_unleash({"version": 2, "features": list(features), **parts}).flags


def notes(*features: dict[str, Any], **parts: Any) -> tuple[str, ...]:
    return flags_from_unleash({"version": 2, "features": list(features), **parts}).notes


def written(flag: Flag, *others: Flag, segments: tuple[Segment, ...] = ()) -> tuple[Any, tuple[str, ...]]:
    found = flags_to_unleash(FlagSet("shop", "production", 1, (flag, *others), segments))
    features: Any = found.document["features"]
    return features[0], found.notes


def evaluator(flags: FlagSet, rolls: list[float] | None = None) -> Evaluator:
    dice = iter(rolls or [])
    return compile_set(flags, now=lambda: 0.0, chance=lambda: next(dice, 0.5))


@pytest.mark.parametrize(
    ("variants", "kind", "values"),
    [
        ([], ValueType.BOOLEAN, [True, False]),
        ([variant("a", "string", "x")], ValueType.STRING, ["x"]),
        ([variant("a", "number", "1.5"), variant("b", "number", "2")], ValueType.NUMBER, [1.5, 2]),
        ([variant("a", "json", '{"x": 1}'), variant("b", "json", "[1]")], ValueType.OBJECT, [{"x": 1}, [1]]),
        ([variant("a", "json", "{")], ValueType.STRING, ["{"]),
        ([variant("a", "number", "many")], ValueType.STRING, ["many"]),
        ([variant("a"), variant("b", "number", "1")], ValueType.STRING, ["a", "1"]),
    ],
)
def test_values_have_the_type_that_all_payloads_have(
    variants: list[Any], kind: ValueType, values: list[Json]
) -> None:
    flags = converted(feature(variants=variants))
    (flag,) = flags.flags

    assert flag.value_type is kind
    assert [one.value for one in flag.variants] == values
    assert problems_of_set(flags) == ()


def test_a_variant_s_name_may_have_another_payload_in_each_strategy() -> None:
    strategies = [
        {
            "name": "default",
            "constraints": [{"contextName": "plan", "operator": "IN", "values": [plan]}],
            "variants": [variant("big", "string", plan)],
        }
        for plan in ("pro", "free")
    ]
    asked = evaluator(converted(feature(strategies=strategies)))
    found = [asked.evaluate("f", {"plan": plan}) for plan in ("pro", "free")]

    assert [(one.variant, one.value) for one in found] == [("big", "pro"), ("big (2)", "free")]


def test_nobody_throws_the_dice_twice_for_an_override() -> None:
    random = {"name": "gradualRolloutRandom", "parameters": {"percentage": "50"}}
    overrides = [{"contextName": "userId", "values": ["ann"]}]
    variants = [variant("a", overrides=overrides), variant("b")]
    rolls = [at / 1_000 for at in range(10_000)]
    asked = evaluator(converted(feature(strategies=[random], variants=variants)), rolls)
    found = [asked.evaluate("f", {"targetingKey": "ann"}) for _ in range(1_000)]

    assert {one.variant for one in found if one.is_on} == {"a"}
    assert 400 < sum(one.is_on for one in found) < 600


@pytest.mark.parametrize(
    ("strategy", "note"),
    [
        ({"name": "byMoon"}, '"byMoon" is a strategy of its own, so it fits nobody'),
        (
            {"name": "default", "constraints": [{"contextName": "a", "operator": "IS_NICE"}]},
            'there is no operator "IS_NICE" here, so it fits nobody',
        ),
        ({"name": "default", "segments": [7]}, "there is no segment 7, so it fits nobody"),
        (
            {"name": "flexibleRollout", "parameters": {"rollout": "many"}},
            "'many' is not a percentage from 0 to 100, so it reaches nobody",
        ),
    ],
)
def test_what_is_not_known_fits_nobody_and_is_noted(strategy: dict[str, Any], note: str) -> None:
    asked = feature(strategies=[strategy])

    assert notes(asked) == (f'feature "f", strategy 1: {note}',)
    assert not evaluator(converted(asked)).evaluate("f", {"targetingKey": "ann", "a": "x"}).is_on


def test_host_names_are_compared_without_case_and_noted() -> None:
    strategy = {"name": "applicationHostname", "parameters": {"hostNames": "Web-1, web-2"}}
    asked = evaluator(converted(feature(strategies=[strategy])))

    assert asked.evaluate("f", {"hostname": "web-1"}).is_on
    assert not asked.evaluate("f", {}).is_on
    assert len(notes(feature(strategies=[strategy]))) == 1


def test_a_strategy_that_is_disabled_fits_nobody() -> None:
    assert (
        not evaluator(converted(feature(strategies=[{**DEFAULT, "disabled": True}]))).evaluate("f", {}).is_on
    )


def test_a_parent_with_a_parent_is_noted_and_the_child_can_be_enabled_here() -> None:
    features = [
        feature("top"),
        feature("middle", dependencies=[{"feature": "top"}]),
        feature("low", dependencies=[{"feature": "middle"}]),
    ]
    flags = converted(*features)

    assert 'feature "low": depends on "middle", which depends on another' in notes(*features)[0]
    assert not evaluator(flags).evaluate("low", {}).is_on
    enabled = replace(flags, flags=tuple(replace(one, is_enabled=True) for one in flags.flags))
    assert evaluator(enabled).evaluate("low", {}).is_on


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        ([], "unleash: Expected `object`, got `array`"),
        ({"features": [{"enabled": True}]}, "unleash.features.None: Object missing required field `name`"),
        (
            {"features": [feature(strategies=[{"name": 7}])]},
            "unleash.features.f.strategies[0].name: Expected `str`, got `int`",
        ),
    ],
)
def test_what_is_not_a_feature_is_named_by_its_place(document: object, problem: str) -> None:
    with pytest.raises(FlagFileError) as raised:
        flags_from_unleash(document)

    assert raised.value.problems == (problem,)


def test_a_context_has_its_properties_at_the_top_and_its_user_as_the_key() -> None:
    context = {"userId": "7", "currentTime": "2026-01-01T00:00:00Z", "properties": {"plan": "pro"}}

    assert context_from_unleash(context) == {
        "targetingKey": "7",
        "now": "2026-01-01T00:00:00Z",
        "plan": "pro",
    }


def test_an_edited_feature_is_written_anew_and_keeps_what_only_unleash_knows() -> None:
    raw = feature(project="shop", impressionData=True)
    (flag,) = converted(raw).flags
    changed = replace(flag, rules=(Rule("r", constraints=(Constraint("plan", Operator.IN, ("pro",)),)),))
    found, _ = written(changed)

    assert (found["project"], found["impressionData"]) == ("shop", True)
    assert found["strategies"][0]["constraints"] == [
        {"contextName": "plan", "operator": "IN", "values": ["pro"]}
    ]


@pytest.mark.parametrize(
    ("flag", "note"),
    [
        (
            Flag("f", rules=(Rule("r", reach=25_000),)),
            "Unleash buckets otherwise, so percentages reach other users",
        ),
        (Flag("f", window=Window(AT)), "its window is not known there"),
        (Flag("f", hold=Hold(HeldOffBy.KILL)), "it is held off here, and off there"),
        (
            Flag("f", rules=(Rule("r", reach=1_500),), hash_version=HashVersion.UNLEASH),
            "rule 1: a reach of 1.5 percent is 1 there",
        ),
        (
            Flag("f", rules=(Rule("r", serve=Serve("off")),)),
            "rule 1: serves false, which no strategy can; it reaches nobody there",
        ),
        (
            Flag("f", rules=(Rule("r", constraints=(Constraint("n", Operator.LESS, ("1", "2")),)),)),
            "rule 1: n: Unleash compares with one value, not 2, so it fits nobody there",
        ),
        (
            Flag("f", dependencies=(Dependency("middle"),)),
            'it depends on "middle", which depends on another: Unleash never turns it on',
        ),
    ],
)
def test_what_unleash_can_not_say_is_noted(flag: Flag, note: str) -> None:
    _, found = written(flag, Flag("middle", dependencies=(Dependency("top"),)), Flag("top"))

    assert any(one.startswith('flag "f"') and one.endswith(note) for one in found)


def test_a_flag_of_ours_reaches_the_same_users_there_if_it_has_no_percentage() -> None:
    constraints = (
        Constraint("plan", Operator.IN, ("pro",)),
        Constraint("mail", Operator.ENDS_WITH, (".ORG",), ignores_case=True),
        Constraint("region", Operator.IS_PRESENT),
        Constraint("version", Operator.SEMVER_LESS, ("2.0.0",), is_inverted=True),
    )
    segment = Segment("7", "Not Eve", excluded=("eve",))
    flag = Flag("f", is_enabled=True, rules=(Rule("r", constraints=constraints, segments=("7",)),))
    ours = FlagSet("shop", "production", 1, (flag,), (segment,))
    theirs = flags_from_unleash(flags_to_unleash(ours).document).flags
    context = {"targetingKey": "ann", "plan": "pro", "mail": "a@b.org", "region": "eu", "version": "2.0.1"}
    contexts = [context, {**context, "targetingKey": "eve"}, {**context, "version": "1.0.0"}]
    contexts += [{key: one for key, one in context.items() if key != left} for left in context]

    answers = [evaluator(ours).evaluate("f", one).is_on for one in contexts]
    assert answers == [evaluator(theirs).evaluate("f", one).is_on for one in contexts]
    assert answers[:3] == [True, False, False]
