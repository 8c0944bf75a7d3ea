"""What is kept as text comes back the same, whatever it holds."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sluiceway.adapters.store import codec
from sluiceway.domain.process.plan import Version
from sluiceway.domain.rollouts.model import (
    Command,
    Effect,
    EnsureVersion,
    RolloutState,
    RunSmoke,
    SetTraffic,
    StopVersion,
)
from sluiceway.errors import InvalidInputError, StoreError
from sluiceway.ports.store import RolloutSetup
from sluiceway.testing.builders import a_command, a_state

# Years within what both databases keep; a NaN is left out because it equals nothing, not even itself.
st.register_type_strategy(
    datetime,
    st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
)
st.register_type_strategy(float, st.floats(allow_nan=False))


@settings(max_examples=60, deadline=None)
@given(st.from_type(RolloutState))
def test_any_state_comes_back_the_same(state: RolloutState) -> None:
    assert codec.state_of(codec.state_text(state)) == state


@settings(max_examples=40, deadline=None)
@given(st.from_type(RolloutSetup))
def test_any_setup_comes_back_the_same(setup: RolloutSetup) -> None:
    assert codec.setup_of(codec.setup_text(setup)) == setup


@settings(max_examples=40, deadline=None)
@given(st.from_type(Command))
def test_any_command_comes_back_the_same(command: Command) -> None:
    assert codec.command_of(codec.command_text(command)) == command


@settings(max_examples=60, deadline=None)
@given(
    st.one_of(
        st.from_type(SetTraffic),
        st.from_type(EnsureVersion),
        st.from_type(StopVersion),
        st.from_type(RunSmoke),
    )
)
def test_any_effect_comes_back_the_same_and_of_the_same_kind(effect: Effect) -> None:
    found = codec.effect_of(codec.effect_text(effect))
    assert (type(found), found) == (type(effect), effect)


def test_two_effects_of_the_same_shape_are_told_apart() -> None:
    texts = {codec.effect_text(one(Version("v2"))) for one in (StopVersion, RunSmoke)}
    assert {type(codec.effect_of(text)) for text in texts} == {StopVersion, RunSmoke}


def test_a_figure_that_is_infinite_does_not_make_a_state_unreadable() -> None:
    state = replace(a_state(), baseline=(("p95_ms", float("inf"), 3), ("error_rate", float("nan"), None)))
    found = codec.state_of(codec.state_text(state)).baseline

    assert found[0] == ("p95_ms", float("inf"), 3)
    assert str(found[1]) == "('error_rate', nan, None)"


def test_text_of_an_earlier_version_without_a_newer_field_is_read_with_its_default() -> None:
    text = codec.state_text(a_state())
    assert '"paused_s":0.0,' in text
    assert codec.state_of(text.replace('"paused_s":0.0,', "")) == a_state()


def test_half_a_surrogate_pair_is_refused_in_words() -> None:
    with pytest.raises(InvalidInputError, match="surrogate"):
        codec.command_text(a_command(reason="\ud800"))


def test_an_effect_of_a_kind_that_is_not_known_is_named() -> None:
    with pytest.raises(StoreError, match="unknown kind 'reboot'; upgrade Sluiceway"):
        codec.effect_of('{"format": 1, "kind": "reboot", "body": {}}')
