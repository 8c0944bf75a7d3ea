"""OpenFeature's events, tracking and shutdown through our provider; evaluations are in its suite's test."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

import pytest
from openfeature import api
from openfeature._event_support import clear
from openfeature.client import OpenFeatureClient
from openfeature.evaluation_context import EvaluationContext
from openfeature.event import EventDetails, ProviderEvent
from openfeature.exception import ErrorCode
from openfeature.flag_evaluation import FlagEvaluationDetails, FlagValueType
from openfeature.hook import Hook, HookContext, HookHints
from openfeature.track import TrackingEventDetails

from sluiceway.domain.flags.model import (
    Constraint,
    Dependency,
    Experiment,
    Flag,
    FlagSet,
    HeldOffBy,
    Hold,
    Operator,
    Rule,
    Serve,
    ValueType,
    Variant,
)
from sluiceway.domain.flags.wire import set_to_json
from sluiceway.flags_sdk import FlagClient, State, Timing
from sluiceway.flags_sdk.openfeature import SluicewayProvider
from tests.support.flag_server import EVENTS, SET, TOKEN, FlagServer, eventually, reply

ANN = EvaluationContext("ann")
SHOP = FlagSet(
    "shop", "production", 1, (Flag("checkout", is_enabled=True, experiment=Experiment("e")), Flag("search"))
)


@pytest.fixture
def server() -> Iterator[FlagServer]:
    made = FlagServer(SHOP)
    yield made
    made.stop()


@pytest.fixture
def flags(server: FlagServer) -> Iterator[FlagClient]:
    timing = Timing(retry_s=0.01, stale_after_s=0.1, flush_s=0.05)
    with FlagClient(server.url, TOKEN, start_wait_s=60.0, poll_s=0.05, timing=timing) as made:
        yield made


@pytest.fixture
def heard() -> list[tuple[str, EventDetails]]:
    return []


@pytest.fixture
def asked(
    flags: FlagClient, heard: list[tuple[str, EventDetails]], request: pytest.FixtureRequest
) -> Iterator[OpenFeatureClient]:
    """An OpenFeature client whose provider is ready, and whose events are heard."""

    def note(name: str, details: EventDetails) -> None:
        heard.append((name, details))

    client = api.get_client(request.node.name)
    api.set_provider_and_wait(SluicewayProvider(flags), request.node.name)
    for event in ProviderEvent:
        client.add_handler(event, partial(note, event.value))
    yield client
    api.clear_providers()
    clear()


def offline(*found: Flag, name: str) -> OpenFeatureClient:
    flags = FlagClient.offline(set_to_json(FlagSet("shop", "test", 1, found)))
    api.set_provider_and_wait(SluicewayProvider(flags), name)
    return api.get_client(name)


def test_a_provider_with_a_set_is_ready(
    asked: OpenFeatureClient, heard: list[tuple[str, EventDetails]]
) -> None:
    eventually("READY was heard", lambda: any(name == "PROVIDER_READY" for name, _ in heard))

    assert asked.get_boolean_value("checkout", False, ANN) is True
    assert {details.provider_name for _, details in heard} == {"Sluiceway"}


def test_a_change_names_the_flags_that_changed(
    asked: OpenFeatureClient, heard: list[tuple[str, EventDetails]], server: FlagServer
) -> None:
    server.put(replace(SHOP, version=2, flags=(replace(SHOP.flags[0], is_enabled=False), SHOP.flags[1])))
    eventually(
        "the change was heard",
        lambda: (
            ["checkout"]
            in [details.flags_changed for name, details in heard if name == "PROVIDER_CONFIGURATION_CHANGED"]
        ),
    )

    assert asked.get_boolean_value("checkout", True, ANN) is False


def test_a_server_that_is_gone_makes_a_provider_stale_until_it_is_back(
    asked: OpenFeatureClient, server: FlagServer
) -> None:
    server.stop()
    eventually("it is stale", lambda: asked.get_provider_status().value == "STALE")

    assert asked.get_boolean_value("checkout", False, ANN) is True

    server.start()
    eventually("it is ready", lambda: asked.get_provider_status().value == "READY")


def test_a_provider_that_began_without_a_set_becomes_ready_once_it_has_one(server: FlagServer) -> None:
    server.misbehave(SET, reply(500))
    server.misbehave(EVENTS, reply(500))
    timing = Timing(retry_s=0.01)
    with FlagClient(server.url, TOKEN, start_wait_s=0.0, poll_s=0.05, timing=timing) as flags:
        api.set_provider(SluicewayProvider(flags, start_wait_s=60.0), "late")
        client = api.get_client("late")
        eventually("it failed", lambda: client.get_provider_status().value == "ERROR")
        server.behave()
        eventually("it is ready", lambda: client.get_provider_status().value == "READY")

        assert client.get_boolean_value("checkout", False, ANN) is True


def test_a_figure_that_is_tracked_is_reported(
    asked: OpenFeatureClient, flags: FlagClient, server: FlagServer
) -> None:
    asked.track("orders", ANN, TrackingEventDetails(value=12.5))
    asked.track("visits", ANN)
    asked.track("nobody's", EvaluationContext())
    eventually("both arrived", lambda: sum(len(one["metrics"]) for one in server.batches) == 2)
    found = [(one["metric"], one["value"]) for batch in server.batches for one in batch["metrics"]]

    assert found == [("orders", 12.5), ("visits", 1.0)]


def test_shutting_down_closes_the_client_unless_it_is_used_elsewhere(flags: FlagClient) -> None:
    states = []
    for closes in (False, True):
        SluicewayProvider(flags, closes_client=closes).shutdown()
        states.append(flags.status.state is State.CLOSED)

    assert states == [False, True]


@pytest.mark.parametrize(
    ("flag", "reason", "culprit"),
    [
        (Flag("it", is_enabled=True, hold=Hold(HeldOffBy.KILL)), "KILLED", None),
        (Flag("it", is_enabled=True, hold=Hold(HeldOffBy.THRESHOLD, metric="p95")), "THRESHOLD", "p95"),
        (Flag("it", is_enabled=True, dependencies=(Dependency("search"),)), "DEPENDENCY", "search"),
    ],
)
def test_what_holds_a_flag_off_stands_in_its_metadata(flag: Flag, reason: str, culprit: str | None) -> None:
    found = offline(flag, Flag("search"), name=reason).get_boolean_details("it", True, ANN)

    assert (found.value, found.reason) == (False, "DISABLED")
    assert found.flag_metadata.get("reason") == reason
    assert found.flag_metadata.get("culprit") == culprit


def test_an_instant_in_a_context_is_one_in_constraints() -> None:
    early = Constraint("joined", Operator.BEFORE, ("2026-01-01T00:00:00Z",))
    client = offline(Flag("it", is_enabled=True, rules=(Rule("r", constraints=(early,)),)), name="instants")

    for year, expected in ((2025, True), (2027, False)):
        context = EvaluationContext("ann", {"joined": datetime(year, 6, 1, tzinfo=UTC)})
        assert client.get_boolean_value("it", not expected, context) is expected


def test_numbers_are_whole_or_not_as_they_are_asked_for() -> None:
    def number(key: str, value: float) -> Flag:
        return Flag(
            key, ValueType.NUMBER, is_enabled=True, variants=(Variant("it", value),), serve=Serve("it")
        )

    client = offline(number("ten", 10.0), number("half", 0.5), number("giant", 10**400), name="numbers")

    assert client.get_integer_value("ten", 1) == 10
    assert client.get_float_value("ten", 1.0) == 10.0
    assert client.get_integer_details("half", 1).error_code is ErrorCode.TYPE_MISMATCH
    assert client.get_float_details("giant", 1.0).error_code is ErrorCode.TYPE_MISMATCH


def test_an_object_that_was_handed_out_can_be_changed_without_changing_the_flag() -> None:
    client = offline(
        Flag("it", ValueType.OBJECT, is_enabled=True, variants=(Variant("on", {"sizes": [1]}),)),
        name="objects",
    )
    found = client.get_object_value("it", {})
    assert isinstance(found, dict)
    found["sizes"].append(2)

    assert client.get_object_value("it", {}) == {"sizes": [1]}


def test_hooks_of_the_provider_are_called() -> None:
    called: list[str] = []

    class Noting(Hook):
        def after(
            self,
            hook_context: HookContext,
            details: FlagEvaluationDetails[FlagValueType],
            hints: HookHints,
        ) -> None:
            called.append(hook_context.flag_key)

    flags = FlagClient.offline(set_to_json(SHOP))
    api.set_provider_and_wait(SluicewayProvider(flags, hooks=[Noting()]), "hooks")
    api.get_client("hooks").get_boolean_value("search", False)

    assert called == ["search"]
