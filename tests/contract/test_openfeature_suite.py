"""OpenFeature's own suite of evaluations, run against our provider through OpenFeature's Python SDK."""

from __future__ import annotations

import asyncio
import copy
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from openfeature import api
from openfeature.client import OpenFeatureClient
from openfeature.evaluation_context import EvaluationContext
from openfeature.flag_evaluation import FlagEvaluationDetails, FlagEvaluationOptions
from openfeature.hook import Hook, HookContext, HookHints
from pytest_bdd import given, parsers, scenarios, then, when

from sluiceway.domain.flags.model import FlagSet
from sluiceway.domain.flags.wire import set_to_json
from sluiceway.flags_sdk import FlagClient, Flags, Timing
from sluiceway.flags_sdk.openfeature import SluicewayProvider
from tests.contract.openfeature_flags import FOLDER, converted
from tests.support.flag_server import EVENTS, SET, TOKEN, FlagServer, eventually, reply, silence

SUITE = FOLDER / "evaluation_v2.feature"
if not SUITE.exists():
    pytest.skip(f"OpenFeature's suite is not at {SUITE}", allow_module_level=True)

scenarios(str(SUITE))

READ: dict[str, Any] = {
    "Boolean": lambda text: text == "true",
    "String": str,
    "Integer": int,
    "Float": float,
    "Object": lambda text: json.loads(text.replace('\\"', '"')),
}


@dataclass
class World:
    flags: FlagSet
    domain: str
    made: list[Flags] = field(default_factory=list)
    servers: list[FlagServer] = field(default_factory=list)
    client: OpenFeatureClient = field(init=False)
    type: str = ""
    key: str = ""
    default: Any = None
    targeting_key: str | None = None
    attributes: dict[str, Any] = field(default_factory=dict)
    details: FlagEvaluationDetails[Any] = field(init=False)
    options: FlagEvaluationOptions = field(default_factory=FlagEvaluationOptions)
    called: list[str] = field(default_factory=list)
    is_over: threading.Event = field(default_factory=threading.Event)

    @property
    def context(self) -> EvaluationContext:
        return EvaluationContext(self.targeting_key, self.attributes)

    def use(self, flags: Flags, *, waits: bool = True) -> None:
        """Make a provider on these flags the one that is asked."""
        self.made.append(flags)
        provider = SluicewayProvider(flags, start_wait_s=30.0 if waits else 0.0)
        api.set_provider(provider, self.domain)
        self.client = api.get_client(self.domain)

    def following(self, server: FlagServer, **timing: float) -> FlagClient:
        self.servers.append(server)
        return FlagClient(
            server.url, TOKEN, start_wait_s=0.0, poll_s=0.05, timing=Timing(**{"retry_s": 0.01, **timing})
        )

    def is_in(self, status: str) -> None:
        eventually(f"the provider is {status}", lambda: self.client.get_provider_status().value == status)

    def evaluate(self) -> FlagEvaluationDetails[Any]:
        ask = getattr(self.client, f"get_{self.type.lower()}_details")
        found: FlagEvaluationDetails[Any] = ask(self.key, self.default, self.context, self.options)
        return found


@pytest.fixture
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    made = World(converted(FOLDER / "test-flags.json"), domain=request.node.name)
    yield made
    made.is_over.set()
    api.clear_providers()
    for one in made.made:
        one.close()
    for server in made.servers:
        server.stop()


@given("a stable provider")
def stable(world: World) -> None:
    world.use(FlagClient.offline(set_to_json(world.flags)))
    world.is_in("READY")


@given("a not ready provider")
def not_ready(world: World) -> None:
    server = FlagServer(world.flags)
    server.misbehave(SET, silence(world.is_over))
    flags = world.following(server)
    world.made.append(flags)
    api.set_provider(SluicewayProvider(flags, start_wait_s=600.0), world.domain)
    world.client = api.get_client(world.domain)
    world.is_in("NOT_READY")


@given("a fatal provider")
def fatal(world: World) -> None:
    server = FlagServer(world.flags)
    server.misbehave(SET, reply(401))
    world.use(world.following(server))
    world.is_in("FATAL")


@given("a error provider")
def failed(world: World) -> None:
    server = FlagServer(world.flags)
    server.misbehave(SET, reply(500))
    world.use(world.following(server))
    world.is_in("ERROR")


@given("a stale provider")
def stale(world: World) -> None:
    server = FlagServer(world.flags)
    world.use(world.following(server, stale_after_s=0.05))
    world.is_in("READY")
    server.misbehave(SET, reply(503))
    server.misbehave(EVENTS, reply(503))
    server.cut_streams()
    world.is_in("STALE")


@given(parsers.re(r'an? (?P<type>\w+)-flag with key "(?P<key>.*)" and a fallback value "(?P<default>.*)"'))
def a_flag(world: World, type: str, key: str, default: str) -> None:  # noqa: A002
    world.type, world.key, world.default = type, key, READ[type](default)


@given(
    parsers.re(
        r'a context containing a key "(?P<key>.*)", with type "(?P<type>.*)" and with value "(?P<value>.*)"'
    )
)
def an_attribute(world: World, key: str, type: str, value: str) -> None:  # noqa: A002
    world.attributes[key] = READ[type](value)


@given(parsers.parse('a context containing a key "{key}" with null value'))
def a_null_attribute(world: World, key: str) -> None:
    world.attributes[key] = None


@when("the flag was evaluated with details")
@when("the flag was evaluated with details using the evaluation options")
def evaluated(world: World) -> None:
    world.details = world.evaluate()


@when("the flag was evaluated with details asynchronously")
def evaluated_asynchronously(world: World) -> None:
    ask = getattr(world.client, f"get_{world.type.lower()}_details_async")
    world.details = asyncio.run(ask(world.key, world.default, world.context))


@then("the evaluation should complete without blocking")
def did_not_block(world: World) -> None:
    """What is waited for is a coroutine that never gives up the loop: it has nothing to wait for."""
    ask = getattr(world.client, f"get_{world.type.lower()}_details_async")
    asking = ask(world.key, world.default, world.context)
    with pytest.raises(StopIteration) as done:
        asking.send(None)
    assert done.value.value.value == world.details.value


@then(parsers.re(r'the resolved details value should be "(?P<value>.*)"'))
def value_is(world: World, value: str) -> None:
    expected = READ[world.type](value)

    assert world.details.value == expected
    assert type(world.details.value) is type(expected)


@then(parsers.parse('the reason should be "{reason}"'))
def reason_is(world: World, reason: str) -> None:
    assert world.details.reason == reason


@then(parsers.parse('the error-code should be "{code}"'))
def error_code_is(world: World, code: str) -> None:
    assert world.details.error_code is not None
    assert world.details.error_code.value == code


@then(parsers.parse('the flag key should be "{key}"'))
def flag_key_is(world: World, key: str) -> None:
    assert world.details.flag_key == key


@then(parsers.parse('the variant should be "{variant}"'))
def variant_is(world: World, variant: str) -> None:
    assert world.details.variant == variant


@then("the resolved metadata should contain")
def metadata_contains(world: World, datatable: list[list[str]]) -> None:
    expected = {key: READ[kind](value) for key, kind, value in datatable[1:]}

    assert dict(world.details.flag_metadata) == expected


@then(parsers.parse('the provider status should be "{status}"'))
def status_is(world: World, status: str) -> None:
    assert world.client.get_provider_status().value == status


class Noting(Hook):
    def __init__(self, name: str, called: list[str]) -> None:
        self._name = name
        self._called = called

    def before(self, hook_context: HookContext, hints: HookHints) -> EvaluationContext | None:
        self._called.append(f"before {self._name}")
        return None

    def after(self, hook_context: HookContext, details: FlagEvaluationDetails[Any], hints: HookHints) -> None:
        self._called.append(f"after {self._name}")


@given("evaluation options containing specific hooks")
def with_hooks(world: World) -> None:
    world.options = FlagEvaluationOptions(hooks=[Noting(name, world.called) for name in ("one", "two")])


@then("the specified hooks should execute during evaluation")
def hooks_were_called(world: World) -> None:
    assert sorted(world.called) == ["after one", "after two", "before one", "before two"]


@then("the hook order should be maintained")
def hooks_were_called_in_order(world: World) -> None:
    assert world.called == ["before one", "before two", "after two", "after one"]


@given("an evaluation context with modifiable data")
def with_modifiable_data(world: World) -> None:
    world.targeting_key = "user-7"
    world.attributes.update({"list": [1, 2], "object": {"deep": ["x"]}})
    world.options = FlagEvaluationOptions(hook_hints={"before": copy.deepcopy(world.attributes)})


@then("the original evaluation context should remain unmodified")
def context_is_unmodified(world: World) -> None:
    assert world.attributes == world.options.hook_hints["before"]


@then("the evaluation details should be immutable")
def metadata_is_immutable(world: World) -> None:
    """The SDK's details are a plain dataclass; what the specification asks of providers is the metadata."""
    with pytest.raises(TypeError):
        world.details.flag_metadata["new"] = True  # type: ignore[index]
