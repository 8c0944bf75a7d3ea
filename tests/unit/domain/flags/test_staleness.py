"""When a flag has done its work."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from sluiceway.domain.flags.model import (
    Constraint,
    Dependency,
    Flag,
    FlagType,
    HeldOffBy,
    Hold,
    Operator,
    Rule,
    Serve,
    Share,
    Window,
)
from sluiceway.domain.flags.staleness import (
    FlagState,
    Stale,
    StaleReason,
    StaleRules,
    Usage,
    everyones_variant,
    stale,
)

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
ON = Flag("checkout", is_enabled=True)
BETA = Rule("beta", constraints=(Constraint("tier", Operator.IN, ("beta",)),))


def days_ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


def state(flag: Flag, days: float, environment: str = "production") -> FlagState:
    return FlagState(environment, flag, days_ago(days))


def reasons(*states: FlagState, **usage: Usage) -> list[StaleReason]:
    return [one.reason for one in stale(states, usage, NOW)]


def test_a_flag_that_everyone_has_had_for_long_is_stale() -> None:
    assert stale([state(ON, 40)], {}, NOW) == (
        Stale(StaleReason.EVERYONE, 'everyone has had "on" since 2026-10-12, 40 days ago'),
    )
    assert reasons(state(ON, 29)) == []
    assert stale([state(ON, 29)], {}, NOW, rules=StaleRules(everyone_days=29)) != ()


def test_everyone_means_in_every_environment() -> None:
    assert reasons(state(ON, 40, "staging"), state(replace(ON, is_enabled=False), 90)) == []
    assert reasons(state(ON, 40, "staging"), state(replace(ON, serve=Serve("off")), 90)) == []
    assert reasons(state(ON, 90, "staging"), state(ON, 5)) == []
    assert reasons(state(ON, 90, "staging"), state(ON, 31)) == [StaleReason.EVERYONE]


def test_an_edit_since_its_rollout_ended_does_not_make_a_flag_fresh() -> None:
    assert reasons(state(replace(ON, full_since=days_ago(31), description="New"), 1)) == [
        StaleReason.EVERYONE
    ]
    assert reasons(state(replace(ON, full_since=days_ago(29)), 90)) == []


@pytest.mark.parametrize(
    ("flag", "variant"),
    [
        (ON, "on"),
        (replace(ON, rules=(Rule("all"),)), "on"),
        (replace(ON, rules=(Rule("all", serve=Serve("off")), BETA)), "off"),
        (replace(ON, rules=(BETA,)), None),
        (replace(ON, rules=(BETA,), otherwise=Serve("on")), "on"),
        (replace(ON, rules=(Rule("half", reach=50_000),)), None),
        (replace(ON, serve=Serve(split=(Share("on", 100), Share("off", 0)))), "on"),
        (replace(ON, serve=Serve(split=(Share("on", 99), Share("off", 1)))), None),
        (replace(ON, is_enabled=False), None),
        (replace(ON, hold=Hold(HeldOffBy.KILL)), None),
        (replace(ON, window=Window(off_at=NOW)), None),
        (replace(ON, dependencies=(Dependency("login"),)), None),
    ],
)
def test_only_a_flag_that_nothing_depends_on_is_the_same_for_everyone(
    flag: Flag, variant: str | None
) -> None:
    assert everyones_variant(flag) == variant


def test_an_operational_flag_may_be_the_same_for_years() -> None:
    used = Usage(days_ago(900), days_ago(0), frozenset({"on"}))
    assert reasons(state(replace(ON, type=FlagType.OPERATIONAL), 900), production=used) == []


def test_a_flag_that_nobody_asks_for_is_stale_whatever_its_type() -> None:
    flag = replace(ON, type=FlagType.OPERATIONAL)
    asked = Usage(days_ago(100), days_ago(45))
    assert stale([state(flag, 1)], {"production": asked}, NOW) == (
        Stale(StaleReason.NEVER_CALLED, "nobody has asked for it since 2026-10-07, 45 days ago"),
    )
    assert stale([state(flag, 1)], {"production": Usage(days_ago(31))}, NOW) == (
        Stale(StaleReason.NEVER_CALLED, "nobody has ever asked for it, counted since 2026-10-21"),
    )


def test_nobody_asking_means_nothing_before_it_was_counted_for_long() -> None:
    assert reasons(state(ON, 1), production=Usage(days_ago(3))) == []
    assert reasons(state(ON, 1), production=Usage(days_ago(90)), staging=Usage(days_ago(90), NOW)) == []


def test_an_answer_that_never_differs_is_stale_while_it_is_asked_for() -> None:
    half = replace(ON, rules=(BETA,))
    seen = Usage(days_ago(60), days_ago(0), frozenset({"off"}))
    assert stale([state(half, 50)], {"production": seen}, NOW) == (
        Stale(
            StaleReason.CONSTANT, 'still asked for in production, and always "off" for 50 days', "production"
        ),
    )
    assert reasons(state(half, 10), production=seen) == []  # changed too lately to say
    assert reasons(state(half, 50), production=replace(seen, variants=frozenset({"on", "off"}))) == []
    assert reasons(state(half, 50), production=replace(seen, watched_since=days_ago(1))) == []


def test_a_flag_past_its_expiry_or_its_release_is_stale() -> None:
    flag = replace(ON, is_enabled=False, expires_at=days_ago(1), release="shop-2")
    found = stale([state(flag, 1)], {}, NOW, closed_releases=frozenset({"shop-2"}))
    assert [one.words for one in found] == [
        "expired on 2026-11-20, 1 day ago",
        "its release shop-2 is closed",
    ]
    assert reasons(state(replace(flag, expires_at=NOW + timedelta(1)), 1)) == []


def test_a_flag_without_a_state_is_not_judged() -> None:
    assert stale([], {}, NOW) == ()
