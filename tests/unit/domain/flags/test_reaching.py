"""Who a draft would reach is what evaluating it says, counted over made-up users."""

from __future__ import annotations

from dataclasses import replace

from sluiceway.domain.flags.model import (
    Constraint,
    Dependency,
    Flag,
    FlagSet,
    Operator,
    Reason,
    Rule,
    Segment,
)
from sluiceway.domain.flags.reaching import SampleReach, Share, reach_of

GERMANS = Rule("de", constraints=(Constraint("country", Operator.IN, ("DE",)),), reach=25_000)
DRAFT = Flag("search", is_enabled=True, rules=(GERMANS,))
EMPTY = FlagSet("shop", "production")


def reached(draft: Flag, *samples: dict[str, object], flags: FlagSet = EMPTY) -> tuple[SampleReach, ...]:
    return reach_of(flags, draft, samples, now=lambda: 0.0, chance=lambda: 0.0)


def test_a_quarter_of_those_who_fit_is_reached_and_nobody_else() -> None:
    germany, france = reached(DRAFT, {"country": "DE"}, {"country": "FR"})

    assert 210 <= germany.on <= 290
    assert germany.shares == (Share("off", 1_000 - germany.on), Share("on", germany.on))
    assert (france.on, france.shares) == (0, (Share("off", 1_000),))


def test_more_reach_keeps_everyone_who_was_reached() -> None:
    counts = [
        reached(replace(DRAFT, rules=(replace(GERMANS, reach=reach),)), {"country": "DE"})[0].on
        for reach in (100, 25_000, 50_000, 100_000)
    ]

    assert counts == sorted(counts)
    assert counts[-1] == 1_000


def test_whoever_a_sample_names_is_decided_by_itself_too() -> None:
    named, unnamed = reached(
        DRAFT, {"country": "FR", "targetingKey": "ada"}, {"country": "FR", "targetingKey": ""}
    )

    assert named.evaluation is not None
    assert (named.evaluation.variant, named.evaluation.reason) == ("off", Reason.DEFAULT)
    assert unnamed.evaluation is None


def test_a_draft_takes_the_place_of_the_flag_and_asks_those_it_depends_on() -> None:
    off = Flag("payments", is_enabled=False)
    flags = FlagSet("shop", "production", 1, (Flag("search"), off, Flag("other")))
    draft = Flag("search", is_enabled=True, dependencies=(Dependency("payments"),))

    assert reached(draft, {}, flags=flags)[0].on == 0
    on = replace(flags, flags=(replace(off, is_enabled=True),))
    assert reached(draft, {}, flags=on)[0].on == 1_000


def test_segments_of_the_set_are_known() -> None:
    staff = Segment("staff", constraints=(Constraint("role", Operator.IN, ("staff",)),))
    flags = replace(EMPTY, segments=(staff,))
    draft = replace(DRAFT, rules=(Rule("staff", segments=("staff",)),))

    assert [one.on for one in reached(draft, {"role": "staff"}, {"role": "guest"}, flags=flags)] == [1_000, 0]
