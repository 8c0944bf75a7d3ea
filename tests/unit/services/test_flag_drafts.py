"""A draft of a flag is looked at before it is saved, and nothing is written."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sluiceway.domain.flags.model import Flag, Rule, Segment, Serve
from sluiceway.errors import ForbiddenError, InvalidInputError, NotFoundError
from tests.unit.services.desk import ADA, BOB, Office

FLAG = Flag("new-search", rules=(Rule("all", reach=25_000),))


@pytest.fixture
def flagged(office: Office) -> Office:
    office.services.flags.create("shop", FLAG, ADA)
    return office


def test_a_draft_says_what_it_would_change_and_whom_it_would_reach(flagged: Office) -> None:
    draft = replace(FLAG, rules=(Rule("all", reach=50_000),))

    found = flagged.services.flags.review("shop", "production", draft, ADA, samples=({"country": "DE"},))

    assert found.lines == ('reach of rule "all" 25% -> 50%',)
    assert (found.problems, found.version, found.changed_by) == ((), 1, "ada")
    assert 440 <= found.reach[0].on <= 560  # as if it were on: it is off in production
    assert flagged.services.flag_sets.current("shop", "production").version == 1


def test_a_draft_that_is_wrong_says_where_and_counts_nobody(flagged: Office) -> None:
    draft = replace(FLAG, rules=(Rule("all", serve=Serve("onn")),))

    found = flagged.services.flags.review("shop", "production", draft, ADA, samples=({},))

    assert found.problems == ('rules[0].serve.variant: the flag has no variant "onn"; did you mean "on"?',)
    assert found.reach == ()


def test_a_draft_is_compared_with_what_somebody_saved_meanwhile(flagged: Office) -> None:
    flagged.services.flags.edit("shop", "production", replace(FLAG, owner="bob"), BOB)

    found = flagged.services.flags.review("shop", "production", FLAG, ADA)

    assert (found.version, found.changed_by) == (2, "bob")
    assert found.lines == ('owner bob -> ""',)


def test_a_segment_that_is_not_there_yet_is_added(flagged: Office) -> None:
    draft = Segment("staff", included=("ada",), excluded=("ada",))

    found = flagged.services.flags.review_segment("shop", "production", draft, ADA)

    assert found.lines == ("added: always ada; never ada",)
    assert found.problems[0].startswith("excluded: 'ada' is included, too")


def test_more_samples_than_are_counted_are_refused(flagged: Office) -> None:
    samples = [{"number": one} for one in range(21)]

    with pytest.raises(InvalidInputError, match="21 samples are given; at most 20"):
        flagged.services.flags.review("shop", "production", FLAG, ADA, samples=samples)


def test_an_environment_that_is_not_there_is_named(flagged: Office) -> None:
    with pytest.raises(NotFoundError, match="no environment 'prod'"):
        flagged.services.flags.review("shop", "prod", FLAG, ADA)


def test_whoever_may_not_read_sees_no_draft(flagged: Office) -> None:
    stranger = flagged.person("sam", "sender@other")

    with pytest.raises(ForbiddenError):
        flagged.services.flags.review("shop", "production", FLAG, stranger)
