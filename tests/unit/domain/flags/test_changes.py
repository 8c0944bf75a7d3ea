"""What sets two flags apart, in words."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from sluiceway.domain.flags.changes import flag_changes, segment_changes, set_changes
from sluiceway.domain.flags.model import (
    Constraint,
    Dependency,
    Experiment,
    Flag,
    FlagSet,
    HeldOffBy,
    Hold,
    NoData,
    Operator,
    Rule,
    Segment,
    Serve,
    Share,
    Threshold,
    Variant,
    Window,
)

COUNTRY = Constraint("country", Operator.IN, ("DE", "FR"))
BETA = Rule("beta", constraints=(COUNTRY,), reach=10_000)
SLOW = Threshold("slow", "p95_ms > 200", NoData.KEEP)
FLAG = Flag("checkout", is_enabled=True, rules=(BETA, Rule("all")), thresholds=(SLOW,))
QUICKLY = "p95_ms > 200 turns the flag off; missing figures change nothing"


def with_beta(constraint: Constraint) -> Flag:
    return replace(FLAG, rules=(replace(BETA, constraints=(constraint,)), Rule("all")))


@pytest.mark.parametrize(
    ("new", "lines"),
    [
        (FLAG, ()),
        (replace(FLAG, is_enabled=False), ("turned off",)),
        (
            replace(FLAG, rules=(replace(BETA, reach=25_000), Rule("all"))),
            ('reach of rule "beta" 10% -> 25%',),
        ),
        (
            replace(FLAG, rules=(replace(BETA, reach=100), Rule("all"))),
            ('reach of rule "beta" 10% -> 0.1%',),
        ),
        (
            replace(FLAG, rules=(BETA,)),
            ('removed rule "all": everyone',),
        ),
        (
            replace(FLAG, rules=(BETA, Rule("all"), Rule("team", segments=("us",), reach=50_000))),
            ('added rule "team": 50% of segment us',),
        ),
        (replace(FLAG, rules=(Rule("all"), BETA)), ("order of rules beta, all -> all, beta",)),
        (
            replace(
                FLAG, rules=(replace(BETA, constraints=(replace(COUNTRY, values=("DE", "PL")),)), Rule("all"))
            ),
            ('rule "beta", country in: added PL', 'rule "beta", country in: removed FR'),
        ),
        (
            replace(
                FLAG, rules=(replace(BETA, constraints=(replace(COUNTRY, is_inverted=True),)), Rule("all"))
            ),
            ('audience of rule "beta" country in DE, FR -> not country in DE, FR',),
        ),
        (replace(FLAG, hold=Hold(HeldOffBy.KILL, "errors")), ("killed: errors",)),
        (
            replace(FLAG, hold=Hold(HeldOffBy.THRESHOLD, metric="p95")),
            ("turned off by the threshold on p95",),
        ),
        (
            replace(FLAG, variants=(Variant("on", value=True), Variant("red", value="red"))),
            ('added variant "red": "red"', 'removed variant "off"'),
        ),
        (
            replace(FLAG, serve=Serve(split=(Share("on", 3), Share("off", 1)), by=("team",))),
            ("serves on -> on 3, off 1 by team",),
        ),
        (replace(FLAG, dependencies=(Dependency("login"),)), ("now asks that login is on",)),
        (
            replace(FLAG, window=Window(datetime(2026, 12, 1, 7, 0, tzinfo=UTC), zone="Europe/Berlin")),
            ("on always -> from 2026-12-01 07:00 UTC (Europe/Berlin)",),
        ),
        (
            replace(FLAG, thresholds=(replace(SLOW, for_s=60),)),
            (f'threshold "slow" {QUICKLY} -> {QUICKLY.replace(" turns", " for 60 s turns")}',),
        ),
        (
            replace(FLAG, experiment=Experiment("cta", ("sales",), ("p95_ms",))),
            ("experiment none -> cta on sales, guarded by p95_ms",),
        ),
        (replace(FLAG, owner="shop", tags=("q4",)), ('owner "" -> shop', "tags: added q4")),
        (replace(FLAG, salt="old"), ("salt (who is reached changes) checkout -> old",)),
    ],
)
def test_each_change_is_one_line_in_words(new: Flag, lines: tuple[str, ...]) -> None:
    assert flag_changes(FLAG, new) == lines


def test_a_kill_that_was_taken_back_is_said() -> None:
    assert flag_changes(replace(FLAG, hold=Hold(HeldOffBy.KILL)), FLAG) == ("kill taken back",)


def test_a_flag_that_was_made_or_removed_is_one_line() -> None:
    assert flag_changes(None, FLAG) == ("added the flag",)
    assert flag_changes(FLAG, None) == ("removed the flag",)
    assert flag_changes(None, None) == ()


OTHER: dict[str, object] = {
    "rules": (BETA, Rule("all", title="Everyone")),
    "otherwise": Serve("on"),
    "off_variant": "",
    "dependencies": (Dependency("login", is_on=False),),
    "thresholds": (replace(SLOW, clear_s=5.0),),
    "variants": (Variant("on", value=True, extra={"color": "red"}), Variant("off", value=False)),
    "name": "Checkout",
    "description": "The new one",
    "release": "shop-2",
    "expires_at": datetime(2026, 12, 1, tzinfo=UTC),
    "fallback": False,
    "has_kill_switch": False,
    "metadata": {"team": "shop"},
    "extra": {"from": "elsewhere"},
}


@pytest.mark.parametrize("key", OTHER)
def test_no_change_goes_without_a_line(key: str) -> None:
    assert flag_changes(FLAG, replace(FLAG, **{key: OTHER[key]}))  # type: ignore[arg-type]


def test_a_change_too_deep_to_show_is_still_told() -> None:
    long = "x" * 500
    old, new = (replace(FLAG, metadata={"note": f"{long}{end}"}) for end in "12")
    assert flag_changes(old, new) == ("details changed",)


def test_of_many_values_only_those_that_changed_are_shown() -> None:
    many = tuple(str(number) for number in range(100))
    old = replace(FLAG, rules=(Rule("ids", constraints=(Constraint("id", Operator.IN, many),)),))
    new = replace(FLAG, rules=(Rule("ids", constraints=(Constraint("id", Operator.IN, (*many, "x")),)),))
    assert flag_changes(old, new) == ('rule "ids", id in: added x',)


def test_segments_say_who_came_and_went() -> None:
    old = Segment("team", constraints=(COUNTRY,), included=("ada",))
    new = Segment("team", constraints=(), included=("ada", "bob"), excluded=("eve",))
    assert segment_changes(old, new) == (
        "no longer country in DE, FR",
        "included: added bob",
        "excluded: added eve",
    )
    assert segment_changes(None, old) == ("added: country in DE, FR; always ada",)


def test_a_set_names_the_flag_of_each_line() -> None:
    old = FlagSet("shop", "production", flags=(FLAG, Flag("gone")), segments=(Segment("team"),))
    new = replace(old, flags=(Flag("new"), replace(FLAG, is_enabled=False)), segments=())
    assert set_changes(old, new) == (
        "new: added the flag",
        "checkout: turned off",
        "gone: removed the flag",
        "segment team: removed: nobody",
    )
