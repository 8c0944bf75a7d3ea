"""LaunchDarkly's flags say here what they say there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ldclient.client import LDClient
from ldclient.config import Config
from ldclient.context import Context
from ldclient.integrations import Files

from sluiceway.config.flag_formats.launchdarkly import from_launchdarkly
from sluiceway.domain.flags.model import Dependency, Reason, Segment, Serve, Share
from tests.unit.config.flag_formats.answers import evaluations


def clause(attribute: str, op: str, *values: Any, negate: bool = False) -> dict[str, Any]:
    return {"attribute": attribute, "op": op, "values": list(values), "negate": negate}


def rules(*clauses: dict[str, Any], variation: int = 1) -> list[dict[str, Any]]:
    return [{"id": "rule", "clauses": list(clauses), "variation": variation}]


PRO = clause("tier", "in", "pro")
CASES: dict[str, Any] = {
    "in": rules(clause("tier", "in", "pro", "team")),
    "in a list": rules(clause("roles", "in", "admin")),
    "negated": rules(clause("tier", "in", "pro", negate=True)),
    "negated list": rules(clause("roles", "in", "admin", negate=True)),
    "starts": rules(clause("email", "startsWith", "ada", "bob")),
    "ends and contains": rules(clause("email", "endsWith", ".com"), clause("email", "contains", "@x")),
    "matches": rules(clause("email", "matches", "^[a-b].*org$", "evil")),
    "less": rules(clause("age", "lessThan", 18)),
    "at most": rules(clause("age", "lessThanOrEqual", 17)),
    "greater": rules(clause("age", "greaterThan", 18)),
    "at least": rules(clause("age", "greaterThanOrEqual", 64.5)),
    "versions": rules(clause("version", "semVerGreaterThan", "1.2.3")),
    "older versions": rules(clause("version", "semVerLessThan", "1.3.0")),
    "one version": rules(clause("version", "semVerEqual", "2.0.0")),
    "a truth": rules(clause("beta", "in", True)),
    "key": rules(clause("key", "in", "ada")),
    "two rules": [*rules(PRO), {"id": "b", "clauses": [clause("age", "greaterThan", 17)], "variation": 2}],
    "segment": rules(clause("", "segmentMatch", "one-rule")),
    "segment of two rules": rules(clause("", "segmentMatch", "two-rules")),
    "not in segments": rules(clause("", "segmentMatch", "one-rule", "two-rules", negate=True)),
    "segment in a segment": rules(clause("", "segmentMatch", "nested")),
}
SEGMENTS: dict[str, Any] = {
    "one-rule": {
        "key": "one-rule",
        "version": 1,
        "included": ["bob"],
        "excluded": ["ada"],
        "rules": [{"clauses": [PRO]}],
    },
    "two-rules": {
        "key": "two-rules",
        "version": 1,
        "rules": [{"clauses": [PRO]}, {"clauses": [clause("age", "lessThan", 18)]}],
    },
    "nested": {
        "key": "nested",
        "version": 1,
        "excluded": ["ada"],
        "rules": [{"clauses": [clause("", "segmentMatch", "one-rule"), clause("age", "greaterThan", 0)]}],
    },
}


def flag(key: str, said: list[dict[str, Any]] | None = None, **more: Any) -> dict[str, Any]:
    return {
        "key": key,
        "version": 1,
        "on": True,
        "variations": ["no", "yes", "maybe"],
        "fallthrough": {"variation": 0},
        "offVariation": 0,
        "salt": "s",
        "rules": said or [],
        **more,
    }


def document() -> dict[str, Any]:
    flags = {key: flag(key, said) for key, said in CASES.items()}
    flags["targets"] = flag("targets", rules(PRO), targets=[{"values": ["ada", "bob"], "variation": 2}])
    flags["off"] = flag("off", [], on=False, offVariation=2)
    flags["needs"] = flag(
        "needs", [], prerequisites=[{"key": "in", "variation": 1}], fallthrough={"variation": 1}
    )
    return {"flags": flags, "segments": SEGMENTS}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LDClient]:
    path: Path = tmp_path_factory.mktemp("launchdarkly") / "flags.json"
    path.write_text(json.dumps(document()))
    source = Files.new_data_source(paths=[str(path)], auto_update=False)
    made = LDClient(Config("sdk-key", update_processor_class=source, send_events=False), start_wait=60)
    yield made
    made.close()  # type: ignore[no-untyped-call]


@pytest.mark.parametrize("key", [*CASES, "targets", "needs"])
def test_two_thousand_contexts_get_the_same_value_as_from_launchdarkly(client: LDClient, key: str) -> None:
    assert client.is_initialized()
    (converted,) = from_launchdarkly(document())
    assert converted.problems == ()

    seen: set[object] = set()
    for context, found in evaluations(converted.flags, key, 2_000):
        builder = Context.builder(context["targetingKey"])
        for name, value in context.items():
            if name != "targetingKey":
                builder.set(name, value)
        assert found.value == client.variation(key, builder.build(), "default"), context
        seen.add(found.value)
    assert len(seen) > 1


def test_a_flag_that_is_off_has_its_off_variation(client: LDClient) -> None:
    (converted,) = from_launchdarkly(document())
    (_, found), *_ = evaluations(converted.flags, "off", 1)
    assert (found.value, found.reason) == ("maybe", Reason.DISABLED)
    assert client.variation("off", Context.create("a"), "default") == "maybe"


def test_segments_of_one_rule_stay_segments() -> None:
    (converted,) = from_launchdarkly(document())
    assert [one.id for one in converted.flags.segments] == ["one-rule"]
    assert converted.flags.segments[0] == Segment(
        "one-rule", constraints=converted.flags.segments[0].constraints, included=("bob",), excluded=("ada",)
    )


EXPORT: dict[str, Any] = {
    "items": [
        {
            "key": "new-cart",
            "name": "New cart",
            "tags": ["shop"],
            "variations": [{"value": True}, {"value": False}],
            "environments": {
                "staging": {"on": True, "fallthrough": {"variation": 0}, "offVariation": 1},
                "production": {
                    "on": False,
                    "fallthrough": {
                        "rollout": {
                            "variations": [
                                {"variation": 0, "weight": 10_000},
                                {"variation": 1, "weight": 90_000},
                            ],
                            "bucketBy": "email",
                        }
                    },
                    "offVariation": 1,
                    "prerequisites": [{"key": "login", "variation": 0}],
                },
            },
        },
        {
            "key": "login",
            "variations": [{"value": "new", "name": "New"}, {"value": "old", "name": "Old"}],
            "environments": {
                "production": {"on": True, "fallthrough": {"variation": 1}, "offVariation": None}
            },
        },
    ]
}


def test_an_export_of_a_project_gives_a_set_for_each_environment() -> None:
    staging, production = from_launchdarkly(EXPORT, service="shop")

    assert [(one.flags.environment, len(one.flags.flags)) for one in (staging, production)] == [
        ("staging", 1),
        ("production", 2),
    ]
    cart, login = production.flags.flags
    assert not cart.is_enabled
    assert (cart.name, cart.tags, cart.off_variant) == ("New cart", ("shop",), "off")
    assert cart.serve == Serve(split=(Share("on", 10_000), Share("off", 90_000)), by=("email",))
    assert cart.dependencies == (Dependency("login", variants=("New",)),)
    assert (login.serve, login.off_variant) == (Serve("Old"), "")
    assert any("splits by another hash" in note for note in production.notes)
    assert staging.flags.flags[0].is_enabled


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"rules": rules(clause("a", "nearly", 1))}, 'flag.rules[0].clauses[0].op: "nearly" is not known'),
        ({"rules": rules({**PRO, "contextKind": "device"})}, 'contexts of kind "device", expected user'),
        (
            {"rules": rules(clause("", "segmentMatch", "x"))},
            'names the segment "x", which is not among these',
        ),
        (
            {"rules": rules(PRO, variation=7)},
            "rules[0].variation: is 7, expected the number of a variation, 0 to 2",
        ),
        ({"prerequisites": [{"key": "x", "variation": 0}]}, 'needs the flag "x", which is not among these'),
        ({"rules": rules(clause("at", "before", "soon"))}, "is 'soon', expected an instant"),
        (
            {"variations": ["a", 1, True]},
            "values are of several types (boolean, number, string), expected one",
        ),
        ({"fallthrough": {}}, "flag.fallthrough.rollout: is null, expected an object"),
    ],
)
def test_what_rules_can_not_say_is_named_and_its_flag_left_out(change: dict[str, Any], problem: str) -> None:
    (found,) = from_launchdarkly({"flags": {"flag": flag("flag", **change)}})
    assert found.flags.flags == ()
    assert len(found.problems) == 1
    assert problem in found.problems[0]


def test_a_share_of_a_segment_is_named() -> None:
    segments = {"s": {"key": "s", "rules": [{"clauses": [PRO], "weight": 5_000}]}}
    (found,) = from_launchdarkly({"flags": {}, "segments": segments})
    assert found.problems == (
        "segment s.rules[0].weight: a share of a segment has no equal here; use a rule's reach",
    )
