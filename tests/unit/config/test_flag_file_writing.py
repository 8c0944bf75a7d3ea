"""Flags written as a file and read back."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sluiceway.config.flag_file import parse_flag_file
from sluiceway.config.flag_file_writing import flag_file_text
from sluiceway.domain.flags.model import (
    Constraint,
    Flag,
    FlagSet,
    HeldOffBy,
    Hold,
    Operator,
    Rule,
    Segment,
    Serve,
    Share,
    Variant,
)
from sluiceway.domain.flags.wire import set_to_json
from sluiceway.errors import InvalidInputError
from tests.unit.config.flag_strategies import FLAGS, SEGMENTS


def sets(*flags: Flag | None, segments: tuple[Segment, ...] = ()) -> list[FlagSet]:
    return [
        FlagSet("shop", name, flags=() if flag is None else (flag,), segments=segments)
        for name, flag in zip(("staging", "production"), flags, strict=False)
    ]


@settings(max_examples=150, deadline=None)
@given(FLAGS, FLAGS, st.lists(SEGMENTS, max_size=1).map(tuple))
def test_what_was_written_reads_back_as_the_same_flags(
    one: Flag, other: Flag, segments: tuple[Segment, ...]
) -> None:
    written = sets(one, other, segments=segments)
    read = parse_flag_file(flag_file_text(written), is_whole=False)
    for wanted in written:
        assert set_to_json(read.flag_set(wanted.environment)) == set_to_json(wanted)


def test_only_what_differs_stands_under_an_environment() -> None:
    tier = Constraint("tier", Operator.IN, ("beta",))
    flag = Flag("checkout", is_enabled=True, rules=(Rule("beta", constraints=(tier,), reach=25_000),))
    lower = replace(flag, rules=(replace(flag.rules[0], reach=100),))
    assert flag_file_text(sets(flag, lower)) == (
        """\
service: shop
environments: [staging, production]
flags:
  checkout:
    type: release
    enabled: true
    rules:
    - id: beta
      constraints:
      - attribute: tier
        operator: in
        values: [beta]
      reach: 25%
    environments:
      production:
        rules:
        - id: beta
          constraints:
          - attribute: tier
            operator: in
            values: [beta]
          reach: 0.1%
"""
    )


def test_a_rule_that_is_wider_in_one_environment_does_not_inherit_what_it_lacks() -> None:
    narrow = Flag("checkout", rules=(Rule("beta", reach=10_000, serve=Serve("off")),))
    wide = Flag("checkout", rules=(Rule("beta"),))
    read = parse_flag_file(flag_file_text(sets(narrow, wide)))
    assert read.environments["production"] == (wide,)


def test_a_flag_that_an_environment_lacks_stays_absent_there() -> None:
    flag = Flag("checkout")
    for written in (sets(flag, None), sets(None, flag)):
        read = parse_flag_file(flag_file_text(written))
        assert [read.flag_set(one.environment) for one in written] == written


def test_acts_are_not_written() -> None:
    killed = Flag(
        "checkout", hold=Hold(HeldOffBy.KILL, "errors"), full_since=datetime(2026, 1, 1, tzinfo=UTC)
    )
    read = parse_flag_file(flag_file_text(sets(killed)))
    assert read.environments["staging"] == (Flag("checkout"),)


def test_values_and_splits_are_short() -> None:
    flag = Flag(
        "color",
        variants=(Variant("red", "#f00"), Variant("blue", "#00f")),
        serve=Serve(split=(Share("red", 1), Share("blue", 3))),
    )
    text = flag_file_text(sets(flag))
    assert "variants: {red: '#f00', blue: '#00f'}" in text
    assert "split: {red: 1, blue: 3}" in text


def test_what_one_file_can_not_hold_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="no environment"):
        flag_file_text([])
    with pytest.raises(InvalidInputError, match="one service"):
        flag_file_text([FlagSet("shop", "a"), FlagSet("desk", "b")])
    with pytest.raises(InvalidInputError, match="segments differ"):
        flag_file_text([FlagSet("shop", "a"), FlagSet("shop", "b", segments=(Segment("x"),))])
