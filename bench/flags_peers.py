"""The same flag in every engine: for five countries and the plan pro, of them 25 percent.

Each engine is a function of how many such flags it gets; it returns what asks the first of them for a
context, and what makes a context of a user. Nothing here talks to a network. Libraries are loaded when their
engine is made, so that each can be weighed alone.
"""

from __future__ import annotations

import atexit
import json
import logging
import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

FLOOR, OURS = "floor", "sluiceway"
FIVE = ["de", "fr", "se", "no", "dk"]
PERCENT = 25


class User(NamedTuple):
    key: str
    country: str
    plan: str


Engine: TypeAlias = Callable[[int], tuple[Callable[[Any], object], Callable[[User], Any]]]


def key_of(number: int) -> str:
    return f"flag-{number}"


def keyed(user: User) -> dict[str, str]:
    return {"targetingKey": user.key, "country": user.country, "plan": user.plan}


def floor(count: int) -> tuple[Callable[[Any], object], Callable[[User], Any]]:
    """The least that can be done in Python: the flag itself, generated as a function."""
    made = [_generated(key_of(number)) for number in range(count)]
    return made[0], keyed


def _generated(key: str) -> Callable[[Any], object]:
    import mmh3

    source = f"""
def decide(context, countries=frozenset({FIVE!r}), hashed=mmh3.hash):
    if context["country"] in countries and context["plan"] == "pro":
        return (hashed("{key}:" + context["targetingKey"], 0, False) * 100_000) >> 32 < {PERCENT * 1_000}
    return False
"""
    names: dict[str, Any] = {"mmh3": mmh3}
    exec(source, names)
    decide: Callable[[Any], object] = names["decide"]
    return decide


def sluiceway(count: int) -> tuple[Callable[[Any], object], Callable[[User], Any]]:
    import random
    import time

    from sluiceway.domain.flags.compiling import compile_set
    from sluiceway.domain.flags.model import Constraint, Flag, FlagSet, Operator, Rule

    rule = Rule(
        "pro-of-five",
        constraints=(
            Constraint("country", Operator.IN, tuple(FIVE)),
            Constraint("plan", Operator.IN, ("pro",)),
        ),
        reach=PERCENT * 1_000,
    )
    flags = tuple(Flag(key_of(number), is_enabled=True, rules=(rule,)) for number in range(count))
    evaluator = compile_set(FlagSet("shop", "production", 1, flags), now=time.time, chance=random.random)
    evaluate, key = evaluator.evaluate, key_of(0)
    return lambda context: evaluate(key, context).value, keyed


def growthbook(count: int) -> tuple[Callable[[Any], object], Callable[[User], Any]]:
    from growthbook import GrowthBook

    rule = {
        "condition": {"country": {"$in": FIVE}, "plan": "pro"},
        "force": True,
        "coverage": PERCENT / 100,
        "hashAttribute": "id",
        "hashVersion": 2,
    }
    features = {key_of(number): {"defaultValue": False, "rules": [rule]} for number in range(count)}
    one = GrowthBook(features=features)
    key = key_of(0)

    def ask(attributes: dict[str, str]) -> object:
        one.set_attributes(attributes)
        return one.is_on(key)

    return ask, lambda user: {"id": user.key, "country": user.country, "plan": user.plan}


def flagsmith(count: int) -> tuple[Callable[[Any], object], Callable[[User], Any]]:
    from flag_engine.engine import get_evaluation_result

    def feature(number: int, *, enabled: bool) -> dict[str, Any]:
        return {"key": str(number), "name": key_of(number), "enabled": enabled, "value": None}

    conditions = [
        {"property": "country", "operator": "IN", "value": FIVE},
        {"property": "plan", "operator": "EQUAL", "value": "pro"},
        {"property": "", "operator": "PERCENTAGE_SPLIT", "value": str(PERCENT)},
    ]
    features = {key_of(number): feature(number, enabled=False) for number in range(count)}
    segment = {
        "key": "1",
        "name": "pro-of-five",
        "rules": [{"type": "ALL", "rules": [{"type": "ALL", "conditions": conditions}]}],
        "overrides": [feature(number, enabled=True) for number in range(count)],
    }
    shared = {
        "environment": {"key": "1", "name": "production"},
        "features": features,
        "segments": {"1": segment},
    }
    key = key_of(0)

    def ask(context: Any) -> object:
        return get_evaluation_result(context)["flags"][key]["enabled"]

    def context(user: User) -> Any:
        traits = {"country": user.country, "plan": user.plan}
        return {**shared, "identity": {"identifier": user.key, "key": user.key, "traits": traits}}

    return ask, context


def unleash(count: int) -> tuple[Callable[[Any], object], Callable[[User], Any]]:
    from UnleashClient import UnleashClient  # type: ignore[attr-defined]
    from UnleashClient.cache import FileCache

    def feature(key: str) -> dict[str, Any]:
        strategy = {
            "name": "flexibleRollout",
            "parameters": {"rollout": str(PERCENT), "stickiness": "userId", "groupId": key},
            "constraints": [
                {"contextName": "country", "operator": "IN", "values": FIVE},
                {"contextName": "plan", "operator": "IN", "values": ["pro"]},
            ],
        }
        return {"name": key, "enabled": True, "strategies": [strategy]}

    folder = tempfile.mkdtemp(prefix="sluice-bench-unleash-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    cache = FileCache("bench", directory=folder)
    cache.bootstrap_from_dict({"version": 2, "features": [feature(key_of(at)) for at in range(count)]})
    client = UnleashClient(
        "http://127.0.0.1:9", "bench", cache=cache, disable_metrics=True, disable_registration=True
    )
    client.initialize_client(fetch_toggles=False)
    key = key_of(0)

    def context(user: User) -> Any:
        return {"userId": user.key, "properties": {"country": user.country, "plan": user.plan}}

    return lambda asked: client.is_enabled(key, asked), context


def flagd(count: int) -> tuple[Callable[[Any], object], Callable[[User], Any]]:
    from openfeature.contrib.tools.flagd.core import FlagdCore
    from openfeature.evaluation_context import EvaluationContext

    def flag() -> dict[str, Any]:
        fits = {"and": [{"in": [{"var": "country"}, FIVE]}, {"==": [{"var": "plan"}, "pro"]}]}
        share = {"fractional": [["on", PERCENT], ["off", 100 - PERCENT]]}
        return {
            "state": "ENABLED",
            "variants": {"on": True, "off": False},
            "defaultVariant": "off",
            "targeting": {"if": [fits, share, "off"]},
        }

    core = FlagdCore()
    core.set_flags({"flags": {key_of(at): flag() for at in range(count)}})
    key = key_of(0)

    def context(user: User) -> Any:
        return EvaluationContext(user.key, {"country": user.country, "plan": user.plan})

    return lambda asked: core.resolve_boolean_value(key, False, asked).value, context


def launchdarkly(count: int) -> tuple[Callable[[Any], object], Callable[[User], Any]]:
    import ldclient
    from ldclient.config import Config
    from ldclient.integrations import Files

    logging.getLogger("ldclient").setLevel(logging.ERROR)

    def flag(key: str) -> Mapping[str, Any]:
        def clause(attribute: str, values: list[str]) -> Mapping[str, Any]:
            return {"attribute": attribute, "op": "in", "values": values, "contextKind": "user"}

        weights = [
            {"variation": 0, "weight": PERCENT * 1_000},
            {"variation": 1, "weight": (100 - PERCENT) * 1_000},
        ]
        rollout = {"contextKind": "user", "variations": weights}
        rule = {"id": "r", "clauses": [clause("country", FIVE), clause("plan", ["pro"])], "rollout": rollout}
        return {
            "key": key,
            "version": 1,
            "on": True,
            "salt": key,
            "variations": [True, False],
            "offVariation": 1,
            "fallthrough": {"variation": 1},
            "rules": [rule],
        }

    with tempfile.TemporaryDirectory(prefix="sluice-bench-ld-") as folder:
        path = Path(folder) / "flags.json"
        path.write_text(json.dumps({"flags": {key_of(at): flag(key_of(at)) for at in range(count)}}))
        source = Files.new_data_source(paths=[str(path)])
        client = ldclient.LDClient(Config("no-key", update_processor_class=source, send_events=False))
    key = key_of(0)

    def context(user: User) -> Any:
        return ldclient.Context.builder(user.key).set("country", user.country).set("plan", user.plan).build()

    return lambda asked: client.variation(key, asked, False), context


def openfeature(count: int) -> tuple[Callable[[Any], object], Callable[[User], Any]]:
    """The OpenFeature SDK over a provider that does nothing but the floor."""
    from openfeature import api
    from openfeature.evaluation_context import EvaluationContext
    from openfeature.flag_evaluation import FlagResolutionDetails
    from openfeature.provider.in_memory_provider import InMemoryFlag, InMemoryProvider

    made = {key_of(number): _generated(key_of(number)) for number in range(count)}

    def resolved(decide: Callable[[Any], object]) -> Any:
        def evaluate(_: Any, context: Any) -> Any:
            asked = {**context.attributes, "targetingKey": context.targeting_key}
            return FlagResolutionDetails(bool(decide(asked)))

        return evaluate

    flags = {
        key: InMemoryFlag("off", {"on": True, "off": False}, context_evaluator=resolved(decide))
        for key, decide in made.items()
    }
    api.set_provider(InMemoryProvider(flags), "bench")
    client, key = api.get_client("bench"), key_of(0)

    def context(user: User) -> Any:
        return EvaluationContext(user.key, {"country": user.country, "plan": user.plan})

    return lambda asked: client.get_boolean_value(key, False, asked), context


ENGINES: Mapping[str, Engine] = {
    FLOOR: floor,
    OURS: sluiceway,
    "growthbook": growthbook,
    "flagsmith-flag-engine": flagsmith,
    "UnleashClient": unleash,
    "flagd-core": flagd,
    "launchdarkly-server-sdk": launchdarkly,
    "openfeature-sdk over the floor": openfeature,
}
