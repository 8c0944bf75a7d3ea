"""What people say a release is: options, and the file of facts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sluiceway.cli.release_facts import channel, facts_text, goal, read_facts, scope_item, stakeholder
from sluiceway.domain.releases.model import (
    Channel,
    ChannelState,
    Facts,
    Goal,
    ScopeItem,
    ScopeKind,
    Stakeholder,
)
from sluiceway.errors import InvalidInputError

BERLIN = "Europe/Berlin"


def test_options_say_parts_of_a_release() -> None:
    assert goal("More orders") == Goal("More orders")
    assert goal("More orders; orders a day; > 100") == Goal("More orders", "orders a day", "> 100")
    assert scope_item("feature: Pay by invoice; https://t.example/4") == ScopeItem(
        "pay-by-invoice", ScopeKind.FEATURE, "Pay by invoice", "https://t.example/4"
    )
    assert stakeholder("support: mia; tom") == Stakeholder("support", "mia", backup="tom")
    assert channel("Mobile app") == Channel("mobile-app", "Mobile app")


@pytest.mark.parametrize(
    ("read", "text", "words"),
    [
        (goal, "a; b; c; d", "use TEXT; METRIC; TARGET"),
        (goal, " ", "use TEXT; METRIC; TARGET"),
        (scope_item, "Pay by invoice", "begin with its kind (feature, fix, performance, security, debt)"),
        (scope_item, "magic: Pay by invoice", "begin with its kind"),
        (stakeholder, "mia", "use ROLE: PERSON"),
        (channel, "", "use NAME"),
    ],
)
def test_what_an_option_can_t_mean_is_refused(read: object, text: str, words: str) -> None:
    assert callable(read)
    with pytest.raises(InvalidInputError) as refused:
        read(text)

    assert words in str(refused.value)


def test_a_file_of_facts_is_read(tmp_path: Path) -> None:
    file = tmp_path / "facts.yaml"
    file.write_text(
        """
title: Pay by invoice
target_at: 2026-12-01 10:00:00
goals: [{text: More orders}]
scope: [{kind: feature, text: Pay by invoice}]
channels: [{title: Web, state: live}]
"""
    )

    found = read_facts(file, BERLIN)

    assert found.target_at == datetime(2026, 12, 1, 9, 0, tzinfo=UTC)
    assert found.scope == (ScopeItem("pay-by-invoice", ScopeKind.FEATURE, "Pay by invoice"),)
    assert found.channels == (Channel("web", "Web", ChannelState.LIVE),)
    assert (found.title, found.manager, found.stakeholders) == ("Pay by invoice", None, None)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("- a", "holds no facts"),
        ("title: [", "is not YAML"),
        ("tittle: x", 'unknown field "tittle", expected one of version, type'),
        ("tittle: x", 'did you mean "title"'),
        ("target_at: soon", "target_at is 'soon'"),
        ("version: 1.10", "version: input should be a valid string, found 1.1"),
        ("goals: [{text: a, metrc: b}]", "goals.0.metrc: unexpected keyword argument"),
        ("scope: [{kind: magic, text: a}]", "scope.0.kind: input should be 'feature'"),
    ],
)
def test_a_file_that_can_t_be_used_says_what_is_wrong(tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "facts.yaml"
    file.write_text(text)

    with pytest.raises(InvalidInputError) as refused:
        read_facts(file, BERLIN)

    assert str(file) in str(refused.value)
    assert words in str(refused.value)


texts = st.text(st.characters(blacklist_categories=("Cs", "Cc")), max_size=8)  # others are not kept
ids = st.from_regex(r"[a-z][a-z0-9-]{0,8}", fullmatch=True)


@settings(max_examples=40)
@given(
    facts=st.builds(
        Facts,
        version=texts,
        type=texts,
        title=texts,
        target_at=st.none()
        | st.integers(0, 10_000_000).map(lambda m: datetime(2020, 1, 1, tzinfo=UTC) + timedelta(minutes=m)),
        manager=texts,
        goals=st.lists(st.builds(Goal, texts, texts, texts), max_size=2).map(tuple),
        scope=st.lists(st.builds(ScopeItem, ids, st.sampled_from(ScopeKind), texts), max_size=2).map(tuple),
        stakeholders=st.lists(st.builds(Stakeholder, texts, texts, backup=texts), max_size=2).map(tuple),
        channels=st.lists(st.builds(Channel, ids, texts), max_size=2).map(tuple),
    )
)
def test_what_is_written_to_a_file_is_read_back(
    facts: Facts, tmp_path_factory: pytest.TempPathFactory
) -> None:
    file = tmp_path_factory.getbasetemp() / "facts.yaml"
    file.write_text(facts_text(facts, BERLIN), encoding="utf-8")

    found = read_facts(file, "UTC")

    assert found.target_at == facts.target_at
    assert (found.version, found.type, found.title) == (facts.version, facts.type, facts.title)
    assert (found.goals, found.scope) == (facts.goals, facts.scope)
    assert (found.stakeholders, found.channels) == (facts.stakeholders, facts.channels)
