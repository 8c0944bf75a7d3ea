"""Which rules of a flag a rollout drives, and what it leaves alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluiceway.domain.flags.driving import Driven, driven, finished, interferes, reaches_everyone, seen
from sluiceway.domain.flags.model import Constraint, Flag, HashVersion, Operator, Rule, Variant
from sluiceway.domain.process.plan import Audience

STAFF = Rule("staff", segments=("staff",))
GERMANS = Rule("germans", constraints=(Constraint("country", Operator.IN, ("DE",)),))
FLAG = Flag("new-search", is_enabled=True, rules=(STAFF, GERMANS))
SEGMENT, PLAN = Audience("segment", "", ("beta",)), Audience("attribute", "plan", ("pro", "team"))
AT = datetime(2026, 11, 21, tzinfo=UTC)


@given(
    st.integers(0, 10_000),
    st.lists(st.sampled_from([SEGMENT, PLAN]), max_size=3).map(tuple),
    st.sampled_from(["rollout", "germans"]),
)
def test_what_was_set_is_what_is_seen(weight_bp: int, audience: tuple[Audience, ...], rule: str) -> None:
    once = driven(FLAG, rule, weight_bp, audience)

    assert seen(once, rule) == Driven(weight_bp, audience)
    assert driven(once, rule, weight_bp, audience) == once


def test_a_rule_of_the_rollouts_own_comes_last_with_its_audiences_before_it() -> None:
    flag = driven(FLAG, "rollout", 10, (SEGMENT, PLAN))

    assert [(rule.id, rule.reach) for rule in flag.rules] == [
        ("staff", 100_000),
        ("germans", 100_000),
        ("rollout-audience-1", 100_000),
        ("rollout-audience-2", 100_000),
        ("rollout", 100),
    ]
    assert flag.rules[2].segments == ("beta",)
    assert flag.rules[3].constraints == (Constraint("plan", Operator.IN, ("pro", "team")),)


def test_a_rule_that_is_there_keeps_its_place_and_its_constraints() -> None:
    flag = driven(replace(FLAG, rules=(GERMANS, STAFF)), "germans", 2_500, ())

    assert flag.rules == (replace(GERMANS, reach=25_000), STAFF)


def test_a_share_between_two_basis_points_is_never_taken_for_the_smaller_one() -> None:
    assert seen(replace(FLAG, rules=(Rule("rollout", reach=1),)), "rollout").weight_bp == 1
    assert seen(replace(FLAG, rules=(Rule("rollout", reach=99_999),)), "rollout").weight_bp == 10_000


def test_since_when_everyone_has_it_is_kept_and_forgotten_with_the_share() -> None:
    full = finished(FLAG, "rollout", AT)

    assert full.full_since == finished(full, "rollout", AT.replace(year=2027)).full_since == AT
    assert driven(full, "rollout", 10_000, ()).full_since == AT
    assert driven(full, "rollout", 9_999, ()).full_since is None


@pytest.mark.parametrize(
    ("flag", "is_full"),
    [
        (Flag("f", is_enabled=True), True),
        (Flag("f"), False),
        (FLAG, False),
        (driven(FLAG, "rollout", 9_999, ()), False),
        (driven(FLAG, "rollout", 10_000, ()), True),
    ],
)
def test_a_flag_that_everyone_has(flag: Flag, *, is_full: bool) -> None:
    assert reaches_everyone(flag, "rollout") is is_full


def test_edits_that_touch_what_is_driven() -> None:
    flag = driven(FLAG, "rollout", 2_500, (PLAN,))
    more = replace(flag.rules[-1], reach=30_000)

    assert interferes(flag, replace(flag, rules=(*flag.rules[:-1], more)), "rollout")
    assert interferes(flag, replace(flag, rules=flag.rules[:-2] + flag.rules[-1:]), "rollout")
    assert interferes(flag, replace(flag, salt="another"), "rollout")
    assert interferes(flag, replace(flag, hash_version=HashVersion.UNLEASH), "rollout")


def test_edits_that_leave_it_alone() -> None:
    flag = driven(FLAG, "rollout", 2_500, (PLAN,))

    for other in (
        replace(flag, is_enabled=False),
        replace(flag, description="Search by meaning", salt="new-search"),
        replace(flag, rules=flag.rules[1:]),
        replace(flag, variants=(*flag.variants, Variant("third", False))),
    ):
        assert not interferes(flag, other, "rollout")
